"""Socket Mode that tells the truth: each socket is watched, ended when it is mute, and opened again with a brake.

Slack's own library replaces a socket when Slack asks for it; everything else (a cut, a mute socket, a
refusal) ends here, is closed for good and begins anew, so that no socket is left behind.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.slack.web import TokenRefused, Web
from core.errors import AppError, Limited, Rejected, Unavailable
from core.ports import Health
from core.values import now, spoken_age

if TYPE_CHECKING:
    from aiohttp import WSMessage
    from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
    from slack_bolt.async_app import AsyncApp

SHORT_FRAME = 2_000
CROWDED = "too_many_websockets"

log = logging.getLogger(__name__)
library_log = logging.getLogger("signalbox.slack.socket")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds of the watch over a socket."""

    ping_s: float = 10.0
    stale_s: float = 45.0
    """Nothing received for so long, not even an answer to a ping: the socket is dead."""
    check_s: float = 60.0
    """How often the token is tried."""
    look_s: float = 0.25
    connect_s: float = 10.0
    close_s: float = 1.0
    first_s: float = 1.0
    longest_s: float = 60.0
    calm_s: float = 60.0
    """A socket that lived so long is replaced at once; one that died sooner makes the next one wait longer."""
    crowded_s: float = 30.0
    refused_s: float = 300.0
    storm: int = 10
    """More sockets than this in a minute is a storm: wait."""


