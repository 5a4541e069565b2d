"""Who somebody is in the bot's servers, where the event does not say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.discord.memory import Recent
from bot.discord.rest import Refused, Rest
from bot.discord.translate import member_roles
from core.errors import AppError
from core.values import Sender

FRESH_S = 600.0
SERVERS = 20
"""Somebody who writes directly is looked for in so many servers."""


class Members:
    """Asks Discord for memberships, and remembers them for ten minutes."""

    def __init__(self, rest: Rest, guilds: Callable[[], Sequence[int]]) -> None:
        self._rest, self._guilds = rest, guilds
        self._seen: Recent[tuple[float, Sender]] = Recent()
        self._one = asyncio.Lock()
        """In turn, so that two messages of one person stay in their order."""

    async def known(self, sender: Sender, guild_id: int | None = None) -> Sender:
        """The sender as a member with roles, as a stranger, or as they were when Discord does not answer."""
        key = f"{guild_id or ''}/{sender.external_id}"
        async with self._one:
            remembered = self._seen.get(key)
            if remembered and time.monotonic() - remembered[0] < FRESH_S:
                return remembered[1]
            try:
                found = await self._ask(sender, [guild_id] if guild_id else list(self._guilds())[:SERVERS])
            except AppError:
                return sender
            self._seen.put(key, (time.monotonic(), found))
            return found

    async def _ask(self, sender: Sender, guilds: Sequence[int]) -> Sender:
        roles: list[str] = []
        member = False
        for guild_id in guilds:
            try:
                row = await self._rest.call(
                    "GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild_id, user_id=sender.external_id
                )
            except Refused:
                continue
            member = True
            roles += member_roles(row) if isinstance(row, dict) else ()
        return replace(sender, kind="member" if member else "stranger", roles=tuple(roles))
