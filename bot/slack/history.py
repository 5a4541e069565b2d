"""Fetches what was said while nobody listened, and joins it to what came by socket.

Slack keeps no events for an app that is away; history alone has them. What is read here goes through the
same intake as an event, where the channel's and the message's id make a second copy no second message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import cast

from bot.slack.directory import Directory, cursor_of
from bot.slack.translate import Arrival, Me, from_history
from bot.slack.web import Refused, Web
from core.errors import AppError, Limited
from core.values import Place, now

OVERLAP_S = 300.0
"""Read this much again: an event may be lost while later ones arrive. A copy costs nothing."""
LONGEST_S = 7 * 86_400.0
THREADS_S = 2 * 86_400.0
"""A thread that began this long before is looked at for new replies."""
PAGE = 200
PAGES = 25
WAIT_S = 2.0
"""What a live message waits for earlier ones of its channel; Slack wants its answer within 3 s."""
AGAIN_S = 5.0
FREE_CALLS = 40
CALL_EVERY_S = 1.3
"""Slack allows about 50 of these calls a minute."""

log = logging.getLogger(__name__)
Newest = Callable[[str], Awaitable[Mapping[str, tuple[str, datetime]]]]
Accept = Callable[[Arrival], Awaitable[bool]]
Found = list[Mapping[str, object]]


class History:
    """Reads each place from the last message known there, after every connect."""

    def __init__(self, web: Web, directory: Directory, me: Me, newest: Newest, accept: Accept) -> None:
        self._web, self._directory, self._me, self._newest, self._accept = web, directory, me, newest, accept
        self._floors: dict[str, float] = {}
        self._floor: float | None = None
        self._wanted, self._step = asyncio.Event(), asyncio.Event()
        self._pending = False
        self._read: set[str] = set()
        self._calls = 0

    async def remember(self) -> None:
        """Note what is known before listening begins; what an unfinished reading noted stays."""
        known = await self._newest("slack")
        for key, (_, sent_at) in known.items():
            self._floors.setdefault(key.rpartition("/")[2], sent_at.timestamp() - OVERLAP_S)
        if known and self._floor is None:
            self._floor = max(sent_at.timestamp() for _, sent_at in known.values()) - OVERLAP_S

    def want(self) -> None:
        """Read again: a socket was opened."""
        self._pending, self._read = True, set()
        self._wanted.set()

    def missed(self, channel_id: str, sent_at: datetime) -> None:
        """Read again, from a message on that could not be stored: Slack sends it three times more at most."""
        floor = sent_at.timestamp() - 1.0
        self._floors[channel_id] = min(floor, self._floors.get(channel_id, floor))
        self._floor = floor if self._floor is None else self._floor
        self.want()

    async def ready(self, channel_id: str) -> None:
        """Return when the channel is read up to now, or after 2 s."""
        try:
            async with asyncio.timeout(WAIT_S):
                while self._pending and channel_id not in self._read:
                    await self._step.wait()
        except TimeoutError:
            log.info("a message in %s goes before older ones that are still being read", channel_id)

    async def run(self) -> None:
        """Read whenever it is wanted, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            try:
                await self.catch_up()
            except AppError as error:
                log.warning("missed messages could not be read yet: %s", error)
                self._finish()
                retry_s = error.retry_after_s if isinstance(error, Limited) else AGAIN_S
                await asyncio.sleep(retry_s)
                self._wanted.set()

    async def catch_up(self) -> int:
        """Hand in everything that was missed; how many of it were new."""
        await self.remember()
        new = 0
        if self._floor is not None:
            self._calls = 0
            places = await self._directory.joined()
            places.sort(key=lambda one: -self._floors.get(one[0].channel_id, 0.0))
            for place, channel_type in places:
                new += await self._patiently(place, channel_type)
                self._done(place.channel_id)
        self._floors, self._floor = {}, None
        self._finish()
        if new:
            log.info("%d missed messages were read from history", new)
        return new

    async def _patiently(self, place: Place, channel_type: str) -> int:
        """Read one place; Slack's wish for silence is kept, a place that cannot be read is left out."""
        while True:
            try:
                return await self._place(place, channel_type)
            except Limited as error:
                await asyncio.sleep(error.retry_after_s)
            except Refused as error:
                log.info("%s is not read: %s", place.channel_id, error)
                return 0

    async def _place(self, place: Place, channel_type: str) -> int:
        assert self._floor is not None
        floor = max(self._floors.get(place.channel_id, self._floor), now().timestamp() - LONGEST_S)
        listed = await self._pages("conversations.history", channel=place.channel_id, oldest=f"{floor - THREADS_S:.6f}")
        found = [one for one in listed if float(str(one["ts"])) > floor]
        for parent in listed:
            if float(str(parent.get("latest_reply") or 0)) > floor:
                replies = await self._pages(
                    "conversations.replies", channel=place.channel_id, ts=parent["ts"], oldest=f"{floor:.6f}"
                )
                found += [one for one in replies if one["ts"] != parent["ts"]]
        new = 0
        for one in sorted(found, key=lambda one: float(str(one["ts"]))):
            arrival = from_history(one, place.channel_id, channel_type, self._me)
            if arrival is not None:
                new += await self._take(arrival)
        return new

    async def _take(self, arrival: Arrival) -> bool:
        """Hand it in; what nobody can read holds up nothing else."""
        try:
            return await self._accept(arrival)
        except AppError:
            raise
        except Exception:
            log.exception("the message %s in %s could not be taken", arrival.message_id, arrival.channel_id)
            return False

    async def _pages(self, method: str, **arguments: object) -> Found:
        found: Found = []
        cursor: str | None = None
        for _ in range(PAGES):
            self._calls += 1
            if self._calls > FREE_CALLS:
                await asyncio.sleep(CALL_EVERY_S)
            body = await self._web.read(method, **arguments, limit=PAGE, cursor=cursor)
            found += cast("Found", body["messages"])
            before, cursor = cursor, cursor_of(body) or None
            if cursor in (None, before):
                break
        return found

    def _done(self, channel_id: str) -> None:
        self._read.add(channel_id)
        step, self._step = self._step, asyncio.Event()
        step.set()

    def _finish(self) -> None:
        self._pending = False
        self._done("")
