"""The heartbeat strips: what each connection last really received, looked at every 15 seconds."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import timedelta

from nicegui import ui

from core.ports import Health
from core.values import now

EVERY_S = 15.0
BEATS = 32
QUIET_AFTER = timedelta(seconds=90)
"""A connection that received nothing for longer counts as unsteady for that beat."""


class Heartbeats:
    """Remembers the last eight minutes of every connection. `run` does the looking."""

    def __init__(self, health: Callable[[], Mapping[str, Health]]) -> None:
        self._health = health
        self._beats: dict[str, deque[str]] = {}

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(EVERY_S)

    def look(self) -> None:
        """Add one beat for each connection."""
        for network, health in self._health().items():
            self._beats.setdefault(network, deque(maxlen=BEATS)).append(beat(health))

    def of(self, network: str) -> str:
        """The beats of a connection, oldest first: k good, w unsteady, b failed, n nothing known."""
        return "".join(self._beats.get(network, ()))


def beat(health: Health) -> str:
    """What a connection is worth at this moment."""
    if health.state == "failed":
        return "b"
    if health.state == "off" or (health.state == "starting" and health.last_received_at is None):
        return "n"
    if health.state == "degraded" or health.last_received_at is None:
        return "w"
    return "k" if now() - health.last_received_at <= QUIET_AFTER else "w"


class Strip(ui.element, component="static/strip.js"):
    """The strip on screen."""

    def __init__(self, beats: str) -> None:
        super().__init__()
        self.props["size"] = BEATS
        self.show(beats)

    def show(self, beats: str) -> None:
        """Show these beats instead."""
        if self.props.get("beats") == beats:
            return
        self.props["beats"] = beats
        good = beats.count("k")
        self.props["label"] = f"{good} of the last {len(beats)} checks were good" if beats else "No checks yet"
