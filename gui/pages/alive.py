"""Alive: every connection with its last minutes, and the parts that run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

from core.events import ConnectionChanged, PartFailed
from core.ports import Health
from gui.chips import WORDS, title_of
from gui.heartbeat import Heartbeats, Strip
from gui.pages.needs import open_token
from gui.parts.basics import Button, Text, age, box, card, dot, empty, name, row, sub, tell
from gui.parts.section import Section
from gui.room import Room

EVERY_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One connection as it is shown."""

    network: str
    health: Health
    beats: str
    received_at: datetime | None


def alive(room: Room, heartbeats: Heartbeats) -> None:
    """The card."""

    async def read() -> tuple[tuple[Line, ...], int]:
        lines = tuple(
            Line(network=network, health=health, beats=heartbeats.of(network), received_at=health.last_received_at)
            for network, health in sorted(room.app.health().items())
        )
        return lines, sum(1 for part in room.app.supervisor.parts.values() if not part.error)

    view = _View(room)

    async def beat() -> None:
        if room.gaze.open:
            await section.refresh()

    with card("Alive", width="w7"):
        section = Section(room, read, view.draw, change=view.change, kinds=(ConnectionChanged, PartFailed))
        ui.timer(EVERY_S, beat, immediate=False)


class _View:
    """The lines as they were drawn last."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._drawn: dict[str, _Drawn] = {}
        self._shown: tuple[object, int] | None = None

    def draw(self, found: tuple[tuple[Line, ...], int]) -> None:
        lines, running = found
        self._shown = (_structure(lines), running)
        self._drawn = {one.network: _line(self._room, one) for one in lines}
        if not lines:
            empty(
                "No chat network is part of this installation; you can still ask here.", ("Ask", "/conversations/new")
            )
        with row():
            dot("ok")
            name("This machine")
            sub(f"{running} parts are running")

    def change(self, found: tuple[tuple[Line, ...], int]) -> bool:
        lines, running = found
        if self._shown != (_structure(lines), running):
            return False
        for one in lines:
            self._drawn[one.network].show(one)
        return True


def _structure(lines: tuple[Line, ...]) -> object:
    """What a line consists of; its beats and its age may change without drawing it again."""
    return tuple(
        (one.network, one.health.state, one.health.workspace, one.health.detail, one.received_at is None)
        for one in lines
    )


@dataclass(frozen=True, slots=True)
class _Drawn:
    strip: Strip | None = None
    seen: Text | None = None

    def show(self, one: Line) -> None:
        if self.strip is not None:
            self.strip.show(one.beats)
        if self.seen is not None and one.received_at is not None:
            tell(self.seen, one.received_at)


def _line(room: Room, one: Line) -> _Drawn:
    colour, word = WORDS[one.health.state]
    with row(classes=colour):
        dot(colour)
        name(title_of(one.network)).classes("cell")
        sub(" · ".join(part for part in (word, one.health.workspace, one.health.detail) if part))
        if one.health.state == "off":
            if room.may("vault.save"):
                with box("div", "acts"):
                    Button("Set up", lambda: open_token(room, one.network)).mark(f"set-up-{one.network}")
            return _Drawn()
        strip = Strip(one.beats)
        if one.received_at is None:
            Text("span", "nothing yet", "r seen")
            return _Drawn(strip)
        seen = age(one.received_at, "plain", "r seen")
        seen.props["title"] = "since something was last received"
        return _Drawn(strip, seen)
