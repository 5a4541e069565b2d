"""Sending: one message whatever happens on the way, limits kept, private things private."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.discord.rest import Refused
from core.errors import InvalidInput, Limited, NotFound, Rejected, Unavailable
from core.values import Address, Button, Incoming, Message, Reply
from tests.bot.discord.world import World, answer, connected, post
from tests.fakes.discord import FakeDiscord, User
from tests.fakes.discord import Message as Said
from tests.fakes.waiting import until

CREATE = "POST /channels/{id}/messages"


async def asked(world: World, text: str = "hello", user: User | None = None) -> tuple[Said, Incoming]:
    fake = world.fake
    count = len(world.inbox.arrivals) + 1
    message = await fake.say(user or fake.alice, fake.general, f"{fake.mention} {text}")
    return message, await world.inbox.next(count)


async def test_a_lost_answer_is_found_and_not_posted_twice(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        message = answer(incoming, "24 days.", buttons=(Button(label="More", value="run:more"),))
        world.fake.fail(CREATE, 1, "drop_after")
        with pytest.raises(Unavailable, match="Discord did not answer") as lost:
            await world.chat.send(message)
        assert lost.value.sent is None
        found = await world.chat.find(message)
        assert found is not None
        assert [str(item.id) for item in world.fake.replies_to(question)] == [found.message_id]


async def test_a_post_that_never_arrived_is_not_found(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        message = answer(incoming, "24 days.")
        world.fake.fail(CREATE, 1, "drop_before")
        with pytest.raises(Unavailable):
            await world.chat.send(message)
        assert await world.chat.find(message) is None
        await world.chat.send(message)
        assert [item.content for item in world.fake.from_bot(world.fake.general)] == ["24 days."]


async def test_the_same_message_sent_again_within_minutes_is_the_same_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        message = answer(incoming, "24 days.")
        first = await world.chat.send(message)
        world.chat._writer.history.partly(message.id).clear()  # as after a restart
        assert await world.chat.send(message) == first
        nonces = [call.body["nonce"] for call in world.fake.calls_to(CREATE)]
        assert len(set(nonces)) == 1
        assert len(str(nonces[0])) <= 25


async def test_two_messages_that_look_alike_are_not_taken_for_each_other(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        one, two = post(incoming.place, "Done."), post(incoming.place, "Done.")
        await world.chat.send(one)
        assert await world.chat.find(two) is None


async def test_of_a_long_answer_only_what_is_missing_is_posted_again(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        message = answer(incoming, "\n\n".join(f"{number} " + "word " * 150 for number in range(7)))
        sending = asyncio.ensure_future(world.chat.send(message))
        await world.fake.wait_for(lambda: len(world.fake.from_bot(world.fake.general)) == 1)
        sending.cancel()
        await asyncio.wait({sending})
        world.fake.world.nonce_window = timedelta(0)
        found = await world.chat.find(message)
        sent = found or await world.chat.send(message)
        posted = world.fake.from_bot(world.fake.general)
        assert "".join("".join(item.content.split()) for item in posted) == "".join(message.reply.text.split())
        assert sent.message_id == str(posted[0].id)
        assert [item.reference_id for item in posted] == [question.id] + [None] * (len(posted) - 1)


async def test_a_minute_of_429s_delays_and_loses_nothing(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        world.fake.fail(CREATE, 3, "429", retry_after_s=0.1)
        await world.chat.send(answer(incoming, "24 days."))
        assert len(world.fake.from_bot(world.fake.general)) == 1
        world.fake.fail(CREATE, 1, "429", retry_after_s=61.0)
        with pytest.raises(Limited, match="Discord asks for fewer messages") as limited:
            await world.chat.send(answer(incoming, "More."))
        assert limited.value.retry_after_s == 61.0


async def test_what_discord_refuses_says_why_and_what_to_do(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        hidden = world.fake.add_channel("board", viewers=[world.fake.alice], bot_sees=False)
        _, incoming = await asked(world)
        closed = replace(incoming.place, channel_id=str(hidden.id))
        with pytest.raises(Refused, match=r"403: Missing Access \(50001\)\. Give the bot the right to see"):
            await world.chat.send(post(closed, "hello"))
        with pytest.raises(Rejected, match=r"'bob' is not the id of a person"):
            await world.chat.direct_place("bob")


async def test_an_edit_shrinks_and_grows_the_answer(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        sent = await world.chat.send(answer(incoming, "word " * 900))
        assert len(world.fake.from_bot(world.fake.general)) == 3
        await world.chat.send(answer(incoming, "short", edits=sent.message_id))
        assert [item.content for item in world.fake.from_bot(world.fake.general)] == ["short"]
        await world.chat.send(answer(incoming, "longer " * 500, edits=sent.message_id))
        assert len(world.fake.from_bot(world.fake.general)) == 2
        gone = replace(answer(incoming, "", edits=sent.message_id), operation="delete")
        await world.chat.send(gone)
        await world.chat.send(gone)
        assert world.fake.from_bot(world.fake.general) == []


async def test_an_edit_of_a_deleted_message_is_posted_again(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        sent = await world.chat.send(answer(incoming, "one"))
        await world.fake.delete(world.fake.replies_to(question)[0])
        again = await world.chat.send(answer(incoming, "two", edits=sent.message_id))
        assert [(item.content, str(item.id)) for item in world.fake.replies_to(question)] == [("two", again.message_id)]


async def test_a_private_answer_goes_directly_to_its_person(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        _, incoming = await asked(world)
        await world.chat.send(answer(incoming, "Your code is 1234.", private=True))
        assert world.fake.from_bot(world.fake.general) == []
        said = [item.content for item in world.fake.directs(world.fake.alice)]
        assert said == [f"Your code is 1234.\n-# About your message in <#{world.fake.general.id}>"]


async def test_with_direct_messages_closed_only_a_hint_is_public(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        carol = world.fake.add_user("carol")
        carol.accepts_direct_messages = False
        question, incoming = await asked(world, user=carol)
        await world.chat.send(answer(incoming, "Your code is 1234.", private=True))
        (hint,) = world.fake.replies_to(question)
        assert "Allow direct messages" in hint.content
        assert "1234" not in hint.content


async def test_an_answer_that_became_private_is_withheld_where_all_read(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        sent = await world.chat.send(answer(incoming, "one"))
        edit = answer(incoming, "secret", edits=sent.message_id)
        await world.chat.send(replace(edit, reply=Reply(text="secret", private=True)))
        assert "secret" not in world.fake.replies_to(question)[0].content


async def test_a_growing_answer_becomes_the_final_one_on_the_same_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        await world.chat.working(incoming)
        assert world.fake.rest.typing[0][0] == world.fake.general.id
        opened = await world.chat.open_reply(incoming, "The ans")  # codespell:ignore ans
        (shown,) = world.fake.replies_to(question)
        assert shown.components[0]["components"][0]["custom_id"] == f"stop:{incoming.id}"  # type: ignore[index]
        probe = Message(
            id=incoming.id, address=Address(place=incoming.place, reply_to=incoming.message_id),
            reply=Reply(text=""), created_at=incoming.received_at,
        )  # fmt: skip
        found = await world.chat.find(probe)
        assert found is not None
        assert found.message_id == opened
        await world.chat.grow_reply(incoming, opened, "The answer is " + "long " * 600)
        await world.chat.grow_reply(incoming, opened, "too soon to be shown")
        assert shown.content.startswith("…\n")
        await world.chat.send(answer(incoming, "The answer is 24.", edits=opened))
        assert [(item.content, item.components) for item in world.fake.replies_to(question)] == [
            ("The answer is 24.", [])
        ]


async def test_an_opening_cancelled_under_way_leaves_no_second_message(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        world.fake.fail(CREATE, 1, "timeout")
        opening = asyncio.ensure_future(world.chat.open_reply(incoming, "The ans"))  # codespell:ignore ans
        await until(lambda: world.fake.calls_to(CREATE))
        opening.cancel()
        await asyncio.wait({opening})
        await world.chat.send(answer(incoming, "The answer."))
        assert [item.content for item in world.fake.replies_to(question)] == ["The answer."]


async def test_nobody_is_pinged_by_an_answer(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        question, incoming = await asked(world)
        await world.chat.send(answer(incoming, f"@everyone <@{world.fake.alice.id}> hello"))
        (reply,) = world.fake.replies_to(question)
        assert (reply.mentions, reply.mention_everyone) == ([], False)


async def test_a_thread_is_answered_in_the_thread(tmp_path: Path) -> None:
    async with connected(tmp_path) as world:
        start = await world.fake.say(world.fake.alice, world.fake.general, "let us talk")
        thread = world.fake.thread(world.fake.alice, world.fake.general, "talk", start)
        await world.fake.say(world.fake.alice, thread, f"{world.fake.mention} hello")
        incoming = await world.inbox.next()
        assert (incoming.place.channel_id, incoming.place.thread_id) == (str(world.fake.general.id), str(thread.id))
        await world.chat.send(answer(incoming, "hi"))
        assert [item.content for item in world.fake.from_bot(thread)] == ["hi"]


async def test_places_are_found_by_name_and_id(tmp_path: Path) -> None:
    fake = FakeDiscord()
    hidden = fake.add_channel("board", viewers=[fake.alice])
    async with connected(tmp_path, fake=fake) as world:
        general = await world.chat.find_place("#general")
        assert (general.kind, general.workspace_id, general.channel_id, general.name) == (
            "public", str(fake.guild_id), str(fake.general.id), "#general",
        )  # fmt: skip
        assert await world.chat.find_place("Team/#general") == general
        assert await world.chat.find_place(f"<#{fake.general.id}>") == general
        assert (await world.chat.find_place(str(hidden.id))).kind == "private"
        said = r"No channel in Discord is called #genral\. Nearest: `#general`"  # codespell:ignore genral
        with pytest.raises(NotFound, match=said):
            await world.chat.find_place("#genral")  # codespell:ignore genral
        other = fake.add_guild("Other", fake.alice)
        fake.add_channel("general", guild=other)
        fake.world.announce("GUILD_CREATE", fake._greeting.guild(other), 1)
        await fake.say(fake.alice, fake.general, f"{fake.mention} ping")
        await world.inbox.next()
        with pytest.raises(InvalidInput, match="Several channels are called #general: `Team/#general`, `Other/#gener"):
            await world.chat.find_place("#general")
        direct = await world.chat.direct_place(str(fake.alice.id))
        assert direct.kind == "direct"
        await world.chat.send(post(direct, "psst"))
        assert [item.content for item in fake.directs(fake.alice)] == ["psst"]


async def test_a_direct_message_knows_who_wrote_it(tmp_path: Path) -> None:
    fake = FakeDiscord()
    role = fake.add_role("staff")
    carol = fake.add_user("carol", roles=[role.id])
    stranger = fake.world.add_user("mallory")
    async with connected(tmp_path, fake=fake) as world:
        await fake.direct(carol, "hello")
        incoming = await world.inbox.next()
        assert (incoming.sender.kind, incoming.sender.roles) == ("member", (str(role.id),))
        assert (incoming.place.kind, incoming.place.workspace_id) == ("direct", "")
        assert incoming.sender.external_id == str(carol.id)
        await fake.direct(stranger, "hello")
        assert (await world.inbox.next(2)).sender.kind == "stranger"
