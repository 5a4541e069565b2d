"""Modals made from an action's schema: a press of `form:<action>` opens one, its submission is a form."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from bot.slack.render import Block
from bot.slack.translate import Arrival
from bot.slack.web import Web
from core.actions import Definition
from core.errors import AppError, NotFound
from core.values import Place

FORM = "form:"
TITLE = 24
LABEL = 150
HINT = 150
OPTION = 75
CHOICES = 100
LONG = 200
"""A text that may be longer gets several lines."""

log = logging.getLogger(__name__)
Schema = Mapping[str, object]
FindDefinition = Callable[[str], Definition]
"""The action of a name; raises UnknownAction. The registry's `get` is one."""


class Modals:
    """Opens forms. `find` None: there are none here."""

    def __init__(self, web: Web, find: FindDefinition | None) -> None:
        self._web, self._find = web, find

    async def open(self, arrival: Arrival, place: Place) -> None:
        """Show the form of the action that was pressed; what goes wrong is told to the person."""
        action = arrival.value.removeprefix(FORM)
        try:
            if self._find is None:
                raise NotFound(f"There is no form for {action} here.", hint=f"Type `{action.replace('.', ' ')}`.")
            view = view_of(self._find(action), arrival, place)
            await self._web.write("views.open", trigger_id=arrival.trigger_id, view=view)
        except AppError as error:
            log.info("the form of %s was not opened: %s", action, error)
            await self._tell(arrival, f"{error.message} {error.hint}".strip())

    async def _tell(self, arrival: Arrival, text: str) -> None:
        try:
            if arrival.respond_url:
                body = {"response_type": "ephemeral", "replace_original": False, "text": text}
                await self._web.respond(arrival.respond_url, body)
        except AppError as error:
            log.info("nobody could be told: %s", error)


def view_of(definition: Definition, arrival: Arrival, place: Place) -> Block:
    """The modal of an action, with a field for each of its arguments."""
    schema = cast("Schema", definition.schema())
    required = cast("Sequence[str]", schema.get("required", ()))
    fields = cast("Mapping[str, Schema]", schema.get("properties", {}))
    origin = {
        "action": definition.name, "channel": place.channel_id, "thread": arrival.thread_ts,
        "message": arrival.message_id, "type": "im" if place.kind == "direct" else "",
        "respond": arrival.respond_url,
    }  # fmt: skip
    about: Block = {"type": "section", "text": {"type": "mrkdwn", "text": definition.summary[:2_900] or "—"}}
    inputs = [_input(name, _plain(field, schema), name in required) for name, field in fields.items()]
    return {
        "type": "modal",
        "callback_id": "signalbox_form",
        "title": _text(definition.spoken[:1].upper() + definition.spoken[1:], TITLE),
        "submit": _text("Run", TITLE),
        "close": _text("Cancel", TITLE),
        "private_metadata": json.dumps(origin),
        "blocks": [about, *inputs][:50],
    }


def _input(name: str, field: Schema, required: bool) -> Block:
    block: Block = {
        "type": "input",
        "block_id": f"field:{name}",
        "label": _text(name.replace("_", " ").capitalize(), LABEL),
        "element": _element(name, field),
        "optional": not required,
    }
    about = str(field.get("description") or "")
    if field.get("type") == "array":
        about = f"{about} Several with commas between.".strip()
    return block | {"hint": _text(about, HINT)} if about else block


def _element(name: str, field: Schema) -> Block:
    """The kind of input that fits an argument."""
    default = field.get("default")
    choices = _choices(field)
    if choices:
        options = [{"text": _text(choice, OPTION), "value": choice[:OPTION]} for choice in choices[:CHOICES]]
        chosen = [one for one in options if one["value"] == str(default).lower() or one["value"] == default]
        element: Block = {"type": "static_select", "action_id": name, "options": options}
        return element | {"initial_option": chosen[0]} if chosen else element
    if field.get("type") in ("integer", "number"):
        element = {"type": "number_input", "action_id": name, "is_decimal_allowed": field["type"] == "number"}
    elif field.get("format") == "date":
        element = {"type": "datepicker", "action_id": name}
        return element | {"initial_date": str(default)} if default else element
    else:
        longest = field.get("maxLength")
        several = isinstance(longest, int) and longest > LONG
        element = {"type": "plain_text_input", "action_id": name, "multiline": several}
        if isinstance(longest, int):
            element["max_length"] = min(longest, 3_000)
    if isinstance(default, str | int | float) and str(default):
        element["initial_value"] = str(default)
    return element


def _choices(field: Schema) -> list[str]:
    if field.get("type") == "boolean":
        return ["true", "false"]
    if "const" in field:
        return [str(field["const"])]
    return [str(one) for one in cast("Sequence[object]", field.get("enum", ()))]


def _plain(field: Schema, schema: Schema) -> Schema:
    """The field with a reference followed and `… or null` taken as `…`."""
    found: dict[str, object] = dict(field)
    options = cast("Sequence[Schema]", field.get("anyOf", field.get("allOf", ())))
    real = [one for one in options if one.get("type") != "null"]
    if real:
        found = {**real[0], **{name: value for name, value in field.items() if name not in ("anyOf", "allOf")}}
    if "$ref" in found:
        name = str(found["$ref"]).rpartition("/")[2]
        shared = cast("Mapping[str, Schema]", schema.get("$defs", {}))
        found = {**shared.get(name, {}), **{key: value for key, value in found.items() if key != "$ref"}}
    return found


def _text(text: str, limit: int) -> dict[str, object]:
    return {"type": "plain_text", "text": text if len(text) <= limit else text[: limit - 1] + "…"}
