"""What the knowledge area hands out: sources, hits, quotes and notes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from core.values import EVERYONE, Source

SourceKind = Literal["folder", "note", "guide"]
QUESTION_LIMIT = 500
"""Characters of a question that are looked at."""
NOTE_LIMIT = 20_000
"""Characters a note has at most: about twenty passages, which are written at once."""


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _sorted(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted({*value}))


Tag = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, min_length=1, max_length=40)]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(_listed), AfterValidator(_sorted)]
"""Lower-case words; also written `a,b`."""
VisibleTo = Annotated[
    tuple[Annotated[str, StringConstraints(pattern=rf"^(?:{EVERYONE}|[a-z]+:\S*)$")], ...],
    BeforeValidator(_listed),
    AfterValidator(_sorted),
]
"""`everyone`, or places such as `slack:T1/C2`; also written with commas between them."""
NoteText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_LIMIT)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A file or folder that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What indexing did, in documents. `passages`: those written now. skipped: at most fifty of `left_out`."""

    source: str
    location: str
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    left_out: int = 0
    failed: int = 0
    passages: int = 0
    duration_ms: int = 0
    skipped: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KnowledgeSource:
    """Where knowledge comes from. indexed_at None: never indexed to its end. location as it is on disk."""

    id: str
    kind: SourceKind
    title: str
    location: str
    visibility: tuple[str, ...]
    added_by: str
    added_at: datetime
    indexed_at: datetime | None
    documents: int
    passages: int
    skipped: tuple[Skip, ...] = ()
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchHit:
    """A passage that was found. source: file or id, as it is shown; score 0 to 1 within one search."""

    source: str
    title: str
    text: str
    score: float
    section: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """What a search found, best first, one passage a document."""

    hits: tuple[SearchHit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotes:
    """An answer in the sources' own words: Markdown with `[1]` behind each quote, `sources[0]` being 1.

    confidence: 0 to 1. found: False when nothing known answers. searched: passages this audience may see.
    """

    text: str
    sources: tuple[Source, ...]
    confidence: float
    found: bool
    searched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something a person wrote down. author: a person's id."""

    id: str
    text: str
    tags: tuple[str, ...]
    author: str
    created_at: datetime
    changed_at: datetime
    visibility: tuple[str, ...]
