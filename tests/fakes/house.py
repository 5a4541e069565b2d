"""A whole App over a home of its own, with the fake network, Ann as member and Bob as owner."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.actions import Context
from core.app import App, Ports, open_app
from core.config import load_settings
from core.ports import Embedder
from core.values import Caller, Incoming, IncomingKind, Json
from core.vault import KeyFile
from integrations.wordllama.connect import load
from integrations.wordllama.manifest import WordLlamaSettings
from tests.fakes.chat import FakeChat, Shown, incoming
from tests.fakes.waiting import until as until  # for tests of the whole App

GUIDE = Path(__file__).parents[2] / "data" / "guide"


@cache
def embedder() -> Embedder:
    """The real bundled embedder, loaded once."""
    return load(WordLlamaSettings())


@dataclass
class House:
    """The App and its fake network, with short ways to talk to it."""

    app: App
    chat: FakeChat

    async def hear(self, arrival: Incoming) -> Incoming:
        """Let something arrive."""
        await self.app.conversations.accept(arrival)
        return arrival

    async def ask(self, text: str, **how: object) -> Shown:
        """Say something and return the answer."""
        return await self.answer_to(await self.hear(incoming(text, **how)))  # type: ignore[arg-type]

    async def answer_to(self, arrival: Incoming) -> Shown:
        """The one message that answers an arrival, once it was sent."""
        await self.settled(arrival)
        row = await self.answer_row(arrival)
        assert row is not None, f"nothing answers {arrival.text!r}: {await self.outcome(arrival)}"
        async with asyncio.timeout(10):
            while row[1] not in ("sent", "failed"):
                await asyncio.sleep(0.002)
                row = await self.answer_row(arrival)
                assert row is not None
        return self.chat.shown[row[2]]

    async def settled(self, arrival: Incoming) -> str:
        """What became of an arrival, once it is no longer waiting."""
        async with asyncio.timeout(10):
            while (state := await self.outcome(arrival)) == "":
                await asyncio.sleep(0.002)
        return state

    async def outcome(self, arrival: Incoming) -> str:
        """How an arrival ended; empty while it waits."""
        rows = await self.rows("SELECT state, outcome FROM inbox WHERE id = ?", arrival.id)
        return "" if rows[0][0] == "waiting" else str(rows[0][1])

    async def answer_row(self, arrival: Incoming) -> tuple[str, str, str] | None:
        rows = await self.rows("SELECT id, state, message_id FROM outbox WHERE about = ?", arrival.id)
        assert len(rows) <= 1, "two answers to one message"
        return (str(rows[0][0]), str(rows[0][1]), str(rows[0][2])) if rows else None

    async def rows(self, sql: str, *values: str) -> list[tuple[object, ...]]:
        """Look into the database."""
        return await self.app.storage.read(lambda connection: connection.execute(sql, values).fetchall())

    async def press(self, value: str, **how: object) -> Shown:
        """Press a button and return what is said to it."""
        return await self.ask("", kind=IncomingKind.PRESS, value=value, **how)

    async def run(self, name: str, /, **arguments: Json) -> object:
        """Run an action as the owner."""
        owner = await self.app.identity.ensure_owner()
        ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
        return (await self.app.door.dispatch(ctx, name, arguments)).value

    async def let_in(self, external_id: str, name: str, role: str) -> str:
        """A person with a link on the fake network; their id."""
        await self.run("people.add", name=name, role=role)
        person = await self.app.identity.person(name)
        await self.run("people.link", person=person.id, network="fake", external_id=external_id)
        return person.id


@asynccontextmanager
async def open_house(
    home: Path, chat: FakeChat | None = None, environ: dict[str, str] | None = None, *, start: bool = True
) -> AsyncIterator[House]:
    """A running App; the same home and chat again is a restart."""
    fresh = not (home / "signalbox.db").exists()
    fake = chat or FakeChat()
    settings = load_settings(str(home), environ=environ or {})
    ports = Ports(embedder=embedder, key_store=KeyFile(home / "master.key"), guide=GUIDE, chats=(lambda app: fake,))
    async with open_app(settings, ports) as app:
        house = House(app, fake)
        if fresh:
            await house.let_in("U-ann", "Ann", "member")
            await house.let_in("U-bob", "Bob", "operator")
        app.connect()
        if start:
            app.start()
        yield house


Say = Callable[..., Awaitable[Shown]]
