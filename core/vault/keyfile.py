"""The master key in a file only its owner can read: for machines without a keyring."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

from core.errors import StorageFailed


class KeyFile:
    """Implements the KeyStore port. The file lies beside the database and in no backup."""

    method = "key file"

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> bytes | None:
        """The 32 bytes, or None. Raises StorageFailed for a file others can read, or that holds no key."""
        try:
            with self.path.open("rb") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                text = file.read(1_000)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageFailed(
                f"The master key {self.path} cannot be read: {error.strerror}.",
                hint="It belongs to whoever runs Signalbox, with mode 0600.",
            ) from error
        if os.name == "posix" and mode & 0o077:
            raise StorageFailed(
                f"The master key {self.path} can be read by others (mode {mode:04o}).",
                hint=f"Run `chmod 600 {self.path}`, then change it with `vault rotate`.",
            )
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise StorageFailed(
                f"{self.path} holds no master key of 32 bytes.", hint="Put the right file back; it is in no backup."
            )
        return key

    def save(self, key: bytes) -> None:
        """Keep the key: written beside, synced, swapped in by one rename. Raises StorageFailed."""
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.unlink(missing_ok=True)
            target = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.write(target, base64.b64encode(key) + b"\n")
                os.fsync(target)
            finally:
                os.close(target)
            fresh.replace(self.path)
            _sync_folder(self.path.parent)
        except OSError as error:
            raise StorageFailed(
                f"The master key could not be written to {self.path}: {error.strerror}.",
                hint="Make that folder writable.",
            ) from error


def _sync_folder(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
