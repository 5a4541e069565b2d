"""Secrets for `doctor`, beside a process that runs: read only, by whoever holds the master key on this machine."""

from __future__ import annotations

from core.storage import Connection
from core.vault import store
from core.vault.envelope import key_id, unseal


def peek(connection: Connection, key: bytes, name: str) -> str | None:
    """The value of a secret, or None. Raises CannotOpen when it was sealed under another key.

    It leaves no line in the record, which only the running process writes; nothing is done with it but a check.
    """
    kept = store.current(connection, name)
    if kept is None or kept.record.kek_id != key_id(key):
        return None
    return unseal(key, f"secret|{kept.name}|{kept.version}", kept.record).decode()


def needs_key(connection: Connection) -> str:
    """The id of the master key the vault was sealed with; empty while it holds nothing."""
    root = store.key(connection, store.ROOT)
    return root.kek_id if root is not None else ""
