"""Small parts: text, links, buttons, dots, tags, ages, cards, rows, empty states.

Text always travels as text (never as HTML or script); attributes are set one by one, never parsed.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Literal

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from core.values import now, spoken_age
from gui.parts.icons import icon

State = Literal["ok", "warn", "bad", "idle", "info"]
Press = Callable[[], object] | Callable[[], Awaitable[object]]


class Text(TextElement):
    """An HTML element that holds text and nothing else."""

    def __init__(self, tag: str, text: str = "", classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        if classes:
            self.classes(classes)


def box(tag: str = "div", classes: str = "", **attributes: str) -> ui.element:
    """An HTML element to put others into."""
    element = ui.element(tag)
    if classes:
        element.classes(classes)
    for name, value in attributes.items():
        element.props[name.rstrip("_").replace("_", "-")] = value
    return element


def prose(text: str, classes: str = "lead", tag_name: str = "p") -> ui.element:
    """A sentence in which what stands between backticks is shown as code."""
    element = box(tag_name, classes)
    with element:
        for at, part in enumerate(text.split("`")):
            if part:
                Text("code" if at % 2 else "span", part)
    return element


def link(text: str, href: str, classes: str = "") -> Text:
    """A link inside the control room, or to the web; any other address is shown as text only."""
    safe = href.startswith("/") and not href.startswith("//")
    outside = href.startswith(("https://", "http://"))
    element = Text("a" if safe or outside else "span", text, classes)
    if safe or outside:
        element.props["href"] = href
    if outside:
        element.props["target"] = "_blank"
        element.props["rel"] = "noopener noreferrer"
    return element


class Button(TextElement):
    """A button. While what it started is running it cannot be pressed again."""

    def __init__(self, text: str, press: Press | None = None, *, classes: str = "", title: str = "") -> None:
        super().__init__(tag="button", text=text)
        self.classes(f"btn {classes}".strip())
        self.props["type"] = "button"
        if title:
            self.props["title"] = title
            self.props["aria-label"] = title
        self._press = press
        if press is not None:
            self.on("click", self._pressed)

    async def _pressed(self) -> None:
        if self.props.get("disabled") or self._press is None:
            return
        self.props["disabled"] = True
        try:
            result = self._press()
            if isinstance(result, Awaitable):
                await result
        finally:
            if not self.is_deleted:
                del self.props["disabled"]


def dot(state: State) -> ui.element:
    """The state's dot; the word beside it says the same."""
    return box("span", f"dot {state}", aria_hidden="true")


def tag(text: str, state: State = "idle") -> Text:
    """A state as a word on its colour."""
    return Text("span", text, f"tag {state}")


def age(at: datetime, form: Literal["ago", "in", "plain", "at", "clock"] = "ago", classes: str = "r") -> Text:
    """A time that the browser keeps up to date by itself, in its own zone. clock: the present day and time."""
    span = now() - at
    words = {
        "ago": f"{spoken_age(span)} ago",
        "plain": spoken_age(span),
        "in": f"in {spoken_age(-span)}",
        "at": f"{at:%H:%M}",
        "clock": f"{at:%A} {at.day} {at:%B} {at:%H:%M}",
    }
    element = Text("time", words[form], classes)
    element.props["datetime"] = at.isoformat()
    element.props["data-age"] = form
    return element


def tell(element: Text, at: datetime) -> None:
    """Give an age a new beginning; nothing is sent while it is the same."""
    text = at.isoformat()
    if element.props.get("datetime") != text:
        element.props["datetime"] = text


class Card(ui.element):
    """A titled box; its count can change."""

    def __init__(self, title: str, *, width: str, more: tuple[str, str] | None) -> None:
        super().__init__("section")
        self.classes(f"card {width}".strip())
        with self, box("div", "head"):
            Text("h2", title)
            self._count = tag("", "warn")
            self._count.set_visibility(False)
            if more is not None:
                link(more[0], more[1])

    def count(self, number: int) -> None:
        """Show how many there are; nothing for none."""
        self._count.set_text(str(number))
        self._count.set_visibility(number > 0)


@contextmanager
def card(title: str, *, width: str = "", more: tuple[str, str] | None = None) -> Iterator[Card]:
    """A titled card around its rows. more: the words and address of a link in its head."""
    whole = Card(title, width=width, more=more)
    with whole, box("div", "rows"):
        yield whole


@contextmanager
def row(href: str = "", classes: str = "") -> Iterator[ui.element]:
    """One row; the whole of it is a link when it leads somewhere."""
    with box("a" if href else "div", f"entry {classes}".strip(), **({"href": href} if href else {})) as element:
        yield element


def name(text: str) -> Text:
    """A row's first words."""
    return Text("span", text, "name")


def sub(text: str) -> Text:
    """A row's second words."""
    element = Text("span", text, "sub")
    element.props["title"] = text[:300]
    return element


def empty(text: str, action: tuple[str, str | Press] | None = None, *, state: State | None = None) -> None:
    """One sentence why there is nothing, and one thing to do about it."""
    with box("div", "empty"):
        if state is not None:
            dot(state)
        Text("span", text)
        if action is not None:
            label, does = action
            if isinstance(does, str):
                link(label, does, "btn")
            else:
                Button(label, does)


def skeleton(rows: int = 3) -> None:
    """Rows that are not there yet."""
    for _ in range(rows):
        with box("div", "skeleton", aria_hidden="true"):
            box("i")


def plain_words(text: str) -> str:
    """Markdown in one line, without its marks."""
    return " ".join(_MARKS.sub("", text).split())


_MARKS = re.compile(r"[*`]+|^\s*[-#>]+\s", re.MULTILINE)


def initials(text: str) -> str:
    """Two letters for a name."""
    words = [word for word in text.replace(".", " ").replace("@", " ").split() if word[0].isalnum()]
    return ("".join(word[0] for word in words[:2]) if len(words) > 1 else text.strip()[:2]).upper() or "–"


def icon_button(drawing: str, label: str, js: str = "", press: Press | None = None) -> Button:
    """A button that is only an icon, with a name for those who do not see it."""
    button = Button("", press, title=label).classes(replace="iconbtn")
    with button:
        icon(drawing)
    if js:
        button.on("click", js_handler=js)
    return button
