"""Brings one source up to date with its files: what is new or changed is written, what is gone removed.

Written in batches of at most `BATCH` passages, each committed with full text and vectors. A document counts as
known only once its last passage is written, so that a process that died in between goes on where it was: the
half-written document is written again, the finished ones are not.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.codec import canonical
from core.errors import InvalidInput, Unavailable
from core.knowledge import store
from core.knowledge.chunking import title_of
from core.knowledge.files import Discovery, Found, read
from core.knowledge.model import Indexed, Skip
from core.knowledge.passages import chunk_rows
from core.knowledge.store import ChunkRow, DocumentRow
from core.points import reach
from core.ports import Embedder
from core.storage import Connection, Storage
from core.values import Sink, new_id, now, stamp

BATCH = 20
"""Passages in one operation of the writer: under 5 ms with full text and vectors."""
DROPS = 2 * BATCH
"""Passages removed in one operation."""
TOUCHES = 200
"""Documents looked at in one operation when nothing but their time changed."""
SKIPS_KEPT = 50

log = logging.getLogger(__name__)


class Batches(Protocol):
    """Where writes are collected and committed: the unit of a job."""

    @property
    def empty(self) -> bool:
        """Nothing waits to be committed."""
        ...

    def do(self, fn: Callable[..., object], *args: object) -> None:
        """Write by `fn(connection, *args)` with the next commit."""
        ...

    async def flush(self) -> None:
        """Commit what there is so far."""
        ...


class OwnBatches:
    """Batches outside any action, for what ships with the program and nobody asked for."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._writes: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    @property
    def empty(self) -> bool:
        """Nothing waits to be committed."""
        return not self._writes

    def do(self, fn: Callable[..., object], *args: object) -> None:
        """Write by `fn(connection, *args)` with the next commit."""
        self._writes.append((fn, args))

    async def flush(self) -> None:
        """Commit what there is so far, behind everything people wait for."""
        writes, self._writes = self._writes, []
        await self._storage.write_later(_all_of, writes)


