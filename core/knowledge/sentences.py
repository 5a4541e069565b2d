"""Takes Markdown apart into what can be quoted: sentences, list items, table rows and code blocks.

Works line by line on one passage, not on a syntax tree: a passage is cut from a document and may begin in
the middle of a list. A sentence never ends inside a code span, a link, an address, a version number or after
an abbreviation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

UnitKind = Literal["sentence", "item", "row", "code"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """Something that can be quoted by itself.

    text: as written, without quote or list markers; code with its fences. block: units with the same number
    stand in the same paragraph, list or table. lead: what an item or row needs to be read (its marker, or
    the table's header). headings: those above it within the passage.
    """

    kind: UnitKind
    text: str
    block: int
    headings: tuple[str, ...] = ()
    lead: str = ""


FENCE = re.compile(r"^\s*(```+|~~~+)")
HEADING = re.compile(r"^ {0,3}(#{1,6})(?:\s+(.*?))?\s*#*\s*$")
ITEM = re.compile(r"^\s*(?P<marker>[-*+]|\d{1,9}[.)])\s+(?P<text>\S.*)$")
QUOTE = re.compile(r"^\s*>\s?")
ROW = re.compile(r"^\s*\|.*\|\s*$")
RULE = re.compile(r"^\s*(?:\|?\s*:?-{3,}:?\s*)+\|?\s*$|^\s*(?:[-*_]\s*){3,}$|^\s*={3,}\s*$")

PROTECTED = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)|\]\([^)\s]*\)|<[^>\s]+>|https?://\S*[\w/]")
ABBREVIATIONS = frozenset(
    "e.g i.e etc mr mrs ms dr prof st vs cf approx ca no nr fig eq sec ch p pp vol ed al min max tel ext "  # noqa: SIM905
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri sat sun inc ltd co dept est".split()
)
END = re.compile(r"[.!?…]+[\"'”’)\]*_]*(?=\s)")


def units(text: str) -> tuple[Unit, ...]:
    """The quotable parts of a passage in reading order. Headings are context, not parts."""
    return tuple(_Reader().read(text))


def sentences(paragraph: str) -> tuple[str, ...]:
    """The sentences of one paragraph, white space collapsed."""
    flat = " ".join(paragraph.split())
    guarded = [found.span() for found in PROTECTED.finditer(flat)]
    cuts, began = [], 0
    for found in END.finditer(flat):
        if any(low < found.end() <= high - 1 for low, high in guarded):
            continue
        if _ends_sentence(flat[began : found.start()], found.group(), flat[found.end() :].lstrip()):
            cuts.append(flat[began : found.end()].strip())
            began = found.end()
    rest = flat[began:].strip()
    return tuple([*cuts, rest] if rest else cuts)


def _ends_sentence(before: str, mark: str, after: str) -> bool:
    if after[:1].islower():
        return False
    if mark[0] != ".":
        return True
    last = before.rsplit(None, 1)[-1].lstrip("([\"'*_").lower() if before.split() else ""
    if last in {"no", "nr", "p", "pp", "fig", "sec", "ch", "vol", "st", "min", "max", "co"}:
        return last in {"no", "min", "max", "co"} and not after[:1].isdigit()
    return last not in ABBREVIATIONS and not re.fullmatch(r"[a-z]|(?:[a-z]\.)+[a-z]|\d+", last)


class _Reader:
    """Holds the open paragraph while lines go by."""

    def __init__(self) -> None:
        self._block = 0
        self._headings: list[tuple[int, str]] = []
        self._paragraph: list[str] = []
        self._item: list[str] = []
        self._marker = ""
        self._header = ""
        self._code: list[str] = []
        self._fence = ""

    def read(self, text: str) -> Iterator[Unit]:
        blank = True
        for raw in text.split("\n"):
            line = raw if self._fence else QUOTE.sub("", raw)
            if self._fence or FENCE.match(line):
                yield from self._read_code(line)
            elif not line.strip():
                yield from self._close(ends_list=False)
            else:
                yield from self._read_line(line, after_blank=blank)
            blank = not line.strip()
        if self._fence:
            yield self._unit("code", "\n".join([*self._code, self._fence]))
        yield from self._close()

    def _unit(self, kind: UnitKind, text: str, lead: str = "") -> Unit:
        headings = tuple(heading for _, heading in self._headings)
        return Unit(kind=kind, text=text, block=self._block, headings=headings, lead=lead)

    def _read_code(self, line: str) -> Iterator[Unit]:
        if not self._fence:
            yield from self._close()
            found = FENCE.match(line)
            self._fence, self._code = (found[1] if found else "```"), [line.strip()]
            return
        self._code.append(line)
        if line.strip().startswith(self._fence) and not line.strip().strip(self._fence[0]):
            self._fence = ""
            yield self._unit("code", "\n".join(self._code))
            self._block += 1

    def _read_line(self, line: str, *, after_blank: bool) -> Iterator[Unit]:
        heading, item = HEADING.match(line), ITEM.match(line)
        if heading:
            yield from self._close()
            level = len(heading[1])
            kept = [pair for pair in self._headings if pair[0] < level]
            self._headings = [*kept, (level, heading[2] or "")]
        elif RULE.match(line):
            if not self._header:
                yield from self._close()
        elif ROW.match(line):
            yield from self._read_row(line.strip())
        elif item:
            yield from self._close(ends_list=False)
            self._marker, self._item = item["marker"], [item["text"]]
        elif self._item or (self._marker and line[:1].isspace()):
            self._item.append(line.strip())
        else:
            if self._header or (after_blank and self._marker):
                yield from self._close()
            self._paragraph.append(line)

    def _read_row(self, line: str) -> Iterator[Unit]:
        if self._header:
            yield self._unit("row", line, lead=self._header)
            return
        yield from self._close()
        self._header = line

    def _close(self, *, ends_list: bool = True) -> Iterator[Unit]:
        if self._paragraph:
            for sentence in sentences(" ".join(self._paragraph)):
                yield self._unit("sentence", sentence)
            self._paragraph = []
            self._block += 1
        if self._item:
            yield self._unit("item", " ".join(" ".join(self._item).split()), lead=self._marker)
            self._item = []
        if ends_list and self._marker:
            self._marker = ""
            self._block += 1
        if self._header:
            self._header = ""
            self._block += 1
