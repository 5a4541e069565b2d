import subprocess
import sys

import pytest

from core.cli.quick import Talk, mistyped, quoted, read, requoted
from core.conversation.grammar import words_of
from tests.core.cli.parts import ROOT, signalbox


@pytest.mark.parametrize(
    ("words", "talk"),
    [
        (["do", "notes list"], Talk(kind="do", text="notes list")),
        (["do", "--json", "--yes", "notes list"], Talk(kind="do", text="notes list", json=True, yes=True)),
        (["ask", "how", "long?"], Talk(kind="ask", text="how long?")),
        (["ask", "--home", "/x", "why?"], Talk(kind="ask", text="why?", home="/x")),
        (["chat", "--home=/x"], Talk(kind="chat", home="/x")),
        (["notes", "add", "two words"], Talk(kind="do", text='notes add "two words"')),
        (["schedules", "list", "--json"], Talk(kind="do", text="schedules list", json=True)),
        (["notes", "add", "--", "--yes"], Talk(kind="do", text="notes add --yes")),
    ],
)
def test_what_is_to_be_said_is_read_without_a_parser(words: list[str], talk: Talk) -> None:
    assert read(words) == talk


@pytest.mark.parametrize(
    "words",
    [[], ["run"], ["doctor"], ["--version"], ["ask"], ["ask", "--help"], ["do", "  "], ["chat", "x"], ["ask", "--home"],
     ["ask", "x", "--yes"], ["models", "list"]],
)  # fmt: skip
def test_everything_else_takes_the_long_way(words: list[str]) -> None:
    assert read(words) is None


@pytest.mark.parametrize(
    "word", ["plain", "two words", 'say "hi"', "it's", "a\\b c", "", "line\nbreak", "“curly” quote"]
)
def test_a_word_of_the_shell_is_one_word_of_the_chat(word: str) -> None:
    straight = word.replace("“", '"').replace("”", '"')
    assert [one.text for one in words_of(f"notes add {requoted(word)}")] == ["notes", "add", straight]


def test_the_value_of_an_option_keeps_its_spaces() -> None:
    assert requoted("--tags=a b") == '--tags="a b"'
    assert requoted("tags=a b") == 'tags="a b"'
    assert quoted('a "b"') == '"a \\"b\\""'


def test_a_mistyped_command_of_the_shell_is_noticed_but_not_one_of_the_chat() -> None:
    assert mistyped(["dcotor"]) == "doctor"
    assert mistyped(["help"]) == mistyped(["doctor"]) == mistyped(["notes", "add"]) == ""


def test_the_short_way_imports_nothing_heavy(tmp_path: object) -> None:
    code = (
        "import sys; from core.__main__ import command; from core.cli.terminal import Terminal\n"
        "import core.cli.client, core.cli.talking, core.cli.runfile, bot.terminal\n"
        "from core.config.home import home_folder\n"
        "print(sorted({'pydantic', 'click', 'core.values', 'orjson', 'asyncio', 'nicegui'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_version_is_printed(tmp_path: object) -> None:
    from core import __version__

    assert signalbox(ROOT / "nowhere", "--version").stdout == f"signalbox {__version__}\n"
