"""What an action returned, for reading: a reply with its sources, a table, a list of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum

import orjson
from markdown_it import MarkdownIt
from nicegui import ui
from pydantic import SecretStr

from core.actions import Simulation
from core.codec import plain
from core.values import Json, ProducedBy, Reply, Source, Table
from gui.parts.basics import Text, age, box, link, tag

MOST_ROWS = 500
MOST_TEXT = 40_000
"""Characters of one text that are shown; the rest is said to be left out."""


def show_result(value: object) -> None:
    """Put any result of an action on screen."""
    if isinstance(value, Reply):
        reply(value)
    elif isinstance(value, Simulation):
        preview(value)
    elif isinstance(value, str):
        markdown(value)
    elif isinstance(value, (list, tuple)):
        rows(value)
    elif value is None:
        Text("p", "Done.", "lead")
    else:
        facts(value)


def reply(value: Reply) -> None:
    """An answer with what it read and what made it."""
    if value.produced_by is not None:
        with box("div", "by"):
            produced(value.produced_by)
    markdown(value.text)
    if value.table is not None:
        table(value.table)
    sources(value.sources)


def produced(by: ProducedBy) -> None:
    """What made an answer, and how long it took."""
    tag(by.label, "info")
    if by.duration_ms:
        Text("small", seconds(by.duration_ms))


def seconds(ms: float) -> str:
    """A duration for people: `24 ms`, `1.8 s`."""
    return f"{ms:.0f} ms" if ms < 1_000 else f"{ms / 1_000:.1f} s"


def markdown(text: str) -> None:
    """Text with its formatting. HTML in it is shown as it was typed, pictures are not fetched."""
    Markdown(text)


class Markdown(ui.html):
    """Markdown whose text can be replaced while an answer grows.

    Rendered with HTML and pictures off, and sanitised once more by the browser: what people and
    models write can format text and nothing else.
    """

    def __init__(self, text: str = "") -> None:
        super().__init__(rendered(text), sanitize=True)
        self.classes("prose")

    def show(self, text: str) -> None:
        """Replace the text."""
        self.set_content(rendered(text))


def rendered(text: str) -> str:
    """Safe HTML of a Markdown text."""
    left_out = len(text) - MOST_TEXT
    return str(_markdown.render(text if left_out <= 0 else text[:MOST_TEXT] + f"\n\n… {left_out} more characters."))


_markdown = (
    MarkdownIt("commonmark", {"html": False, "breaks": True}).enable(["table", "strikethrough"]).disable("image")
)


def sources(found: Sequence[Source]) -> None:
    """Where statements come from."""
    if not found:
        return
    with box("div", "srcs"):
        for one in found:
            words = " · ".join(part for part in (one.title or one.location, one.section) if part)
            chip = link(words, one.location, "src")
            chip.props["title"] = one.quote[:400] or one.location


def table(value: Table) -> None:
    """Rows under headings."""
    _grid(value.headings, value.rows)


def preview(value: Simulation) -> None:
    """What a call would do."""
    with box("div", "note info"):
        Text("b", "Nothing was run. This is what would happen:")
        Text("span", value.summary)
        with box("dl", "defs left"):
            for name, given in value.arguments.items():
                _fact(name, _words(given))
            _fact("Changes", _EFFECTS[value.effect.value])
            _fact("Allowed by", value.rule)
            _fact("Asks first", value.asks or "no")


_EFFECTS = {
    "read": "nothing",
    "write": "something here; undo takes it back",
    "outward": "something outside of Signalbox",
    "destroy": "something for good",
}


def rows(values: Sequence[object]) -> None:
    """Values of one kind as a table."""
    if not values:
        Text("p", "There is none.", "lead")
        return
    flat = [_flat(one) for one in values[:MOST_ROWS]]
    headings = tuple(dict.fromkeys(name for one in flat for name in one))
    _grid(
        tuple(_spoken(name) for name in headings),
        tuple(tuple(one.get(name, "") for name in headings) for one in flat),
    )
    if len(values) > MOST_ROWS:
        Text("p", f"The first {MOST_ROWS} of {len(values)}.", "lead")


def facts(value: object) -> None:
    """One value as names and what they are."""
    with box("dl", "defs left"):
        if is_dataclass(value):
            for field in fields(value):
                _fact(_spoken(field.name), getattr(value, field.name))
        else:
            for name, inner in _flat(value).items():
                _fact(_spoken(name), inner)


def _fact(name: str, value: object) -> None:
    Text("dt", name)
    with box("dd"):
        if isinstance(value, datetime):
            age(value, classes="")
        else:
            Text("span", _words(value))


def _grid(headings: Sequence[str], body: Sequence[Sequence[str]]) -> None:
    numeric = [all(_is_number(line[at]) for line in body) and bool(body) for at in range(len(headings))]
    with box("div", "tablewrap"), box("table", "table stack"):
        with box("thead"), box("tr"):
            for at, heading in enumerate(headings):
                Text("th", heading, "num" if numeric[at] else "").props["scope"] = "col"
        with box("tbody"):
            for line in body:
                with box("tr"):
                    for at, cell in enumerate(line):
                        Text("td", cell, "num" if numeric[at] else "").props["data-label"] = headings[at]


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()


def _flat(value: object) -> dict[str, str]:
    json = plain(value)
    return {name: _words(inner) for name, inner in json.items()} if isinstance(json, dict) else {"value": _words(json)}


def _words(value: object) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, (list, tuple)) and all(isinstance(one, (str, int, float)) for one in value):
        return ", ".join(str(one) for one in value) or "–"
    if isinstance(value, (str, int, float)):
        return str(value)
    return orjson.dumps(_plain(value)).decode()


def _plain(value: object) -> Json:
    return plain(value)


def _spoken(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]
