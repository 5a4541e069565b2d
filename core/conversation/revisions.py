"""A question that is edited gets its answer updated, one that is deleted gets it withdrawn."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace

from core.codec import decode
from core.conversation.settling import Settling
from core.conversation.turn import Turn
from core.errors import AppError, Limited, Unavailable
from core.inbox import Inbox
from core.outbox import answer_of
from core.ports import Chat
from core.storage import Storage
from core.values import Address, Incoming, Message, Reply

LOOK_S = 30.0
AGAIN_S = 0.5

log = logging.getLogger(__name__)
Again = Callable[[Turn], Awaitable[None]]


class Revisions:
    """Finds the answer to an earlier message and sends what it is now."""

    def __init__(self, storage: Storage, inbox: Inbox, settling: Settling, again: Again) -> None:
        self._storage, self._inbox, self._settling, self._again = storage, inbox, settling, again

    async def edited(self, turn: Turn) -> None:
        """Answer the new text in the place of the old answer. What changed something is not run again."""
        original = await self._original(turn.incoming)
        if original is None:
            turn.ignore("an edit of something that was not answered")
            return
        earlier, answer = original
        asked = Turn(replace(earlier, text=turn.incoming.text, received_at=turn.incoming.received_at), actor=turn.actor)
        if turn.incoming.text.strip() == earlier.text.strip():
            turn.ignore("an edit that changed nothing")
            return
        await self._again(asked)
        turn.secret, turn.question = asked.secret, asked.question
        if asked.reply is None:
            turn.ignore("an edited command is not run again")
            return
        await self._end(turn, "the answer was updated", answer, asked)

    async def deleted(self, turn: Turn) -> None:
        """Withdraw the answer to a deleted message."""
        original = await self._original(turn.incoming)
        if original is None:
            turn.ignore("the deletion of something that was not answered")
            return
        _, answer = original
        await self._end(turn, "the answer was withdrawn", answer, None)

    async def opened_before(self, chat: Chat, incoming: Incoming) -> str:
        """The id of the placeholder that was posted before its id was written down, or an empty one.

        Waits at most 30 s for a network that is not connected yet; a placeholder left behind is then the
        smaller evil than no answer.
        """
        address = Address(place=incoming.place, reply_to=incoming.message_id)
        probe = Message(id=incoming.id, address=address, reply=Reply(text=""), created_at=incoming.received_at)
        until = time.monotonic() + LOOK_S
        while True:
            try:
                found = await chat.find(probe)
                return found.message_id if found else ""
            except AppError as error:
                if time.monotonic() > until or not isinstance(error, Unavailable | Limited):
                    log.info("a growing answer to %s was not looked for: %s", incoming.id, error)
                    return ""
            await asyncio.sleep(AGAIN_S)

    async def _original(self, incoming: Incoming) -> tuple[Incoming, Message] | None:
        known = await self._inbox.known(incoming.place.network, incoming.place.key, incoming.message_id)
        arrived = await self._inbox.get(known[0]) if known else None
        answer = await self._storage.read(answer_of, known[0]) if known else None
        if arrived is None or answer is None:
            return None
        message = decode(Message, answer[1])
        return arrived[0], replace(message, address=replace(message.address, message_id=answer[3]))

    async def _end(self, turn: Turn, how: str, answer: Message, asked: Turn | None) -> None:
        turn.ignore(how)
        await self._settling.revise(turn, answer, asked)
        turn.settled = True
