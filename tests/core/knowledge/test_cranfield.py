"""Retrieval on a judged collection, where a copy of it lies beside the checkout."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from core.knowledge.chunking import Chunk
from core.knowledge.fusion import Hit, fuse
from integrations.wordllama.connect import load
from integrations.wordllama.manifest import WordLlamaSettings
from tests.core.knowledge.search import MemorySearch

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "ir" / "cranfield"


def ndcg(ranked: list[str], relevant: set[str]) -> float:
    gain = sum(1 / math.log2(rank + 2) for rank, name in enumerate(ranked[:10]) if name in relevant)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(relevant))))


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no judged collection at {FOLDER.name}")
def test_hybrid_search_ranks_better_than_either_half() -> None:
    documents = [json.loads(line) for line in (FOLDER / "corpus.jsonl").read_text().splitlines()]
    chunks = {
        d["_id"]: [Chunk(position=0, heading_path=(d["title"],), anchor="", text=d["text"], start_line=1)]
        for d in documents
    }
    judged: dict[str, set[str]] = defaultdict(set)
    for line in (FOLDER / "qrels.tsv").read_text().splitlines()[1:]:
        query, name, score = line.split("\t")
        if int(score) > 0:
            judged[query].add(name)
    queries = [json.loads(line) for line in (FOLDER / "queries.jsonl").read_text().splitlines()]
    search = MemorySearch(chunks, load(WordLlamaSettings()).embed)

    def mean(find: Callable[[str], tuple[Hit, ...]]) -> float:
        scores = [ndcg([h.document_id for h in find(q["text"])], judged[q["_id"]]) for q in queries if judged[q["_id"]]]
        return sum(scores) / len(scores)

    text = mean(lambda q: tuple(search.text_hits(q, 10)))
    vector = mean(lambda q: tuple(search.vector_hits(q, 10)))
    hybrid = mean(lambda q: fuse(search.text_hits(q, 100), search.vector_hits(q, 100), limit=10))
    search.close()
    print(f"nDCG@10: text {text:.3f}, vectors {vector:.3f}, hybrid {hybrid:.3f}")  # noqa: T201
    assert vector >= 0.31
    assert hybrid >= 0.385
    assert hybrid > max(text, vector)
