"""Discord's limits on messages, components, completions, forms and commands; else `Refusal`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.fakes.discord_model import COMPONENTS_V2, Body, bodies, body_of, integer
from tests.fakes.discord_refusals import Refusal, invalid_form, too_long

CONTENT_LIMIT = 2_000
FILE_LIMIT_BYTES = 10 * 1024 * 1024
_EMBED_TEXTS = {"title": 256, "description": 4_096}
_EMBED_PARTS = {"footer": ("text", 2_048), "author": ("name", 256)}
_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}\Z")
_INTERACTIVE = {2, 3, 4, 5, 6, 7, 8}


def check_message(body: Body, *, files: int = 0, partial: bool = False) -> None:
    """Refuse a message Discord would refuse; `partial` for an edit, where parts may be absent."""
    content = body.get("content")
    if content is not None and not isinstance(content, str):
        raise invalid_form("content", "BASE_TYPE_STRING", "Could not interpret value as string.")
    if content and len(content) > CONTENT_LIMIT:
        raise too_long("content", CONTENT_LIMIT)
    nonce = body.get("nonce")
    if isinstance(nonce, str) and len(nonce) > 25:
        raise too_long("nonce", 25)
    check_embeds(bodies(body.get("embeds")))
    modern = bool(integer(body.get("flags")) & COMPONENTS_V2)
    check_components(bodies(body.get("components")), modern=modern)
    if modern and (content or body.get("embeds")):
        raise invalid_form(
            "content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
            "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
        )  # fmt: skip
    parts = (
        content and content.strip(),
        body.get("embeds"),
        body.get("components"),
        body.get("sticker_ids"),
        files,
    )
    if not partial and not any(parts) and not body.get("poll"):
        raise Refusal(400, 50006, "Cannot send an empty message")


def check_embeds(embeds: list[Body]) -> None:
    if len(embeds) > 10:
        raise too_long("embeds", 10)
    total = 0
    for index, embed in enumerate(embeds):
        for path, text, limit in _embed_texts(embed):
            if len(text) > limit:
                raise too_long(f"embeds.{index}.{path}", limit)
            total += len(text)
        if len(bodies(embed.get("fields"))) > 25:
            raise too_long(f"embeds.{index}.fields", 25)
    if total > 6_000:
        raise invalid_form("embeds", "MAX_EMBED_SIZE_EXCEEDED", "Embed size exceeds maximum size of 6000")


def _embed_texts(embed: Body) -> Iterator[tuple[str, str, int]]:
    """Every limited text of an embed: its path, itself, its limit."""
    for name, limit in _EMBED_TEXTS.items():
        yield name, str(embed.get(name) or ""), limit
    for part, (name, limit) in _EMBED_PARTS.items():
        yield f"{part}.{name}", str(body_of(embed.get(part)).get(name) or ""), limit
    for index, item in enumerate(bodies(embed.get("fields"))):
        for name, limit in (("name", 256), ("value", 1_024)):
            text = str(item.get(name) or "")
            if not text:
                raise invalid_form(f"embeds.0.fields.{index}.{name}", "BASE_TYPE_REQUIRED", "This field is required")
            yield f"fields.{index}.{name}", text, limit


def each_component(components: list[Body]) -> Iterator[Body]:
    """Every component, parents before children."""
    for component in components:
        yield component
        yield from each_component(bodies(component.get("components")))
        yield from each_component([body_of(component[k]) for k in ("component", "accessory") if k in component])


def check_components(components: list[Body], *, modern: bool = False) -> None:
    """Refuse rows, buttons and selects beyond the limits; `modern` for the components of 2025."""
    if not modern and len(components) > 5:
        raise too_long("components", 5)
    if sum(1 for _ in each_component(components)) > 40:
        raise too_long("components", 40)
    seen: set[str] = set()
    for index, row in enumerate(components):
        inside = bodies(row.get("components"))
        if row.get("type") == 1 and not 1 <= len(inside) <= 5:
            raise invalid_form(
                f"components.{index}.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length."
            )
        if row.get("type") != 1 and not modern:
            raise invalid_form(
                f"components.{index}.type", "UNION_TYPE_CHOICES", 'Value of field "type" must be one of (1,).'
            )
    for component in each_component(components):
        _check_component(component, seen)


def _check_component(component: Body, seen: set[str]) -> None:
    if component.get("type") not in _INTERACTIVE:
        return
    if len(str(component.get("label") or "")) > 80:
        raise too_long("components.0.components.0.label", 80)
    if len(bodies(component.get("options"))) > 25:
        raise too_long("components.0.components.0.options", 25)
    custom_id = component.get("custom_id")
    if component.get("type") == 2 and component.get("style") in (5, 6):
        return  # a link has an address instead
    if not isinstance(custom_id, str) or not custom_id:
        raise invalid_form("components.0.components.0.custom_id", "BASE_TYPE_REQUIRED", "This field is required")
    if len(custom_id) > 100:
        raise too_long("components.0.components.0.custom_id", 100)
    if custom_id in seen:
        raise invalid_form(
            "components.0.components.0.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom id cannot be duplicated",
        )  # fmt: skip
    seen.add(custom_id)


def check_choices(choices: list[Body]) -> None:
    if len(choices) > 25:
        raise too_long("data.choices", 25)
    for index, choice in enumerate(choices):
        for name in ("name", "value"):
            text = choice.get(name)
            if isinstance(text, str) and not 1 <= len(text) <= 100:
                raise invalid_form(
                    f"data.choices.{index}.{name}",
                    "BASE_TYPE_BAD_LENGTH",
                    "Must be between 1 and 100 in length.",
                )


def check_modal(modal: Body) -> None:
    title, custom_id = str(modal.get("title") or ""), str(modal.get("custom_id") or "")
    if not 1 <= len(title) <= 45:
        raise invalid_form("data.title", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 45 in length.")
    if not 1 <= len(custom_id) <= 100:
        raise invalid_form("data.custom_id", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    if not 1 <= len(bodies(modal.get("components"))) <= 5:
        raise invalid_form("data.components", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")


def check_commands(commands: list[Body]) -> None:
    chat = [command for command in commands if integer(command.get("type"), 1) == 1]
    if len(chat) > 100:
        raise Refusal(400, 30032, "Maximum number of application commands reached (100).")
    for index, command in enumerate(commands):
        _check_command(command, str(index))
    names = [(integer(command.get("type"), 1), command.get("name")) for command in commands]
    if len(set(names)) < len(names):
        raise invalid_form(
            "name",
            "APPLICATION_COMMANDS_DUPLICATE_NAME",
            "Application command names must be unique within an application",
        )


def _check_command(command: Body, path: str) -> None:
    name, description = str(command.get("name") or ""), str(command.get("description") or "")
    chat = integer(command.get("type"), 1) == 1 or "." in path
    if chat and (not _COMMAND_NAME.match(name) or name != name.lower()):
        raise invalid_form(f"{path}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
    if chat and not 1 <= len(description) <= 100:
        raise invalid_form(f"{path}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.")
    options = bodies(command.get("options"))
    if len(options) > 25:
        raise too_long(f"{path}.options", 25)
    if len(bodies(command.get("choices"))) > 25:
        raise too_long(f"{path}.choices", 25)
    for index, option in enumerate(options):
        _check_command(option, f"{path}.options.{index}")
