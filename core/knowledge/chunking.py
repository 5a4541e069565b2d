"""Cuts documents into passages along their structure: headings, lists, tables, code.

A passage holds 200 to 400 tokens where the document allows it. The number is an estimate,
`max(1.3 × words, characters ÷ 5)`: English prose has about 1.3 tokens a word, and code or text without
spaces about one in five characters. Retrieval quality is flat across that range, so a tokenizer would cost
time and buy nothing.

No line that is not blank is lost. A section of some size begins a passage of its own, so that its anchor is
the one cited; small ones share a passage with the next. A fenced block stays whole up to `CODE_LIMIT`; what
is cut beyond it gets its fences again, and a table its header.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Literal

from markdown_it import MarkdownIt

Kind = Literal["markdown", "text"]

TARGET = 200
"""Tokens from which on a passage may end at any block."""
LIMIT = 400
"""Tokens a passage has at most, unless one fenced block is larger."""
CODE_LIMIT = 800
"""Tokens up to which a fenced block is never cut."""
SECTION_MINIMUM = 40
"""Tokens from which on a heading ends the passage before it."""

FRONT_MATTER = re.compile(
    r"\A---[ \t]*\n(?P<body>(?:(?!(?:---|\.\.\.)[ \t]*$).*\n)*)(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE
)
FRONT_TITLE = re.compile(r"^title:[ \t]*(?P<title>\S.*?)[ \t]*$", re.MULTILINE | re.IGNORECASE)
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

_parser = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One passage.

    position: 0-based order in the document. heading_path: the document's title, then the headings above.
    anchor: GitHub's fragment for the nearest heading, without `#`; empty above the first one.
    start_line: 1-based line of the file where the passage begins, front matter counted.
    """

    position: int
    heading_path: tuple[str, ...]
    anchor: str
    text: str
    start_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Block:
    """Lines that belong together. level is 1–6 for a heading, else 0; line is 0-based."""

    kind: str
    lines: tuple[str, ...]
    line: int
    level: int = 0
    heading: str = ""

    @property
    def tokens(self) -> int:
        return estimate_tokens("\n".join(self.lines))


