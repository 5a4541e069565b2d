"""Interactions: how people use commands, buttons and forms, and how the bot answers them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence

from tests.fakes import discord_payloads as shape
from tests.fakes.discord_model import (
    DM,
    LOADING,
    SLASH_REPLY,
    Attachment,
    Body,
    Channel,
    Interaction,
    Message,
    User,
    bodies,
    body_of,
    integer,
)  # fmt: skip
from tests.fakes.discord_refusals import Refusal, unknown
from tests.fakes.discord_rules import check_choices, check_message, check_modal, each_component
from tests.fakes.discord_world import World, reply_to

COMMAND, COMPONENT, COMPLETION, FORM = 2, 3, 4, 5
_VALUE_TYPES: dict[type, int] = {bool: 5, int: 4, float: 10, str: 3}


class Interactions:
    """Every interaction of the process; the bot has `deadline_s` to answer and `life_s` to follow up."""

    def __init__(self, world: World, *, deadline_s: float, life_s: float) -> None:
        self._world = world
        self.deadline_s, self.life_s = deadline_s, life_s
        self.all: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}

    # people's side

    def start(self, kind: int, user: User, channel: Channel, data: Body, message: Message | None = None) -> Interaction:
        """Make an interaction and tell the bot of it."""
        interaction = Interaction(
            id=self._world.ids.new(), token=secrets.token_urlsafe(48), type=kind, user_id=user.id,
            channel_id=channel.id,
            data=data, message=message,
        )  # fmt: skip
        self.all[interaction.id] = self._by_token[interaction.token] = interaction
        self._world.announce("INTERACTION_CREATE", self._payload(interaction, user, channel), 0)
        return interaction

    def _payload(self, interaction: Interaction, user: User, channel: Channel) -> Body:
        world = self._world
        guild = world.guild_of(channel)
        body: Body = {
            "id": str(interaction.id), "application_id": str(world.application_id), "type": interaction.type,
            "data": interaction.data, "channel_id": str(channel.id), "token": interaction.token, "version": 1,
            "channel": {**world.channel_body(channel), "permissions": str(world.permissions(channel, user.id))},
            "app_permissions": str(world.permissions(channel, world.bot.id)), "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id) if guild else "0"},
            "context": 1 if channel.type == DM else 0, "attachment_size_limit": 10 * 1024 * 1024,
        }  # fmt: skip
        if guild:
            member = shape.member_payload(guild.members[user.id])
            member["permissions"] = str(world.permissions(channel, user.id))
            body |= {
                "guild_id": str(guild.id), "guild_locale": "en-US", "member": member,
                "guild": {"id": str(guild.id), "locale": "en-US", "features": []},
            }  # fmt: skip
        else:
            body["user"] = shape.user_payload(user)
        if interaction.message:
            body["message"] = world.message_body(interaction.message)
        return body

    def pressed(self, message: Message, custom_id: str, values: Sequence[str]) -> Body:
        """The data of pressing a component; an error when nobody could press it."""
        found = [item for item in each_component(message.components) if item.get("custom_id") == custom_id]
        if not found:
            known = [item.get("custom_id") for item in each_component(message.components) if "custom_id" in item]
            raise LookupError(f"Message {message.id} has no component {custom_id!r}; it has {known}.")
        if found[0].get("disabled"):
            raise LookupError(f"The component {custom_id!r} is disabled.")
        data: Body = {
            "custom_id": custom_id,
            "component_type": found[0].get("type"),
            "id": found[0].get("id", 1),
        }
        return {**data, "values": list(values), "resolved": {}} if found[0].get("type") != 2 else data

    # the bot's side

    def answer(self, interaction_id: int, token: str, body: Body, files: list[Attachment]) -> Interaction:
        """Take the first response; late, second and malformed ones are refused as Discord does."""
        interaction = self.all.get(interaction_id)
        if interaction is None or interaction.token != token:
            raise unknown("interaction")
        if interaction.answered_s is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        if time.monotonic() - interaction.started_s > self.deadline_s:
            raise unknown("interaction")
        kind, data = integer(body.get("type")), body_of(body.get("data"))
        allowed = {COMMAND: (4, 5, 9), COMPONENT: (4, 5, 6, 7, 9), COMPLETION: (8,), FORM: (4, 5, 6, 7)}
        if kind not in allowed[interaction.type]:
            raise Refusal(400, 50035, "Invalid Form Body", {"type": {"_errors": [_not_valid(kind)]}})
        self._act(interaction, kind, data, files)
        interaction.answered_s, interaction.answer_type, interaction.answer = time.monotonic(), kind, data
        return interaction

    def _act(self, interaction: Interaction, kind: int, data: Body, files: list[Attachment]) -> None:
        if kind == 8:
            check_choices(bodies(data.get("choices")))
        elif kind == 9:
            check_modal(data)
        elif kind in (4, 5):
            interaction.original = self._post(interaction, data, files, loading=kind == 5)
        else:
            interaction.original = interaction.message
            if kind == 7 and interaction.message:
                self._world.edit(interaction.message, data, files)

    def _post(self, interaction: Interaction, body: Body, files: list[Attachment], *, loading: bool = False) -> Message:
        world = self._world
        if not loading:
            check_message(body, files=len(files))
        flags = integer(body.get("flags")) & ~LOADING | (LOADING if loading else 0)
        message = Message(
            id=world.ids.new(), channel_id=interaction.channel_id, author_id=world.bot.id, flags=flags,
            type=SLASH_REPLY if interaction.type == COMMAND else 19,
        )  # fmt: skip
        reply_to(interaction, message)
        world.fill(message, {} if loading else body, files)
        world.keep(message)
        return message

    def _alive(self, token: str) -> Interaction:
        interaction = self._by_token.get(token)
        if interaction is None:
            raise unknown("Webhook")
        if time.monotonic() - interaction.started_s > self.life_s:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        if interaction.answered_s is None:
            raise unknown("Webhook")
        return interaction

    def follow_up(self, token: str, body: Body, files: list[Attachment]) -> Message:
        """A further message; the first after a deferral takes the place of "thinking"."""
        interaction = self._alive(token)
        original = interaction.original
        if original and original.loading and interaction.answer_type == 5:
            check_message(body, files=len(files))
            return self._world.edit(original, body, files)
        message = self._post(interaction, body, files)
        interaction.followups.append(message)
        return message

    def find(self, token: str, which: str) -> Message:
        """A message of the interaction: `@original` or an id."""
        interaction = self._alive(token)
        known = [*([interaction.original] if interaction.original else []), *interaction.followups]
        for message in known:
            if not message.deleted and which in ("@original", str(message.id)):
                return message
        raise unknown("Message")

    def callback_body(self, interaction: Interaction) -> Body:
        """What `with_response=true` answers."""
        told: Body = {"id": str(interaction.id), "type": interaction.type}
        original = interaction.original
        if original is None:
            return {"interaction": told, "resource": {"type": interaction.answer_type}}
        told |= {
            "response_message_id": str(original.id), "response_message_loading": original.loading,
            "response_message_ephemeral": original.ephemeral,
        }  # fmt: skip
        resource: Body = {"type": interaction.answer_type}
        if interaction.answer_type in (4, 7):
            resource["message"] = self._world.message_body(original)
        return {"interaction": told, "resource": resource}


def _not_valid(kind: int) -> Body:
    return {"code": "BASE_TYPE_CHOICES", "message": f"Value {kind} is not a response to this interaction."}


def command_data(command: Body, options: Mapping[str, object], *, focused: str | None = None) -> Body:
    """A command's invocation: nested mappings are sub-commands, types come from the registered command."""
    return {
        "id": command["id"], "name": command["name"], "type": 1,
        "options": _options(bodies(command.get("options")), options, focused),
    }  # fmt: skip


