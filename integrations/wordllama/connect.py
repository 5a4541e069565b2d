"""Opens the bundled embedder, and says before that whether it can be opened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from integrations.wordllama.client import (
    TOKENIZER_PATH,
    WEIGHTS_PATH,
    load_tokenizer,
    map_weights,
    package_folder,
)
from integrations.wordllama.embedder import WordLlamaEmbedder
from integrations.wordllama.manifest import WordLlamaSettings


def load(settings: WordLlamaSettings) -> WordLlamaEmbedder:
    """The embedder, ready; takes about 50 ms. Raises `Unavailable` when a file is missing or damaged."""
    folder = settings.folder or package_folder()
    return WordLlamaEmbedder(map_weights(folder / WEIGHTS_PATH), load_tokenizer(folder / TOKENIZER_PATH))


@asynccontextmanager
async def connect(settings: WordLlamaSettings) -> AsyncIterator[WordLlamaEmbedder]:
    """The embedder, loaded in a thread. The memory map closes with its last reference."""
    yield await asyncio.to_thread(load, settings)


async def check(settings: WordLlamaSettings) -> str:
    """What was found, in a line, after really embedding a word. Raises `Unavailable` otherwise."""
    embedder = await asyncio.to_thread(load, settings)
    vectors = await asyncio.to_thread(embedder.embed, ["signal"])
    return f"{embedder.name} is ready: {vectors.shape[1]} numbers a text, offline."
