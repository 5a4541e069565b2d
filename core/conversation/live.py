"""What a person sees while an answer is made: a sign of life, then the growing text with a Stop button."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from core.bus import Bus
from core.errors import AppError
from core.events import AnswerGrew
from core.points import reach
from core.ports import Chat
from core.values import Incoming, Sink

SIGN_S = 0.7
"""Answers that take longer show that somebody works on them."""
EVERY_S = 1.0
SIGN_EVERY_S = 8.0
OPENING = "opening"
"""Written in the place of a placeholder's id while it is posted: a process that dies then may have posted it."""

log = logging.getLogger(__name__)
Opened = Callable[[str, str], Awaitable[None]]


class Live:
    """A sink that shows an answer in its network while it grows; edits in between are not durable."""

    def __init__(
        self,
        bus: Bus,
        incoming: Incoming,
        placeholder: str,
        *,
        chat: Chat | None,
        opened: Opened,
        held: Callable[[], bool],
        watcher: Sink | None,
    ) -> None:
        self._bus, self._incoming, self._chat, self._opened = bus, incoming, chat, opened
        self._held, self._watcher = held, watcher
        self._parts: list[str] = []
        self._opening = asyncio.Lock()
        self.placeholder = placeholder

    def text(self, delta: str) -> None:
        """More of the answer."""
        self._parts.append(delta)
        if self._watcher is not None:
            self._watcher.text(delta)
        self._bus.publish(
            AnswerGrew(
                incoming_id=self._incoming.id,
                conversation=self._incoming.place.conversation,
                text="".join(self._parts),
                places=(self._incoming.place.key,),
            )
        )

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """How far it is."""
        if self._watcher is not None:
            self._watcher.progress(done, total, note)

    async def show(self) -> None:
        """Keep the network's view up to date until cancelled."""
        if self._chat is None:
            return
        await asyncio.sleep(SIGN_S)
        shown, sign_in_s = "", 0.0
        while True:
            text = "".join(self._parts)
            try:
                if text != shown and not self._held():  # earlier answers go first
                    await self._grow(self._chat, text)
                    shown = text
                elif sign_in_s <= 0 and not self.placeholder:
                    await self._chat.working(self._incoming)
                    sign_in_s = SIGN_EVERY_S
            except AppError as error:  # the final answer is durable; a lost glimpse of it is not worth more
                log.info("the growing answer was not shown: %s", error)
            await asyncio.sleep(EVERY_S)
            sign_in_s -= EVERY_S

    async def _grow(self, chat: Chat, text: str) -> None:
        if self.placeholder:
            await chat.grow_reply(self._incoming, self.placeholder, text)
            return
        async with self._opening:
            await self._opened(self._incoming.id, OPENING)
            reach("conversation.before_placeholder")
            message_id = await chat.open_reply(self._incoming, text)
            reach("conversation.after_placeholder")
            await self._opened(self._incoming.id, message_id)
            self.placeholder = message_id

    async def close(self, shower: asyncio.Task[None]) -> None:
        """End `show`, but not between posting a placeholder and knowing its id: the answer goes there."""
        async with self._opening:
            shower.cancel()
