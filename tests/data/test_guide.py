"""Every command the guide names is there and takes what the guide gives it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from core.cli.names import COMMANDS
from core.conversation.grammar import bind, parse
from core.errors import AppError
from tests.architecture.tree import ROOT
from tests.fakes.house import House, open_house

PAGES = sorted((ROOT / "data" / "guide").glob("*.md"))
CODE = re.compile(r"`([^`\n]+)`")
BLOCK = re.compile(r"```[a-z]*\n(.*?)```", re.DOTALL)


def spans(text: str) -> Iterator[str]:
    """Every inline piece of code and every line of a block."""
    for block in BLOCK.findall(text):
        yield from (line.strip() for line in block.splitlines() if line.strip())
    yield from CODE.findall(BLOCK.sub("", text))


def wrong(house: House, page: Path) -> list[str]:
    """The commands of a page that are not there, or do not take these arguments."""
    registry = house.app.door.registry
    areas = {name.partition(".")[0] for name in registry.names() if "." in name}
    found = []
    for span in spans(page.read_text(encoding="utf-8")):
        words = span.removeprefix("@signalbox ").removeprefix("/signalbox ").removeprefix("signalbox ").split()
        if not words or words[0] not in areas or len(words) < 2 or not words[1].islower() or words[1].startswith("-"):
            continue
        command = parse(" ".join(words), registry.names())
        try:
            definition = registry.get(command.name if command else ".".join(words[:2]))
            if command is not None and any((*command.words, *command.options)):
                bind(command, definition)
        except AppError as error:
            found.append(f"{page.name}: `{span}`: {error}")
    return found


async def test_the_guide_names_no_command_that_is_not_there(tmp_path: Path) -> None:
    async with open_house(tmp_path, start=False) as house:
        assert [fault for page in PAGES for fault in wrong(house, page)] == []


async def test_a_wrong_command_in_a_page_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Run `notes ad x` and `notes add x --colour red` and `notes add x`.\n")
    async with open_house(tmp_path / "home", start=False) as house:
        faults = wrong(house, page)
    assert len(faults) == 2
    assert "No command is called `notes ad`" in faults[0]
    assert "has no option --colour" in faults[1]


async def test_what_follows_signalbox_in_the_guide_is_a_command_of_the_shell_or_the_chat(tmp_path: Path) -> None:
    async with open_house(tmp_path, start=False) as house:
        names = set(house.app.door.registry.names())
    known = {*COMMANDS, *names, *(name.partition(".")[0] for name in names)}
    said = [(page.name, span) for page in PAGES for span in spans(page.read_text(encoding="utf-8"))]
    first = [(page, span, span.split()[1]) for page, span in said if re.match(r"signalbox [a-z]", span)]
    assert len(first) > 10
    assert [(page, span) for page, span, word in first if word not in known] == []
