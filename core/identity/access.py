"""Signing in and staying so: passwords, sessions, one-time links, API tokens, JWTs.

Tokens and sessions are looked up in identity's snapshot at every request, so one that was revoked is
refused at once. Their values are kept nowhere, only SHA-256 of 256 random bits.
"""

from __future__ import annotations

import asyncio
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from core.actions import Unit
from core.codec import digest
from core.errors import BadSettings, InvalidInput, NotFound, NotSignedIn
from core.identity import credentials
from core.identity.limits import Attempts
from core.identity.model import ApiToken, NewToken, Person, Session, SignedIn
from core.identity.service import Identity
from core.ports import AuditEntry, Auditor
from core.storage import Connection, Storage
from core.values import Actor, moment, new_id, now, stamp

SESSION_FOR = timedelta(days=30)
JWT_FOR = timedelta(minutes=15)
LINK_FOR = timedelta(minutes=10)
INVITATION_FOR = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=5)
"""When a session or token was last used is written down at most this often."""
TRIES = "10/15 minutes"
LEAST_PASSWORD = 10
ADMIN_TOKEN = "SIGNALBOX_ADMIN_TOKEN"

_REFUSED = "That e-mail address and password do not go together."
_EXPIRED = "This sign-in is not valid, or no longer."


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who a credential stands for. credential_id: of the token or session."""

    person: Person
    credential_id: str


class Access:
    """Turns credentials into people. `key` signs the JWTs (32 bytes)."""

    def __init__(self, identity: Identity, storage: Storage, auditor: Auditor, key: bytes) -> None:
        self._identity = identity
        self._storage = storage
        self._auditor = auditor
        self._key = key
        self._hasher = PasswordHasher()
        self._threads = ThreadPoolExecutor(2, "password")  # each takes 64 MiB for a quarter of a second
        self._tries = Attempts(TRIES)
        self._nobody = ""
        self._seen: dict[str, datetime] = {}

    def close(self) -> None:
        """End the password threads."""
        self._threads.shutdown()

    # ── Signing in ──

    async def sign_in(self, email: str, password: str, address: str, agent: str) -> SignedIn:
        """A session of 30 days for the control room. Raises NotSignedIn, or Limited after too many tries."""
        person = await self._checked(email, password, address)
        return await self._begin(person, address, agent, SESSION_FOR)

    async def log_in(self, email: str, password: str, address: str, agent: str) -> SignedIn:
        """A JWT of 15 minutes for the API; it ends with its session. Raises as `sign_in`."""
        person = await self._checked(email, password, address)
        begun = await self._begin(person, address, agent, JWT_FOR)
        await _load_jwts()
        from core.identity import jwts

        token = jwts.made(self._key, person_id=person.id, session_id=begun.session_id, at=now(), until=begun.expires_at)
        return SignedIn(token=token, person_id=person.id, session_id=begun.session_id, expires_at=begun.expires_at)

    async def one_time_link(self, person_id: str, *, lasts: timedelta = LINK_FOR) -> str:
        """A code that signs that person in once."""
        value, at = credentials.new_value(), now()
        await self._storage.write(credentials.add_one_time_link, digest(value), person_id, stamp(at + lasts), stamp(at))
        return value

    def invite(self, unit: Unit, person: Person) -> tuple[SecretStr, datetime]:
        """(code, until when) of a link that signs a new person in once."""
        value, at = credentials.new_value(), now()
        until = at + INVITATION_FOR
        unit.do(credentials.add_one_time_link, digest(value), person.id, stamp(until), stamp(at))
        return SecretStr(value), until

    async def redeem(self, code: str, address: str, agent: str) -> SignedIn:
        """The session a one-time link gives. Raises NotSignedIn, or Limited after too many tries."""
        self._tries.hit("sign-in links", f"link {credentials.canonical_address(address)}")
        person_id = await self._storage.read(credentials.one_time_link, digest(code), stamp(now()))
        person = (await self._identity.snapshot()).people.get(person_id or "")
        if person is None:
            raise NotSignedIn(
                "This sign-in link is not valid, or no longer.", hint="Ask for a fresh one: `signalbox open`."
            )
        return await self._begin(person, address, agent, SESSION_FOR, link=digest(code))

    async def _checked(self, email: str, password: str, address: str) -> Person:
        """The person, after as much work for an unknown address as for a known one."""
        folded, where = email.strip().casefold(), credentials.canonical_address(address)
        self._tries.hit("sign-in", f"account {folded}", f"address {where}")
        row = await self._storage.read(credentials.password, folded)
        known = row[1] if row else ""
        right = await asyncio.get_running_loop().run_in_executor(self._threads, self._verify, known, password)
        person = (await self._identity.snapshot()).people.get(row[0]) if row is not None and right else None
        if person is None:
            actor = Actor(person_id=row[0] if row else "", name=folded[:200])
            await self._storage.write(self._record, actor, address, "", "denied", _REFUSED)
            raise NotSignedIn(_REFUSED, hint="Check both, or ask an admin for a sign-in link.")
        self._tries.forget(f"account {folded}")
        return person

    def _verify(self, known: str, password: str) -> bool:
        if not self._nobody:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            self._hasher.verify(known or self._nobody, password)
        except (VerificationError, InvalidHashError):
            return False
        return bool(known)

    async def _begin(self, person: Person, address: str, agent: str, lasts: timedelta, *, link: str = "") -> SignedIn:
        value, session_id, at = credentials.new_value(), new_id(), now()
        row = (
            session_id, person.id, stamp(at), stamp(at), stamp(at + lasts), address[:100], agent[:300],
        )  # fmt: skip

        def write(connection: Connection) -> None:
            if link:
                credentials.use_one_time_link(connection, link, row, digest(value))
            else:
                credentials.add_session(connection, row, digest(value))
            actor = Actor(person_id=person.id, name=person.name, roles=frozenset(map(str, person.roles)))
            self._record(connection, actor, address, agent, "ok", "signed in")

        await self._identity.change_now(write)
        return SignedIn(token=value, person_id=person.id, session_id=session_id, expires_at=at + lasts)

    def _record(
        self, connection: Connection, actor: Actor, address: str, agent: str, outcome: str, result: str
    ) -> None:
        entry = AuditEntry(
            id=new_id(), at=now(), actor=actor, network="room", address=address, agent=agent,
            action="sessions.begin", arguments=None, outcome=outcome, result=result,
            decision="allowed" if outcome == "ok" else "denied", rule="e-mail and password, or a one-time link",
        )  # fmt: skip
        self._auditor.record(connection, entry)

    # ── Looking up ──

    async def session(self, token: str) -> Visitor:
        """Whose session this cookie's value is. Raises NotSignedIn."""
        known = await self._identity.snapshot()
        found = known.sessions.get(digest(token))
        if found is None or not found.valid(now()) or found.person_id not in known.people:
            raise NotSignedIn(_EXPIRED, hint="Sign in again.")
        await self._note("session", found.id)
        return Visitor(person=known.people[found.person_id], credential_id=found.id)

    async def bearer(self, token: str) -> Visitor:
        """Who an API token or a JWT stands for. Raises NotSignedIn."""
        known = await self._identity.snapshot()
        found = known.tokens.get(digest(token))
        if found is not None and found.valid(now()) and found.person_id in known.people:
            await self._note("token", found.id)
            return Visitor(person=known.people[found.person_id], credential_id=found.id)
        if token.count(".") == 2:
            return await self._jwt(token)
        raise NotSignedIn("This API token is not valid, or no longer.", hint="`tokens create NAME` makes one.")

    async def _jwt(self, token: str) -> Visitor:
        await _load_jwts()
        from core.identity import jwts

        claims = jwts.claims_of(self._key, token)
        known = await self._identity.snapshot()
        person = known.people.get(str(claims["sub"]))
        if person is None or claims["jti"] not in known.session_ids:
            raise NotSignedIn(_EXPIRED, hint="`POST /api/auth/login` gives a new one.")
        return Visitor(person=person, credential_id=str(claims["jti"]))

    async def _note(self, kind: str, credential_id: str) -> None:
        at = now()
        if at - self._seen.get(credential_id, datetime.min.replace(tzinfo=UTC)) < SEEN_EVERY:
            return
        self._seen[credential_id] = at
        write = credentials.session_seen if kind == "session" else credentials.token_used
        await self._storage.write_later(write, credential_id, stamp(at))

    # ── Passwords, tokens, sessions as use cases ──

    async def set_password(self, unit: Unit, actor: Actor, password: str) -> None:
        """Set the actor's own password and end their sessions. Raises InvalidInput."""
        person = await self._identity.me(actor)
        if len(password) < LEAST_PASSWORD:
            raise InvalidInput(f"A password has at least {LEAST_PASSWORD} characters; this has {len(password)}.")
        if not person.email:
            raise InvalidInput(
                f"{person.name} has no e-mail address to sign in with.",
                hint="Set it first: `people update --email ADDRESS`.",
            )
        hashed = await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)
        self._identity.change(unit, credentials.set_password, person.id, hashed)

    async def create_token(self, unit: Unit, actor: Actor, name: str, days: int) -> NewToken:
        """A new API token of the actor; its value is in the result alone."""
        person = await self._identity.me(actor)
        value, token_id, at = credentials.new_value(credentials.TOKEN_PREFIX), new_id(), now()
        until = at + timedelta(days=days)
        self._identity.change(
            unit, credentials.add_token, token_id, person.id, name, digest(value), stamp(at), stamp(until)
        )
        unit.changed(None, {"token": token_id, "name": name, "expires_at": stamp(until)})
        unit.undo("tokens.revoke", {"token_id": token_id})
        return NewToken(id=token_id, name=name, token=SecretStr(value), expires_at=until)

    async def tokens(self, actor: Actor, who: str, everybody: bool) -> tuple[ApiToken, ...]:
        """The tokens of a person, or of all."""
        people = (await self._identity.snapshot()).people
        person_id = "" if everybody else (await self._identity.subject(actor, who, "people.write")).id
        rows = await self._storage.read(credentials.tokens, person_id)
        return tuple(
            ApiToken(
                id=row[0], name=row[2], person_id=row[1], person=people[row[1]].name if row[1] in people else "",
                created_at=moment(row[3]), expires_at=moment(row[4]) if row[4] else None,
                last_used_at=moment(row[5]) if row[5] else None,
            )
            for row in rows
        )  # fmt: skip

    async def revoke_token(self, unit: Unit, actor: Actor, token: str) -> ApiToken:
        """Revoke a token by id or name; one's own, or with people.write another's."""
        own = await self.tokens(actor, "", everybody=False)
        rows = [one for one in own if token in (one.id, one.name)]
        rows = rows or [one for one in await self.tokens(actor, "", everybody=True) if one.id == token]
        if not rows:
            raise NotFound(f"There is no token {token!r}.", hint="`tokens list` shows them.")
        await self._identity.subject(actor, rows[0].person_id, "people.write")
        self._identity.change(unit, credentials.remove_token, rows[0].id)
        return rows[0]

    async def sessions(self, actor: Actor, who: str) -> tuple[Session, ...]:
        """The sessions of a person that hold now, newest first."""
        person = await self._identity.subject(actor, who, "people.write")
        rows = await self._storage.read(credentials.sessions, person.id, stamp(now()))
        return tuple(_session(row, person.name) for row in rows)

    async def end_session(self, unit: Unit, actor: Actor, session_id: str) -> None:
        """End a session; one's own, or with people.write another's. Raises NotFound."""
        rows = await self._storage.read(credentials.sessions, "", stamp(now()))
        row = next((one for one in rows if one[0] == session_id), None)
        if row is None:
            raise NotFound("That sign-in has ended already.", hint="`sessions list` shows those that hold.")
        await self._identity.subject(actor, row[1], "people.write")
        self._identity.change(unit, credentials.end_session, session_id)

    async def adopt_admin_token(self, owner: Person) -> bool:
        """Make SIGNALBOX_ADMIN_TOKEN the owner's API token; False when none is set. Raises BadSettings."""
        given = self._identity.settings.admin_token
        if given is None:
            return False
        value = given.get_secret_value()
        if why := credentials.weakness(value):
            raise BadSettings(
                f"{ADMIN_TOKEN} {why}.", hint="Make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            )
        known = (await self._identity.snapshot()).tokens.get(digest(value))
        if known is None or known.person_id != owner.id:
            await self._identity.change_now(
                credentials.replace_token, new_id(), owner.id, ADMIN_TOKEN, digest(value), stamp(now())
            )
        return True


async def _load_jwts() -> None:
    """Import what makes and reads JWTs, at the first one and beside the loop."""
    if "core.identity.jwts" not in sys.modules:
        await asyncio.to_thread(import_module, "core.identity.jwts")


def _session(row: credentials.SessionRow, person: str) -> Session:
    return Session(
        id=row[0], person_id=row[1], person=person, created_at=moment(row[2]), last_seen_at=moment(row[3]),
        expires_at=moment(row[4]), address=row[5], agent=row[6],
    )  # fmt: skip
