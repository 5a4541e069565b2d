"""Takes what Slack hands over: it is written down before Slack is told that it arrived."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from bot.slack.directory import Directory
from bot.slack.modals import FORM, Modals
from bot.slack.translate import Arrival, Left, Me, incoming_of, markdown_of, read
from core.errors import AppError
from core.ports import Intake
from core.values import IncomingKind

if TYPE_CHECKING:
    from slack_bolt.response import BoltResponse

LOOK_UP_S = 1.5
"""What looking a sender up may take of the 3 s until Slack sends the event again."""

log = logging.getLogger(__name__)
WhenLeft = Callable[[str, str], Awaitable[None]]


class Receiver:
    """The middleware before Slack's acknowledgement."""

    def __init__(
        self,
        me: Me,
        directory: Directory,
        intake: Intake,
        modals: Modals,
        ready: Callable[[str], Awaitable[None]],
        missed: Callable[[str, datetime], None],
        when_left: WhenLeft | None,
    ) -> None:
        self._me, self._directory, self._intake, self._modals = me, directory, intake, modals
        self._ready, self._missed, self._when_left = ready, missed, when_left
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, body: Mapping[str, object]) -> BoltResponse:
        """Store it and return the acknowledgement. Whatever is raised here keeps Slack from getting one."""
        try:
            found = read(body, self._me)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.warning("a payload of Slack could not be read: %s", body.get("type"), exc_info=True)
            return _taken()
        if isinstance(found, Left):
            await self._left(found)
        elif found is not None and found.kind is IncomingKind.PRESS and found.value.startswith(FORM):
            await self._modals.open(found, await self._directory.place(found.channel_id, found.channel_type))
        elif found is not None:
            if found.kind is IncomingKind.MESSAGE:
                await self._ready(found.channel_id)
            await self.accept(found)
        return _taken()

    async def accept(self, arrival: Arrival) -> bool:
        """Hand it to the intake, in the order of arrival within a channel; False when it was here before."""
        order = self._orders.setdefault(arrival.channel_id, asyncio.Lock())
        async with order:
            try:
                async with asyncio.timeout(LOOK_UP_S):
                    sender = await self._directory.sender(arrival)
                    place = await self._directory.place(arrival.channel_id, arrival.channel_type)
            except TimeoutError:
                sender, place = self._directory.roughly(arrival)
            text = markdown_of(arrival.text, self._me, self._directory.name_of)
            try:
                return await self._intake.accept(incoming_of(arrival, sender, place, text, self._me))
            except AppError:
                if arrival.kind is IncomingKind.MESSAGE:
                    self._missed(arrival.channel_id, arrival.sent_at)
                raise

    async def _left(self, left: Left) -> None:
        self._directory.forget(left.channel_id)
        if self._when_left is not None:
            place = await self._directory.place(left.channel_id)
            await self._when_left(self._directory.external_id(left.user_id), place.key)


def _taken() -> BoltResponse:
    from slack_bolt.response import BoltResponse

    return BoltResponse(status=200, body="")
