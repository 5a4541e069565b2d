"""The embedder, made when vectors are needed for the first time: an idle process does not pay for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from core.errors import Unavailable
from core.knowledge.vectors import Vectors
from core.ports import Embedder

DIMENSIONS = 256
"""Of the vectors in the database (`chunk_vector`); another number needs a migration."""

MakeEmbedder: TypeAlias = Callable[[], Embedder]


class LazyEmbedder:
    """An Embedder that makes the real one at its first text. Safe to call from several threads."""

    name = "on demand"
    dimensions = DIMENSIONS

    def __init__(self, make: MakeEmbedder) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: Embedder | None = None

    @property
    def loaded(self) -> bool:
        """Whether it was needed yet."""
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
            self._made = embedder
        return embedder.embed(texts)