def _options(known: list[Body], given: Mapping[str, object], focused: str | None) -> list[Body]:
    by_name = {str(option["name"]): option for option in known}
    found: list[Body] = []
    for name, value in given.items():
        option = by_name.get(name)
        if option is None:
            raise LookupError(f"The command has no option {name!r}; it has {sorted(by_name)}.")
        if isinstance(value, Mapping):
            nested = _options(bodies(option.get("options")), value, focused)
            found.append({"name": name, "type": option["type"], "options": nested})
            continue
        kind = integer(option["type"], _VALUE_TYPES.get(type(value), 3))
        found.append({"name": name, "type": kind, "value": value, **({"focused": True} if name == focused else {})})
    absent = [name for name, option in by_name.items() if option.get("required") and name not in given]
    if absent and focused is None:
        raise LookupError(f"The command's option {absent[0]!r} is required.")
    return found


def form_data(modal: Body, values: Mapping[str, str]) -> Body:
    """A form filled in: a value for each named text field, the rest empty."""
    rows: list[Body] = []
    for row in bodies(modal.get("components")):
        inside = bodies(row.get("components")) or [body_of(row.get("component"))]
        filled = [_filled(item, values) for item in inside if "custom_id" in item]
        rows.append(
            {"type": 18, "component": filled[0], "id": 1} if "component" in row else {"type": 1, "components": filled}
        )
    return {"custom_id": modal["custom_id"], "components": rows, "resolved": {}}


def _filled(field: Body, values: Mapping[str, str]) -> Body:
    value = values.get(str(field["custom_id"]), str(field.get("value") or ""))
    part: Body = {"type": field["type"], "custom_id": field["custom_id"], "id": 1}
    return {**part, "value": value} if field["type"] == 4 else {**part, "values": [value] if value else []}
