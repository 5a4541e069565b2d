"""`run`: the whole process, from the lock on its home to an orderly end.

`/status` answers first, then the database is brought up to date, then the parts, the networks and the
control room start. A database that cannot be used gives safe mode instead of an end: a supervisor that
restarts the process would only repeat it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from typing import TYPE_CHECKING

from core import __version__
from core.cli import safe
from core.cli.busy import busy
from core.cli.opening import show, sign_in_link
from core.cli.outside import Outside, Web
from core.cli.runfile import LOCK_WAIT_S, HomeLock, Running, find
from core.cli.spec import Given
from core.cli.terminal import Terminal
from core.config import Settings, load_settings
from core.errors import AppError, StorageFailed
from core.observability.logs import set_up
from core.observability.memory import few_heaps, give_back

if TYPE_CHECKING:
    from core.app import App

FINISH_S = 5.0
"""How long the end waits for answers that are being made and messages that are being sent."""
POLL_S = 0.02
SETTLED_S = 10.0
"""After this long everything is loaded, and what loading left behind is given back."""

log = logging.getLogger(__name__)


def run(given: Given, outside: Outside, terminal: Terminal) -> int:
    """Run until Ctrl+C or a signal to end."""
    settings = load_settings(given.text("home") or None, host=given.text("host") or None, port=given.number("port"))
    set_up(settings.log, settings.log_level, secrets=[one.get_secret_value() for one in settings.secrets.values()])
    with HomeLock(settings.home) as lock:
        if not lock.wait(LOCK_WAIT_S):
            raise busy(settings.home, find(settings.home))
        if given.flag("retry_upgrade"):
            safe.forget(settings.home)
        few_heaps()
        process = Process(settings, outside, terminal, lock, browser=not given.flag("no_browser"))
        return asyncio.run(process.main())


class Stages:
    """Says how far the start is, with the time since it began."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal, self._began = terminal, time.perf_counter()

    def done(self, what: str) -> None:
        """One line."""
        self._terminal.tell(f"{time.perf_counter() - self._began:6.2f} s  {what}")


class Process:
    """One `signalbox run`."""

    def __init__(
        self, settings: Settings, outside: Outside, terminal: Terminal, lock: HomeLock, *, browser: bool = False
    ) -> None:
        self._settings, self._outside, self._terminal, self._lock = settings, outside, terminal, lock
        self._browser = browser
        self._stages = Stages(terminal)
        self._end = asyncio.Event()
        self._token = secrets.token_urlsafe(32)

    def stop(self) -> None:
        """End in order; the second time at once."""
        if self._end.is_set():
            os._exit(130)
        self._terminal.tell("Ending: nothing new is taken, what is being answered is finished …")
        self._end.set()

    async def main(self) -> int:
        """Run until `stop`; the exit code."""
        try:
            with self._signals():
                async with self._outside.web(self._settings) as web, contextlib.AsyncExitStack() as stack:
                    self._stages.done(f"Listening at {web.url}")
                    await asyncio.to_thread(import_module, "core.app")
                    from core.storage import DatabaseError
                    from core.vault import VaultLocked

                    try:
                        app = await stack.enter_async_context(self._opened())
                    except (StorageFailed, VaultLocked, DatabaseError) as error:
                        return await self._stay_down(web, error)
                    return await self._work(web, app)
        except BaseExceptionGroup as group:
            fault = _first(group)
            if not isinstance(fault, AppError):
                raise
            self._terminal.tell(fault.message, *([fault.hint] if fault.hint else []))
            return 1

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[App]:
        """The App, unless this version failed on this database before."""
        from core.app import open_app

        safe.refuse_in_safe_mode(self._settings)
        ports = await asyncio.to_thread(self._outside.ports, self._settings, chats=True)
        async with open_app(self._settings, ports) as app:
            safe.forget(self._settings.home)
            yield app

    async def _work(self, web: Web, app: App) -> int:
        self._stages.done(f"Database ready: {self._settings.database}")
        app.start()
        app.connect()
        self._stages.done("Schedules, deliveries and networks started")
        app.supervisor.supervise("web server", lambda: web.attach(app, self._token))
        self._announce(web)
        await self._greet(web, app)
        loop = asyncio.get_running_loop()
        loop.call_later(SETTLED_S, loop.run_in_executor, None, give_back)  # tens of milliseconds, not on the loop
        await self._end.wait()
        await self._finish(app)
        return 0

    async def _stay_down(self, web: Web, error: Exception) -> int:
        """Safe mode: say why, and wait to be ended."""
        from core.storage import MigrationFailed

        if isinstance(error, MigrationFailed):
            mode = safe.note(self._settings.home, error)
            reason, remedy = mode.reason, mode.remedy
        elif isinstance(error, AppError):
            reason, remedy = error.message, error.hint
        else:
            reason, remedy = (
                f"{self._settings.database} is damaged: {error}.",
                "`signalbox doctor` names the newest backup.",
            )
        backups = self._settings.home / "backups"
        remedy = f"{remedy} Earlier states are in {backups}: end this process, then `signalbox restore FILE`.".lstrip()
        web.down(reason, remedy)
        self._announce(web)
        self._terminal.tell(
            "SAFE MODE: the database cannot be used by this version. Nothing is answered, sent or changed.",
            reason, remedy,
            f"{web.url} says so too. `signalbox doctor`, `backup` and (after Ctrl+C) `restore` work.",
        )  # fmt: skip
        await self._end.wait()
        return 1

    def _announce(self, web: Web) -> None:
        self._lock.announce(
            Running(pid=os.getpid(), address=web.url, token=self._token, version=__version__, started_at=time.time())
        )

    async def _greet(self, web: Web, app: App) -> None:
        """Print the control room's address with a link that signs its owner in once."""
        owner = await app.identity.ensure_owner()
        link = sign_in_link(web.url, await app.access.one_time_link(owner.id))
        self._stages.done("Ready. The control room, signed in by this link once:")
        self._terminal.say(link)
        if self._browser and self._terminal.shows:
            await asyncio.to_thread(show, link)

    async def _finish(self, app: App) -> None:
        """Take nothing new; give what is being answered and sent a moment to end."""
        for network in app.chats:
            app.supervisor.stop(network)
        app.supervisor.stop("schedules")
        until = time.monotonic() + FINISH_S
        while time.monotonic() < until and (app.inbox.waiting or self._sending(app)):  # noqa: ASYNC110 - areas report counts, not events
            await asyncio.sleep(POLL_S)
        log.info("ending; %d arrivals wait for the next start", app.inbox.waiting)

    def _sending(self, app: App) -> bool:
        """Whether messages are on their way to a network that could still take them."""
        return bool(app.outbox.waiting) and any(health.state == "ok" for health in app.health().values())

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first error of a group, storage's own before any other."""
    inner = [_first(one) if isinstance(one, BaseExceptionGroup) else one for one in group.exceptions]
    return next((one for one in inner if isinstance(one, StorageFailed)), inner[0])