def estimate_tokens(text: str) -> int:
    """About how many tokens a model sees: `max(1.3 × words, characters ÷ 5)`, rounded up."""
    words = text.split()
    return max(-(-13 * len(words) // 10), -(-sum(map(len, words)) // 5))


def title_of(text: str, *, fallback: str, kind: Kind = "markdown") -> str:
    """The front matter's title, else the first H1, else the fallback (a file's stem)."""
    if kind == "text":
        return fallback
    lines, first, front = _without_front_matter(text)
    return front or next((b.heading for b in _blocks(lines, first) if b.level == 1 and b.heading), fallback)


def chunk(text: str, *, title: str, kind: Kind) -> tuple[Chunk, ...]:
    """The passages of a document in order; none for a blank one.

    title: what the document is called when it does not say so itself (see `title_of`).
    """
    if kind == "text":
        lines, title_level_seen = _lines(text), True
        blocks: Iterable[_Block] = _paragraphs(lines, 0)
    else:
        lines, first, front = _without_front_matter(text)
        found = tuple(_blocks(lines, first))
        h1 = next((b.heading for b in found if b.level == 1 and b.heading), "")
        title, title_level_seen = front or h1 or title, not h1 or bool(front and front != h1)
        blocks = found
    outline = _Outline(title, keeps_first_h1=title_level_seen)
    return tuple(_pack(_fitting(blocks), outline))


class _Outline:
    """The headings above the current line, and their anchors."""

    def __init__(self, title: str, *, keeps_first_h1: bool) -> None:
        self._title = title
        self._skip_h1 = not keeps_first_h1
        self._open: list[tuple[int, str]] = []
        self._seen: set[str] = set()
        self.anchor = ""

    @property
    def path(self) -> tuple[str, ...]:
        return (self._title, *(heading for _, heading in self._open if heading))

    def enter(self, heading: str, level: int) -> None:
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        if level == 1 and heading and self._skip_h1:  # the title itself, already first in the path
            self._skip_h1 = False
        else:
            self._open.append((level, heading))
        self.anchor = self._unique(slug(heading))

    def _unique(self, wanted: str) -> str:
        names = (wanted if n == 0 else f"{wanted}-{n}" for n in count())
        anchor = next(name for name in names if name not in self._seen)
        self._seen.add(anchor)
        return anchor


def slug(heading: str) -> str:
    """A heading as GitHub makes it a fragment: lower case, punctuation dropped, spaces as hyphens."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.strip().lower()))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _without_front_matter(text: str) -> tuple[tuple[str, ...], int, str]:
    """The lines after the front matter, how many were skipped, and its title."""
    normal = "\n".join(_lines(text.removeprefix("\ufeff")))
    found = FRONT_MATTER.match(normal)
    if found is None:
        return _lines(normal), 0, ""
    named = FRONT_TITLE.search(found["body"])
    title = named["title"].strip("\"'") if named else ""
    return _lines(normal[found.end() :]), found.group().count("\n"), title


def _blocks(lines: Sequence[str], first: int) -> Iterator[_Block]:
    """The top-level blocks in order; lines the parser gives no token (link definitions) are blocks too."""
    at = 0
    tokens = _parser.parse("\n".join(lines))
    for index, token in enumerate(tokens):
        if token.level != 0 or token.map is None or token.nesting < 0:
            continue
        start, end = token.map
        yield from _paragraphs(lines[at:start], first + at)
        level = int(token.tag[1]) if token.type == "heading_open" else 0
        heading = _plain(tokens[index + 1].content) if level else ""
        kind = token.type.removesuffix("_open")
        while end > start and not lines[end - 1].strip():
            end -= 1
        own = tuple(lines[start:end])
        yield _Block(kind=kind, lines=own, line=first + start, level=level, heading=heading)
        at = end
    yield from _paragraphs(lines[at:], first + at)


def _plain(heading: str) -> str:
    """A heading's words without the markup people use in headings."""
    linked = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[`*]|(?<!\w)_|_(?!\w)", "", linked).strip().rstrip("#").strip()


def _paragraphs(lines: Sequence[str], first: int) -> Iterator[_Block]:
    """Runs of lines between blank ones."""
    run: list[str] = []
    for number, line in enumerate((*lines, "")):
        if line.strip():
            run.append(line)
        elif run:
            yield _Block(kind="paragraph", lines=tuple(run), line=first + number - len(run))
            run = []


def _fitting(blocks: Iterable[_Block]) -> Iterator[_Block]:
    """The blocks, those over the limit cut where their kind allows it."""
    for block in blocks:
        if block.tokens <= (CODE_LIMIT if block.kind == "fence" else LIMIT):
            yield block
        elif block.kind == "fence":
            yield from _cut_fence(block)
        elif block.kind == "table":
            yield from _cut_table(block)
        else:
            yield from _cut(block, block.lines, 0, tuple)


def _cut_table(block: _Block) -> Iterator[_Block]:
    header = block.lines[:2]
    yield from _cut(block, block.lines[2:], 2, lambda rows: (*header, *rows))


def _cut_fence(block: _Block) -> Iterator[_Block]:
    opening = block.lines[0]
    marker = re.match(r"\s*(`+|~+)", opening)
    fence = marker[1] if marker else "```"
    closed = len(block.lines) > 1 and block.lines[-1].strip().startswith(fence)
    body = block.lines[1:-1] if closed else block.lines[1:]
    yield from _cut(block, body, 1, lambda rows: (opening, *rows, fence))


def _cut(
    block: _Block, body: Sequence[str], skipped: int, wrap: Callable[[Sequence[str]], tuple[str, ...]]
) -> Iterator[_Block]:
    """Pieces of at most LIMIT tokens, at a list item or paragraph inside the block where one is near."""
    if estimate_tokens("\n".join(wrap(()))) > TARGET:  # too long to repeat in every piece
        body, skipped, wrap = block.lines, 0, tuple
    run: list[str] = []
    began, room = 0, LIMIT - estimate_tokens("\n".join(wrap(())))
    total = 0
    for number, line in enumerate(body):
        for piece in _cut_line(line, room):
            cost = estimate_tokens(piece)
            if run and (total + cost > room or (total >= TARGET and _starts_item(block, piece))):
                yield _Block(kind=block.kind, lines=wrap(run), line=block.line + skipped + began)
                run, total = [], 0
            if not run:
                began = number
            run.append(piece)
            total += cost
    if run or not body:
        yield _Block(kind=block.kind, lines=wrap(run), line=block.line + skipped + began)


def _starts_item(block: _Block, line: str) -> bool:
    return block.kind.endswith("list") and re.match(r"(?:[-*+]|\d+[.)])\s", line) is not None


def _cut_line(line: str, room: int) -> Iterator[str]:
    """The line, or its sentences, words or characters, joined again up to the room there is."""
    if estimate_tokens(line) <= room:
        yield line
        return
    held = ""
    for part in _parts(line, room):
        joined = f"{held} {part}" if held else part
        if held and estimate_tokens(joined) > room:
            yield held
            joined = part
        held = joined
    yield held


def _parts(line: str, room: int) -> Iterator[str]:
    for sentence in SENTENCE_END.split(line):
        if estimate_tokens(sentence) <= room:
            yield sentence
            continue
        for word in sentence.split():
            width = max(1, room) * 5
            yield from (word[at : at + width] for at in range(0, len(word), width))


def _pack(blocks: Iterable[_Block], outline: _Outline) -> Iterator[Chunk]:
    """Passages from blocks that fit."""
    held: list[_Block] = []
    total, bare = 0, True  # bare: nothing but headings so far
    path, anchor, numbers = outline.path, outline.anchor, count()

    def passage() -> Chunk:
        text = "\n\n".join("\n".join(block.lines) for block in held)
        return Chunk(position=next(numbers), heading_path=path, anchor=anchor, text=text, start_line=held[0].line + 1)

    for block in blocks:
        cost = block.tokens
        full = total + cost > LIMIT or (total >= TARGET and cost > SECTION_MINIMUM)
        if held and not (bare and total + cost <= CODE_LIMIT) and (full or _ends(block, total)):
            yield passage()
            held, total, bare = [], 0, True
        if block.level:
            outline.enter(block.heading, block.level)
        if bare:
            path, anchor = outline.path, outline.anchor
        bare = bare and bool(block.level)
        held.append(block)
        total += cost
    if held:
        yield passage()


def _ends(block: _Block, total: int) -> bool:
    return bool(block.level) and total >= SECTION_MINIMUM
