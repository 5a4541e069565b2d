"""Secrets, each sealed under a key of its own, which the master key wraps."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE secret (
        name         TEXT PRIMARY KEY,
        version      INTEGER NOT NULL,  -- the one in use; 0: taken back
        last_used_at TEXT,
        last_use     TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE secret_version (
        name        TEXT NOT NULL REFERENCES secret(name) ON DELETE CASCADE,
        version     INTEGER NOT NULL,
        kek_id      TEXT NOT NULL,
        key_nonce   BLOB NOT NULL,
        wrapped_key BLOB NOT NULL,
        nonce       BLOB NOT NULL,
        sealed      BLOB NOT NULL,
        author      TEXT NOT NULL,
        at          TEXT NOT NULL,
        PRIMARY KEY (name, version)
    ) STRICT, WITHOUT ROWID""",
    # The root, of which other keys are derived, and during a change of the master key the new one.
    """CREATE TABLE vault_key (
        name        TEXT PRIMARY KEY CHECK (name IN ('root', 'next')),
        kek_id      TEXT NOT NULL,
        key_nonce   BLOB NOT NULL,
        wrapped_key BLOB NOT NULL,
        nonce       BLOB NOT NULL,
        sealed      BLOB NOT NULL
    ) STRICT, WITHOUT ROWID""",
)
