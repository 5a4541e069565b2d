"""How people nobody knows get in: by code, as members of the workspace, or by e-mail."""

from __future__ import annotations

import time
from datetime import timedelta

from core.actions import Unit
from core.codec import digest
from core.errors import NotFound
from core.events import PersonChanged, SomebodyUnknown
from core.identity import credentials, store
from core.identity.limits import Attempts
from core.identity.model import Admission, AdmissionRule, Link, Person, Role, Way
from core.identity.service import Identity, require_grant, require_owner_for
from core.storage import Storage
from core.values import Actor, Place, Sender, new_id, now, stamp

CODE_FOR = timedelta(hours=1)
"""A code holds for an hour, and a sender is given one an hour."""
CODES_PER_NETWORK = 30
"""More open codes than this on one network: somebody plays; nobody is told of further ones."""
TRIES = "10/hour"
"""Codes an admin may try."""
_TWIN_S = 30.0


class Admissions:
    """Decides about senders, and about codes."""

    def __init__(self, identity: Identity, storage: Storage) -> None:
        self._identity = identity
        self._storage = storage
        self._tries = Attempts(TRIES)
        self._giving: dict[tuple[str, str], float] = {}

    async def rule(self, network: str) -> AdmissionRule:
        """A network's way in: what was set by command, else the settings' default."""
        found = (await self._identity.snapshot()).admission.get(network)
        if found is not None:
            return found
        defaults = self._identity.settings.admission
        way = {"slack": defaults.slack, "discord": defaults.discord}.get(network, "code")
        return AdmissionRule(network=network, way=Way(way))

    async def admit(self, unit: Unit, sender: Sender, place: Place) -> Admission:
        """What becomes of a sender; what that writes goes into the unit, which the caller commits."""
        if sender.kind == "bot" or not sender.external_id:
            return Admission(outcome="refused")
        known = await self._identity.snapshot()
        person = known.linked(sender.network, sender.external_id)
        if person is not None:
            return Admission(outcome="known", person_id=person.id)
        rule = await self.rule(sender.network)
        if rule.way is Way.MEMBERS and _is_member(sender, rule):
            return self._welcome(unit, sender)
        same = known.by_email(sender.email) if sender.kind == "member" else None
        if rule.way is Way.EMAIL and same is not None and Role.OWNER not in same.roles:
            return self._recognise(unit, sender, same)
        return await self._give_code(unit, sender, place)

    def _welcome(self, unit: Unit, sender: Sender) -> Admission:
        person = _new_person(sender, Role.GUEST)
        self._identity.change(unit, store.add_guest, person)
        unit.emit(PersonChanged(person_id=person.id))
        return Admission(outcome="welcomed", person_id=person.id)

    def _recognise(self, unit: Unit, sender: Sender, person: Person) -> Admission:
        self._identity.change(unit, store.add_link, person.id, _link(sender), stamp(now()))
        unit.emit(PersonChanged(person_id=person.id))
        return Admission(outcome="welcomed", person_id=person.id)

    async def _give_code(self, unit: Unit, sender: Sender, place: Place) -> Admission:
        slot = (sender.network, sender.external_id)
        if time.monotonic() - self._giving.get(slot, -_TWIN_S) < _TWIN_S:  # a twin's code is being written
            return Admission(outcome="silent")
        self._giving = {one: at for one, at in self._giving.items() if time.monotonic() - at < _TWIN_S}
        self._giving[slot] = time.monotonic()
        at = now()
        own, all_of_them = await self._storage.read(credentials.codes_given, *slot, stamp(at))
        if own or all_of_them >= CODES_PER_NETWORK:
            return Admission(outcome="silent")
        code = credentials.new_code()
        unit.do(
            credentials.add_code, digest(code), *slot, sender.name[:200], stamp(at), stamp(at + CODE_FOR)
        )  # fmt: skip
        unit.emit(
            SomebodyUnknown(
                network=sender.network, external_id=sender.external_id, display_name=sender.name, code=code,
                place=place.key,
            )
        )  # fmt: skip
        text = (
            f"I do not know you yet. Your link code is **{code}**; it holds for an hour. "
            f"Somebody who runs Signalbox here lets you in with `people approve {code}`. They have been told."
        )
        return Admission(outcome="code", text=text)

    # ── Codes ──

    async def approve(self, unit: Unit, actor: Actor, code: str, role: Role, who: str = "") -> Person:
        """Let in whom a code was given to: as a new person with a role, or as one there is. Raises NotFound."""
        require_grant(actor, role)
        row = await self._sender(actor, code)
        link = Link(network=row[0], external_id=row[1], name=row[2])
        unit.do(credentials.answer_code, _hash(code), "used", actor.person_id)
        if who:
            person = await self._identity.person(who)
            require_owner_for(actor, person)
            self._identity.change(unit, store.add_link, person.id, link, stamp(now()))
        else:
            person = Person(id=new_id(), name=row[2] or row[1], roles=(role,), links=(link,), created_at=now())
            self._identity.change(unit, store.add_person, person)
        unit.changed(None, {"person": person.name, "role": str(role), "link": f"{row[0]} {row[1]}"})
        unit.emit(PersonChanged(person_id=person.id))
        unit.undo("people.unlink", {"network": link.network, "external_id": link.external_id})
        return person

    async def refuse(self, unit: Unit, actor: Actor, code: str) -> str:
        """Turn a code down; the name of whom it was given to. Raises NotFound."""
        row = await self._sender(actor, code)
        unit.do(credentials.answer_code, _hash(code), "refused", actor.person_id)
        return row[2] or row[1]

    async def _sender(self, actor: Actor, code: str) -> credentials.CodeRow:
        self._tries.hit("link codes", actor.person_id)
        row = await self._storage.read(credentials.open_code, _hash(code), stamp(now()))
        if row is None:
            raise NotFound(
                f"The code {credentials.plain_code(code)} is wrong, was used, or is over an hour old.",
                hint="Whoever wants in writes to the bot again and gets a new one.",
            )
        self._tries.forget(actor.person_id)
        return row


def _hash(code: str) -> str:
    return digest(credentials.plain_code(code))


def _is_member(sender: Sender, rule: AdmissionRule) -> bool:
    """A full member of the workspace; where roles are named, a holder of one of them."""
    if sender.kind != "member":
        return False
    return sender.network != "discord" or not set(sender.roles).isdisjoint(rule.roles)


def _new_person(sender: Sender, role: Role) -> Person:
    return Person(
        id=new_id(), name=sender.name or sender.external_id, roles=(role,), links=(_link(sender),), created_at=now()
    )


def _link(sender: Sender) -> Link:
    return Link(network=sender.network, external_id=sender.external_id, name=sender.name)
