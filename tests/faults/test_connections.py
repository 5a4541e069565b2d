"""Cut sockets, refusals, lost answers and copies: what was asked meanwhile has one answer afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.app import App
from tests.faults.living import living
from tests.faults.town import Asked, Talk, Town

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(120)]
CHOICE = random.Random(7)
ROUNDS = 2


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as both:
        yield both


@pytest.fixture
async def app(request: pytest.FixtureRequest, tmp_path: Path, town: Town) -> AsyncIterator[App]:
    frozen = "freeze" in request.node.name
    async with living(tmp_path, town, silent_s=2.5 if frozen else 50.0) as one:
        for talk in town.talks:
            await town.ask(CHOICE, talk, ("echo",))
        await town.settled()
        yield one


def of(town: Town, network: str) -> list[Talk]:
    return [talk for talk in town.talks if talk.network == network]


async def everywhere(town: Town, network: str, *kinds: str) -> None:
    """Ask each kind in each conversation of a network."""
    for kind in kinds:
        for talk in of(town, network):
            await town.ask(CHOICE, talk, (kind,))


@pytest.mark.parametrize("fault", ["cut", "disconnect", "silence"])
async def test_what_is_asked_around_a_broken_socket_of_slack_is_answered_once(town: Town, app: App, fault: str) -> None:
    for _ in range(ROUNDS):
        await everywhere(town, "slack", "tale")
        await asyncio.sleep(CHOICE.uniform(0.0, 0.3))  # somewhere in the middle of an answer
        await town.slack.act(fault)
        await everywhere(town, "slack", "echo", "note")
        await town.settled()
    assert sorted(await noted(app)) == sorted(town.notes)


@pytest.mark.parametrize("fault", ["cut", "reconnect", "invalidate", "forget", "freeze"])
async def test_what_is_asked_around_a_broken_session_of_discord_is_answered_once(
    town: Town, app: App, fault: str
) -> None:
    for _ in range(ROUNDS):
        await everywhere(town, "discord", "tale")
        await asyncio.sleep(CHOICE.uniform(0.0, 0.3))
        await town.discord.act("gateway", do=fault)
        if fault == "forget":  # the session can no longer be resumed when the socket breaks
            await town.discord.act("gateway", do="cut")
        await everywhere(town, "discord", "echo", "note")
        await town.settled()
    assert sorted(await noted(app)) == sorted(town.notes)


async def test_sixty_refusals_in_a_row_delay_answers_and_lose_none(town: Town, app: App) -> None:
    await town.slack.fail("chat.postMessage", 60, "429", retry_after_s=0)
    await town.discord.act("fail", route="POST /channels/{id}/messages", times=30, kind="429", retry_after_s=0.02)
    for network in ("slack", "discord"):
        await everywhere(town, network, "echo", "note", "echo")
    await town.settled()
    assert set(await app.outbox.counts()) == {"sent"}


@pytest.mark.parametrize("kind", ["drop_after", "drop_before", "500"])
async def test_a_post_whose_answer_is_lost_is_one_message(town: Town, app: App, kind: str) -> None:
    await town.slack.act("fail", method="chat.postMessage", times=3, kind=kind)
    await town.discord.act("fail", route="POST /channels/{id}/messages", times=3, kind=kind)
    for network in ("slack", "discord"):
        await everywhere(town, network, "echo", "note", "tale")
    await town.settled()
    assert set(await app.outbox.counts()) == {"sent"}


async def test_events_that_slack_sends_again_are_no_second_messages(town: Town, app: App) -> None:
    await everywhere(town, "slack", "echo", "note")
    await town.settled()
    first = await town.slack.envelopes("message")
    for envelope in first:
        await town.slack.act("redeliver", envelope=envelope.envelope_id)
    await town.slack.wait_for(lambda: all_acknowledged(town, 2 * len(first)))
    await everywhere(town, "slack", "echo")
    await town.settled()
    assert sorted(await noted(app)) == sorted(town.notes)


async def all_acknowledged(town: Town, count: int) -> bool:
    sent = await town.slack.envelopes("message")
    return len(sent) >= count and all(one.acked_at is not None for one in sent)


async def test_what_was_written_while_away_is_answered_in_the_order_it_was_written(tmp_path: Path, town: Town) -> None:
    direct = town.talks[0]
    async with living(tmp_path, town):
        await town.ask(CHOICE, direct, ("echo",))
        await town.ask(CHOICE, town.talks[3], ("echo",))
        await town.settled()
    channel = await town.slack.dm_id("ann")
    for word, age_s in (("w-third", 10.0), ("w-second", 20.0), ("w-first", 30.0)):
        said = await town.slack.say("ann", channel, f"echo {word}", age_s=age_s)
        direct.asked.insert(1, Asked(word=word, kind="echo", message_id=said.ts))
    async with living(tmp_path, town):
        await town.settled()


async def noted(app: App) -> list[str]:
    sql = "SELECT text FROM note WHERE text LIKE 'remember %'"
    rows: list[tuple[str]] = await app.storage.read(lambda one: one.execute(sql).fetchall())
    return [row[0].removeprefix("remember ") for row in rows]
