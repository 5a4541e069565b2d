"""From discord.py's objects to Signalbox's words: the last place that knows what Discord's look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, cast

import discord

from bot.discord.interaction import Answerable, Mode
from core.values import Incoming, IncomingKind, Place, Sender, new_id, now

NETWORK = "discord"
COMMAND = "signalbox"
OPTION = "text"
QUIET = ("help", "why")
"""Commands whose answer is for their person alone: they are not even seen thinking."""
_SAID = (discord.MessageType.default, discord.MessageType.reply)


def message(found: discord.Message, me: int, sender: Sender | None = None) -> Incoming | None:
    """A message as an arrival; None for the bot's own, Discord's notices and what carries no text for the bot."""
    if found.author.id == me or found.type not in _SAID:
        return None
    addressed = is_addressed(found, me)
    if not addressed and not found.content:
        return None  # without the content intent this is what every other message looks like
    return _arrival(
        IncomingKind.MESSAGE,
        place_of(found.channel, found.guild),
        sender or sender_of(found.author),
        str(found.id),
        found.created_at,
        text=without_mention(found.content, me),
        addressed=addressed,
    )


def edit(payload: discord.RawMessageUpdateEvent, me: int) -> Incoming | None:
    """An edited message as an arrival; None when a person changed nothing in what the bot may read."""
    found = payload.message
    if found.edited_at is None or found.author.id == me or found.type not in _SAID:
        return None  # a preview or a thread was added by Discord
    addressed = is_addressed(found, me)
    if not addressed and not found.content:
        return None
    return _arrival(
        IncomingKind.EDIT,
        place_of(found.channel, found.guild),
        sender_of(found.author),
        str(found.id),
        found.edited_at,
        text=without_mention(found.content, me),
        addressed=addressed,
    )


def deletion(message_id: int, place: Place) -> Incoming:
    """A deleted message as an arrival. Discord does not say who wrote it."""
    return _arrival(IncomingKind.DELETE, place, Sender(network=NETWORK, external_id=""), str(message_id), now())


def interaction(found: discord.Interaction) -> tuple[Incoming, Mode] | None:
    """A slash command, a pressed button or a sent form, and how to acknowledge it; None for anything else."""
    data = cast("Mapping[str, Any]", found.data or {})
    text, value, fields = "", "", {}
    kind: IncomingKind = IncomingKind.COMMAND
    mode: Mode = "shown"
    if found.type is discord.InteractionType.application_command:
        text = command_text(data)
        mode = "quiet" if not text or text.split()[0] in QUIET else "shown"
    elif found.type is discord.InteractionType.component:
        kind, mode, value = IncomingKind.PRESS, "pressed", str(data.get("custom_id", ""))
    elif found.type is discord.InteractionType.modal_submit:
        kind, mode, value = IncomingKind.FORM, "quiet", str(data.get("custom_id", ""))
        fields = dict(_fields(data.get("components", ())))
    else:
        return None
    answer = Answerable(application_id=str(found.application_id), mode=mode, id=str(found.id), token=found.token)
    arrival = _arrival(
        kind,
        place_of(found.channel or discord.Object(found.channel_id or 0), found.guild, found.guild_id),
        sender_of(found.user),
        str(found.message.id if found.message else found.id),
        found.created_at,
        event_id=str(found.id),
        text=text,
        value=value,
        fields=fields,
        respond_url=str(answer),
    )
    return arrival, mode


def typed_so_far(found: discord.Interaction) -> str:
    """What was typed into the option that is being completed."""
    data = cast("Mapping[str, Any]", found.data or {})
    focused = [str(option.get("value", "")) for option in data.get("options", ()) if option.get("focused")]
    return focused[0] if focused else ""


def command_text(data: Mapping[str, Any]) -> str:
    """What a slash command says as if it had been typed; a favourite `/notes-add` begins with its words."""
    typed = " ".join(str(option.get("value", "")) for option in data.get("options", ()))
    name = str(data.get("name", ""))
    return typed.strip() if name == COMMAND else f"{name.replace('-', ' ')} {typed}".strip()


def is_addressed(found: discord.Message, me: int) -> bool:
    """Whether a message is meant for the bot: direct, naming it, answering it, or in a thread of its own."""
    if found.guild is None:
        return True
    if any(user.id == me for user in found.mentions):
        return True
    replied = found.reference.resolved if found.reference else None
    if isinstance(replied, discord.Message) and replied.author.id == me:
        return True
    return isinstance(found.channel, discord.Thread) and found.channel.owner_id == me


def without_mention(text: str, me: int) -> str:
    """The text without the bot's name in it."""
    for mention in (f"<@{me}>", f"<@!{me}>"):
        text = text.replace(mention, "")
    return text.strip()


def place_of(channel: Any, guild: discord.Guild | None, guild_id: int | None = None) -> Place:
    """Where a channel is. A public thread is a thread of its channel, whose readers all see it.

    A private thread is a place of its own: only those who were added read it.
    """
    number = guild.id if guild else guild_id
    if number is None:
        return Place(network=NETWORK, channel_id=str(channel.id), kind="direct", name=_person(channel))
    where, thread_id = channel, ""
    if isinstance(channel, discord.Thread) and channel.type is not discord.ChannelType.private_thread:
        where, thread_id = channel.parent or discord.Object(channel.parent_id), str(channel.id)
    return Place(
        network=NETWORK,
        workspace_id=str(number),
        channel_id=str(where.id),
        thread_id=thread_id,
        kind=_kind(where, guild),
        name=f"#{getattr(where, 'name', '') or where.id}",
    )


def sender_of(user: Any) -> Sender:
    """Who wrote, as far as the event says; a member of a server comes with the ids of their roles."""
    kind: Literal["member", "bot", "unknown"] = "member" if isinstance(user, discord.Member) else "unknown"
    roles = _role_ids(user) if isinstance(user, discord.Member) else ()
    return Sender(
        network=NETWORK,
        external_id=str(user.id),
        name=user.display_name,
        kind="bot" if user.bot else kind,
        roles=roles,
    )


def member_roles(member: Mapping[str, Any]) -> tuple[str, ...]:
    """The role ids of a member as the REST API tells them."""
    return tuple(str(role) for role in member.get("roles", ()))


def _arrival(
    kind: IncomingKind, place: Place, sender: Sender, message_id: str, sent_at: datetime, **more: Any
) -> Incoming:
    return Incoming(
        id=new_id(), kind=kind, place=place, sender=sender, message_id=message_id, sent_at=sent_at,
        received_at=now(), **more,
    )  # fmt: skip


def _role_ids(member: discord.Member) -> tuple[str, ...]:
    return tuple(str(role.id) for role in member.roles if not role.is_default())


def _kind(channel: Any, guild: discord.Guild | None) -> Literal["public", "private", "unknown"]:
    if isinstance(channel, discord.Thread):
        return "private"
    if guild is None or not isinstance(channel, discord.abc.GuildChannel) or guild.default_role is None:
        return "unknown"
    return "public" if channel.permissions_for(guild.default_role).view_channel else "private"


def _person(channel: Any) -> str:
    recipient = getattr(channel, "recipient", None)
    return str(recipient.display_name) if recipient else ""


def _fields(components: Sequence[Mapping[str, Any]]) -> Sequence[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for row in components:
        inside = [row["component"]] if "component" in row else row.get("components", ())
        for item in inside:
            value = item.get("value", ", ".join(item.get("values", ())))
            found.append((str(item.get("custom_id", "")), str(value)))
    return found
