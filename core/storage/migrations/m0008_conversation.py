"""What was asked and answered, and what people thought of it."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE exchange (
        id           TEXT PRIMARY KEY,           -- of the inbox row
        conversation TEXT NOT NULL,
        network      TEXT NOT NULL,
        place        TEXT NOT NULL,
        place_kind   TEXT NOT NULL CHECK (place_kind IN ('direct', 'private', 'public', 'unknown')),
        place_name   TEXT NOT NULL,
        person_id    TEXT NOT NULL,              -- empty: somebody unknown
        person_name  TEXT NOT NULL,
        asked_at     TEXT NOT NULL,
        question     TEXT NOT NULL,
        action       TEXT NOT NULL,              -- what it became
        reply        TEXT NOT NULL,              -- the Reply as JSON
        found        INTEGER NOT NULL,           -- 0: nothing known answers it
        outcome      TEXT NOT NULL,
        steps        TEXT NOT NULL,              -- [[label, ms since it came in], …]
        answered_at  TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX exchange_by_conversation ON exchange (conversation, id)",
    "CREATE INDEX exchange_by_time ON exchange (answered_at)",
    "CREATE INDEX exchange_unanswered ON exchange (answered_at) WHERE found = 0",
    """CREATE TABLE rating (
        answer_id TEXT NOT NULL REFERENCES exchange(id) ON DELETE CASCADE,
        person_id TEXT NOT NULL,
        good      INTEGER NOT NULL CHECK (good IN (0, 1)),
        at        TEXT NOT NULL,
        PRIMARY KEY (answer_id, person_id)
    ) STRICT, WITHOUT ROWID""",
)
