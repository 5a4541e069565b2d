"""The fake Slack's events, sockets and interactions, driven by the real slack-bolt over loopback."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack_bolt_apps import BUTTON, Payload, answering_app, connected, new_app, recording_app
from tests.fakes.slack_remote import FakeSlackProcess


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


# events


async def test_mention_is_answered_in_its_thread(slack: FakeSlack, client: AsyncWebClient) -> None:
    async with connected(answering_app(client), slack):
        question = await slack.say("ann", "#general", f"{slack.mention} hello")
        (reply,) = await slack.wait_for(lambda: slack.replies(question))
    assert (reply.user_id, reply.thread_ts) == (slack.bot_user_id, question.ts)
    assert reply.text == f"You said: {slack.mention} hello"


async def test_mention_makes_two_events_with_one_ts_and_two_ids(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        question = await slack.say("ann", "#general", f"{slack.mention} hello")
        await slack.wait_for(lambda: len(seen) == 2)
        await slack.wait_for(lambda: all(e.acked_at for e in slack.envelopes_of(question)))
    assert sorted(body["event"]["type"] for body in seen) == ["app_mention", "message"]
    assert {body["event"]["ts"] for body in seen} == {question.ts}
    assert len({body["event_id"] for body in seen}) == 2
    assert all(e.ack_s is not None and 0 < e.ack_s < 1 for e in slack.envelopes_of(question))


async def test_direct_message_makes_one_event_of_type_im(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        await slack.say("ann", slack.dm("ann"), f"{slack.mention} hi")
        await slack.say("ann", "#random", f"{slack.mention} the bot is not here")
        await slack.say("ann", "#secret", "last")
        await slack.wait_for(lambda: seen and seen[-1]["event"]["text"] == "last")
    assert [body["event"]["channel_type"] for body in seen] == ["im", "group"]


async def test_edit_delete_and_tombstone_arrive_as_slack_sends_them(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        lone = await slack.say("ann", "#general", "lone")
        parent = await slack.say("ann", "#general", "parent")
        await slack.say("bob", "#general", "reply", thread_ts=parent.ts)
        await slack.edit(lone, "changed")
        await slack.delete(lone)
        await slack.delete(parent)
        await slack.leave("bob", "#general")
        await slack.wait_for(lambda: len(seen) == 7)
    edited, deleted, tombstone, left = (body["event"] for body in seen[3:])
    assert (edited["subtype"], edited["message"]["text"]) == ("message_changed", "changed")
    assert (edited["message"]["edited"]["user"], edited["previous_message"]["text"]) == (lone.user_id, "lone")
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", lone.ts)
    assert (tombstone["subtype"], tombstone["message"]["subtype"]) == ("message_changed", "tombstone")
    assert (left["type"], left["user"]) == ("member_left_channel", slack.user("bob").id)


async def test_unacknowledged_event_is_redelivered_with_its_attempt(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.socket.redeliver_after_s = 0.1
    app, tries = new_app(client), list[str]()

    async def fail_once(body: Payload, next_: Callable[[], Awaitable[None]]) -> None:
        tries.append(body["event_id"])
        if len(tries) == 1:
            raise OSError("the disk is full")
        await next_()

    async def fine() -> None:
        return None

    app.use(fail_once)
    app.event("message")(fine)
    async with connected(app, slack):
        message = await slack.say("ann", "#general", "hello")
        await slack.wait_for(lambda: len(tries) == 2)
        first, second = slack.envelopes_of(message)
        await slack.wait_for(lambda: second.acked_at)
    assert tries[0] == tries[1]
    assert first.acked_at is None
    assert (second.retry_attempt, second.retry_reason) == (1, "timeout")
    assert first.envelope_id != second.envelope_id


async def test_redelivery_by_hand_repeats_an_acknowledged_event(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        message = await slack.say("ann", "#general", "once")
        await slack.wait_for(lambda: seen)
        await slack.redeliver(slack.envelopes_of(message)[0])
        await slack.wait_for(lambda: len(seen) == 2)
    assert seen[0]["event_id"] == seen[1]["event_id"]


# sockets


async def test_event_without_a_socket_is_in_history_and_not_replayed(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    missed = await slack.say("ann", "#general", "nobody listens", age_s=600)
    async with connected(app, slack):
        await slack.say("ann", "#general", "now")
        await slack.wait_for(lambda: seen)
    assert [body["event"]["text"] for body in seen] == ["now"]
    assert [e.event["ts"] for e in slack.socket.missed] == [missed.ts]
    history = await client.conversations_history(channel=slack.channel("general").id)
    assert [m["text"] for m in history["messages"]] == ["now", "nobody listens"]


@pytest.mark.parametrize("how", ["disconnect", "cut", "silence"])
async def test_client_comes_back_after_a_broken_socket(slack: FakeSlack, client: AsyncWebClient, how: str) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        getattr(slack, how)()
        await slack.wait_for(lambda: slack.socket.connects == 2, timeout_s=10)
        await slack.connected(timeout_s=10)
        await slack.say("ann", "#general", "still there?")
        await slack.wait_for(lambda: seen)
    assert seen[0]["event"]["text"] == "still there?"


async def test_refused_handshake_is_tried_again(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.refuse_sockets(1)
    app, _ = recording_app(client)
    async with connected(app, slack, ping_interval=0.1):
        assert slack.socket.refusals == 0
        await slack.wait_for(lambda: slack.socket.pings)


async def test_outage_ends_and_the_client_is_back(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, seen = recording_app(client)
    async with connected(app, slack):
        await slack.go_down()
        await slack.say("ann", "#general", "during the outage")
        await slack.come_back()
        await slack.connected(timeout_s=10)
        await slack.say("ann", "#general", "after it")
        await slack.wait_for(lambda: seen)
    assert [body["event"]["text"] for body in seen] == ["after it"]


async def test_eleventh_socket_is_told_there_are_too_many(slack: FakeSlack, client: AsyncWebClient) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = []
        for _ in range(11):
            opened = await client.apps_connections_open(app_token=slack.app_token)
            sockets.append(await session.ws_connect(str(opened["url"])))
        *hellos, refused = [await ws.receive_json() for ws in sockets]
    assert [hello["num_connections"] for hello in hellos] == list(range(1, 11))
    assert (refused["type"], refused["reason"]) == ("disconnect", "too_many_websockets")


async def test_ticket_opens_one_socket_only(slack: FakeSlack) -> None:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)
    async with aiohttp.ClientSession() as session:
        first = await session.ws_connect(str(opened["url"]))
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(str(opened["url"]))
        assert not first.closed


async def test_frames_that_are_not_acknowledgements_are_kept_as_bad(slack: FakeSlack) -> None:
    opened = await AsyncWebClient(base_url=slack.api_url).apps_connections_open(app_token=slack.app_token)
    async with aiohttp.ClientSession() as session:
        ws = await session.ws_connect(str(opened["url"]))
        await ws.send_str("{nonsense")
        await ws.send_str('{"envelope_id": "unknown"}')
        await slack.wait_for(lambda: len(slack.socket.bad_frames) == 2)


# interactions


async def test_slash_command_answers_by_acknowledgement_and_response_url(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    app = new_app(client)

    async def command(
        ack: Callable[..., Awaitable[None]], respond: Callable[..., Awaitable[object]], body: Payload
    ) -> None:
        await ack("Working")
        await respond(f"Done: {body['text']}")

    app.command("/signalbox")(command)
    async with connected(app, slack):
        envelope = await slack.slash("gus", "#general", "echo x")
        await slack.wait_for(lambda: len(slack.ephemerals("gus")) == 2)
    assert sorted(m.text for m in slack.ephemerals("gus")) == ["Done: echo x", "Working"]  # they race
    assert slack.ephemerals("ann") == []
    assert envelope.ack_payload == {"text": "Working"}
    assert slack.calls("response_url")[0].performed


async def test_press_reaches_the_app_which_replaces_the_message(slack: FakeSlack, client: AsyncWebClient) -> None:
    app, pressed = new_app(client), list[Payload]()

    async def approve(
        ack: Callable[..., Awaitable[None]], body: Payload, respond: Callable[..., Awaitable[object]]
    ) -> None:
        await ack()
        pressed.append(body)
        await respond(text="Approved", replace_original=True)

    app.action("approve")(approve)
    async with connected(app, slack):
        posted = await client.chat_postMessage(channel="#general", text="Approve?", blocks=[BUTTON])
        message = slack.bot_messages("general")[0]
        with pytest.raises(LookupError, match=r"action_id 'refuse'; there is \['approve'\]"):
            await slack.press("ada", message, "refuse")
        await slack.press("ada", message, "approve")
        await slack.wait_for(lambda: slack.bot_messages("general")[0].text == "Approved")
    body = pressed[0]
    assert (body["user"]["id"], body["message"]["ts"]) == (slack.user("ada").id, posted["ts"])
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == (
        "c1",
        message.blocks[0]["block_id"],
    )
    assert body["container"]["is_ephemeral"] is False


async def test_modal_opens_by_a_fresh_trigger_and_its_values_come_back(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    app, submitted = new_app(client), list[Payload]()
    text_input = {"type": "plain_text_input", "action_id": "name"}
    block = {
        "type": "input",
        "block_id": "who",
        "label": {"type": "plain_text", "text": "Name"},
        "element": text_input,
    }
    view = {"type": "modal", "callback_id": "form", "title": {"type": "plain_text", "text": "Form"},
            "submit": {"type": "plain_text", "text": "Send"}, "blocks": [block]}  # fmt: skip

    async def command(ack: Callable[..., Awaitable[None]], body: Payload) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    async def submission(ack: Callable[..., Awaitable[None]], body: Payload) -> None:
        submitted.append(body)
        await ack(response_action="errors", errors={"who": "Taken"})

    app.command("/signalbox")(command)
    app.view("form")(submission)
    async with connected(app, slack):
        slash = await slack.slash("ann", "#general", "form")
        await slack.wait_for(lambda: slack.views)
        envelope = await slack.submit_view("ann", next(iter(slack.views)), {"name": "Zoe"})
        await slack.wait_for(lambda: envelope.acked_at)
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            await client.views_open(trigger_id=str(slash.payload["trigger_id"]), view=view)
    assert submitted[0]["view"]["state"]["values"] == {"who": {"name": {"type": "plain_text_input", "value": "Zoe"}}}
    assert envelope.ack_payload == {"response_action": "errors", "errors": {"who": "Taken"}}


# speed


async def test_fifty_messages_a_second_cost_the_fake_a_fraction_of_one(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    started = time.perf_counter()
    async with connected(answering_app(client), slack, ping_interval=5):
        for number in range(50):
            await slack.say("ann", "#general", f"{slack.mention} {number}")
        await slack.wait_for(lambda: len(slack.bot_messages("general")) == 50, timeout_s=10)
    took_s = time.perf_counter() - started
    assert 0 < slack.inside_s() < took_s / 2, f"{slack.inside_s():.3f} s of {took_s:.3f} s inside the fake"


# its own process


async def test_process_of_its_own_is_driven_by_its_control_api() -> None:
    async with FakeSlackProcess() as remote:
        client = AsyncWebClient(remote.bot_token, base_url=remote.api_url)
        app = answering_app(client)
        handler = AsyncSocketModeHandler(app, remote.app_token)
        await handler.connect_async()  # type: ignore[no-untyped-call]
        try:
            question = await remote.say("ann", "#general", f"{remote.mention} hello")
            replies = await remote.wait_for(lambda: remote.replies(question))
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call]
        assert [m.text for m in replies] == [f"You said: {remote.mention} hello"]
        assert [c.error for c in await remote.calls("chat.postMessage")] == [None]
        assert (await remote.edit(question, "x")).text == "x"
        with pytest.raises(LookupError, match="No user is called 'nobody'"):
            await remote.say("nobody", "#general", "x")
        with pytest.raises(LookupError, match="There is no control called 'shout'"):
            await remote.act("shout")
