"""The JSON shapes of users, guilds, channels and messages, as the API and the gateway send them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tests.fakes.discord_model import (
    DM,
    Attachment,
    Body,
    Channel,
    Guild,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)

FindUser = Callable[[int], User]


def stamp(moment: datetime) -> str:
    """Discord's way to write a time: microseconds and an offset, always."""
    return moment.isoformat(timespec="microseconds")


def user_payload(user: User) -> Body:
    body: Body = {
        "id": str(user.id), "username": user.name, "discriminator": "0",
        "global_name": None if user.bot else user.name,
        "avatar": None, "public_flags": 0, "flags": 0, "primary_guild": None, "avatar_decoration_data": None,
        "collectibles": None,
    }  # fmt: skip
    return {**body, "bot": True} if user.bot else body


def me_payload(user: User) -> Body:
    return {**user_payload(user), "mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}


def role_payload(role: Role) -> Body:
    return {
        "id": str(role.id), "name": role.name, "permissions": str(role.permissions),
        "position": role.position,
        "color": 0, "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": role.managed, "mentionable": False, "icon": None, "unicode_emoji": None, "flags": 0,
    }  # fmt: skip


def member_payload(member: Member, *, with_user: bool = True) -> Body:
    body: Body = {
        "avatar": None, "banner": None, "communication_disabled_until": None, "flags": 0, "nick": member.nick,
        "joined_at": stamp(member.joined_at), "pending": False, "premium_since": None, "mute": False,
        "deaf": False,
        "roles": [str(role_id) for role_id in member.roles],
    }  # fmt: skip
    return {**body, "user": user_payload(member.user)} if with_user else body


def overwrite_payload(overwrite: Overwrite) -> Body:
    return {
        "id": str(overwrite.id), "type": overwrite.kind, "allow": str(overwrite.allow),
        "deny": str(overwrite.deny),
    }  # fmt: skip


def channel_payload(channel: Channel, find_user: FindUser, bot_user_id: int) -> Body:
    last = max(channel.messages, default=None)
    body: Body = {
        "id": str(channel.id), "type": channel.type, "flags": 0,
        "last_message_id": str(last) if last else None,
    }  # fmt: skip
    if channel.type == DM:
        others = [person for person in channel.people if person != bot_user_id]
        return {**body, "recipients": [user_payload(find_user(person)) for person in others]}
    body |= {"guild_id": str(channel.guild_id), "name": channel.name, "rate_limit_per_user": 0}
    body["parent_id"] = str(channel.parent_id) if channel.parent_id else None
    if channel.is_thread:
        return body | _thread_part(channel)
    return body | {
        "position": channel.position, "topic": None, "nsfw": False, "last_pin_timestamp": None,
        "permission_overwrites": [overwrite_payload(overwrite) for overwrite in channel.overwrites],
    }  # fmt: skip


def _thread_part(thread: Channel) -> Body:
    made_at = stamp(min((message.sent_at for message in thread.messages.values()), default=datetime.now().astimezone()))
    return {
        "owner_id": str(thread.owner_id), "message_count": len(thread.messages),
        "member_count": len(thread.people),
        "total_message_sent": len(thread.messages),
        "thread_metadata": {
            "archived": thread.archived, "archive_timestamp": made_at, "locked": thread.locked,
            "auto_archive_duration": thread.auto_archive_min, "create_timestamp": made_at,
        },
    }  # fmt: skip


def guild_payload(guild: Guild) -> Body:
    """What `GET /guilds/{id}` answers and `GUILD_CREATE` begins with."""
    absent = (
        "icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id",
        "afk_channel_id", "system_channel_id", "widget_channel_id", "max_presences", "vanity_url_code",
        "rules_channel_id", "safety_alerts_channel_id", "public_updates_channel_id", "incidents_data",
    )  # fmt: skip
    return {
        **dict.fromkeys(absent), "id": str(guild.id), "name": guild.name, "owner_id": str(guild.owner_id),
        "features": [], "region": "us-east", "afk_timeout": 300, "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 0, "roles": [role_payload(role) for role in guild.roles.values()],
        "default_message_notifications": 0, "mfa_level": 0, "explicit_content_filter": 0,
        "max_members": 250_000,
        "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "premium_tier": 0,
        "premium_subscription_count": 0, "preferred_locale": "en-US", "premium_progress_bar_enabled": False,
        "nsfw": False, "nsfw_level": 0, "emojis": [], "stickers": [],
    }  # fmt: skip


def attachment_payload(attachment: Attachment, files_url: str) -> Body:
    url = f"{files_url}/{attachment.id}/{attachment.filename}"
    body: Body = {
        "id": str(attachment.id), "filename": attachment.filename, "size": len(attachment.content),
        "url": url,
        "proxy_url": url, "content_type": attachment.content_type,
    }  # fmt: skip
    return {**body, "description": attachment.description} if attachment.description else body


def message_payload(
    message: Message, find_user: FindUser, *, files_url: str, application_id: int, bot_user_id: int,
    thread: Body | None = None, referenced: Mapping[str, object] | None = None, guild_id: int | None = None,
) -> Body:  # fmt: skip
    """A message as the bot would be sent it, its content not yet withheld."""
    body: Body = {
        "id": str(message.id), "channel_id": str(message.channel_id), "type": message.type,
        "flags": message.flags,
        "author": user_payload(find_user(message.author_id)), "content": message.content, "pinned": False,
        "timestamp": stamp(message.sent_at), "tts": False, "mention_everyone": message.mention_everyone,
        "edited_timestamp": stamp(message.edited_at) if message.edited_at else None,
        "mentions": [user_payload(find_user(user_id)) for user_id in message.mentions],
        "mention_roles": [str(role_id) for role_id in message.mention_roles],
        "attachments": [attachment_payload(item, files_url) for item in message.attachments],
        "embeds": [{"type": "rich", **embed} for embed in message.embeds], "components": message.components,
    }  # fmt: skip
    if message.reactions:
        body["reactions"] = [_reaction(emoji, users, bot_user_id) for emoji, users in message.reactions.items()]
    if message.reference_id:
        body["message_reference"] = {
            "type": 0, "channel_id": str(message.channel_id), "message_id": str(message.reference_id),
            **({"guild_id": str(guild_id)} if guild_id else {}),
        }  # fmt: skip
        body["referenced_message"] = dict(referenced) if referenced else None
    if message.interaction:
        body |= _interaction_part(message, find_user, application_id)
    return {**body, "thread": thread} if thread else body


def _reaction(emoji: str, users: list[int], bot_user_id: int) -> Body:
    name, _, emoji_id = emoji.partition(":")
    return {
        "emoji": {"id": emoji_id or None, "name": name}, "count": len(users), "burst_colors": [],
        "me_burst": False,
        "count_details": {"burst": 0, "normal": len(users)}, "me": bot_user_id in users,
    }  # fmt: skip


def _interaction_part(message: Message, find_user: FindUser, application_id: int) -> Body:
    interaction = message.interaction
    assert interaction is not None
    who = user_payload(find_user(interaction.user_id))
    body: Body = {"application_id": str(application_id), "webhook_id": str(application_id)}
    metadata: Body = {
        "id": str(interaction.id), "type": interaction.type, "user": who,
        "authorizing_integration_owners": {},
    }  # fmt: skip
    if interaction.type == 3 and interaction.message:
        metadata["interacted_message_id"] = str(interaction.message.id)
    if interaction.type == 2:
        name = str(interaction.data.get("name"))
        metadata |= {"name": name, "command_type": 1}
        body["interaction"] = {"id": str(interaction.id), "type": 2, "name": name, "user": who}
    if interaction.type != 5:  # a form's metadata would need the one that opened it
        body["interaction_metadata"] = metadata
    return body


def withheld(body: Body) -> Body:
    """A message as an application without the content intent sees it."""
    return {**body, "content": "", "embeds": [], "attachments": [], "components": []}
