"""The reference pages and `.env.example` say what the code says, and the README's commands work."""

import re
import shlex
from pathlib import Path

import pytest

from core.cli.commands import ALL, BUILT
from core.cli.names import COMMANDS
from core.cli.parser import help_of
from core.config.settings import SECRET_NAMES, VENDORS, Settings, load_settings
from tests.core.cli.parts import ROOT, signalbox
from tools.reference import SECRETS, pages, tree, variable


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_in_step_with_the_code(name: str) -> None:
    written = (ROOT / name).read_text("utf-8")
    assert written == pages()[name], f"{name} is out of step: make docs"


def test_the_example_lists_every_variable_once() -> None:
    listed = re.findall(r"^#?([A-Z][A-Z0-9_a-z]*)=", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE)
    wanted = ["SIGNALBOX_HOME", *(variable(key) for key, _ in tree(Settings)), *SECRET_NAMES]
    wanted += [f"SIGNALBOX_URL_{vendor}" for vendor in VENDORS]
    assert sorted(listed) == sorted(wanted)
    assert len(set(listed)) == len(listed)


def test_the_example_with_its_marks_removed_is_taken(tmp_path: Path) -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    set_ones = [line[1:] for line in text.splitlines() if re.match(r"#SIGNALBOX_\w+=.", line)]
    assert "SIGNALBOX_PORT=8321" in set_ones
    (tmp_path / ".env").write_text("\n".join(set_ones))
    assert load_settings(str(tmp_path), environ={}).port == 8321


def test_every_secret_has_a_word_on_it() -> None:
    assert set(SECRETS) == set(SECRET_NAMES)


def test_every_command_has_help_with_an_example() -> None:
    assert {command.name for command in ALL} == set(COMMANDS)
    for command in ALL:
        assert f"Example: {command.example}" in help_of(command)
        assert command.example.startswith(f"signalbox {command.name}")
    for command in BUILT:
        assert all(one.help for one in command.options)


@pytest.mark.slow
def test_the_commands_of_the_readme_work_in_a_fresh_home(tmp_path: Path) -> None:
    section = (ROOT / "README.md").read_text("utf-8").split("## The first answer in sixty seconds")[1].split("\n## ")[0]
    lines = [line for block in re.findall(r"```sh\n(.*?)```", section, re.DOTALL) for line in block.splitlines()]
    assert len(lines) >= 3
    said = []
    for line in lines:
        words = shlex.split(line)
        assert words[0] == "signalbox"
        done = signalbox(tmp_path / "home", *words[1:])
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        said.append(done.stdout)
    assert "guide/connect-slack.md" in said[0]
    assert "first Monday" in said[2]


def test_the_readme_names_only_commands_and_pages_there_are() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    for name in re.findall(r"`signalbox ([a-z]+)", text):
        assert name in COMMANDS or name in ("notes", "knowledge"), name
    for link in re.findall(r"\]\(((?!http)[^)#]+)\)", text):
        assert (ROOT / link).exists(), link
