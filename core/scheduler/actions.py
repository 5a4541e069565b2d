"""What people can do with schedules."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from core.actions import Context, Door, Simulation, Unit, action
from core.codec import canonical, plain
from core.errors import Conflict, InvalidInput
from core.events import ScheduleChanged
from core.scheduler import store
from core.scheduler.book import Draft, When, Wish
from core.scheduler.model import Missed, Overlap, Schedule, ScheduleView, SlotView
from core.scheduler.service import Scheduler
from core.scheduler.spoken import next_times, spoken
from core.values import Button, Effect, Json, Reply, new_id, stamp

Name = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^\w[\w.-]*$")]
MissedWord = Literal["default", "once", "all", "skip"]
OverlapWord = Literal["skip", "queue", "allow"]
Seconds = Annotated[int, Field(ge=0)]
NO_ARGUMENTS: dict[str, Json] = {}
"""The default; never written to (pydantic hands out copies)."""


@action("schedules.add", permission="schedules.write", effect=Effect.OUTWARD)
async def add(
    scheduler: Scheduler,
    door: Door,
    ctx: Context,
    unit: Unit,
    name: Name,
    action: str,
    *,
    when: str = "",
    cron: str = "",
    every_s: Seconds = 0,
    at: str = "",
    tz: str = "",
    arguments: dict[str, Json] = NO_ARGUMENTS,
    to: str = "",
    missed: MissedWord = "default",
    overlap: OverlapWord = "skip",
) -> ScheduleView:
    """Run a command at set times and post its reply. Can be taken back with `undo`.

    It runs with your rights of that moment. Give one of when, cron, every_s and at.

    name: what it is called, one word.
    action: the command, as in `reports team`.
    when: words, as in `weekdays 09:00`, `every 15 minutes`, `tomorrow 9:00`.
    cron: five fields, as in `0 9 * * 1-5`.
    every_s: seconds between two runs.
    at: one moment, as in `2026-12-24 18:00`.
    tz: time zone, as in `Europe/Berlin`; yours when left out.
    arguments: of the command.
    to: where the reply goes, as in `slack:#ops`; here when left out; `nobody` for nowhere.
    missed: when it could not run in time: `once` late, `all` late, `skip`; `default` is once, under 2 h.
    overlap: when the run before is not finished: `skip`, `queue` or `allow`.
    """
    wish = Wish(
        name=name, when=When(cron=cron, every_s=every_s, at=at, words=when, timezone=tz), action=action,
        arguments=arguments, to=to, missed=Missed(missed), overlap=Overlap(overlap),
    )  # fmt: skip
    draft = await scheduler.book.draft(ctx, door, wish)
    unit.do(store.insert, draft.schedule)
    unit.undo("schedules.remove", {"name": name})
    unit.emit(ScheduleChanged(schedule=name))
    view = scheduler.book.view(draft.schedule, times=3, note=draft.note)
    unit.changed(None, plain(view))
    return view


@action("schedules.list", permission="schedules.read", effect=Effect.READ)
async def list_(scheduler: Scheduler, ctx: Context) -> tuple[ScheduleView, ...]:
    """List the schedules, each with its next time and how it last went."""
    return tuple(scheduler.book.view(one) for one in await scheduler.book.seen(ctx))


@action("schedules.show", permission="schedules.read", effect=Effect.READ)
async def show(scheduler: Scheduler, ctx: Context, name: str) -> ScheduleView:
    """Show one schedule with its next three times.

    name: the schedule.
    """
    return scheduler.book.view(await scheduler.book.find(ctx, name), times=3)


@action("schedules.history", permission="schedules.read", effect=Effect.READ)
async def history(
    scheduler: Scheduler, ctx: Context, name: str, *, limit: Annotated[int, Field(ge=1, le=500)] = 20
) -> tuple[SlotView, ...]:
    """Show what became of each time a schedule was due, newest first.

    name: the schedule.
    limit: how many at most.
    """
    return await scheduler.book.history(ctx, name, limit)


@action("schedules.pause", permission="schedules.write", effect=Effect.WRITE)
async def pause(scheduler: Scheduler, ctx: Context, unit: Unit, name: str, reason: str = "") -> ScheduleView:
    """Stop a schedule until it is resumed.

    name: the schedule.
    reason: why, for those who wonder.
    """
    one = await scheduler.book.own(ctx, name)
    if one.paused:
        raise Conflict(f"The schedule {name!r} is paused already: {one.paused}")
    paused = replace(one, paused=reason.strip() or f"by {ctx.actor.name}")
    unit.do(store.pause, one.id, paused.paused)
    unit.undo("schedules.resume", {"name": name})
    return _changed(scheduler, unit, one, paused)


@action("schedules.resume", permission="schedules.write", effect=Effect.WRITE)
async def resume(scheduler: Scheduler, ctx: Context, unit: Unit, name: str) -> ScheduleView:
    """Turn a paused schedule on again; what came due meanwhile is not run.

    name: the schedule.
    """
    one = await scheduler.book.own(ctx, name)
    plan = scheduler.book.resumed(one)
    unit.do(store.resume, one, plan)
    unit.undo("schedules.pause", {"name": name, "reason": one.paused})
    return _changed(scheduler, unit, one, replace(one, paused="", next_due=plan.next_due))


@action("schedules.remove", permission="schedules.write", effect=Effect.WRITE)
async def remove(scheduler: Scheduler, ctx: Context, unit: Unit, name: str) -> Reply:
    """Remove a schedule; what it did stays on record.

    name: the schedule.
    """
    one = await scheduler.book.own(ctx, name)
    unit.do(store.remove, one.id, stamp(scheduler.book.clock()))
    unit.undo("schedules.restore", {"schedule_id": one.id})
    unit.emit(ScheduleChanged(schedule=name))
    unit.changed(plain(scheduler.book.view(one)), None)
    return Reply(text=f"The schedule **{name}** was removed. `undo` puts it back.")


@action("schedules.restore", permission="schedules.write", effect=Effect.WRITE)
async def restore(scheduler: Scheduler, ctx: Context, unit: Unit, schedule_id: str) -> ScheduleView:
    """Put a removed schedule back.

    schedule_id: what `undo` remembers.
    """
    one = await scheduler.book.removed(ctx, schedule_id)
    back = replace(one, next_due=scheduler.book.next_of(one))
    unit.do(store.restore, one, back.next_due)
    unit.undo("schedules.remove", {"name": one.name})
    return _changed(scheduler, unit, None, back)


@action("schedules.run", permission="schedules.write", effect=Effect.OUTWARD)
async def run(scheduler: Scheduler, ctx: Context, unit: Unit, name: str) -> Reply:
    """Run a schedule now, besides its own times, and post the reply where it always goes.

    name: the schedule.
    """
    one = await scheduler.book.own(ctx, name)
    unit.do(store.add_manual, one.id, scheduler.book.clock())
    unit.emit(ScheduleChanged(schedule=name))
    return Reply(text=f"**{name}** runs now. `schedules history {name}` shows how it went.")


@action("schedules.preview", permission="schedules.read", effect=Effect.READ)
async def preview(
    scheduler: Scheduler,
    door: Door,
    ctx: Context,
    name: str,
    action: str = "",
    *,
    when: str = "",
    cron: str = "",
    every_s: Seconds = 0,
    at: str = "",
    tz: str = "",
    arguments: dict[str, Json] = NO_ARGUMENTS,
    to: str = "",
    missed: MissedWord = "default",
    overlap: OverlapWord = "skip",
) -> Reply:
    """Show when a schedule would run next and what it would post, without posting it.

    name: a schedule there is, or the name of a new one.
    action: the command of a new one; the other arguments as in `schedules add`.
    """
    if not action:
        one = await scheduler.book.find(ctx, name)
        buttons = (
            *([Button(label="Turn on", value=f"schedules resume {name}", style="primary")] if one.paused else []),
            Button(label="Post once now", value=f"schedules run {name}"),
        )
        return await _previewed(scheduler, door, ctx, one, "", buttons)
    given = When(cron=cron, every_s=every_s, at=at, words=when, timezone=tz)
    wish = Wish(
        name=name, when=given, action=action, arguments=arguments, to=to, missed=Missed(missed),
        overlap=Overlap(overlap),
    )  # fmt: skip
    draft = await scheduler.book.draft(ctx, door, wish)
    return await _previewed(scheduler, door, ctx, draft.schedule, draft.note, _new_buttons(draft, wish))


async def _previewed(
    scheduler: Scheduler, door: Door, ctx: Context, one: Schedule, note: str, buttons: tuple[Button, ...]
) -> Reply:
    """Its times and its message. The message is made with the reader's own rights, for who reads it here."""
    definition = door.registry.get(one.action)
    if definition.mark.effect is Effect.READ:
        message = scheduler.book.say((await ctx.call(one.action, one.arguments)).value)
        body = message.text or ("" if message.table else "_Nothing to say now: it would not post._")
    else:
        simulated = (await door.dispatch(replace(ctx, simulate=True, key=""), one.action, one.arguments)).value
        if not isinstance(simulated, Simulation):
            raise InvalidInput(f"`{definition.spoken}` cannot be previewed.")
        message, body = Reply(text=""), f"It would run `{definition.spoken}`: {simulated.summary}"
    times = next_times(one.trigger, one.timezone, scheduler.book.clock())
    lines = [
        f"**{one.name}**: {one.said or spoken(one.trigger, one.timezone)}, `{definition.spoken}` to "
        f"{one.sent_to or 'nobody'}{' (paused: ' + one.paused + ')' if one.paused else ''}",
        "Next: " + ("; ".join(times) or "never again"),
        *([note] if note else []),
        "",
        body,
    ]
    return replace(message, text="\n".join(lines).rstrip(), buttons=buttons, private=True, found=True)


