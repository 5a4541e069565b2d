"""Block Kit: the limits Slack enforces, block ids it fills in, and finding what a person can press."""

from collections.abc import Iterator
from typing import cast

from tests.fakes.slack_model import Json, SlackError

TEXT_LIMIT = 40_000
MARKDOWN_LIMIT = 12_000
BLOCKS_LIMIT = 50
MODAL_BLOCKS_LIMIT = 100
ALL_BLOCKS_TEXT_LIMIT = 13_200  # not documented by Slack; seen in the field as msg_blocks_too_long
_LIMITS = {"section": 3_000, "header": 150, "markdown": MARKDOWN_LIMIT}
_ELEMENTS = {"actions": 25, "context": 10}


def checked_blocks(blocks: list[Json], new_id: str, *, limit: int = BLOCKS_LIMIT) -> list[Json]:
    """The blocks with a `block_id` each, or `invalid_blocks` naming the offending one."""
    if len(blocks) > limit:
        raise SlackError("invalid_blocks", f"no more than {limit} items allowed [json-pointer:/blocks]")
    for index, block in enumerate(blocks):
        _check(block, f"/blocks/{index}")
    if sum(_text_length(block) for block in blocks) > ALL_BLOCKS_TEXT_LIMIT:
        raise SlackError("msg_blocks_too_long", f"the blocks hold more than {ALL_BLOCKS_TEXT_LIMIT} characters")
    ids = [str(block["block_id"]) for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        raise SlackError("invalid_blocks", "block_id must be unique [json-pointer:/blocks]")
    return [{"block_id": f"{new_id}-{index}", **block} for index, block in enumerate(blocks)]


def _check(block: Json, where: str) -> None:
    kind = block.get("type")
    if not isinstance(kind, str):
        raise SlackError("invalid_blocks", f"missing required field: type [json-pointer:{where}]")
    if kind in _LIMITS and _text_length(block, own=True) > _LIMITS[kind]:
        raise SlackError(
            "invalid_blocks", f"must be less than {_LIMITS[kind] + 1} characters [json-pointer:{where}/text]"
        )
    elements = block.get("elements")
    if kind in _ELEMENTS and isinstance(elements, list) and not 1 <= len(elements) <= _ELEMENTS[kind]:
        raise SlackError("invalid_blocks", f"1 to {_ELEMENTS[kind]} items allowed [json-pointer:{where}/elements]")
    action_ids = [str(e["action_id"]) for e in interactive_elements(block) if "action_id" in e]
    if len(action_ids) != len(set(action_ids)):
        raise SlackError("invalid_blocks", f"action_id must be unique in its block [json-pointer:{where}]")
    for element in interactive_elements(block):
        _check_element(element, where)


def _check_element(element: Json, where: str) -> None:
    for name, limit in (("action_id", 255), ("value", 2_000)):
        if len(str(element.get(name, ""))) > limit:
            raise SlackError(
                "invalid_blocks", f"{name} must be less than {limit + 1} characters [json-pointer:{where}]"
            )
    text = element.get("text")
    if element.get("type") == "button":
        if not isinstance(text, dict) or text.get("type") != "plain_text":
            raise SlackError("invalid_blocks", f"a button needs a plain_text [json-pointer:{where}]")
        if len(str(text.get("text", ""))) > 75:
            raise SlackError("invalid_blocks", f"must be less than 76 characters [json-pointer:{where}/text]")
    options = element.get("options")
    if isinstance(options, list) and len(options) > 100:
        raise SlackError("invalid_blocks", f"no more than 100 options allowed [json-pointer:{where}]")


def _text_length(block: Json, *, own: bool = False) -> int:
    text = block.get("text")
    length = len(str(text.get("text", "")) if isinstance(text, dict) else text if isinstance(text, str) else "")
    if own:
        return length
    fields = block.get("fields")
    for item in fields if isinstance(fields, list) else []:
        length += len(str(item.get("text", ""))) if isinstance(item, dict) else 0
    return length


def interactive_elements(block: Json) -> Iterator[Json]:
    """Every button, select or input of a block."""
    elements = block.get("elements")
    inner = elements if isinstance(elements, list) and block.get("type") != "rich_text" else []
    for candidate in [*inner, block.get("accessory"), block.get("element")]:
        if isinstance(candidate, dict) and "action_id" in candidate:
            yield cast(Json, candidate)


def find_element(blocks: list[Json], action_id: str) -> tuple[Json, Json]:
    """The block and the element with this action id; LookupError names the ids there are."""
    known: list[str] = []
    for block in blocks:
        for element in interactive_elements(block):
            if element["action_id"] == action_id:
                return block, element
            known.append(str(element["action_id"]))
    raise LookupError(f"Nothing here has the action_id {action_id!r}; there is {known}.")


def state_value(element: Json, value: object) -> Json:
    """What a person's input looks like in `state.values`, and as the fields of an action."""
    kind = str(element["type"])
    if isinstance(value, dict):
        return {"type": kind, **value}
    if kind in ("static_select", "radio_buttons", "overflow"):
        options = cast(list[Json], element.get("options", []))
        chosen = next((option for option in options if option.get("value") == value), None)
        if chosen is None:
            raise LookupError(f"{element['action_id']!r} has no option {value!r}.")
        return {"type": kind, "selected_option": chosen}
    singles = {
        "users_select": "selected_user",
        "conversations_select": "selected_conversation",
        "channels_select": "selected_channel",
        "datepicker": "selected_date",
        "timepicker": "selected_time",
    }
    return {"type": kind, singles.get(kind, "value"): value}
