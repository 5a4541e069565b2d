"""Finds passages: full text and vectors, each narrowed to what the audience may see before it is ranked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.codec import decode
from core.knowledge import search_store
from core.knowledge.fusion import Hit, fuse
from core.knowledge.matrix import VectorMatrix
from core.knowledge.search_store import PassageRow
from core.knowledge.vectors import Vectors
from core.knowledge.words import stem, subject_words
from core.storage import Connection
from core.values import Audience

CANDIDATES = 100
"""Passages taken from each of the two rankings."""
LIKE_ENOUGH = 0.3
"""The least likeness of a passage that holds none of the words."""
COUNTED = 20_000
"""Passages with a word are counted up to here: beyond, it is common enough."""
COMMON_SHARE, COMMON_FROM = 0.2, 5_000
"""In a large index a word that stands in more than this share is dropped when there are rarer ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPassage:
    """A passage that was found. location as it is shown: `handbook/leave.md`."""

    chunk_id: int
    document_id: str
    title: str
    location: str
    headings: tuple[str, ...]
    anchor: str
    text: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a search found. rarity: the weight of each stem of the question over everything indexed."""

    passages: tuple[FoundPassage, ...]
    searched: int
    rarity: Mapping[str, float]


def find(
    connection: Connection,
    matrix: VectorMatrix,
    query: str,
    vector: Vectors,
    audience: Audience,
    names_product: bool,
    limit: int,
    one_a_document: bool,
) -> Findings:
    """The best passages, best first, on demand one of each document; none that the audience may not see.

    The guide takes part when the product is named, or when there is nothing else to be seen.
    """
    visible = search_store.allowed(connection, audience)
    if not visible:
        return Findings(passages=(), searched=0, rarity={})
    guide = names_product or not search_store.has_other_than_guide(connection, visible)
    matrix.refresh(connection)
    searched = matrix.count(visible, guide=guide)
    asked = tuple(dict.fromkeys(subject_words(query)))
    seen = {word: search_store.frequency(connection, word, COUNTED) for word in asked}
    words = [word for word in asked if seen[word]]
    text = _text_hits(connection, matrix, _telling(words, seen, searched), visible, guide)
    alike = matrix.search(vector, visible, guide=guide, limit=CANDIDATES)
    best = _best(text, alike, limit, one_a_document)
    rows = search_store.passages(connection, [hit.chunk_id for hit in best], visible) if best else {}
    return Findings(
        passages=tuple(_passage(rows[hit.chunk_id], hit.score) for hit in best if hit.chunk_id in rows),
        searched=searched,
        rarity={stem(word): _rarity(seen[word], searched) for word in asked},
    )


def _best(text: Sequence[Hit], alike: Sequence[Hit], limit: int, one_a_document: bool) -> tuple[Hit, ...]:
    """The two rankings as one; what is alike counts when it holds a word of the question, or is alike enough."""
    held = {hit.chunk_id for hit in text}
    alike = [hit for hit in alike if hit.chunk_id in held or hit.score >= LIKE_ENOUGH]
    if not one_a_document:
        text = [replace(hit, document_id=str(hit.chunk_id)) for hit in text]
        alike = [replace(hit, document_id=str(hit.chunk_id)) for hit in alike]
    return fuse(text, alike, limit=limit)


def _text_hits(
    connection: Connection, matrix: VectorMatrix, words: Sequence[str], visible: Sequence[int], guide: bool
) -> list[Hit]:
    """The first of those that may be seen: what may not is passed over before any is counted."""
    hits: list[Hit] = []
    if not words:
        return hits
    for page in search_store.text_hits(connection, words):
        documents = matrix.documents([chunk for chunk, _ in page], visible, guide=guide)
        for (chunk, score), document in zip(page, documents, strict=True):
            if document is not None:
                hits.append(Hit(document_id=str(document), chunk_id=chunk, score=score))
        if len(hits) >= CANDIDATES:
            break
    return hits[:CANDIDATES]


def _telling(words: Sequence[str], seen: Mapping[str, int], total: int) -> list[str]:
    """The words worth looking for: in a large index without the common ones, if any are left."""
    if total < COMMON_FROM:
        return list(words)
    return [word for word in words if seen[word] <= COMMON_SHARE * total] or list(words)


def _rarity(among: int, total: int) -> float:
    """The inverse document frequency of BM25."""
    total = max(total, among)
    return math.log(1 + (total - among + 0.5) / (among + 0.5))


def _passage(row: PassageRow, score: float) -> FoundPassage:
    number, headings, anchor, text, document_id, path, title, kind, source_title = row
    return FoundPassage(
        chunk_id=number,
        document_id=document_id,
        title=title,
        location=shown_location(kind, source_title, path),
        headings=decode(tuple[str, ...], headings),
        anchor=anchor,
        text=text,
        score=score,
    )


def shown_location(kind: str, source_title: str, path: str) -> str:
    """Where a document is, as people read it: below its source's name; `note` and its id."""
    if kind == "note":
        return f"note {path}"
    return path if path == source_title else f"{source_title}/{path}"
