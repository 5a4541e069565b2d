"""Finds channels and people by what others call them."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

import discord

from bot.discord import translate
from bot.discord.client import Client
from bot.discord.rest import told
from core.errors import InvalidInput, NotFound
from core.values import Place

Named = discord.TextChannel | discord.VoiceChannel | discord.StageChannel


async def find_place(client: Client, name: str) -> Place:
    """The channel called `#ops`, `server/#ops`, `<#123>` or `123`. Raises NotFound or InvalidInput."""
    wanted = name.strip().removeprefix(f"{translate.NETWORK}:")
    number = wanted.removeprefix("<#").removesuffix(">").rpartition("/")[2]
    if number.isdigit():
        return await _by_id(client, int(number))
    server, _, channel = wanted.rpartition("/")
    channel = channel.removeprefix("#").casefold()
    rooms = _rooms(client, server)
    found = [room for room in rooms if room.name.casefold() == channel]
    if len(found) > 1:
        several = ", ".join(f"`{room.guild.name}/#{room.name}`" for room in found)
        raise InvalidInput(f"Several channels are called {name}: {several}.", hint="Name the server too.")
    if not found:
        near = get_close_matches(channel, [room.name for room in rooms], n=3, cutoff=0.5)
        hint = "Nearest: " + ", ".join(f"`#{one}`" for one in near) + "." if near else "Is the bot in that server?"
        raise NotFound(f"No channel in Discord is called {name}.", hint=hint)
    return translate.place_of(found[0], found[0].guild)


def _rooms(client: Client, server: str) -> Sequence[Named]:
    wanted = server.casefold()
    rooms: list[Named] = []
    for guild in client.guilds:
        if not wanted or wanted in (guild.name.casefold(), str(guild.id)):
            rooms += [*guild.text_channels]
            rooms += [*guild.voice_channels, *guild.stage_channels]
    return rooms


async def _by_id(client: Client, number: int) -> Place:
    channel = client.get_channel(number)
    if channel is None:
        try:
            channel = await client.fetch_channel(number)
        except (discord.NotFound, discord.Forbidden) as error:
            raise NotFound(f"The bot sees no channel {number} in Discord.", hint="Invite it there.") from error
        except discord.DiscordException as error:
            raise told(error) from error
    return translate.place_of(channel, getattr(channel, "guild", None))
