"""The requests against Discord's published description of its API."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import discord
import pytest
from discord.http import HTTPClient, Route

from bot.discord import commands
from bot.discord.commands import choices
from bot.discord.find import History
from bot.discord.interaction import Answerable, first_id_at
from bot.discord.live import grow_reply, open_reply, working
from bot.discord.marks import Favourite, ForgetfulMarks
from bot.discord.render import growing
from bot.discord.rest import Rest
from bot.discord.send import Sender
from core.values import Address, Button, Incoming, IncomingKind, Message, Place, Reply, new_id, now
from core.values import Sender as Person

ROOT = Path(__file__).resolve().parents[3]
CONTRACTS = ROOT.parent / "shared" / "contracts"
CHANNEL = Place(network="discord", workspace_id="8001", channel_id="8002", kind="public")
QUESTION, PERSON, APPLICATION = "8003", "8004", "8005"


@pytest.fixture
async def vendor(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[str]:
    if not (CONTRACTS / "discord.json").exists():
        pytest.skip("the folder of published descriptions is not beside this checkout")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(CONTRACTS / "mock_vendor.py"), str(CONTRACTS / "discord.json")]
    log = tmp_path / "vendor.log"
    with log.open("w") as output:
        process = await asyncio.create_subprocess_exec(
            *command, "--port", str(port), "--log", str(tmp_path / "calls.jsonl"), stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    monkeypatch.setattr(Route, "BASE", url)
    try:
        await answers(url)
        yield url
    finally:
        process.kill()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]  # else its pipe warns when collected


async def answers(url: str) -> None:
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/__log"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)


def incoming(respond_url: str = "") -> Incoming:
    return Incoming(
        id=new_id(), kind=IncomingKind.MESSAGE, place=CHANNEL, sender=Person(network="discord", external_id=PERSON),
        message_id=QUESTION, respond_url=respond_url, sent_at=now(), received_at=now(),
    )  # fmt: skip


def message(reply: Reply, **address: str) -> Message:
    where = Address(place=CHANNEL, reply_to=QUESTION, **address)
    return Message(id=new_id(), address=where, reply=reply, created_at=now())


async def test_every_request_follows_the_published_description(vendor: str) -> None:
    client = discord.Client(intents=discord.Intents.none())
    http: HTTPClient = client.http
    async with client:
        await http.static_login("MTIz.token")
        rest = Rest(http, user_id=8006, application_id=int(APPLICATION))
        sender = Sender(lambda: rest)
        buttons = (Button(label="Yes", value="confirm:0190"), Button(label="No", value="decline:0190", style="danger"))
        plain = Reply(text="24 days.", buttons=buttons)
        await sender.send(message(plain))
        await sender.edit("8002", "8007", growing("The answer", new_id()))
        await sender.remove("8002", "8007")
        await sender.send(message(Reply(text="x" * 5_000), person_external_id=PERSON))
        await History(lambda: rest).find(message(plain), "8002", ())
        for mode in ("shown", "quiet", "pressed"):
            answer = Answerable(application_id=APPLICATION, mode=mode, id=str(first_id_at(now())), token="aW50")
            await sender.send(message(Reply(text="word " * 700), respond_url=str(answer)))
            private = {"respond_url": str(answer), "person_external_id": PERSON}
            await sender.send(message(Reply(text="private", private=True), **private))
        await working(rest, incoming())
        opened = await open_reply(sender, incoming(), "The")
        await grow_reply(sender, incoming(), opened, "The answer")
        await commands.sync(rest, (Favourite(name="notes.add", summary="Remember a note"),), ForgetfulMarks())
        offer = {"type": 8, "data": {"choices": choices(["notes add"])}}
        callback = "/interactions/{interaction_id}/{token}/callback"
        for body in (offer, {"type": 5}, {"type": 5, "data": {"flags": 64}}, {"type": 6}):
            await rest.call("POST", callback, body, interaction_id="8008", token="aW50")  # type: ignore[arg-type]
        await rest.call("GET", "/guilds/{guild_id}/members/{user_id}", guild_id="8001", user_id=PERSON)
        await rest.call("GET", "/users/@me")
    async with aiohttp.ClientSession() as session, session.get(f"{vendor}/__log") as response:
        log = await response.json()
    assert [(call["operation"], call["errors"]) for call in log["calls"] if call["errors"]] == []
    assert log["violations"] == 0
    assert len(log["calls"]) > 20
