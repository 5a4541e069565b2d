"""Small fakes of core's ports, for tests of one part at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import Limited
from core.ports import AuditEntry, Decision
from core.storage import Connection
from core.values import Actor, Audience, Caller, Json, Place


@dataclass
class FakeIdentity:
    """Knows the people it was given, by external id; allows what `allowed` holds of permissions."""

    people: dict[str, Actor] = field(
        default_factory=lambda: {
            "ann": Actor(person_id="p-ann", name="Ann", roles=frozenset({"member"})),
            "bob": Actor(person_id="p-bob", name="Bob", roles=frozenset({"operator"})),
        }
    )
    refused: set[str] = field(default_factory=set)
    refused_arguments: Mapping[str, Json] = field(default_factory=dict)
    lonely: bool = False

    async def identify(self, caller: Caller) -> Actor:
        known = self.people.get(caller.external_id)
        if known is None:
            return Actor(person_id="", name="nobody", kind=caller.kind)
        return Actor(
            person_id=known.person_id, name=known.name, roles=known.roles, kind=caller.kind, through=caller.through
        )

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        return Audience(places=frozenset({place.key}) if place else frozenset(), private=place is None)

    async def decide(
        self, actor: Actor, permission: str, *, action: str, arguments: Mapping[str, Json] | None, place: Place | None
    ) -> Decision:
        if not actor.person_id:
            return Decision(allowed=False, rule="nobody knows the caller")
        if permission in self.refused:
            return Decision(allowed=False, rule=f"role member lacks {permission}")
        hit = arguments is not None and any(
            arguments.get(name) == value for name, value in self.refused_arguments.items()
        )
        return Decision(allowed=not hit, rule="rule 1: not with that" if hit else f"role member has {permission}")

    def permissions(self, actor: Actor) -> frozenset[str]:
        return frozenset({"*"})

    async def alone(self, actor: Actor) -> bool:
        return self.lonely


class FakeAuditor:
    """Keeps the record in a list and, as the real one, in the database of the unit."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    def record(self, connection: Connection, entry: AuditEntry) -> None:
        connection.execute(
            "INSERT INTO meta (name, value) VALUES ('audit-' || ?, ?) ON CONFLICT DO NOTHING",
            (entry.id, f"{entry.action} {entry.outcome}"),
        )
        self.entries = [one for one in self.entries if one.id != entry.id] + [entry]


class FakeLimiter:
    """Allows `left` calls."""

    def __init__(self, left: int = 10_000) -> None:
        self.left = left

    def hit(self, actor: Actor, action: str) -> None:
        if self.left <= 0:
            raise Limited(f"{actor.name} asks too much.", retry_after_s=7)
        self.left -= 1
