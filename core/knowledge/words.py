"""Words of a text as they are compared: lower case, without filler, stemmed.

Snowball's English stemmer (Porter 2) is used because the full-text index stems by Porter too, so both
halves of a search agree on what the same word is. The library is pure Python, small and without
dependencies; its results are kept, since a team's words repeat.
"""

from __future__ import annotations

import re
from functools import lru_cache

import Stemmer  # type: ignore[import-not-found]

WORD = re.compile(r"\d+(?:[.,:]\d+)+|[^\W_]+")
POSSESSIVE = re.compile(r"['’](?:s|re|ve|ll|d|m|t)\b", re.IGNORECASE)

FILLER = frozenset(
    "a about actually after all also am an and any anybody anyone anything are as at be because been "  # noqa: SIM905
    "before being but by can could did do does doing don done else every for from get gets getting "
    "give go goes going got had has have having he hello help her here hey hi him his how i if in "
    "into is isn it its just know let like ll look made make many may me might mine more most much "
    "must my need needs no not of off on one or our ours out over own please s shall she should so "
    "some somebody someone something somewhere such take tell than thank thanks that the their them "
    "then there these they thing things this those to too until up us use used using very want was "
    "we were what when where which while who whom whose why will with won would yes you your yours".split()
)
"""Words of a question that say nothing about its subject."""

MANNER = frozenset(
    "again allowed already amount best big cost costs early ever far fast fit happen happens instead keep large "  # noqa: SIM905
    "last late left long mean means next now number often own period possible quick right size small soon spend "
    "still time times today total way work works yet".split()
)
"""Words that say how a question is meant, or what kind of answer it wants, rather than what it is about."""

IRREGULAR = {
    form: word
    for word, *forms in (
        ("pay", "paid"),
        ("buy", "bought"),
        ("send", "sent"),
        ("keep", "kept"),
        ("lose", "lost"),
        ("build", "built"),
        ("write", "written", "wrote"),
        ("choose", "chosen", "chose"),
        ("break", "broken", "broke"),
        ("spend", "spent"),
        ("sell", "sold"),
        ("teach", "taught"),
        ("steal", "stolen", "stole"),
        ("give", "given", "gave"),
        ("child", "children"),
    )
    for form in forms
}
"""Forms no stemmer knows."""


def is_manner(word: str) -> bool:
    """Whether an answer need not repeat this word: `long`, `often`, `quickly`."""
    return word in MANNER or (len(word) > 4 and word.endswith("ly"))


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """The stem of one lower-case word. Numbers stay as they are."""
    # A stemmer keeps the word it works on in itself; a new one per miss makes threads safe.
    return str(Stemmer.Stemmer("english", 0).stemWord(IRREGULAR.get(word, word)))


def words(text: str) -> tuple[str, ...]:
    """Lower-case words and numbers in order, filler included; 1.2 and 09:30 stay whole."""
    return tuple(WORD.findall(POSSESSIVE.sub("", text).lower()))


def subject_words(text: str) -> tuple[str, ...]:
    """The words that carry meaning, unstemmed, in order; all words when there is only filler."""
    found = words(text)
    return tuple(word for word in found if word not in FILLER) or found


def stems(text: str) -> tuple[str, ...]:
    """Stems of the words that carry meaning, in order."""
    return tuple(stem(word) for word in words(text) if word not in FILLER)
