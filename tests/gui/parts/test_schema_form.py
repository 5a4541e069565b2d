"""A form asks for what the schema says and sends it as the schema wants it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Literal

import pytest
from nicegui.elements.mixins.value_element import ValueElement
from pydantic import Field as Limits

from core.actions import Definition, SecretText, action
from core.actions.definition import define
from core.values import Effect, Json
from gui.parts.schema_form import SchemaForm
from tests.gui.visiting import Building


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@action("things.make", permission="", effect=Effect.READ)
async def make(
    title: Annotated[str, Limits(min_length=3)],
    colour: Colour,
    *,
    size: Literal["small", "large"] = "small",
    count: int = 1,
    weight: float | None = None,
    urgent: bool = False,
    on: date | None = None,
    at: datetime | None = None,
    lasts: timedelta | None = None,
    tags: tuple[str, ...] = (),
    numbers: tuple[int, ...] = (),
    more: dict[str, Json] | None = None,
    token: SecretText = "",
) -> str:
    """Make a thing.

    title: what it is called.
    """
    return title


@pytest.fixture
def definition() -> Definition:
    return define(make, frozenset())


async def form_in(building: Building, definition: Definition, **values: Json) -> SchemaForm:
    owner = await building.visitor()
    client = await owner.open("/waiting")
    with client:
        form = SchemaForm(definition, values)
    return form


def put(form: SchemaForm, name: str, value: object) -> None:
    """Fill in one field, as its reader would find it."""
    elements = form._general.client.elements.values()
    field = next(one for one in elements if f"arg-{name}" in one._markers)
    assert isinstance(field, ValueElement)
    field.value = value


async def test_values_are_sent_in_the_types_of_the_schema(building: Building, definition: Definition) -> None:
    form = await form_in(building, definition)
    given = {
        "title": "A thing", "colour": "blue", "size": "large", "count": "3", "weight": "1,5", "urgent": True,
        "on": "2026-11-21", "at": "2026-11-21T09:00", "lasts": "1h 30m", "tags": "a\n b \n", "numbers": "1\n2",
        "more": '{"a": [1]}', "token": "secret",
    }  # fmt: skip
    for name, value in given.items():
        put(form, name, value)
    assert form.read() == {
        "title": "A thing", "colour": "blue", "size": "large", "count": 3, "weight": 1.5, "urgent": True,
        "on": "2026-11-21", "at": "2026-11-21T09:00:00+00:00", "lasts": "PT1H30M", "tags": ["a", "b"],
        "numbers": [1, 2], "more": {"a": [1]}, "token": "secret",
    }  # fmt: skip
    form.clear_secrets()
    assert "token" not in (form.read() or {})


async def test_what_is_left_empty_is_left_out(building: Building, definition: Definition) -> None:
    form = await form_in(building, definition, title="A thing", colour="red")
    assert form.read() == {"title": "A thing", "colour": "red", "size": "small", "count": 1, "urgent": False}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("title", "", "This is needed."),
        ("title", "ab", "String should have at least 3 characters."),
        ("count", "two", "'two' is not a whole number."),
        ("weight", "heavy", "'heavy' is not a number."),
        ("lasts", "soon", "'soon' is not a span of time: write it as 1h 30m 10s."),
        ("numbers", "1\nb", "Every line must be a number."),
        ("more", "{", "This is not JSON"),
    ],
)
async def test_what_does_not_fit_is_said_beside_its_field(
    building: Building, definition: Definition, name: str, value: str, said: str
) -> None:
    form = await form_in(building, definition, title="A thing", colour="red")
    put(form, name, value)
    assert form.read() is None
    client = form._general.client
    field = next(one for one in client.elements.values() if f"field-{name}" in one._markers)
    assert any(said in str(getattr(one, "text", "")) for one in field.descendants())


async def test_a_secret_is_never_filled_in(building: Building, definition: Definition) -> None:
    form = await form_in(building, definition, title="A thing", colour="red", token="known before")
    assert "token" not in (form.read() or {})
