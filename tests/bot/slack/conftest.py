"""A running Slack network against the fake one, with the real inbox and outbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.slack import SlackChat, Timing, chat
from bot.slack.modals import FindDefinition
from bot.slack.receive import WhenLeft
from core.bus import Bus
from core.config.settings import Settings
from core.inbox import Inbox
from core.outbox import Outbox
from core.storage import Storage, bring_up_to_date
from core.values import Address, Incoming, Message, Place, Reply, new_id, now
from tests.fakes.slack import FakeSlack

QUICK = Timing(
    ping_s=0.2, stale_s=1.0, check_s=0.3, look_s=0.02, connect_s=1.0, close_s=0.2, first_s=0.05, longest_s=0.2,
    calm_s=0.3, crowded_s=0.3, refused_s=0.3,
)  # fmt: skip


@dataclass
class Held:
    """Secrets by name; what was asked for is kept."""

    values: dict[str, str]
    uses: list[tuple[str, str]] = field(default_factory=list)

    async def secret(self, name: str, *, purpose: str) -> str | None:
        self.uses.append((name, purpose))
        return self.values.get(name)


class Taken:
    """An intake that keeps what it accepted in order; `broken` makes it fail."""

    def __init__(self, inbox: Inbox) -> None:
        self.inbox = inbox
        self.all: list[Incoming] = []
        self.broken = False
        self.tries = 0

    async def accept(self, incoming: Incoming) -> bool:
        self.tries += 1
        if self.broken:
            raise OSError("no room on the disk")
        new = await self.inbox.accept(incoming)
        if new:
            self.all.append(incoming)
        return new

    def texts(self) -> list[str]:
        return [one.text for one in self.all]


class Bot:
    """The parts of a running bot."""

    def __init__(self, slack: FakeSlack, network: SlackChat, taken: Taken, outbox: Outbox, storage: Storage) -> None:
        self.slack, self.chat, self.taken, self.outbox, self.storage = slack, network, taken, outbox, storage

    async def taking(self, count: int) -> list[Incoming]:
        """Wait for so many arrivals."""
        await self.slack.wait_for(lambda: len(self.taken.all) >= count)
        assert len(self.taken.all) == count
        return self.taken.all

    async def out(self, message: Message) -> Message:
        """Write it as the outbox's row and hand it over."""
        await self.storage.write(self.outbox.insert, message)
        self.outbox.hand_over(message)
        return message


def answer(incoming: Incoming, reply: Reply | str, **address: str) -> Message:
    """A reply to an arrival."""
    said = Reply(text=reply) if isinstance(reply, str) else reply
    return Message(
        id=new_id(),
        address=Address(place=incoming.place, reply_to=incoming.message_id, **address),
        reply=said,
        operation="edit" if address.get("message_id") else "post",
        about=incoming.id,
        created_at=now(),
    )


def to_place(place: Place, reply: Reply | str) -> Message:
    said = Reply(text=reply) if isinstance(reply, str) else reply
    return Message(id=new_id(), address=Address(place=place), reply=said, created_at=now())


def settings_for(home: Path, slack: FakeSlack) -> Settings:
    return Settings(home=home, urls={"slack": slack.api_url})


Start = Callable[..., "asyncio.Task[None]"]


@asynccontextmanager
async def running(
    slack: FakeSlack, home: Path, *, forms: FindDefinition | None = None, wait: bool = True, timing: Timing = QUICK,
    secrets: Held | None = None, when_left: WhenLeft | None = None,
) -> AsyncIterator[Bot]:  # fmt: skip
    """A bot on a database in `home`; a second one on the same home is a restart."""
    database = home / "signalbox.db"
    bring_up_to_date(database, home / "backups", "0")
    held = secrets or Held({"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token})
    storage = Storage(database)
    storage.start()
    bus = Bus(storage)
    outbox, inbox = Outbox(storage, bus), Inbox(storage)
    network = chat(held, settings_for(home, slack), inbox.newest, forms=forms, when_left=when_left, timing=timing)
    outbox.register(network)
    bot = Bot(slack, network, Taken(inbox), outbox, storage)
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(network.run(bot.taken)), group.create_task(outbox.run())]
            try:
                if wait:
                    await slack.connected()
                    await slack.wait_for(lambda: network.health().state == "ok")
                yield bot
            finally:
                for task in tasks:
                    task.cancel()
    finally:
        await storage.close()


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
async def bot(slack: FakeSlack, tmp_path: Path) -> AsyncIterator[Bot]:
    async with running(slack, tmp_path) as started:
        yield started
