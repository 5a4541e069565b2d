"""The dialog of one action: its form, a preview, how far it is, its result."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from nicegui import background_tasks, ui

from core.actions import Definition, Result
from core.errors import AppError
from core.values import Effect, Json, new_id
from gui.errors import show, wording
from gui.parts.basics import Button, State, Text, box, icon_button, prose, tag
from gui.parts.result import Markdown, show_result
from gui.parts.schema_form import SchemaForm
from gui.room import PageSink, Room
from gui.running import run

SHOW_EVERY_S = 0.1
_EFFECTS: dict[Effect, tuple[str, State]] = {
    Effect.READ: ("changes nothing", "idle"),
    Effect.WRITE: ("can be undone", "info"),
    Effect.OUTWARD: ("reaches outside", "warn"),
    Effect.DESTROY: ("for good", "bad"),
}


class ActionDialog:
    """Opens over the page at hand. Closing it does not stop what runs as a job."""

    def __init__(self, room: Room, definition: Definition, values: Mapping[str, Json] | None = None) -> None:
        self._room, self._definition = room, definition
        self._task: asyncio.Task[None] | None = None
        self._key = new_id()
        with ui.dialog() as self._dialog, ui.card().classes("sheet-card"):
            self._head()
            with box("div", "body"):
                prose(definition.summary)
                if definition.details:
                    prose(definition.details)
                self.form = SchemaForm(definition, values)
                self._progress = box("div", "progress").mark("progress")
                self._result = box("div", "result").mark("result")
                self._result.props["aria-live"] = "polite"
                self._result.set_visibility(False)
            self._foot()
        self._dialog.on("hide", self._gone)
        self._dialog.open()

    def _head(self) -> None:
        words, state = _EFFECTS[self._definition.mark.effect]
        with box("div", "head"):
            Text("h2", self._definition.spoken).mark("action-name")
            tag(words, state)
            icon_button("close", "Close", press=self._dialog.close).style("margin-left: auto")

    def _foot(self) -> None:
        with box("div", "foot"):
            self._stop = Button("Stop", self._cancel).mark("stop-action")
            self._stop.set_visibility(False)
            if self._definition.mark.effect is not Effect.READ:
                Button("Show what would happen", self._simulate).mark("simulate")
            self._run = Button("Run", self._start, classes="p").mark("run-action")

    def _gone(self) -> None:
        self._cancel()
        self._dialog.delete()

    def _cancel(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()

    async def _simulate(self) -> None:
        arguments = self.form.read()
        if arguments is not None:
            result = await self._room.dispatch(self._definition.name, arguments, simulate=True)
            self._show(result)

    async def _start(self) -> None:
        arguments = self.form.read()
        if arguments is None:
            return
        sink = PageSink()
        self._result.clear()
        self._result.set_visibility(False)
        self._stop.set_visibility(True)
        with self._progress:
            shower = ui.timer(SHOW_EVERY_S, lambda: self._show_progress(sink))
        self._task = background_tasks.create(self._work(arguments, sink), name=f"run {self._definition.name}")
        try:
            await asyncio.wait({self._task})
        finally:
            shower.cancel()
            if not self._progress.is_deleted:
                self._progress.clear()
                self._stop.set_visibility(False)

    async def _work(self, arguments: Mapping[str, Json], sink: PageSink) -> None:
        with self._result:
            try:
                result = await run(self._room, self._definition.name, arguments, sink=sink, key=self._key)
            except asyncio.CancelledError:
                self._note("Stopped.", "What was finished before stays.", "warn")
                raise
            except AppError as error:
                self._note(error.message, error.hint, "bad")
                return
            except Exception as error:  # shown and logged by the one place for errors
                self._note(*wording(error), "bad")
                return
            self._key = new_id()
            self.form.clear_secrets()
            if result is not None:
                self._show(result)

    def _show_progress(self, sink: PageSink) -> None:
        if not sink.take_change():
            return
        self._progress.clear()
        with self._progress:
            if sink.total:
                with box("div", "bar", role="progressbar", aria_valuenow=str(sink.done), aria_valuemax=str(sink.total)):
                    box("i").style(f"width: {min(100.0, 100 * sink.done / sink.total):.1f}%")
            if sink.done or sink.note:
                of = f" of {sink.total}" if sink.total else ""
                Text("p", f"{sink.done}{of} {sink.note}".strip(), "lead")
            if sink.so_far:
                Markdown(sink.so_far)

    def _show(self, result: Result) -> None:
        if self._result.is_deleted:
            return
        self._result.clear()
        self._result.set_visibility(True)
        with self._result:
            if result.again:
                Text("p", "This was run before; it was not run a second time.", "lead")
            show_result(result.value)

    def _note(self, message: str, hint: str, state: str) -> None:
        if self._result.is_deleted:
            return
        self._result.clear()
        self._result.set_visibility(True)
        with self._result, box("div", f"note {state}", role="alert"):
            Text("b", message).mark("fault-message")
            if hint:
                Text("span", hint)


def open_action(room: Room, name: str, values: Mapping[str, Json] | None = None) -> None:
    """Open the dialog of an action this person may run."""
    try:
        ActionDialog(room, room.app.door.registry.get(name), values)
    except AppError as error:
        show(error)
