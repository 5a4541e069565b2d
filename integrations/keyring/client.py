"""The only import of `keyring`: which backend is there, and whether it protects what it keeps."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from core.errors import Unavailable

PROTECTED = {
    "keyring.backends.macOS": "macOS keychain",
    "keyring.backends.Windows": "Windows credential locker",
    "keyring.backends.SecretService": "Secret Service keyring",  # pragma: allowlist secret
    "keyring.backends.libsecret": "Secret Service keyring",  # pragma: allowlist secret
    "keyring.backends.kwallet": "KWallet",
}
"""Backends that encrypt, by module. Everything else is refused: files in plain text, null, third parties."""


class Backend(Protocol):
    """What is used of a keyring backend."""

    def get_password(self, service: str, username: str) -> str | None:
        """What is kept under that name."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a text under that name."""
        ...


def system_backend() -> Backend:
    """The backend `keyring` chose for this machine."""
    import keyring

    return keyring.get_keyring()


def protected(backend: Backend) -> tuple[Backend, str]:
    """A backend that encrypts, and its name for people. Raises Unavailable naming what was found instead."""
    chained: Iterable[Backend] = getattr(backend, "backends", ()) or (backend,)
    found = [(one, _module(one)) for one in chained]
    for one, module in found:
        if module in PROTECTED:
            return one, PROTECTED[module]
    names = ", ".join(f"{module}.{type(one).__name__}" for one, module in found)
    raise Unavailable(
        f"This machine has no keyring that protects what it keeps (found: {names}).",
        hint="The master key goes into a file only you can read.",
    )


def _module(backend: Backend) -> str:
    return type(backend).__module__
