"""The connection: arrivals in order, missed ones fetched, faults outlived, health honest."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from bot.discord.budget import Brake, IdentifyBudget
from bot.discord.history import catch_up
from core.errors import Unavailable
from core.values import IncomingKind
from tests.bot.discord.world import MemoryInbox, Token, answer, chat_for, connected, running
from tests.fakes.discord import FakeDiscord
from tests.fakes.waiting import until


async def test_a_mention_arrives_and_is_answered_on_the_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        asked = await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} how much leave?")
        incoming = await world.inbox.next()
        assert (incoming.text, incoming.addressed, incoming.message_id) == ("how much leave?", True, str(asked.id))
        sent = await world.chat.send(answer(incoming, "24 days."))
        assert [(item.content, str(item.id)) for item in world.fake.replies_to(asked)] == [
            ("24 days.", sent.message_id)
        ]


async def test_arrivals_keep_the_order_of_the_socket(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        for number in range(100):
            await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} {number}")
        await world.inbox.next(100)
        assert world.inbox.texts() == [str(number) for number in range(100)]


async def test_nothing_of_the_library_is_imported_before_there_is_a_token() -> None:
    code = "import sys, bot.discord; sys.exit('discord' in sys.modules or 'aiohttp' in sys.modules)"
    process = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code], cwd=Path.cwd(), check=False)
    assert process.returncode == 0


async def test_without_a_token_it_is_off_and_connects_when_one_is_saved(tmp_path: Path) -> None:
    inbox, token = MemoryInbox(), Token(None)
    async with FakeDiscord() as fake:
        chat = chat_for(fake, tmp_path, inbox, token)
        async with running(chat, inbox):
            await until(lambda: "No token" in chat.health().detail)
            assert chat.health().state == "off"
            assert "vault save DISCORD_TOKEN" in chat.health().detail
            token.value = fake.token
            chat.reconnect()
            await fake.ready()


async def test_a_token_discord_refuses_fails_once_and_says_why(tmp_path: Path) -> None:
    inbox, token = MemoryInbox(), Token("wrong")
    async with FakeDiscord() as fake:
        chat = chat_for(fake, tmp_path, inbox, token)
        async with running(chat, inbox):
            await until(lambda: chat.health().state == "failed")
            assert "does not accept the token (401)" in chat.health().detail
            assert "Reset Token" in chat.health().detail
            assert len(fake.calls) == 1


async def test_a_session_closed_with_4004_fails_and_is_not_begun_again(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.close_sockets(4004)
        await until(lambda: world.chat.health().state == "failed")
        assert "does not accept the token (4004)" in world.chat.health().detail
        assert world.fake.identifies == 1


async def test_a_cut_socket_resumes_and_what_was_said_meanwhile_arrives_once(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} before")
        await world.inbox.next()
        await world.fake.cut()
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} meanwhile")
        await world.inbox.next(2)
        await until(lambda: world.inbox.copies)  # history told it too
        assert world.inbox.texts() == ["before", "meanwhile"]
        assert (world.fake.identifies, world.fake.resumes) == (1, 1)


async def test_an_order_to_reconnect_is_followed_by_a_resume(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        world.fake.ask_reconnect()
        await world.fake.wait_for(lambda: world.fake.resumes)
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} after")
        assert (await world.inbox.next()).text == "after"
        assert world.fake.identifies == 1


async def test_a_forgotten_session_is_begun_anew_and_history_fills_the_gap(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} before")
        await world.fake.direct(world.fake.alice, "direct before")
        await world.inbox.next(2)
        other = world.fake.add_channel("ops")
        world.fake.forget_sessions()
        await world.fake.cut()
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} missed")
        await world.fake.direct(world.fake.alice, "direct missed")
        await world.fake.say(world.fake.alice, other, f"{world.fake.mention} missed where nobody talked before")
        await world.inbox.next(5)
        assert sorted(world.inbox.texts()[2:]) == ["direct missed", "missed", "missed where nobody talked before"]
        assert world.fake.identifies == 2


async def test_an_invalidated_session_is_begun_anew(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        world.fake.invalidate()
        await world.fake.wait_for(lambda: world.fake.identifies == 2 and world.fake.connected)
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} after")
        assert (await world.inbox.next()).text == "after"


async def test_at_start_what_was_missed_is_fetched_with_its_sender_and_time(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    async with FakeDiscord() as fake:
        token = Token(fake.token)
        async with running(chat_for(fake, tmp_path, inbox, token), inbox):
            await fake.ready()
            await fake.say(fake.alice, fake.general, f"{fake.mention} first")
            await inbox.next()
        role = fake.add_role("staff")
        carol = fake.add_user("carol", roles=[role.id])
        late = await fake.say(carol, fake.general, f"{fake.mention} late")
        async with running(chat_for(fake, tmp_path, inbox, token), inbox):
            found = await inbox.next(2)
    assert (found.text, found.sender.kind, found.sender.roles) == ("late", "member", (str(role.id),))
    assert found.sent_at == late.sent_at
    assert inbox.texts() == ["first", "late"]


async def test_a_server_that_comes_back_later_is_read_then(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        client = world.chat._client
        assert client is not None
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} before")
        await world.inbox.next()
        client.since = {world.inbox.arrivals[0].place.key: int(world.inbox.arrivals[0].message_id)}
        client.guilds[0].unavailable = True
        assert await catch_up(client) == 0
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} in the outage", deliver=False)
        world.fake.world.announce("GUILD_CREATE", world.fake._greeting.guild(world.fake.guild), 1)
        assert (await world.inbox.next(2)).text == "in the outage"


async def test_a_message_that_could_not_be_stored_is_read_from_history(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        world.inbox.failures = 2
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} one")
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} two")
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} three")
        await world.inbox.next(3)
        assert sorted(world.inbox.texts()) == ["one", "three", "two"]


async def test_a_silent_socket_is_resumed_and_nothing_is_lost(tmp_path: Path) -> None:
    fake = FakeDiscord(heartbeat_s=0.2)
    async with connected(tmp_path, fake=fake, silent_s=0.6) as world:
        fake.freeze()
        await fake.say(fake.alice, fake.general, f"{fake.mention} into the void")
        assert (await world.inbox.next()).text == "into the void"
        assert (fake.identifies, fake.resumes) == (1, 1)


async def test_a_gateway_that_stays_away_is_asked_over_rest_and_connected_anew(tmp_path: Path) -> None:
    fake = FakeDiscord(heartbeat_s=0.2)
    async with connected(tmp_path, fake=fake, silent_s=0.6) as world:
        await fake.say(fake.alice, fake.general, f"{fake.mention} before")
        await world.inbox.next()
        before = len(fake.calls_to("GET /users/@me"))
        fake.refuse_connections()
        await fake.cut()
        await fake.say(fake.alice, fake.general, f"{fake.mention} meanwhile")
        await until(lambda: "its events stopped" in world.chat.health().detail)
        assert world.chat.health().state == "degraded"
        assert len(fake.calls_to("GET /users/@me")) > before
        await until(lambda: "Nothing was heard" in world.chat.health().detail)
        fake.heal()
        assert (await world.inbox.next(2)).text == "meanwhile"
        await until(lambda: world.chat.health().state == "ok")


async def test_health_tells_when_something_was_really_heard(tmp_path: Path) -> None:
    fake = FakeDiscord(heartbeat_s=0.2)
    async with connected(tmp_path, fake=fake, silent_s=1.0) as world:
        await until(lambda: world.chat.health().state == "ok")
        first = world.chat.health()
        assert first.workspace == "Team"
        assert "499 sessions left today" in first.detail
        assert first.last_received_at is not None
        beats = fake.gateway.heartbeats
        await fake.wait_for(lambda: fake.gateway.heartbeats >= beats + 2)
        heard = first.last_received_at
        await until(lambda: (world.chat.health().last_received_at or heard) > heard)


async def test_a_discord_that_is_away_is_tried_again(tmp_path: Path) -> None:
    inbox = MemoryInbox()
    async with FakeDiscord() as fake:
        fake.fail("GET /users/@me", 2, "drop_before")  # the library asks twice
        chat = chat_for(fake, tmp_path, inbox, Token(fake.token))
        async with running(chat, inbox):
            await until(lambda: chat.health().state == "degraded")
            with pytest.raises(Unavailable, match="Discord is not connected"):
                await chat.direct_place("1")
            await fake.ready()


async def test_edits_and_deletions_of_what_came_in_arrive(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        asked = await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} one")
        await world.fake.edit(asked, f"{world.fake.mention} two")
        other = await world.fake.say(world.fake.alice, world.fake.general, "nothing for the bot")
        await world.inbox.next(2)
        await world.fake.delete(other)
        await world.fake.delete(asked)
        gone = await world.inbox.next(3)
        assert [(one.kind, one.text) for one in world.inbox.arrivals[:2]] == [
            (IncomingKind.MESSAGE, "one"), (IncomingKind.EDIT, "two"),
        ]  # fmt: skip
        assert (gone.kind, gone.message_id, gone.place.key) == (
            IncomingKind.DELETE, str(asked.id), world.inbox.arrivals[0].place.key,
        )  # fmt: skip


async def test_a_storm_of_disconnections_is_stopped(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        for _ in range(5):  # each is counted twice: the socket, then the session that could not be resumed
            await world.fake.ready()
            socket = world.fake.gateway.connections[-1]
            await socket.close(4000)
            await world.fake.wait_for(socket.gone.is_set)
        await until(lambda: "broke 10 times in a minute" in world.chat.health().detail)
        assert world.chat.health().state == "degraded"
        assert not world.fake.connected


async def test_a_frame_that_cannot_be_read_costs_the_session_and_no_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} before")
        await world.inbox.next()
        session = next(iter(world.fake.gateway.sessions.values()))
        session.tell("MESSAGE_CREATE", {"id": "nonsense"})
        await world.fake.say(world.fake.alice, world.fake.general, f"{world.fake.mention} after")
        assert (await world.inbox.next(2)).text == "after"
        assert world.fake.identifies == 2


async def test_what_is_not_meant_for_the_bot_is_not_stored(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        fake = world.fake
        robot = fake.add_user("robot", bot=True)
        await fake.say(fake.alice, fake.general, "no word to the bot")
        await fake.say(robot, fake.general, f"{fake.mention} beep")
        incoming = await world.inbox.next()
        assert (incoming.text, incoming.sender.kind) == ("beep", "bot")
        question = await fake.say(fake.alice, fake.general, f"{fake.mention} one")
        await world.chat.send(answer(await world.inbox.next(2), "yes"))
        (reply,) = fake.replies_to(question)
        thread = fake.thread(fake.alice, fake.general, "talk", question)
        await fake.say(fake.alice, thread, f"{fake.mention} in a thread")
        await fake.say(fake.alice, fake.general, f"{fake.mention} and more", reply_to=reply)
        await world.inbox.next(4)
        assert world.inbox.texts() == ["beep", "one", "in a thread", "and more"]


async def test_a_private_thread_is_a_place_of_its_own(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        fake = world.fake
        thread = fake.world.start_thread(fake.alice, fake.general, {"name": "secret", "type": 12})
        thread.people.append(fake.bot_user_id)
        fake.world.announce("THREAD_CREATE", {**fake.world.channel_body(thread), "newly_created": True}, 1, thread)
        await fake.say(fake.alice, thread, f"{fake.mention} psst")
        place = (await world.inbox.next()).place
        assert (place.kind, place.channel_id, place.thread_id) == ("private", str(thread.id), "")


async def test_the_session_budget_ends_before_discord_resets_the_token() -> None:
    budget = IdentifyBudget(gap_s=0.0, a_day=3)
    for _ in range(3):
        await budget.take()
    with pytest.raises(Unavailable, match="3 sessions were begun in 24 hours") as refused:
        await budget.take()
    assert refused.value.retry_after_s
    assert refused.value.retry_after_s > 80_000


def test_the_brake_is_pulled_by_a_storm_and_released_by_rest() -> None:
    brake = Brake(storm=3, storm_s=60)
    brake.lost()
    brake.lost()
    assert not brake.pulled
    brake.lost()
    assert brake.pulled
    brake.release()
    assert not brake.pulled
