"""Sends replies to Discord: posts, edits and deletes, each so that doing it again makes no second message.

Every post carries a nonce made from the message's id, enforced for some minutes. History does not give
nonces back, so after a lost answer or a crash `find` looks for a message of the bot's own, made since, in
the same place, with the same text, the same buttons and the same reference, that is not known to be
another message. Answers to interactions edit what Discord shows as thinking, which may be repeated at will;
only a private answer to a pressed button or to a shown command has neither and may, after a lost answer,
be seen twice by its one reader.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypedDict
from uuid import UUID

from bot.discord.find import History
from bot.discord.interaction import Answerable, answerable
from bot.discord.memory import Recent
from bot.discord.render import Part, render
from bot.discord.rest import NO_DIRECT_MESSAGES, TOKEN_GONE, UNKNOWN_MESSAGE, Refused, Rest
from core.errors import Rejected
from core.ports import Sent
from core.values import Json, Message, Place

EPHEMERAL = 1 << 6
MESSAGE = "/channels/{channel_id}/messages/{message_id}"
MESSAGES = "/channels/{channel_id}/messages"
FOLLOWUPS = "/webhooks/{webhook_id}/{webhook_token}"
FOLLOWUP = "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}"
CLOSED = "I have an answer that only you may see. Allow direct messages from this server's members and ask again."
COVERED = "Answered privately."
WITHHELD = "The answer changed and is for the one who asked alone: ask again."


class Sender:
    """Posts, edits and deletes. Raises Refused, Limited or Unavailable."""

    def __init__(self, rest: Callable[[], Rest]) -> None:
        self._rest = rest
        self.history = History(rest)
        self._direct: Recent[str] = Recent()
        self._more: Recent[tuple[str, ...]] = Recent()
        self._answered: Recent[bool] = Recent()
        self.open_replies: Recent[str] = Recent()
        """Arrival → the message that shows its growing answer; empty while it is being posted."""

    async def send(self, message: Message) -> Sent:
        """Do it once; the id of the first message it became."""
        if message.operation == "delete":
            await self._delete(message)
            sent = Sent(message_id=message.address.message_id)
        elif message.operation == "edit" and message.address.message_id:
            sent = await self._edit(message)
        else:
            sent = await self._post(message)
        self.open_replies.pop(message.about)
        return sent

    async def find(self, message: Message) -> Sent | None:
        """The message if an earlier try arrived. Edits and deletions are done again instead."""
        if message.operation != "post":
            return None
        place, answer = message.address.place, answerable(message.address.respond_url)
        if not _is_hidden(message):
            referenced = answer is None or answer.mode == "pressed"
            return await self.history.find(message, target_of(place), _parts(message), referenced=referenced)
        if answer is not None:
            return None  # nobody can look for what one person alone sees
        channel_id = await self.direct_channel(message.address.person_external_id)
        return await self.history.find(message, channel_id, _parts(message, direct=True), referenced=False)

    async def direct_channel(self, user_id: str) -> str:
        """The id of the direct channel with a person."""
        known = self._direct.get(user_id)
        if known is None:
            if not user_id.isdigit():
                raise Rejected(f"{user_id!r} is not the id of a person in Discord.", hint="An id is a long number.")
            made = await self._rest().call("POST", "/users/@me/channels", {"recipient_id": user_id})
            known = id_of(made)
            self._direct.put(user_id, known)
        return known

    # ── Posting ──

    async def _post(self, message: Message) -> Sent:
        address, hidden = message.address, _is_hidden(message)
        answer = answerable(address.respond_url)
        if answer is not None:
            with _unless_gone():
                sent = await self._respond(answer, message, hidden=hidden)
                if sent is not None:
                    return sent
        opened = await self._opened(message)
        if hidden:
            if opened:  # the beginning was shown to all; the end is not for them
                await self.remove(target_of(address.place), opened)
            return await self._post_directly(message)
        if opened:
            return await self._edit(replace(message, address=replace(address, message_id=opened)))
        return await self._post_parts(message, target_of(address.place), _parts(message), reference=address.reply_to)

    async def _opened(self, message: Message) -> str:
        """The id of the growing answer to the same arrival, when the one who opened it never learnt the id."""
        opened = self.open_replies.get(message.about)
        if opened == "":  # its post was cancelled under way; the same nonce finds it
            address = message.address
            nonce = nonce_of(message.about, 0)
            opened = await self.post(
                target_of(address.place), Part(content="…"), nonce=nonce, reference=address.reply_to
            )
            self.open_replies.put(message.about, opened)
        return opened or ""

    async def _post_parts(
        self, message: Message, channel_id: str, parts: tuple[Part, ...], *, reference: str = ""
    ) -> Sent:
        found = self.history.partly(message.id)
        ids = []
        for index, part in enumerate(parts):
            if index not in found:
                made = await self.post(
                    channel_id, part, nonce=nonce_of(message.id, index), reference="" if index else reference
                )
                found[index] = made
                self.history.learn(made, message.id)
            ids.append(found[index])
        self._more.put(ids[0], tuple(ids[1:]))
        return Sent(message_id=ids[0])

    async def post(self, channel_id: str, part: Part, *, nonce: str, reference: str = "") -> str:
        """Post one message; the same nonce again within minutes is the same message. Its id."""
        body = {**part.body(), "nonce": nonce, "enforce_nonce": True}
        if reference.isdigit():
            body["message_reference"] = {"message_id": reference, "fail_if_not_exists": False}
        return id_of(await self._rest().call("POST", MESSAGES, body, channel_id=channel_id))

    async def _post_directly(self, message: Message) -> Sent:
        """What one person may see, when no interaction hides it: a direct message, or a hint where it was asked."""
        address = message.address
        try:
            channel_id = await self.direct_channel(address.person_external_id)
            return await self._post_parts(message, channel_id, _parts(message, direct=True))
        except Refused as error:
            if error.code not in NO_DIRECT_MESSAGES:
                raise
            nonce = nonce_of(message.id, 999)
            hint = Part(content=CLOSED)
            made = await self.post(target_of(address.place), hint, nonce=nonce, reference=address.reply_to)
            return Sent(message_id=made)

    # ── Interactions ──

    async def _respond(self, answer: Answerable, message: Message, *, hidden: bool) -> Sent | None:
        """Answer through the interaction; None when a message in the channel is the better answer."""
        parts = _parts(message)
        fresh = self._answered.get(answer.id) is None
        if answer.mode == "pressed" and not hidden:
            return None
        done = self.history.partly(message.id)
        covered = fresh and answer.mode == "shown" and hidden
        if covered:  # while it is thinking for all to see, whatever follows takes that place, and is seen by all
            await self.edit_original(answer, Part(content=COVERED))
        elif fresh and answer.mode != "pressed":
            done[0] = await self.edit_original(answer, parts[0])
        quiet = EPHEMERAL if hidden or answer.mode == "quiet" else 0
        for index, part in enumerate(parts):
            if index not in done:
                done[index] = await self._follow_up(answer, part, quiet)
        self._answered.put(answer.id, True)
        if covered:
            await self._remove_followup(answer, "@original")
        ids = [done[index] for index in range(len(parts))]
        self._more.put(ids[0], tuple(ids[1:]))
        return Sent(message_id=ids[0])

    async def edit_original(self, answer: Answerable, part: Part) -> str:
        """Put a text in the place of "thinking"; the message's id."""
        return await self._edit_followup(answer, "@original", part)

    async def _edit_followup(self, answer: Answerable, message_id: str, part: Part) -> str:
        made = await self._rest().call("PATCH", FOLLOWUP, part.body(), **_hook(answer), message_id=message_id)
        return id_of(made)

    async def _follow_up(self, answer: Answerable, part: Part, flags: int) -> str:
        body = part.body()
        body["flags"] = int(str(body["flags"])) | flags
        return id_of(await self._rest().call("POST", FOLLOWUPS, body, **_hook(answer)))

    async def _remove_followup(self, answer: Answerable, message_id: str) -> None:
        try:
            await self._rest().call("DELETE", FOLLOWUP, **_hook(answer), message_id=message_id)
        except Refused as error:
            if error.code != UNKNOWN_MESSAGE:
                raise

    # ── Editing and deleting ──

    async def _edit(self, message: Message) -> Sent:
        address = message.address
        if _is_hidden(message):
            return await self._edit_hidden(message)
        parts, channel_id = _parts(message), target_of(address.place)
        try:
            return await self._edit_parts(message, channel_id, parts)
        except Refused as error:
            if error.code != UNKNOWN_MESSAGE:
                raise
            return await self._post_parts(message, channel_id, parts, reference=address.reply_to)

    async def _edit_hidden(self, message: Message) -> Sent:
        """Edit what one person sees. What all see is taken away, and the new text goes to the person."""
        address = message.address
        answer = answerable(address.respond_url)
        try:
            if answer is not None and answer.mode == "quiet":
                await self._edit_followup(answer, address.message_id, _parts(message)[0])
                return Sent(message_id=address.message_id)
            channel_id = await self.direct_channel(address.person_external_id)
            return await self._edit_parts(message, channel_id, _parts(message, direct=True))
        except Refused:
            await self.remove(target_of(address.place), address.message_id)
            return await self._post(replace(message, address=replace(address, message_id="")))

    async def _edit_parts(self, message: Message, channel_id: str, parts: tuple[Part, ...]) -> Sent:
        first = message.address.message_id
        await self.edit(channel_id, first, parts[0], message.address.respond_url)
        self.history.learn(first, message.id)
        before = self._more.get(first) or ()
        for old in before[len(parts) - 1 :]:
            await self.remove(channel_id, old)
        ids = []
        for index, part in enumerate(parts[1:]):
            if index < len(before):
                await self.edit(channel_id, before[index], part)
                ids.append(before[index])
            else:
                ids.append(await self.post(channel_id, part, nonce=nonce_of(message.id, index + 1)))
        self._more.put(first, tuple(ids))
        return Sent(message_id=first)

    async def edit(self, channel_id: str, message_id: str, part: Part, respond_url: str = "") -> None:
        """Replace a message's text and buttons; through the interaction where it may be seen by one alone."""
        answer = answerable(respond_url)
        if answer is not None:
            with _unless_gone(UNKNOWN_MESSAGE):
                await self._edit_followup(answer, message_id, part)
                return
        await self._rest().call("PATCH", MESSAGE, part.body(), channel_id=channel_id, message_id=message_id)

    async def _delete(self, message: Message) -> None:
        address = message.address
        answer = answerable(address.respond_url)
        if answer is not None and answer.mode == "quiet":
            with _unless_gone():
                return await self._remove_followup(answer, address.message_id)
        channel_id = target_of(address.place)
        if _is_hidden(message):
            channel_id = await self.direct_channel(address.person_external_id)
        for message_id in (address.message_id, *(self._more.get(address.message_id) or ())):
            await self.remove(channel_id, message_id)

    async def remove(self, channel_id: str, message_id: str) -> None:
        """Delete a message of the bot's own; one that is gone is fine."""
        try:
            await self._rest().call("DELETE", MESSAGE, channel_id=channel_id, message_id=message_id)
        except Refused as error:
            if error.code != UNKNOWN_MESSAGE:
                raise


