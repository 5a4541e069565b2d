"""The REST routes the bot calls, each a small function from a request to an answer."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.fakes import discord_payloads as shape
from tests.fakes import discord_permissions as may
from tests.fakes.discord_gateway import IDENTIFY_BUDGET, Gateway
from tests.fakes.discord_interactions import Interactions
from tests.fakes.discord_model import DM, Attachment, Body, Channel, Message, integer
from tests.fakes.discord_refusals import Refusal, invalid_form, missing_permissions, too_long, unknown
from tests.fakes.discord_rules import check_commands
from tests.fakes.discord_world import DM_TYPING, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A request, its ids taken out of the path."""

    ids: Mapping[str, str]
    query: Mapping[str, str]
    body: object
    files: list[Attachment]

    @property
    def fields(self) -> Body:
        return self.body if isinstance(self.body, dict) else {}

    def id(self, name: str) -> int:
        return integer(self.ids[name])


Answer = tuple[int, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    answer: Callable[[Ask], Answer]
    open: bool  # needs no token


class Rest:
    """The API below `/api/v10`; `find` gives the route of a call."""

    def __init__(
        self, world: World, gateway: Gateway, interactions: Interactions, *, gateway_url: Callable[[], str]
    ) -> None:
        self._world, self._gateway, self._interactions = world, gateway, interactions
        self._gateway_url = gateway_url
        self.commands: dict[int, list[Body]] = {}  # by guild; 0 for the global ones
        self.command_syncs = 0
        self.typing: list[tuple[int, float]] = []
        message = "/channels/{channel_id}/messages/{message_id}"
        webhook = "/webhooks/{application_id}/{token}"
        commands = "/applications/{application_id}"
        table: list[tuple[str, str, Callable[[Ask], Answer]]] = [
            ("GET", "/gateway", self._get_gateway), ("GET", "/gateway/bot", self._get_gateway_bot),
            ("GET", "/users/@me", self._me), ("GET", "/users/{user_id}", self._user),
            ("GET", "/users/@me/guilds", self._guilds), ("POST", "/users/@me/channels", self._open_direct),
            ("GET", "/oauth2/applications/@me", self._application),
            ("GET", "/applications/@me", self._application),
            ("GET", "/channels/{channel_id}", self._channel),
            ("POST", "/channels/{channel_id}/typing", self._typing),
            ("GET", "/channels/{channel_id}/messages", self._history),
            ("POST", "/channels/{channel_id}/messages", self._create), ("GET", message, self._message),
            ("PATCH", message, self._edit), ("DELETE", message, self._delete),
            ("PUT", message + "/reactions/{emoji}/@me", self._react),
            ("DELETE", message + "/reactions/{emoji}/@me", self._unreact),
            ("POST", message + "/threads", self._thread_from_message),
            ("POST", "/channels/{channel_id}/threads", self._thread),
            ("PUT", "/channels/{channel_id}/thread-members/@me", self._join_thread),
            ("GET", "/guilds/{guild_id}", self._guild),
            ("GET", "/guilds/{guild_id}/channels", self._channels),
            ("GET", "/guilds/{guild_id}/roles", self._roles),
            ("GET", "/guilds/{guild_id}/members/search", self._search_members),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self._member),
            ("GET", "/guilds/{guild_id}/threads/active", self._active_threads),
            ("GET", commands + "/commands", self._get_commands),
            ("PUT", commands + "/commands", self._put_commands),
            ("GET", commands + "/guilds/{guild_id}/commands", self._get_commands),
            ("PUT", commands + "/guilds/{guild_id}/commands", self._put_commands),
            ("POST", "/interactions/{interaction_id}/{token}/callback", self._callback),
            ("POST", webhook, self._follow_up), ("GET", webhook + "/messages/{which}", self._get_reply),
            ("PATCH", webhook + "/messages/{which}", self._edit_reply),
            ("DELETE", webhook + "/messages/{which}", self._delete_reply),
        ]  # fmt: skip
        self._routes = [_route(*row) for row in table]

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the ids in the path; 404 and 405 as Discord's."""
        wrong_method = False
        for route in self._routes:
            match = route.pattern.fullmatch(path)
            if match and route.method == method:
                return route, match.groupdict()
            wrong_method = wrong_method or bool(match)
        raise (Refusal(405, 0, "405: Method Not Allowed") if wrong_method else Refusal(404, 0, "404: Not Found"))

    # the application and people

    def _get_gateway(self, ask: Ask) -> Answer:
        return 200, {"url": self._gateway_url()}

    def _get_gateway_bot(self, ask: Ask) -> Answer:
        left = max(IDENTIFY_BUDGET - self._gateway.identifies, 0)
        start = {"total": IDENTIFY_BUDGET, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
        return 200, {"url": self._gateway_url(), "shards": 1, "session_start_limit": start}

    def _me(self, ask: Ask) -> Answer:
        return 200, shape.me_payload(self._world.bot)

    def _user(self, ask: Ask) -> Answer:
        return 200, shape.user_payload(self._world.user(ask.id("user_id")))

    def _guilds(self, ask: Ask) -> Answer:
        mine = [guild for guild in self._world.guilds.values() if self._world.bot.id in guild.members]
        return 200, [
            {"id": str(guild.id), "name": guild.name, "icon": None, "owner": False, "features": [],
             "permissions": str(may.permissions_in_guild(guild, self._world.bot.id))} for guild in mine
        ]  # fmt: skip

    def _application(self, ask: Ask) -> Answer:
        world = self._world
        owner = next((world.users[guild.owner_id] for guild in world.guilds.values()), world.bot)
        flags = (1 << 19) if world.content_granted else 0
        absent = ("icon", "type", "interactions_endpoint_url", "role_connections_verification_url", "team")
        return 200, {
            **dict.fromkeys(absent), "id": str(world.application_id), "name": world.bot.name,
            "description": "",
            "verify_key": "0" * 64, "flags": flags, "flags_new": str(flags), "redirect_uris": [],
            "bot_public": False,
            "bot_require_code_grant": False, "bot": shape.user_payload(world.bot),
            "owner": shape.user_payload(owner),
            "approximate_guild_count": len(world.guilds), "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0, "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "summary": "", "integration_types_config": {"0": {}},
        }  # fmt: skip

    def _open_direct(self, ask: Ask) -> Answer:
        user = self._world.user(integer(ask.fields.get("recipient_id")))
        if user.bot:
            raise Refusal(400, 50007, "Cannot send messages to this user")
        return 200, self._world.channel_body(self._world.direct_channel(user.id))

    # guilds

    def _guild(self, ask: Ask) -> Answer:
        guild = self._world.guild(ask.id("guild_id"))
        counts = {
            "approximate_member_count": len(guild.members),
            "approximate_presence_count": len(guild.members),
        }
        return 200, {
            **shape.guild_payload(guild),
            **(counts if ask.query.get("with_counts") in ("true", "1") else {}),
        }

    def _channels(self, ask: Ask) -> Answer:
        channels = self._world.guild(ask.id("guild_id")).channels.values()
        return 200, [self._world.channel_body(channel) for channel in channels]

    def _roles(self, ask: Ask) -> Answer:
        return 200, [shape.role_payload(role) for role in self._world.guild(ask.id("guild_id")).roles.values()]

    def _member(self, ask: Ask) -> Answer:
        member = self._world.guild(ask.id("guild_id")).members.get(ask.id("user_id"))
        if member is None:
            self._world.user(ask.id("user_id"))
            raise unknown("Member")
        return 200, shape.member_payload(member)

    def _search_members(self, ask: Ask) -> Answer:
        query, limit = ask.query.get("query", "").lower(), integer(ask.query.get("limit"), 1)
        if not query:
            raise invalid_form("query", "BASE_TYPE_REQUIRED", "This field is required")
        members = self._world.guild(ask.id("guild_id")).members.values()
        found = [item for item in members if (item.nick or item.user.name).lower().startswith(query)]
        return 200, [shape.member_payload(item) for item in found[:limit]]

    def _active_threads(self, ask: Ask) -> Answer:
        world, guild_id = self._world, ask.id("guild_id")
        threads = [item for item in world.channels.values() if item.is_thread and item.guild_id == guild_id]
        seen = [item for item in threads if not item.archived and world.permissions(item, world.bot.id)]
        return 200, {"threads": [world.channel_body(item) for item in seen], "members": []}

    # channels and messages

    def _seen(self, ask: Ask) -> Channel:
        return self._world.channel(ask.id("channel_id"), seen_by=self._world.bot.id)

    def _found(self, ask: Ask) -> Message:
        return self._world.message(self._seen(ask).id, ask.id("message_id"))

    def _need(self, channel: Channel, permission: int) -> None:
        if not self._world.permissions(channel, self._world.bot.id) & permission:
            raise missing_permissions()

    def _channel(self, ask: Ask) -> Answer:
        return 200, self._world.channel_body(self._seen(ask))

    def _typing(self, ask: Ask) -> Answer:
        channel = self._seen(ask)
        self._need(channel, may.SEND_MESSAGES)
        self.typing.append((channel.id, time.monotonic()))
        where = {"guild_id": str(channel.guild_id)} if channel.guild_id else {}
        told = {
            "channel_id": str(channel.id),
            "user_id": str(self._world.bot.id),
            "timestamp": int(time.time()),
        }
        self._world.announce("TYPING_START", told | where, DM_TYPING if channel.type == DM else 1 << 11, channel)
        return 204, None

    def _history(self, ask: Ask) -> Answer:
        channel = self._seen(ask)
        limit = integer(ask.query.get("limit"), 50)
        if not 1 <= limit <= 100:
            raise invalid_form("limit", "NUMBER_TYPE_MAX", "int value should be between 1 and 100.")
        if not self._world.permissions(channel, self._world.bot.id) & may.READ_MESSAGE_HISTORY:
            return 200, []
        return 200, [self._world.readable_body(item) for item in history(channel, ask.query, limit)]

    def _create(self, ask: Ask) -> Answer:
        message = self._world.post(self._world.bot, self._seen(ask), ask.fields, attachments=ask.files)
        return 200, self._world.message_body(message, nonce=True)

    def _message(self, ask: Ask) -> Answer:
        message = self._found(ask)
        self._need(self._seen(ask), may.READ_MESSAGE_HISTORY)
        return 200, self._world.readable_body(message)

    def _edit(self, ask: Ask) -> Answer:
        message = self._found(ask)
        if message.author_id != self._world.bot.id:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        return 200, self._world.message_body(self._world.edit(message, ask.fields, ask.files))

    def _delete(self, ask: Ask) -> Answer:
        message, channel = self._found(ask), self._seen(ask)
        if message.author_id != self._world.bot.id:
            if channel.type == DM:
                raise Refusal(403, 50003, "Cannot execute action on a DM channel")
            self._need(channel, may.MANAGE_MESSAGES)
        self._world.remove(message)
        return 204, None

    def _react(self, ask: Ask) -> Answer:
        message = self._found(ask)
        self._need(self._seen(ask), may.ADD_REACTIONS)
        self._world.react(self._world.bot, message, ask.ids["emoji"], add=True)
        return 204, None

    def _unreact(self, ask: Ask) -> Answer:
        self._world.react(self._world.bot, self._found(ask), ask.ids["emoji"], add=False)
        return 204, None

    def _thread(self, ask: Ask) -> Answer:
        return 201, self._start_thread(ask, None)

    def _thread_from_message(self, ask: Ask) -> Answer:
        return 201, self._start_thread(ask, self._found(ask))

    def _start_thread(self, ask: Ask, starter: Message | None) -> Body:
        name, parent = str(ask.fields.get("name") or ""), self._seen(ask)
        if not 1 <= len(name) <= 100:
            raise too_long("name", 100)
        if parent.guild_id is None or parent.is_thread:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        return self._world.channel_body(self._world.start_thread(self._world.bot, parent, ask.fields, starter))

    def _join_thread(self, ask: Ask) -> Answer:
        thread = self._seen(ask)
        thread.people = list(dict.fromkeys([*thread.people, self._world.bot.id]))
        return 204, None

    # commands

    def _get_commands(self, ask: Ask) -> Answer:
        return 200, self.commands.get(integer(ask.ids.get("guild_id")), [])

    def _put_commands(self, ask: Ask) -> Answer:
        given = [item for item in ask.body if isinstance(item, dict)] if isinstance(ask.body, list) else []
        check_commands(given)
        guild_id = integer(ask.ids.get("guild_id"))
        if guild_id:
            self._world.guild(guild_id)
        before = {str(item["name"]): item["id"] for item in self.commands.get(guild_id, [])}
        self.commands[guild_id] = [self._registered(item, guild_id, before) for item in given]
        self.command_syncs += 1
        return 200, self.commands[guild_id]

    def _registered(self, command: Body, guild_id: int, before: Mapping[str, object]) -> Body:
        version = str(self._world.ids.new())
        given = {name: value for name, value in command.items() if value is not None}
        return {
            "default_member_permissions": None, "type": 1, "description": "", "nsfw": False, **given,
            "id": before.get(str(command["name"]), str(self._world.ids.new())), "version": version,
            "application_id": str(self._world.application_id),
            **({"guild_id": str(guild_id)} if guild_id else {}),
        }  # fmt: skip

    # interactions

    def _callback(self, ask: Ask) -> Answer:
        interaction = self._interactions.answer(ask.id("interaction_id"), ask.ids["token"], ask.fields, ask.files)
        if ask.query.get("with_response") in ("true", "1", "True"):
            return 200, self._interactions.callback_body(interaction)
        return 204, None

    def _follow_up(self, ask: Ask) -> Answer:
        return 200, self._world.message_body(self._interactions.follow_up(ask.ids["token"], ask.fields, ask.files))

    def _get_reply(self, ask: Ask) -> Answer:
        return 200, self._world.message_body(self._interactions.find(ask.ids["token"], ask.ids["which"]))

    def _edit_reply(self, ask: Ask) -> Answer:
        message = self._interactions.find(ask.ids["token"], ask.ids["which"])
        return 200, self._world.message_body(self._world.edit(message, ask.fields, ask.files))

    def _delete_reply(self, ask: Ask) -> Answer:
        self._world.remove(self._interactions.find(ask.ids["token"], ask.ids["which"]))
        return 204, None


def history(channel: Channel, query: Mapping[str, str], limit: int) -> list[Message]:
    """A page of history, newest first, whichever of before, after and around asks for it."""
    rising = list(channel.messages.values())
    if "around" in query:
        middle = integer(query["around"])
        older = [item for item in rising if item.id < middle][-(limit // 2) :]
        newer = [item for item in rising if item.id >= middle][: limit - len(older)]
        page = older + newer
    elif "after" in query:
        page = [item for item in rising if item.id > integer(query["after"])][:limit]
    else:
        before = integer(query.get("before"), 1 << 63)
        page = [item for item in rising if item.id < before][-limit:]
    return page[::-1]


def _route(method: str, template: str, answer: Callable[[Ask], Answer]) -> Route:
    pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
    is_open = template.startswith(("/interactions", "/webhooks")) or template == "/gateway"
    return Route(method=method, template=template, pattern=pattern, answer=answer, open=is_open)
