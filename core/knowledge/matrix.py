"""Every passage's vector in memory, kept current by the numbers of the changes.

An exact scan of a float32 matrix takes 3 ms at 100,000 passages and is never wrong, so there is no index that
could be. Rows stand in the order of their passages' numbers; what was removed is a row nobody may see, until
a third of the rows are such and they are closed up.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.knowledge import search_store
from core.knowledge.embedding import DIMENSIONS
from core.knowledge.fusion import Hit
from core.knowledge.store import EVERYTHING
from core.knowledge.vectors import Vectors, scan
from core.storage import Connection

GONE = 0
"""The visibility of a row that was removed: none has this number."""
PAGE = 500
FIRST_ROWS = 64


class VectorMatrix:
    """The vectors and what narrows a search. `refresh` and `search` may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen = -1
        self._clear()

    def _clear(self) -> None:
        self._used = self._dead = 0
        self._vectors: Vectors = np.zeros((FIRST_ROWS, DIMENSIONS), dtype=np.float32)
        self._marks: NDArray[np.int64] = np.zeros((FIRST_ROWS, 4), dtype=np.int64)

    def refresh(self, connection: Connection) -> None:
        """Take in what changed since the last time; everything at the first."""
        with self._lock:
            newest = search_store.last_change(connection)
            if newest == self._seen:
                return
            # The changes are read before the rows: what is written in between is only read twice.
            changes = search_store.changes(connection, self._seen) if self._seen >= 0 else []
            whole = len(changes) != newest - self._seen or any(chunk == EVERYTHING for _, chunk in changes)
            if self._seen < 0 or whole:
                self._clear()
                self._load(connection)
            else:
                self._apply(connection, sorted({chunk for _, chunk in changes}))
            self._seen = newest

    def count(self, visible: Sequence[int], *, guide: bool) -> int:
        """How many passages these visibilities hold."""
        with self._lock:
            return int(self._mask(visible, guide).sum())

    def search(self, vector: Vectors, visible: Sequence[int], *, guide: bool, limit: int) -> list[Hit]:
        """The passages most alike, best first, among those that may be seen. vector: one unit vector."""
        with self._lock:
            rows = np.flatnonzero(self._mask(visible, guide))
            if not len(rows):
                return []
            marks = self._marks[: self._used]
            scores = scan(self._vectors[: self._used], vector)[rows]
            best = np.argpartition(-scores, limit)[:limit] if len(rows) > limit else np.arange(len(rows))
            best = best[np.lexsort((rows[best], -scores[best]))]
            return [
                Hit(document_id=str(marks[rows[at], 1]), chunk_id=int(marks[rows[at], 0]), score=float(scores[at]))
                for at in best
            ]

    def documents(self, chunks: Sequence[int], visible: Sequence[int], *, guide: bool) -> list[int | None]:
        """The document of each passage; None for one that may not be seen, or is not known yet."""
        with self._lock:
            marks = self._marks[: self._used]
            if not len(marks):
                return [None] * len(chunks)
            wanted = np.asarray(chunks, dtype=np.int64)
            rows = np.minimum(np.searchsorted(marks[:, 0], wanted), len(marks) - 1)
            found = marks[rows]
            right = (found[:, 0] == wanted) & _seen_by(found, visible, guide)
            return [int(one[1]) if ok else None for one, ok in zip(found, right, strict=True)]

    def _mask(self, visible: Sequence[int], guide: bool) -> NDArray[np.bool_]:
        return _seen_by(self._marks[: self._used], visible, guide)

    def _load(self, connection: Connection) -> None:
        marks = search_store.marks(connection)
        if not marks:
            return
        self._marks, self._used = np.asarray(marks, dtype=np.int64), len(marks)
        self._vectors = np.zeros((self._used, DIMENSIONS), dtype=np.float32)
        for page in search_store.vectors(connection):
            for chunk, vector in page:
                at = self._row(chunk)
                if at is not None:  # else written since the passages were listed: the next refresh brings it
                    self._vectors[at] = np.frombuffer(vector, dtype="<f4")

    def _apply(self, connection: Connection, chunks: Sequence[int]) -> None:
        for start in range(0, len(chunks), PAGE):
            page = chunks[start : start + PAGE]
            there = {row[0]: row for row in search_store.vectors_of(connection, page)}
            for chunk in page:
                at = self._row(chunk)
                if at is not None:
                    self._dead += chunk not in there
                    self._marks[at, 2] = there[chunk][2] if chunk in there else GONE
            known = int(self._marks[self._used - 1, 0]) if self._used else 0
            self._append([there[chunk] for chunk in page if chunk in there and chunk > known])
        if self._dead * 3 > self._used:
            self._close_up()

    def _row(self, chunk: int) -> int | None:
        at = int(np.searchsorted(self._marks[: self._used, 0], chunk))
        return at if at < self._used and self._marks[at, 0] == chunk else None

    def _append(self, rows: Sequence[search_store.VectorRow]) -> None:
        if not rows:
            return
        need = self._used + len(rows)
        if need > len(self._vectors):
            size = max(need, len(self._vectors) * 3 // 2)
            self._vectors = np.resize(self._vectors, (size, DIMENSIONS))
            self._marks = np.resize(self._marks, (size, 4))
        self._marks[self._used : need] = [row[:4] for row in rows]
        self._vectors[self._used : need] = np.frombuffer(b"".join(row[4] for row in rows), dtype="<f4").reshape(
            len(rows), DIMENSIONS
        )
        self._used = need

    def _close_up(self) -> None:
        alive = np.flatnonzero(self._marks[: self._used, 2] != GONE)
        self._vectors, self._marks = self._vectors[alive].copy(), self._marks[alive].copy()
        self._used, self._dead = len(alive), 0
        if not self._used:
            self._clear()


def _seen_by(marks: NDArray[np.int64], visible: Sequence[int], guide: bool) -> NDArray[np.bool_]:
    """Which rows may be seen: a look-up by visibility, a tenth of the time `numpy.isin` takes."""
    allowed = np.zeros(max(int(marks[:, 2].max(initial=0)), *visible, 0) + 1, dtype=np.bool_)
    allowed[list(visible)] = True
    mask: NDArray[np.bool_] = allowed[marks[:, 2]]
    return mask if guide else mask & (marks[:, 3] == 0)
