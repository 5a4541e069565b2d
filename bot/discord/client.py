"""discord.py's client: hands events over in order, acknowledges after they are stored, and says when it heard."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from weakref import WeakValueDictionary

import discord

from bot.discord import translate
from bot.discord.budget import Brake, IdentifyBudget
from bot.discord.commands import Complete, choices
from bot.discord.interaction import Mode
from bot.discord.members import Members
from bot.discord.memory import Recent
from bot.discord.rest import Rest
from core.errors import AppError
from core.ports import Intake
from core.values import Caller, Incoming, IncomingKind, now

log = logging.getLogger(__name__)

Newest = Callable[[str], Awaitable[dict[str, tuple[str, datetime]]]]
"""The newest stored message of each place of a network: place → (message id, sent at)."""
Known = Callable[[str, str, str], Awaitable[tuple[str, str] | None]]
"""What is stored of (network, place, message id), or None."""
ANSWERS: dict[Mode, dict[str, object]] = {
    "shown": {"type": 5},
    "quiet": {"type": 5, "data": {"flags": 1 << 6}},
    "pressed": {"type": 6},
}
CALLBACK = "/interactions/{interaction_id}/{token}/callback"
READY_S = 0.1
RATE_WAIT_S = 30.0
CATCH_UP_S = 10.0
"""What a live message waits for missed ones that are still being read."""


# Voice is not offered: its two warnings at every start would only worry people.
discord.VoiceClient.warn_nacl = False
discord.VoiceClient.warn_dave = False


class Client(discord.Client):
    """One login. No privileged intent, no voice, no caches beyond servers and channels."""

    def __init__(
        self, *, intake: Intake, newest: Newest, known: Known | None, complete: Complete | None,
        budget: IdentifyBudget, brake: Brake, silent_s: float,
    ) -> None:  # fmt: skip
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = True
        super().__init__(
            intents=intents,
            member_cache_flags=discord.MemberCacheFlags.none(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            guild_ready_timeout=READY_S,
            heartbeat_timeout=silent_s,
            allowed_mentions=discord.AllowedMentions.none(),
            max_ratelimit_timeout=RATE_WAIT_S,
            enable_debug_events=True,
        )
        self._intake, self._newest, self._known, self._complete = intake, newest, known, complete
        self._budget, self._brake = budget, brake
        self._accepted: Recent[bool] = Recent()
        self.rest: Rest | None = None
        self.members: Members | None = None
        self.heard_s = time.monotonic()
        self.heard_at: datetime | None = None
        self.live = asyncio.Event()
        """Set while a session is on."""
        self.missed = asyncio.Event()
        """Set when history must be read."""
        self.caught_up = asyncio.Event()
        """Set while history is read up to now: until then a live message waits for the older ones."""
        self._orders: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self.since: dict[str, int] = {}
        """The newest known message of each place from before events may have been lost."""

    @property
    def me(self) -> int:
        """The bot's own user id; 0 before the login."""
        return self.user.id if self.user else 0

    # ── The session ──

    async def setup_hook(self) -> None:
        """Logged in: REST can be used, the gateway is not connected yet."""
        self.rest = Rest(self.http, user_id=self.me, application_id=self.application_id or self.me)
        self.members = Members(self.rest, lambda: [guild.id for guild in self.guilds])

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """A new session: note what is known by now, then wait for the budget."""
        self.caught_up.clear()
        await self._note_newest()
        await self._budget.take()

    async def on_socket_raw_receive(self, frame: object) -> None:
        """Any frame, an answer to a heartbeat among them: the other side is alive."""
        self.heard_s, self.heard_at = time.monotonic(), now()

    async def on_disconnect(self) -> None:
        self.live.clear()
        self.caught_up.clear()
        self._brake.lost()
        await self._note_newest()

    async def on_ready(self) -> None:
        self.live.set()
        self.missed.set()

    async def on_resumed(self) -> None:
        self.live.set()
        self.missed.set()

    async def on_guild_available(self, guild: discord.Guild) -> None:
        self.missed.set()

    async def on_error(self, event_method: str, /, *args: object, **kwargs: object) -> None:
        log.exception("%s failed", event_method)

    async def _note_newest(self) -> None:
        """Remember where history must be read from; an older note that was not used yet is kept."""
        for place, (message_id, _) in (await self._newest(translate.NETWORK)).items():
            if message_id.isdigit():
                self.since.setdefault(place, int(message_id))

    # ── Arrivals, in the order of the socket ──

    async def on_message(self, message: discord.Message) -> None:
        incoming = translate.message(message, self.me)
        if incoming is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_S):
                    await self.caught_up.wait()
            await self.accept(incoming, direct=message.guild is None)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        incoming = translate.edit(payload, self.me)
        if incoming is not None:
            await self.accept(incoming, direct=payload.guild_id is None)

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self._deleted(payload.message_id, payload.channel_id, payload.guild_id)

    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        for message_id in payload.message_ids:
            await self._deleted(message_id, payload.channel_id, payload.guild_id)

    async def _deleted(self, message_id: int, channel_id: int, guild_id: int | None) -> None:
        """Pass on a deletion of something that came in; the others are nobody's business."""
        channel = self.get_channel(channel_id) or discord.Object(channel_id)
        guild = self.get_guild(guild_id) if guild_id else None
        incoming = translate.deletion(message_id, translate.place_of(channel, guild, guild_id))
        if str(message_id) not in self._accepted:
            place = incoming.place
            if self._known is None or await self._known(place.network, place.key, str(message_id)) is None:
                return
        await self.accept(incoming)

    async def accept(self, incoming: Incoming, *, direct: bool = False) -> bool:
        """Store an arrival, in order within a channel; one that could not be stored is read from history again."""
        order = self._orders.setdefault(incoming.place.key, asyncio.Lock())
        async with order:
            return await self._accept(incoming, direct=direct)

    async def _accept(self, incoming: Incoming, *, direct: bool) -> bool:
        try:
            if direct and self.members is not None and incoming.sender.kind == "unknown":
                incoming = replace(incoming, sender=await self.members.known(incoming.sender))
            new = await self._intake.accept(incoming)
        except Exception as error:
            log.warning("a message from Discord could not be stored: %s; history is read again", error)
            if incoming.kind is IncomingKind.MESSAGE:
                key, before = incoming.place.key, int(incoming.message_id) - 1
                self.since[key] = min(self.since.get(key, before), before)
                self.missed.set()
            return False
        if incoming.kind is IncomingKind.MESSAGE:
            self._accepted.put(incoming.message_id, True)
        return new

    # ── Interactions ──

    async def on_interaction(self, interaction: discord.Interaction) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await self._offer(interaction)
            return
        found = translate.interaction(interaction)
        if found is None:
            return
        incoming, mode = found
        try:
            if incoming.sender.kind == "unknown" and self.members is not None:
                with suppress(TimeoutError):  # three seconds are all there is to acknowledge
                    async with asyncio.timeout(1.0):
                        incoming = replace(incoming, sender=await self.members.known(incoming.sender))
            await self._intake.accept(incoming)
        except Exception as error:  # not acknowledged: Discord tells the person that it failed
            log.warning("a command from Discord could not be stored: %s", error)
            return
        await self._respond(interaction, ANSWERS[mode])

    async def _offer(self, interaction: discord.Interaction) -> None:
        typed = translate.typed_so_far(interaction)
        caller = Caller(network=translate.NETWORK, external_id=str(interaction.user.id))
        offers = await self._complete(caller, typed) if self._complete else ()
        await self._respond(interaction, {"type": 8, "data": {"choices": choices(offers)}})

    async def _respond(self, interaction: discord.Interaction, answer: dict[str, object]) -> None:
        """Acknowledge; too late or twice is no harm, the arrival is stored and answered another way."""
        if self.rest is None:
            return
        try:
            await self.rest.call("POST", CALLBACK, answer, interaction_id=interaction.id, token=interaction.token)  # type: ignore[arg-type]
        except AppError as error:
            log.info("an interaction was not acknowledged: %s", error)
