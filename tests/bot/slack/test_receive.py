"""What arrives from Slack, over a real socket, is stored before it is acknowledged, once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from core.values import Button, IncomingKind, Reply
from tests.bot.slack.conftest import Bot, answer, running
from tests.fakes.slack import FakeSlack


async def test_a_mention_arrives_once_though_slack_sends_two_events(bot: Bot, slack: FakeSlack) -> None:
    said = await slack.say("ann", "#general", f"{slack.mention} how much leave &amp; when?")
    await slack.wait_for(lambda: len([e for e in slack.envelopes_of(said) if e.acked_at]) == 2)
    (one,) = bot.taken.all
    ann = slack.user("ann")
    assert (one.kind, one.text, one.addressed) == (IncomingKind.MESSAGE, "how much leave & when?", True)
    assert one.sender.external_id == f"{slack.team_id}/{ann.id}"
    assert (one.sender.kind, one.sender.name) == ("member", "ann")
    assert (one.place.kind, one.place.name) == ("public", "general")
    assert one.place.thread_id == said.ts == one.message_id
    assert bot.taken.tries == 2


async def test_a_direct_message_is_addressed_and_has_no_thread(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", slack.dm("ann").id, "how much leave?")
    (one,) = await bot.taking(1)
    assert (one.place.kind, one.place.thread_id, one.addressed) == ("direct", "", True)


async def test_talk_among_people_is_not_addressed(bot: Bot, slack: FakeSlack) -> None:
    first = await slack.say("ann", "#general", "lunch?")
    await slack.say("bob", "#general", "yes", thread_ts=first.ts)
    one, two = await bot.taking(2)
    assert (one.addressed, two.addressed) == (False, False)
    assert two.place.thread_id == first.ts


async def test_guests_strangers_and_bots_are_told_apart(bot: Bot, slack: FakeSlack) -> None:
    for who in ("gus", "sam", "robo"):
        await slack.say(who, "#general", f"{slack.mention} hi")
    arrivals = await bot.taking(3)
    assert [one.sender.kind for one in arrivals] == ["guest", "stranger", "bot"]
    assert arrivals[1].sender.external_id == f"T0ELSEWHR1/{slack.user('sam').id}"
    assert arrivals[0].sender.email == ""


async def test_messages_of_one_channel_keep_their_order(bot: Bot, slack: FakeSlack) -> None:
    slack.fail("users.info", times=1, kind="timeout")  # the first sender is hard to look up
    await slack.say("ann", "#general", "one")
    await slack.say("bob", "#general", "two")
    await slack.say("ann", "#general", "three")
    arrivals = await bot.taking(3)
    assert [one.text for one in arrivals] == ["one", "two", "three"]
    assert arrivals[0].sender.kind == "unknown"
    assert all((e.ack_s or 9) < 3 for e in slack.envelopes("message"))


async def test_an_event_is_acknowledged_only_after_it_is_written(bot: Bot, slack: FakeSlack) -> None:
    slack.socket.redeliver_after_s = 0.2
    bot.taken.broken = True
    said = await slack.say("ann", slack.dm("ann").id, "do not lose me")
    await slack.wait_for(lambda: bot.taken.tries >= 1)
    assert slack.envelopes_of(said)[0].acked_at is None
    bot.taken.broken = False
    await slack.wait_for(lambda: any(e.acked_at for e in slack.envelopes_of(said)))
    assert bot.taken.texts() == ["do not lose me"]


async def test_a_second_delivery_is_no_second_message(bot: Bot, slack: FakeSlack) -> None:
    said = await slack.say("ann", slack.dm("ann").id, "once")
    await bot.taking(1)
    await slack.redeliver(slack.envelopes_of(said)[0])
    await slack.wait_for(lambda: len([e for e in slack.envelopes_of(said) if e.acked_at]) == 2)
    assert bot.taken.texts() == ["once"]


async def test_edits_and_deletions_of_people_arrive_and_our_own_do_not(bot: Bot, slack: FakeSlack) -> None:
    said = await slack.say("ann", "#general", f"{slack.mention} leve?")  # codespell:ignore leve
    (question,) = await bot.taking(1)
    sent = await bot.chat.send(answer(question, "24 days."))
    await bot.chat.send(answer(question, "25 days.", message_id=sent.message_id))
    await slack.edit(said, f"{slack.mention} leave?")
    (_, edit) = await bot.taking(2)
    await slack.delete(said)  # it has a reply, so Slack leaves a tombstone
    (_, _, deletion) = await bot.taking(3)
    assert (edit.kind, edit.text, edit.message_id) == (IncomingKind.EDIT, "leave?", said.ts)
    assert (deletion.kind, deletion.message_id) == (IncomingKind.DELETE, said.ts)
    assert edit.place.conversation == question.place.conversation == deletion.place.conversation


async def test_a_slash_command_is_acknowledged_and_carries_its_answer_address(bot: Bot, slack: FakeSlack) -> None:
    envelope = await slack.slash("ann", "#general", "help ask")
    (one,) = await bot.taking(1)
    await slack.wait_for(lambda: envelope.acked_at)
    assert (one.kind, one.text, one.place.thread_id) == (IncomingKind.COMMAND, "help ask", "")
    assert one.respond_url.startswith(slack.base_url)


async def test_a_replayed_press_is_one_press(bot: Bot, slack: FakeSlack) -> None:
    await slack.say("ann", "#general", f"{slack.mention} deploy")
    (question,) = await bot.taking(1)
    reply = Reply(text="Sure?", buttons=(Button(label="Run it", value="confirm:c1", style="primary"),))
    sent = await bot.chat.send(answer(question, reply))
    shown = next(m for m in slack.bot_messages("#general") if m.ts == sent.message_id)
    envelope = await slack.press("ann", shown, "button:0")
    (_, press) = await bot.taking(2)
    again = await slack.press_again(envelope)
    await slack.wait_for(lambda: again.acked_at)
    assert (press.kind, press.value, press.message_id) == (IncomingKind.PRESS, "confirm:c1", sent.message_id)
    assert press.place.conversation == question.place.conversation
    assert len(bot.taken.all) == 2


async def test_malformed_frames_and_odd_payloads_lose_nothing(bot: Bot, slack: FakeSlack) -> None:
    for frame in (
        "not json",
        "[]",
        '{"type":',
        '{"type":"events_api"}',
        "\x00",
        '{"type":"hello","x":' + "9" * 5000 + "}",
    ):
        slack.socket.send_raw(frame)
    odd = slack.send("events_api", {"type": "event_callback", "event": {"type": "message", "ts": "x"}})
    huge = await slack.say("ann", slack.dm("ann").id, "a" * 1_000_000)
    await slack.wait_for(lambda: odd.acked_at and any(e.acked_at for e in slack.envelopes_of(huge)))
    (one,) = await bot.taking(1)
    assert len(one.text) == 1_000_000
    assert bot.chat.health().state == "ok"


async def test_somebody_leaving_is_told(slack: FakeSlack, tmp_path: Path) -> None:
    told: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    async def left(person: str, place: str) -> None:
        await told.put((person, place))

    async with running(slack, tmp_path, when_left=left):
        await slack.leave("bob", "#general")
        person, place = await asyncio.wait_for(told.get(), 2)
    channel = slack.channel("#general")
    assert (person, place) == (f"{slack.team_id}/{slack.user('bob').id}", f"slack:{slack.team_id}/{channel.id}")
