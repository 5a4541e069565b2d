"""What the door offers about itself: help, why, finding commands, undo, jobs, what waits for a yes."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from core.actions import store
from core.actions.answers import Answers
from core.actions.definition import Definition
from core.actions.door import Door
from core.actions.model import Confirmation, Context, Job, action
from core.actions.unit import Unit
from core.codec import decode
from core.errors import Denied, NotFound
from core.storage import Storage
from core.values import Effect, Json, Reply, now, stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandHelp:
    """A command as people read it."""

    name: str
    usage: str
    summary: str
    effect: str


@action("help", permission="", effect=Effect.READ)
async def help_(door: Door, ctx: Context, command: str = "") -> Reply:
    """Show what you can ask, or how one command is used.

    command: a command, or the first word of several.
    """
    usable = await door.usable(ctx)
    wanted = command.strip().removeprefix("`").removesuffix("`").replace(".", " ")
    if not wanted:
        return Reply(text=_overview(usable), private=True)
    exact = [one for one in usable if one.spoken == wanted or wanted in one.mark.aliases]
    found = exact or [one for one in usable if one.spoken.startswith(wanted + " ")]
    if not found:
        known = door.registry.get(wanted.replace(" ", "."))  # raises with the nearest three
        decision = await door.may(ctx, known.name)
        raise Denied(f"`{known.spoken}` is not for you.", rule=decision.rule, hint=f"Because: {decision.rule}.")
    if len(found) == 1:
        return Reply(text=_manual(found[0]), private=True)
    return Reply(text="\n".join(f"- `{one.usage()}` {one.summary}" for one in found), private=True)


def _overview(usable: tuple[Definition, ...]) -> str:
    areas: dict[str, list[str]] = {}
    for one in usable:
        area, _, verb = one.name.partition(".")
        areas.setdefault(area, []).append(verb)
    lines = ["Ask anything in plain words, or run a command:"]
    for area, verbs in areas.items():
        names = ", ".join(verb for verb in verbs if verb)
        lines.append(f"- **{area}** {names}" if names else f"- **{area}**")
    lines.append("`help AREA` or `help COMMAND` says more; `why COMMAND` whether you may.")
    return "\n".join(lines)


def _manual(one: Definition) -> str:
    lines = [f"`{one.usage()}`", one.summary]
    if one.details:
        lines += ["", one.details]
    for name, field in one.arguments.model_fields.items():
        if field.description:
            lines.append(f"- `{name}`: {field.description}")
    asks = {Effect.DESTROY: "Asks before it runs.", Effect.WRITE: "Can be taken back with `undo`."}
    if one.mark.effect in asks:
        lines += ["", asks[one.mark.effect]]
    if one.mark.aliases:
        lines.append("Also: " + ", ".join(f"`{alias}`" for alias in one.mark.aliases))
    return "\n".join(lines)


@action("why", permission="", effect=Effect.READ)
async def why(door: Door, ctx: Context, command: str) -> Reply:
    """Say whether you may run a command, and which rule says so.

    command: as you would type it.
    """
    definition = door.registry.get(command.strip().replace(" ", "."))
    decision = await door.may(ctx, definition.name)
    verdict = "You may" if decision.allowed else "You may not"
    needs = definition.mark.permission or "nothing but being known"
    return Reply(text=f"{verdict} run `{definition.spoken}`: {decision.rule}. It needs {needs}.", private=True)


@action("echo", permission="", effect=Effect.READ)
async def echo(text: str) -> Reply:
    """Answer with the same text: the check from end to end.

    text: anything.
    """
    return Reply(text=text)


@action("actions.find", permission="", effect=Effect.READ)
async def find(door: Door, ctx: Context, query: str, limit: int = 12) -> tuple[CommandHelp, ...]:
    """Find commands by what they do.

    query: words, or part of a name.
    limit: how many at most.
    """
    usable = await door.usable(ctx)
    words = query.lower().split()
    near = set(get_close_matches(query.lower(), [one.spoken for one in usable], n=limit, cutoff=0.5))

    def score(one: Definition) -> int:
        text = f"{one.spoken} {one.summary} {one.details}".lower()
        return sum(2 * (word in one.spoken) + (word in text) for word in words) + (3 if one.spoken in near else 0)

    ranked = sorted(usable, key=lambda one: (-score(one), one.name))
    return tuple(
        CommandHelp(name=one.name, usage=one.usage(), summary=one.summary, effect=one.mark.effect.value)
        for one in ranked[:limit]
        if score(one)
    )


@action("undo", permission="", effect=Effect.OUTWARD)
async def undo(door: Door, storage: Storage, ctx: Context, unit: Unit) -> Reply:
    """Take back the last change you made."""
    row = await storage.read(store.last_inverse, ctx.actor.person_id)
    if row is None:
        raise NotFound("There is nothing of yours to undo.", hint="Only changes can be undone, each once.")
    undo_id, done, name, arguments, at = row
    await ctx.call(name, decode(dict[str, Json], arguments))
    unit.do(store.use_inverse, undo_id, stamp(now()))
    return Reply(text=f"Taken back: `{done.replace('.', ' ')}` of {at[:16].replace('T', ' ')} UTC.")


@action("jobs.list", permission="", effect=Effect.READ)
async def jobs_list(door: Door, ctx: Context, limit: int = 20) -> tuple[Job, ...]:
    """List your long-running commands, newest first.

    limit: how many at most.
    """
    everybody = (await door.may(ctx, "activity.list")).allowed if "activity.list" in door.registry else False
    return await door.jobs.listed("" if everybody else ctx.actor.person_id, limit)


@action("jobs.cancel", permission="", effect=Effect.OUTWARD)
async def jobs_cancel(door: Door, ctx: Context, job_id: str) -> Reply:
    """Stop a long-running command; what it finished stays.

    job_id: from `jobs list`.
    """
    if door.jobs.owner(job_id) not in ("", ctx.actor.person_id) and not ctx.actor.roles & {"admin", "owner"}:
        raise Denied("That is somebody else's.", rule="one's own jobs, or an admin's word")
    await door.jobs.cancel(job_id)
    return Reply(text="Stopped.")


@action("waiting.list", permission="", effect=Effect.READ)
async def waiting_list(door: Door, ctx: Context) -> tuple[Confirmation, ...]:
    """List what waits for a yes: yours to confirm, or others' to approve."""
    mine = ctx.actor.roles | ({"operator", "admin"} if ctx.actor.roles & {"owner", "admin"} else set())
    everything = await door.confirmations.open()
    return tuple(one for one in everything if one.actor == ctx.actor.person_id or one.approver in mine)


@action("waiting.decline", permission="", effect=Effect.OUTWARD)
async def waiting_decline(answers: Answers, ctx: Context, confirmation_id: str) -> Reply:
    """Say no to something that waits.

    confirmation_id: from `waiting list` or the button.
    """
    declined = await answers.decline(ctx, confirmation_id)
    return Reply(text=f"Declined: `{declined.action.replace('.', ' ')}` was not run.")
