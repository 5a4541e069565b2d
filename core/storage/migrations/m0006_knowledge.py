"""What the team knows: sources, documents, passages with their full text and vectors, and notes."""

from core.storage.engine import Connection


def up(db: Connection) -> None:
    for statement in _TABLES:
        db.execute(statement)


_TABLES = (
    # Who may see something, each set once: a search compares small numbers instead of sets.
    """CREATE TABLE visibility (
        id     INTEGER PRIMARY KEY,
        places TEXT NOT NULL UNIQUE               -- sorted JSON list: "everyone" or places
    ) STRICT""",
    """CREATE TABLE source (
        id          TEXT PRIMARY KEY,
        kind        TEXT NOT NULL CHECK (kind IN ('folder', 'note', 'guide')),
        location    TEXT NOT NULL UNIQUE,         -- absolute path; `notes`, `guide`
        title       TEXT NOT NULL,
        visibility  INTEGER NOT NULL REFERENCES visibility(id),
        added_by    TEXT NOT NULL,
        added_at    TEXT NOT NULL,
        indexed_at  TEXT,                         -- NULL: never to its end
        fingerprint TEXT NOT NULL DEFAULT '',     -- of the guide's pages
        skipped     TEXT NOT NULL DEFAULT '[]',   -- [[path, reason], …], the first of them
        error       TEXT NOT NULL DEFAULT ''
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE document (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        id         TEXT NOT NULL UNIQUE,
        source_id  TEXT NOT NULL REFERENCES source(id),
        kind       TEXT NOT NULL,                 -- its source's, so that a search needs no join for it
        path       TEXT NOT NULL,                 -- below the source; a note's id
        title      TEXT NOT NULL,
        hash       TEXT NOT NULL DEFAULT '',      -- SHA-256; empty: not written to its end
        mtime_ns   INTEGER NOT NULL DEFAULT 0,
        size_bytes INTEGER NOT NULL DEFAULT 0,
        visibility INTEGER NOT NULL REFERENCES visibility(id),
        changed_at TEXT NOT NULL,
        UNIQUE (source_id, path)
    ) STRICT""",
    "CREATE INDEX document_by_change ON document (changed_at)",
    # AUTOINCREMENT: an id is never used again, so numbers in memory never point at another passage.
    """CREATE TABLE chunk (
        id       INTEGER PRIMARY KEY AUTOINCREMENT,
        document INTEGER NOT NULL REFERENCES document(number),
        position INTEGER NOT NULL,
        headings TEXT NOT NULL,                   -- JSON list, the document's title first
        anchor   TEXT NOT NULL,
        text     TEXT NOT NULL,
        UNIQUE (document, position)
    ) STRICT""",
    # Contentless: the text is in `chunk`, and deleting needs no exact copy of what was indexed.
    """CREATE VIRTUAL TABLE chunk_text USING fts5 (
        title, body, content = '', contentless_delete = 1, tokenize = 'porter unicode61'
    )""",
    "CREATE VIRTUAL TABLE chunk_vector USING vec0 (embedding float[256])",
    # What the vectors in memory have not heard of yet. chunk 0: read everything again.
    """CREATE TABLE chunk_change (
        seq   INTEGER PRIMARY KEY AUTOINCREMENT,
        chunk INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE note (
        id         TEXT PRIMARY KEY,
        text       TEXT NOT NULL,
        tags       TEXT NOT NULL,                 -- JSON list, sorted
        author     TEXT NOT NULL,
        visibility INTEGER NOT NULL REFERENCES visibility(id),
        created_at TEXT NOT NULL,
        changed_at TEXT NOT NULL,
        removed_at TEXT                           -- kept 30 days, so that a removal can be taken back
    ) STRICT, WITHOUT ROWID""",
)
