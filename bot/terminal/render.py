"""A reply as a terminal shows it. Works on the API's JSON, so that showing an answer imports nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

BOLD, DIM, PLAIN = "\033[1m", "\033[2m", "\033[0m"
NARROWEST = 8
"""No column of a table is squeezed below this many characters."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[([^\]\n]+)\]\((\S+?)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How it may be shown. colour: the terminal understands escape codes. width: columns there are."""

    colour: bool = False
    width: int = 100

    def styled(self, text: str, style: str) -> str:
        """The text in that style, or as it is."""
        return f"{style}{text}{PLAIN}" if self.colour and text else text


def answer_lines(answer: Mapping[str, object], look: Look, *, said: str = "") -> list[str]:
    """The lines of an answer. said: the text that was shown while it came in, which is not said again."""
    reply = answer.get("reply")
    reply = reply if isinstance(reply, Mapping) else {}
    text = str(reply.get("text") or "")
    lines = [] if not text or said.strip() == text.strip() else inline(text, look).splitlines()
    table = reply.get("table")
    if isinstance(table, Mapping):
        lines += table_lines(_strings(table.get("headings")), [_strings(row) for row in _list(table.get("rows"))], look)
    lines += _sources(_list(answer.get("sources")), look)
    made = answer.get("producedBy")
    if isinstance(made, Mapping) and made.get("label") not in (None, "", "command"):
        lines += ["", look.styled(f"({clean(str(made['label']))})", DIM)]
    return lines


def inline(text: str, look: Look) -> str:
    """Markdown for a terminal: bold is bold, a link shows its address, code keeps its marks off."""
    shown = _LINK.sub(lambda link: link[1] if link[1] == link[2] else f"{link[1]} <{link[2]}>", clean(text))
    shown = _BOLD.sub(lambda bold: look.styled(bold[1], BOLD), shown)
    return _CODE.sub(lambda code: look.styled(code[1], BOLD) if look.colour else f"`{code[1]}`", shown)


def clean(text: str) -> str:
    """The text without control characters: an answer quotes documents, and none of them drives the terminal."""
    return _CONTROL.sub("", text)


def table_lines(headings: Sequence[str], rows: Sequence[Sequence[str]], look: Look) -> list[str]:
    """A table in aligned columns; cells that are too long for the width are cut with an ellipsis."""
    if not headings:
        return []
    cells = [[" ".join(clean(cell).split()) for cell in row] for row in rows]
    widths = [max(_width(row[at]) for row in [list(headings), *cells] if at < len(row)) for at in range(len(headings))]
    _squeeze(widths, look.width - 2 * (len(headings) - 1))
    first = "  ".join(_fitted(cell, width) for cell, width in zip(headings, widths, strict=True)).rstrip()
    ruled = "  ".join("─" * width for width in widths)
    body = ["  ".join(_fitted(cell, width) for cell, width in zip(row, widths, strict=False)).rstrip() for row in cells]
    return [look.styled(first, BOLD), look.styled(ruled, DIM), *body]


def _sources(sources: Sequence[object], look: Look) -> list[str]:
    lines = []
    for number, source in enumerate((one for one in sources if isinstance(one, Mapping)), start=1):
        title, location = clean(str(source.get("title") or "")), clean(str(source.get("location") or ""))
        section = clean(str(source.get("section") or ""))
        name = " > ".join(part for part in (title, section) if part)
        where = f"  {location}" if location and location != name else ""
        lines.append(f"  [{number}] {name or location}{look.styled(where, DIM) if name else ''}")
    return ["", look.styled("Sources", BOLD), *lines] if lines else []


def _squeeze(widths: list[int], room: int) -> None:
    """Take from the widest column until all of them fit, as far as that goes."""
    while sum(widths) > max(room, NARROWEST * len(widths)):
        widest = widths.index(max(widths))
        if widths[widest] <= NARROWEST:
            return
        widths[widest] -= 1


def _fitted(text: str, width: int) -> str:
    if _width(text) <= width:
        return text + " " * (width - _width(text))
    kept = ""
    for letter in text:
        if _width(kept + letter) > width - 1:
            break
        kept += letter
    return kept + "…" + " " * (width - 1 - _width(kept))


def _width(text: str) -> int:
    """Columns a text takes: wide letters take two, marks none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def _list(value: object) -> Sequence[object]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _strings(value: object) -> list[str]:
    return [str(one) for one in _list(value)]
