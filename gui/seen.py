"""Tells whether somebody looks at the page: what lies behind other tabs is pushed nothing."""

from __future__ import annotations

from nicegui import ui

from gui.room import Room


class Seen(ui.element, component="static/seen.js"):
    """Hears from the browser when the tab is hidden and when it is looked at again."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room
        self.on("seen", lambda event: self.looked(event.args is True))

    def looked(self, open_now: bool) -> None:
        """Stop pushing to this page, or go on with what it missed."""
        gaze = self._room.gaze
        before, gaze.open = gaze.open, open_now
        if open_now and not before:
            self._room.live.looked_at(gaze)
