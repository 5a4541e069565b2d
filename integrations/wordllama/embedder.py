"""Texts to vectors with WordLlama: the mean of a text's word vectors, at unit length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from integrations.wordllama.client import DIMENSIONS, Tokenizer

SLICE = 4096
"""Tokens gathered at once: bounds the memory of one very long text to 4 MB."""


class WordLlamaEmbedder:
    """The `Embedder` that ships with Signalbox. Deterministic; safe to call from several threads."""

    name = "wordllama-256"
    dimensions = DIMENSIONS

    def __init__(self, weights: NDArray[np.float16] | NDArray[np.float32], tokenizer: Tokenizer) -> None:
        self._weights = weights
        self._tokenizer = tokenizer

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors as rows (n × 256, float32), in the order of the texts.

        A text without a token, such as an empty one, gets a row of zeros: it is similar to nothing. Blocks:
        call it outside the event loop for more than a few texts.
        """
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            self._pool(text, row)
        return rows

    def _pool(self, text: str, row: NDArray[np.float32]) -> None:
        # One text at a time, not a batch: the batch call starts a thread pool that does not survive a fork.
        # A lone surrogate has no UTF-8 form, and the tokenizer refuses it.
        ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode("utf-8"), add_special_tokens=False).ids
        last = self._weights.shape[0] - 1
        tokens = np.minimum(np.asarray(ids, dtype=np.int64), last)
        for start in range(0, len(tokens), SLICE):
            row += self._weights[tokens[start : start + SLICE]].astype(np.float32).sum(axis=0)
        length = float(np.linalg.norm(row))
        if length > 0:
            row /= length
