"""One field for each kind of argument: text, number, yes or no, choice, date, time, list, span, group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

import orjson
from nicegui import ui

from core.values import Json
from gui.parts.basics import Text, box, prose

LONG_TEXT = 200
"""A text that may be longer than this gets several lines."""
LONG_NAMES = frozenset({"text", "body", "question", "code", "content", "definition", "message", "description"})


class Missing:
    """Nothing was filled in: the argument is left out, and its default counts."""


MISSING = Missing()
Reader = Callable[[], Json | Missing]


class Input(Protocol):
    """What every input element of NiceGUI offers."""

    value: object


@dataclass(slots=True)
class Field:
    """A field on screen. `read` raises ValueError with what is wrong."""

    name: str
    required: bool
    secret: bool
    read: Reader
    show_fault: Callable[[str], None]
    clear: Callable[[], None] = field(default=lambda: None)

    def fault(self, text: str) -> None:
        """Show what is wrong beside the field; empty takes it away."""
        self.show_fault(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What the schema says of one argument, with references and `or nothing` taken out."""

    name: str
    schema: dict[str, Json]
    definitions: dict[str, Json]
    required: bool
    secret: bool
    given: Json

    @property
    def kind(self) -> str:
        """The JSON type, refined by the format where there is one."""
        if "enum" in self.schema or "const" in self.schema:
            return "choice"
        form = str(self.schema.get("format", ""))
        if form in ("date", "date-time", "duration"):
            return form
        return str(self.schema.get("type", "any"))

    @property
    def title(self) -> str:
        """The name as people read it."""
        return self.name.replace("_s", " (seconds)") if self.name.endswith("_s") else self.name.replace("_", " ")

    @property
    def start(self) -> Json:
        """What the field holds at first."""
        return self.given if self.given is not None else self.schema.get("default")


def make_field(
    name: str,
    schema: dict[str, Json],
    *,
    definitions: dict[str, Json],
    required: bool,
    secret: bool = False,
    given: Json = None,
) -> Field:
    """Put the field for one argument on screen."""
    plain = _resolved(schema, definitions)
    shape = Shape(name=name, schema=plain, definitions=definitions, required=required, secret=secret, given=given)
    check = shape.kind == "boolean"
    with box("div", "field check" if check else "field").mark(f"field-{name}"):
        element_id = f"arg-{name}-{ui.context.client.next_element_id}"
        if not check:
            _label(shape, element_id)
        read, inner = _MAKERS.get(shape.kind, _raw)(shape)
        if inner is not None:
            inner.props["for"] = element_id
            inner.mark(f"arg-{name}")
        if check:
            _label(shape, element_id)
        help_text = str(plain.get("description", "") or "")
        if help_text:
            prose(help_text[:1].upper() + help_text[1:], "help", "span")
        fault = Text("span", "", "fault")
        fault.props["role"] = "alert"

    def show_fault(text: str) -> None:
        fault.set_text(text)
        if inner is not None:
            inner.classes(add="bad-field" if text else "", remove="" if text else "bad-field")
            inner.props["aria-invalid"] = "true" if text else "false"

    def clear() -> None:
        if inner is not None and hasattr(inner, "set_value"):
            inner.set_value("")

    return Field(name=name, required=required, secret=secret, read=read, show_fault=show_fault, clear=clear)


def _resolved(schema: dict[str, Json], definitions: dict[str, Json]) -> dict[str, Json]:
    """The schema with its reference followed and `null` taken out of a choice of types."""
    found = dict(schema)
    for _ in range(8):
        reference = found.pop("$ref", None)
        options = found.pop("anyOf", None) or found.pop("allOf", None)
        if isinstance(reference, str):
            target = definitions.get(reference.rpartition("/")[2])
            found = {**(target if isinstance(target, dict) else {}), **found}
        elif isinstance(options, list):
            real = [one for one in options if isinstance(one, dict) and one.get("type") != "null"]
            found = {**(real[0] if real else {}), **found}
        else:
            break
    return found


def _label(shape: Shape, element_id: str) -> None:
    label = Text("label", shape.title[:1].upper() + shape.title[1:], "label")
    label.props["for"] = element_id
    if shape.required and shape.kind != "boolean":
        with label:
            Text("span", " (needed)", "must")


def _text(shape: Shape) -> tuple[Reader, ui.element | None]:
    most = shape.schema.get("maxLength")
    several = shape.name in LONG_NAMES or (isinstance(most, int) and most > LONG_TEXT)
    start = "" if shape.secret or shape.start is None else str(shape.start)
    element: ui.input | ui.textarea
    if shape.secret:
        element = ui.input(password=True, password_toggle_button=True).props("outlined dense autocomplete=off")
    elif several:
        element = ui.textarea(value=start).props("outlined dense autogrow")
    else:
        element = ui.input(value=start).props("outlined dense")

    def read() -> Json | Missing:
        text = str(element.value or "")
        return text if text.strip() else MISSING

    return read, element