@contextmanager
def _unless_gone(*others: int) -> Iterator[None]:
    """Swallows the refusal of a token that is too old, so that the caller goes another way."""
    try:
        yield
    except Refused as error:
        if error.code not in TOKEN_GONE and error.code not in others:
            raise


def nonce_of(message_id: str, index: int) -> str:
    """At most 25 characters that are the same for every try of a part; message_id is a UUID."""
    return urlsafe_b64encode(UUID(message_id).bytes).decode().rstrip("=") + str(index)


def target_of(place: Place) -> str:
    """The channel to write into: the thread, when there is one."""
    return place.thread_id or place.channel_id


def id_of(made: Json) -> str:
    """The id of what Discord made."""
    return str(made["id"]) if isinstance(made, dict) else ""


def _is_hidden(message: Message) -> bool:
    return bool(message.address.person_external_id) and message.address.place.kind != "direct"


def _parts(message: Message, *, direct: bool = False) -> tuple[Part, ...]:
    address, reply = message.address, message.reply
    if reply.private and not address.person_external_id and address.place.kind != "direct":
        return (Part(content=WITHHELD),)
    note = f"About your message in <#{target_of(address.place)}>" if direct else ""
    return render(reply, note=note)


class _Hook(TypedDict):
    webhook_id: str
    webhook_token: str


def _hook(answer: Answerable) -> _Hook:
    return {"webhook_id": answer.application_id, "webhook_token": answer.token}
