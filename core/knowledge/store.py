"""The knowledge area's SQL: pure functions of a connection. Reading for a search is in `search_store`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.codec import canonical
from core.storage import Connection

CHANGES_KEPT = 10_000
EVERYTHING = 0
"""The chunk of a change after which the vectors in memory are all read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkRow:
    """A passage as it is written. vector: float32, little endian. found_by: words it is found by besides."""

    position: int
    headings: tuple[str, ...]
    anchor: str
    text: str
    vector: bytes
    found_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A document as it is written. id: used when there is none at that path yet."""

    id: str
    source_id: str
    kind: str
    path: str
    title: str
    hash: str
    mtime_ns: int
    size_bytes: int
    visibility: tuple[str, ...]
    at: str


def visibility_id(connection: Connection, places: Sequence[str]) -> int:
    """The number of a set of places; made when it is new."""
    text = canonical([*sorted({*places})])
    row = connection.execute("SELECT id FROM visibility WHERE places = ?", (text,)).fetchone()
    if row is None:
        row = connection.execute("INSERT INTO visibility (places) VALUES (?) RETURNING id", (text,)).fetchone()
    return int(row[0])


# ── Sources ──

_SOURCE = (
    "SELECT s.id, s.kind, s.title, s.location, v.places, s.added_by, s.added_at, s.indexed_at, s.skipped, s.error, "
    "(SELECT count(*) FROM document d WHERE d.source_id = s.id), "
    "(SELECT count(*) FROM chunk c JOIN document d ON d.number = c.document WHERE d.source_id = s.id) "
    "FROM source s JOIN visibility v ON v.id = s.visibility"
)
SourceRow = tuple[str, str, str, str, str, str, str, str | None, str, str, int, int]


def sources(connection: Connection) -> list[SourceRow]:
    """Every source, by title."""
    return connection.execute(f"{_SOURCE} ORDER BY s.kind, s.title, s.id").fetchall()


def source(connection: Connection, source_id: str) -> SourceRow | None:
    """One source."""
    row: SourceRow | None = connection.execute(f"{_SOURCE} WHERE s.id = ?", (source_id,)).fetchone()
    return row


def add_source(
    connection: Connection,
    source_id: str,
    kind: str,
    location: str,
    title: str,
    places: tuple[str, ...],
    by: str,
    at: str,
) -> None:
    """Write a source that was not there; one at the same location stays as it is."""
    connection.execute(
        "INSERT INTO source (id, kind, location, title, visibility, added_by, added_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT DO NOTHING",
        (source_id, kind, location, title, visibility_id(connection, places), by, at),
    )


def show_source_to(connection: Connection, source_id: str, places: tuple[str, ...]) -> None:
    """Change who may see a source and everything in it, at once."""
    number = visibility_id(connection, places)
    connection.execute("UPDATE source SET visibility = ? WHERE id = ?", (number, source_id))
    connection.execute("UPDATE document SET visibility = ? WHERE source_id = ?", (number, source_id))
    _changed(connection, [EVERYTHING])


def source_ended(connection: Connection, source_id: str, at: str, fingerprint: str, skipped: str, error: str) -> None:
    """A source was indexed to its end."""
    connection.execute(
        "UPDATE source SET indexed_at = ?, fingerprint = ?, skipped = ?, error = ? WHERE id = ?",
        (at, fingerprint, skipped, error, source_id),
    )


def source_failed(connection: Connection, source_id: str, error: str) -> None:
    """A source could not be indexed."""
    connection.execute("UPDATE source SET error = ? WHERE id = ?", (error, source_id))


def fingerprint(connection: Connection, source_id: str) -> str:
    """The fingerprint a source was last indexed with, or an empty text."""
    row = connection.execute("SELECT fingerprint FROM source WHERE id = ?", (source_id,)).fetchone()
    return str(row[0]) if row else ""


def remove_source(connection: Connection, source_id: str) -> None:
    """Forget a source whose documents are gone."""
    connection.execute("DELETE FROM source WHERE id = ?", (source_id,))


# ── Documents ──

Known = tuple[str, str, int, int, int]


def documents(connection: Connection, source_id: str) -> dict[str, Known]:
    """By path: (id, hash, mtime, size, passages) of what is known of a source."""
    rows = connection.execute(
        "SELECT d.path, d.id, d.hash, d.mtime_ns, d.size_bytes, count(c.id) FROM document d "
        "LEFT JOIN chunk c ON c.document = d.number WHERE d.source_id = ? GROUP BY d.number",
        (source_id,),
    )
    return {row[0]: row[1:] for row in rows}


def touch(connection: Connection, document_id: str, mtime_ns: int, size_bytes: int) -> None:
    """The file is newer, what it says is the same."""
    connection.execute(
        "UPDATE document SET mtime_ns = ?, size_bytes = ? WHERE id = ?", (mtime_ns, size_bytes, document_id)
    )


def put_document(connection: Connection, row: DocumentRow, chunks: Sequence[ChunkRow]) -> None:
    """Write a whole document in place of what was at its path."""
    number = begin_document(connection, row)
    drop_chunks(connection, row.source_id, row.path, -1)
    _add_chunks(connection, number, chunks)
    end_document(connection, row)


def begin_document(connection: Connection, row: DocumentRow) -> int:
    """Write a document as not yet complete; its number."""
    connection.execute(
        "INSERT INTO document (id, source_id, kind, path, title, visibility, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (source_id, path) DO UPDATE SET title = excluded.title, hash = '', "
        "visibility = excluded.visibility, changed_at = excluded.changed_at",
        (
            row.id,
            row.source_id,
            row.kind,
            row.path,
            row.title,
            visibility_id(connection, row.visibility),
            row.at,
        ),
    )
    return _number(connection, row.source_id, row.path)


def add_chunks(connection: Connection, row: DocumentRow, chunks: Sequence[ChunkRow]) -> None:
    """Write passages of a document that was begun, each with its full text and its vector."""
    _add_chunks(connection, _number(connection, row.source_id, row.path), chunks)


def end_document(connection: Connection, row: DocumentRow) -> None:
    """The document is complete as of this content."""
    connection.execute(
        "UPDATE document SET hash = ?, mtime_ns = ?, size_bytes = ? WHERE source_id = ? AND path = ?",
        (row.hash, row.mtime_ns, row.size_bytes, row.source_id, row.path),
    )


def drop_chunks(connection: Connection, source_id: str, path: str, most: int) -> None:
    """Remove at most so many passages of a document; −1: all."""
    ids = connection.execute(
        "SELECT c.id FROM chunk c JOIN document d ON d.number = c.document "
        "WHERE d.source_id = ? AND d.path = ? LIMIT ?",
        (source_id, path, most),
    ).fetchall()
    for table, column in (("chunk_text", "rowid"), ("chunk_vector", "rowid"), ("chunk", "id")):
        connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", ids)
    _changed(connection, [row[0] for row in ids])


def drop_document(connection: Connection, source_id: str, path: str) -> None:
    """Remove a document and what is left of its passages."""
    drop_chunks(connection, source_id, path, -1)
    connection.execute("DELETE FROM document WHERE source_id = ? AND path = ?", (source_id, path))


def _number(connection: Connection, source_id: str, path: str) -> int:
    row = connection.execute(
        "SELECT number FROM document WHERE source_id = ? AND path = ?", (source_id, path)
    ).fetchone()
    return int(row[0])


def _add_chunks(connection: Connection, document: int, chunks: Sequence[ChunkRow]) -> None:
    added = []
    for one in chunks:
        headings = canonical([*one.headings])
        cursor = connection.execute(
            "INSERT INTO chunk (document, position, headings, anchor, text) VALUES (?, ?, ?, ?, ?)",
            (document, one.position, headings, one.anchor, one.text),
        )
        added.append(cursor.lastrowid or 0)
    texts = [
        (number, " ".join((*one.headings, one.found_by)), one.text) for number, one in zip(added, chunks, strict=True)
    ]
    connection.executemany("INSERT INTO chunk_text (rowid, title, body) VALUES (?, ?, ?)", texts)
    vectors = [(number, one.vector) for number, one in zip(added, chunks, strict=True)]
    connection.executemany("INSERT INTO chunk_vector (rowid, embedding) VALUES (?, ?)", vectors)
    _changed(connection, added)


def _changed(connection: Connection, chunks: Sequence[int]) -> None:
    if not chunks:
        return
    connection.executemany("INSERT INTO chunk_change (chunk) VALUES (?)", [(chunk,) for chunk in chunks])
    connection.execute("DELETE FROM chunk_change WHERE seq <= (SELECT max(seq) FROM chunk_change) - ?", (CHANGES_KEPT,))


# ── Notes ──

_NOTE = (
    "SELECT n.id, n.text, n.tags, n.author, v.places, n.created_at, n.changed_at "
    "FROM note n JOIN visibility v ON v.id = n.visibility"
)
NoteRow = tuple[str, str, str, str, str, str, str]


def put_note(
    connection: Connection,
    note_id: str,
    text: str,
    tags: tuple[str, ...],
    author: str,
    places: tuple[str, ...],
    created_at: str,
    changed_at: str,
) -> None:
    """Write a note, or the same one changed or brought back."""
    connection.execute(
        "INSERT INTO note (id, text, tags, author, visibility, created_at, changed_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET text = excluded.text, tags = excluded.tags, "
        "visibility = excluded.visibility, changed_at = excluded.changed_at, removed_at = NULL",
        (note_id, text, canonical([*tags]), author, visibility_id(connection, places), created_at, changed_at),
    )


def remove_note(connection: Connection, note_id: str, at: str, forget_before: str) -> None:
    """Hide a note; those removed before `forget_before` are gone for good now."""
    connection.execute("UPDATE note SET removed_at = ? WHERE id = ?", (at, note_id))
    connection.execute("DELETE FROM note WHERE removed_at < ?", (forget_before,))


def note(connection: Connection, note_id: str, removed: bool) -> NoteRow | None:
    """One note that is there, or one that was removed."""
    row: NoteRow | None = connection.execute(
        f"{_NOTE} WHERE n.id = ? AND (n.removed_at IS NOT NULL) = ?", (note_id, removed)
    ).fetchone()
    return row


def notes(connection: Connection, allowed: tuple[int, ...], tag: str, before: str, limit: int) -> list[NoteRow]:
    """Notes of these visibilities, newest first, made before the note `before`; all tags when `tag` is empty."""
    marks = ", ".join("?" * len(allowed))
    return connection.execute(
        f"{_NOTE} WHERE n.removed_at IS NULL AND n.visibility IN ({marks}) AND (? = '' OR n.id < ?) "
        "AND (? = '' OR EXISTS (SELECT 1 FROM json_each(n.tags) WHERE value = ?)) ORDER BY n.id DESC LIMIT ?",
        (*allowed, before, before, tag, tag, limit),
    ).fetchall()
