"""Envelope encryption: each value under a fresh AES-256-GCM key, that key under the master key.

The master key (KEK) wraps only; its random nonces stay far under 2**32 uses (NIST SP 800-38D, 8.3).
What a record is called is authenticated with it, so a row moved elsewhere does not open.
"""

from __future__ import annotations

import os
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.errors import StorageFailed
from core.vault.model import Sealed

KEY_BYTES = 32
NONCE_BYTES = 12


class CannotOpen(StorageFailed):
    """A record does not open under its name: it was changed, moved, or sealed with another master key."""


def new_key() -> bytes:
    """32 random bytes."""
    return os.urandom(KEY_BYTES)


def key_id(kek: bytes) -> str:
    """What a master key is called in rows; says nothing about it."""
    return sha256(b"signalbox master key id" + kek).hexdigest()[:16]


def seal(kek: bytes, label: str, value: bytes) -> Sealed:
    """A value sealed under its label (`table|name|version`)."""
    key, nonce, key_nonce = new_key(), os.urandom(NONCE_BYTES), os.urandom(NONCE_BYTES)
    kek_id = key_id(kek)
    return Sealed(
        kek_id=kek_id,
        key_nonce=key_nonce,
        wrapped_key=AESGCM(kek).encrypt(key_nonce, key, _bound(label, kek_id)),
        nonce=nonce,
        sealed=AESGCM(key).encrypt(nonce, value, label.encode()),
    )


def unseal(kek: bytes, label: str, record: Sealed) -> bytes:
    """The value. Raises CannotOpen."""
    return _open(_unwrap(kek, label, record), record.nonce, record.sealed, label.encode(), label)


def rewrap(old: bytes, new: bytes, label: str, record: Sealed) -> Sealed:
    """The same record under another master key; the value itself is not touched."""
    key = _unwrap(old, label, record)
    key_nonce, kek_id = os.urandom(NONCE_BYTES), key_id(new)
    return Sealed(
        kek_id=kek_id,
        key_nonce=key_nonce,
        wrapped_key=AESGCM(new).encrypt(key_nonce, key, _bound(label, kek_id)),
        nonce=record.nonce,
        sealed=record.sealed,
    )


def derive(root: bytes, label: str) -> bytes:
    """A 32-byte key of its own for each label (HKDF-SHA256, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"signalbox " + label.encode()).derive(root)


def _unwrap(kek: bytes, label: str, record: Sealed) -> bytes:
    return _open(kek, record.key_nonce, record.wrapped_key, _bound(label, record.kek_id), label)


def _open(key: bytes, nonce: bytes, sealed: bytes, bound: bytes, label: str) -> bytes:
    try:
        return AESGCM(key).decrypt(nonce, sealed, bound)
    except (InvalidTag, ValueError) as error:  # ValueError: a nonce or key of another length
        raise CannotOpen(
            f"{label.replace('|', ' ')} does not open: it was changed, moved here from another row, or sealed "
            "with another master key.",
            hint="Save that secret again; if nobody changed the database by hand, run `activity verify`.",
        ) from error


def _bound(label: str, kek_id: str) -> bytes:
    return f"{label}|{kek_id}".encode()
