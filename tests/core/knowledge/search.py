"""A search in memory out of the real parts, for the tests of this folder."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import sqlean  # type: ignore[import-untyped]

from core.knowledge.chunking import Chunk
from core.knowledge.extract import Passage
from core.knowledge.fusion import Hit, fuse
from core.knowledge.vectors import Embed
from core.knowledge.words import stems, subject_words


class MemorySearch:
    """Full text in SQLite, vectors in a matrix."""

    def __init__(self, documents: Mapping[str, Sequence[Chunk]], embed: Embed) -> None:
        self.rows = [(source, c) for source, chunks in documents.items() for c in chunks]
        self._embed = embed
        self._vectors = embed([f"{c.heading_path[0]}\n{c.text}" for _, c in self.rows])
        self._db = sqlean.connect(":memory:")
        self._db.execute("CREATE VIRTUAL TABLE t USING fts5(title, body, tokenize='porter unicode61')")
        self._db.executemany(
            "INSERT INTO t (rowid, title, body) VALUES (?, ?, ?)",
            [(n, " ".join(c.heading_path), c.text) for n, (_, c) in enumerate(self.rows)],
        )
        seen = [{*stems(f"{' '.join(c.heading_path)} {c.text}")} for _, c in self.rows]
        self._frequency = Counter(word for found in seen for word in found)

    def close(self) -> None:
        self._db.close()

    def rarity(self, word: str) -> float:
        among = self._frequency[word]
        return math.log(1 + (len(self.rows) - among + 0.5) / (among + 0.5))

    def text_hits(self, question: str, limit: int) -> list[Hit]:
        match = " OR ".join(f'"{word}"' for word in dict.fromkeys(subject_words(question)))
        sql = "SELECT rowid, bm25(t, 2.0, 1.0) AS s FROM t WHERE t MATCH ? ORDER BY s LIMIT ?"
        return [self._hit(row, -score) for row, score in self._db.execute(sql, (match, limit))]

    def vector_hits(self, question: str, limit: int) -> list[Hit]:
        scores = self._vectors @ self._embed([question])[0]
        return [self._hit(int(row), float(scores[row])) for row in (-scores).argsort(kind="stable")[:limit]]

    def passages(self, question: str, limit: int = 10) -> list[Passage]:
        """The best passages, several of a document among them."""
        halves = (self.text_hits(question, 100), self.vector_hits(question, 100))
        alone = [[replace(hit, document_id=str(hit.chunk_id)) for hit in half] for half in halves]
        return [self._passage(hit) for hit in fuse(*alone, limit=limit)]

    def _hit(self, row: int, score: float) -> Hit:
        return Hit(document_id=self.rows[row][0], chunk_id=row, score=score)

    def _passage(self, hit: Hit) -> Passage:
        path = self.rows[hit.chunk_id][1].heading_path
        text = self.rows[hit.chunk_id][1].text
        return Passage(text=text, title=path[0], heading_path=path, source=self.rows[hit.chunk_id][0])
