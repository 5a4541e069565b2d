"""Secrets, sealed; listed without their values, every use on record."""

from core.vault.envelope import CannotOpen
from core.vault.keyfile import KeyFile
from core.vault.model import SecretState
from core.vault.service import Vault, VaultLocked, choose_key_store

__all__ = ["CannotOpen", "KeyFile", "SecretState", "Vault", "VaultLocked", "choose_key_store"]
