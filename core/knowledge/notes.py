"""Notes: the smallest thing a team knows. Who may see one is decided where it is written."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from core.actions import Context, Unit
from core.codec import decode, plain
from core.errors import Denied, NotFound
from core.events import KnowledgeChanged
from core.knowledge import search_store, store
from core.knowledge.model import Note
from core.knowledge.passages import chunk_rows
from core.knowledge.store import DocumentRow
from core.ports import Embedder
from core.storage import Connection, Storage
from core.values import EVERYONE, Audience, moment, new_id, now, stamp

SOURCE = "notes"
OWN_NETWORKS = frozenset({"room", "terminal", "api", "system", "web"})
"""Signalbox's own: what is written there is written for the team, not into a conversation of few."""
EDITORS = frozenset({"operator", "admin", "owner"})
KEPT = timedelta(days=30)
TITLE_LENGTH = 80


def visibility_here(ctx: Context) -> tuple[str, ...]:
    """Who may see what is written here: everyone, except in a place with readers of its own."""
    place = ctx.place
    if place is None or place.kind == "public" or place.network in OWN_NETWORKS:
        return (EVERYONE,)
    return tuple(sorted({place.key, f"person:{ctx.actor.person_id}"}))


class Notes:
    """Writes and reads notes. Nothing is written before the unit is committed."""

    def __init__(self, storage: Storage, embedder: Embedder) -> None:
        self._storage, self._embedder = storage, embedder

    async def add(
        self, unit: Unit, ctx: Context, text: str, tags: tuple[str, ...], visibility: tuple[str, ...]
    ) -> Note:
        """A new note; `undo` removes it."""
        at = now()
        note = Note(
            id=new_id(),
            text=text,
            tags=tags,
            author=ctx.actor.person_id,
            created_at=at,
            changed_at=at,
            visibility=visibility,
        )
        await self._write(unit, note, "A note was added.")
        unit.undo("notes.remove", {"note_id": note.id})
        unit.changed(None, plain(note))
        return note

    async def edit(
        self,
        unit: Unit,
        ctx: Context,
        note_id: str,
        text: str,
        tags: tuple[str, ...] | None,
        visibility: tuple[str, ...] | None,
    ) -> Note:
        """The note with another text; tags and visibility stay when None. `undo` puts all of it back."""
        before = await self._own(ctx, note_id)
        after = Note(
            id=before.id,
            text=text,
            tags=before.tags if tags is None else tags,
            author=before.author,
            created_at=before.created_at,
            changed_at=now(),
            visibility=before.visibility if visibility is None else visibility,
        )
        await self._write(unit, after, "A note was changed.")
        unit.undo(
            "notes.edit",
            {
                "note_id": before.id,
                "text": before.text,
                "tags": [*before.tags],
                "visible": [*before.visibility],
            },
        )
        unit.changed(plain(before), plain(after))
        return after

    async def remove(self, unit: Unit, ctx: Context, note_id: str) -> Note:
        """Take a note out; `undo` brings it back for 30 days."""
        note = await self._own(ctx, note_id)
        unit.do(store.remove_note, note.id, stamp(now()), stamp(now() - KEPT))
        unit.do(store.drop_document, SOURCE, note.id)
        unit.emit(_news(note, "A note was removed."))
        unit.undo("notes.restore", {"note_id": note.id})
        unit.changed(plain(note), None)
        return note

    async def restore(self, unit: Unit, ctx: Context, note_id: str) -> Note:
        """Bring a removed note back."""
        row = await self._storage.read(store.note, note_id, True)
        note = _note(row) if row else None
        if note is None or not _editable(ctx, note):
            raise NotFound(f"No removed note has the id {note_id!r}.", hint="Removed notes are kept for 30 days.")
        await self._write(unit, note, "A note is back.")
        unit.undo("notes.remove", {"note_id": note.id})
        unit.changed(None, plain(note))
        return note

    async def show(self, note_id: str, audience: Audience) -> Note:
        """One note this audience may see. Raises NotFound otherwise, also when it is hidden from them."""
        row = await self._storage.read(store.note, note_id, False)
        note = _note(row) if row else None
        if note is None or not audience.may_see(note.visibility):
            raise NotFound(f"No note here has the id {note_id!r}.", hint="`notes list` shows them.")
        return note

    async def listed(self, audience: Audience, tag: str, before: str, limit: int) -> tuple[Note, ...]:
        """Notes this audience may see, newest first, from those made before the note `before` on."""
        rows = await self._storage.read(_listed, audience, tag, before, limit)
        return tuple(_note(row) for row in rows)

    async def _own(self, ctx: Context, note_id: str) -> Note:
        note = await self.show(note_id, ctx.audience)
        if not _editable(ctx, note):
            raise Denied(
                "That note is somebody else's.",
                rule="one's own notes, or an operator's word",
                hint="Its author or an operator can change it.",
            )
        return note

    async def _write(self, unit: Unit, note: Note, said: str) -> None:
        title = title_of_note(note.text)
        made = await asyncio.to_thread(chunk_rows, note.text, title=title, kind="markdown", embedder=self._embedder)
        chunks = tuple(replace(chunk, found_by=" ".join(note.tags)) for chunk in made)
        row = DocumentRow(
            id=note.id,
            source_id=SOURCE,
            kind="note",
            path=note.id,
            title=title,
            hash=note.id,
            mtime_ns=0,
            size_bytes=len(note.text),
            visibility=note.visibility,
            at=stamp(note.changed_at),
        )
        unit.do(
            store.put_note,
            note.id,
            note.text,
            note.tags,
            note.author,
            note.visibility,
            stamp(note.created_at),
            stamp(note.changed_at),
        )
        unit.do(store.add_source, SOURCE, "note", SOURCE, "Notes", (EVERYONE,), "", stamp(now()))
        unit.do(store.put_document, row, chunks)
        unit.emit(_news(note, said))


def title_of_note(text: str) -> str:
    """The first line without its markup, shortened at a word."""
    first = text.strip().split("\n", 1)[0].lstrip("#>*- ").strip() or "Note"
    return first if len(first) <= TITLE_LENGTH else first[:TITLE_LENGTH].rsplit(" ", 1)[0] + "…"


def _editable(ctx: Context, note: Note) -> bool:
    return bool(ctx.actor.roles & EDITORS) or (note.author != "" and note.author == ctx.actor.person_id)


def _listed(connection: Connection, audience: Audience, tag: str, before: str, limit: int) -> list[store.NoteRow]:
    return store.notes(connection, search_store.allowed(connection, audience), tag, before, limit)


def _note(row: store.NoteRow) -> Note:
    return Note(
        id=row[0],
        text=row[1],
        tags=decode(tuple[str, ...], row[2]),
        author=row[3],
        visibility=decode(tuple[str, ...], row[4]),
        created_at=moment(row[5]),
        changed_at=moment(row[6]),
    )


def _news(note: Note, said: str) -> KnowledgeChanged:
    return KnowledgeChanged(source=SOURCE, documents=1, note=said, places=note.visibility)
