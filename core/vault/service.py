"""The vault: secrets under a master key that the operating system keeps, every use on record."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence

from pydantic import SecretStr

from core.actions import Unit
from core.config import SECRET_NAMES
from core.errors import InvalidInput, NotFound, StorageFailed, Unavailable
from core.events import SecretChanged
from core.points import reach
from core.ports import AuditEntry, Auditor, KeyStore
from core.storage import Connection, Storage
from core.values import Actor, CallerKind, moment, new_id, now, stamp
from core.vault import store
from core.vault.envelope import derive, key_id, new_key, rewrap, seal, unseal
from core.vault.model import SecretState

LONGEST = 16_384
"""Characters of a secret; a private key fits several times."""

_FREE_NAME = re.compile(r"[A-Z][A-Z0-9_]+")
_SELF = Actor(person_id="", name="Signalbox", kind=CallerKind.SYSTEM)


class VaultLocked(Unavailable):
    """The master key the records were sealed with is not there."""

    title = "The vault is locked"


def choose_key_store(stores: Sequence[KeyStore]) -> KeyStore:
    """The store that holds a key already, else the first that can keep one. Raises StorageFailed.

    Order them by preference. One that does not answer is passed over, unless no other is left.
    """
    answering: list[KeyStore] = []
    fault: Exception | None = None
    for one in stores:
        try:
            if one.load() is not None:
                return one
            answering.append(one)
        except (Unavailable, StorageFailed) as error:
            if isinstance(error, StorageFailed):
                raise
            fault = error
    if not answering:
        raise StorageFailed("There is nowhere to keep the vault's master key.", hint=str(fault or "")) from fault
    return answering[0]


class Vault:
    """Implements the Secrets port. `open` it first; give it the record with `record_uses_with`.

    fallback: what the environment brought, by name; the vault wins over it.
    """

    def __init__(self, storage: Storage, key_store: KeyStore, fallback: Mapping[str, SecretStr]) -> None:
        self._storage = storage
        self._key_store = key_store
        self._fallback = fallback
        self._keks: dict[str, bytes] = {}
        self._current = ""
        self._root = b""
        self._auditor: Auditor | None = None

    @property
    def method(self) -> str:
        """How the master key is kept, for people."""
        return self._key_store.method

    # ── Keys ──

    async def open(self) -> None:
        """Load the master key, or make the first one; finish a change of it that was cut short.

        Raises VaultLocked when there are records but not the key they were sealed with.
        """
        kek = await asyncio.to_thread(self._key_store.load)
        root = await self._storage.read(store.key, store.ROOT)
        if kek is None:
            if root is not None:
                raise self._locked("is missing")
            kek = new_key()
            await asyncio.to_thread(self._key_store.save, kek)
        self._take(kek)
        await self._finish_rotation(kek)
        root = await self._storage.read(store.key, store.ROOT)
        if root is None:
            fresh = new_key()
            await self._storage.write(store.put_key, store.ROOT, seal(self._kek, _key_label(store.ROOT), fresh))
            self._root = fresh
        elif root.kek_id not in self._keks:
            raise self._locked("is another one")
        else:
            self._root = unseal(self._kek, _key_label(store.ROOT), root)

    def derive(self, label: str) -> bytes:
        """A 32-byte key for a purpose; stays the same when the master key is changed."""
        if not self._root:
            raise StorageFailed("The vault is not open yet.")
        return derive(self._root, label)

    async def rotate(self, unit: Unit) -> int:
        """Change the master key; how many records were wrapped anew. Commits in two batches.

        The new key is first written down sealed under the old one, in the transaction that rewraps, so
        that whichever of the two the key store holds after a crash opens everything.
        """
        await self._finish_rotation(self._kek)  # of a change whose key could not be saved
        old, new = self._kek, new_key()
        kept = await self._storage.read(store.everything)
        unit.do(self._rewrap_all, old, new)
        self._keks[key_id(new)] = new  # readers may meet the new rows from the commit on
        await unit.flush()
        reach("vault.rewrapped")
        await asyncio.to_thread(self._key_store.save, new)
        reach("vault.saved")
        self._current = key_id(new)
        unit.do(store.forget_key, store.NEXT)
        return len(kept)

    # ── Secrets ──

    def record_uses_with(self, auditor: Auditor) -> None:
        """Where uses are written down; before that no secret is given out."""
        self._auditor = auditor

    async def secret(self, name: str, *, purpose: str) -> str | None:
        """The value from the vault, else from the environment, else None. On record before it is given."""
        if self._auditor is None:
            raise StorageFailed("No secret is given out before its use can be recorded.")
        kept = await self._storage.read(store.current, name)
        if kept is None:
            given = self._fallback.get(name)
            if given is None:
                return None
            value, origin = given.get_secret_value(), "environment"
        else:
            value = self._unsealed(kept)
            origin = f"vault, version {kept.version}"
        await self._storage.write(self._used, self._auditor, name, purpose, origin)
        return value

    async def save(self, unit: Unit, name: str, value: str, author: Actor) -> int:
        """Keep a secret, or a new version of it; the version. Raises InvalidInput."""
        check_name(name)
        text = value.strip()
        if not text:
            raise InvalidInput(f"{name} is empty.", hint="`vault delete` removes a secret.")
        if len(text) > LONGEST:
            raise InvalidInput(f"{name} has {len(text)} characters; {LONGEST} is the most.")
        before, highest = await self._storage.read(store.versions, name)
        version = highest + 1
        record = seal(self._kek, _label(name, version), text.encode())
        kept = store.Kept(name=name, version=version, record=record)
        unit.do(store.put, kept, author.name, stamp(now()))
        unit.changed({"version": before}, {"version": version})
        unit.undo("vault.revert", {"name": name, "version": before})
        unit.emit(SecretChanged(secret=name))
        return version

    async def revert(self, unit: Unit, name: str, version: int) -> None:
        """Use an earlier version again; 0 takes the secret out of use. Raises NotFound."""
        before, highest = await self._storage.read(store.versions, name)
        if not highest:
            raise NotFound(f"The vault holds no {name}.", hint="`vault list` shows what it holds.")
        unit.do(store.use_version, name, version)
        unit.changed({"version": before}, {"version": version})
        unit.undo("vault.revert", {"name": name, "version": before})
        unit.emit(SecretChanged(secret=name))

    async def delete(self, unit: Unit, name: str) -> None:
        """Remove a secret and all its versions for good. Raises NotFound when the unit is committed."""
        before, _ = await self._storage.read(store.versions, name)
        unit.do(store.delete, name)
        unit.changed({"version": before}, None)
        unit.emit(SecretChanged(secret=name))

    async def states(self) -> tuple[SecretState, ...]:
        """Every secret there is, by name, without values."""
        kept = {
            row[0]: SecretState(
                name=row[0], place="vault", version=row[1], saved_at=moment(row[2]), author=row[3],
                last_used_at=moment(row[4]) if row[4] else None, last_use=row[5],
            )
            for row in await self._storage.read(store.states)
        }  # fmt: skip
        given = {name: SecretState(name=name, place="environment") for name in self._fallback}
        return tuple(one for _, one in sorted({**given, **kept}.items()))

    # ── Inside ──

    @property
    def _kek(self) -> bytes:
        if not self._current:
            raise StorageFailed("The vault is not open yet.")
        return self._keks[self._current]

    def _take(self, kek: bytes) -> None:
        self._current = key_id(kek)
        self._keks[self._current] = kek

    async def _finish_rotation(self, kek: bytes) -> None:
        handover = await self._storage.read(store.key, store.NEXT)
        if handover is None:
            return
        if handover.kek_id == key_id(kek):  # the rows were rewrapped, the key store not told
            new = unseal(kek, _key_label(store.NEXT), handover)
            await asyncio.to_thread(self._key_store.save, new)
            self._take(new)
        await self._storage.write(store.forget_key, store.NEXT)

    def _rewrap_all(self, connection: Connection, old: bytes, new: bytes) -> None:
        for kept in store.everything(connection):
            record = rewrap(old, new, _label(kept.name, kept.version), kept.record)
            store.rewrap(connection, store.Kept(name=kept.name, version=kept.version, record=record))
        root = store.key(connection, store.ROOT)
        assert root is not None
        store.put_key(connection, store.ROOT, rewrap(old, new, _key_label(store.ROOT), root))
        store.put_key(connection, store.NEXT, seal(old, _key_label(store.NEXT), new))

    def _unsealed(self, kept: store.Kept) -> str:
        kek = self._keks.get(kept.record.kek_id)
        if kek is None:
            raise self._locked("is another one")
        return unseal(kek, _label(kept.name, kept.version), kept.record).decode()

    def _used(self, connection: Connection, auditor: Auditor, name: str, purpose: str, origin: str) -> None:
        at = now()
        store.used(connection, name, stamp(at), purpose)
        entry = AuditEntry(
            id=new_id(), at=at, actor=_SELF, network="system", address="", agent="", action="vault.use",
            arguments={"name": name, "purpose": purpose}, decision="allowed", rule="Signalbox's own work",
            outcome="ok", result=origin,
        )  # fmt: skip
        auditor.record(connection, entry)

    def _locked(self, what: str) -> VaultLocked:
        return VaultLocked(
            f"The vault's master key ({self.method}) {what}; its secrets cannot be read.",
            hint="Put the key back from where it was kept; it is in no backup.",
        )


def check_name(name: str) -> None:
    """Raises InvalidInput for what is no name of a secret."""
    if name not in SECRET_NAMES and not (_FREE_NAME.fullmatch(name) and len(name) <= 100):
        raise InvalidInput(f"{name!r} is no name for a secret.", hint="Capitals, digits and _, as in SLACK_BOT_TOKEN.")


def _label(name: str, version: int) -> str:
    return f"secret|{name}|{version}"


def _key_label(name: str) -> str:
    return f"key|{name}|1"
