"""The use cases that change people, links and rules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from core.actions import Unit
from core.errors import Denied, InvalidInput, NotFound
from core.events import PersonChanged
from core.identity import store
from core.identity.model import AdmissionRule, Link, Person, Role, Rule, Way
from core.identity.service import Identity, require_grant, require_owner_for
from core.values import Actor, Json, Place, new_id, now, stamp

_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")
_PATTERN = re.compile(r"\*|[a-z][a-z0-9_]*(\.[a-z0-9_]+)*(\.\*)?")


class People:
    """Adds, changes and removes people, and what they may."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def add(self, unit: Unit, actor: Actor, name: str, email: str, role: Role) -> Person:
        """A new person. Raises InvalidInput, Denied, or Conflict when the e-mail is taken."""
        require_grant(actor, role)
        person = Person(
            id=new_id(), name=_checked_name(name), email=_checked_email(email), roles=(role,), created_at=now()
        )
        self._identity.change(unit, store.add_person, person)
        self._identity.changed(unit, person, person)
        unit.undo("people.remove", {"person": person.id})
        return person

    async def update(self, unit: Unit, actor: Actor, who: str, name: str, email: str, timezone: str) -> Person:
        """A person with another name, e-mail or time zone; what is empty stays, `none` clears an e-mail."""
        person = await self._identity.subject(actor, who, "people.write")
        after = replace(
            person,
            name=_checked_name(name) if name else person.name,
            email=_checked_email(email) if email else person.email,
            timezone=_checked_zone(timezone) if timezone else person.timezone,
        )
        self._identity.change(unit, store.update_person, after)
        self._identity.changed(unit, person, after)
        unit.undo(
            "people.update",
            {"person": person.id, "name": person.name, "email": person.email or "none", "timezone": person.timezone},
        )
        return after

    async def remove(self, unit: Unit, actor: Actor, who: str) -> Person:
        """Remove a person with links, tokens, sessions and rules. Raises Conflict for the last owner."""
        person = await self._identity.person(who)
        require_owner_for(actor, person)
        self._identity.change(unit, store.remove_person, person.id)
        self._identity.changed(unit, person, None)
        return person

    async def set_role(self, unit: Unit, actor: Actor, who: str, role: Role) -> Person:
        """A person with another role. Raises Conflict when no owner would be left."""
        person = await self._identity.person(who)
        after = self._identity.set_roles(unit, actor, person, role)
        before = max(person.roles, key=lambda one: one.rank, default=Role.GUEST)
        unit.undo("people.role", {"person": person.id, "role": str(before)})
        return after

    async def link(self, unit: Unit, actor: Actor, who: str, link: Link) -> Person:
        """Make an account of a network a person's. Raises Conflict when it is somebody's already."""
        person = await self._identity.person(who)
        require_owner_for(actor, person)
        self._identity.change(unit, store.add_link, person.id, link, stamp(now()))
        unit.changed(None, {"person": person.name, "link": f"{link.network} {link.external_id}"})
        unit.emit(PersonChanged(person_id=person.id))
        unit.undo("people.unlink", {"network": link.network, "external_id": link.external_id})
        return replace(person, links=(*person.links, link))

    async def unlink(self, unit: Unit, actor: Actor, network: str, external_id: str) -> Person:
        """Forget that an account is somebody's; whose it was. Raises NotFound."""
        person = (await self._identity.snapshot()).linked(network, external_id)
        if person is None:
            raise NotFound(f"{network} {external_id} is linked to nobody.", hint="`people list` shows the links.")
        require_owner_for(actor, person)
        self._identity.change(unit, store.remove_link, network, external_id)
        unit.changed({"person": person.name, "link": f"{network} {external_id}"}, None)
        unit.emit(PersonChanged(person_id=person.id))
        arguments = {"person": person.id, "network": network, "external_id": external_id}
        unit.undo("people.link", dict(arguments))
        return person

    # ── Rules and ways in ──

    async def add_rule(
        self,
        unit: Unit,
        actor: Actor,
        *,
        effect: Literal["allow", "deny"],
        who: str,
        action: str,
        place: str,
        arguments: Mapping[str, str],
    ) -> Rule:
        """A new rule. Raises InvalidInput; Denied when it concerns owners and the actor is none."""
        pattern = action.strip().replace(" ", ".")
        if not _PATTERN.fullmatch(pattern):
            raise InvalidInput(f"{action!r} is no command.", hint="For instance `chat.post`, `chat.*` or `*`.")
        kind, subject = await self._subject(actor, who, effect)
        number = await self._identity.next_rule()
        rule = Rule(
            id=number, effect=effect, subject_kind=kind, subject=subject, action=pattern, place=place,
            arguments=dict(arguments), author=actor.name, at=now(),
        )  # fmt: skip
        self._identity.change(unit, store.add_rule, rule)
        unit.changed(None, rule.words)
        unit.undo("rules.remove", {"rule_id": number})
        return rule

    async def remove_rule(self, unit: Unit, actor: Actor, rule_id: int) -> Rule:
        """Remove a rule; what it said. Raises NotFound."""
        known = await self._identity.snapshot()
        rule = next((one for one in known.rules if one.id == rule_id), None)
        if rule is None:
            raise NotFound(f"There is no rule {rule_id}.", hint="`rules list` shows them.")
        await self._subject(actor, rule.subject, rule.effect)
        self._identity.change(unit, store.remove_rule, rule_id)
        unit.changed(rule.words, None)
        given = [f"{name}={pattern}" for name, pattern in rule.arguments.items()]
        unit.undo(
            "rules.add",
            {
                "effect": rule.effect, "who": rule.subject, "command": rule.action, "place": rule.place,
                "arguments": [*given],
            },
        )  # fmt: skip
        return rule

    async def _subject(self, actor: Actor, who: str, effect: str) -> tuple[Literal["person", "role"], str]:
        if who in set(Role):
            reaches_owners = Role(who) is Role.OWNER and effect == "deny"
            if reaches_owners and Role.OWNER not in actor.roles:
                raise Denied("That rule would bind owners.", rule="only owners bind owners", hint="Ask an owner.")
            return "role", who
        person = await self._identity.person(who)
        require_owner_for(actor, person)
        return "person", person.id

    async def set_admission(self, unit: Unit, rule: AdmissionRule, before: AdmissionRule) -> None:
        """Choose how people get in on a network. Raises InvalidInput for Discord members without a role."""
        if rule.network == "discord" and rule.way is Way.MEMBERS and not rule.roles:
            raise InvalidInput(
                "On Discord anybody can be a member of a server, so `members` needs a role.",
                hint="`admission members discord --roles ROLE_ID`",
            )
        if rule.network == "discord" and rule.way is Way.EMAIL:
            raise InvalidInput("Discord shows no e-mail addresses to bots.", hint="`admission code discord`")
        self._identity.change(unit, store.set_admission, rule)
        unit.changed({"way": str(before.way), "roles": [*before.roles]}, {"way": str(rule.way), "roles": [*rule.roles]})
        arguments: dict[str, Json] = {"network": before.network}
        if before.way is Way.MEMBERS:
            arguments["roles"] = [*before.roles]
        unit.undo(f"admission.{before.way}", arguments)

    # ── Places ──

    async def set_members(self, unit: Unit, place: Place, external_ids: tuple[str, ...]) -> None:
        """Make these accounts the known readers of a place; unknown ones are passed over."""
        known = await self._identity.snapshot()
        found = (known.links.get((place.network, one)) for one in external_ids)
        self._identity.change(unit, store.set_members, place.key, sorted({one for one in found if one}))

    def joined(self, unit: Unit, place: Place, person_id: str) -> None:
        """Remember that a person reads a place."""
        self._identity.change(unit, store.join_place, place.key, person_id)

    def left(self, unit: Unit, place: Place, person_id: str) -> None:
        """Remember that a person reads a place no more."""
        self._identity.change(unit, store.leave_place, place.key, person_id)


def _checked_name(name: str) -> str:
    text = " ".join(name.split())
    if not text or len(text) > 100 or text in set(Role):
        raise InvalidInput(f"{name!r} is no name for a person.", hint="1 to 100 characters, and not a role's name.")
    return text


def _checked_email(email: str) -> str:
    text = "" if email == "none" else email.strip().casefold()
    if text and not _EMAIL.fullmatch(text):
        raise InvalidInput(f"{email!r} is no e-mail address.")
    return text


def _checked_zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(f"There is no time zone {name!r}.", hint="For instance `Europe/Berlin`.") from error
