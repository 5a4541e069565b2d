"""Vectors of texts and how alike they are: the one place of this area that knows NumPy's types."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]
"""One unit vector a row; a row of zeros for a text without content."""

Embed: TypeAlias = Callable[[Sequence[str]], Vectors]
"""Texts to vectors, in order: `Embedder.embed`."""


def likeness(vectors: Vectors, others: Vectors) -> tuple[tuple[float, ...], ...]:
    """The cosine of each vector (row) with each of the others (column), −1 to 1."""
    return tuple(tuple(row.tolist()) for row in np.stack([scan(others, vector) for vector in vectors]))


def scan(vectors: Vectors, vector: Vectors) -> Vectors:
    """The cosine of every vector with this one.

    einsum and not `@`: on a busy machine the threads of the linear algebra library wait for each other, and
    5,000 vectors took 16 ms instead of 0.2.
    """
    cosines: Vectors = np.einsum("ij,j->i", vectors, vector)
    return cosines
