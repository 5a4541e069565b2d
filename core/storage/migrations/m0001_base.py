"""What the program remembers about itself, events that must arrive, and what came in and goes out."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    """CREATE TABLE meta (
        name  TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE event_log (
        id   TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        at   TEXT NOT NULL,  -- ISO 8601 in UTC, as every time here
        body TEXT NOT NULL   -- JSON
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE delivery (
        event_id TEXT NOT NULL REFERENCES event_log(id) ON DELETE CASCADE,
        listener TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (event_id, listener)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE inbox (
        id           TEXT PRIMARY KEY,
        network      TEXT NOT NULL,
        place        TEXT NOT NULL,            -- network:workspace/channel
        conversation TEXT NOT NULL,            -- place, and the thread where there is one
        message_id   TEXT NOT NULL,
        kind         TEXT NOT NULL,            -- message, edit, delete, press, command, form
        body         TEXT NOT NULL,            -- the Incoming as JSON
        sent_at      TEXT NOT NULL,
        received_at  TEXT NOT NULL,
        state        TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'ignored', 'asked')),
        outcome      TEXT NOT NULL DEFAULT '',
        placeholder  TEXT NOT NULL DEFAULT '', -- id of the message that will become the answer
        done_at      TEXT
    ) STRICT, WITHOUT ROWID""",
    # Two ways to be the same thing: the same delivery, or the same message seen in an event and in history.
    """CREATE TABLE inbox_key (
        key      TEXT PRIMARY KEY,
        inbox_id TEXT NOT NULL REFERENCES inbox(id) ON DELETE CASCADE
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX inbox_waiting ON inbox (conversation, id) WHERE state = 'waiting'",
    "CREATE INDEX inbox_by_place ON inbox (place, sent_at)",
    "CREATE INDEX inbox_by_message ON inbox (network, message_id)",
    """CREATE TABLE outbox (
        id          TEXT PRIMARY KEY,
        destination TEXT NOT NULL,
        body        TEXT NOT NULL,             -- the Message as JSON
        about       TEXT NOT NULL DEFAULT '',  -- the inbox row it answers
        state       TEXT NOT NULL DEFAULT 'waiting'
                    CHECK (state IN ('waiting', 'sending', 'sent', 'failed', 'dropped')),
        attempts    INTEGER NOT NULL DEFAULT 0,
        unsure      INTEGER NOT NULL DEFAULT 0, -- 1: an answer was lost, look before sending again
        due_at      TEXT NOT NULL,
        created_at  TEXT NOT NULL,
        sent_at     TEXT,
        error       TEXT NOT NULL DEFAULT '',
        message_id  TEXT NOT NULL DEFAULT ''   -- the network's id, once sent
    ) STRICT, WITHOUT ROWID""",
    "CREATE INDEX outbox_open ON outbox (destination, id) WHERE state IN ('waiting', 'sending')",
    "CREATE INDEX outbox_failed ON outbox (id) WHERE state = 'failed'",
    # One reply: one final message for each accepted inbound.
    "CREATE UNIQUE INDEX outbox_one_answer ON outbox (about) WHERE about <> '' AND state <> 'dropped'",
    "CREATE INDEX outbox_by_message ON outbox (message_id) WHERE message_id <> ''",
)
