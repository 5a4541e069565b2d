"""Puts quotes together into an answer: Markdown with numbers, and the sources behind them."""

from __future__ import annotations

import re

from core.knowledge.chunking import slug
from core.knowledge.extract import Extract, Passage, Quote, extract
from core.knowledge.guide import PRODUCT
from core.knowledge.model import Quotes
from core.knowledge.search import Findings, FoundPassage
from core.knowledge.vectors import Embed
from core.knowledge.words import stem, subject_words
from core.values import Source

QUOTE_LENGTH = 200
"""Characters of the quote that is kept with its source."""


def answer(question: str, found: Findings, embed: Embed) -> Quotes:
    """The answer in the found passages' own words. Blocks for some milliseconds: call it in a thread."""
    asked = _without_product(question)
    passages = [
        Passage(text=one.text, title=one.title, heading_path=one.headings, source=str(one.chunk_id))
        for one in found.passages
    ]
    unseen = max(found.rarity.values(), default=1.0)
    taken = extract(asked, passages, embed, rarity=lambda word: found.rarity.get(word, unseen))
    return _quotes(taken, {str(one.chunk_id): one for one in found.passages}, found.searched)


def _without_product(question: str) -> str:
    """The question without the product's name, which stands on every page of the guide."""
    rest = PRODUCT.sub(" ", question)
    named = {stem(word) for word in subject_words(question)} - {stem("signalbox")}
    return rest if named and subject_words(rest) else question


def _quotes(taken: Extract, passages: dict[str, FoundPassage], searched: int) -> Quotes:
    sources: dict[str, Source] = {}
    parts = []
    for quote in taken.quotes:
        source = _source(quote, passages[quote.source])
        sources.setdefault(source.id, source)
        parts.append(_marked(quote.text, list(sources).index(source.id) + 1))
    return Quotes(
        text="\n\n".join(parts),
        sources=tuple(sources.values()),
        confidence=round(taken.confidence, 3),
        found=bool(parts),
        searched=searched,
    )


def _source(quote: Quote, passage: FoundPassage) -> Source:
    section = _plain(quote.headings[-1]) if len(quote.headings) > 1 else ""
    return Source(
        id=f"{passage.document_id}#{slug(section)}" if section else passage.document_id,
        title=passage.title,
        location=passage.location,
        section=section,
        quote=_shortened(quote.text),
    )


def _plain(heading: str) -> str:
    return re.sub(r"[`*]", "", heading).strip()


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= QUOTE_LENGTH else flat[: QUOTE_LENGTH - 1].rstrip() + "…"


def _marked(text: str, number: int) -> str:
    """The quote with its number behind it; on a line of its own after code and tables."""
    last = text.rsplit("\n", 1)[-1].strip()
    alone = last.startswith(("```", "~~~", "|"))
    return f"{text}\n\n[{number}]" if alone else f"{text} [{number}]"
