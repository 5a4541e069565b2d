"""What the vault shows of itself: everything but the values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretState:
    """One secret without its value. place: `vault`, or `environment` for what came with the process."""

    name: str
    place: str
    version: int = 0
    saved_at: datetime | None = None
    author: str = ""
    last_used_at: datetime | None = None
    last_use: str = ""
    """What it was last used for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """A value under its own key, and that key under the master key `kek_id`."""

    kek_id: str
    key_nonce: bytes
    wrapped_key: bytes
    nonce: bytes
    sealed: bytes
