"""The right pane: what produced an answer, what it read, and every step of its way with times."""

from __future__ import annotations

from core.conversation import Exchange
from gui.chips import title_of
from gui.pages.deliveries import STATES
from gui.parts.basics import Text, age, box, link
from gui.parts.result import seconds
from gui.room import Room
from gui.sessions import NETWORK

OUTCOMES = {
    "answered": "answered",
    "failed": "failed",
    "denied": "not allowed",
    "asked": "waits for a yes",
    "stopped": "stopped",
    "withdrawn": "withdrawn",
}


def details(room: Room, one: Exchange) -> None:
    """Everything kept about one answer."""
    by = one.reply.produced_by
    took_ms = (one.answered_at - one.asked_at).total_seconds() * 1_000
    where = "Control room" if one.network == NETWORK else f"{title_of(one.network)} {one.place_name}".strip()
    with box("dl", "defs"):
        _fact("Produced by", by.label if by else "the command itself")
        if by is not None and by.detail:
            _fact("Why", by.detail)
        _fact("Asked by", one.person or "somebody unknown")
        _fact("Where", where)
        _fact("Time", seconds(by.duration_ms if by and by.duration_ms else took_ms))
        _fact("Command", one.action.replace(".", " "))
        _fact("Outcome", OUTCOMES.get(one.outcome, one.outcome))
        _fact("Delivery", STATES.get(one.delivery, ("idle", one.delivery))[1])
        _fact("Passages shown", str(len(one.reply.sources)))
        if one.good or one.bad:
            _fact("Thumbs", f"{one.good} up, {one.bad} down")
        Text("dt", "Asked at")
        with box("dd"):
            age(one.asked_at, "at", "")
    if one.steps:
        with box("div", "head"):
            Text("h2", "Steps")
        for at, step in enumerate(one.steps):
            with box("div", "step"):
                box("i")
                Text("span", step.label)
                Text("em", "0 ms" if at == 0 and step.at_ms == 0 else f"+{seconds(step.at_ms)}")
    if one.reply.sources:
        with box("div", "head"):
            Text("h2", "Sources")
        for source in one.reply.sources:
            with box("div", "quote"):
                link(
                    " · ".join(part for part in (source.title, source.section) if part) or source.location,
                    source.location,
                )
                Text("p", source.quote or source.location)


def _fact(name: str, words: str) -> None:
    Text("dt", name)
    Text("dd", words)
