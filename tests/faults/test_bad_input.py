"""Frames, texts and buttons that fit nothing: each is refused or ignored, and the next question is answered."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.chat import incoming
from tests.fakes.house import open_house
from tests.faults.living import living
from tests.faults.town import Town

pytestmark = [pytest.mark.fault, pytest.mark.slow, pytest.mark.timeout(120)]
CHOICE = random.Random(3)
OUTCOMES = ("failed", "refused", "answered", "not found")
"""What is no known word of a button is read as if it was typed."""
ODD = (
    "notes add", "notes add " + "x" * 1_000_000, "no such command at all \x00\x01", "schedules add --every_s never x",
    "conversation rate 7 perhaps", "notes add 'open quote", "tale", "\ud83d half a pair", "help " + "a" * 5_000,
)  # fmt: skip


async def test_texts_that_fit_nothing_are_answered_with_what_is_wrong_and_the_next_is_answered(tmp_path: Path) -> None:
    async with open_house(tmp_path) as house:
        for text in ODD:
            arrival = await house.hear(incoming(text, thread="one"))
            assert await house.settled(arrival) != "", text[:40]
        assert (await house.ask("echo still here", thread="one")).reply.text == "still here"


@pytest.mark.parametrize(
    "value",
    [
        "confirm:",
        "confirm:" + "0" * 36,
        "decline:nothing",
        "good:nobody",
        "share:nothing",
        "catch-up:all:elsewhere",
        "stop:nothing",
        "form:no.such",
        "run:",
        "\x00",
        "x" * 100,
    ],
)
async def test_forged_and_expired_buttons_run_nothing_and_say_so(tmp_path: Path, value: str) -> None:
    async with open_house(tmp_path) as house:
        from core.values import IncomingKind

        arrival = await house.hear(incoming("", kind=IncomingKind.PRESS, value=value))
        outcome = await house.settled(arrival)
        assert outcome.startswith("ignored") or outcome in OUTCOMES, outcome
        assert await house.rows("SELECT count(*) FROM note") == [(0,)]
        assert (await house.ask("echo still here")).reply.text == "still here"


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with Town() as both:
        yield both


async def test_a_million_characters_from_slack_keep_nobody_waiting(tmp_path: Path, town: Town) -> None:
    async with living(tmp_path, town):
        await town.slack.say("bob", "#general", f"{town.slack.mention} echo " + "y" * 1_000_000)
        for talk in town.talks:
            await town.ask(CHOICE, talk, ("echo",))
        await town.settled()
