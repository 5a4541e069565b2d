"""What leaves for Slack: once, in the thread, looked for before it is sent again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from bot.slack import chat
from bot.slack.web import Refused
from core.config.settings import Settings
from core.errors import Limited, NotFound, Rejected, Unavailable
from core.values import Address, Incoming, IncomingKind, Message, Place, Reply, Source, new_id, now
from tests.bot.slack.conftest import Bot, Held, answer, running, to_place
from tests.fakes.slack import FakeSlack

LONG = "\n\n".join(f"Paragraph {number}. " + "Words of it, and more of them. " * 20 for number in range(60))


async def asked(bot: Bot, slack: FakeSlack, text: str = "how much leave?") -> Incoming:
    await slack.say("ann", "#general", f"{slack.mention} {text}")
    await slack.wait_for(lambda: bot.taken.all)
    return bot.taken.all[-1]


async def test_an_answer_goes_to_the_thread_with_its_sources(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    reply = Reply(
        text="**24** days.", sources=(Source(id="1", title="Leave", location="wiki/leave.md"),), answer_id="a1"
    )
    message = await bot.out(answer(question, reply))
    (shown,) = await slack.wait_for(lambda: slack.bot_messages("#general"))
    assert shown.thread_ts == question.message_id
    assert shown.text == "*24* days."
    assert shown.metadata == {"event_type": "signalbox_message", "event_payload": {"id": message.id, "part": 0}}
    assert "Leave (wiki/leave.md)" in str(shown.blocks)
    assert "good:a1" in str(shown.blocks)


async def test_a_post_whose_answer_is_lost_is_posted_once(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.postMessage", kind="drop_after")
    message = await bot.out(answer(question, "24 days."))
    await slack.wait_for(lambda: bot.outbox.waiting == 0 and slack.bot_messages("#general"))
    assert [m.text for m in slack.bot_messages("#general")] == ["24 days."]
    assert len(slack.calls("chat.postMessage")) == 1
    (delivery,) = await bot.outbox.listed()
    assert (delivery.id, delivery.state) == (message.id, "sent")


async def test_a_post_that_never_arrived_is_tried_again(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.postMessage", kind="drop_before")
    await bot.out(answer(question, "24 days."))
    await slack.wait_for(lambda: slack.bot_messages("#general"))
    assert [m.text for m in slack.bot_messages("#general")] == ["24 days."]


async def test_silence_slack_asks_for_is_kept_and_order_too(bot: Bot, slack: FakeSlack) -> None:
    slack.fail("chat.postMessage", times=3, kind="429", retry_after_s=0)
    place = Place(network="slack", workspace_id=slack.team_id, channel_id=slack.channel("#general").id)
    for number in range(4):
        await bot.out(to_place(place, f"message {number}"))
    await slack.wait_for(lambda: len(slack.bot_messages("#general")) == 4)
    assert [m.text for m in slack.bot_messages("#general")] == [f"message {n}" for n in range(4)]
    assert {d.attempts for d in await bot.outbox.listed()} == {1}


async def test_a_429_says_how_long_to_wait(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.postMessage", kind="429", retry_after_s=17)
    with pytest.raises(Limited) as caught:
        await bot.chat.send(answer(question, "24 days."))
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        ("channel_not_found", Refused, "Slack refused chat.postMessage: channel_not_found."),
        ("invalid_blocks", Refused, "Slack refused chat.postMessage: invalid_blocks."),
        ("fatal_error", Unavailable, "Slack answered chat.postMessage with fatal_error."),
        ("token_revoked", Unavailable, "Slack does not accept the token for chat.postMessage: token_revoked."),
    ],
)
async def test_errors_of_slack_are_told_apart(
    bot: Bot, slack: FakeSlack, error: str, kind: type[Exception], said: str
) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.postMessage", kind="error", error=error)
    with pytest.raises(kind) as caught:
        await bot.chat.send(answer(question, "24 days."))
    assert str(caught.value).startswith(said)
    assert len(str(caught.value)) > len(said), "there is a hint"


async def test_the_bot_not_in_a_channel_fails_with_the_remedy(bot: Bot, slack: FakeSlack) -> None:
    place = await bot.chat.find_place("#random")
    with pytest.raises(Rejected, match=r"not_in_channel.*Invite the bot there: `/invite @signalbox`"):
        await bot.chat.send(to_place(place, "hello"))


async def test_a_long_answer_is_several_messages_and_completed_when_one_was_lost(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.postMessage", kind="drop_after")
    message = answer(question, LONG)
    with pytest.raises(Unavailable) as caught:
        await bot.chat.send(message)
    assert caught.value.sent is None
    found = await bot.chat.find(message)
    shown = slack.bot_messages("#general")
    assert found is not None
    assert found.message_id == shown[0].ts
    assert len(shown) > 2
    numbers = [m.metadata["event_payload"]["part"] for m in shown if m.metadata]  # type: ignore[index]
    assert numbers == list(range(len(shown)))
    said = " ".join(str(b["text"]["text"]) for m in shown for b in m.blocks)  # type: ignore[index]
    assert said.split() == LONG.split()
    again = await bot.chat.find(message)
    assert again == found
    assert len(slack.bot_messages("#general")) == len(shown)


async def test_a_failure_between_the_parts_is_not_begun_anew(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    slack.enforce_posting_limit()
    await bot.out(answer(question, LONG + LONG))
    await slack.wait_for(lambda: bot.outbox.waiting == 0 and len(slack.bot_messages("#general")) > 4, timeout_s=15)
    shown = slack.bot_messages("#general")
    assert [m.metadata["event_payload"]["part"] for m in shown if m.metadata] == list(range(len(shown)))  # type: ignore[index]


async def test_an_edit_grows_shrinks_and_is_withdrawn_with_all_its_parts(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    first = answer(question, "Short.")
    sent = await bot.chat.send(first)
    address = Address(place=question.place, message_id=sent.message_id)

    def edited(text: str, operation: str = "edit") -> Message:
        return Message(id=first.id, address=address, reply=Reply(text=text), operation=operation, created_at=now())  # type: ignore[arg-type]

    await bot.chat.send(edited(LONG))
    assert len(slack.bot_messages("#general")) > 2
    await bot.chat.send(edited("Short again."))
    assert [m.text for m in slack.bot_messages("#general")] == ["Short again."]
    await bot.chat.send(edited("", "delete"))
    await bot.chat.send(edited("", "delete"))
    assert slack.bot_messages("#general") == []


async def test_what_is_private_is_seen_by_its_person_only(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    await bot.chat.send(
        answer(question, Reply(text="Only you.", private=True), person_external_id=question.sender.external_id)
    )
    (seen,) = slack.ephemerals("ann")
    assert (seen.text, seen.thread_ts) == ("Only you.", question.message_id)
    assert slack.bot_messages("#general") == []


async def test_a_command_is_answered_through_its_own_address_also_where_the_bot_is_not(
    bot: Bot, slack: FakeSlack
) -> None:
    await slack.slash("bob", "#random", "help")
    (command,) = await bot.taking(1)
    hidden = {"person_external_id": command.sender.external_id, "respond_url": command.respond_url}
    await bot.chat.send(answer(command, "Only you.", **hidden))
    await bot.chat.send(answer(command, "For all.", respond_url=command.respond_url))
    assert [m.text for m in slack.ephemerals("bob")] == ["Only you."]
    assert [m.text for m in slack.bot_messages("#random")] == ["For all."]


async def test_an_answer_address_that_is_used_up_is_no_loss(bot: Bot, slack: FakeSlack) -> None:
    await slack.slash("ann", "#general", "help")
    (command,) = await bot.taking(1)
    hidden = {"person_external_id": command.sender.external_id, "respond_url": slack.base_url + "/response/gone"}
    await bot.chat.send(answer(command, "Only you.", **hidden))
    assert [m.text for m in slack.ephemerals("ann")] == ["Only you."]


async def test_somebody_who_is_not_in_the_channel_is_told_directly(bot: Bot, slack: FakeSlack) -> None:
    place = await bot.chat.find_place("secret")
    message = Message(
        id=new_id(),
        address=Address(place=place, person_external_id=f"{slack.team_id}/{slack.user('bob').id}"),
        reply=Reply(text="Psst.", private=True),
        created_at=now(),
    )
    await bot.chat.send(message)
    assert [m.text for m in slack.bot_messages(slack.dm("bob"))] == ["Psst."]


async def test_channels_are_found_by_name_and_id_and_people_are_written_to(bot: Bot, slack: FakeSlack) -> None:
    channel = slack.channel("#secret")
    place = await bot.chat.find_place("#secret")
    assert (place.channel_id, place.kind, place.key) == (channel.id, "private", f"slack:{slack.team_id}/{channel.id}")
    assert await bot.chat.find_place(channel.id) == place
    with pytest.raises(NotFound, match="no channel called #nowhere"):
        await bot.chat.find_place("nowhere")
    direct = await bot.chat.direct_place(f"{slack.team_id}/{slack.user('ann').id}")
    assert (direct.channel_id, direct.kind) == (slack.dm("ann").id, "direct")
    with pytest.raises(Rejected, match="Bots have no direct messages"):
        await bot.chat.direct_place(f"{slack.team_id}/{slack.user('robo').id}")


async def test_nothing_that_is_sent_can_ping_a_channel(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    for text in ("<!channel> <!here> @here @everyone", "`<!here>` **<!everyone>**", "```\n<!channel>\n```", "<@U123>"):
        await bot.chat.send(answer(question, text))
    for shown in slack.bot_messages("#general"):
        everything = shown.text + str(shown.blocks)
        assert "<!" not in everything
        assert "<@" not in everything
        assert "@here" not in everything
        assert "@everyone" not in everything


async def test_nothing_is_sent_before_there_is_a_connection(bot: Bot, slack: FakeSlack) -> None:
    idle = chat(Held({}), Settings(home=bot.storage.path.parent), bot.taken.inbox.newest)
    with pytest.raises(Unavailable, match="Slack is not connected"):
        await idle.send(to_place(Place(network="slack", channel_id="C1"), "x"))


async def test_a_status_shows_that_it_works_and_goes_with_the_answer(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "how much leave?")
    (question,) = await bot.taking(1)
    await bot.chat.working(question)
    assert list(slack.statuses.values()) == ["is looking that up…"]
    await bot.chat.send(answer(question, "24 days."))
    await slack.wait_for(lambda: not slack.statuses)


async def test_a_streamed_answer_grows_and_ends_as_one_message(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    ts = await bot.chat.open_reply(question, "You have")
    await bot.chat.grow_reply(question, ts, "You have 24 @he")
    await bot.chat.grow_reply(question, ts, "You have 24 @here days")
    (shown,) = slack.bot_messages("#general")
    assert shown.streaming
    assert "@here" not in shown.text
    assert f"stop:{question.id}" in str(shown.blocks)
    probe = Message(
        id=question.id, address=Address(place=question.place), reply=Reply(text=""), created_at=question.received_at
    )
    found = await bot.chat.find(probe)
    assert found is not None
    assert found.message_id == ts
    await bot.chat.send(answer(question, "You have 24 days.", message_id=ts))
    (shown,) = slack.bot_messages("#general")
    assert (shown.text, shown.streaming) == ("You have 24 days.", False)
    assert "stop:" not in str(shown.blocks)


@pytest.mark.parametrize("fault", ["error", "drop_after"])
async def test_where_streaming_fails_there_is_still_one_placeholder(bot: Bot, slack: FakeSlack, fault: str) -> None:
    question = await asked(bot, slack)
    slack.fail("chat.startStream", kind=fault, error="unknown_method")  # type: ignore[arg-type]
    ts = await bot.chat.open_reply(question, "You have")
    await bot.chat.grow_reply(question, ts, "You have 24")
    await bot.chat.send(answer(question, "You have 24 days.", message_id=ts))
    (shown,) = slack.bot_messages("#general")
    assert (shown.ts, shown.text) == (ts, "You have 24 days.")


async def test_a_direct_message_without_thread_is_edited_and_stop_is_pressed(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "how much leave?")
    (question,) = await bot.taking(1)
    ts = await bot.chat.open_reply(question, "You have")
    (shown,) = slack.bot_messages(slack.dm("ann"))
    assert (shown.ts, shown.thread_ts) == (ts, None)
    await slack.press("ann", shown, "button:0")
    (_, press) = await bot.taking(2)
    assert (press.kind, press.value) == (IncomingKind.PRESS, f"stop:{question.id}")
    assert press.place.conversation == question.place.conversation
    probe = Message(id=question.id, address=Address(place=question.place), reply=Reply(text=""), created_at=now())
    found = await bot.chat.find(probe)
    assert found is not None
    assert found.message_id == ts


async def test_growing_never_raises_and_keeps_quiet_when_asked_to(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    ts = await bot.chat.open_reply(question, "a")
    slack.fail("chat.appendStream", kind="429", retry_after_s=60)
    await bot.chat.grow_reply(question, ts, "ab")
    before = time.monotonic()
    await bot.chat.grow_reply(question, ts, "abc")
    assert time.monotonic() - before < 0.5
    assert len(slack.calls("chat.appendStream")) == 1
    await bot.chat.send(answer(question, "abcd", message_id=ts))
    assert [m.text for m in slack.bot_messages("#general")] == ["abcd"]


async def test_a_beginning_that_comes_too_late_is_taken_back(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann"), "how much leave?")
    (question,) = await bot.taking(1)
    opening = asyncio.ensure_future(bot.chat.open_reply(question, "You have"))
    await asyncio.sleep(0)  # the call begins, then the answer is ready and nobody waits for the beginning
    opening.cancel()
    await bot.chat.send(answer(question, "24 days."))
    await slack.wait_for(lambda: slack.calls("chat.delete") or len(slack.calls("chat.postMessage")) == 1)
    await slack.wait_for(lambda: [m.text for m in slack.bot_messages(slack.dm("ann"))] == ["24 days."])


async def test_a_status_that_cannot_be_taken_away_does_not_unsend_the_answer(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    await bot.chat.working(question)
    slack.fail("assistant.threads.setStatus", kind="500")
    sent = await bot.chat.send(answer(question, "24 days."))
    await slack.wait_for(lambda: len(slack.calls("assistant.threads.setStatus")) == 2)
    assert [m.ts for m in slack.bot_messages("#general")] == [sent.message_id]


async def test_an_answer_that_is_rewritten_while_it_grows_is_edited_as_a_whole(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    ts = await bot.chat.open_reply(question, "You have 20")
    await bot.chat.grow_reply(question, ts, "No: 24")
    (shown,) = slack.bot_messages("#general")
    assert (shown.text, shown.streaming) == ("No: 24", False)
    slack.fail("chat.update", kind="drop_after")
    await bot.chat.grow_reply(question, ts, "No: 24 days")
    await bot.chat.send(answer(question, "24 days.", message_id=ts))
    assert [m.text for m in slack.bot_messages("#general")] == ["24 days."]


async def test_a_placeholder_deleted_by_hand_does_not_swallow_the_answer(bot: Bot, slack: FakeSlack) -> None:
    question = await asked(bot, slack)
    ts = await bot.chat.open_reply(question, "You have")
    await slack.delete(slack.bot_messages("#general")[0])
    await bot.chat.send(answer(question, "24 days.", message_id=ts))
    assert [m.text for m in slack.bot_messages("#general")] == ["24 days."]


async def test_a_restart_finds_the_placeholder_and_ends_its_stream(slack: FakeSlack, tmp_path: Path) -> None:
    async with running(slack, tmp_path) as first:
        question = await asked(first, slack)
        ts = await first.chat.open_reply(question, "You have")
    async with running(slack, tmp_path) as second:
        address = Address(place=question.place)
        probe = Message(id=question.id, address=address, reply=Reply(text=""), created_at=question.received_at)
        found = await second.chat.find(probe)
        assert found is not None
        assert found.message_id == ts
        await second.out(answer(question, "24 days.", message_id=ts))
        await slack.wait_for(lambda: second.outbox.waiting == 0)
    assert [(m.text, m.streaming) for m in slack.bot_messages("#general")] == [("24 days.", False)]
