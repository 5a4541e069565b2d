"""The links of the door's chain as schedules need them: people who may leave, and roles that may be lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from core.ports import AuditEntry, Decision
from core.storage import Connection
from core.values import Actor, Audience, Caller, Json, Place

ROLES: dict[str, frozenset[str]] = {
    "operator": frozenset({"conversation.*", "knowledge.*", "schedules.*", "reports.*", "chat.post"}),
    "member": frozenset({"conversation.ask", "knowledge.*", "schedules.read", "schedules.write", "reports.read"}),
    "guest": frozenset({"conversation.ask", "knowledge.read", "schedules.write"}),
}


class FakeIdentifier:
    """Knows people by the external id of their caller; take one out and they left."""

    def __init__(self, *people: Actor) -> None:
        self.people = {person.person_id: person for person in people}

    async def identify(self, caller: Caller) -> Actor:
        person = self.people.get(caller.external_id)
        if person is None:
            return Actor(person_id="", name="nobody", kind=caller.kind)
        return replace(person, kind=caller.kind, through=caller.through)

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        return Audience(
            places=frozenset({place.key}) if place else frozenset(), private=place is None or place.kind == "direct"
        )


class FakeAuthoriser:
    """Decides by `ROLES` alone."""

    def permissions(self, actor: Actor) -> frozenset[str]:
        return frozenset().union(*(ROLES.get(role, frozenset()) for role in actor.roles))

    async def decide(
        self, actor: Actor, permission: str, *, action: str, arguments: Mapping[str, Json] | None, place: Place | None
    ) -> Decision:
        if not actor.person_id:
            return Decision(allowed=False, rule="nobody knows who this is")
        if not permission or any(fnmatchcase(permission, held) for held in self.permissions(actor)):
            return Decision(allowed=True, rule=f"a role has {permission}")
        return Decision(allowed=False, rule=f"no role of theirs has {permission}")

    async def alone(self, actor: Actor) -> bool:
        return False


class FakeAuditor:
    """Keeps the lines in a list."""

    def __init__(self) -> None:
        self.lines: list[AuditEntry] = []

    def record(self, connection: Connection, entry: AuditEntry) -> None:
        self.lines.append(entry)


class FakeLimiter:
    """Lets everything through, but for one call when an error is set."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def hit(self, actor: Actor, action: str) -> None:
        if self.error is not None:
            error, self.error = self.error, None
            raise error
