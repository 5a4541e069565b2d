"""Who people are and what channels are called, asked of Slack once in a while and remembered."""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Generic, TypeVar, cast

from bot.slack.translate import NETWORK, Arrival, Me, kind_of, place_of, sender_of
from bot.slack.web import Refused, Web
from core.errors import AppError, InvalidInput, NotFound, Rejected
from core.values import Place, Sender

KEPT_S = 900.0
KEPT = 5_000
PAGE = 200
_ID = re.compile(r"[CGD][A-Z0-9]{6,}\Z")
_ALL = "public_channel,private_channel,mpim,im"
V = TypeVar("V")


class _Memory(Generic[V]):
    """The last 5,000 things asked for, each for 15 minutes."""

    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[float, V]] = OrderedDict()

    def get(self, key: str) -> V | None:
        found = self._held.get(key)
        if found is None or time.monotonic() - found[0] > KEPT_S:
            return None
        return found[1]

    def put(self, key: str, value: V) -> V:
        self._held[key] = (time.monotonic(), value)
        self._held.move_to_end(key)
        if len(self._held) > KEPT:
            self._held.popitem(last=False)
        return value

    def forget(self, key: str) -> None:
        self._held.pop(key, None)


class Directory:
    """People and places of one workspace."""

    def __init__(self, web: Web, me: Me) -> None:
        self._web, self._me = web, me
        self._people: _Memory[Sender] = _Memory()
        self._places: _Memory[Place] = _Memory()
        self._directs: _Memory[Place] = _Memory()

    async def sender(self, arrival: Arrival) -> Sender:
        """Who wrote it. When Slack does not say, what the message itself tells, with the kind unknown."""
        known = self._people.get(arrival.user_id)
        if known is not None:
            return known
        rough = self._rough_sender(arrival)
        if not arrival.user_id.startswith(("U", "W")):
            return rough  # a bot without a user
        try:
            body = await self._web.read("users.info", user=arrival.user_id)
        except AppError:
            return rough
        return self._people.put(arrival.user_id, sender_of(cast("dict[str, object]", body["user"]), self._me))

    def name_of(self, identifier: str) -> str:
        """The name of a person or channel that was looked up before, or an empty one."""
        person = self._people.get(identifier)
        if person is not None:
            return person.name
        place = self._places.get(identifier)
        return place.name if place is not None else ""

    async def place(self, channel_id: str, channel_type: str = "") -> Place:
        """The channel without a thread; what the event said of it when Slack does not answer."""
        known = self._places.get(channel_id)
        if known is not None:
            return known
        rough = self._rough_place(channel_id, channel_type)
        if rough.kind == "direct":
            return rough
        try:
            body = await self._web.read("conversations.info", channel=channel_id)
        except AppError:
            return rough
        return self._places.put(channel_id, place_of(cast("dict[str, object]", body["channel"]), self._me))

    def roughly(self, arrival: Arrival) -> tuple[Sender, Place]:
        """What is known without asking."""
        sender = self._people.get(arrival.user_id) or self._rough_sender(arrival)
        place = self._places.get(arrival.channel_id)
        return sender, place or self._rough_place(arrival.channel_id, arrival.channel_type)

    def external_id(self, user_id: str) -> str:
        """`T/U` of a person."""
        known = self._people.get(user_id)
        return known.external_id if known else f"{self._me.team_id}/{user_id}"

    def forget(self, channel_id: str) -> None:
        """Ask again about a channel."""
        self._places.forget(channel_id)

    def _rough_sender(self, arrival: Arrival) -> Sender:
        return Sender(
            network=NETWORK,
            external_id=f"{arrival.user_team or self._me.team_id}/{arrival.user_id}",
            name=arrival.user_name,
            kind="bot" if arrival.bot_id else "unknown",
        )

    def _rough_place(self, channel_id: str, channel_type: str) -> Place:
        return Place(network=NETWORK, workspace_id=self._me.team_id, channel_id=channel_id, kind=kind_of(channel_type))

    async def direct(self, external_id: str) -> Place:
        """The direct message with a person. Raises Rejected when there can be none."""
        user_id = external_id.rpartition("/")[2]
        known = self._directs.get(user_id)
        if known is not None:
            return known
        if not user_id:
            raise Rejected("Nobody was named to write to.", hint="A person in Slack is written `T…/U…`.")
        body = await self._web.write("conversations.open", users=user_id)
        channel = cast("dict[str, object]", body["channel"])
        place = Place(
            network=NETWORK, workspace_id=self._me.team_id, channel_id=str(channel["id"]), kind="direct", name=""
        )
        return self._directs.put(user_id, place)

    async def find(self, name: str) -> Place:
        """The channel with that name or id. Raises NotFound, or InvalidInput when several have the name."""
        plain = name.strip().removeprefix("slack:").removeprefix("#").strip()
        if _ID.match(plain):
            return await self._by_id(plain)
        found = [place async for place in self._channels("public_channel,private_channel") if place.name == plain]
        if not found:
            raise NotFound(
                f"Slack shows the bot no channel called #{plain}.",
                hint="A private channel is seen once the bot is invited: `/invite @signalbox`.",
            )
        if len(found) > 1:
            ids = ", ".join(place.channel_id for place in found)
            raise InvalidInput(f"{len(found)} channels are called #{plain}.", hint=f"Use the id of one: {ids}.")
        return found[0]

    async def joined(self) -> list[tuple[Place, str]]:
        """Every channel and direct message the bot is in, with the `channel_type` of its events."""
        try:
            listed = self._listed("users.conversations", _ALL)
            return [self._typed(one) async for one in listed]
        except Refused as error:
            if error.code != "unknown_method":
                raise
            listed = self._listed("conversations.list", _ALL)
            return [self._typed(one) async for one in listed if one.get("is_member") or one.get("is_im")]

    async def _by_id(self, channel_id: str) -> Place:
        try:
            body = await self._web.read("conversations.info", channel=channel_id)
        except Refused as error:
            raise NotFound(f"Slack knows no channel {channel_id}.", hint=error.hint) from error
        return self._places.put(channel_id, place_of(cast("dict[str, object]", body["channel"]), self._me))

    def _typed(self, channel: dict[str, object]) -> tuple[Place, str]:
        kinds = {"is_im": "im", "is_mpim": "mpim"}
        channel_type = next((kind for flag, kind in kinds.items() if channel.get(flag)), "")
        private = channel.get("is_private") or channel.get("is_group")
        place = self._places.put(str(channel["id"]), place_of(channel, self._me))
        return place, channel_type or ("group" if private else "channel")

    async def _channels(self, types: str) -> AsyncIterator[Place]:
        async for channel in self._listed("conversations.list", types):
            yield place_of(channel, self._me)

    async def _listed(self, method: str, types: str) -> AsyncIterator[dict[str, object]]:
        cursor = ""
        while True:
            body = await self._web.read(method, types=types, exclude_archived=True, limit=PAGE, cursor=cursor or None)
            for channel in cast("list[dict[str, object]]", body["channels"]):
                yield channel
            before, cursor = cursor, cursor_of(body)
            if cursor in ("", before):
                return


def cursor_of(body: dict[str, object]) -> str:
    """Where the next page begins, or an empty text after the last."""
    about = body.get("response_metadata")
    return str(about.get("next_cursor") or "") if isinstance(about, dict) else ""
