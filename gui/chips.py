"""Connections in the header: a dot, a word and an age for each; one chip for all where there is no room."""

from __future__ import annotations

from core.ports import Health
from gui.parts.basics import State, Text, age, box, dot, tell
from gui.room import Room

WORDS: dict[str, tuple[State, str]] = {
    "ok": ("ok", "connected"),
    "starting": ("info", "starting"),
    "degraded": ("warn", "unsteady"),
    "failed": ("bad", "failed"),
    "off": ("idle", "not set up"),
}
TITLES = {"slack": "Slack", "discord": "Discord", "room": "Control room", "terminal": "Terminal", "api": "API"}
_WORST = ("failed", "degraded", "starting", "off", "ok")
QUEUE_WORRIES = 25
"""More messages than this waiting to be sent turn the chip amber."""


def title_of(network: str) -> str:
    """A network's name for people."""
    return TITLES.get(network, network.title())


class Chips:
    """Draws again when a state changed; an age is only told its new beginning."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._shown: object = None
        self._ages: dict[str, Text] = {}
        self._queue: _Queue | None = None
        self._box = box("div", "chips", aria_label="Connections")
        self.draw()

    def draw(self) -> None:
        """Show the connections as they are now."""
        health = self._room.app.health()
        waiting = self._room.app.outbox.waiting
        now = tuple((name, one.state, one.last_received_at is None) for name, one in sorted(health.items()))
        if self._box.is_deleted:
            return
        if now != self._shown:
            self._shown = now
            self._box.clear()
            self._ages = {}
            with self._box:
                self._all(health)
                for network, one in sorted(health.items()):
                    self._chip(network, one)
                self._queue = _Queue()
        if self._queue is not None:
            self._queue.show(waiting)
        for network, element in self._ages.items():
            at = health[network].last_received_at
            if at is not None:
                tell(element, at.replace(microsecond=0))

    async def again(self) -> None:
        """Show the connections as they are now."""
        self.draw()

    def _chip(self, network: str, health: Health) -> None:
        colour, word = WORDS[health.state]
        with box("a", f"chip {colour}", href="/", title=f"{title_of(network)}: {word}"):
            dot(colour)
            Text("span", title_of(network))
            if health.state == "ok" and health.last_received_at is not None:
                with box("em"):
                    self._ages[network] = age(health.last_received_at, "plain", "")
            else:
                Text("em", word)

    def _all(self, health: dict[str, Health]) -> None:
        state = min((one.state for one in health.values()), key=_WORST.index, default="off")
        colour, word = WORDS[state]
        if not health:
            colour, word = "ok", "running"
        with box("a", f"chip chip-all {colour}", href="/", aria_label=f"Connections: {word}"):
            dot(colour)
            Text("span", word if state != "ok" else "all well")


class _Queue:
    """How many messages wait to be sent."""

    def __init__(self) -> None:
        with box("a", "chip ok", href="/deliveries", title="Messages waiting to be sent") as self._chip:
            self._dot = dot("ok")
            Text("span", "Waiting to send")
            self._count = Text("em", "0")
        self._worried = False

    def show(self, waiting: int) -> None:
        self._count.set_text(str(waiting))
        if (waiting > QUEUE_WORRIES) != self._worried:
            self._worried = not self._worried
            add, remove = ("warn", "ok") if self._worried else ("ok", "warn")
            self._chip.classes(add=add, remove=remove)
            self._dot.classes(add=add, remove=remove)
