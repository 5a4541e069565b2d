"""A full disk: what could not be stored is not acknowledged, all of it is answered once there is room again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from core.app import App
from core.observability import LoopMonitor, status
from core.storage import Connection
from gui.wiring import probes_of
from tests.fakes.house import until
from tests.faults.living import living
from tests.faults.town import Asked, Talk, Town

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(120)]
CHOICE = random.Random(7)
LONG = 1_500
"""Characters of a message; a few of them need pages of their own."""
COUNT = 6


async def test_nothing_is_acknowledged_on_a_full_disk_and_nothing_lost_after_it(tmp_path: Path) -> None:
    async with Town() as town, living(tmp_path, town) as app:
        for talk in town.talks:
            await town.ask(CHOICE, talk, ("echo",))
        await town.settled()
        await town.slack.act("configure", redeliver_after_s=None)  # as after its third try
        await app.storage.write(close_disk)
        slack, discord = town.talks[0], town.talks[3]
        for number in range(COUNT):
            for talk in (slack, discord):
                await long_note(talk, f"long{number}")
        await until(lambda: app.storage.writer.refusal, what="a refused write")
        await refused(town, app)
        await until(lambda: app.supervisor.parts["storage"].error, what="the word on it")
        assert "Make room on the disk; nothing was lost." in app.supervisor.parts["storage"].error
        said = status(probes_of(app, LoopMonitor()))
        assert (said["status"], said["dbConn"]) == ("degraded", True)
        await app.storage.write(open_disk)
        await town.settled(50.0, ordered=False)  # what Slack holds may come in before what history gives
        rows = await app.storage.read(lambda one: one.execute("SELECT count(*) FROM note").fetchone()[0])
        assert rows == 2 * COUNT + 1, "each long note once, and the known one"
        assert set(await app.outbox.counts()) == {"sent"}


async def long_note(talk: Talk, word: str) -> None:
    """Say something that does not fit into what is left of a page."""
    message_id = await talk.say(f"notes add 'remember {word} {'x ' * (LONG // 2)}'")
    talk.asked.append(Asked(word=word, kind="note", message_id=message_id))


async def refused(town: Town, app: App) -> None:
    """Whatever Slack holds no acknowledgement of is not stored; whatever it acknowledged is."""
    envelopes = await town.slack.envelopes("message")
    stored = {row[0] for row in await app.storage.read(messages)}
    for envelope in envelopes:
        if envelope.acked_at is not None and envelope.event.get("user") != town.slack.bot_user_id:
            assert envelope.event["ts"] in stored, "acknowledged and not stored"
    asked = {one.message_id for talk in town.talks for one in talk.asked}
    assert asked - stored, "the disk was not full"


def messages(connection: Connection) -> list[tuple[str]]:
    rows: list[tuple[str]] = connection.execute("SELECT message_id FROM inbox").fetchall()
    return rows


def close_disk(connection: Connection) -> None:
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}").fetchall()


def open_disk(connection: Connection) -> None:
    connection.execute("PRAGMA max_page_count = 1000000").fetchall()
