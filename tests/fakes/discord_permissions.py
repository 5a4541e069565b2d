"""Who may do what where, computed as Discord documents it: roles, then channel overwrites."""

from __future__ import annotations

from tests.fakes.discord_model import DM, Channel, Guild

ADMINISTRATOR = 1 << 3
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_APPLICATION_COMMANDS = 1 << 31
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_MESSAGES_IN_THREADS = 1 << 38
ALL = (1 << 53) - 1

EVERYBODY = (
    ADD_REACTIONS | VIEW_CHANNEL | SEND_MESSAGES | EMBED_LINKS | ATTACH_FILES | READ_MESSAGE_HISTORY
    | USE_APPLICATION_COMMANDS | CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS | SEND_MESSAGES_IN_THREADS
)  # fmt: skip


def permissions_in_guild(guild: Guild, user_id: int) -> int:
    """The permission bits of a member before any channel's overwrites; 0 for others."""
    member = guild.members.get(user_id)
    if member is None:
        return 0
    if guild.owner_id == user_id:
        return ALL
    bits = guild.roles[guild.id].permissions
    for role_id in member.roles:
        bits |= guild.roles[role_id].permissions
    return ALL if bits & ADMINISTRATOR else bits


def permissions(guild: Guild | None, channel: Channel, user_id: int) -> int:
    """The permission bits of a user in a channel, thread or direct message."""
    if guild is None or channel.type == DM:
        return ALL if user_id in channel.people else 0
    bits = permissions_in_guild(guild, user_id)
    if bits in (0, ALL):
        return bits
    if channel.parent_id is not None:
        bits = _in_channel(guild, guild.channels[channel.parent_id], user_id, bits)
        if channel.type == 12 and user_id not in channel.people:
            return 0  # a private thread is seen by those who were added
        can_send = bits & SEND_MESSAGES_IN_THREADS
        return bits | SEND_MESSAGES if can_send else bits & ~SEND_MESSAGES
    return _in_channel(guild, channel, user_id, bits)


def _in_channel(guild: Guild, channel: Channel, user_id: int, bits: int) -> int:
    """Overwrites in Discord's order: @everyone, then the roles together, then the member."""
    by_id = {overwrite.id: overwrite for overwrite in channel.overwrites}
    everybody = by_id.get(guild.id)
    if everybody:
        bits = bits & ~everybody.deny | everybody.allow
    of_roles = [by_id[role_id] for role_id in guild.members[user_id].roles if role_id in by_id]
    for overwrite in of_roles:
        bits &= ~overwrite.deny
    for overwrite in of_roles:
        bits |= overwrite.allow
    own = by_id.get(user_id)
    if own:
        bits = bits & ~own.deny | own.allow
    return bits if bits & VIEW_CHANNEL else 0
