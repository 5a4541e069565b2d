"""What a client is told of the application and its guilds when it connects or asks for members."""

from __future__ import annotations

from collections.abc import Callable

from tests.fakes import discord_payloads as shape
from tests.fakes.discord_gateway import Session
from tests.fakes.discord_model import Body, Guild, integer
from tests.fakes.discord_world import World


class Greeting:
    """READY, GUILD_CREATE and GUILD_MEMBERS_CHUNK, as the world is at that moment."""

    def __init__(self, world: Callable[[], World], gateway_url: Callable[[], str]) -> None:
        self._world, self._gateway_url = world, gateway_url

    def ready(self, session: Session) -> list[tuple[str, Body]]:
        guilds = [guild for guild in self._world().guilds.values() if self._world().bot.id in guild.members]
        ready: Body = {
            "v": 10, "user": shape.me_payload(self._world().bot), "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self._gateway_url(), "private_channels": [], "shard": [0, 1],
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "application": {"id": str(self._world().application_id), "flags": 0},
        }  # fmt: skip
        told = [("GUILD_CREATE", self.guild(guild)) for guild in guilds] if session.intents & 1 else []
        return [("READY", ready), *told]

    def guild(self, guild: Guild) -> Body:
        world = self._world()
        threads = [item for item in world.channels.values() if item.is_thread and item.guild_id == guild.id]
        seen = [item for item in threads if not item.archived and world.permissions(item, world.bot.id)]
        own = guild.members[self._world().bot.id]
        return {
            **shape.guild_payload(guild), "joined_at": shape.stamp(own.joined_at), "large": False,
            "unavailable": False,
            "member_count": len(guild.members), "members": [shape.member_payload(own)], "voice_states": [],
            "channels": [world.channel_body(item) for item in guild.channels.values()], "presences": [],
            "threads": [world.channel_body(item) for item in seen], "stage_instances": [],
            "guild_scheduled_events": [], "soundboard_sounds": [],
        }  # fmt: skip

    def chunk(self, data: Body) -> Body:
        guild = self._world().guilds[integer(data.get("guild_id"))]
        asked, query = data.get("user_ids"), str(data.get("query") or "").lower()
        wanted = {integer(item) for item in asked} if isinstance(asked, list) else None
        members = [item for item in guild.members.values() if wanted is None or item.user.id in wanted]
        found = [item for item in members if item.user.name.lower().startswith(query)]
        body: Body = {
            "guild_id": str(guild.id), "members": [shape.member_payload(item) for item in found],
            "chunk_index": 0,
            "chunk_count": 1, "not_found": [],
        }  # fmt: skip
        return {**body, "nonce": data["nonce"]} if "nonce" in data else body
