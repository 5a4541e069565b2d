"""Sends a mix of requests at a steady rate over kept connections; prints each one's seconds as JSON.

A program of its own, so that the time it needs is not taken for the server's.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterable

CONNECTIONS = 32


def requests(host: str, token: str) -> list[bytes]:
    """Four kinds: a write, a read, a question, the status."""
    posts = [
        ("/api/v1/actions/notes.add", {"text": "tea at 4"}),
        ("/api/v1/actions/notes.list", {}),
        ("/api/v1/chat", {"text": "leave?"}),
    ]
    made = []
    for path, body in posts:
        content = json.dumps(body).encode()
        head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        made.append(head.encode() + f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
    made.append(f"GET /status HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return made


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    """One request and its whole answer."""
    writer.write(request)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode())
    await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\r\n")[0]))


async def load(host: str, rate: int, seconds: float, token: str) -> list[float]:
    """The seconds each answer took, counted from when it was due to be asked."""
    name, _, port = host.partition(":")
    free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        free.put_nowait(await asyncio.open_connection(name, int(port)))
    kinds, took = requests(host, token), []

    async def one(request: bytes, due: float) -> None:
        connection = await free.get()
        await ask(*connection, request)
        took.append(time.perf_counter() - due)
        free.put_nowait(connection)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for tick in range(int(rate * seconds)):
            due = began + tick / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(one(kinds[tick % len(kinds)], due))
    while not free.empty():
        free.get_nowait()[1].close()
    return took


def main(given: Iterable[str]) -> None:
    """HOST:PORT RATE SECONDS TOKEN."""
    host, rate, seconds, token = given
    print(json.dumps(asyncio.run(load(host, int(rate), float(seconds), token))))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
