"""`do`, `ask` and `chat` without a process that runs: an App of their own, for as long as the command takes.

The App lives in a thread with its loop; what is typed stays in the main thread, where Ctrl+C arrives.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import TypeVar

from core import __version__
from core.actions import Context
from core.app import App, open_app
from core.cli.busy import busy
from core.cli.client import Client, NotAnswering, Refused
from core.cli.outside import Outside
from core.cli.quick import Talk
from core.cli.runfile import LOCK_WAIT_S, HomeLock, Running, find
from core.cli.safe import refuse_in_safe_mode
from core.cli.spec import Given
from core.cli.talking import talked
from core.cli.terminal import Terminal
from core.codec import plain
from core.config import Settings, load_settings
from core.conversation import Said
from core.errors import AppError, InvalidInput
from core.values import Caller

T = TypeVar("T")


def talk(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Say what was given to the process that runs, or to a private one."""
    kind = given.text("kind")
    words = given.words("command") or given.words("question")
    if kind != "chat" and not " ".join(words).strip():
        raise InvalidInput("Nothing was said.", hint="`--help` shows an example.")
    if kind == "do" and len(words) > 1:
        from core.cli.quick import requoted

        words = tuple(map(requoted, words))
    said = Talk(
        kind=kind, text=" ".join(words), home=given.text("home"), json=given.flag("json"), yes=given.flag("yes")
    )
    settings = load_settings(given.text("home") or None)
    with HomeLock(settings.home) as lock:
        if lock.wait(LOCK_WAIT_S):
            lock.announce(Running(pid=os.getpid(), version=__version__, started_at=time.time()))
            refuse_in_safe_mode(settings)
            with PrivateTalker(settings, outside) as talker:
                return talked(said, talker, terminal, outside.screen)
    found = find(settings.home)
    if found is not None and found.address:
        return talked(said, Client(found), terminal, outside.screen)
    raise busy(settings.home, found)


class Watcher:
    """Implements Sink: hands on what happens meanwhile."""

    def __init__(self, on_text: Callable[[str], None], on_progress: Callable[[int, int | None, str], None]) -> None:
        self._text, self._progress = on_text, on_progress

    def text(self, delta: str) -> None:
        """More of the answer's text."""
        self._text(delta)

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """How far it is."""
        self._progress(done, total, note)


class PrivateTalker:
    """Implements Talker by an App of its own. Enter it first; leaving it closes the App in order."""

    def __init__(self, settings: Settings, outside: Outside) -> None:
        self._settings, self._outside = settings, outside
        self._ready: concurrent.futures.Future[App] = concurrent.futures.Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._live()), name="signalbox")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._end = asyncio.Event()
        self._owner = ""

    def __enter__(self) -> PrivateTalker:
        self._thread.start()
        try:
            self._ready.result()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()

    def say(
        self,
        text: str,
        conversation: str,
        *,
        on_text: Callable[[str], None],
        on_progress: Callable[[int, int | None, str], None],
    ) -> dict[str, object]:
        """The answer, in the form the API gives it."""
        return self._run(self._say(text, conversation, Watcher(on_text, on_progress)))

    def call(self, action: str, arguments: Mapping[str, object], *, confirm: str = "") -> object:
        """The result of an action. Raises Refused."""
        return self._run(self._call(action, arguments, confirm))

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        try:
            ports = self._outside.ports(self._settings, chats=False)
            async with open_app(self._settings, ports) as app:
                self._owner = (await app.identity.ensure_owner()).id
                app.supervisor.supervise("conversations", app.conversations.run)
                app.supervisor.supervise("background commands", app.door.jobs.run)
                self._ready.set_result(app)
                await self._end.wait()
        except BaseException as error:
            if self._ready.done():
                raise
            self._ready.set_exception(error)

    def _leave(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            with contextlib.suppress(RuntimeError):  # it closed in between
                self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()

    def _run(self, work: Coroutine[object, object, T]) -> T:
        loop = self._loop
        assert loop is not None
        future = asyncio.run_coroutine_threadsafe(work, loop)
        try:
            while self._thread.is_alive():
                try:
                    return future.result(timeout=0.5)
                except concurrent.futures.TimeoutError:
                    if future.done():
                        raise
            raise NotAnswering("it ended")
        except KeyboardInterrupt:
            future.cancel()
            raise
        except AppError as error:
            raise Refused({"title": error.title, "detail": error.message, "hint": error.hint}) from error

    async def _say(self, text: str, conversation: str, sink: Watcher) -> dict[str, object]:
        app = self._ready.result()
        caller = Caller(network="terminal", external_id=self._owner, through="this machine")
        said = await app.conversations.say(caller, text, network="terminal", conversation=conversation, sink=sink)
        return answer_of(said)

    async def _call(self, action: str, arguments: Mapping[str, object], confirm: str) -> object:
        app = self._ready.result()
        caller = Caller(network="terminal", external_id=self._owner, through="this machine")
        ctx = Context(caller=caller, confirm=confirm)
        given = plain(dict(arguments))
        assert isinstance(given, dict)
        if confirm:
            asked = await app.door.confirmations.get(confirm)
            if asked.approver:
                return (await app.answers.approve(replace(ctx, confirm=""), confirm)).json
        return (await app.door.dispatch(ctx, action, given)).json


def answer_of(said: Said) -> dict[str, object]:
    """An answer in the form of `POST /api/v1/chat`."""
    reply = plain(said.reply)
    assert isinstance(reply, dict)
    return {
        "conversation": said.conversation,
        "id": said.incoming_id,
        "outcome": said.outcome,
        "sources": reply.pop("sources"),
        "producedBy": reply.pop("produced_by"),
        "reply": reply,
    }
