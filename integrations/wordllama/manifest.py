"""What WordLlama offers and needs, readable without loading any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class WordLlamaSettings:
    """Where the weights lie.

    folder: holds `weights/` and `tokenizers/`; None means the installed `wordllama` package's own.
    """

    folder: Path | None = None


NAME = "wordllama"
TITLE = "WordLlama embeddings (bundled)"
SETTINGS = WordLlamaSettings
PORTS = ("Embedder",)
DOCS = "https://github.com/dleemiller/WordLlama"
