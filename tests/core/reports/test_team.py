"""The report over the real parts: what one place's readers learn of what happened in another."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.actions import Context
from core.errors import Rejected
from core.values import Caller, Place, Reply
from tests.fakes.chat import OPS, SECRET, incoming
from tests.fakes.house import House, open_house

OPEN = "What is the password of the zeppelin hangar?"
HIDDEN = "When does the submarine harpsichord concert begin?"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path / "home") as one:
        yield one


async def report(house: House, place: Place) -> Reply:
    ctx = Context(caller=Caller(network="fake", external_id="U-bob"), place=place)
    reply = (await house.app.door.dispatch(ctx, "reports.team", {"days": 1})).value
    assert isinstance(reply, Reply)
    return reply


async def test_a_team_that_did_nothing_has_nothing_to_report(house: House) -> None:
    reply = await report(house, OPS)
    assert "Nobody could answer" not in reply.text
    assert "Went wrong" not in reply.text


async def test_questions_nobody_could_answer_are_told_where_they_may_be_read(house: House) -> None:
    for _ in range(2):
        await house.ask(OPEN, place=OPS)
    await house.ask(HIDDEN, place=SECRET)
    for place in (OPS, SECRET):
        assert f"- {OPEN} (2 times)" in (await report(house, place)).text
    assert HIDDEN not in (await report(house, OPS)).text
    assert f"- {HIDDEN}" in (await report(house, SECRET)).text


async def test_news_are_told_where_they_may_be_read(house: House) -> None:
    await house.run("notes.add", text="The heron nests by the pond.", visible=["everyone"])
    await house.run("notes.add", text="The salary round is in May.", visible=[SECRET.key])
    assert "heron" in (await report(house, OPS)).text
    assert "salary" not in (await report(house, OPS)).text
    assert "salary" in (await report(house, SECRET)).text


async def test_failed_deliveries_are_told_where_they_were_meant_to_go(house: House) -> None:
    house.chat.fail(Rejected("The channel is archived."))
    arrival = await house.hear(incoming("echo hello", place=SECRET))
    async with asyncio.timeout(10):
        while not (row := await house.answer_row(arrival)) or row[1] != "failed":
            await asyncio.sleep(0.002)
    assert f"Went wrong:\n- messages to {SECRET.key}: The channel is archived." in (await report(house, SECRET)).text
    assert "archived" not in (await report(house, OPS)).text
