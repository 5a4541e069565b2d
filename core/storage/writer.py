"""The one writer: a thread that owns the write connection and commits what is queued as a group.

Many callers wait for one fsync instead of one each; `synchronous=FULL` therefore costs nothing under load.
Two queues: people and inbox first, background second, at most one background operation in a batch.
A batch that fails is rolled back and run once more with a savepoint per operation in one transaction, so
that only the guilty one fails. Operations are pure functions of the connection: they may run twice.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from core.errors import AppError, ReadOnly, StorageFailed
from core.points import reach
from core.storage.engine import Connection, DatabaseError, OperationalError, connect

T = TypeVar("T")
Then = Callable[[], None] | None
"""What follows a commit on the loop, whether or not somebody still waits for it."""

MAX_BATCH = 1_000
BATCH_S = 0.005
"""After this much work a batch is committed, whatever still waits."""
MAX_QUEUED = 10_000
"""Above this many waiting operations `run` waits before it queues."""
IDLE_CHECKPOINT_S = 30.0
REFUSED_S = 30.0
"""So long a write that was refused is spoken of: what waits is tried again in the meantime."""


class _Operation:
    """One unit of work and the future of its result; `result` is there once it ran."""

    __slots__ = ("args", "error", "fn", "future", "result", "then")

    result: object

    def __init__(
        self,
        fn: Callable[..., object],
        args: tuple[object, ...],
        then: Then,
        future: asyncio.Future[object],
    ) -> None:
        self.fn = fn
        self.args = args
        self.then = then
        self.future = future
        self.error: BaseException | None = None


class Writer:
    """Runs operations on the write connection. `start` first; `close` drains what was queued."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._people: deque[_Operation] = deque()
        self._background: deque[_Operation] = deque()
        self._wake = threading.Event()
        self._rung = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._room: asyncio.Event | None = None
        self.failure: BaseException | None = None
        """Set when the thread died; every call then raises StorageFailed."""
        self._refusal = ("", 0.0)
        self.committed = 0
        self.batches = 0
        self.slowest_ms = 0.0

    def start(self) -> None:
        """Open the connection and start the thread. Raises what opening raises."""
        connection = connect(self._path)
        self._thread = threading.Thread(target=self._work, args=(connection,), name="writer", daemon=True)
        self._thread.start()

    async def run(self, fn: Callable[..., T], *args: object, then: Then = None) -> T:
        """The result of `fn(connection, *args)`, after its commit reached the disk."""
        if len(self._people) >= MAX_QUEUED:
            await self._wait_for_room(self._people)
        result: T = await self._queue(self._people, fn, args, then)  # type: ignore[assignment]
        return result

    async def run_background(self, fn: Callable[..., T], *args: object, then: Then = None) -> T:
        """As `run`, behind everything people wait for. Keep each operation under 5 ms."""
        if len(self._background) >= MAX_QUEUED:
            await self._wait_for_room(self._background)
        result: T = await self._queue(self._background, fn, args, then)  # type: ignore[assignment]
        return result

    @property
    def queued(self) -> int:
        """Operations waiting now."""
        return len(self._people) + len(self._background)

    @property
    def refusal(self) -> str:
        """Why a write was refused in the last half minute (a full disk); empty when all were taken."""
        reason, at = self._refusal
        return reason if reason and time.monotonic() - at < REFUSED_S else ""

    async def close(self) -> None:
        """Commit what is queued and end the thread."""
        self._closing = True
        self._wake.set()
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    async def _wait_for_room(self, queue: deque[_Operation]) -> None:
        while len(queue) >= MAX_QUEUED:
            if self._room is None:
                self._room = asyncio.Event()
            self._room.clear()
            await self._room.wait()

    def _queue(
        self, queue: deque[_Operation], fn: Callable[..., object], args: tuple[object, ...], then: Then
    ) -> asyncio.Future[object]:
        """Queue one operation; the future of its result."""
        if self._closing or self.failure is not None:
            raise StorageFailed("The database is closed.") from self.failure
        loop = asyncio.get_running_loop()
        future: asyncio.Future[object] = loop.create_future()
        queue.append(_Operation(fn, args, then, future))
        if not self._rung:
            # Behind everything else that is ready now, so that all of it shares one batch, and the writer
            # does not compete with the loop for the interpreter at each statement.
            self._rung = True
            loop.call_soon(self._ring)
        return future

    def _ring(self) -> None:
        self._rung = False  # before waking: whoever queues from here on rings again
        self._wake.set()

    def _work(self, connection: Connection) -> None:
        try:
            while (batch := self._next(connection)) is not None:
                self._commit(connection, batch)
        except BaseException as error:  # the thread's last word: everyone who waits must hear it
            self.failure = error
            self._fail_all(error)
        finally:
            connection.close()

    def _next(self, connection: Connection) -> list[_Operation] | None:
        """The next batch's operations, at most MAX_BATCH and one background; None when closing."""
        while not self._people and not self._background:
            if self._closing:
                return None
            if not self._wake.wait(IDLE_CHECKPOINT_S):
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            self._wake.clear()  # before looking: what is queued from here on wakes again
        batch = [self._people.popleft() for _ in range(min(MAX_BATCH, len(self._people)))]
        if self._background and len(batch) < MAX_BATCH:
            batch.append(self._background.popleft())
        return batch

    def _commit(self, connection: Connection, batch: list[_Operation]) -> None:
        done = self._try_plain(connection, batch)
        if done == 0:
            done = self._with_savepoints(connection, batch)
        if done < len(batch):
            self._requeue(batch[done:])
        self.committed += done
        self.batches += 1
        self._resolve(batch[:done])

    def _requeue(self, rest: list[_Operation]) -> None:
        self._people.extendleft(reversed(rest))

    def _try_plain(self, connection: Connection, batch: list[_Operation]) -> int:
        """How many operations were committed; 0 when the batch failed and was rolled back."""
        clock = time.perf_counter
        started, count = clock(), 0
        enough = started + BATCH_S
        try:
            connection.execute("BEGIN IMMEDIATE")
            for operation in batch:
                operation.result = operation.fn(connection, *operation.args)
                count += 1
                if clock() > enough:
                    break
            reach("writer.before_commit")
            connection.execute("COMMIT")
            reach("writer.after_commit")
        except Exception:  # whatever one operation raised: the careful way finds out which
            _rollback(connection)
            return 0
        self.slowest_ms = max(self.slowest_ms, (clock() - started) * 1000)
        return count

    def _with_savepoints(self, connection: Connection, batch: list[_Operation]) -> int:
        try:
            connection.execute("BEGIN IMMEDIATE")
            for operation in batch:
                self._guarded(connection, operation)
            connection.execute("COMMIT")
        except DatabaseError as error:
            _rollback(connection)
            for operation in batch:
                operation.error = operation.error or storage_error(error)
        refused = next((one.error for one in batch if isinstance(one.error, ReadOnly)), None)
        if refused is not None:
            self._refusal = (str(refused), time.monotonic())
        return len(batch)

    @staticmethod
    def _guarded(connection: Connection, operation: _Operation) -> None:
        connection.execute("SAVEPOINT one")
        try:
            operation.result = operation.fn(connection, *operation.args)
        except Exception as error:
            if not connection.in_transaction:  # SQLite itself gave the transaction up (disk full, I/O error)
                raise
            connection.execute("ROLLBACK TO one")
            operation.error = storage_error(error)
        connection.execute("RELEASE one")

    def _resolve(self, batch: list[_Operation]) -> None:
        by_loop: dict[asyncio.AbstractEventLoop, list[_Operation]] = {}
        for operation in batch:
            by_loop.setdefault(operation.future.get_loop(), []).append(operation)
        for loop, operations in by_loop.items():
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._settle, operations)

    def _settle(self, operations: list[_Operation]) -> None:
        for operation in operations:
            future = operation.future
            if operation.then is not None and operation.error is None:
                try:
                    operation.then()
                except Exception as error:  # it is committed all the same; who waits must hear of the rest
                    operation.error = error
            if future.done():  # whoever waited was cancelled
                continue
            if operation.error is None:
                future.set_result(operation.result)
            else:
                future.set_exception(operation.error)
        if self._room is not None and not self._room.is_set() and len(self._people) < MAX_QUEUED:
            self._room.set()

    def _fail_all(self, error: BaseException) -> None:
        waiting = [*self._people, *self._background]
        self._people.clear()
        self._background.clear()
        for operation in waiting:
            operation.error = StorageFailed("The writer stopped.", hint="Run `signalbox doctor`.")
            operation.error.__cause__ = error
        self._resolve(waiting)


def storage_error(error: Exception) -> Exception:
    """The error as people should meet it; errors that say enough already stay as they are."""
    if isinstance(error, AppError) or not isinstance(error, OperationalError):
        return error
    if "full" in str(error) or "disk I/O" in str(error):
        failed = ReadOnly(f"Nothing could be written: {error}.", hint="Make room on the disk; nothing was lost.")
    else:
        failed = ReadOnly(f"The database refused: {error}.", hint="Run `signalbox doctor`.")
    failed.__cause__ = error
    return failed


def _rollback(connection: Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
