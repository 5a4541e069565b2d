"""Every request to Slack fits Slack's own description of it."""

from __future__ import annotations

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import check
from bot.slack.directory import Directory
from bot.slack.history import History
from bot.slack.modals import view_of
from bot.slack.send import Sender
from bot.slack.stream import Streams
from bot.slack.translate import Arrival, Me
from bot.slack.web import Web
from core.actions.definition import define
from core.errors import AppError
from core.values import (
    Address,
    Button,
    Incoming,
    IncomingKind,
    Message,
    Place,
    ProducedBy,
    Reply,
    Source,
    Table,
    new_id,
    now,
)  # fmt: skip
from core.values import Sender as Person
from tests.bot.slack.test_modals import add_note

CONTRACTS = Path(__file__).parents[4] / "shared" / "contracts"
ME = Me(team_id="T1", user_id="UBOT", bot_id="BBOT")
PLACE = Place(network="slack", workspace_id="T1", channel_id="C123456", thread_id="1700000000.000100", kind="public")
T = TypeVar("T")

pytestmark = pytest.mark.skipif(
    not (CONTRACTS / "slack.json").exists(), reason="the vendors' descriptions are not beside this checkout"
)


@pytest.fixture
async def vendor() -> AsyncIterator[str]:
    """The address of a server that knows what Slack accepts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, str(CONTRACTS / "mock_vendor.py"), str(CONTRACTS / "slack.json"), "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command)
    url = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as session:
            deadline = time.monotonic() + 20
            while True:
                try:
                    async with session.get(f"{url}/__log"):
                        break
                except aiohttp.ClientConnectorError:
                    assert time.monotonic() < deadline, "the server did not start"
                    await asyncio.sleep(0.05)
        yield url
    finally:
        process.terminate()
        await process.wait()


def start(work: Coroutine[object, object, T]) -> asyncio.Task[T | None]:
    async def guarded() -> T | None:
        return await work

    return asyncio.get_running_loop().create_task(guarded())


async def tried(work: Coroutine[object, object, object]) -> None:
    """The server's examples need not fit our question; only what was asked counts here."""
    try:
        await work
    except (AppError, KeyError, ValueError, TypeError):
        return


async def test_every_request_fits_slacks_description(vendor: str) -> None:
    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient("xoxb-1", base_url=f"{vendor}/api/", session=session, retry_handlers=[])
        web = Web(client, session)
        directory = Directory(web, ME)
        sender = Sender(web, directory)
        await _send(sender)
        await _show(Streams(web, sender, start))
        await _look_up(web, directory)
        await tried(check("xoxb-1", "xapp-1", url=f"{vendor}/api/"))
        async with session.get(f"{vendor}/__log") as answer:
            log = await answer.json()
    wrong = [(call["operation"], call["errors"]) for call in log["calls"] if call["errors"]]
    assert wrong == []
    assert log["violations"] == 0
    assert {str(call["operation"]).rpartition("/")[2] for call in log["calls"]} >= {
        "chat.postMessage", "chat.update", "chat.delete", "chat.postEphemeral", "chat.startStream",
        "chat.appendStream", "chat.stopStream", "assistant.threads.setStatus", "conversations.history",
        "conversations.replies", "conversations.info", "conversations.list", "conversations.open", "users.info",
        "views.open", "auth.test", "apps.connections.open",
    }  # fmt: skip


def message(operation: str = "post", **address: str) -> Message:
    reply = Reply(
        text="# Leave\n\n**24** days, see [the page](https://x.org).\n\n- one\n- two\n\n" + "word " * 3_000,
        sources=(Source(id="1", title="Leave", location="wiki/leave.md"),),
        table=Table(headings=("a", "b"), rows=(("1", "2"),)),
        buttons=(Button(label="Run", value="confirm:1", style="primary"), Button(label="No", value="decline:1")),
        produced_by=ProducedBy(label="quotes only, no model", duration_ms=200),
        answer_id="a1",
    )
    where = Address(place=PLACE, **address)
    return Message(id=new_id(), address=where, reply=reply, operation=operation, created_at=now())  # type: ignore[arg-type]


async def _send(sender: Sender) -> None:
    await tried(sender.send(message()))
    await tried(sender.find(message()))
    await tried(sender.send(message("edit", message_id="1700000000.000200")))
    await tried(sender.send(message("delete", message_id="1700000000.000200")))
    await tried(sender.send(message(person_external_id="T1/U2")))


async def _show(streams: Streams) -> None:
    at = now()
    incoming = Incoming(
        id=new_id(), kind=IncomingKind.MESSAGE, place=PLACE, message_id=PLACE.thread_id, sent_at=at, received_at=at,
        sender=Person(network="slack", external_id="T1/U2"),
    )  # fmt: skip
    await streams.working(incoming)
    ts = await streams.open(incoming, "You have")
    await streams.grow(incoming, ts, "You have 24")
    await streams.settle(ts)


async def _look_up(web: Web, directory: Directory) -> None:
    arrival = Arrival(kind=IncomingKind.PRESS, channel_id="C123456", user_id="U2", trigger_id="t", sent_at=now())
    await tried(directory.sender(arrival))
    await tried(directory.place("C123456"))
    await tried(directory.direct("T1/U2"))
    await tried(directory.find("#ops"))
    view = view_of(define(add_note, frozenset()), arrival, PLACE)
    await tried(web.write("views.open", trigger_id="t", view=view))

    async def newest(network: str) -> dict[str, tuple[str, object]]:
        return {PLACE.key: ("1700000000.000100", now())}

    history = History(web, directory, ME, newest, _taken)  # type: ignore[arg-type]
    await history.remember()
    await tried(history._place(PLACE, "channel"))


async def _taken(arrival: Arrival) -> bool:
    return True
