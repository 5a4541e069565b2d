"""Arguments of a Web API call, read from JSON, a form or the query, and their errors in Slack's words."""

import json
from collections.abc import Mapping
from typing import cast

from tests.fakes.slack_model import Json, SlackError

_STRUCTURED = frozenset({"blocks", "attachments", "metadata", "view", "files", "chunks", "loading_messages", "prompts"})
MAX_PAGE = 999


class Arguments:
    """Typed access; a missing or ill-typed argument raises the `invalid_arguments` answer."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.values: Json = {}
        for name, value in values.items():
            if name in _STRUCTURED and isinstance(value, str) and value[:1] in ("[", "{"):
                try:
                    value = json.loads(value)
                except ValueError as error:
                    raise SlackError("invalid_arguments", f"{name} is not JSON: {error}") from error
            self.values[name] = value

    def text(self, name: str, default: str = "") -> str:
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, (dict, list)):
            raise SlackError("invalid_arguments", f"must be a string [json-pointer:/{name}]")
        return str(value)

    def required(self, name: str, error: str = "invalid_arguments") -> str:
        value = self.text(name)
        if not value:
            raise SlackError(error, f"missing required field: {name}")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.values.get(name)
        return default if value is None else str(value).lower() in ("true", "1")

    def whole(self, name: str, default: int) -> int:
        try:
            return int(self.text(name) or default)
        except ValueError as error:
            raise SlackError("invalid_arguments", f"must be an integer [json-pointer:/{name}]") from error

    def objects(self, name: str) -> list[Json]:
        value = self.values.get(name) or []
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise SlackError("invalid_arguments", f"must be an array of objects [json-pointer:/{name}]")
        return cast(list[Json], value)

    def mapping(self, name: str) -> Json | None:
        value = self.values.get(name)
        if value is not None and not isinstance(value, dict):
            raise SlackError("invalid_arguments", f"must be an object [json-pointer:/{name}]")
        return cast(Json | None, value)

    def page(self, items: list[Json], *, default_limit: int = 100) -> tuple[list[Json], str]:
        """One page of `items` by `cursor` and `limit`, and the next cursor ('' at the end)."""
        limit = min(self.whole("limit", default_limit), MAX_PAGE)
        if limit < 1:
            raise SlackError("invalid_limit", f"limit {limit} is below 1")
        cursor = self.text("cursor")
        if cursor and not (cursor.startswith("page:") and cursor[5:].isdigit()):
            raise SlackError("invalid_cursor", f"unknown cursor {cursor!r}")
        start = int(cursor[5:]) if cursor else 0
        more = start + limit < len(items)
        return items[start : start + limit], f"page:{start + limit}" if more else ""