def _all_of(connection: Connection, writes: Iterable[tuple[Callable[..., object], tuple[object, ...]]]) -> None:
    for fn, args in writes:
        fn(connection, *args)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The source that is brought up to date. below: only paths that are or begin with this."""

    id: str
    kind: str
    location: str
    visibility: tuple[str, ...]
    below: str = ""

    def covers(self, path: str) -> bool:
        """Whether the path is looked at in this run."""
        return not self.below or path == self.below or path.startswith(f"{self.below}/")


@dataclass(slots=True)
class _Tally:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: int = 0
    passages: int = 0
    skipped: list[Skip] = field(default_factory=list)


class Indexer:
    """One run over one source, committing by the unit of a job."""

    def __init__(self, storage: Storage, embedder: Embedder, unit: Batches, sink: Sink, target: Target) -> None:
        self._storage, self._embedder, self._unit, self._sink = storage, embedder, unit, sink
        self._target = target
        self._tally = _Tally()
        self._cost = 0.0

    async def run(self, found: Discovery, *, fingerprint: str = "") -> Indexed:
        """Write what changed and say in counts what that was."""
        started = time.perf_counter()
        known = await self._storage.read(store.documents, self._target.id)
        self._tally.skipped = list(found.skipped)
        for done, file in enumerate(found.files):
            self._sink.progress(done, len(found.files), file.path)
            await self._bring_up_to_date(file, known.get(file.path))
        await self._remove_gone(found, known)
        await self._flush()
        self._sink.progress(len(found.files), len(found.files), "")
        if not self._target.below:
            self._end(fingerprint)
        tally = self._tally
        return Indexed(
            source=self._target.id,
            location=self._target.location,
            added=tally.added,
            changed=tally.changed,
            unchanged=tally.unchanged,
            removed=tally.removed,
            left_out=len(tally.skipped) - tally.failed,
            failed=tally.failed,
            passages=tally.passages,
            duration_ms=round((time.perf_counter() - started) * 1000),
            skipped=tuple(_telling(tally.skipped)),
        )

    def _end(self, fingerprint: str) -> None:
        failed = self._tally.failed
        error = "" if not failed else f"{failed} {'file' if failed == 1 else 'files'} could not be read."
        skipped = canonical([[one.path, one.reason] for one in _telling(self._tally.skipped)])
        self._unit.do(store.source_ended, self._target.id, stamp(now()), fingerprint, skipped, error)

    async def _bring_up_to_date(self, file: Found, known: store.Known | None) -> None:
        if known and known[1] and (known[2], known[3]) == (file.mtime_ns, file.size_bytes):
            self._tally.unchanged += 1
            return
        try:
            row, chunks, same = await asyncio.to_thread(self._read, file, known)
        except Unavailable:  # no embedder: every other file would fail the same way
            raise
        except Exception as error:  # one file never stops the rest, whatever is wrong with it
            if not isinstance(error, OSError | InvalidInput):
                log.exception("%s could not be indexed", file.file)
            self._tally.failed += not isinstance(error, InvalidInput)
            self._tally.skipped.append(Skip(path=file.path, reason=_reason(error)))
            if isinstance(error, InvalidInput) and known:  # it holds no text any more
                await self._drop(file.path, known[4])
            return
        if same:
            self._tally.unchanged += 1
            self._unit.do(store.touch, row.id, row.mtime_ns, row.size_bytes)
            await self._waited(BATCH / TOUCHES)
            return
        await self._write(row, chunks, known[4] if known else 0)
        self._tally.added += known is None
        self._tally.changed += known is not None
        self._tally.passages += len(chunks)

    def _read(self, file: Found, known: store.Known | None) -> tuple[DocumentRow, tuple[ChunkRow, ...], bool]:
        content = read(file.file)
        title = title_of(content.text, fallback=file.file.stem, kind=content.kind)
        row = DocumentRow(
            id=known[0] if known else new_id(),
            source_id=self._target.id,
            kind=self._target.kind,
            path=file.path,
            title=title,
            hash=content.hash,
            mtime_ns=file.mtime_ns,
            size_bytes=file.size_bytes,
            visibility=self._target.visibility,
            at=stamp(now()),
        )
        if known is not None and known[1] == content.hash:
            return row, (), True
        return row, chunk_rows(content.text, title=file.file.stem, kind=content.kind, embedder=self._embedder), False

    async def _write(self, row: DocumentRow, chunks: Sequence[ChunkRow], old: int) -> None:
        if old <= DROPS and len(chunks) <= BATCH:
            if self._cost + len(chunks) + old / 2 > BATCH:
                await self._flush()
            self._unit.do(store.put_document, row, chunks)
            await self._waited(len(chunks) + old / 2 + 1)
            return
        await self._flush()
        self._unit.do(store.begin_document, row)
        await self._drop_chunks(row.path, old)
        for start in range(0, len(chunks), BATCH):
            self._unit.do(store.add_chunks, row, chunks[start : start + BATCH])
            await self._flush()
            reach("knowledge.part_written")
        self._unit.do(store.end_document, row)
        await self._waited(1)

    async def _remove_gone(self, found: Discovery, known: dict[str, store.Known]) -> None:
        there = {file.path for file in found.files}
        for path, (_, _, _, _, passages) in known.items():
            unread = any(path == one or path.startswith(f"{one}/") or one == "." for one in found.unread)
            if path not in there and not unread and self._target.covers(path):
                await self._drop(path, passages)

    async def _drop(self, path: str, passages: int) -> None:
        if passages > DROPS:
            await self._flush()
            await self._drop_chunks(path, passages - DROPS)
        self._unit.do(store.drop_document, self._target.id, path)
        self._tally.removed += 1
        await self._waited(min(passages, DROPS) / 2 + 1)

    async def _drop_chunks(self, path: str, passages: int) -> None:
        for _ in range(0, passages, DROPS):
            self._unit.do(store.drop_chunks, self._target.id, path, DROPS)
            await self._flush()

    async def _waited(self, cost: float) -> None:
        self._cost += cost
        if self._cost >= BATCH:
            await self._flush()

    async def _flush(self) -> None:
        self._cost = 0.0
        if not self._unit.empty:
            await self._unit.flush()
            reach("knowledge.batch_written")


def _telling(skipped: Iterable[Skip]) -> list[Skip]:
    """The skips worth reading first: failures, then one of each reason, then the others."""
    seen: set[str] = set()
    first: list[Skip] = []
    rest: list[Skip] = []
    for one in skipped:
        cause = one.reason.split(":", 1)[0]
        (rest if cause in seen else first).append(one)
        seen.add(cause)
    return [*first, *rest][:SKIPS_KEPT]


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidInput):
        return error.message.rstrip(".").replace("It is ", "")
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return f"cannot be taken apart: {error}"
