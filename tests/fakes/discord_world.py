"""The state of the fake Discord and every change to it; a change is published as a gateway event."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.fakes import discord_payloads as shape
from tests.fakes import discord_permissions as may
from tests.fakes.discord_model import (
    DEFAULT,
    DM,
    EPHEMERAL,
    HAS_THREAD,
    LOADING,
    PRIVATE_THREAD,
    PUBLIC_THREAD,
    REPLY,
    TEXT,
    THREAD_STARTER,
    Attachment,
    Body,
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Overwrite,
    Role,
    Snowflakes,
    User,
    bodies,
    body_of,
    integer,
)  # fmt: skip
from tests.fakes.discord_refusals import Refusal, missing_access, missing_permissions, unknown
from tests.fakes.discord_rules import check_message

GUILDS, GUILD_MESSAGES, GUILD_REACTIONS, GUILD_TYPING = 1 << 0, 1 << 9, 1 << 10, 1 << 11
DM_MESSAGES, DM_REACTIONS, DM_TYPING, MESSAGE_CONTENT = 1 << 12, 1 << 13, 1 << 14, 1 << 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A gateway event; any of `intents` brings it (0: always), `secret` hides its content."""

    name: str
    data: Body
    intents: int = 0
    secret: bool = False


class World:
    """Users, guilds, channels and messages. Methods that the API calls raise `Refusal` as Discord would."""

    def __init__(self, *, publish: Callable[[Event], None], nonce_window_s: float) -> None:
        self.ids = Snowflakes()
        self.users: dict[int, User] = {}
        self.guilds: dict[int, Guild] = {}
        self.channels: dict[int, Channel] = {}
        self.messages: dict[int, Message] = {}
        self.attachments: dict[int, Attachment] = {}
        self.content_granted = False  # the privileged intent, as granted in the developer portal
        self.files_url = ""
        self.nonce_window = timedelta(seconds=nonce_window_s)
        self._nonces: dict[tuple[int, str], Message] = {}
        self._publish = publish
        self.bot = self.add_user("signalbox", bot=True)
        self.application_id = self.bot.id

    # people and places

    def add_user(self, name: str, *, bot: bool = False) -> User:
        user = User(id=self.ids.new(), name=name, bot=bot)
        self.users[user.id] = user
        return user

    def user(self, user_id: int) -> User:
        try:
            return self.users[user_id]
        except KeyError:
            raise unknown("User") from None

    def add_guild(self, name: str, owner: User) -> Guild:
        guild = Guild(id=self.ids.new(), name=name, owner_id=owner.id)
        guild.roles[guild.id] = Role(id=guild.id, name="@everyone", permissions=may.EVERYBODY, position=0)
        self.guilds[guild.id] = guild
        own_role = Role(id=self.ids.new(), name=self.bot.name, permissions=may.EVERYBODY, managed=True)
        guild.roles[own_role.id] = own_role
        guild.members[owner.id] = Member(user=owner)
        guild.members[self.bot.id] = Member(user=self.bot, roles=[own_role.id])
        return guild

    def add_channel(self, guild: Guild, name: str, *, viewers: list[int] | None = None) -> Channel:
        """A text channel; with `viewers` a private one that only these users or roles see."""
        overwrites: list[Overwrite] = []
        if viewers is not None:
            overwrites.append(Overwrite(id=guild.id, kind=0, deny=may.VIEW_CHANNEL))
            overwrites += [
                Overwrite(id=who, kind=0 if who in guild.roles else 1, allow=may.VIEW_CHANNEL) for who in viewers
            ]
        channel = Channel(
            id=self.ids.new(),
            type=TEXT,
            guild_id=guild.id,
            name=name,
            overwrites=overwrites,
            position=len(guild.channels),
        )
        guild.channels[channel.id] = self.channels[channel.id] = channel
        self.announce("CHANNEL_CREATE", self.channel_body(channel), GUILDS)
        return channel

    def direct_channel(self, user_id: int) -> Channel:
        """The direct message channel of a user and the bot, made when it is first needed."""
        for channel in self.channels.values():
            if channel.type == DM and user_id in channel.people:
                return channel
        channel = Channel(id=self.ids.new(), type=DM, people=[self.user(user_id).id, self.bot.id])
        self.channels[channel.id] = channel
        return channel

    def guild_of(self, channel: Channel) -> Guild | None:
        return self.guilds[channel.guild_id] if channel.guild_id else None

    def permissions(self, channel: Channel, user_id: int) -> int:
        return may.permissions(self.guild_of(channel), channel, user_id)

    def channel(self, channel_id: int, *, seen_by: int | None = None) -> Channel:
        """The channel; refused when it is unknown or `seen_by` may not view it."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise unknown("Channel")
        if seen_by is not None and not self.permissions(channel, seen_by) & may.VIEW_CHANNEL:
            raise missing_access()
        return channel

    def guild(self, guild_id: int) -> Guild:
        guild = self.guilds.get(guild_id)
        if guild is None or self.bot.id not in guild.members:
            raise unknown("Guild")
        return guild

    # messages

    def message(self, channel_id: int, message_id: int) -> Message:
        message = self.channels[channel_id].messages.get(message_id) if channel_id in self.channels else None
        if message is None or message.ephemeral:
            raise unknown("Message")
        return message

    def post(
        self, author: User, channel: Channel, body: Body, *, attachments: list[Attachment] | None = None,
        sent_at: datetime | None = None, deliver: bool = True,
    ) -> Message:  # fmt: skip
        """Store a message and tell it; with an enforced nonce seen in the window, the first one instead."""
        files = attachments or []
        check_message(body, files=len(files))
        nonce = body.get("nonce")
        key = (author.id, str(nonce))
        if nonce is not None and body.get("enforce_nonce"):
            first = self._nonces.get(key)
            if first and datetime.now(UTC) - first.sent_at < self.nonce_window:
                return first
        self._check_may_post(author, channel)
        reference_id = self._reference(channel, body)
        message = Message(
            id=self.ids.new(sent_at), channel_id=channel.id, author_id=author.id, reference_id=reference_id,
            nonce=nonce if isinstance(nonce, str | int) else None, type=REPLY if reference_id else DEFAULT,
            flags=integer(body.get("flags")) & ~(EPHEMERAL | LOADING),
        )  # fmt: skip
        self.fill(message, body, files)
        self.keep(message, deliver=deliver)
        if nonce is not None:
            self._nonces[key] = message
        return message

    def _check_may_post(self, author: User, channel: Channel) -> None:
        if channel.type == DM and author.bot:
            people = [self.users[user_id] for user_id in channel.people]
            if not all(person.accepts_direct_messages for person in people):
                raise Refusal(403, 50007, "Cannot send messages to this user")
        if not self.permissions(channel, author.id) & may.SEND_MESSAGES:
            raise missing_permissions()
        if channel.locked:
            raise Refusal(400, 160005, "Thread is locked")
        channel.archived = False

    def _reference(self, channel: Channel, body: Body) -> int | None:
        reference = body_of(body.get("message_reference"))
        message_id = integer(reference.get("message_id"))
        if not message_id:
            return None
        if message_id in channel.messages:
            return message_id
        if reference.get("fail_if_not_exists") is False:
            return None
        raise Refusal(
            400, 50035, "Invalid Form Body",
            {"message_reference": {"_errors": [{"code": "REPLIES_UNKNOWN_MESSAGE", "message": "Unknown message"}]}},
        )  # fmt: skip

    def fill(self, message: Message, body: Body, files: list[Attachment]) -> None:
        """Give a message the parts the body names; what the body leaves out stays."""
        if "content" in body:
            message.content = str(body["content"] or "")
        if "embeds" in body:
            message.embeds = bodies(body["embeds"])
        if "components" in body:
            message.components = self._numbered(bodies(body["components"]))
        if "attachments" in body:
            kept = {integer(item.get("id"), -1) for item in bodies(body["attachments"])}
            message.attachments = [item for item in message.attachments if item.id in kept]
        message.attachments = [*message.attachments, *files]
        self.attachments |= {item.id: item for item in files}
        message.revisions.append(message.content)
        self._find_mentions(message, body)

    def _numbered(self, components: list[Body], start: int = 1) -> list[Body]:
        """The components as Discord gives them back: each with a number of its own."""
        found: list[Body] = []
        for component in components:
            numbered = {"id": start, **component}
            start += 1
            inside = bodies(component.get("components"))
            if inside:
                numbered["components"] = self._numbered(inside, start)
                start += len(inside)
            found.append(numbered)
        return found

    def _find_mentions(self, message: Message, body: Body) -> None:
        allowed = body.get("allowed_mentions")
        rules = body_of(allowed)
        parse = rules.get("parse", []) if isinstance(allowed, dict) else ["users", "roles", "everyone"]
        kinds = parse if isinstance(parse, list) else []
        users, roles = _ids(rules.get("users")), _ids(rules.get("roles"))
        found = dict.fromkeys(int(digits) for digits in re.findall(r"<@!?(\d+)>", message.content))
        message.mentions = [item for item in found if item in self.users and ("users" in kinds or item in users)]
        named = [int(digits) for digits in re.findall(r"<@&(\d+)>", message.content)]
        message.mention_roles = [item for item in named if "roles" in kinds or item in roles]
        channel = self.channels[message.channel_id]
        loud = bool(re.search(r"@(everyone|here)\b", message.content)) and "everyone" in kinds
        message.mention_everyone = loud and bool(
            self.permissions(channel, message.author_id) & may.MENTION_EVERYONE and channel.type != DM
        )
        replied = channel.messages.get(message.reference_id or 0)
        if replied and (not isinstance(allowed, dict) or rules.get("replied_user")):
            message.mentions = list(dict.fromkeys([*message.mentions, replied.author_id]))

    def keep(self, message: Message, *, deliver: bool = True) -> None:
        """Put a message into its channel's history and, unless only one person sees it, tell it."""
        self.messages[message.id] = message
        if message.ephemeral:
            return
        channel = self.channels[message.channel_id]
        channel.messages[message.id] = message
        if message.id < max(channel.messages):
            channel.messages = dict(sorted(channel.messages.items()))
        if deliver:
            self.tell_message("MESSAGE_CREATE", message)

    def edit(self, message: Message, body: Body, files: list[Attachment] | None = None) -> Message:
        check_message(body, files=len(files or []), partial=True)
        message.flags = message.flags & ~LOADING
        message.edited_at = datetime.now(UTC)
        self.fill(message, body, files or [])
        message.changed_s = time.perf_counter()
        if not message.ephemeral:
            self.tell_message("MESSAGE_UPDATE", message)
        return message

    def remove(self, message: Message) -> None:
        """Delete a message; what was said stays readable in the record the test holds."""
        message.deleted, message.changed_s = True, time.perf_counter()
        channel = self.channels[message.channel_id]
        if channel.messages.pop(message.id, None) is None:
            return
        where = {"id": str(message.id), "channel_id": str(channel.id), **_guild_part(channel)}
        self.announce("MESSAGE_DELETE", where, self._intents(channel), channel)

    def react(self, user: User, message: Message, emoji: str, *, add: bool) -> None:
        users = message.reactions.setdefault(emoji, [])
        if (user.id in users) == add:
            return
        (users.append if add else users.remove)(user.id)
        if not users:
            del message.reactions[emoji]
        channel = self.channels[message.channel_id]
        name, _, emoji_id = emoji.partition(":")
        body: Body = {
            "user_id": str(user.id), "channel_id": str(channel.id), "message_id": str(message.id),
            "burst": False,
            "type": 0, "emoji": {"name": name, "id": emoji_id or None}, **_guild_part(channel),
        }  # fmt: skip
        guild = self.guild_of(channel)
        if add and guild:
            body["member"] = shape.member_payload(guild.members[user.id])
        event = "MESSAGE_REACTION_ADD" if add else "MESSAGE_REACTION_REMOVE"
        self.announce(event, body, DM_REACTIONS if channel.type == DM else GUILD_REACTIONS, channel)

    # threads

    def start_thread(self, owner: User, parent: Channel, body: Body, starter: Message | None = None) -> Channel:
        """A thread below a channel; one from a message has that message's id."""
        if starter and starter.id in self.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        private = starter is None and integer(body.get("type"), PRIVATE_THREAD) == PRIVATE_THREAD
        needed = may.CREATE_PRIVATE_THREADS if private else may.CREATE_PUBLIC_THREADS
        if not self.permissions(parent, owner.id) & needed:
            raise missing_permissions()
        people = [owner.id] if starter is None else list(dict.fromkeys([owner.id, starter.author_id]))
        thread = Channel(
            id=starter.id if starter else self.ids.new(), type=PRIVATE_THREAD if private else PUBLIC_THREAD,
            guild_id=parent.guild_id, name=str(body.get("name")), parent_id=parent.id, owner_id=owner.id,
            people=people,
            auto_archive_min=integer(body.get("auto_archive_duration"), 1440),
        )  # fmt: skip
        self.channels[thread.id] = thread
        self.announce("THREAD_CREATE", {**self.channel_body(thread), "newly_created": True}, GUILDS, thread)
        if starter:
            starter.flags |= HAS_THREAD
            first = Message(id=self.ids.new(), channel_id=thread.id, author_id=starter.author_id, type=THREAD_STARTER)
            self.keep(first)
            self.tell_message("MESSAGE_UPDATE", starter)
        return thread

    # telling

    def channel_body(self, channel: Channel) -> Body:
        return shape.channel_payload(channel, self.user, self.bot.id)

    def message_body(self, message: Message, *, nonce: bool = False) -> Body:
        """A message's shape; its nonce only where Discord gives it, to the creator and in the event."""
        channel = self.channels[message.channel_id]
        referenced = channel.messages.get(message.reference_id or 0)
        thread = self.channels.get(message.id)
        body = shape.message_payload(
            message, self.user, files_url=self.files_url, application_id=self.application_id,
            bot_user_id=self.bot.id,
            thread=self.channel_body(thread) if thread else None, guild_id=channel.guild_id,
            referenced=self.message_body(referenced) if referenced and referenced is not message else None,
        )  # fmt: skip
        if referenced and self.is_secret(referenced) and not self.content_granted:
            body["referenced_message"] = shape.withheld(body_of(body["referenced_message"]))
        return {**body, "nonce": message.nonce} if nonce and message.nonce is not None else body

    def is_secret(self, message: Message) -> bool:
        """Whether the bot needs the content intent to read it."""
        own, named = message.author_id == self.bot.id, self.bot.id in message.mentions
        return not (own or named or self.channels[message.channel_id].type == DM)

    def readable_body(self, message: Message) -> Body:
        """A message as the API gives it to the bot."""
        body = self.message_body(message)
        return shape.withheld(body) if self.is_secret(message) and not self.content_granted else body

    def tell_message(self, event: str, message: Message) -> None:
        channel = self.channels[message.channel_id]
        guild = self.guild_of(channel)
        body = {**self.message_body(message, nonce=event == "MESSAGE_CREATE"), **_guild_part(channel)}
        member = guild.members.get(message.author_id) if guild else None
        if member:
            body["member"] = shape.member_payload(member, with_user=False)
        self.announce(event, body, self._intents(channel), channel, secret=self.is_secret(message))

    def announce(
        self, name: str, data: Body, intents: int, channel: Channel | None = None, *, secret: bool = False
    ) -> None:
        """Publish an event, unless it happened where the bot cannot look."""
        if channel is None or self.permissions(channel, self.bot.id) & may.VIEW_CHANNEL:
            self._publish(Event(name=name, data=data, intents=intents, secret=secret))

    def _intents(self, channel: Channel) -> int:
        return DM_MESSAGES if channel.type == DM else GUILD_MESSAGES


def reply_to(interaction: Interaction, message: Message) -> Message:
    """Bind a message to the interaction it answers."""
    message.interaction = interaction
    message.seen_by = interaction.user_id if message.ephemeral else None
    return message


def _guild_part(channel: Channel) -> Body:
    return {"guild_id": str(channel.guild_id)} if channel.guild_id else {}


def _ids(value: object) -> set[int]:
    return {integer(item) for item in value} if isinstance(value, list) else set()
