"""Readers: a few read-only connections on threads of their own, beside the writer (WAL).

Short reads that are asked for in the same turn of the loop go to a thread together: most of what such
a read costs is the way there and back.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from core.errors import StorageFailed, Unavailable
from core.storage.engine import Connection, OperationalError, connect

T = TypeVar("T")

TOGETHER = 32
"""Most reads that one thread takes at once, so that none waits long for its neighbours."""
LIMIT_S = 2.0
"""A read that takes longer is interrupted: an open read keeps the log from being folded back."""


class _Read:
    """One short read and the future of its result."""

    __slots__ = ("args", "error", "fn", "future", "result")

    result: object

    def __init__(self, fn: Callable[..., object], args: tuple[object, ...], future: asyncio.Future[object]) -> None:
        self.fn = fn
        self.args = args
        self.future = future
        self.error: Exception | None = None


class Readers:
    """Runs `fn(connection, *args)` on a read-only connection; results must hold no cursor."""

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._own = threading.local()
        self._open: list[Connection] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="reader")
        self._asked: dict[asyncio.AbstractEventLoop, list[_Read]] = {}

    async def run(self, fn: Callable[..., T], *args: object) -> T:
        """The result of the read. Raises Unavailable when one marked `long_read` takes over 2 s."""
        if self._closed:
            raise StorageFailed("The database is closed.")
        loop = asyncio.get_running_loop()
        if _long(fn):
            return await loop.run_in_executor(self._pool, self._run_long, fn, args)
        future: asyncio.Future[object] = loop.create_future()
        asked = self._asked.get(loop)
        if asked is None:
            asked = self._asked[loop] = []
            loop.call_soon(self._hand_out, loop)
        asked.append(_Read(fn, args, future))
        result: T = await future  # type: ignore[assignment]
        return result

    def _hand_out(self, loop: asyncio.AbstractEventLoop) -> None:
        asked = self._asked.pop(loop)
        for start in range(0, len(asked), TOGETHER):
            reads = asked[start : start + TOGETHER]
            try:
                self._pool.submit(self._run_together, loop, reads)
            except RuntimeError as error:  # closed meanwhile
                for read in reads:
                    read.error = StorageFailed("The database is closed.")
                    read.error.__cause__ = error
                _settle(reads)

    def _run_together(self, loop: asyncio.AbstractEventLoop, reads: list[_Read]) -> None:
        for read in reads:
            try:
                read.result = read.fn(self._connection(), *read.args)
            except Exception as error:
                read.error = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle, reads)

    def _run_long(self, fn: Callable[..., T], args: tuple[object, ...]) -> T:
        connection = self._connection()
        timer = threading.Timer(LIMIT_S, connection.interrupt)
        timer.start()
        try:
            return fn(connection, *args)
        except OperationalError as error:
            if "interrupted" in str(error):
                raise Unavailable(f"A search took over {LIMIT_S:.0f} s.", hint="Ask for less.") from error
            raise
        finally:
            timer.cancel()

    def _connection(self) -> Connection:
        connection: Connection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = self._own.connection = connect(self._path, readonly=True)
            self._open.append(connection)
        return connection

    def close(self) -> None:
        """Wait for running reads and close every connection."""
        self._closed = True
        self._pool.shutdown(wait=True)
        for connection in self._open:
            connection.close()
        self._open.clear()


def _settle(reads: list[_Read]) -> None:
    for read in reads:
        if read.future.done():  # whoever waited was cancelled
            continue
        if read.error is None:
            read.future.set_result(read.result)
        else:
            read.future.set_exception(read.error)


def long_read(fn: Callable[..., T]) -> Callable[..., T]:
    """Mark a query that may scan: it alone pays for a timer that interrupts it after 2 s."""
    fn.long_read = True  # type: ignore[attr-defined]
    return fn


def _long(fn: Callable[..., T]) -> bool:
    return getattr(fn, "long_read", False)
