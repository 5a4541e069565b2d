"""Answers a question with the team's own words: the sentences that answer it, quoted with their source.

Used when no model is at hand, and honest about it: below `FLOOR` it says nothing rather than something.

How a quote is found: each sentence, list item, table row and code block of the passages is compared with
the question by its words (weighted by how rare a word is, stems count as equal, and near synonyms by their
word vectors count in part) and as a whole by its vector. Headings and the document's title lend their words
at a discount, since a sentence under "Carrying days over" rarely repeats them. The confidence is the share of
the question's weight that the winner covers, mixed with its likeness. What the question is about must really
stand there: a quote that covers half or less of the subject words' weight is no answer, however alike it is
("How do I reset my password?" is not answered by where passwords are kept). Weights and floors were set on
the question set in `tests/core/knowledge`, by hand and coarsely, so that they do not fit it alone.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from core.knowledge.sentences import Unit, units
from core.knowledge.vectors import Embed, likeness
from core.knowledge.words import is_manner, stem, stems, subject_words

FLOOR = 0.4
"""Confidence below which there is no answer."""
OFF_SUBJECT = FLOOR - 0.01
"""The most confidence there is in words that miss the subject."""
SUBJECT_FLOOR = 0.5
"""Share of the subject words' weight that a quote must exceed, whatever its confidence."""
LENGTH = 600
"""Characters an answer has at most, unless its first quote alone is longer."""
MORE = 0.85
"""Share of the best score a further quote must reach."""
SHORTLIST = 40
"""Sentences compared word by word; the others are out by their vector and their stems."""

COVERAGE_WEIGHT, LIKENESS_WEIGHT = 0.7, 0.3
HEADING_SHARE, TITLE_SHARE, NEIGHBOUR_SHARE = 0.85, 0.7, 0.5
SYNONYM_FROM, SYNONYM_SHARE = 0.45, 0.9

EXPECTED = (
    (re.compile(r"\bhow (?:many|much|long|often|late|early|big|large)\b", re.I), re.compile(r"\d")),
    (
        re.compile(r"\bwhen\b|\bwhat (?:time|day)\b|\bwhich day\b|\bhow (?:often|late|early)\b", re.I),
        re.compile(
            r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b(?:day|week|month|quarter|year)|"
            r"\b(?:jan|febr)uary|\b(?:march|april|june|july|august)\b|(?:tem|cto|vem|cem)ber",
            re.I,
        ),
    ),
    (
        re.compile(r"\bwho(?:m|se)?\b", re.I),
        re.compile(r"(?<=\w )[A-Z][a-z]+|@\w|\b(?:lead|team|engineer|owner)\b"),
    ),
    (
        re.compile(r"\bwhere\b", re.I),
        re.compile(r"https?://|[\w-]+/[\w-]*|#\w|\b(?:in|at|on|into|under|from)\b"),
    ),
)
"""What a question asks for, and what an answer to it then usually holds."""
EXPECTED_BONUS = 0.08

