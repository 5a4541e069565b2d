"""What the team knows: indexed folders, notes and the guide, found again for exactly those who may see them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from core.actions import Context, Unit
from core.bus import Bus
from core.codec import decode, digest
from core.errors import Conflict, InvalidInput, NotFound
from core.events import KnowledgeChanged
from core.knowledge import search_store, store
from core.knowledge.embedding import LazyEmbedder, MakeEmbedder
from core.knowledge.files import Discovery, discover
from core.knowledge.guide import names_product
from core.knowledge.indexing import DROPS, Indexer, OwnBatches, Target
from core.knowledge.matrix import VectorMatrix
from core.knowledge.model import (
    QUESTION_LIMIT,
    Indexed,
    KnowledgeSource,
    Quotes,
    SearchHit,
    SearchResult,
    Skip,
    SourceKind,
)
from core.knowledge.notes import Notes
from core.knowledge.quoting import answer
from core.knowledge.search import Findings, find, shown_location
from core.ports import Embedder, NewItem
from core.storage import Connection, Storage, long_read
from core.values import EVERYONE, NOBODY, Actor, Audience, SilentSink, moment, new_id, now, stamp

GUIDE = "guide"
PASSAGES_READ = 10
"""Passages an answer is looked for in."""
NEWS_LIMIT = 200


class Knowledge:
    """Indexes, searches and quotes. Also what reports call `KnowledgeNews`.

    embedder: makes the embedder, called when vectors are needed for the first time. guide: the folder of
    the guide's pages, None without one.
    """

    def __init__(
        self,
        storage: Storage,
        bus: Bus,
        embedder: MakeEmbedder,
        *,
        guide: Path | None = None,
    ) -> None:
        self._storage, self._bus, self._embedder = storage, bus, LazyEmbedder(embedder)
        self._commands: tuple[str, ...] = ()
        self._guide = guide
        self._guide_checked = guide is None
        self._matrix = VectorMatrix()
        self._indexing, self._guide_lock = asyncio.Lock(), asyncio.Lock()
        self.notes = Notes(storage, self._embedder)

    def names_commands(self, names: Iterable[str]) -> None:
        """Say what counts as naming a command in a question: `knowledge index`, `notes.add`."""
        self._commands = tuple(names)

    async def run(self) -> None:
        """Bring the guide up to date with this version, then return."""
        await self._check_guide()

    # ── Finding ──

    async def search(self, query: str, *, limit: int = 10, audience: Audience) -> SearchResult:
        """The best passage of each document, best first; nothing the audience may not see."""
        found = await self._find(query, audience, limit, one_a_document=True)
        return SearchResult(
            hits=tuple(
                SearchHit(
                    source=one.location,
                    title=one.title,
                    text=one.text,
                    score=round(one.score, 4),
                    section=one.headings[-1] if len(one.headings) > 1 else "",
                )
                for one in found.passages
            )
        )

    async def quote(self, question: str, audience: Audience, actor: Actor = NOBODY) -> Quotes:
        """The sentences that answer, with their sources; `found` is False when none does."""
        found = await self._find(question, audience, PASSAGES_READ, one_a_document=False)
        if not found.passages:
            return Quotes(text="", sources=(), confidence=0.0, found=False, searched=found.searched)
        return await asyncio.to_thread(answer, question[:QUESTION_LIMIT], found, self._embedder.embed)

    async def _find(self, query: str, audience: Audience, limit: int, *, one_a_document: bool) -> Findings:
        query = query[:QUESTION_LIMIT]
        await self._check_guide()
        named = names_product(query, self._commands)
        asked = (self._matrix, self._embedder, query, audience, named, limit, one_a_document)
        return await self._storage.read(_find, *asked)

    async def since(self, since: datetime, audience: Audience) -> tuple[NewItem, ...]:
        """New and changed documents and notes this audience may see, newest first, at most 200."""
        rows = await self._storage.read(_news, stamp(since), audience)
        return tuple(
            NewItem(
                title=title,
                location=shown_location(kind, source_title, path),
                changed_at=moment(changed),
                visibility=decode(tuple[str, ...], places),
            )
            for title, kind, path, source_title, changed, places in rows
        )

    # ── Sources ──

    async def sources(self, audience: Audience) -> tuple[KnowledgeSource, ...]:
        """The sources this audience may know of."""
        found = [_source(row) for row in await self._storage.read(store.sources)]
        return tuple(one for one in found if audience.may_see(one.visibility))

    async def index(self, unit: Unit, ctx: Context, path: str, visibility: tuple[str, ...]) -> Indexed:
        """Bring a file or folder up to date; only what changed is read. Commits in batches.

        path: absolute, or below the folder Signalbox was started in; empty for every folder known so far.
        visibility: empty keeps what is set, everyone for a new source. Raises NotFound, InvalidInput, Conflict.
        """
        async with self._indexing:
            if not path.strip():
                return await self._index_all(unit, ctx)
            root = await asyncio.to_thread(_resolved, path)
            self._check_root(root)
            return await self._index(unit, ctx, root, visibility)

    async def remove(self, unit: Unit, source_id: str, audience: Audience) -> KnowledgeSource:
        """Forget a source and all its passages, hidden at once and removed in batches; files stay."""
        async with self._indexing:
            source = await self._named(source_id, audience)
            if source.kind != "folder":
                raise InvalidInput(
                    f"{source.title} cannot be removed as a whole.",
                    hint="`notes remove` takes single notes out; the guide belongs to Signalbox.",
                )
            unit.do(store.show_source_to, source.id, ())
            await unit.flush()
            for document, known in (await self._storage.read(store.documents, source.id)).items():
                for _ in range(DROPS, known[4], DROPS):
                    unit.do(store.drop_chunks, source.id, document, DROPS)
                    await unit.flush()
                unit.do(store.drop_document, source.id, document)
                await unit.flush()
            unit.do(store.remove_source, source.id)
            unit.emit(_changed(source.id, source.documents, f"{source.title} was removed.", source.visibility))
            return source

    # ── The guide ──

    async def _check_guide(self) -> None:
        """Read the guide when it is not the one of this version; looked at once a process, at first need."""
        if self._guide_checked or self._guide is None:
            return
        async with self._guide_lock:
            if not self._guide_checked:
                await self._index_guide(self._guide)
                self._guide_checked = True

    async def _index_guide(self, folder: Path) -> None:
        current = await asyncio.to_thread(_fingerprint, folder)
        if await self._storage.read(store.fingerprint, GUIDE) == current:
            return
        found = await asyncio.to_thread(discover, folder)
        batches = OwnBatches(self._storage)
        batches.do(store.add_source, GUIDE, "guide", GUIDE, GUIDE, (EVERYONE,), "", stamp(now()))
        await batches.flush()
        target = Target(id=GUIDE, kind="guide", location=GUIDE, visibility=(EVERYONE,))
        await Indexer(self._storage, self._embedder, batches, SilentSink(), target).run(found, fingerprint=current)
        await batches.flush()

    # ── Indexing ──

    async def _index_all(self, unit: Unit, ctx: Context) -> Indexed:
        folders = [one for one in await self.sources(ctx.audience) if one.kind == "folder"]
        if not folders:
            raise InvalidInput("There is no folder to look at again.", hint="Name one: `knowledge index PATH`.")
        done = [await self._refresh(unit, ctx, one) for one in folders]
        counts = {
            name: sum(getattr(one, name) for one in done)
            for name in (
                "added",
                "changed",
                "unchanged",
                "removed",
                "left_out",
                "failed",
                "passages",
                "duration_ms",
            )
        }
        return Indexed(source="", location=", ".join(one.location for one in done), **counts)

    async def _refresh(self, unit: Unit, ctx: Context, source: KnowledgeSource) -> Indexed:
        root = Path(source.location)
        if await asyncio.to_thread(root.exists):
            return await self._run(unit, ctx, root, source, "")
        error = f"{root} is not there any more."
        unit.do(store.source_failed, source.id, error)
        skipped = (Skip(path=source.location, reason="not there any more; what it held is kept"),)
        return Indexed(source=source.id, location=source.location, failed=1, skipped=skipped)

    async def _index(self, unit: Unit, ctx: Context, root: Path, visibility: tuple[str, ...]) -> Indexed:
        everything = [_source(row) for row in await self._storage.read(store.sources)]
        folders = [one for one in everything if one.kind == "folder"]
        around = [one for one in folders if root.is_relative_to(one.location)]
        if around:
            return await self._within(unit, ctx, root, max(around, key=lambda one: len(one.location)), visibility)
        source_id, places = new_id(), visibility or (EVERYONE,)
        unit.do(
            store.add_source,
            source_id,
            "folder",
            str(root),
            root.name or str(root),
            places,
            ctx.actor.person_id,
            stamp(now()),
        )
        await unit.flush()
        row = await self._storage.read(store.source, source_id)
        assert row is not None
        done = await self._run(unit, ctx, root, _source(row), "")
        unit.undo("knowledge.remove", {"source": source_id})
        return done

    async def _within(
        self, unit: Unit, ctx: Context, root: Path, source: KnowledgeSource, visibility: tuple[str, ...]
    ) -> Indexed:
        """Bring a known source, or the part of it below `root`, up to date."""
        below = root.relative_to(source.location).as_posix() if str(root) != source.location else ""
        if visibility and visibility != source.visibility:
            if below:
                raise Conflict(
                    f"{root} is part of {source.location}, which is visible to {', '.join(source.visibility)}.",
                    hint="Index the whole of it with another `--visible`, or remove it first.",
                )
            unit.do(store.show_source_to, source.id, visibility)
            unit.changed([*source.visibility], [*visibility])
            await unit.flush()
            row = await self._storage.read(store.source, source.id)
            assert row is not None
            source = _source(row)
        return await self._run(unit, ctx, Path(source.location), source, below)

    async def _run(self, unit: Unit, ctx: Context, root: Path, source: KnowledgeSource, below: str) -> Indexed:
        others = [Path(row[3]) for row in await self._storage.read(store.sources) if row[1] == "folder"]
        home = self._storage.path.absolute().parent
        found = await asyncio.to_thread(discover, root, outside=(home, *others))
        target = Target(
            id=source.id,
            kind="folder",
            location=source.location,
            visibility=source.visibility,
            below=below,
        )
        part = _part(found, target)
        done = await Indexer(self._storage, self._embedder, unit, ctx.sink, target).run(part)
        said = f"{source.title}: {done.added} new, {done.changed} changed, {done.removed} gone."
        unit.emit(_changed(source.id, done.added + done.changed + done.removed, said, source.visibility))
        return done

    def _check_root(self, root: Path) -> None:
        if root.is_relative_to(self._storage.path.absolute().parent.resolve()):
            raise InvalidInput(f"{root} is Signalbox's own data folder.", hint="Name a folder with documents.")

    async def _named(self, source_id: str, audience: Audience) -> KnowledgeSource:
        """The source with that id, title or path."""
        found = [one for one in await self.sources(audience) if source_id in (one.id, one.title, one.location)]
        if not found:
            raise NotFound(f"No source is called {source_id!r}.", hint="`knowledge sources` lists them.")
        if len(found) > 1:
            raise InvalidInput(f"{len(found)} sources are called {source_id!r}.", hint="Use the id or the path.")
        return found[0]


@long_read
def _find(
    connection: Connection,
    matrix: VectorMatrix,
    embedder: Embedder,
    query: str,
    audience: Audience,
    named: bool,
    limit: int,
    one_a_document: bool,
) -> Findings:
    return find(connection, matrix, query, embedder.embed([query])[0], audience, named, limit, one_a_document)


def _news(connection: Connection, since: str, audience: Audience) -> list[tuple[str, str, str, str, str, str]]:
    return search_store.news(connection, since, search_store.allowed(connection, audience), NEWS_LIMIT)


def _resolved(path: str) -> Path:
    root = Path(path.strip()).expanduser().absolute()
    if not root.exists():
        raise NotFound(f"There is no file or folder {root}.", hint="Check the path; it is one on Signalbox's machine.")
    if not (root.is_file() or root.is_dir()):
        raise InvalidInput(f"{root} is neither a file nor a folder.")
    return root.resolve()


def _part(found: Discovery, target: Target) -> Discovery:
    """What is covered by this run. Raises InvalidInput when the file that was asked for is left out."""
    if not target.below:
        return found
    part = Discovery(
        files=[one for one in found.files if target.covers(one.path)],
        skipped=[one for one in found.skipped if target.covers(one.path.rstrip("/"))],
        unread=found.unread,
    )
    left_out = [one for one in part.skipped if one.path == target.below]
    if left_out and not part.files:
        raise InvalidInput(f"{target.below} was left out: {left_out[0].reason}.")
    return part


def _fingerprint(folder: Path) -> str:
    pages = sorted(folder.glob("*.md"))
    return digest("\0".join(f"{page.name}\0{page.read_text(encoding='utf-8')}" for page in pages))


def _changed(source: str, documents: int, note: str, places: Sequence[str]) -> KnowledgeChanged:
    return KnowledgeChanged(source=source, documents=documents, note=note, places=tuple(places))


def _source(row: store.SourceRow) -> KnowledgeSource:
    kinds: dict[str, SourceKind] = {"folder": "folder", "note": "note", "guide": "guide"}
    return KnowledgeSource(
        id=row[0],
        kind=kinds[row[1]],
        title=row[2],
        location=row[3],
        visibility=decode(tuple[str, ...], row[4]),
        added_by=row[5],
        added_at=moment(row[6]),
        indexed_at=moment(row[7]) if row[7] else None,
        skipped=tuple(Skip(path=path, reason=reason) for path, reason in decode(tuple[tuple[str, str], ...], row[8])),
        error=row[9],
        documents=row[10],
        passages=row[11],
    )
