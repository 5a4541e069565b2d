"""A form for an action, made from the schema of its arguments.

Fields are required where the schema says so, carry their help, and show what is wrong beside them.
A secret is write-only: it is never filled in and is sent once.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from core.actions import Definition
from core.values import Json
from gui.parts.basics import Text, box
from gui.parts.schema_fields import Field, Missing, make_field


class SchemaForm:
    """The fields of one action. Build it inside the element that should hold them."""

    def __init__(self, definition: Definition, values: Mapping[str, Json] | None = None) -> None:
        self._definition = definition
        schema = definition.schema()
        properties = _mapping(schema.get("properties"))
        required = schema.get("required")
        names = [str(name) for name in required] if isinstance(required, list) else []
        self.fields: dict[str, Field] = {}
        for name, raw in properties.items():
            self.fields[name] = make_field(
                name,
                _mapping(raw),
                definitions=_mapping(schema.get("$defs")),
                required=name in names,
                secret=name in definition.redacted,
                given=(values or {}).get(name),
            )
        self._general = Text("p", "", "fault unseen").mark("form-fault")
        if not self.fields:
            with box("p", "lead"):
                Text("span", "This takes no arguments.")

    def read(self) -> dict[str, Json] | None:
        """The arguments when they fit; None after what is wrong was shown beside its field."""
        for field in self.fields.values():
            field.fault("")
        self._say("")
        values: dict[str, Json] = {}
        fits = True
        for name, field in self.fields.items():
            try:
                value = field.read()
            except ValueError as error:
                field.fault(str(error))
                fits = False
                continue
            if isinstance(value, Missing):
                if field.required:
                    field.fault("This is needed.")
                    fits = False
                continue
            values[name] = value
        return values if fits and self._validated(values) else None

    def clear_secrets(self) -> None:
        """Forget what was typed into secret fields."""
        for field in self.fields.values():
            if field.secret:
                field.clear()

    def _validated(self, values: dict[str, Json]) -> bool:
        try:
            self._definition.arguments.model_validate(values)
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_input=False):
                self._place(str(fault["loc"][0]) if fault["loc"] else "", _sentence(str(fault["msg"])))
            return False
        return True

    def _place(self, name: str, text: str) -> None:
        field = self.fields.get(name)
        if field is None:
            self._say(text)
        else:
            field.fault(text)

    def _say(self, text: str) -> None:
        self._general.set_text(text)
        self._general.classes(add="" if text else "unseen", remove="unseen" if text else "")


def _mapping(value: Json | None) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _sentence(text: str) -> str:
    plain = text.removeprefix("Value error, ")
    return plain[:1].upper() + plain[1:].rstrip(".") + "."
