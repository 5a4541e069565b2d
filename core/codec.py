"""Values to JSON text and back: the form in which rows, keys and the API hold them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, TypeVar, cast

import orjson
from pydantic import PlainSerializer, SecretStr, SerializationInfo, TypeAdapter, ValidationError

from core.errors import InvalidInput
from core.values import Json

T = TypeVar("T")


def _masked(value: SecretStr, about: SerializationInfo) -> str:
    return value.get_secret_value() if about.context == "reveal" else "•••"


ShownOnce = Annotated[SecretStr, PlainSerializer(_masked, return_type=str)]
"""A secret in a result: whoever asked sees it; rows, keys and the record hold `•••`."""


_adapters: dict[object, TypeAdapter[object]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The validator and serialiser of a type; built once."""
    found = _adapters.get(kind)
    if found is None:
        found = _adapters[kind] = TypeAdapter(kind)
    return cast("TypeAdapter[T]", found)


def encode(value: object) -> str:
    """A value as JSON text: dataclasses, datetimes and tuples included."""
    return adapter(type(value)).dump_json(value).decode()


def encode_as(kind: type[object], value: object) -> str:
    """A value as JSON text by a declared type (what `decode(kind, …)` reads)."""
    return cast("TypeAdapter[object]", adapter(kind)).dump_json(value).decode()


def plain(value: object, *, reveal: bool = False) -> Json:
    """A value as what JSON knows: dict, list, str, numbers, bool, None. reveal: with what is `ShownOnce`."""
    result: Json = adapter(type(value)).dump_python(value, mode="json", context="reveal" if reveal else None)
    return result


def decode(kind: type[T], text: str | bytes) -> T:
    """The value that `encode` wrote. Raises InvalidInput naming the field that does not fit."""
    try:
        return adapter(kind).validate_json(text)
    except ValidationError as error:
        raise InvalidInput(f"Not a {kind.__name__}: {first_fault(error)}.") from error


def first_fault(error: ValidationError) -> str:
    """The first thing wrong, as `field: reason`."""
    fault = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {fault['msg']}" if where else str(fault["msg"])


def canonical(value: Json | Mapping[str, object]) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def indented(value: object) -> str:
    """JSON for people to read: two spaces a level."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def parse(text: str | bytes) -> Json:
    """What a JSON text holds, for text this program wrote. Raises ValueError where it is no JSON."""
    value: Json = orjson.loads(text)
    return value


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
