"""A DiscordChat on the real library, connected to the fake Discord, with an inbox in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.discord.budget import IdentifyBudget
from bot.discord.connection import DiscordChat
from bot.discord.marks import Favourite, ForgetfulMarks, Marks
from core.config.settings import Settings
from core.inbox.store import keys_of
from core.values import Address, Button, Caller, Incoming, IncomingKind, Message, Place, Reply, new_id, now
from tests.fakes.discord import FakeDiscord
from tests.fakes.waiting import until


class Token:
    """The Secrets port with one secret."""

    def __init__(self, value: str | None) -> None:
        self.value = value

    async def secret(self, name: str, *, purpose: str) -> str | None:
        assert name == "DISCORD_TOKEN"
        return self.value


@dataclass
class MemoryInbox:
    """Accepts each arrival once, as the durable one does."""

    arrivals: list[Incoming] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    copies: int = 0
    failures: int = 0
    """So many of the next arrivals cannot be stored."""
    hold: asyncio.Event | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, incoming: Incoming) -> bool:
        if self.hold is not None:
            await self.hold.wait()
        if self.failures:
            self.failures -= 1
            raise OSError("No space left on device")
        keys = set(keys_of(incoming))
        if keys & self.keys:
            self.copies += 1
            return False
        self.keys |= keys
        self.arrivals.append(incoming)
        self.changed.set()
        return True

    async def newest(self, network: str) -> dict[str, tuple[str, datetime]]:
        found = [one for one in self.arrivals if one.kind is IncomingKind.MESSAGE]
        return {one.place.key: (one.message_id, one.sent_at) for one in sorted(found, key=lambda one: one.sent_at)}

    async def known(self, network: str, place: str, message_id: str) -> tuple[str, str] | None:
        for one in self.arrivals:
            if (one.place.key, one.message_id, one.kind) == (place, message_id, IncomingKind.MESSAGE):
                return one.id, "done"
        return None

    def texts(self, kind: IncomingKind = IncomingKind.MESSAGE) -> list[str]:
        return [one.text for one in self.arrivals if one.kind is kind]

    async def wait_for(self, predicate: Callable[[], object], timeout_s: float = 10.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not predicate():
                self.changed.clear()
                await self.changed.wait()

    async def next(self, count: int = 1) -> Incoming:
        """The arrival with that number, counted from 1."""
        await self.wait_for(lambda: len(self.arrivals) >= count)
        return self.arrivals[count - 1]


@dataclass
class World:
    fake: FakeDiscord
    chat: DiscordChat
    inbox: MemoryInbox
    token: Token
    marks: Marks


async def complete(caller: Caller, typed: str) -> Sequence[str]:
    return [name for name in ("notes add", "notes list", "help", "n" * 120) if name.startswith(typed)]


FAVOURITES = (Favourite(name="notes.add", summary="Remember a note"),)


def settings_for(fake: FakeDiscord, home: Path) -> Settings:
    return Settings(home=home, urls={"discord": fake.api_url, "discord_gateway": fake.gateway_url})


def chat_for(
    fake: FakeDiscord, home: Path, inbox: MemoryInbox, token: Token, *, silent_s: float = 50.0, gap_s: float = 0.05,
    marks: Marks | None = None,
) -> DiscordChat:  # fmt: skip
    return DiscordChat(
        secrets=token, settings=settings_for(fake, home), newest=inbox.newest, known=inbox.known,
        complete=complete, favourites=FAVOURITES, marks=marks or ForgetfulMarks(),
        budget=IdentifyBudget(gap_s=gap_s), silent_s=silent_s,
    )  # fmt: skip


@asynccontextmanager
async def running(chat: DiscordChat, inbox: MemoryInbox) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(chat.run(inbox))
        try:
            yield
        finally:
            task.cancel()


@asynccontextmanager
async def connected(
    home: Path, *, fake: FakeDiscord | None = None, silent_s: float = 50.0, gap_s: float = 0.05,
    inbox: MemoryInbox | None = None,
) -> AsyncIterator[World]:  # fmt: skip
    """A chat that is connected and has registered its commands."""
    inbox = inbox or MemoryInbox()
    marks = ForgetfulMarks()
    async with fake or FakeDiscord() as fake:
        token = Token(fake.token)
        chat = chat_for(fake, home, inbox, token, silent_s=silent_s, gap_s=gap_s, marks=marks)
        async with running(chat, inbox):
            await fake.ready()
            await fake.wait_for(lambda: fake.commands)
            await until(lambda: chat._client and chat._client.live.is_set())
            yield World(fake=fake, chat=chat, inbox=inbox, token=token, marks=marks)


def answer(
    incoming: Incoming, text: str, *, private: bool = False, buttons: tuple[Button, ...] = (), edits: str = ""
) -> Message:
    """What the conversations would send for an arrival."""
    hidden = private and incoming.place.kind != "direct"
    return Message(
        id=new_id(),
        address=Address(
            place=incoming.place,
            person_external_id=incoming.sender.external_id if hidden else "",
            message_id=edits,
            reply_to=incoming.message_id,
            respond_url=incoming.respond_url,
        ),
        reply=Reply(text=text, private=private, buttons=buttons),
        operation="edit" if edits else "post",
        about=incoming.id,
        created_at=now(),
    )


def post(place: Place, text: str) -> Message:
    """A message that answers nobody."""
    return Message(id=new_id(), address=Address(place=place), reply=Reply(text=text), created_at=now())
