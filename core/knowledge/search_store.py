"""What a search reads: pure functions of a connection. Every query is narrowed to what may be seen first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.codec import decode
from core.storage import Connection
from core.values import Audience

PAGE = 200


def allowed(connection: Connection, audience: Audience) -> tuple[int, ...]:
    """The numbers of the visibilities this audience may see."""
    rows = connection.execute("SELECT id, places FROM visibility ORDER BY id").fetchall()
    return tuple(row[0] for row in rows if audience.may_see(decode(tuple[str, ...], row[1])))


def has_other_than_guide(connection: Connection, visible: Sequence[int]) -> bool:
    """Whether there is a document to be seen that is not the guide's."""
    marks = ", ".join("?" * len(visible))
    return bool(
        connection.execute(
            f"SELECT EXISTS (SELECT 1 FROM document WHERE kind <> 'guide' AND visibility IN ({marks}))", visible
        ).fetchone()[0]
    )


def frequency(connection: Connection, word: str, most: int) -> int:
    """In how many passages a word stands, stemmed as the index does; counted up to `most`."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM chunk_text WHERE chunk_text MATCH ? LIMIT ?)", (f'"{word}"', most)
    ).fetchone()
    return int(row[0])


def text_hits(connection: Connection, words: Sequence[str]) -> Iterator[list[tuple[int, float]]]:
    """(chunk, score) of all passages with any of the words, best first, in pages; a higher score is better."""
    cursor = connection.execute(
        "SELECT rowid, -rank FROM chunk_text WHERE chunk_text MATCH ? AND rank MATCH 'bm25(2.0, 1.0)' ORDER BY rank",
        (" OR ".join(f'"{word}"' for word in words),),
    )
    while page := cursor.fetchmany(PAGE):
        yield page
    cursor.close()


PassageRow = tuple[int, str, str, str, str, str, str, str, str]


def passages(connection: Connection, ids: Sequence[int], visible: Sequence[int]) -> dict[int, PassageRow]:
    """By chunk: (id, headings, anchor, text, document's id, path, title, kind, source's title).

    Asks for the visibility again: the numbers in memory may be a moment behind.
    """
    marks, chunks = ", ".join("?" * len(visible)), ", ".join("?" * len(ids))
    rows = connection.execute(
        "SELECT c.id, c.headings, c.anchor, c.text, d.id, d.path, d.title, d.kind, s.title FROM chunk c "
        "JOIN document d ON d.number = c.document JOIN source s ON s.id = d.source_id "
        f"WHERE c.id IN ({chunks}) AND d.visibility IN ({marks})",
        (*ids, *visible),
    )
    return {row[0]: row for row in rows}


def last_change(connection: Connection) -> int:
    """The number of the newest change to passages; 0 when there was none."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'chunk_change'").fetchone()
    return int(row[0]) if row else 0


def changes(connection: Connection, after: int) -> list[tuple[int, int]]:
    """(number, chunk) of the changes after one, oldest first."""
    return connection.execute("SELECT seq, chunk FROM chunk_change WHERE seq > ? ORDER BY seq", (after,)).fetchall()


VectorRow = tuple[int, int, int, int, bytes]
_VECTOR = (
    "SELECT c.id, c.document, d.visibility, d.kind = 'guide', v.embedding FROM chunk c "
    "JOIN document d ON d.number = c.document JOIN chunk_vector v ON v.rowid = c.id"
)


def marks(connection: Connection) -> list[tuple[int, int, int, int]]:
    """(chunk, document, visibility, of the guide) of every passage, by number."""
    return connection.execute(
        "SELECT c.id, c.document, d.visibility, d.kind = 'guide' FROM chunk c "
        "JOIN document d ON d.number = c.document ORDER BY c.id"
    ).fetchall()


def vectors(connection: Connection) -> Iterator[list[tuple[int, bytes]]]:
    """(chunk, vector) of every passage, in pages of no order: a scan, forty times faster than one by one."""
    cursor = connection.execute("SELECT rowid, embedding FROM chunk_vector")
    while page := cursor.fetchmany(PAGE):
        yield page
    cursor.close()


def vectors_of(connection: Connection, chunks: Sequence[int]) -> list[VectorRow]:
    """(chunk, document, visibility, of the guide, vector) of these passages, by number."""
    marks = ", ".join("?" * len(chunks))
    return connection.execute(f"{_VECTOR} WHERE c.id IN ({marks}) ORDER BY c.id", tuple(chunks)).fetchall()


def news(
    connection: Connection, since: str, visible: Sequence[int], limit: int
) -> list[tuple[str, str, str, str, str, str]]:
    """(title, kind, path, source's title, changed, places) of what changed since, newest first; no guide."""
    marks = ", ".join("?" * len(visible))
    return connection.execute(
        "SELECT d.title, d.kind, d.path, s.title, d.changed_at, v.places FROM document d "
        "JOIN source s ON s.id = d.source_id JOIN visibility v ON v.id = d.visibility "
        f"WHERE d.changed_at > ? AND d.kind <> 'guide' AND d.visibility IN ({marks}) "
        "ORDER BY d.changed_at DESC, d.number DESC LIMIT ?",
        (since, *visible, limit),
    ).fetchall()
