from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.knowledge.fusion import Hit, fuse

hits = st.lists(
    st.builds(
        Hit,
        document_id=st.sampled_from("abcde"),
        chunk_id=st.integers(0, 6),
        score=st.floats(-50, 50, allow_nan=False),
    ),
    max_size=20,
)


def hit(document_id: str, chunk_id: int, score: float) -> Hit:
    return Hit(document_id=document_id, chunk_id=chunk_id, score=score)


@given(hits, hits, st.integers(0, 10))
def test_each_document_comes_once_and_the_best_first(text: list[Hit], vector: list[Hit], limit: int) -> None:
    found = fuse(text, vector, limit=limit)
    documents = [h.document_id for h in found]
    assert len(documents) == len(set(documents)) == min(limit, len({h.document_id for h in text + vector}))
    scores = [h.score for h in found]
    assert scores == sorted(scores, reverse=True)
    assert all(0.0 <= score <= 1.0 for score in scores)


@given(hits, hits, st.randoms())
def test_order_of_the_input_never_matters(text: list[Hit], vector: list[Hit], rng: random.Random) -> None:
    mixed_text, mixed_vector = rng.sample(text, len(text)), rng.sample(vector, len(vector))
    assert fuse(mixed_text, mixed_vector, limit=9) == fuse(text, vector, limit=9)


@given(hits, st.sampled_from([0.25, 8.0]))
def test_scale_of_a_list_never_matters(text: list[Hit], scale: float) -> None:
    wide = [hit(h.document_id, h.chunk_id, h.score * scale) for h in text]
    plain, scaled = fuse(text, [], limit=9), fuse(wide, [], limit=9)
    assert [h.score for h in plain] == pytest.approx([h.score for h in scaled], abs=1e-6)


def test_both_lists_count_half() -> None:
    found = fuse([hit("a", 1, 9.0), hit("b", 2, 5.0)], [hit("b", 2, 0.9), hit("c", 3, 0.1)], limit=5)
    assert [(h.document_id, h.score) for h in found] == [("a", 0.5), ("b", 0.5), ("c", 0.0)]


def test_equal_scores_count_one_each() -> None:
    assert [h.score for h in fuse([hit("a", 1, 3.0), hit("b", 1, 3.0)], [], limit=5)] == [0.5, 0.5]


def test_the_best_passage_stands_for_its_document() -> None:
    assert fuse([hit("a", 1, 1.0), hit("a", 2, 2.0)], [], limit=5) == (hit("a", 2, 0.5),)
