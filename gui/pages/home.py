"""Home: what needs you, whether everything is alive, what today is like. In that order."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from nicegui import PageArguments

from core.conversation import Figures, Thread
from core.events import MessageAnswered, MessageReceived
from core.scheduler import ScheduleView
from core.values import now
from gui.chips import title_of
from gui.heartbeat import Heartbeats
from gui.pages.addresses import to_address
from gui.pages.alive import alive
from gui.pages.needs import needs_you
from gui.pages.schedules import KINDS, SLOTS, address
from gui.parts.action_dialog import open_action
from gui.parts.basics import State, Text, age, box, card, empty, name, row, sub, tag
from gui.parts.feed import Feed, Line
from gui.parts.result import seconds
from gui.parts.section import Section
from gui.room import Room
from gui.routes import Build

RECENT = 5
MOST_SCHEDULES = 6


def home(heartbeats: Heartbeats) -> Build:
    """The page, with the strips of every connection's last minutes."""

    async def page(room: Room, _: PageArguments) -> None:
        local = now().astimezone(ZoneInfo(room.visitor.timezone))
        with box("div", "page"):
            with box("div", "title"):
                Text("h1", "Home")
                with box("small"):
                    age(local, "clock", "")
                with box("span", "live ok", title="This page follows what happens"):
                    box("span", "dot", aria_hidden="true")
                    Text("span", "live", "livebadge")
            needs_you(room)
            alive(room, heartbeats)
            _schedules(room, local)
            _tiles(room, local)
            _recent(room)

    return page


def _tiles(room: Room, local: datetime) -> None:
    if not room.may("conversation.figures"):
        return
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)

    async def read() -> tuple[Figures, int]:
        figures = await room.read(Figures, "conversation.figures", since=midnight.isoformat())
        return figures, room.app.outbox.waiting

    tiles: list[_Tile] = []

    def draw(found: tuple[Figures, int]) -> None:
        tiles[:] = [_Tile(title) for title, _, _ in _figures(*found)]
        change(found)

    def change(found: tuple[Figures, int]) -> bool:
        for tile, (_, figure, words) in zip(tiles, _figures(*found), strict=True):
            tile.show(figure, words)
        return True

    Section(room, read, draw, change=change, kinds=(MessageAnswered,), classes="tiles", rows=0)


def _figures(figures: Figures, waiting: int) -> tuple[tuple[str, int, str], ...]:
    failed = f"{figures.failed} failed" if figures.failed else "none failed"
    half = f"half of them within {seconds(figures.median_ms)}" if figures.answered else "nothing asked yet"
    return (
        ("Answered today", figures.answered, half),
        ("With sources", figures.with_sources, "each says what it was read from"),
        ("Nobody could answer", figures.unanswered, failed),
        ("Waiting to be sent", waiting, "kept until it has arrived"),
    )


class _Tile:
    """One figure with its title; only what changed is sent."""

    def __init__(self, title: str) -> None:
        with box("div", "card tile"):
            Text("span", title)
            self._figure, self._words = Text("strong"), Text("small")

    def show(self, figure: int, words: str) -> None:
        self._figure.set_text(f"{figure:,}")
        self._words.set_text(words)


def _schedules(room: Room, local: datetime) -> None:
    if not room.may("schedules.list"):
        return

    async def read() -> tuple[ScheduleView, ...]:
        return await room.read(tuple, "schedules.list")

    def draw(found: tuple[ScheduleView, ...]) -> None:
        zone = ZoneInfo(room.visitor.timezone)
        past, coming = _of_today(found, local.date(), zone)
        for at, one in past[-MOST_SCHEDULES // 2 :]:
            colour, words = SLOTS.get(one.last_state, ("idle", one.last_state or "due"))
            _schedule(one, tag_of=(words, colour), words=one.note or _goes(one), at=at, form="at")
        for at, one in coming[:MOST_SCHEDULES]:
            _schedule(one, tag_of=("next", "idle"), words=_goes(one), at=at, form="in")
        if not past and not coming and room.may("schedules.add"):
            empty("Nothing runs by itself today.", ("Add a schedule", lambda: open_action(room, "schedules.add")))
        elif not past and not coming:
            empty("Nothing runs by itself today.", ("All schedules", "/schedules"))

    with card("Schedules", width="w5", more=("All", "/schedules")):
        Section(room, read, draw, kinds=KINDS)


def _goes(one: ScheduleView) -> str:
    return one.when if one.to in ("", "nobody") else one.to


Timed = list[tuple[datetime, ScheduleView]]


def _of_today(found: tuple[ScheduleView, ...], today: date, zone: ZoneInfo) -> tuple[Timed, Timed]:
    """(what was due today, what is due next), each in order of time."""
    past = [(one.last_due, one) for one in found if one.last_due and one.last_due.astimezone(zone).date() == today]
    coming = [(one.next_due, one) for one in found if one.next_due and one.state == "on"]
    return sorted(past, key=lambda pair: pair[0]), sorted(coming, key=lambda pair: pair[0])


def _schedule(
    one: ScheduleView, *, tag_of: tuple[str, State], words: str, at: datetime, form: Literal["at", "in"]
) -> None:
    with row(address(one.name)):
        tag(*tag_of)
        name(one.name)
        sub(words)
        age(at, form)


def _recent(room: Room) -> None:
    if not room.may("conversation.list"):
        return

    async def read() -> tuple[Thread, ...]:
        return await room.read(tuple, "conversation.list", limit=RECENT)

    feed: list[Feed] = []

    def draw(found: tuple[Thread, ...]) -> None:
        feed[:] = [Feed([_line(one) for one in found])] if found else []
        if not found:
            empty("Nobody has asked anything yet.", ("Ask the first question", "/conversations/new"))

    def change(found: tuple[Thread, ...]) -> bool:
        for one in feed:
            one.show([_line(thread) for thread in found])
        return bool(feed and found)

    with card("Happening now", more=("Conversations", "/conversations")):
        Section(room, read, draw, change=change, kinds=(MessageReceived, MessageAnswered))


def _line(one: Thread) -> Line:
    direct = one.place_kind == "direct"
    where = title_of(one.network) if direct else f"in {one.place_name} · {title_of(one.network)}"
    return Line(
        href=to_address(one.conversation),
        by=one.person or "somebody unknown",
        where="here" if one.network == "room" else where,
        at=one.last_at,
        text=one.last_text,
    )