class Ended(Exception):
    """A socket is done with; the text says why, `wait_s` how long to leave Slack alone at least."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Connection:
    """One socket at a time, until cancelled."""

    def __init__(
        self,
        app: AsyncApp,
        web: Web,
        app_token: str,
        timing: Timing,
        *,
        before: Callable[[], Awaitable[None]],
        opened: Callable[[], None],
    ) -> None:
        self._app, self._web, self._app_token, self._timing = app, web, app_token, timing
        self._before, self._opened = before, opened
        self._wake = asyncio.Event()
        self._greeted = asyncio.Event()
        self._hellos: deque[float] = deque(maxlen=timing.storm + 1)
        self._replacing_since: float | None = None
        self._ends = ""
        self._received_at: datetime | None = None
        self._state: Health = Health(state="starting", detail="Connecting to Slack.")

    def health(self) -> Health:
        """The socket as it is now."""
        return Health(state=self._state.state, detail=self._state.detail, last_received_at=self._received_at)

    async def run(self) -> None:
        """Keep a socket open until cancelled."""
        wait_s = 0.0
        while True:
            began = time.monotonic()
            reason, least_s = await self._once()
            lived_s = time.monotonic() - began
            wait_s = 0.0 if lived_s > self._timing.calm_s else wait_s
            pause_s = max(wait_s, least_s)
            log.warning("the connection to Slack ended: %s; next one in %.0f s", reason, pause_s)
            if self._state.state != "failed":
                self._set("degraded", f"{reason} Next try in {spoken_age(timedelta(seconds=pause_s))}.")
            await asyncio.sleep(pause_s)
            wait_s = min(self._timing.longest_s, max(self._timing.first_s, wait_s * 2))

    async def _once(self) -> tuple[str, float]:
        """One socket from opening to end: why it ended, and how long to wait at least."""
        try:
            await self._before()
            url = await self._web.new_socket(self._app_token)
            await self._serve(url)
        except Ended as end:
            return str(end), end.wait_s
        except TokenRefused as error:
            self._set("failed", str(error))
            return error.message, self._timing.refused_s
        except Limited as error:
            return error.message, error.retry_after_s
        except Rejected as error:
            self._set("failed", str(error))
            return error.message, self._timing.refused_s
        except AppError as error:
            return error.message, 0.0
        return "The socket was closed.", 0.0

    async def _serve(self, url: str) -> None:
        from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

        handler = AsyncSocketModeHandler(
            self._app, self._app_token, logger=library_log, ping_interval=self._timing.ping_s
        )
        client = handler.client
        client.default_auto_reconnect_enabled = client.auto_reconnect_enabled = False
        client.last_ping_pong_time = 0.0  # so that any other value is a real answer to a ping
        client.wss_uri = url
        client.on_message_listeners.append(self._frame)
        self._greeted.clear()
        self._wake.clear()
        self._replacing_since, self._ends = None, ""
        try:
            try:
                async with asyncio.timeout(self._timing.connect_s):
                    await handler.connect_async()  # type: ignore[no-untyped-call]
                    while not self._greeted.is_set():
                        await self._wake.wait()
                        self._wake.clear()
                        self._look_at_frames()
            except TimeoutError:
                raise Ended("Slack did not open a socket in time.") from None
            await self._watch(handler)
        finally:
            await self._close(handler)

    async def _close(self, handler: AsyncSocketModeHandler) -> None:
        """Leave nothing of it behind, also when the other side does not answer the goodbye."""
        client = handler.client
        with suppress(Exception):
            async with asyncio.timeout(self._timing.close_s):
                await handler.close_async()  # type: ignore[no-untyped-call]
        client.closed = True
        tasks = {
            task for task in (client.message_processor, client.current_session_monitor, client.message_receiver)
            if task is not None
        }  # fmt: skip
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.aiohttp_client_session.close()

    # ── Watching ──

    async def _frame(self, message: WSMessage) -> None:
        """Every text frame of the socket, before it is worked on."""
        self._received_at = now()
        text = message.data
        if not isinstance(text, str) or len(text) > SHORT_FRAME:
            return
        with suppress(ValueError):
            frame = json.loads(text)
            if isinstance(frame, dict):
                self._noticed(str(frame.get("type")), str(frame.get("reason")))

    def _noticed(self, kind: str, reason: str) -> None:
        if kind == "hello":
            self._hellos.append(time.monotonic())
            self._replacing_since = None
            self._set("ok", "")
            self._greeted.set()
            self._wake.set()
            self._opened()
        elif kind == "disconnect":
            self._replacing_since = time.monotonic()
            if reason in (CROWDED, "link_disabled"):
                self._ends = reason
            self._wake.set()

    async def _watch(self, handler: AsyncSocketModeHandler) -> None:
        """Return never; raises Ended, or TokenRefused when the token stopped working."""
        check_at = time.monotonic() + self._timing.check_s
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._timing.look_s):
                    await self._wake.wait()
            self._wake.clear()
            self._look_at_frames()
            self._look_at_socket(handler)
            if time.monotonic() >= check_at:
                await self._try_token()
                check_at = time.monotonic() + self._timing.check_s

    def _look_at_frames(self) -> None:
        if self._ends == CROWDED:
            raise Ended(
                "Slack has 10 sockets of this app open already: stop other copies of the bot.", self._timing.crowded_s
            )
        if self._ends == "link_disabled":
            self._set("failed", "Socket Mode is turned off for this app. Turn it on at api.slack.com/apps.")
            raise Ended("Socket Mode is turned off for this app.", self._timing.refused_s)
        if len(self._hellos) > self._timing.storm and self._hellos[-1] - self._hellos[0] < 60:
            self._hellos.clear()
            raise Ended("Slack closed many sockets in a row.", self._timing.crowded_s)

    def _look_at_socket(self, handler: AsyncSocketModeHandler) -> None:
        client, timing = handler.client, self._timing
        if client.last_ping_pong_time:
            pong_at = datetime.fromtimestamp(client.last_ping_pong_time, UTC)
            self._received_at = max(pong_at, self._received_at or pong_at)
        age_s = (now() - self._received_at).total_seconds() if self._received_at else 0.0
        if age_s > timing.stale_s:
            raise Ended(f"Nothing came from Slack for {age_s:.0f} s, not even an answer to a ping.")
        session = client.current_session
        if session is not None and not session.closed:
            return
        replacing = self._replacing_since is not None
        if not replacing or time.monotonic() - (self._replacing_since or 0.0) > timing.connect_s:
            raise Ended("The socket was cut.")

    async def _try_token(self) -> None:
        try:
            await self._web.read("auth.test")
        except TokenRefused:
            raise
        except (Unavailable, Limited) as error:
            self._set("degraded", f"Messages arrive, but Slack does not take any: {error.message}")
        else:
            self._set("ok", "")

    def _set(self, state: str, detail: str) -> None:
        self._state = Health(state=state, detail=detail)  # type: ignore[arg-type]  # one of Health's words
