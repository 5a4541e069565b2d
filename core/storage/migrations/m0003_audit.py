"""What was done, each line chained to the one before, in monthly segments."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE audit_segment (
        segment TEXT PRIMARY KEY,    -- 2026-11
        first   INTEGER NOT NULL,    -- number of its first line
        start   BLOB NOT NULL        -- head of the segment before, 32 bytes
    ) STRICT, WITHOUT ROWID""",
    # What is searched is read from the body itself, so that a column can never say something else.
    """CREATE TABLE audit_line (
        number  INTEGER PRIMARY KEY, -- from 1, without a gap
        segment TEXT NOT NULL,
        body    TEXT NOT NULL,       -- canonical JSON
        mac     BLOB NOT NULL,       -- HMAC-SHA256(key, mac of the line before || body)
        at      TEXT AS (body ->> '$.at') VIRTUAL,
        person  TEXT AS (body ->> '$.actor') VIRTUAL,
        action  TEXT AS (body ->> '$.action') VIRTUAL,
        network TEXT AS (body ->> '$.network') VIRTUAL,
        outcome TEXT AS (body ->> '$.outcome') VIRTUAL
    ) STRICT""",
    "CREATE INDEX audit_by_segment ON audit_line (segment, number)",
    "CREATE INDEX audit_by_person ON audit_line (person, number)",
)
