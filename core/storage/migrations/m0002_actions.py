"""What was done under which key, what waits for a yes, what can be undone, jobs and aliases."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE dedupe (
        actor     TEXT NOT NULL,
        action    TEXT NOT NULL,
        key       TEXT NOT NULL,
        arguments TEXT NOT NULL,  -- SHA-256 of their canonical JSON
        result    TEXT NOT NULL,  -- JSON
        at        TEXT NOT NULL,
        PRIMARY KEY (actor, action, key)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX dedupe_by_age ON dedupe (at)",
    """CREATE TABLE confirmation (
        id         TEXT PRIMARY KEY,
        actor      TEXT NOT NULL,
        action     TEXT NOT NULL,
        arguments  TEXT NOT NULL,  -- canonical JSON
        hash       TEXT NOT NULL,
        approver   TEXT NOT NULL DEFAULT '',  -- a role; empty: the same person confirms
        summary    TEXT NOT NULL,
        context    TEXT NOT NULL DEFAULT '{}',  -- where the asking came from, JSON
        asked_at   TEXT NOT NULL,
        expires_at TEXT NOT NULL,
        state      TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'used', 'declined')),
        answered_by TEXT NOT NULL DEFAULT '',
        answered_at TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX confirmation_open ON confirmation (expires_at) WHERE state = 'open'",
    """CREATE TABLE undo (
        id        TEXT PRIMARY KEY,
        actor     TEXT NOT NULL,
        done      TEXT NOT NULL,   -- the action that was run
        action    TEXT NOT NULL,   -- the action that takes it back
        arguments TEXT NOT NULL,
        at        TEXT NOT NULL,
        used_at   TEXT
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX undo_by_actor ON undo (actor, id) WHERE used_at IS NULL",
    """CREATE TABLE job (
        id         TEXT PRIMARY KEY,
        actor      TEXT NOT NULL,
        action     TEXT NOT NULL,
        arguments  TEXT NOT NULL,
        state      TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
        done       INTEGER NOT NULL DEFAULT 0,
        total      INTEGER,
        note       TEXT NOT NULL DEFAULT '',
        result     TEXT NOT NULL DEFAULT '',
        error      TEXT NOT NULL DEFAULT '',
        started_at TEXT NOT NULL,
        ended_at   TEXT
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE alias (
        name    TEXT PRIMARY KEY,
        command TEXT NOT NULL,  -- with {1}, {2}, … and {*}
        author  TEXT NOT NULL,
        at      TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
)
