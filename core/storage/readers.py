"""Readers: a few read-only connections on threads of their own, beside the writer (WAL)."""

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

LIMIT_S = 2.0
"""A read that takes longer is interrupted: an open read keeps the log from being folded back."""


class Readers:
    """Runs `fn(connection, *args)` on a read-only connection; results must hold no cursor."""

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._own = threading.local()
        self._open: list[Connection] = []
        self._closed = False
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="reader")

    async def run(self, fn: Callable[..., T], *args: object) -> T:
        """The result of the read. Raises Unavailable after 2 s."""
        if self._closed:
            raise StorageFailed("The database is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, fn, args)

    def _run(self, fn: Callable[..., T], args: tuple[object, ...]) -> T:
        connection = self._connection()
        timer = threading.Timer(LIMIT_S, connection.interrupt) if _long(fn) else None
        if timer is not None:
            timer.start()
        try:
            return fn(connection, *args)
        except OperationalError as error:
            if "interrupted" in str(error):
                raise Unavailable(f"A search took over {LIMIT_S:.0f} s.", hint="Ask for less.") from error
            raise
        finally:
            if timer is not None:
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


def long_read(fn: Callable[..., T]) -> Callable[..., T]:
    """Mark a query that may scan: it alone pays for a timer that interrupts it after 2 s."""
    fn.long_read = True  # type: ignore[attr-defined]
    return fn


def _long(fn: Callable[..., T]) -> bool:
    return getattr(fn, "long_read", False)