def _number(shape: Shape) -> tuple[Reader, ui.element | None]:
    whole = shape.kind == "integer"
    start = shape.start
    element = ui.input(value="" if start is None else str(start)).props("outlined dense inputmode=decimal")

    def read() -> Json | Missing:
        text = str(element.value or "").strip().replace(",", ".")
        if not text:
            return MISSING
        try:
            return int(text) if whole else float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a {'whole ' if whole else ''}number.") from None

    return read, element


def _yes(shape: Shape) -> tuple[Reader, ui.element | None]:
    element = ui.checkbox(value=bool(shape.start)).props("dense")
    return lambda: bool(element.value), element


def _choice(shape: Shape) -> tuple[Reader, ui.element | None]:
    options = shape.schema.get("enum", [shape.schema.get("const")])
    words = [str(one) for one in options] if isinstance(options, list) else []
    start = str(shape.start) if shape.start is not None and str(shape.start) in words else None
    element = ui.select(words, value=start, clearable=not shape.required).props("outlined dense options-dense")
    return lambda: MISSING if element.value is None else str(element.value), element


def _date(shape: Shape) -> tuple[Reader, ui.element | None]:
    element = ui.input(value="" if shape.start is None else str(shape.start)[:10]).props("outlined dense type=date")
    return lambda: str(element.value) if element.value else MISSING, element


def _moment(shape: Shape) -> tuple[Reader, ui.element | None]:
    element = ui.input(value="" if shape.start is None else str(shape.start)[:16])
    element.props("outlined dense type=datetime-local")

    def read() -> Json | Missing:
        text = str(element.value or "")
        if not text:
            return MISSING
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=_zone(element))
        return moment.isoformat()

    return read, element


def _zone(element: ui.element) -> ZoneInfo:
    """The reader's time zone, where the page knows it."""
    return ZoneInfo(str(element.client.storage.get("timezone", "UTC")))


def _list(shape: Shape) -> tuple[Reader, ui.element | None]:
    """One item a line; anything but words and numbers is written as JSON."""
    items = shape.schema.get("items")
    kind = _resolved(items, shape.definitions).get("type", "string") if isinstance(items, dict) else "string"
    if kind not in ("string", "integer", "number"):
        return _raw(shape)
    start = "\n".join(str(one) for one in shape.start) if isinstance(shape.start, list) else ""
    element = ui.textarea(value=start).props("outlined dense autogrow placeholder='one a line'")

    def read() -> Json | Missing:
        lines = [line.strip() for line in str(element.value or "").splitlines() if line.strip()]
        if not lines:
            return MISSING
        if kind == "string":
            return list[Json](lines)
        try:
            return [int(line) if kind == "integer" else float(line) for line in lines]
        except ValueError:
            raise ValueError("Every line must be a number.") from None

    return read, element


def _span(shape: Shape) -> tuple[Reader, ui.element | None]:
    element = ui.input(value="" if shape.start is None else str(shape.start))
    element.props("outlined dense placeholder='1h 30m'")
    units = {"s": "S", "m": "M", "h": "H"}

    def read() -> Json | Missing:
        text = str(element.value or "").strip().lower()
        if not text:
            return MISSING
        if text.startswith("p"):
            return text.upper()
        parts = text.split()
        if not all(part[:-1].isdigit() and part[-1] in units for part in parts):
            raise ValueError(f"{text!r} is not a span of time: write it as 1h 30m 10s.")
        return "PT" + "".join(part[:-1] + units[part[-1]] for part in parts)

    return read, element


def _group(shape: Shape) -> tuple[Reader, ui.element | None]:
    """The fields of a nested value, indented."""
    properties = shape.schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        return _raw(shape)
    needed = shape.schema.get("required")
    required = [str(one) for one in needed] if isinstance(needed, list) else []
    given = shape.start if isinstance(shape.start, dict) else {}
    inner: list[Field] = []
    with box("div", "group"):
        for name, schema in properties.items():
            if isinstance(schema, dict):
                inner.append(
                    make_field(
                        name,
                        schema,
                        definitions=shape.definitions,
                        required=name in required,
                        given=given.get(name),
                    )
                )

    def read() -> Json | Missing:
        values: dict[str, Json] = {}
        for one in inner:
            value = one.read()
            if not isinstance(value, Missing):
                values[one.name] = value
        missing = [one.name for one in inner if one.required and one.name not in values]
        if values and missing:
            raise ValueError(f"{missing[0].replace('_', ' ')} is needed, too.")
        return values or MISSING

    return read, None


def _raw(shape: Shape) -> tuple[Reader, ui.element | None]:
    """Anything else, as JSON."""
    start = "" if shape.start is None else orjson.dumps(shape.start, option=orjson.OPT_INDENT_2).decode()
    element = ui.textarea(value="" if start in ("[]", "{}") else start)
    element.props("outlined dense autogrow placeholder='JSON'").classes("mono")

    def read() -> Json | Missing:
        text = str(element.value or "").strip()
        if not text:
            return MISSING
        try:
            value: Json = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValueError(f"This is not JSON: {error.msg}.") from None
        return value

    return read, element


_MAKERS: dict[str, Callable[[Shape], tuple[Reader, ui.element | None]]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": _yes,
    "choice": _choice,
    "date": _date,
    "date-time": _moment,
    "duration": _span,
    "array": _list,
    "object": _group,
}
