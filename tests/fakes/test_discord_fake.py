"""The fake Discord, proved by the real discord.py, unchanged but for its two addresses."""

from __future__ import annotations

import asyncio
import io
import time
from datetime import UTC, datetime, timedelta

import aiohttp
import discord
import pytest

from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_bot import answer, pointed_at, running
from tests.fakes.discord_world import MESSAGE_CONTENT


async def test_a_mention_is_answered_and_the_answer_edited() -> None:
    async with FakeDiscord() as fake, running(fake):
        question = await fake.say(fake.alice, fake.general, f"{fake.mention} hello")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} hello"))
        [reply] = fake.replies_to(question)
        assert reply.revisions == ["thinking", f"echo {fake.mention} hello"]
        assert fake.identifies == 1
        assert [call.status for call in fake.calls_to("POST /channels/{id}/messages")] == [200]


async def test_content_is_withheld_without_the_intent_but_not_in_direct_messages_or_mentions() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        await fake.say(fake.alice, fake.general, "between us")
        await fake.direct(fake.alice, "hi there")
        await fake.wait_for(lambda: answer(fake, "echo hi there"))
        assert bot.heard[:2] == ["", "hi there"]
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history()] == [""]


async def test_the_granted_content_intent_brings_every_text() -> None:
    async with FakeDiscord(privileged=MESSAGE_CONTENT) as fake, running(fake, content=True) as bot:
        await fake.say(fake.alice, fake.general, "between us")
        await fake.say(fake.alice, fake.general, f"{fake.mention} x")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} x"))
        assert bot.heard[0] == "between us"


async def test_an_intent_that_was_not_granted_stops_the_client() -> None:
    async with FakeDiscord() as fake:
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(fake, content=True):
                pytest.fail("the client became ready")
        assert fake.gateway.close_codes == [4014]


async def test_events_of_a_cut_are_replayed_on_resume() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.refuse_connections(1)
        await fake.cut()
        await fake.say(fake.alice, fake.general, f"{fake.mention} missed")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} missed"), 10)
        await fake.wait_for(lambda: "resumed" in bot.events)
        assert (fake.identifies, fake.resumes) == (1, 1)


async def test_op_7_resumes_at_once() -> None:
    async with FakeDiscord() as fake, running(fake):
        fake.ask_reconnect()
        await fake.wait_for(lambda: fake.resumes == 1)
        await fake.say(fake.alice, fake.general, f"{fake.mention} again")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} again"))
        assert fake.identifies == 1


async def test_a_forgotten_session_identifies_anew_and_history_keeps_what_was_missed() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.forget_sessions()
        await fake.cut()
        await fake.say(fake.alice, fake.general, f"{fake.mention} lost")
        await fake.wait_for(lambda: fake.identifies == 2, 15)
        channel = await bot.fetch_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        assert [message.content async for message in channel.history(limit=1)] == [f"{fake.mention} lost"]
        assert bot.heard == []


async def test_a_half_open_socket_is_noticed_by_the_heartbeat() -> None:
    async with FakeDiscord(heartbeat_s=0.1) as fake, running(fake, heartbeat_timeout=0.4):
        fake.freeze(answers_close=True)
        await fake.say(fake.alice, fake.general, f"{fake.mention} anyone")
        await fake.wait_for(lambda: answer(fake, f"echo {fake.mention} anyone"), 10)
        assert fake.resumes == 1


async def test_slash_command_completes_defers_and_follows_up() -> None:
    async with FakeDiscord() as fake, running(fake):
        assert [command["name"] for command in fake.commands] == ["signalbox"]
        choices = await fake.autocomplete(fake.alice, fake.general, {"command": "notes"}, focused="command")
        assert [choice["value"] for choice in choices] == ["notes add", "notes list"]
        ran = await fake.slash(fake.alice, fake.general, {"command": "x"})
        await fake.wait_for(lambda: ran.followups)
        assert (ran.text, ran.followups[0].content) == ("ran x", "and more")


