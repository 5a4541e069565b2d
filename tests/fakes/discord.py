"""A Discord of one's own on 127.0.0.1: REST, gateway and people, for the real discord.py to talk to.

    async with FakeDiscord() as discord:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = discord.api_url, URL(discord.gateway_url)
        question = await discord.say(discord.alice, discord.general, discord.mention + " hello")
        await discord.wait_for(lambda: discord.replies_to(question), timeout_s=5)

As its own process: `python -m tests.fakes.discord --port N` (see `discord_control`).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from tests.fakes import discord_interactions as use
from tests.fakes import discord_permissions as may
from tests.fakes.discord_faults import Call, Kind, pattern_of
from tests.fakes.discord_gateway import INVALID, RECONNECT, Gateway
from tests.fakes.discord_greeting import Greeting
from tests.fakes.discord_interactions import Interactions
from tests.fakes.discord_model import (
    DEFAULT,
    DM,
    REPLY,
    SLASH_REPLY,
    Body,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Role,
    User,
)  # fmt: skip
from tests.fakes.discord_refusals import Refusal
from tests.fakes.discord_rest import Rest
from tests.fakes.discord_server import Server
from tests.fakes.discord_world import MESSAGE_CONTENT, World

Found = TypeVar("Found")
PRIVILEGED = 1 << 1 | 1 << 8 | MESSAGE_CONTENT  # members, presences, content
ALL_INTENTS = (1 << 26) - 1


class FakeDiscord:
    """The whole of it. `privileged` holds the privileged intents granted in the portal (default: none)."""

    def __init__(
        self, *, port: int = 0, token: str = "MTIz.fake.discord-token", privileged: int = 0,
        heartbeat_s: float = 41.25,
        nonce_window_s: float = 300.0, answer_deadline_s: float = 3.0, token_life_s: float = 900.0,
    ) -> None:  # fmt: skip
        self.token = token
        self._port, self._privileged = port, privileged
        self._changes = asyncio.Event()
        self._greeting = Greeting(lambda: self.world, lambda: self.gateway_url)
        self.gateway = Gateway(
            token=lambda: self.token, ready=self._greeting.ready, members=self._greeting.chunk,
            heartbeat_s=heartbeat_s,
            allowed_intents=lambda: ALL_INTENTS & ~PRIVILEGED | self._privileged, changed=self._changed,
        )  # fmt: skip
        self.world = World(publish=self.gateway.publish, nonce_window_s=nonce_window_s)
        self.world.content_granted = bool(privileged & MESSAGE_CONTENT)
        self.interactions = Interactions(self.world, deadline_s=answer_deadline_s, life_s=token_life_s)
        self.rest = Rest(self.world, self.gateway, self.interactions, gateway_url=lambda: self.gateway_url)
        self.server = Server(self.world, self.rest, self.gateway, token=lambda: self.token, changed=self._changed)
        self.alice = self.world.add_user("alice")
        self.guild = self.world.add_guild("Team", self.alice)
        self.general = self.world.add_channel(self.guild, "general")

    async def start(self, *extra: web.RouteDef) -> None:
        await self.server.start(self._port, list(extra))
        self.world.files_url = f"http://127.0.0.1:{self.server.port}/attachments"

    async def stop(self) -> None:
        await self.server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # addresses and ids

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.server.port}/api/v10"

    @property
    def gateway_url(self) -> str:
        return f"ws://127.0.0.1:{self.server.port}/gateway"

    @property
    def application_id(self) -> int:
        return self.world.application_id

    @property
    def bot_user_id(self) -> int:
        return self.world.bot.id

    @property
    def guild_id(self) -> int:
        return self.guild.id

    @property
    def mention(self) -> str:
        return f"<@{self.bot_user_id}>"

    # people and places

    def add_user(self, name: str, *, bot: bool = False, roles: Sequence[int] = (), guild: Guild | None = None) -> User:
        """A new member of the guild."""
        user = self.world.add_user(name, bot=bot)
        place = guild or self.guild
        place.members[user.id] = Member(user=user, roles=list(roles))
        return user

    def add_role(self, name: str, permissions: int = 0, *, guild: Guild | None = None) -> Role:
        place = guild or self.guild
        role = Role(id=self.world.ids.new(), name=name, permissions=permissions, position=len(place.roles))
        place.roles[role.id] = role
        return role

    def add_channel(
        self,
        name: str,
        *,
        viewers: Sequence[User | Role] | None = None,
        bot_sees: bool = True,
        guild: Guild | None = None,
    ) -> Channel:
        """A text channel; private to `viewers` when given, with the bot among them unless told otherwise."""
        ids = None if viewers is None else [item.id for item in viewers] + ([self.bot_user_id] if bot_sees else [])
        return self.world.add_channel(guild or self.guild, name, viewers=ids)

    def add_guild(self, name: str, owner: User) -> Guild:
        """A second server, joined now."""
        guild = self.world.add_guild(name, owner)
        self.world.announce("GUILD_CREATE", self._greeting.guild(guild), 1)
        return guild

    def thread(self, user: User, parent: Channel, name: str, message: Message | None = None) -> Channel:
        return self.world.start_thread(user, parent, {"name": name, "type": 11}, message)

    # what people do

    async def say(
        self, user: User, channel: Channel, text: str, *, reply_to: Message | None = None,
        sent_at: datetime | None = None, deliver: bool = True,
    ) -> Message:  # fmt: skip
        """A person posts; `sent_at` dates it back, `deliver=False` leaves it to history alone."""
        body: Body = {"content": text}
        if reply_to:
            body["message_reference"] = {"message_id": str(reply_to.id)}
        message = self.world.post(user, channel, body, sent_at=sent_at, deliver=deliver)
        self._changed()
        return message

    async def direct(self, user: User, text: str, *, sent_at: datetime | None = None, deliver: bool = True) -> Message:
        return await self.say(user, self.world.direct_channel(user.id), text, sent_at=sent_at, deliver=deliver)

    async def edit(self, message: Message, text: str) -> Message:
        self.world.edit(message, {"content": text})
        self._changed()
        return message

    async def delete(self, message: Message) -> None:
        self.world.remove(message)
        self._changed()

    async def react(self, user: User, message: Message, emoji: str, *, add: bool = True) -> None:
        self.world.react(user, message, emoji, add=add)
        self._changed()

    async def slash(
        self,
        user: User,
        channel: Channel,
        options: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
    ) -> Interaction:
        """Run a registered command; nested mappings are sub-commands."""
        self._need(user, channel, may.USE_APPLICATION_COMMANDS)
        data = use.command_data(self._command(channel, name), options or {})
        return self.interactions.start(use.COMMAND, user, channel, data)

    async def autocomplete(
        self, user: User, channel: Channel, options: Mapping[str, object], *, focused: str,
        name: str | None = None,
        timeout_s: float = 3.0,
    ) -> list[Body]:  # fmt: skip
        """The completions the bot offers while `focused` is being typed."""
        data = use.command_data(self._command(channel, name), options, focused=focused)
        interaction = self.interactions.start(use.COMPLETION, user, channel, data)
        await self.answered(interaction, timeout_s=timeout_s)
        return interaction.choices

    async def press(self, user: User, message: Message, custom_id: str, values: Sequence[str] = ()) -> Interaction:
        """Press a button or pick `values` of a select; an ephemeral one only by its person."""
        if message.deleted or (message.ephemeral and message.seen_by != user.id):
            raise LookupError(f"{user.name} does not see message {message.id}.")
        channel = self.world.channels[message.channel_id]
        self._need(user, channel, may.VIEW_CHANNEL)
        data = self.interactions.pressed(message, custom_id, values)
        return self.interactions.start(use.COMPONENT, user, channel, data, message)

    async def submit(self, interaction: Interaction, values: Mapping[str, str]) -> Interaction:
        """Fill in and send the form that an interaction opened."""
        if interaction.modal is None:
            raise LookupError("The interaction opened no form.")
        user, channel = self.world.users[interaction.user_id], self.world.channels[interaction.channel_id]
        data = use.form_data(interaction.modal, values)
        return self.interactions.start(use.FORM, user, channel, data, interaction.message)

    def _command(self, channel: Channel, name: str | None) -> Body:
        known = [*self.rest.commands.get(channel.guild_id or 0, []), *self.rest.commands.get(0, [])]
        for command in known:
            if name in (None, command["name"]):
                return command
        raise LookupError(f"No command {name!r} is registered; there are {[item['name'] for item in known]}.")

    def _need(self, user: User, channel: Channel, permission: int) -> None:
        if not self.world.permissions(channel, user.id) & permission:
            raise PermissionError(f"{user.name} may not do that in {channel.name or 'this direct message'}.")

    # what can be seen

    def messages(self, channel: Channel) -> list[Message]:
        """What stands in a channel now, oldest first, without Discord's own notices."""
        return [item for item in channel.messages.values() if item.type in (DEFAULT, REPLY, SLASH_REPLY)]

    def from_bot(self, channel: Channel) -> list[Message]:
        return [item for item in self.messages(channel) if item.author_id == self.bot_user_id]

    def replies_to(self, message: Message) -> list[Message]:
        """The bot's messages that reply to this one or stand in its thread."""
        place, thread = self.world.channels[message.channel_id], self.world.channels.get(message.id)
        found = [item for item in self.from_bot(place) if item.reference_id == message.id]
        return found + (self.from_bot(thread) if thread else [])

    def ephemerals(self, user: User) -> list[Message]:
        """What only this person sees, oldest first."""
        return [item for item in self.world.messages.values() if item.seen_by == user.id and not item.deleted]

    def directs(self, user: User) -> list[Message]:
        return self.messages(self.world.direct_channel(user.id))

    @property
    def calls(self) -> list[Call]:
        return self.server.calls

    def calls_to(self, route: str) -> list[Call]:
        pattern = pattern_of(route)
        return [call for call in self.calls if pattern.fullmatch(f"{call.method} {call.path}")]

    @property
    def identifies(self) -> int:
        return self.gateway.identifies

    @property
    def resumes(self) -> int:
        return self.gateway.resumes

    @property
    def connected(self) -> bool:
        return self.gateway.connected

    @property
    def commands(self) -> list[Body]:
        """Every registered command, the global ones first."""
        return list(itertools.chain(*(self.rest.commands[key] for key in sorted(self.rest.commands))))

    async def wait_for(self, predicate: Callable[[], Found], timeout_s: float = 5.0) -> Found:
        """The predicate's first true value, asked after every change; `TimeoutError` names the last calls."""
        try:
            async with asyncio.timeout(timeout_s):
                while not (found := predicate()):
                    self._changes.clear()
                    await self._changes.wait()
                return found
        except TimeoutError:
            last = [f"{call.method} {call.path} {call.status}" for call in self.calls[-8:]]
            raise TimeoutError(f"Not so within {timeout_s} s; the last calls were {last}.") from None

    async def answered(self, interaction: Interaction, timeout_s: float = 5.0) -> Interaction:
        """The interaction, once its answer is there and no longer "thinking"."""
        await self.wait_for(
            lambda: interaction.answered_s and not (interaction.original and interaction.original.loading),
            timeout_s,
        )
        return interaction

    async def ready(self, timeout_s: float = 5.0) -> None:
        await self.wait_for(lambda: self.connected, timeout_s)

    def _changed(self) -> None:
        self._changes.set()

    # what goes wrong

    def fail(self, route: str, times: int = 1, kind: Kind = "500", *, retry_after_s: float = 0.2) -> None:
        """The next calls of a route fail: `POST /channels/{id}/messages`, `*/messages`, `*`."""
        self.server.faults.add(route, times, kind, retry_after_s)

    def limit(self, route: str, limit: int, per_s: float) -> None:
        """Hold a route to a rate, per channel, with honest headers."""
        self.server.limits.limit(route, limit, per_s)

    def heal(self) -> None:
        """Forget the failures ordered and accept connections again."""
        self.server.faults.clear()
        self.gateway.refusals_left = 0

    async def cut(self) -> None:
        """Reset the sockets there are; ends when they are gone, whatever was opened since."""
        cut = list(self.gateway.connections)
        self.gateway.cut()
        await self.wait_for(lambda: not any(one in self.gateway.connections for one in cut))

    def refuse_connections(self, times: int | None = None) -> None:
        self.gateway.refusals_left = -1 if times is None else times

    def freeze(self, *, answers_close: bool = False) -> None:
        self.gateway.freeze(answers_close=answers_close)

    async def close_sockets(self, code: int) -> None:
        await self.gateway.close_all(code)

    def ask_reconnect(self) -> None:
        self.gateway.order(RECONNECT)

    def invalidate(self, *, resumable: bool = False) -> None:
        """Op 9; the sessions are forgotten unless they may be resumed."""
        self.gateway.order(INVALID, resumable)
        if not resumable:
            self.forget_sessions()

    def forget_sessions(self) -> None:
        self.gateway.sessions.clear()


__all__ = [
    "DM",
    "Call",
    "Channel",
    "FakeDiscord",
    "Guild",
    "Interaction",
    "Message",
    "Refusal",
    "Role",
    "User",
]


if __name__ == "__main__":
    from tests.fakes.discord_control import main

    main()
