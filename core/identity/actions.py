"""People and rules as commands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from core.actions import Context, Unit, action
from core.errors import InvalidInput
from core.identity.access import Access
from core.identity.admission import Admissions
from core.identity.model import Invitation, Link, Me, Person, Role, Rule
from core.identity.people import People
from core.identity.service import Identity
from core.values import Effect, Reply

Who = Annotated[str, Field(min_length=1, max_length=200)]


@action("people.list", permission="people.read", effect=Effect.READ)
async def people_list(identity: Identity) -> tuple[Person, ...]:
    """List everybody Signalbox knows, with roles and links."""
    people = (await identity.snapshot()).people.values()
    return tuple(sorted(people, key=lambda one: (-one.rank, one.name.casefold(), one.id)))


@action("people.show", permission="people.read", effect=Effect.READ)
async def people_show(identity: Identity, person: Who) -> Person:
    """Show one person.

    person: a name, an e-mail address or an id.
    """
    return await identity.person(person)


@action("people.me", permission="", effect=Effect.READ)
async def people_me(identity: Identity, ctx: Context) -> Me:
    """Show who you are here, and what you may."""
    return Me(person=await identity.me(ctx.actor), permissions=tuple(sorted(identity.permissions(ctx.actor))))


@action("people.add", permission="people.write", effect=Effect.WRITE)
async def people_add(
    people: People, ctx: Context, unit: Unit, name: Who, email: str = "", *, role: Role = Role.MEMBER
) -> Person:
    """Add a person; link their accounts afterwards, or invite them.

    name: as others call them.
    email: to sign in to the control room with.
    role: owner, admin, operator, member or guest.
    """
    return await people.add(unit, ctx.actor, name, email, role)


@action("people.update", permission="", effect=Effect.WRITE)
async def people_update(
    people: People, ctx: Context, unit: Unit, *, person: str = "", name: str = "", email: str = "", timezone: str = ""
) -> Person:
    """Change your name, e-mail address or time zone, or another's where you may.

    person: somebody else.
    name: the new name.
    email: the new address; `none` takes it away.
    timezone: as in `Europe/Berlin`.
    """
    return await people.update(unit, ctx.actor, person, name, email, timezone)


@action("people.remove", permission="people.write", effect=Effect.DESTROY)
async def people_remove(people: People, ctx: Context, unit: Unit, person: Who) -> Reply:
    """Remove a person, with their links, tokens and sign-ins. What they did stays on record.

    person: a name, an e-mail address or an id.
    """
    gone = await people.remove(unit, ctx.actor, person)
    return Reply(text=f"{gone.name} is removed.")


@action("people.role", permission="people.write", effect=Effect.WRITE)
async def people_role(people: People, ctx: Context, unit: Unit, person: Who, role: Role) -> Person:
    """Give a person another role.

    person: a name, an e-mail address or an id.
    role: owner, admin, operator, member or guest.
    """
    return await people.set_role(unit, ctx.actor, person, role)


@action("people.link", permission="people.write", effect=Effect.WRITE)
async def people_link(people: People, ctx: Context, unit: Unit, person: Who, network: Who, external_id: Who) -> Person:
    """Say that an account of a network is a person's.

    person: a name, an e-mail address or an id.
    network: slack or discord.
    external_id: the account's id; in Slack workspace/user, as in T012/U345.
    """
    return await people.link(unit, ctx.actor, person, Link(network=network, external_id=external_id))


@action("people.unlink", permission="people.write", effect=Effect.WRITE)
async def people_unlink(people: People, ctx: Context, unit: Unit, network: Who, external_id: Who) -> Reply:
    """Forget that an account of a network is somebody's.

    network: slack or discord.
    external_id: the account's id.
    """
    person = await people.unlink(unit, ctx.actor, network, external_id)
    return Reply(text=f"{network} {external_id} is no longer {person.name}.")


@action("people.invite", permission="people.write", effect=Effect.WRITE)
async def people_invite(
    people: People, access: Access, ctx: Context, unit: Unit, name: Who, email: str = "", *,
    role: Role = Role.MEMBER,
) -> Invitation:  # fmt: skip
    """Add a person and give them a link that signs them in once, within 7 days.

    name: as others call them.
    email: to sign in to the control room with afterwards.
    role: owner, admin, operator, member or guest.
    """
    person = await people.add(unit, ctx.actor, name, email, role)
    code, until = access.invite(unit, person)
    return Invitation(person=person, code=code, expires_at=until)


@action("people.approve", permission="people.write", effect=Effect.WRITE)
async def people_approve(
    admissions: Admissions, ctx: Context, unit: Unit, code: Who, *, role: Role = Role.MEMBER, person: str = ""
) -> Person:
    """Let in somebody who was given a link code.

    code: as the bot gave it to them.
    role: of the new person.
    person: link the account to this person instead of adding a new one.
    """
    return await admissions.approve(unit, ctx.actor, code, role, person)


@action("people.refuse", permission="people.write", effect=Effect.OUTWARD)
async def people_refuse(admissions: Admissions, ctx: Context, unit: Unit, code: Who) -> Reply:
    """Turn down somebody who was given a link code.

    code: as the bot gave it to them.
    """
    name = await admissions.refuse(unit, ctx.actor, code)
    return Reply(text=f"{name} is not let in.", private=True)


@action("rules.list", permission="rules.read", effect=Effect.READ)
async def rules_list(identity: Identity) -> tuple[Rule, ...]:
    """List the rules that allow or deny commands beyond what roles say."""
    return (await identity.snapshot()).rules


@action("rules.add", permission="rules.write", effect=Effect.WRITE)
async def rules_add(
    people: People,
    ctx: Context,
    unit: Unit,
    effect: Literal["allow", "deny"],
    who: Who,
    command: Who,
    *,
    place: str = "",
    arguments: tuple[str, ...] = (),
) -> Rule:
    """Allow or deny a command to somebody, in a place, with arguments like these.

    The most specific rule decides; a deny goes before an allow that is as specific.
    effect: allow or deny.
    who: a person, or a role; allowing a role allows those above it too, denying it those below too.
    command: `area.verb`, `area.*` or `*`.
    place: a channel, as in slack:T012/C345; empty: anywhere.
    arguments: name=pattern, where * and ? stand for anything.
    """
    given: dict[str, str] = {}
    for one in arguments:
        name, equals, pattern = one.partition("=")
        if not (name and equals):
            raise InvalidInput(
                f"{one!r} is no pattern for an argument.", hint="Write name=pattern, as in target=prod*."
            )
        given[name] = pattern
    return await people.add_rule(unit, ctx.actor, effect=effect, who=who, action=command, place=place, arguments=given)


@action("rules.remove", permission="rules.write", effect=Effect.WRITE)
async def rules_remove(people: People, ctx: Context, unit: Unit, rule_id: int) -> Reply:
    """Remove a rule.

    rule_id: its number, from `rules list`.
    """
    rule = await people.remove_rule(unit, ctx.actor, rule_id)
    return Reply(text=f"Removed {rule.words}.")
