"""Many open pages without a browser: each gets the page, joins its socket and takes what is pushed.

A program of its own, so that the time it needs is not taken for the server's. It says `ready` once all
are joined, and how many bytes and messages came when its input ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

import aiohttp

PAGE = "/"
CLIENT_ID = re.compile(r"""['"]client_id['"]\s*:\s*['"]([0-9a-f-]{36})""")
ACK_EVERY_S = 3.0


@dataclass(slots=True)
class Taken:
    """What came in."""

    messages: int = 0
    size_bytes: int = 0


async def page(session: aiohttp.ClientSession, url: str, taken: Taken, joined: asyncio.Event) -> None:
    """One open page, until cancelled: joins, answers pings, acknowledges as a browser does."""
    async with session.get(url + PAGE) as response:
        found = CLIENT_ID.search(await response.text())
    if found is None:
        raise RuntimeError(f"{url}{PAGE} names no client")
    client_id = found.group(1)
    query = (
        f"EIO=4&transport=websocket&implicit_handshake=true&client_id={client_id}"
        f"&tab_id={client_id}&document_id={client_id}&next_message_id=0"
    )
    async with session.ws_connect(f"{url}/_nicegui_ws/socket.io/?{query}", origin=url) as socket:
        await socket.receive_str()
        await socket.send_str("40")
        newest, told = 0, 0
        loop = asyncio.get_running_loop()
        last_ack = loop.time()
        async for message in socket:
            text = str(message.data)
            if text == "2":
                await socket.send_str("3")
            elif text.startswith("40"):
                joined.set()
            elif text.startswith("42"):
                taken.messages += 1
                taken.size_bytes += len(text)
                number = re.search(r'"_id":(\d+)\}\]$', text)
                newest = int(number.group(1)) + 1 if number else newest
            if newest > told and loop.time() - last_ack >= ACK_EVERY_S:
                told, last_ack = newest, loop.time()
                said = json.dumps(["ack", {"client_id": client_id, "next_message_id": newest}])
                await socket.send_str(f"42{said}")


async def load(url: str, cookies: list[str], count: int) -> None:
    """Open `count` pages, one cookie after the other, and stay until the input ends."""
    taken = Taken()
    loop = asyncio.get_running_loop()
    tasks: list[asyncio.Task[None]] = []
    sessions = [
        aiohttp.ClientSession(headers={"Cookie": one}, connector=aiohttp.TCPConnector(limit=0), auto_decompress=True)
        for one in cookies
    ]
    for number in range(count):
        joined = asyncio.Event()
        task = loop.create_task(page(sessions[number % len(sessions)], url, taken, joined))
        waiting = loop.create_task(joined.wait())
        await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        tasks.append(task)
    print("ready", flush=True)  # noqa: T201
    while await loop.run_in_executor(None, sys.stdin.readline):
        alive = sum(1 for one in tasks if not one.done())
        print(json.dumps([taken.messages, taken.size_bytes, alive]), flush=True)  # noqa: T201
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for session in sessions:
        await session.close()


def main(given: Iterable[str]) -> None:
    """URL COUNT COOKIE …"""
    url, count, *cookies = given
    asyncio.run(load(url, cookies, int(count)))


if __name__ == "__main__":
    main(sys.argv[1:])
