"""Schedules, and what became of each of their due slots."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE schedule (
        id         TEXT PRIMARY KEY,
        name       TEXT NOT NULL,
        owner      TEXT NOT NULL,             -- a person's id; it runs with this person's rights
        kind       TEXT NOT NULL CHECK (kind IN ('cron', 'interval', 'once')),
        spec       TEXT NOT NULL,
        said       TEXT NOT NULL DEFAULT '',  -- the words it was set up with
        timezone   TEXT NOT NULL,             -- IANA name
        action     TEXT NOT NULL,
        arguments  TEXT NOT NULL DEFAULT '{}',
        sent_to    TEXT NOT NULL DEFAULT '',  -- as it was typed
        address    TEXT,                      -- JSON; NULL: nothing is posted
        elsewhere  INTEGER NOT NULL DEFAULT 0, -- 1: another place than it was set up in
        missed     TEXT NOT NULL DEFAULT 'default' CHECK (missed IN ('default', 'once', 'all', 'skip')),
        overlap    TEXT NOT NULL DEFAULT 'skip' CHECK (overlap IN ('skip', 'queue', 'allow')),
        paused     TEXT NOT NULL DEFAULT '',  -- the reason
        created_at TEXT NOT NULL,
        removed_at TEXT,
        next_due   TEXT,                      -- NULL: never again
        last_due   TEXT,
        last_state TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    "CREATE UNIQUE INDEX schedule_by_name ON schedule (name) WHERE removed_at IS NULL",
    "CREATE INDEX schedule_due ON schedule (next_due) WHERE removed_at IS NULL AND paused = '' "
    "AND next_due IS NOT NULL",
    """CREATE TABLE schedule_slot (
        schedule_id TEXT NOT NULL REFERENCES schedule(id) ON DELETE CASCADE,
        due_at      TEXT NOT NULL,
        run_key     TEXT NOT NULL,
        state       TEXT NOT NULL CHECK (state IN ('due', 'running', 'ran', 'late', 'skipped', 'failed')),
        reason      TEXT NOT NULL DEFAULT '',
        manual      INTEGER NOT NULL DEFAULT 0,
        covers      INTEGER NOT NULL DEFAULT 1, -- how many slots, up to this one, a skipped row stands for
        attempts    INTEGER NOT NULL DEFAULT 0,
        started_at  TEXT,
        ended_at    TEXT,
        message_id  TEXT NOT NULL DEFAULT '',   -- the delivery it was posted with
        PRIMARY KEY (schedule_id, due_at)
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX schedule_slot_open ON schedule_slot (due_at) WHERE state IN ('due', 'running')",
    "CREATE INDEX schedule_slot_ended ON schedule_slot (ended_at) WHERE ended_at IS NOT NULL",
    # When this process was last known to be awake; one row.
    "CREATE TABLE schedule_alive (id INTEGER PRIMARY KEY CHECK (id = 1), at TEXT NOT NULL) STRICT",
)