async def test_ephemeral_answers_are_seen_by_their_person_only() -> None:
    async with FakeDiscord() as fake, running(fake):
        for command, text in (("quick", "only you see this"), ("secret", "ran secret")):
            ran = await fake.answered(await fake.slash(fake.alice, fake.general, {"command": command}))
            assert ran.text == text
        assert [item.content for item in fake.ephemerals(fake.alice)][:2] == [
            "only you see this",
            "ran secret",
        ]
        assert not any("see this" in item.content for item in fake.messages(fake.general))


async def test_button_changes_its_message_and_form_is_submitted() -> None:
    async with FakeDiscord() as fake, running(fake):
        shown = (await fake.answered(await fake.slash(fake.alice, fake.general, {"command": "button"}))).original
        assert shown
        opened = await fake.answered(await fake.press(fake.alice, shown, "form"))
        sent = await fake.answered(await fake.submit(opened, {"text": "milk"}))
        assert sent.text == "kept milk"
        await fake.answered(await fake.press(fake.alice, shown, "yes"))
        assert (shown.content, shown.components) == ("chosen", [])
        with pytest.raises(LookupError, match="has no component 'yes'"):
            await fake.press(fake.alice, shown, "yes")


async def test_edits_deletions_threads_files_and_reactions_arrive() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        asked = await fake.say(fake.alice, fake.general, f"{fake.mention} one")
        await fake.wait_for(lambda: fake.replies_to(asked))
        await fake.edit(asked, f"{fake.mention} two")
        await fake.delete(asked)
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        sent = await channel.send(
            "file", file=discord.File(io.BytesIO(b"body"), "a.txt"), embed=discord.Embed(title="t")
        )
        assert await sent.attachments[0].read() == b"body"
        await sent.add_reaction("👍")
        thread = await sent.create_thread(name="talk")
        await thread.send("inside")
        await fake.wait_for(lambda: f"deleted {asked.id}" in bot.events)
        assert f"edited {fake.mention} two" in bot.events
        stored = fake.world.messages[sent.id]
        assert stored.reactions == {"👍": [fake.bot_user_id]}
        assert [item.content for item in fake.messages(fake.world.channels[thread.id])] == ["inside"]


async def test_the_same_nonce_makes_one_message() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        first, second = await channel.send("a", nonce="n1"), await channel.send("a", nonce="n1")
        assert first.id == second.id
        assert len(fake.messages(fake.general)) == 1


async def test_faults_strike_as_ordered_and_the_library_rides_them_out() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        fake.fail("POST /channels/{id}/messages", 1, "429", retry_after_s=0.05)
        fake.fail("POST /channels/{id}/messages", 1, "429_global", retry_after_s=0.05)
        fake.fail("POST /channels/{id}/messages", 1, "502")
        await channel.send("at last")
        calls = fake.calls_to("POST /channels/{id}/messages")
        assert [call.status for call in calls] == [429, 429, 502, 200]
        fake.fail("POST /channels/{id}/messages", 1, "drop_before")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("never")
        fake.fail("POST /channels/{id}/messages", 1, "drop_after")
        with pytest.raises(aiohttp.ClientError):
            await channel.send("taken", nonce="n2")
        again = await channel.send("taken", nonce="n2")
        assert [item.content for item in fake.messages(fake.general)] == ["at last", "taken"]
        assert again.id == fake.messages(fake.general)[-1].id


async def test_a_limited_route_tells_its_rate_and_refuses_beyond_it() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        fake.limit("POST /channels/{id}/messages", 2, 0.3)
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        started = time.monotonic()
        await asyncio.gather(*(channel.send(str(number)) for number in range(5)))
        assert time.monotonic() - started >= 0.5
        assert len(fake.messages(fake.general)) == 5


