import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from core import app as app_module
from core.bus import Policy
from core.errors import ReadOnly, Unavailable
from core.events import ConnectionChanged, Event, PartFailed, SecretChanged
from core.ports import Health, Intake
from core.storage import Connection
from core.values import now, stamp
from tests.fakes.chat import FakeChat
from tests.fakes.house import House, open_house, until


class LastingChat(FakeChat):
    """A connection that lasts until it is ended; `error` ends the first one."""

    def __init__(self, error: Exception | None = None) -> None:
        super().__init__()
        self.starts, self.ends, self.error = 0, 0, error
        self.now = Health(state="ok")

    def health(self) -> Health:
        return self.now

    async def run(self, intake: Intake) -> None:
        self.starts += 1
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        try:
            await asyncio.Event().wait()
        finally:
            self.ends += 1


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "home", LastingChat()) as one:
        yield one


def heard(house: House, *kinds: type[Event]) -> list[Event]:
    """What is said from now on."""
    listener = house.app.bus.subscribe("test", *kinds, policy=Policy.BLOCK)
    events: list[Event] = []

    async def keep(some: object) -> None:
        assert isinstance(some, list | tuple)
        events.extend(some)

    house.app.supervisor.supervise("test", lambda: house.app.bus.serve(listener, keep))
    return events


async def test_a_changed_secret_starts_its_own_connection_again(house: House) -> None:
    chat = house.chat
    assert isinstance(chat, LastingChat)
    await until(lambda: chat.starts == 1)
    house.app.bus.publish(SecretChanged(secret="OTHER_TOKEN"))
    house.app.bus.publish(SecretChanged(secret="FAKE_TOKEN"))
    await until(lambda: chat.starts == 2)
    assert chat.ends == 1
    assert house.app.health() == {"fake": Health(state="ok")}


async def test_a_connection_says_its_state_once_and_again_when_it_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "HEALTH_S", 0.001)
    chat = LastingChat()
    async with open_house(tmp_path / "home", chat) as house:
        events = heard(house, ConnectionChanged)
        chat.now = Health(state="degraded", detail="no answer for 40 s")
        await until(lambda: events)
        chat.now = Health(state="degraded", detail="no answer for 40 s", workspace="Team")
        chat.now = Health(state="ok")
        await until(lambda: len(events) == 2)
    said = [(one.network, one.state, one.detail) for one in events if isinstance(one, ConnectionChanged)]
    assert said == [("fake", "degraded", "no answer for 40 s"), ("fake", "ok", "")]


async def test_a_connection_that_breaks_is_said_and_shown_as_a_part(tmp_path: Path) -> None:
    chat = LastingChat()
    async with open_house(tmp_path / "home", chat) as house:
        await until(lambda: chat.starts == 1)
        events = heard(house, PartFailed)
        chat.error = Unavailable("The line is cut.", hint="It is tried again.")
        house.app.bus.publish(SecretChanged(secret="FAKE_TOKEN"))
        await until(lambda: events)
        (failed,) = events
        assert isinstance(failed, PartFailed)
        assert (failed.part, failed.error, failed.retry_s) == ("fake", "The line is cut. It is tried again.", 1.0)
        assert house.app.supervisor.parts["fake"].restarts == 1


async def test_a_disk_that_takes_nothing_shows_as_a_part_that_fails(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = heard(house, PartFailed)
    monkeypatch.setattr(app_module, "HEALTH_S", 0.001)
    monkeypatch.setattr(type(house.app.storage.writer), "refusal", "The disk is full.")
    with pytest.raises(ReadOnly, match=r"The disk is full\."):
        await house.app._watch_storage()
    await until(lambda: events, timeout_s=10)
    assert [one.error for one in events if isinstance(one, PartFailed)] == ["The disk is full."]


async def test_everything_that_has_to_go_on_runs(house: House) -> None:
    assert {"storage", "conversations", "old messages", "deliveries", "background commands", "schedules"} <= set(
        house.app.supervisor.parts
    )
    assert {"activity", "retention", "notifications", "secrets", "connection states", "fake"} <= set(
        house.app.supervisor.parts
    )
    assert all(not part.error for part in house.app.supervisor.parts.values())


async def test_old_events_are_forgotten_and_young_ones_kept(tmp_path: Path) -> None:
    async with open_house(tmp_path / "home", LastingChat(), start=False) as house:

        def add(connection: Connection) -> None:
            for name, days in (("old", 8), ("young", 6)):
                row = (name, "test.happened", stamp(now() - timedelta(days=days)), "{}")
                connection.execute("INSERT INTO event_log (id, name, at, body) VALUES (?, ?, ?, ?)", row)

        await house.app.storage.write(add)
        house.app.start()
        async with asyncio.timeout(10):
            while len(await house.rows("SELECT id FROM event_log WHERE name = 'test.happened'")) > 1:
                await asyncio.sleep(0.002)
        assert await house.rows("SELECT id FROM event_log WHERE name = 'test.happened'") == [("young",)]
