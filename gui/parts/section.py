"""A part of a page that reads by itself and draws again when what it read has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from nicegui import ui

from core.errors import AppError, NotSignedIn
from core.events import Event
from gui.errors import show, wording
from gui.live import Often, Scope, Watcher
from gui.parts.basics import Button, Text, box, skeleton
from gui.room import Room

T = TypeVar("T")


class Section(Generic[T]):
    """Skeleton first, data after; an error is shown in its place with a way to try again.

    change: brings what is drawn up to date with what was read, and returns False where that takes drawing
    it again. Without it everything is drawn again.
    """

    def __init__(
        self,
        room: Room,
        read: Callable[[], Awaitable[T]],
        draw: Callable[[T], None],
        *,
        change: Callable[[T], bool] | None = None,
        kinds: Sequence[type[Event]] = (),
        classes: str = "",
        rows: int = 3,
    ) -> None:
        self._read, self._draw, self._change = read, draw, change
        self._shown: T | None = None
        self._drawn = False
        self._box = box("div", f"section {classes}".strip())
        with self._box:
            skeleton(rows)
        if kinds:
            visitor = room.visitor
            again = Often(self.refresh)
            Scope(room.live, Watcher(tuple(kinds), visitor.audience, visitor.operates, again, True, room.gaze))
        ui.timer(0.0, self.refresh, once=True)

    async def refresh(self) -> None:
        """Read, and draw when it is not what is on screen."""
        try:
            found = await self._read()
        except NotSignedIn as error:
            show(error)
            return
        except Exception as error:  # shown here; a bug is logged with its id
            self._fault(error)
            return
        if self._box.is_deleted or (self._drawn and found == self._shown):
            return
        drawn, self._shown, self._drawn = self._drawn, found, True
        if drawn and self._change is not None and self._change(found):
            return
        self._box.clear()
        with self._box:
            self._draw(found)

    def _fault(self, error: Exception) -> None:
        message, hint = wording(error)
        if self._box.is_deleted:
            return
        self._drawn = False
        self._box.clear()
        with self._box, box("div", "empty", role="alert"):
            Text("b", error.title if isinstance(error, AppError) else "Error")
            Text("span", f"{message} {hint}".strip())
            Button("Try again", self.refresh)
