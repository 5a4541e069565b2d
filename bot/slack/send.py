"""Posts, edits and deletes a message once, and finds what an earlier try of it left behind.

A message that was cut is several Slack messages; each carries the id of the whole and its own number as
metadata. What is seen by one person only cannot be looked up afterwards, so when its answer was lost it
may be shown twice: better than not at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast

from bot.slack.directory import Directory, cursor_of
from bot.slack.render import Part, render
from bot.slack.web import Refused, Web
from core.errors import AppError, Limited, Unavailable
from core.ports import Sent
from core.values import Address, Message, Place

EVENT_TYPE = "signalbox_message"
KEPT = 2_000
BEFORE = timedelta(minutes=2)
"""Slack's clock and ours may differ: what is looked for may be dated a little earlier."""
PAGES = 10
_OUTSIDE = frozenset({"not_in_channel", "channel_not_found", "user_not_in_channel"})
_USED = frozenset({"used_url", "expired_url", "invalid_url"})


class Sender:
    """Writes to one workspace."""

    def __init__(self, web: Web, directory: Directory) -> None:
        self._web, self._directory = web, directory
        self._parts: OrderedDict[str, list[str]] = OrderedDict()

    async def send(self, message: Message) -> Sent:
        """The message on its way. Raises as the port `Chat` says."""
        if message.operation == "delete":
            return await self._delete(message)
        if _hidden(message.address):
            return await self._whisper(message)
        if message.operation == "edit" and message.address.message_id:
            return await self._edit(message)
        return await self._post(message)

    async def find(self, message: Message) -> Sent | None:
        """What an earlier try posted, completed. None where doing it again does no harm:
        edits and deletions, and what only one person sees.
        """
        if message.operation != "post" or _hidden(message.address):
            return None
        return await self._completed(message)

    async def _completed(self, message: Message) -> Sent | None:
        there = await self.posted(message)
        if 0 not in there:
            return None
        parts = render(message.reply)
        for number in range(len(there), len(parts)):
            there[number] = await self.post_part(message.address.place, message.id, number, parts[number])
        self.remember(there[0], [there[number] for number in sorted(there)])
        return Sent(message_id=there[0])

    async def posted(self, message: Message) -> dict[int, str]:
        """Number → timestamp of the parts of a message that are in the channel or its thread."""
        place = message.address.place
        oldest = (message.created_at - BEFORE).timestamp()
        asked: dict[str, object] = {"channel": place.channel_id, "include_all_metadata": True, "limit": 200}
        method = "conversations.history"
        if place.thread_id:
            method, asked["ts"] = "conversations.replies", place.thread_id
        found: dict[int, str] = {}
        cursor: str | None = None
        for _ in range(PAGES):
            try:
                body = await self._web.read(method, **asked, oldest=f"{oldest:.6f}", cursor=cursor)
            except Refused as error:
                if error.code in _OUTSIDE or error.code == "thread_not_found":
                    return {}  # nothing can have been posted there
                raise
            for one in cast("list[Mapping[str, object]]", body["messages"]):
                number = _number_of(one, message.id)
                if number is not None:
                    found[number] = str(one["ts"])
            before, cursor = cursor, cursor_of(body) or None
            if cursor in (None, before):
                break
        return found

    async def post_part(self, place: Place, message_id: str, number: int, part: Part) -> str:
        """Post one Slack message; its timestamp."""
        body = await self._web.write(
            "chat.postMessage",
            channel=place.channel_id,
            thread_ts=place.thread_id or None,
            text=part.text,
            blocks=list(part.blocks),
            metadata=tag(message_id, number),
            unfurl_links=False,
            unfurl_media=False,
        )
        return str(body["ts"])

    async def update(self, channel_id: str, ts: str, part: Part, metadata: Mapping[str, object]) -> None:
        """Replace what a Slack message shows; a message that still streams is ended first."""
        arguments: dict[str, object] = {
            "channel": channel_id, "ts": ts, "text": part.text, "blocks": list(part.blocks), "metadata": metadata,
        }  # fmt: skip
        try:
            await self._web.write("chat.update", **arguments)
        except Refused as error:
            if error.code != "streaming_state_conflict":
                raise
            await self._web.write("chat.stopStream", channel=channel_id, ts=ts)
            await self._web.write("chat.update", **arguments)

    def remember(self, ts: str, parts: list[str]) -> None:
        """Keep in mind which Slack messages belong together, by the first of them."""
        self._parts[ts] = parts
        self._parts.move_to_end(ts)
        if len(self._parts) > KEPT:
            self._parts.popitem(last=False)

    # ── For everybody in the place ──

    async def _post(self, message: Message) -> Sent:
        address, parts = message.address, render(message.reply)
        sent: list[str] = []
        try:
            for number, part in enumerate(parts):
                sent.append(await self.post_part(address.place, message.id, number, part))
        except Refused as error:
            if error.code in _OUTSIDE and address.respond_url and not sent:
                return await self._respond(address, parts, in_channel=True)
            raise
        except AppError as error:
            if sent:  # the rest is added by `find`, not by posting the beginning again
                retry_s = error.retry_after_s if isinstance(error, Limited | Unavailable) else None
                said = f"{len(sent)} of {len(parts)} parts are posted. {error}"
                raise Unavailable(said, sent=None, retry_after_s=retry_s) from error
            raise
        self.remember(sent[0], sent)
        return Sent(message_id=sent[0])

    async def _edit(self, message: Message) -> Sent:
        address, first = message.address, message.address.message_id
        parts = render(message.reply)
        there = await self._there(message, first)
        channel_id = address.place.channel_id
        self._parts.pop(first, None)  # known again once all of it is done
        try:
            await self.update(channel_id, first, parts[0], tag(message.id, 0))
        except Refused as error:
            if error.code != "message_not_found":
                raise
            return await self._completed(message) or await self._post(message)  # deleted by hand: it still comes
        for number, part in enumerate(parts[1:], start=1):
            if number < len(there):
                await self.update(channel_id, there[number], part, tag(message.id, number))
            else:
                there.append(await self.post_part(address.place, message.id, number, part))
        for surplus in there[len(parts) :]:
            await self._remove(channel_id, surplus)
        self.remember(first, there[: len(parts)])
        return Sent(message_id=first)

    async def _delete(self, message: Message) -> Sent:
        first = message.address.message_id
        if first:
            for ts in reversed(await self._there(message, first)):
                await self._remove(message.address.place.channel_id, ts)
            self._parts.pop(first, None)
        return Sent(message_id=first)

    async def _there(self, message: Message, first: str) -> list[str]:
        """The timestamps of all parts, the first one included."""
        known = self._parts.get(first)
        if known is not None:
            return list(known)
        found = await self.posted(message)
        return [first, *(found[number] for number in sorted(found) if number > 0)]

    async def _remove(self, channel_id: str, ts: str) -> None:
        try:
            await self._web.write("chat.delete", channel=channel_id, ts=ts)
        except Refused as error:
            if error.code != "message_not_found":
                raise

    # ── For one person ──

    async def _whisper(self, message: Message) -> Sent:
        """Show it to one person: by the command's or button's own address, else in the channel, else directly."""
        address, parts = message.address, render(message.reply)
        if address.respond_url:
            try:
                return await self._respond(address, parts, in_channel=False)
            except Refused as error:
                if error.code not in _USED:
                    raise
        user = address.person_external_id.rpartition("/")[2]
        try:
            for part in parts:
                await self._web.write(
                    "chat.postEphemeral",
                    channel=address.place.channel_id,
                    user=user,
                    thread_ts=address.place.thread_id or None,
                    text=part.text,
                    blocks=list(part.blocks),
                )
        except Refused as error:
            if error.code not in _OUTSIDE:
                raise
            place = await self._directory.direct(address.person_external_id)
            for number, part in enumerate(parts):
                await self.post_part(place, message.id, number, part)
        return Sent(message_id="")

    async def _respond(self, address: Address, parts: Sequence[Part], *, in_channel: bool) -> Sent:
        for part in parts:
            body: dict[str, object] = {
                "response_type": "in_channel" if in_channel else "ephemeral",
                "replace_original": False, "text": part.text, "blocks": list(part.blocks),
            }  # fmt: skip
            if address.place.thread_id:
                body["thread_ts"] = address.place.thread_id
            await self._web.respond(address.respond_url, body)
        return Sent(message_id="")


def tag(message_id: str, number: int) -> dict[str, object]:
    """What marks a Slack message as a part of ours."""
    return {"event_type": EVENT_TYPE, "event_payload": {"id": message_id, "part": number}}


def _hidden(address: Address) -> bool:
    return bool(address.person_external_id) and address.place.kind != "direct"


def _number_of(message: Mapping[str, object], message_id: str) -> int | None:
    """The number of the part this Slack message is of ours, or None; a growing answer is known by its button."""
    metadata = message.get("metadata")
    if isinstance(metadata, dict) and metadata.get("event_type") == EVENT_TYPE:
        payload = metadata.get("event_payload")
        if isinstance(payload, dict) and payload.get("id") == message_id:
            return int(payload.get("part", 0))
        return None
    return 0 if _has_button(message.get("blocks"), f"stop:{message_id}") else None


def _has_button(blocks: object, value: str) -> bool:
    if not isinstance(blocks, list):
        return False
    elements = [one for block in blocks if isinstance(block, dict) for one in block.get("elements") or []]
    return any(isinstance(one, dict) and one.get("value") == value for one in elements)
