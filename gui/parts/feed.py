"""Who said what lately, as one element: its lines travel as data and are drawn by the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from nicegui import ui

MOST_TEXT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. href: an address of the control room."""

    href: str
    by: str
    where: str
    at: datetime
    text: str


class Feed(ui.element, component="../static/feed.js"):
    """Lines, newest first. Text travels as text; the browser keeps the ages up to date."""

    def __init__(self, lines: Sequence[Line]) -> None:
        super().__init__()
        self.text = ""
        self.show(lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Show these lines instead."""
        self.text = "\n".join(f"{one.by}\n{one.where}\n{one.text}" for one in lines)
        self.props["items"] = [
            {
                "key": f"{one.href} {one.at.isoformat()}",
                "href": one.href,
                "by": one.by,
                "where": one.where,
                "at": one.at.isoformat(timespec="seconds"),
                "text": one.text[:MOST_TEXT],
            }
            for one in lines
        ]
