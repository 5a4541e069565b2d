"""Who somebody is, what they may, and the use cases that change it.

Decisions come from a snapshot in memory. Every write here counts up `changes` inside the writer; when
that count is not the snapshot's, it is read again through the writer's queue, behind whatever counted.
So a right that was taken away is gone at the next call after its commit, and no call ever waits for a
lookup on the disk while nothing changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Concatenate, ParamSpec

from core.actions import Unit
from core.bus import Bus
from core.config import Settings
from core.errors import Denied, NotSignedIn
from core.events import PersonChanged
from core.identity import rules, store
from core.identity.model import PERMISSIONS, Person, Role
from core.identity.snapshot import Snapshot
from core.ports import Decision
from core.storage import Connection, Storage
from core.values import NOBODY, Actor, Audience, Caller, CallerKind, Json, Place, new_id, now

P = ParamSpec("P")

BY_PERSON_ID = frozenset({"room", "terminal", "api", "token", "mcp", "schedule", "workflow", "plugin"})
"""Networks of this process itself: a caller's external id is the id of a person who was let in before."""
SYSTEM = Actor(person_id="", name="Signalbox", roles=frozenset({"owner"}), kind=CallerKind.SYSTEM)
"""Acts for nobody: the process's own work."""


class Identity:
    """Implements the Identifier and Authoriser ports."""

    def __init__(self, storage: Storage, bus: Bus, settings: Settings) -> None:
        self._storage = storage
        self._bus = bus
        self.settings = settings
        self._changes = 0
        self._snapshot = Snapshot()
        self._loaded = -1
        self._loading = asyncio.Lock()

    # ── The snapshot ──

    async def snapshot(self) -> Snapshot:
        """Everything as of the last commit."""
        if self._loaded != self._changes:
            async with self._loading:
                if self._loaded != self._changes:
                    self._loaded, self._snapshot = await self._storage.write(self._load)
        return self._snapshot

    def change(
        self, unit: Unit, fn: Callable[Concatenate[Connection, P], object], *args: P.args, **_: P.kwargs
    ) -> None:
        """Write by `fn(connection, *args)` in a unit, so that the snapshot is read again."""
        unit.do(self._counted, fn, *args)

    async def change_now(self, fn: Callable[Concatenate[Connection, P], object], *args: P.args, **_: P.kwargs) -> None:
        """As `change`, in a transaction of its own: for starting up and signing in."""
        await self._storage.write(self._counted, fn, *args)

    def _counted(self, connection: Connection, fn: Callable[..., object], *args: object) -> None:
        self._changes += 1  # may count too much when a batch is rolled back; never too little
        fn(connection, *args)

    def _load(self, connection: Connection) -> tuple[int, Snapshot]:
        return self._changes, store.load(connection)

    # ── Identifier ──

    async def identify(self, caller: Caller) -> Actor:
        """The actor; NOBODY for whom nobody knows."""
        if caller.network == "system":
            return SYSTEM
        known = await self.snapshot()
        if caller.network in BY_PERSON_ID:
            person = known.people.get(caller.external_id)
        else:
            person = known.linked(caller.network, caller.external_id)
        if person is None or caller.kind is CallerKind.SYSTEM:  # only this process itself is the system
            return NOBODY
        return Actor(
            person_id=person.id, name=person.name, roles=frozenset(map(str, person.roles)), kind=caller.kind,
            through=caller.through, timezone=person.timezone,
        )  # fmt: skip

    async def audience(self, actor: Actor, place: Place | None) -> Audience:
        """The channel's readers; in private the actor, who reads what they are known to read."""
        if place is not None and place.kind != "direct":
            return Audience(places=frozenset({place.key}), outsiders=place.shared)
        known = await self.snapshot()
        own = frozenset({place.key}) if place is not None else frozenset()
        if actor.person_id:
            own |= {f"person:{actor.person_id}"}  # what somebody noted for themselves
        return Audience(places=own | known.places.get(actor.person_id, frozenset()), private=True)

    # ── Authoriser ──

    async def decide(
        self,
        actor: Actor,
        permission: str,
        *,
        action: str,
        arguments: Mapping[str, Json] | None,
        place: Place | None,
    ) -> Decision:
        """Whether the actor may, by the roles and rules of this moment, and what says so."""
        if actor.kind is CallerKind.SYSTEM:
            return Decision(allowed=True, rule="Signalbox's own work")
        known = await self.snapshot()
        person = known.people.get(actor.person_id)
        if person is None:
            return Decision(allowed=False, rule="nobody here knows who that is")
        where = place.key if place is not None else ""
        return rules.decide(person, known.rules, permission, action=action, arguments=arguments, place=where)

    def permissions(self, actor: Actor) -> frozenset[str]:
        """What the actor's roles give, before rules."""
        return frozenset().union(*(PERMISSIONS[Role(role)] for role in actor.roles if role in set(Role)))

    async def alone(self, actor: Actor) -> bool:
        """True when nobody else is at least an operator."""
        known = await self.snapshot()
        return all(one.id == actor.person_id for one in known.with_role(Role.OPERATOR))

    # ── People ──

    async def person(self, who: str) -> Person:
        """The person with that id, e-mail or name. Raises NotFound, or InvalidInput when several fit."""
        return (await self.snapshot()).named(who)

    async def me(self, actor: Actor) -> Person:
        """The person who acts. Raises NotSignedIn when it is none."""
        found = (await self.snapshot()).people.get(actor.person_id)
        if found is None:
            raise NotSignedIn("No person stands behind this call.", hint="Sign in, or ask to be let in.")
        return found

    async def subject(self, actor: Actor, who: str, permission: str) -> Person:
        """The actor when `who` is empty, else that person: which takes the permission. Raises Denied."""
        if not who:
            return await self.me(actor)
        person = await self.person(who)
        if person.id != actor.person_id:
            own = by_permissions(self.permissions(actor), permission)
            if not own:
                raise Denied(
                    f"{actor.name} may not do this for {person.name}.", rule=f"one's own, or {permission}",
                    hint="Leave the name out for your own.",
                )  # fmt: skip
            require_owner_for(actor, person)
        return person

    async def next_rule(self) -> int:
        """The number the next rule gets; numbers are never used again."""
        return await self._storage.read(store.next_rule)

    async def ensure_owner(self) -> Person:
        """The home's first owner; a home without people gets one, called You."""
        known = await self.snapshot()
        if not known.people:
            person = Person(
                id=new_id(), name="You", roles=(Role.OWNER,), created_at=now(),
                timezone=self.settings.schedules.timezone or "UTC",
            )  # fmt: skip
            await self.change_now(store.add_first_owner, person)
            self._bus.publish(PersonChanged(person_id=person.id))
            known = await self.snapshot()
        return known.with_role(Role.OWNER)[0]

    def changed(self, unit: Unit, person: Person, after: Person | None) -> None:
        """Say in a unit what was there, what is there now, and that a person changed."""
        unit.changed(_recorded(person), _recorded(after) if after else None)
        unit.emit(PersonChanged(person_id=person.id))

    def set_roles(self, unit: Unit, actor: Actor, person: Person, role: Role) -> Person:
        """Give a person another role; who they are then. Only owners change owners or make one."""
        require_owner_for(actor, person)
        require_grant(actor, role)
        after = replace(person, roles=(role,))
        self.change(unit, store.set_roles, person.id, (role,))
        self.changed(unit, person, after)
        return after


def by_permissions(given: frozenset[str], wanted: str) -> bool:
    """Whether a set of permissions holds one."""
    return any(rules.covers(one, wanted) for one in given)


def require_owner_for(actor: Actor, person: Person) -> None:
    """Raises Denied when the person is an owner and the actor is none: that would be a way up."""
    if Role.OWNER in person.roles and Role.OWNER not in actor.roles:
        raise Denied(f"{person.name} is an owner.", rule="only owners change owners", hint="Ask an owner.")


def require_grant(actor: Actor, role: Role) -> None:
    """Raises Denied when the actor may not give that role."""
    if role is Role.OWNER and Role.OWNER not in actor.roles:
        raise Denied("Only an owner makes an owner.", rule="only owners make owners", hint="Ask an owner.")


def _recorded(person: Person) -> Json:
    return {
        "name": person.name, "roles": [str(role) for role in person.roles],
        "links": [f"{link.network} {link.external_id}" for link in person.links],
    }  # fmt: skip
