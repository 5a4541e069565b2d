"""The grammar: what is a command, how its words become arguments, and that nothing typed gets lost."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.actions import Definition, Unit, action
from core.actions.definition import define
from core.conversation.grammar import Command, bind, expand, parse, spoken, words_of
from core.errors import InvalidInput
from core.values import Effect

KNOWN = ("help", "echo", "notes.add", "notes.list", "knowledge.search", "schedules.add", "ask")


@action("notes.add", permission="x", effect=Effect.WRITE)
async def add(unit: Unit, text: str, *, tags: tuple[str, ...] = (), more: Mapping[str, str] | None = None) -> str:
    """Remember a note."""
    return text


@action("deploy.run", permission="x", effect=Effect.OUTWARD)
async def deploy(unit: Unit, service: str, version: str, *, dry: bool = False) -> str:
    """Deploy."""
    return service


NOTE: Definition = define(add, frozenset())
DEPLOY: Definition = define(deploy, frozenset())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notes add hello", Command(name="notes.add", words=("hello",), options={})),
        ("Notes Add hello", Command(name="notes.add", words=("hello",), options={})),
        ("/notes add hello", Command(name="notes.add", words=("hello",), options={})),
        (
            "notes add 'hello there' --tags a,b",
            Command(name="notes.add", words=("hello there",), options={"tags": "a,b"}),
        ),
        ("notes add x tags=a", Command(name="notes.add", words=("x",), options={"tags": "a"})),
        ("notes add x --tags=a", Command(name="notes.add", words=("x",), options={"tags": "a"})),
        ("notes add “curly quotes”", Command(name="notes.add", words=("curly quotes",), options={})),
        ('notes add "a --tags b"', Command(name="notes.add", words=("a --tags b",), options={})),
        ("notes list --unanswered", Command(name="notes.list", options={"unanswered": "true"})),
        ("schedules add --every-s 60", Command(name="schedules.add", options={"every_s": "60"})),
        ("help", Command(name="help", options={})),
        ("notes add x\n```\ntwo\nlines\n```", Command(name="notes.add", words=("x",), options={}, block="two\nlines")),
        ("notes add it's fine", Command(name="notes.add", words=("it's", "fine"), options={})),
    ],
)
def test_commands_are_read_as_they_are_typed(text: str, expected: Command) -> None:
    assert parse(text, KNOWN) == expected


@pytest.mark.parametrize(
    "text",
    [
        "How do I add notes?",
        "knowledge is power, they say, or is it not",
        "what does help mean",
        "'notes add' is a command, right?",
        "",
        "deploy the thing",
    ],
)
def test_everything_else_is_a_question(text: str) -> None:
    assert parse(text, KNOWN) is None


SLIPS = ("notes ad hello", "note add hello", "knowledge serch leave", "notes frobnicate")  # codespell:ignore serch


@pytest.mark.parametrize("text", SLIPS)
def test_a_command_with_a_slip_in_it_is_no_question(text: str) -> None:
    command = parse(text, KNOWN)
    assert command is not None
    assert command.name not in KNOWN


def test_the_last_argument_takes_all_that_is_left() -> None:
    command = parse("notes add remember the milk --tags home, food", KNOWN)
    assert command is not None
    assert bind(command, NOTE) == {"text": "remember the milk food", "tags": ["home"]}


def test_words_go_to_arguments_in_order() -> None:
    command = Command(name="deploy.run", words=("api", "1.2"), options={"dry": "true"})
    assert bind(command, DEPLOY) == {"service": "api", "version": "1.2", "dry": "true"}


def test_a_block_is_the_last_argument() -> None:
    assert bind(Command(name="notes.add", options={}, block="a\nb"), NOTE) == {"text": "a\nb"}


def test_objects_are_typed_as_json_or_pairs() -> None:
    assert bind(Command(name="notes.add", words=("x",), options={"more": "a=1,b=2"}), NOTE)["more"] == {
        "a": "1",
        "b": "2",
    }
    assert bind(Command(name="notes.add", words=("x",), options={"more": '{"a": "1"}'}), NOTE)["more"] == {"a": "1"}


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (Command(name="notes.add", words=("x",), options={"tag": "a"}), r"has no option --tag\. Did you mean --tags\?"),
        (Command(name="notes.add", words=("x",), options={"zzz": "a"}), r"has no option --zzz\. Try: `notes add TEXT"),
        (Command(name="notes.add", words=("x",), options={"more": "{"}), r"--more is no JSON object: '\{'"),
        (Command(name="notes.add", words=("y",), options={"text": "x"}), r"does not know what to do with 'y'"),
        (Command(name="notes.add", options={"text": "x"}, block="b"), r"takes no text block"),
    ],
)
def test_words_that_fit_nowhere_are_named(command: Command, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        bind(command, NOTE)


def test_an_alias_fills_its_places() -> None:
    assert expand("notes add {1} --tags {2}", ("a b", "c")) == 'notes add "a b" --tags "c"'
    assert expand("echo {*}", ("a", "b")) == 'echo "a" "b"'


def test_an_alias_without_its_words_says_how_many_it_needs() -> None:
    with pytest.raises(InvalidInput, match=r"This alias needs 2 words after its name\. It stands for: x \{2\}"):
        expand("x {2}", ("one",))


TEXT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u201c\u201d\u2018\u2019`"), max_size=30
)
COMMANDS = st.builds(
    Command,
    name=st.sampled_from(KNOWN),
    words=st.lists(TEXT, max_size=4).map(tuple),
    options=st.dictionaries(st.from_regex(r"\A[a-z][a-z_]{0,8}\Z"), TEXT, max_size=3),
    block=st.none() | TEXT.map(str.strip),
)


@given(COMMANDS)
def test_a_command_spoken_and_read_again_is_the_same(command: Command) -> None:
    assert parse(spoken(command), KNOWN) == command


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    parse(text, KNOWN)


UNQUOTED = st.characters(exclude_characters="\"'\u201c\u201d\u2018\u2019\\", exclude_categories=["Cs"])


@given(st.text(UNQUOTED, max_size=100))
def test_no_unquoted_word_gets_lost(text: str) -> None:
    assert [word.text for word in words_of(text)] == text.split()