async def test_what_breaks_a_limit_is_refused_with_discords_words() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        with pytest.raises(discord.HTTPException, match="Must be 2000 or fewer in length") as refused:
            await channel.send("x" * 2001)
        assert (refused.value.status, refused.value.code) == (400, 50035)
        embeds = [discord.Embed(description="d" * 3001), discord.Embed(description="d" * 3000)]
        with pytest.raises(discord.HTTPException, match="Embed size exceeds maximum size of 6000"):
            await channel.send(embeds=embeds)
        with pytest.raises(discord.HTTPException, match="Cannot send an empty message"):
            await channel.send(" ")
        fake.add_user("carol").accepts_direct_messages = False
        carol = next(user for user in fake.world.users.values() if user.name == "carol")
        with pytest.raises(discord.Forbidden, match="Cannot send messages to this user"):
            await (await bot.fetch_user(carol.id)).send("hello")


async def test_a_private_channel_is_closed_to_those_without_the_right() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        hidden = fake.add_channel("board", viewers=[fake.alice], bot_sees=False)
        role = fake.add_role("staff")
        shared = fake.add_channel("staff", viewers=[role])
        carol, dave = fake.add_user("carol", roles=[role.id]), fake.add_user("dave")
        await fake.say(carol, shared, "fine")
        with pytest.raises(Exception, match="50013: Missing Permissions"):
            await fake.say(dave, shared, "not fine")
        await fake.say(fake.alice, hidden, f"{fake.mention} psst")
        with pytest.raises(discord.Forbidden, match="Missing Access"):
            await bot.fetch_channel(hidden.id)
        guild = bot.get_guild(fake.guild_id)
        assert guild
        assert (await guild.fetch_member(carol.id)).name == "carol"
        assert f"{fake.mention} psst" not in bot.heard


async def test_history_pages_and_dated_messages() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        old = datetime.now(UTC) - timedelta(hours=2)
        late = await fake.say(fake.alice, fake.general, f"{fake.mention} old", sent_at=old, deliver=False)
        posted = [await fake.say(fake.alice, fake.general, str(number)) for number in range(120)]
        channel = bot.get_channel(fake.general.id)
        assert isinstance(channel, discord.TextChannel)
        every = [message async for message in channel.history(limit=None, oldest_first=True)]
        assert [message.id for message in every] == [late.id, *(item.id for item in posted)]
        assert abs((every[0].created_at - old).total_seconds()) < 0.01
        after = [message.id async for message in channel.history(after=discord.Object(posted[116].id))]
        assert after == [item.id for item in posted[117:]]
        around = [item.id async for item in channel.history(around=discord.Object(posted[50].id), limit=3)]
        assert around == [item.id for item in reversed(posted[49:52])]


async def test_a_late_answer_to_an_interaction_is_refused() -> None:
    async with FakeDiscord(answer_deadline_s=0.0) as fake, running(fake):
        ran = await fake.slash(fake.alice, fake.general, {"command": "x"})
        await fake.wait_for(lambda: fake.calls_to("*/callback"))
        assert fake.calls_to("*/callback")[0].status == 404
        assert ran.answered_s is None


async def test_a_wrong_token_is_refused() -> None:
    async with FakeDiscord() as fake:
        client = discord.Client(intents=discord.Intents.none())
        improper = pytest.raises(discord.LoginFailure, match="Improper token")
        with pointed_at(fake.api_url, fake.gateway_url), improper:
            await client.login("wrong")
        await client.close()


async def test_members_are_given_in_chunks_and_by_search() -> None:
    async with FakeDiscord() as fake, running(fake) as bot:
        carol = fake.add_user("carol")
        guild = bot.get_guild(fake.guild_id)
        assert guild
        assert [member.id for member in await guild.query_members("car")] == [carol.id]
        assert [member.id for member in await guild.query_members(user_ids=[fake.alice.id])] == [fake.alice.id]


async def test_two_hundred_mentions_are_answered_at_more_than_fifty_a_second() -> None:
    async with FakeDiscord() as fake, running(fake):
        started = time.monotonic()
        for number in range(200):
            await fake.say(fake.alice, fake.general, f"{fake.mention} {number}")
        wanted = {f"echo {fake.mention} {number}" for number in range(200)}
        await fake.wait_for(lambda: wanted <= {item.content for item in fake.from_bot(fake.general)}, 20)
        assert 200 / (time.monotonic() - started) > 50
        assert all(call.spent_s < 0.1 for call in fake.calls)
