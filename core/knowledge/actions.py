"""What can be asked of the knowledge area: index, search, and notes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from core.actions import Context, Unit, action
from core.knowledge.model import (
    Indexed,
    KnowledgeSource,
    Note,
    NoteText,
    SearchResult,
    Tags,
    VisibleTo,
)
from core.knowledge.notes import visibility_here
from core.knowledge.service import Knowledge
from core.values import EVERYONE, Effect

Limit = Annotated[int, Field(ge=1, le=100)]
Query = Annotated[str, Field(min_length=1, max_length=2_000)]


@action("knowledge.index", permission="knowledge.index", effect=Effect.WRITE, job=True)
async def index(knowledge: Knowledge, ctx: Context, unit: Unit, path: str = "", *, visible: VisibleTo = ()) -> Indexed:
    """Read documents, so that questions are answered from them; only what changed is read again.

    path: a folder or a file with Markdown or text on Signalbox's machine; without one, all known folders.
    visible: who may see it: `everyone`, or places such as `slack:T1/C2` with commas between them.
    """
    return await knowledge.index(unit, ctx, path, visible)


@action("knowledge.search", permission="knowledge.read", effect=Effect.READ)
async def search(knowledge: Knowledge, ctx: Context, query: Query, limit: Limit = 10) -> SearchResult:
    """Find passages in documents and notes, the best first.

    query: words or a question.
    limit: how many at most, 1 to 100.
    """
    return await knowledge.search(query, limit=limit, audience=ctx.audience)


@action("knowledge.sources", permission="knowledge.read", effect=Effect.READ)
async def sources(knowledge: Knowledge, ctx: Context) -> tuple[KnowledgeSource, ...]:
    """List where answers come from, how many documents each source holds, and what was left out."""
    return await knowledge.sources(ctx.audience)


@action("knowledge.remove", permission="knowledge.remove", effect=Effect.DESTROY, job=True)
async def remove(knowledge: Knowledge, ctx: Context, unit: Unit, source: str) -> KnowledgeSource:
    """Forget a source and all its passages; the files themselves stay.

    source: its id, name or path, from `knowledge sources`.
    """
    return await knowledge.remove(unit, source, ctx.audience)


@action("notes.add", permission="knowledge.write", effect=Effect.WRITE)
async def add_note(
    knowledge: Knowledge,
    ctx: Context,
    unit: Unit,
    text: NoteText,
    *,
    tags: Tags = (),
    share: bool = False,
    visible: VisibleTo = (),
) -> Note:
    """Remember a note; questions are answered from it at once.

    text: Markdown.
    tags: lower-case words to find it by, with commas between them.
    share: let everyone see it; else a note from a private place is seen there and by its author only.
    visible: places that may see it instead, such as `slack:T1/C2`.
    """
    visibility = (EVERYONE,) if share else visible or visibility_here(ctx)
    return await knowledge.notes.add(unit, ctx, text, tags, visibility)


@action("notes.list", permission="knowledge.read", effect=Effect.READ)
async def list_notes(
    knowledge: Knowledge, ctx: Context, tag: str = "", *, before: str = "", limit: Limit = 20
) -> tuple[Note, ...]:
    """List notes you may see here, newest first.

    tag: only those with this tag.
    before: only those made before the note with this id.
    limit: how many at most, 1 to 100.
    """
    return await knowledge.notes.listed(ctx.audience, tag.strip().lower(), before, limit)


@action("notes.show", permission="knowledge.read", effect=Effect.READ)
async def show_note(knowledge: Knowledge, ctx: Context, note_id: str) -> Note:
    """Show one note.

    note_id: from `notes list`.
    """
    return await knowledge.notes.show(note_id, ctx.audience)


@action("notes.edit", permission="knowledge.write", effect=Effect.WRITE)
async def edit_note(
    knowledge: Knowledge,
    ctx: Context,
    unit: Unit,
    note_id: str,
    text: NoteText,
    *,
    tags: Tags | None = None,
    visible: VisibleTo | None = None,
) -> Note:
    """Change a note of yours.

    note_id: from `notes list`.
    text: what it says from now on, Markdown.
    tags: its new tags; without this they stay.
    visible: who may see it from now on; without this it stays.
    """
    return await knowledge.notes.edit(unit, ctx, note_id, text, tags, visible or None)


@action("notes.remove", permission="knowledge.write", effect=Effect.WRITE)
async def remove_note(knowledge: Knowledge, ctx: Context, unit: Unit, note_id: str) -> Note:
    """Take a note of yours out; `undo` brings it back for 30 days.

    note_id: from `notes list`.
    """
    return await knowledge.notes.remove(unit, ctx, note_id)


@action("notes.restore", permission="knowledge.write", effect=Effect.WRITE)
async def restore_note(knowledge: Knowledge, ctx: Context, unit: Unit, note_id: str) -> Note:
    """Bring a removed note back.

    note_id: of a note removed in the last 30 days.
    """
    return await knowledge.notes.restore(unit, ctx, note_id)
