"""What was said while the bot was away, read from the channels' history and handed over as if it came now."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import discord

from bot.discord import translate
from bot.discord.client import Client
from core.values import Sender

log = logging.getLogger(__name__)
AT_MOST = 500
"""Messages read of one channel."""
OVERLAP = 300_000 << 22
"""Five minutes of ids: the first message of a channel may be lost while a later one arrives elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A channel, and the message after which it is read."""

    channel: discord.abc.Messageable
    after: int


async def catch_up(client: Client) -> int:
    """Hand over what was missed since the newest stored messages; how many were new.

    Read are the direct channels and server channels that were talked in, and every other channel with
    messages newer than anything stored. Raises what Discord answers; then everything is read again.
    """
    since, client.since = client.since, {}
    new = 0
    try:
        async for stretch in _stretches(client, since):
            new += await _read(client, stretch)
        _keep_for_later(client, since)
    except BaseException:
        for place, after in since.items():
            client.since[place] = min(after, client.since.get(place, after))
        raise
    return new


def _keep_for_later(client: Client, since: dict[str, int]) -> None:
    """Servers that are not there now are read when they are."""
    for guild in client.guilds:
        if guild.unavailable and since:
            client.since.setdefault(f"{translate.NETWORK}:{guild.id}/0", max(since.values()))
            mine = f"{translate.NETWORK}:{guild.id}/"
            client.since |= {place: after for place, after in since.items() if place.startswith(mine)}


async def _stretches(client: Client, since: dict[str, int]) -> AsyncIterator[Stretch]:
    if not since:
        return  # nothing was ever stored: a new bot does not answer old messages
    unknown = max(0, max(since.values()) - OVERLAP)
    for channel in _server_channels(client):
        place = translate.place_of(channel, channel.guild)
        after = since.get(place.key, unknown)
        if channel.last_message_id is None or channel.last_message_id > after:
            yield Stretch(channel=channel, after=after)
    for key, after in since.items():
        workspace_id, _, channel_id = key.removeprefix(f"{translate.NETWORK}:").partition("/")
        if not workspace_id and channel_id.isdigit():
            direct = client.get_channel(int(channel_id)) or await client.fetch_channel(int(channel_id))
            if isinstance(direct, discord.DMChannel):
                yield Stretch(channel=direct, after=after)


def _server_channels(client: Client) -> Iterator[discord.TextChannel | discord.VoiceChannel | discord.Thread]:
    for guild in client.guilds:
        if guild.unavailable:
            continue
        rooms: list[discord.TextChannel | discord.VoiceChannel | discord.Thread] = [*guild.text_channels]
        rooms += [*guild.voice_channels]
        rooms += [*guild.threads]
        for channel in rooms:
            may = channel.permissions_for(guild.me)
            if may.view_channel and may.read_message_history:
                yield channel


async def _read(client: Client, stretch: Stretch) -> int:
    new = 0
    try:
        after = discord.Object(stretch.after)
        async for message in stretch.channel.history(after=after, limit=AT_MOST, oldest_first=True):
            incoming = translate.message(message, client.me)
            if incoming is None:
                continue
            if incoming.sender.kind == "unknown" and client.members is not None:
                guild_id = message.guild.id if message.guild else None
                known: Sender = await client.members.known(incoming.sender, guild_id)
                incoming = replace(incoming, sender=known)
            new += await client.accept(incoming)
    except (discord.Forbidden, discord.NotFound) as error:
        log.info("the history of a channel could not be read: %s", error)
    return new
