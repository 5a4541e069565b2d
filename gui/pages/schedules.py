"""Schedules: what runs when, how it last went, run now, pause; one schedule with the history of its times."""

from __future__ import annotations

from urllib.parse import quote

from nicegui import PageArguments

from core.errors import NotFound
from core.events import ScheduleChanged, ScheduleSlotEnded
from core.identity import Person
from core.scheduler import ScheduleView, SlotView
from gui.parts.action_dialog import open_action
from gui.parts.basics import Button, State, Text, age, box, card, empty, link, row, sub, tag
from gui.parts.section import Section
from gui.room import Room
from gui.running import press

SLOTS: dict[str, tuple[State, str]] = {
    "due": ("info", "due"),
    "running": ("info", "running"),
    "ran": ("ok", "ran"),
    "late": ("warn", "late"),
    "skipped": ("warn", "skipped"),
    "failed": ("bad", "failed"),
}
KINDS = (ScheduleChanged, ScheduleSlotEnded)


async def schedules(room: Room, args: PageArguments) -> None:
    """`/schedules` and `/schedules/NAME`."""
    name = args.path_parameters.get("name", "")
    with box("div", "page"):
        if name:
            await _one(room, name)
        else:
            await _all(room)


async def _all(room: Room) -> None:
    with box("div", "title"):
        Text("h1", "Schedules")
        Text("small", "Every time one is due ends as ran, late, skipped with a reason, or failed")
        if room.may("schedules.add"):
            Button("Add a schedule", lambda: open_action(room, "schedules.add"), classes="p live").mark("add-schedule")

    async def read() -> tuple[ScheduleView, ...]:
        return await room.read(tuple, "schedules.list")

    with card("All schedules"):

        def draw(found: tuple[ScheduleView, ...]) -> None:
            for one in found:
                schedule_row(room, one, section)
            if not found and room.may("schedules.add"):
                empty(
                    "Nothing runs by itself yet; a team report every Monday is a good first one.",
                    ("Add it", lambda: open_action(room, "schedules.add", _FIRST)),
                )
            elif not found:
                empty("Nothing runs by itself yet.", ("Go to Home", "/"))

        section: Section[tuple[ScheduleView, ...]] = Section(room, read, draw, kinds=KINDS, rows=4)


_FIRST = {"name": "team-report", "action": "reports team", "when": "mondays 09:00"}


def schedule_row(room: Room, one: ScheduleView, section: Section[tuple[ScheduleView, ...]]) -> None:
    """One schedule with its state, its next time and what can be done."""

    async def does(action: str) -> None:
        await press(room, action, {"name": one.name})
        await section.refresh()

    with row():
        with box("span", "cell"):
            _state(one)
        link(one.name, address(one.name), "name")
        sub(" · ".join(part for part in (one.when, one.action.replace(".", " "), one.to and f"to {one.to}") if part))
        if one.next_due is not None and one.state == "on":
            age(one.next_due, "in")
        elif one.paused_reason:
            Text("span", one.paused_reason, "r")
        if room.may("schedules.run"):
            with box("div", "acts"):
                if one.state == "paused":
                    Button("Turn on", lambda: does("schedules.resume")).mark(f"resume-{one.name}")
                elif one.state == "on":
                    Button("Pause", lambda: does("schedules.pause")).mark(f"pause-{one.name}")
                Button("Run now", lambda: does("schedules.run")).mark(f"run-{one.name}")


def _state(one: ScheduleView) -> None:
    if one.state == "paused":
        tag("paused", "warn")
    elif one.state == "done":
        tag("done", "idle")
    elif one.last_state in SLOTS:
        colour, words = SLOTS[one.last_state]
        tag(words, colour)
    else:
        tag("next", "idle")


def address(name: str) -> str:
    """Where one schedule is shown."""
    return f"/schedules/{quote(name, safe='')}"


async def _one(room: Room, name: str) -> None:
    with box("div", "title"):
        Text("h1", name)
        link("All schedules", "/schedules")

    async def read_one() -> tuple[ScheduleView, str]:
        found = await room.read(ScheduleView, "schedules.show", name=name)
        return found, await _who(room, found.owner)

    with card("Schedule", width="w5"):

        def draw_one(found: tuple[ScheduleView, str]) -> None:
            _facts(room, *found)

        Section(room, read_one, draw_one, kinds=KINDS)

    async def read_slots() -> tuple[SlotView, ...]:
        return await room.read(tuple, "schedules.history", name=name, limit=100)

    with card("History", width="w7"):
        Section(room, read_slots, _slots, kinds=KINDS, rows=5)


async def _who(room: Room, person_id: str) -> str:
    """Whom a schedule runs as, as far as the reader may know people."""
    if person_id == room.visitor.person_id:
        return "you"
    if not room.may("people.show"):
        return "somebody else"
    try:
        return (await room.read(Person, "people.show", person=person_id)).name
    except NotFound:
        return "somebody who is no longer here"


def _facts(room: Room, one: ScheduleView, owner: str) -> None:
    with box("dl", "defs"):
        for heading, words in (
            ("State", f"{one.state} {one.paused_reason}".strip()),
            ("When", one.when),
            ("Time zone", one.timezone),
            ("Command", one.action.replace(".", " ")),
            ("Goes to", one.to or "nobody"),
            ("When missed", one.missed),
            ("When still running", one.overlap),
            ("Runs as", owner),
            ("Next", "; ".join(one.next_times) or "never again"),
        ):
            Text("dt", heading)
            Text("dd", words)
    with box("div", "empty"):
        if room.may("schedules.preview"):
            Button("Preview", lambda: open_action(room, "schedules.preview", {"name": one.name}))
        if room.may("schedules.run"):
            Button("Run now", lambda: press(room, "schedules.run", {"name": one.name}))


def _slots(found: tuple[SlotView, ...]) -> None:
    for one in found:
        colour, words = SLOTS.get(one.state, ("idle", one.state))
        with row():
            with box("span", "cell"):
                tag(words, colour)
            reason = one.reason or ("by hand" if one.manual else "")
            sub(f"{reason} ({one.covers} times in one)" if one.covers > 1 else reason)
            age(one.due_at, "at")
    if not found:
        empty("It was not due yet.", ("All schedules", "/schedules"))
