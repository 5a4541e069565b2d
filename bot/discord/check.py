"""Looks at a Discord token and what it opens, without beginning a session."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import aiohttp

from core.errors import Unavailable
from core.values import Json

API = "https://discord.com/api/v10"
TIMEOUT_S = 10.0
CLOCK_S = 30.0
"""A clock further off makes the age of messages wrong."""
CONTENT_FLAGS = 1 << 18 | 1 << 19
MEMBER_FLAGS = 1 << 14 | 1 << 15 | 1 << 12 | 1 << 13
ADMINISTRATOR, VIEW, SEND, HISTORY = 1 << 3, 1 << 10, 1 << 11, 1 << 16
NEEDED = {"View Channels": VIEW, "Send Messages": SEND, "Read Message History": HISTORY}
TEXT = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do when it is not `ok`."""

    what: str
    state: Literal["ok", "warning", "fault"]
    remedy: str = ""


async def check(token: str, base_url: str = API) -> tuple[Finding, ...]:
    """What works and what does not. Raises Unavailable when Discord cannot be reached."""
    headers = {"Authorization": f"Bot {token.strip()}"}
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
            return await _check(session, base_url)
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable(
            f"Discord cannot be reached: {str(error) or type(error).__name__}.", hint="Is this machine on the network?"
        ) from error


async def _check(session: aiohttp.ClientSession, base_url: str) -> tuple[Finding, ...]:
    began = time.time()
    async with session.get(f"{base_url}/users/@me") as response:
        status, me, date = response.status, await response.json(), response.headers.get("Date", "")
    if status != 200:
        remedy = "Reset it in the developer portal (Bot, Reset Token), then: `vault save DISCORD_TOKEN`."
        return (Finding(what=f"Discord does not accept the token ({status}).", state="fault", remedy=remedy),)
    found = [Finding(what=f"The token is that of {me['username']}.", state="ok"), *_clock(date, began)]
    application = await _get(session, f"{base_url}/oauth2/applications/@me")
    found += _application(application if isinstance(application, dict) else {})
    guilds = _rows(await _get(session, f"{base_url}/users/@me/guilds"))
    if not guilds:
        remedy = (
            "Invite the bot: developer portal, Installation, the link with the scopes bot and applications.commands."
        )
        found.append(Finding(what="The bot is in no server.", state="fault", remedy=remedy))
    for guild in guilds:
        found += await _guild(session, base_url, guild, str(me["id"]))
    return tuple(found)


def _clock(date: str, began: float) -> Iterator[Finding]:
    if date:
        apart_s = (began + time.time()) / 2 - parsedate_to_datetime(date).timestamp()
        if abs(apart_s) > CLOCK_S:
            ahead = "ahead of" if apart_s > 0 else "behind"
            yield Finding(
                what=f"This machine's clock is {abs(apart_s):.0f} s {ahead} Discord's.",
                state="warning",
                remedy="Switch time synchronisation on: `timedatectl set-ntp true`.",
            )


def _application(application: Mapping[str, Json]) -> Iterator[Finding]:
    flags = int(str(application.get("flags") or 0))
    if application.get("interactions_endpoint_url"):
        yield Finding(
            what="Slash commands and buttons are sent to another address than this bot.",
            state="fault",
            remedy="Empty the Interactions Endpoint URL in the developer portal.",
        )
    if flags & (CONTENT_FLAGS | MEMBER_FLAGS):
        yield Finding(
            what="The bot may read more than it needs (privileged intents).",
            state="warning",
            remedy="Switch them off in the developer portal, under Bot; mentions and direct messages do without.",
        )
    if application.get("bot_public"):
        yield Finding(
            what="Anybody may add the bot to a server of theirs.",
            state="warning",
            remedy="Switch Public Bot off in the developer portal.",
        )


async def _guild(session: aiohttp.ClientSession, base_url: str, guild: Mapping[str, Json], me: str) -> list[Finding]:
    name, guild_id = str(guild.get("name")), str(guild["id"])
    channels = _rows(await _get(session, f"{base_url}/guilds/{guild_id}/channels"))
    member = await _get(session, f"{base_url}/guilds/{guild_id}/members/{me}")
    held = _words(member.get("roles")) if isinstance(member, dict) else ()
    base = int(str(guild.get("permissions") or 0))
    texts = [channel for channel in channels if channel.get("type") == TEXT]
    lacking = {label: 0 for label in NEEDED}
    for channel in texts:
        bits = permissions(base, channel, guild_id, held, me)
        for label, bit in NEEDED.items():
            lacking[label] += not bits & bit
    usable = len(texts) - max(lacking.values())
    found = [Finding(what=f"{name}: {usable} of {len(texts)} channels can be read and written.", state="ok")]
    if not usable:
        worst = max(lacking, key=lambda label: lacking[label])
        remedy = f"Give the bot's role the right {worst} in the server's settings."
        return [Finding(what=f"{name}: the bot cannot read and write in any channel.", state="fault", remedy=remedy)]
    return found


def permissions(base: int, channel: Mapping[str, Json], guild_id: str, roles: tuple[str, ...], user_id: str) -> int:
    """The permission bits in a channel: the server's, then the channel's for everybody, roles and the member."""
    if base & ADMINISTRATOR:
        return ~0
    by_id = {str(row["id"]): row for row in _rows(channel.get("permission_overwrites"))}
    bits = base
    for group in ((guild_id,), roles, (user_id,)):
        rows = [by_id[one] for one in group if one in by_id]
        for row in rows:
            bits &= ~int(str(row["deny"]))
        for row in rows:
            bits |= int(str(row["allow"]))
    return bits if bits & VIEW else 0


async def _get(session: aiohttp.ClientSession, url: str) -> Json:
    async with session.get(url) as response:
        body: Json = await response.json() if response.status == 200 else None
        return body


def _rows(value: Json) -> list[dict[str, Json]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _words(value: Json) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()
