"""What is seen while an answer is made: a status, then the growing text with a Stop button."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.slack.mrkdwn import unpinged
from bot.slack.render import actions, opening, stop_button
from bot.slack.send import Sender, tag
from bot.slack.web import Refused, Web
from core.errors import AppError, Limited, Unavailable
from core.values import Address, Incoming, Message, Place, Reply

STATUS = "is looking that up…"
CHUNK = 11_000
"""Slack takes 12,000 characters of Markdown in one call."""
FIND_AFTER_S = 0.3
KEPT = 1_000

log = logging.getLogger(__name__)
T = TypeVar("T")
V = TypeVar("V")


class Start(Protocol):
    """Runs something beside; what it raises is logged and its result is then None."""

    def __call__(self, work: Coroutine[object, object, T]) -> asyncio.Task[T | None]:
        """The running task."""
        ...


@dataclass(slots=True)
class _Open:
    """An answer that grows. shown None: it is edited as a whole, not streamed."""

    place: Place
    ts: str
    shown: str | None
    call: asyncio.Task[None] | None = None


class Streams:
    """Answers of one workspace that are being made."""

    def __init__(self, web: Web, sender: Sender, start: Start) -> None:
        self._web, self._sender, self._start = web, sender, start
        self._open: dict[str, _Open] = {}
        self._statuses: dict[str, tuple[str, str]] = {}
        self._streams = True
        self._quiet_until = 0.0

    # ── Status ──

    async def working(self, incoming: Incoming) -> None:
        """Show `… is looking that up` under the name of the bot; Slack takes it away after two minutes."""
        place = incoming.place
        thread = place.thread_id or incoming.message_id
        if not thread:
            return
        self._statuses[incoming.id] = (place.channel_id, thread)
        _trim(self._statuses)
        await self._status(place.channel_id, thread, STATUS)

    def done(self, about: str) -> None:
        """The answer is there: its status goes."""
        where = self._statuses.pop(about, None)
        if where is not None:
            with suppress(Unavailable):  # Slack takes it away by itself
                self._start(self._status(*where, ""))

    async def _status(self, channel_id: str, thread: str, status: str) -> None:
        try:
            await self._web.write("assistant.threads.setStatus", channel_id=channel_id, thread_ts=thread, status=status)
        except AppError as error:  # not every workspace and channel shows one
            log.debug("no status in %s: %s", channel_id, error)

    # ── Growing text ──

    async def open(self, incoming: Incoming, text: str) -> str:
        """Post the beginning; its timestamp. Cancelled while the call is on its way, it takes the message back."""
        call = self._start(self._opened(incoming, text))
        try:
            opened = await asyncio.shield(call)
        except asyncio.CancelledError:
            with suppress(Unavailable):  # the process ends: the next one finds it and goes on with it
                self._start(self._take_back(incoming, call))
            raise
        if isinstance(opened, AppError):
            raise opened
        if opened is None:
            raise Unavailable("The beginning of the answer could not be shown.")
        return opened

    async def grow(self, incoming: Incoming, ts: str, text: str) -> None:
        """Show the whole text so far. What cannot be shown now is shown with the next call."""
        if time.monotonic() < self._quiet_until:
            return
        one = self._open.setdefault(ts, _Open(place=incoming.place, ts=ts, shown=None))
        if one.call is not None and not one.call.done():
            return
        with suppress(Unavailable):
            one.call = self._start(self._grown(incoming, one, text))
            await asyncio.shield(one.call)

    async def settle(self, ts: str) -> None:
        """Wait for what is on its way to a growing answer, so that its last edit is the last."""
        one = self._open.pop(ts, None)
        if one is None:
            return
        if one.call is not None and not one.call.done():
            await asyncio.wait({one.call})
        if one.shown is not None:
            try:
                await self._web.write("chat.stopStream", channel=one.place.channel_id, ts=ts)
            except AppError as error:
                log.debug("the stream %s was not ended: %s", ts, error)

    async def _opened(self, incoming: Incoming, text: str) -> str | AppError:
        """The timestamp, or what went wrong: a task in the group must not end the others."""
        try:
            one = await self._started_or_found(incoming, text)
        except AppError as error:
            return error
        self._open[one.ts] = one
        _trim(self._open)
        self._sender.remember(one.ts, [one.ts])
        return one.ts

    async def _started_or_found(self, incoming: Incoming, text: str) -> _Open:
        try:
            return await self._started(incoming, text)
        except Unavailable as error:
            if error.sent is not None:
                raise
            found = await self._look(incoming)
            if found is None:
                raise
            return _Open(place=incoming.place, ts=found, shown=None)

    async def _started(self, incoming: Incoming, text: str) -> _Open:
        place = incoming.place
        if self._streams and place.thread_id and len(text) <= CHUNK:
            try:
                return _Open(place=place, ts=await self._start_stream(incoming, text), shown=text)
            except Refused as error:
                log.info("answers are edited instead of streamed: %s", error)
                self._streams = False
        ts = await self._sender.post_part(place, incoming.id, 0, opening(text, incoming.id))
        return _Open(place=place, ts=ts, shown=None)

    async def _start_stream(self, incoming: Incoming, text: str) -> str:
        team, _, user = incoming.sender.external_id.rpartition("/")
        chunks: list[dict[str, object]] = [{"type": "blocks", "blocks": actions([stop_button(incoming.id)])}]
        if text:
            chunks.append({"type": "markdown_text", "text": unpinged(text)})
        direct = incoming.place.kind == "direct"
        body = await self._web.write(
            "chat.startStream",
            channel=incoming.place.channel_id,
            thread_ts=incoming.place.thread_id,
            recipient_user_id=None if direct else user,
            recipient_team_id=None if direct else team or incoming.place.workspace_id,
            chunks=chunks,
        )
        return str(body["ts"])

    async def _grown(self, incoming: Incoming, one: _Open, text: str) -> None:
        try:
            if one.shown is not None and text.startswith(one.shown):
                added = text[len(one.shown) :][:CHUNK]
                if added:
                    await self._web.write(
                        "chat.appendStream",
                        channel=one.place.channel_id,
                        ts=one.ts,
                        chunks=[{"type": "markdown_text", "text": unpinged(added)}],
                    )
                    one.shown += added
                return
            one.shown = None  # the text was rewritten; from here it is edited as a whole
            part = opening(text, incoming.id)
            await self._sender.update(one.place.channel_id, one.ts, part, tag(incoming.id, 0))
        except Limited as error:
            self._quiet_until = time.monotonic() + error.retry_after_s
        except Unavailable as error:
            if error.sent is None:
                one.shown = None  # it may be there already: the next time all of it is shown anew
            log.debug("the growing answer was not shown: %s", error)
        except AppError as error:
            one.shown = None
            log.debug("the growing answer was not shown: %s", error)

    async def _look(self, incoming: Incoming) -> str | None:
        await asyncio.sleep(FIND_AFTER_S)
        probe = Message(
            id=incoming.id,
            address=Address(place=incoming.place),
            reply=Reply(text=""),
            created_at=incoming.received_at,
        )
        return (await self._sender.posted(probe)).get(0)

    async def _take_back(self, incoming: Incoming, call: asyncio.Task[str | AppError | None]) -> None:
        """Delete a beginning whose id nobody learned: the answer is posted as a message of its own."""
        try:
            ts = await call
            if not isinstance(ts, str):
                return
            await self.settle(ts)
            await self._web.write("chat.delete", channel=incoming.place.channel_id, ts=ts)
        except AppError as error:
            log.info("a beginning of an answer may be left in %s: %s", incoming.place.channel_id, error)


def _trim(held: dict[str, V]) -> None:
    """Forget the oldest of what was never ended."""
    if len(held) > KEPT:
        held.pop(next(iter(held)))
