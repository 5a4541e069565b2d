"""Tokens, sign-ins, passwords and ways in as commands."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from core.actions import Context, SecretText, Unit, action
from core.errors import Denied
from core.identity.access import LINK_FOR, Access
from core.identity.admission import Admissions
from core.identity.model import AdmissionRule, ApiToken, NewToken, Session, SignInLink, Way
from core.identity.people import People
from core.values import CallerKind, Effect, Reply, now

Network = Literal["slack", "discord"]


@action("tokens.create", permission="tokens.write", effect=Effect.WRITE)
async def tokens_create(
    access: Access,
    ctx: Context,
    unit: Unit,
    name: Annotated[str, Field(min_length=1, max_length=100)],
    *,
    days: Annotated[int, Field(ge=1, le=3650)] = 90,
) -> NewToken:
    """Make an API token that acts as you; it is shown this once.

    name: what it is for.
    days: how long it holds.
    """
    return await access.create_token(unit, ctx.actor, name, days)


@action("tokens.list", permission="", effect=Effect.READ)
async def tokens_list(access: Access, ctx: Context, person: str = "") -> tuple[ApiToken, ...]:
    """List your API tokens, or another's where you may.

    person: somebody else.
    """
    return await access.tokens(ctx.actor, person, everybody=False)


@action("tokens.revoke", permission="", effect=Effect.OUTWARD)
async def tokens_revoke(access: Access, ctx: Context, unit: Unit, token_id: str) -> Reply:
    """Revoke an API token; it is refused from now on.

    token_id: its id, or the name of one of yours.
    """
    gone = await access.revoke_token(unit, ctx.actor, token_id)
    return Reply(text=f"The token {gone.name} is revoked.", private=True)


@action("sessions.list", permission="", effect=Effect.READ)
async def sessions_list(access: Access, ctx: Context, person: str = "") -> tuple[Session, ...]:
    """List where you are signed in, or another where you may.

    person: somebody else.
    """
    return await access.sessions(ctx.actor, person)


@action("sessions.end", permission="", effect=Effect.OUTWARD)
async def sessions_end(access: Access, ctx: Context, unit: Unit, session_id: str) -> Reply:
    """Sign out there, at once.

    session_id: from `sessions list`.
    """
    await access.end_session(unit, ctx.actor, session_id)
    return Reply(text="Signed out.", private=True)


@action("sessions.link", permission="", effect=Effect.OUTWARD)
async def sessions_link(access: Access, ctx: Context) -> SignInLink:
    """Make a link that signs you in to the control room once; on the machine itself only."""
    if ctx.caller.network != "terminal" or ctx.caller.kind is not CallerKind.PERSON:
        raise Denied(
            "A sign-in link is made on the machine Signalbox runs on.",
            rule="the terminal of that machine alone",
            hint="Run `signalbox open` there.",
        )
    until = now() + LINK_FOR
    return SignInLink(code=SecretStr(await access.one_time_link(ctx.actor.person_id)), expires_at=until)


@action("people.password", permission="", effect=Effect.OUTWARD)
async def people_password(access: Access, ctx: Context, unit: Unit, password: SecretText) -> Reply:
    """Set your password for the control room and sign out everywhere.

    password: at least 10 characters.
    """
    await access.set_password(unit, ctx.actor, password)
    return Reply(text="Your password is set. Sign in with it.", private=True)


@action("admission.show", permission="admission.read", effect=Effect.READ)
async def admission_show(admissions: Admissions, network: Network) -> AdmissionRule:
    """Show how people nobody knows get in on a network.

    network: slack or discord.
    """
    return await admissions.rule(network)


@action("admission.code", permission="admission.write", effect=Effect.WRITE)
async def admission_code(admissions: Admissions, people: People, unit: Unit, network: Network) -> AdmissionRule:
    """Give people nobody knows a code that an admin approves.

    network: slack or discord.
    """
    return await _set(admissions, people, unit, AdmissionRule(network=network, way=Way.CODE))


@action("admission.members", permission="admission.write", effect=Effect.WRITE)
async def admission_members(
    admissions: Admissions, people: People, unit: Unit, network: Network, *, roles: tuple[str, ...] = ()
) -> AdmissionRule:
    """Let full members in as guests at their first message; never guests of the workspace, or bots.

    network: slack or discord.
    roles: ids of the Discord roles whose holders get in.
    """
    return await _set(admissions, people, unit, AdmissionRule(network=network, way=Way.MEMBERS, roles=roles))


@action("admission.email", permission="admission.write", effect=Effect.WRITE)
async def admission_email(admissions: Admissions, people: People, unit: Unit, network: Network) -> AdmissionRule:
    """Recognise people by the e-mail address the network verified; others are given a code.

    network: slack.
    """
    return await _set(admissions, people, unit, AdmissionRule(network=network, way=Way.EMAIL))


async def _set(admissions: Admissions, people: People, unit: Unit, rule: AdmissionRule) -> AdmissionRule:
    await people.set_admission(unit, rule, await admissions.rule(rule.network))
    return rule
