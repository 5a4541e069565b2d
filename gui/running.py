"""Runs what a button or a form asks for: asks for the yes where one is needed, says how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from nicegui import ui

from core.actions import Result
from core.errors import ConfirmationNeeded
from core.values import Json, Reply, Sink, new_id
from gui.errors import toast
from gui.parts.basics import Button, Text, age, box, prose
from gui.room import Room


async def run(
    room: Room, name: str, arguments: Mapping[str, Json], *, sink: Sink | None = None, key: str = ""
) -> Result | None:
    """The result, or None when it was not run because nobody said yes (yet). Raises AppError."""
    key = key or new_id()
    try:
        return await room.dispatch(name, arguments, key=key, sink=sink)
    except ConfirmationNeeded as asked:
        if asked.approver:
            toast(f"Asked. Somebody with the role {asked.approver} finds it under Waiting for you.")
            return None
        if not await said_yes(asked):
            await room.dispatch("waiting.decline", {"confirmation_id": asked.confirmation_id})
            return None
        return await room.dispatch(name, arguments, key=key, sink=sink, confirm=asked.confirmation_id)


async def press(room: Room, name: str, arguments: Mapping[str, Json]) -> bool:
    """Run what a row's button stands for and say how it ended; True when it was run."""
    result = await run(room, name, arguments)
    if result is None:
        return False
    toast(result.value.text if isinstance(result.value, Reply) else "Done.")
    return True


async def said_yes(asked: ConfirmationNeeded) -> bool:
    """Ask the reader, saying what would be done and on whose behalf."""
    with ui.dialog() as dialog, ui.card().classes("sheet-card"):
        with box("div", "head"):
            Text("h2", "Please confirm")
        with box("div", "body"):
            prose(asked.summary, "").mark("confirm-summary")
            with box("p", "lead"):
                Text("span", "It runs in your name. Without an answer the question lapses ")
                age(asked.expires_at, "in", "")
        with box("div", "foot"):
            Button("Cancel", lambda: dialog.submit(False)).mark("confirm-no")
            Button("Yes, run it", lambda: dialog.submit(True), classes="p").mark("confirm-yes")
    try:
        return bool(await dialog)
    finally:
        dialog.delete()
