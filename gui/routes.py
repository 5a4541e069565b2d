"""Every page of the control room: where it is, what it is called, and what it needs to be there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from nicegui import PageArguments

from gui.room import Room

Build = Callable[[Room, PageArguments], Awaitable[None]]
GROUPS = ("", "Work", "Knowledge", "Operate")
"""Headings of the navigation in order; Home and Conversations stand above them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page. needs: actions without which it is not there (for nobody) or not linked (for this person).

    patterns: every address it answers; the first one is linked.
    """

    patterns: tuple[str, ...]
    title: str
    icon: str
    group: str
    chord: str
    build: Build
    needs: tuple[str, ...] = ()
    also: str = ""

    @property
    def path(self) -> str:
        """The address that is linked."""
        return self.patterns[0]

    def holds(self, path: str) -> bool:
        """Whether an address belongs to this page."""
        plain = path.partition("?")[0].partition("#")[0].rstrip("/") or "/"
        return plain == self.path or (self.path != "/" and plain.startswith(self.path + "/"))
