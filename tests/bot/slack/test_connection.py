"""A connection that cannot lie, and loses nothing over a cut."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from core.values import now
from tests.bot.slack.conftest import QUICK, Bot, Held, answer, running
from tests.fakes.slack import FakeSlack
from tests.fakes.slack_socket import Socket


async def test_health_says_when_slack_was_really_heard(bot: Bot, slack: FakeSlack) -> None:
    health = bot.chat.health()
    assert (health.state, health.workspace) == ("ok", "Signalbox Test")
    assert health.last_received_at is not None
    first = health.last_received_at
    await slack.wait_for(lambda: (bot.chat.health().last_received_at or first) > first)  # a pong
    assert now() - first < timedelta(seconds=10)


async def test_without_tokens_it_is_off_and_says_what_to_do(slack: FakeSlack, tmp_path: Path) -> None:
    secrets = Held({"SLACK_BOT_TOKEN": slack.bot_token})
    async with running(slack, tmp_path, wait=False, secrets=secrets) as bot:
        await slack.wait_for(lambda: len(secrets.uses) == 2)
        health = bot.chat.health()
        assert health.state == "off"
        assert health.detail.startswith("SLACK_APP_TOKEN not set. Run `signalbox init slack`")
    assert secrets.uses == [("SLACK_BOT_TOKEN", "connect"), ("SLACK_APP_TOKEN", "connect")]


@pytest.mark.parametrize(
    ("bot_token", "app_token", "said"),
    [
        ("xapp-1", "xoxb-1", "SLACK_BOT_TOKEN is an app token; it must begin with xoxb-."),
        ("xoxp-1", "xapp-1", "SLACK_BOT_TOKEN is a person's token; it must begin with xoxb-."),
        ("xoxb-1", "nonsense", "SLACK_APP_TOKEN is no token of Slack; it must begin with xapp-."),
        ("xoxb-wrong", "xapp-fake-app", "Slack does not accept the token for auth.test: invalid_auth."),
        ("xoxb-fake-bot", "xapp-wrong", "Slack does not accept the token for apps.connections.open: invalid_auth."),
    ],
)
async def test_a_wrong_token_is_named(
    slack: FakeSlack, tmp_path: Path, bot_token: str, app_token: str, said: str
) -> None:
    secrets = Held({"SLACK_BOT_TOKEN": bot_token, "SLACK_APP_TOKEN": app_token})
    async with running(slack, tmp_path, wait=False, secrets=secrets) as bot:
        await slack.wait_for(lambda: bot.chat.health().state == "failed")
        assert bot.chat.health().detail.startswith(said)


async def test_a_revoked_token_is_seen_while_the_socket_stands(bot: Bot, slack: FakeSlack) -> None:
    slack.auth_error = "token_revoked"
    await slack.wait_for(lambda: bot.chat.health().state == "failed")
    assert "token_revoked" in bot.chat.health().detail
    slack.heal()
    await slack.wait_for(lambda: bot.chat.health().state == "ok")


async def test_what_was_said_during_a_cut_is_read_once(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "before")
    await bot.taking(1)
    await slack.go_down()
    await slack.say("ann", slack.dm("ann"), "in the dark")
    await slack.say("bob", "#general", f"{slack.mention} hello?")
    await slack.say("bob", "#random", f"{slack.mention} not my channel")
    await slack.come_back()
    await slack.connected()
    await slack.wait_for(lambda: len(bot.taken.all) >= 3)
    await slack.say("ann", slack.dm("ann"), "after")
    await slack.wait_for(lambda: len(bot.taken.all) >= 4)
    assert sorted(bot.taken.texts()) == ["after", "before", "hello?", "in the dark"]
    assert [one.text for one in bot.taken.all if one.place.kind == "direct"] == ["before", "in the dark", "after"]
    missed = next(one for one in bot.taken.all if one.text == "hello?")
    assert missed.addressed
    assert missed.place.thread_id == missed.message_id


async def test_replies_missed_in_an_older_thread_are_read(bot: Bot, slack: FakeSlack) -> None:
    root = await slack.say("ann", "#general", "old topic", age_s=3600)
    await slack.say("ann", "#general", "newer")
    await slack.wait_for(lambda: "newer" in bot.taken.texts())
    await slack.go_down()
    await slack.say("bob", "#general", f"{slack.mention} and in here?", thread_ts=root.ts)
    await slack.come_back()
    await slack.wait_for(lambda: "and in here?" in bot.taken.texts())
    assert bot.taken.all[-1].place.thread_id == root.ts


async def test_a_restart_reads_what_a_dead_process_missed(slack: FakeSlack, tmp_path: Path) -> None:
    async with running(slack, tmp_path) as first:
        await slack.say("ann", slack.dm("ann"), "one")
        await first.taking(1)
    for number in range(250):  # more than a page
        await slack.say("ann", slack.dm("ann"), f"missed {number}")
    async with running(slack, tmp_path) as second:
        await slack.wait_for(lambda: len(second.taken.all) == 250)
        assert second.taken.texts() == [f"missed {number}" for number in range(250)]


async def test_a_new_home_answers_nothing_of_long_ago(slack: FakeSlack, tmp_path: Path) -> None:
    await slack.say("ann", "#general", f"{slack.mention} long ago", age_s=3600)
    async with running(slack, tmp_path) as bot:
        await slack.say("ann", slack.dm("ann"), "now")
        await bot.taking(1)
        assert bot.taken.texts() == ["now"]


async def test_a_place_that_asks_for_silence_is_read_afterwards(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "before")
    await bot.taking(1)
    await slack.go_down()
    await slack.say("ann", slack.dm("ann"), "in the dark")
    slack.fail("conversations.history", times=2, kind="429", retry_after_s=0)
    slack.fail("users.conversations", times=1, kind="500")
    await slack.come_back()
    await slack.wait_for(lambda: "in the dark" in bot.taken.texts(), timeout_s=9)


async def test_cuts_while_answering_lose_and_double_nothing(bot: Bot, slack: FakeSlack) -> None:
    for number in range(8):
        said = await slack.say("ann", slack.dm("ann"), f"question {number}")
        if number % 2:
            slack.cut()
        await slack.wait_for(lambda count=number + 1: len(bot.taken.all) >= count)  # type: ignore[misc]
        await bot.out(answer(bot.taken.all[number], f"answer {number}"))
        assert bot.taken.all[number].message_id == said.ts
        if number % 3 == 0:
            slack.cut()
    await slack.wait_for(lambda: bot.outbox.waiting == 0, timeout_s=15)
    dm = slack.dm("ann")
    assert [m.text for m in slack.bot_messages(dm)] == [f"answer {n}" for n in range(8)]
    await slack.wait_for(lambda: len(slack.socket.sockets) == 1)


async def test_a_half_open_socket_is_noticed_and_replaced(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "before")
    await bot.taking(1)
    slack.silence()
    await slack.say("ann", slack.dm("ann"), "into the void")
    await slack.wait_for(lambda: slack.socket.connects >= 2)
    await slack.connected()
    await slack.wait_for(lambda: "into the void" in bot.taken.texts())
    await slack.wait_for(lambda: len(slack.socket.sockets) == 1)


async def test_slack_changing_sockets_is_routine(bot: Bot, slack: FakeSlack) -> None:
    before = slack.socket.connects
    slack.disconnect()
    await slack.wait_for(lambda: slack.socket.connects == before + 1)
    await slack.connected()
    await slack.wait_for(lambda: len(slack.socket.sockets) == 1)
    await slack.say("ann", slack.dm("ann"), "still there?")
    await bot.taking(1)
    assert bot.chat.health().state == "ok"


async def test_too_many_sockets_are_met_with_patience(slack: FakeSlack, tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        others = []
        for _ in range(10):
            url = f"{slack.base_url}/link/?ticket={slack.socket.new_ticket()}"
            others.append(await session.ws_connect(url))
        async with running(slack, tmp_path, wait=False) as bot:
            await slack.wait_for(lambda: "10 sockets of this app" in bot.chat.health().detail)
            opened, began = slack.socket.connects, time.monotonic()
            await slack.wait_for(lambda: slack.socket.connects >= opened + 3)
            assert time.monotonic() - began > QUICK.crowded_s
            assert bot.chat.health().state == "degraded"
            for other in others:
                await other.close()
            await slack.wait_for(lambda: bot.chat.health().state == "ok")


async def test_refused_sockets_are_tried_again_until_one_opens(bot: Bot, slack: FakeSlack) -> None:
    slack.refuse_sockets(2)
    slack.cut()
    await slack.wait_for(lambda: slack.socket.refusals == 0, timeout_s=8)
    await slack.wait_for(lambda: bot.chat.health().state == "ok", timeout_s=8)
    await slack.say("ann", slack.dm("ann"), "back?")
    await bot.taking(1)


async def test_when_it_stops_no_socket_is_left(slack: FakeSlack, tmp_path: Path) -> None:
    seen: list[Socket] = []
    async with running(slack, tmp_path) as bot:
        seen += slack.socket.sockets
    await slack.wait_for(lambda: not slack.socket.sockets)
    assert len(seen) == 1
    assert bot.chat.health().state == "off"
