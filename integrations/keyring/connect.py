"""Opens the keyring, and says before that whether it can be used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from integrations.keyring.client import protected, system_backend
from integrations.keyring.key_store import KeyringKeyStore
from integrations.keyring.manifest import KeyringSettings


def open_store(settings: KeyringSettings) -> KeyringKeyStore:
    """The key store. Raises Unavailable when this machine has no keyring that protects what it keeps."""
    backend, title = protected(system_backend())
    return KeyringKeyStore(backend, title, settings.home)


@asynccontextmanager
async def connect(settings: KeyringSettings) -> AsyncIterator[KeyringKeyStore]:
    """The key store; asking the system for it may take a while, so a thread does."""
    yield await asyncio.to_thread(open_store, settings)


async def check(settings: KeyringSettings) -> str:
    """What was found, in a line, after really reading. Raises Unavailable otherwise."""
    store = await asyncio.to_thread(open_store, settings)
    key = await asyncio.to_thread(store.load)
    return f"The {store.method} is ready; it holds {'a' if key else 'no'} master key for {settings.home}."
