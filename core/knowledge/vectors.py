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
    return tuple(tuple(float(value) for value in row) for row in vectors @ others.T)
