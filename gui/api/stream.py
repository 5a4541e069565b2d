"""Server-sent events: frames, a bounded outlet that never blocks its writer, and the response."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from core.values import Json

STILL_HERE_S = 15.0
"""A comment is sent this often, so that proxies and clients know the stream is alive."""
MAX_TEXT = 200_000
"""Partial text kept for a slow reader; more is dropped, the result has all of it."""


def frame(event: str, data: Json, event_id: str = "") -> bytes:
    """One event as it goes over the wire. JSON has no raw line breaks, so `data` is one line."""
    head = f"id: {event_id}\nevent: {event}\n" if event_id else f"event: {event}\n"
    return head.encode() + b"data: " + orjson.dumps(data) + b"\n\n"


class Outlet:
    """Frames on their way to one reader. Writers never wait; who puts many looks at `waiting` first."""

    def __init__(self) -> None:
        self._frames: deque[bytes] = deque()
        self._ready = asyncio.Event()
        self._text: list[str] = []
        self._text_size = 0
        self._progress: dict[str, Json] | None = None
        self.closed = False

    @property
    def waiting(self) -> int:
        """Frames the reader has not taken yet."""
        return len(self._frames)

    def drop(self) -> None:
        """Forget what waits: the reader is too far behind."""
        self._frames.clear()

    def put(self, data: bytes) -> None:
        """Queue a frame."""
        self._flush()
        self._frames.append(data)
        self._ready.set()

    def text(self, delta: str) -> None:
        """More text; joined with what the reader has not taken yet (a `Sink`)."""
        if self._text_size < MAX_TEXT:
            self._text.append(delta)
            self._text_size += len(delta)
            self._ready.set()

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """How far it is; replaces what the reader has not taken yet (a `Sink`)."""
        self._progress = {"done": done, "total": total, "note": note}
        self._ready.set()

    def close(self) -> None:
        """No more frames; the reader takes what is there and ends."""
        self.closed = True
        self._ready.set()

    async def take(self) -> bytes:
        """All frames that wait, at least one; empty at the end. A comment after 15 s of silence."""
        try:
            async with asyncio.timeout(STILL_HERE_S):
                await self._ready.wait()
        except TimeoutError:
            return b": still here\n\n"
        self._ready.clear()
        self._flush()
        taken = b"".join(self._frames)
        self._frames.clear()
        if self.closed:
            self._ready.set()
        return taken

    def _flush(self) -> None:
        if self._progress is not None:
            self._frames.append(frame("progress", dict(self._progress)))
            self._progress = None
        if self._text:
            self._frames.append(frame("text", {"delta": "".join(self._text)}))
            self._text.clear()
            self._text_size = 0


Produce = Callable[[Outlet], Awaitable[None]]


class EventStream(Response):
    """Streams what `produce(outlet)` puts out until it returns; cancels it when the reader goes."""

    media_type = "text/event-stream"

    def __init__(self, produce: Produce) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._produce = produce

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream."""
        outlet = Outlet()
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with asyncio.TaskGroup() as group:
            work = group.create_task(self._work(outlet))
            watch = group.create_task(_until_gone(receive, work))
            try:
                while data := await outlet.take():
                    await send({"type": "http.response.body", "body": data, "more_body": True})
            except OSError:  # the reader went while something was sent
                work.cancel()
            finally:
                watch.cancel()
        await send({"type": "http.response.body", "body": b""})

    async def _work(self, outlet: Outlet) -> None:
        try:
            await self._produce(outlet)
        finally:
            outlet.close()


async def _until_gone(receive: Receive, work: asyncio.Task[None]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    work.cancel()