HOW_TO = re.compile(r"\bhow (?:do|can|should|to|does|would|must)\b|\bsteps?\b|\bset(?:ting)? up\b|\bcommand\b", re.I)
LEANS_BACK = re.compile(
    r"(?:it|its|this|that|these|those|they|them|he|she|then|otherwise|also|later ones|there|however)\b", re.I
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A found passage. source: what is shown and opened, such as `wiki/leave.md#sick-days`."""

    text: str
    title: str
    heading_path: tuple[str, ...] = ()
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """Words of a passage, as Markdown. headings: from the document's title down to the quote."""

    text: str
    source: str
    title: str
    headings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """An answer made of quotes, best first. Empty when the confidence (0 to 1) is below the floor."""

    quotes: tuple[Quote, ...]
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    passage: int
    at: int
    unit: Unit
    context: tuple[str, ...]  # stems of headings
    title: tuple[str, ...]
    near: tuple[str, ...]  # stems of the neighbours in the same block


Rarity = Callable[[str], float]
"""The weight of a stem, 0 or more; the rarer it is in everything the team knows, the higher."""


def extract(
    question: str,
    passages: Sequence[Passage],
    embed: Embed,
    *,
    rarity: Rarity | None = None,
    floor: float = FLOOR,
    length: int = LENGTH,
) -> Extract:
    """The sentences that answer the question, in their context, with how sure that is.

    passages: best first, as search found them; ten are plenty. rarity: inverse document frequency of a stem
    over everything indexed; without it, it is counted over the passages. length: characters in all.
    Blocks for some milliseconds: call it outside the event loop.
    """
    parts = tuple(units(passage.text) for passage in passages)
    candidates = tuple(_candidates(passages, parts))
    wanted = tuple(dict.fromkeys(subject_words(question)))
    if not candidates or not wanted:
        return Extract(quotes=(), confidence=0.0)
    weigh = rarity or _rarity_of(candidates)
    ranked = _rank(question, wanted, candidates, passages, embed, weigh)
    confidence = ranked[0][0]
    if confidence < floor:
        return Extract(quotes=(), confidence=confidence)
    return Extract(quotes=_quotes(question, ranked, parts, passages, length), confidence=confidence)


def _candidates(passages: Sequence[Passage], parts: Sequence[Sequence[Unit]]) -> Iterable[_Candidate]:
    for number, (passage, own) in enumerate(zip(passages, parts, strict=True)):
        title = stems(passage.title)
        for at, unit in enumerate(own):
            above = (*(unit.headings or passage.heading_path), *([unit.lead] if unit.kind == "row" else []))
            near = [own[i].text for i in (at - 1, at + 1) if 0 <= i < len(own) and _touches(own[i], unit)]
            yield _Candidate(
                passage=number,
                at=at,
                unit=unit,
                context=stems(" ".join(heading for heading in above if heading != passage.title)),
                title=title,
                near=stems(" ".join(near)),
            )


def _touches(one: Unit, other: Unit) -> bool:
    return one.block == other.block or (abs(one.block - other.block) == 1 and "code" in (one.kind, other.kind))


def _rarity_of(candidates: Sequence[_Candidate]) -> Rarity:
    """Smoothed inverse frequency over the candidates; an unseen stem is the rarest."""
    seen = Counter(s for c in candidates for s in {*stems(c.unit.text), *c.context, *c.title})
    total = len(candidates)
    return lambda word: math.log(1 + (total + 1) / (seen[word] + 0.5))


def _rank(
    question: str,
    wanted: Sequence[str],
    candidates: Sequence[_Candidate],
    passages: Sequence[Passage],
    embed: Embed,
    weigh: Rarity,
) -> list[tuple[float, _Candidate]]:
    """Score and candidate, best first; ties in the order of the passages."""
    texts = [f"{passages[c.passage].title} {' '.join(c.unit.headings[-1:])} {c.unit.text}" for c in candidates]
    vectors = embed([question, *texts])
    alike = likeness(vectors[:1], vectors[1:])[0]
    asked = {stem(word) for word in wanted}
    shared = (len(asked & {*stems(c.unit.text), *c.context}) for c in candidates)
    hints = [number + value for number, value in zip(shared, alike, strict=True)]
    short = sorted(range(len(candidates)), key=lambda i: (-hints[i], i))[:SHORTLIST]
    synonyms = _synonyms(wanted, [candidates[i] for i in short], embed)
    weights = {word: weigh(stem(word)) for word in wanted}
    scored = [(_score(question, candidates[i], alike[i], weights, synonyms), candidates[i]) for i in sorted(short)]
    return sorted(scored, key=lambda pair: -pair[0])


def _synonyms(wanted: Sequence[str], candidates: Sequence[_Candidate], embed: Embed) -> dict[str, dict[str, float]]:
    """For each word of the question, the stems that mean nearly the same, with 0 to `SYNONYM_SHARE`."""
    texts = (f"{c.unit.text} {' '.join(c.unit.headings)}" for c in candidates)
    others = sorted({word for text in texts for word in subject_words(text) if not word[0].isdigit()})
    if not others:
        return {}
    vectors = embed([*wanted, *others])
    table = likeness(vectors[: len(wanted)], vectors[len(wanted) :])
    found: dict[str, dict[str, float]] = {}
    for word, row in zip(wanted, table, strict=True):
        near = found.setdefault(word, {})
        for other, value in zip(others, row, strict=True):
            if value >= SYNONYM_FROM and not word[0].isdigit():
                share = SYNONYM_SHARE * min(1.0, (value - SYNONYM_FROM / 2) / (1 - SYNONYM_FROM / 2))
                near[stem(other)] = max(share, near.get(stem(other), 0.0))
    return found


def _score(
    question: str,
    candidate: _Candidate,
    alike: float,
    weights: dict[str, float],
    synonyms: dict[str, dict[str, float]],
) -> float:
    """Confidence of one candidate, 0 to 1."""
    places = (
        (frozenset(stems(candidate.unit.text)), 1.0),
        (frozenset(candidate.context), HEADING_SHARE),
        (frozenset(candidate.title), TITLE_SHARE),
        (frozenset(candidate.near), NEIGHBOUR_SHARE),
    )
    found = {}
    for word in weights:
        known = {**synonyms.get(word, {}), stem(word): 1.0}
        found[word] = max(share * known.get(s, 0.0) for own, share in places for s in own | {""})
    coverage = _covered(found, weights, tuple(weights))
    score = COVERAGE_WEIGHT * coverage + LIKENESS_WEIGHT * max(0.0, alike)
    score += EXPECTED_BONUS if _as_expected(question, candidate.unit) else 0.0
    if _covered(found, weights, [word for word in weights if not is_manner(word)]) <= SUBJECT_FLOOR:
        return min(OFF_SUBJECT, score)
    return min(1.0, score)


def _covered(found: Mapping[str, float], weights: Mapping[str, float], words: Sequence[str]) -> float:
    """The share of these words' weight that was found; 1 when there are none."""
    total = sum(weights[word] for word in words)
    return sum(weights[word] * found[word] for word in words) / total if total else 1.0


def _as_expected(question: str, unit: Unit) -> bool:
    """Whether the unit holds what the question asks for: a number, a time, a person, a place, a step."""
    if HOW_TO.search(question) and (unit.kind == "code" or unit.lead[:1].isdigit() or unit.text.endswith(":")):
        return True
    return any(ask.search(question) and answer.search(unit.text) for ask, answer in EXPECTED)


def _quotes(
    question: str,
    ranked: Sequence[tuple[float, _Candidate]],
    parts: Sequence[Sequence[Unit]],
    passages: Sequence[Passage],
    length: int,
) -> tuple[Quote, ...]:
    best = ranked[0][0]
    quoted: set[tuple[int, int]] = set()
    chosen: list[Quote] = []
    used = 0
    for score, candidate in ranked:
        if score < MORE * best or (candidate.passage, candidate.at) in quoted:
            continue
        own, passage = parts[candidate.passage], passages[candidate.passage]
        room = length - used
        span = _in_context(own, candidate.at, room, how_to=HOW_TO.search(question) is not None)
        span = [at for at in span if (candidate.passage, at) not in quoted]
        text = _render(own, span)
        if chosen and len(text) > room:
            continue
        quoted.update((candidate.passage, at) for at in span)
        headings = candidate.unit.headings or passage.heading_path
        path = headings if headings[:1] == (passage.title,) else (passage.title, *headings)
        chosen.append(Quote(text=text, source=passage.source, title=passage.title, headings=path))
        used += len(text)
    return tuple(chosen)


def _in_context(own: Sequence[Unit], at: int, room: int, *, how_to: bool) -> list[int]:
    """The unit and what it needs to be understood, as far as there is room, in reading order."""
    unit = own[at]
    wishes: list[list[int]] = []
    if unit.kind == "item":
        whole = [i for i, other in enumerate(own) if other.block == unit.block and other.kind == "item"]
        wishes.append(_introduction(own, whole[0]))
        if how_to or wishes[0]:
            wishes.append(whole)
    elif unit.kind == "code":
        wishes.append([at - 1] if at and own[at - 1].kind == "sentence" else [])
    elif unit.kind == "sentence":
        wishes += _around(own, at)
    span = [at]
    for wish in wishes:
        wider = sorted({*span, *wish})
        if len(_render(own, wider)) <= room:
            span = wider
    return span


def _around(own: Sequence[Unit], at: int) -> Iterator[list[int]]:
    """What a sentence wants beside it: what it leans on, what it announces, one neighbour."""
    before = at > 0 and own[at - 1].block == own[at].block
    after = at + 1 < len(own) and own[at + 1].block == own[at].block
    if LEANS_BACK.match(own[at].text) and before:
        yield [at - 1]
    yield _announced(own, at)
    if after:
        yield [at + 1, *_announced(own, at + 1)]
    elif before:
        yield [at - 1]


def _introduction(own: Sequence[Unit], first: int) -> list[int]:
    """The sentence before a list that announces it."""
    return [first - 1] if first and own[first - 1].text.endswith(":") else []


def _announced(own: Sequence[Unit], at: int) -> list[int]:
    """The code block or list that a sentence ending in a colon announces."""
    if not own[at].text.endswith(":") or at + 1 >= len(own) or own[at + 1].block == own[at].block:
        return []
    following = own[at + 1]
    if following.kind == "sentence":
        return []
    return [i for i, other in enumerate(own) if other.block == following.block]


def _render(own: Sequence[Unit], span: Sequence[int]) -> str:
    """The units as Markdown again."""
    lines: list[str] = []
    before: Unit | None = None
    for at in span:
        unit = own[at]
        same = before is not None and before.block == unit.block
        if unit.kind == "row":
            head = () if same and before and before.kind == "row" else _table_head(unit.lead)
            text = "\n".join((*head, unit.text))
        else:
            text = f"{unit.lead} {unit.text}" if unit.kind == "item" else unit.text
        joint = "" if before is None else (" " if unit.kind == "sentence" else "\n") if same else "\n\n"
        lines.append(joint + text)
        before = unit
    return "".join(lines)


def _table_head(header: str) -> tuple[str, str]:
    return header, "|" + "---|" * max(1, header.count("|") - 1)
