"""The KeyStore port over a keyring backend."""

from __future__ import annotations

import base64
from pathlib import Path

from core.errors import StorageFailed, Unavailable
from integrations.keyring.client import Backend

SERVICE = "signalbox"


class KeyringKeyStore:
    """Keeps the 32 bytes as base64 text, one entry a data folder."""

    def __init__(self, backend: Backend, title: str, home: Path) -> None:
        self.method = title
        self._backend = backend
        self._entry = f"vault {home.absolute()}"

    def load(self) -> bytes | None:
        """The key, or None. Raises Unavailable when the keyring is locked, StorageFailed when it holds no key."""
        try:
            text = self._backend.get_password(SERVICE, self._entry)
        except Exception as error:  # every backend has errors of its own
            raise self._failed("read", error) from error
        if text is None:
            return None
        try:
            key = base64.b64decode(text, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise StorageFailed(
                f"The entry {self._entry!r} in the {self.method} is no master key of 32 bytes.",
                hint="Put the right one back; it is in no backup.",
            )
        return key

    def save(self, key: bytes) -> None:
        """Keep the key, and read it back. Raises Unavailable."""
        try:
            self._backend.set_password(SERVICE, self._entry, base64.b64encode(key).decode())
        except Exception as error:  # every backend has errors of its own
            raise self._failed("written", error) from error
        if self.load() != key:
            raise self._failed("written", RuntimeError("it gave back something else"))

    def _failed(self, what: str, error: Exception) -> Unavailable:
        return Unavailable(
            f"The master key could not be {what} in the {self.method}: {error}.",
            hint="Unlock the keyring (sign in to the desktop), then start again.",
        )
