"""Splitting a text into parts that a network takes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.splitting import split

PROSE = st.text(alphabet=st.characters(exclude_characters="`~"), max_size=400)
WORDS = st.text(alphabet="ab .,\n-é漢", max_size=300)
FENCED = st.builds(lambda info, body: f"```{info}\n{body}\n```", st.sampled_from(["", "python", "sql"]), WORDS)


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def without_fences(text: str) -> str:
    return bare("\n".join(line for line in text.split("\n") if not line.startswith("```")))


@given(PROSE, st.integers(40, 120))
def test_splitting_prose_loses_nothing_but_white_space(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert bare("".join(parts)) == bare(text)
    assert all(0 < len(part) <= limit and part.strip() for part in parts)


@given(st.lists(st.one_of(WORDS, FENCED), max_size=6).map("\n".join), st.integers(40, 200))
def test_splitting_code_loses_nothing_and_closes_every_fence(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert without_fences("\n".join(parts)) == without_fences(text)
    for part in parts:
        assert len(part) <= limit
        assert len([line for line in part.split("\n") if line.startswith("```")]) % 2 == 0, part


def test_a_short_text_is_left_as_it_is() -> None:
    assert split("one\n\ntwo", 100) == ("one\n\ntwo",)
    assert split("  \n", 100) == ()


def test_a_long_text_is_cut_between_paragraphs() -> None:
    assert split("a" * 30 + "\n\n" + "b" * 30, 50) == ("a" * 30, "b" * 30)


def test_a_paragraph_is_cut_after_a_sentence_then_at_a_word() -> None:
    assert split("It is so and so. " + "word " * 12, 40)[0].endswith("word")
    assert split("This is the first of the two. And this other is second.", 45) == (
        "This is the first of the two.",
        "And this other is second.",
    )


def test_a_fence_is_closed_at_the_cut_and_opened_again_with_its_language() -> None:
    first, second = split("```python\n" + "x = 1234567\n" * 6 + "```", 60)
    for part in (first, second):
        assert part.startswith("```python\nx")
        assert part.endswith("\n```")


def test_the_indentation_of_code_survives_a_cut() -> None:
    parts = split("```\n" + "    indented line\n" * 8 + "```", 60)
    assert all(line.startswith("    ") for part in parts for line in part.split("\n")[1:-1])


def test_a_limit_too_small_for_fences_is_refused() -> None:
    with pytest.raises(ValueError, match="A limit of 10 characters is too small"):
        split("x", 10)
