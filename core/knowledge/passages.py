"""From a text to the rows that are written: passages with their vectors."""

from __future__ import annotations

import numpy as np

from core.knowledge.chunking import Kind, chunk
from core.knowledge.store import ChunkRow
from core.ports import Embedder


def chunk_rows(text: str, *, title: str, kind: Kind, embedder: Embedder) -> tuple[ChunkRow, ...]:
    """The passages of a text, each with the vector of its title and words. Blocks: call it in a thread."""
    chunks = chunk(text, title=title, kind=kind)
    if not chunks:
        return ()
    vectors = embedder.embed([f"{one.heading_path[0]}\n{one.text}" for one in chunks])
    return tuple(
        ChunkRow(
            position=one.position,
            headings=one.heading_path,
            anchor=one.anchor,
            text=one.text,
            vector=np.asarray(row, dtype="<f4").tobytes(),
        )
        for one, row in zip(chunks, vectors, strict=True)
    )
