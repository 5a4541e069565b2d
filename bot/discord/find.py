"""Looks for a message of the bot's own that may or may not have arrived."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta

from bot.discord.interaction import first_id_at
from bot.discord.memory import Recent
from bot.discord.render import Part, stop_id
from bot.discord.rest import Refused, Rest
from core.ports import Sent
from core.values import Json, Message

MESSAGES = "/channels/{channel_id}/messages"
PAGE, PAGES = 100, 5
CLOCKS_APART = timedelta(seconds=60)
"""Discord's clock and ours may differ by this much."""


class History:
    """What the bot wrote where, as Discord's history tells it and as this process remembers."""

    def __init__(self, rest: Callable[[], Rest]) -> None:
        self._rest = rest
        self._owners: Recent[str] = Recent()
        self._partly: Recent[dict[int, str]] = Recent()

    def learn(self, message_id: str, owner: str) -> None:
        """That message is this row, so it is no other one that looks the same."""
        self._owners.put(message_id, owner)

    def partly(self, owner: str) -> dict[int, str]:
        """The parts of a row that are known to have arrived: index → message id. Belongs to the caller."""
        known = self._partly.get(owner)
        if known is None:
            known = {}
            self._partly.put(owner, known)
        return known

    async def find(
        self, message: Message, channel_id: str, parts: Sequence[Part], *, referenced: bool = True
    ) -> Sent | None:
        """The row's first message when all parts of it are there; what is there of it is remembered.

        An empty reply asks for the growing answer to the arrival `message.id`: its Stop button names it.
        """
        growing = not message.reply.text and message.reply.table is None and not message.reply.buttons
        wanted = message.address.reply_to if referenced else ""
        found: dict[int, str] = {}
        async for seen in self._own_since(message, channel_id):
            if growing:
                if stop_id(message.id) in custom_ids(seen):
                    return Sent(message_id=str(seen["id"]))
                continue
            index = self._matches(seen, message.id, parts, found, wanted)
            if index is not None:
                found[index] = str(seen["id"])
        for index, message_id in found.items():
            self.partly(message.id)[index] = message_id
            self.learn(message_id, message.id)
        return Sent(message_id=found[0]) if found and len(found) == len(parts) else None

    def _matches(
        self, seen: Mapping[str, Json], owner: str, parts: Sequence[Part], found: Mapping[int, str], wanted: str
    ) -> int | None:
        if self._owners.get(str(seen["id"])) not in (None, owner):
            return None
        for index, part in enumerate(parts):
            if index in found or str(seen["content"]).strip() != part.content.strip():
                continue
            if index == 0 and wanted.isdigit() and _reference(seen) != wanted:
                continue
            if custom_ids(seen) == part.ids:
                return index
        return None

    async def _own_since(self, message: Message, channel_id: str) -> AsyncIterator[Mapping[str, Json]]:
        after = first_id_at(message.created_at - CLOCKS_APART)
        rest = self._rest()
        for _ in range(PAGES):
            try:
                page = await rest.call("GET", MESSAGES, params={"after": after, "limit": PAGE}, channel_id=channel_id)
            except Refused:
                return  # a place whose history is closed tells nothing; the nonce has to do
            rows = [row for row in page if isinstance(row, dict)] if isinstance(page, list) else []
            rows.sort(key=lambda row: int(str(row["id"])))
            for row in rows:
                author = row.get("author")
                if isinstance(author, dict) and str(author.get("id")) == str(rest.user_id):
                    yield row
            if len(rows) < PAGE:
                return
            after = int(str(rows[-1]["id"]))


def custom_ids(row: Mapping[str, Json]) -> tuple[str, ...]:
    """The custom ids of a message's buttons, in order."""
    found: list[str] = []
    lines = row.get("components")
    for line in lines if isinstance(lines, list) else ():
        inside = line.get("components") if isinstance(line, dict) else None
        items = [item for item in inside if isinstance(item, dict)] if isinstance(inside, list) else []
        found += [str(item["custom_id"]) for item in items if "custom_id" in item]
    return tuple(found)


def _reference(row: Mapping[str, Json]) -> str:
    reference = row.get("message_reference")
    return str(reference.get("message_id", "")) if isinstance(reference, dict) else ""
