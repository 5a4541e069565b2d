"""Reads request bodies: bounded before they are parsed, and a clear error for what is not JSON."""

from __future__ import annotations

from typing import cast

import orjson
from starlette.requests import ClientDisconnect, Request

from core.errors import InvalidInput, TooLarge
from core.values import Json

MAX_BYTES = 1_000_000


async def raw_body(request: Request, *, most: int = MAX_BYTES) -> bytes:
    """The body as it came. Raises TooLarge above `most` bytes, without reading on."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > most:
        raise _too_large(int(declared), most)
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most:
                raise _too_large(size, most)
            parts.append(part)
    except ClientDisconnect as error:
        raise InvalidInput("The request ended before its body did.") from error
    return b"".join(parts)


async def json_object(request: Request) -> dict[str, Json]:
    """The body as a JSON object; an empty body is an empty object. Raises InvalidInput or TooLarge."""
    body = await raw_body(request)
    if not body.strip():
        return {}
    return parse_object(body)


def parse_object(body: bytes) -> dict[str, Json]:
    """A JSON object from bytes. Raises InvalidInput saying what is wrong and where."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body is not JSON: {error}.", hint="Send UTF-8 JSON, an object.") from error
    if not isinstance(value, dict):
        raise InvalidInput(f"The body is {_kind(value)}, not an object.", hint='Send an object: `{"name": value}`.')
    return value


def text_field(body: dict[str, Json], name: str, *, default: str | None = None) -> str:
    """One text of a body. Raises InvalidInput when it is missing (without a default) or no text."""
    value = body.get(name, default)
    if not isinstance(value, str):
        said = "is missing" if value is None else f"is {_kind(value)}, not a text"
        raise InvalidInput(f"`{name}` {said}.", hint=f'Send `{{"{name}": "…"}}`.')
    return value


def refuse_others(body: dict[str, Json], *known: str) -> None:
    """Raises InvalidInput when the body has a field that means nothing here."""
    others = sorted(set(body) - set(known))
    if others:
        raise InvalidInput(f"Unknown fields: {', '.join(others)}.", hint=f"There are: {', '.join(known)}.")


def _kind(value: Json) -> str:
    kinds: dict[type, str] = {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return kinds.get(cast("type", type(value)), "an object" if isinstance(value, dict) else "null")


def _too_large(size: int, most: int) -> TooLarge:
    return TooLarge(f"The body has {size:,} bytes or more; {most:,} are taken at once.", hint="Send it in parts.")
