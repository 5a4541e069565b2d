"""The embedder, made when vectors are needed and dropped when they no longer are: an idle process has none."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

from core.errors import Unavailable
from core.knowledge.vectors import Vectors
from core.observability.memory import trim
from core.ports import Embedder

DIMENSIONS = 256
"""Of the vectors in the database (`chunk_vector`); another number needs a migration."""
REST_S = 120.0
"""Unused for so long, the embedder is dropped: 10 MB and the 13 MB of word vectors that were touched. The next
question takes 0.1 s more."""

MakeEmbedder: TypeAlias = Callable[[], Embedder]


class LazyEmbedder:
    """An Embedder that has the real one while it is used. Safe to call from several threads."""

    name = "on demand"
    dimensions = DIMENSIONS

    def __init__(self, make: MakeEmbedder, *, rest_s: float = REST_S) -> None:
        self._make, self._rest_s = make, rest_s
        self._used_s = 0.0
        self._lock = threading.Lock()
        self._made: Embedder | None = None

    @property
    def loaded(self) -> bool:
        """Whether the real one is there now."""
        return self._made is not None

    def embed(self, texts: Sequence[str]) -> Vectors:
        """As the embedder behind it. Raises Unavailable when that has vectors of another size."""
        with self._lock:
            embedder = self._made or self._make()
            if embedder.dimensions != DIMENSIONS:
                raise Unavailable(
                    f"{embedder.name} makes vectors of {embedder.dimensions} numbers; {DIMENSIONS} are stored.",
                    hint="Use the bundled embedder.",
                )
            if self._made is None:
                threading.Thread(target=self._drop_unused, name="embedder's rest", daemon=True).start()
            self._made, self._used_s = embedder, time.monotonic()
        return embedder.embed(texts)

    def _drop_unused(self) -> None:
        """Wait until nobody used it for the rest, then drop it; a thread of its own."""
        left_s = self._rest_s
        while left_s > 0:
            time.sleep(left_s)
            with self._lock:
                left_s = self._used_s + self._rest_s - time.monotonic()
                if left_s <= 0:
                    self._made = None
        trim()
