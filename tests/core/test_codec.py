from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from core.codec import ShownOnce, adapter, canonical, decode, digest, encode, encode_as, indented, parse, plain
from core.errors import InvalidInput
from core.values import Json


@dataclass(frozen=True)
class Inner:
    n: int


@dataclass(frozen=True)
class Outer:
    name: str
    at: datetime
    inner: tuple[Inner, ...] = ()


@dataclass(frozen=True)
class Given:
    id: str
    token: ShownOnce


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


def test_a_dataclass_comes_back_from_its_text() -> None:
    value = Outer(name="é", at=datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), inner=(Inner(1), Inner(2)))
    assert decode(Outer, encode(value)) == value
    assert decode(Outer, encode(value).encode()) == value
    assert plain(value) == {"name": "é", "at": "2026-01-02T03:04:05.000006Z", "inner": [{"n": 1}, {"n": 2}]}


def test_a_declared_type_reads_what_it_wrote() -> None:
    text = encode_as(tuple[Inner, ...], (Inner(1),))
    assert text == '[{"n":1}]'
    assert decode(tuple[Inner, ...], text) == (Inner(1),)


def test_the_serialiser_of_a_type_is_built_once() -> None:
    assert adapter(Outer) is adapter(Outer)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"name": 1, "at": "2026-01-01T00:00:00Z"}', "Not a Outer: name: Input should be a valid string."),
        (
            '{"name": "x", "at": "2026-01-01T00:00:00Z", "inner": [{"n": 1}, {}]}',
            "Not a Outer: inner.1.n: Field required.",
        ),
        ("{", "Not a Outer: Invalid JSON: EOF while parsing an object at line 1 column 1."),
    ],
)
def test_what_does_not_fit_is_refused_by_the_field(text: str, said: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode(Outer, text)
    assert str(refused.value) == said


def test_a_secret_is_shown_to_whoever_asked_and_written_nowhere() -> None:
    value = Given(id="t1", token=SecretStr("made-up"))
    assert plain(value, reveal=True) == {"id": "t1", "token": "made-up"}
    assert plain(value) == {"id": "t1", "token": "•••"}
    assert "made-up" not in encode(value)


@given(JSON)
def test_equal_values_have_equal_texts_that_say_the_same(value: Json) -> None:
    assert parse(canonical(value)) == value
    assert parse(indented(value)) == value
    assert canonical(parse(indented(value))) == canonical(value)


def test_the_order_of_keys_does_not_count() -> None:
    assert canonical({"b": 1, "a": {"d": 2, "c": 3}}) == canonical({"a": {"c": 3, "d": 2}, "b": 1})
    assert canonical({"b": 1, "a": 2}) == '{"a":2,"b":1}'
    assert indented({"b": [1]}) == '{\n  "b": [\n    1\n  ]\n}'


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="unexpected"):
        parse("{")


def test_a_digest_is_that_of_the_text() -> None:
    assert digest("é").startswith("4a99557e4033c353")
    assert len(digest("")) == 64
