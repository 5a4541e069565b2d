"""What the keyring offers and needs, readable without loading any of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyringSettings:
    """Whose key it is. home: each data folder has a key of its own."""

    home: Path


NAME = "keyring"
TITLE = "Keyring of the operating system"
SETTINGS = KeyringSettings
PORTS = ("KeyStore",)
DOCS = "https://keyring.readthedocs.io"
