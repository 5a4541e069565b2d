"""Secrets, sealed; listed without their values, every use on record."""

from core.vault.envelope import CannotOpen, key_id
from core.vault.keyfile import KeyFile
from core.vault.model import SecretState
from core.vault.peek import needs_key, peek
from core.vault.service import Vault, VaultLocked, choose_key_store

__all__ = [
    "CannotOpen",
    "KeyFile",
    "SecretState",
    "Vault",
    "VaultLocked",
    "choose_key_store",
    "key_id",
    "needs_key",
    "peek",
]
