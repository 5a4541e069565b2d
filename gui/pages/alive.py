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
from gui.parts.basics import Button, Text, age, box, card, dot, empty, name, row, sub
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

    def draw(found: tuple[tuple[Line, ...], int]) -> None:
        lines, running = found
        for one in lines:
            _line(room, one)
        if not lines:
            empty(
                "No chat network is part of this installation; you can still ask here.", ("Ask", "/conversations/new")
            )
        with row():
            dot("ok")
            name("This machine")
            sub(f"{running} parts are running")

    with card("Alive", width="w7"):
        section = Section(room, read, draw, kinds=(ConnectionChanged, PartFailed))
        ui.timer(EVERY_S, section.refresh)


def _line(room: Room, one: Line) -> None:
    colour, word = WORDS[one.health.state]
    with row(classes=colour):
        dot(colour)
        name(title_of(one.network)).classes("cell")
        sub(" · ".join(part for part in (word, one.health.workspace, one.health.detail) if part))
        if one.health.state == "off":
            if room.may("vault.save"):
                with box("div", "acts"):
                    Button("Set up", lambda: open_token(room, one.network)).mark(f"set-up-{one.network}")
            return
        Strip(one.beats)
        if one.received_at is not None:
            age(one.received_at, "plain", "r seen").props["title"] = "since something was last received"
        else:
            Text("span", "nothing yet", "r seen")