def _new_buttons(draft: Draft, wish: Wish) -> tuple[Button, ...]:
    """Commands that set it up as it was previewed, or post it once."""
    given = wish.when
    rest = [("arguments", canonical(dict(wish.arguments)) if wish.arguments else ""), ("to", wish.to)]
    rest += [("missed", wish.missed.value if wish.missed is not Missed.DEFAULT else "")]
    rest += [("overlap", wish.overlap.value if wish.overlap is not Overlap.SKIP else "")]
    times = [("when", given.words), ("cron", given.cron), ("every_s", str(given.every_s or "")), ("at", given.at),
             ("tz", given.timezone)]  # fmt: skip
    once = f"{wish.name[:50]}-{new_id()[-6:]}"
    return (
        Button(label="Turn on", value=_command(wish.name, draft, [*times, *rest]), style="primary"),
        Button(label="Post once now", value=_command(once, draft, [("when", "now"), *rest])),
    )


def _command(name: str, draft: Draft, options: list[tuple[str, str]]) -> str:
    parts = ["schedules add", name, draft.schedule.action]
    parts += [f"--{option} {_quoted(value)}" for option, value in options if value]
    return " ".join(parts)


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _changed(scheduler: Scheduler, unit: Unit, before: Schedule | None, after: Schedule) -> ScheduleView:
    view = scheduler.book.view(after, times=3)
    unit.emit(ScheduleChanged(schedule=after.name))
    unit.changed(plain(scheduler.book.view(before)) if before else None, plain(view))
    return view
