"""The fake Slack, driven by the real slack-bolt and slack_sdk over loopback."""

import asyncio
import importlib.util
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack_model import Json, Message
from tests.fakes.slack_remote import FakeSlackProcess

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"
Payload = dict[str, Any]  # what slack-bolt hands to its listeners


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


def new_app(client: AsyncWebClient) -> AsyncApp:
    return AsyncApp(client=client)


@asynccontextmanager
async def connected(app: AsyncApp, slack: FakeSlack, ping_interval: float = 0.2) -> AsyncIterator[AsyncSocketModeHandler]:
    handler = AsyncSocketModeHandler(app, slack.app_token, ping_interval=ping_interval)
    before = len(slack.socket.sockets)
    await handler.connect_async()
    await slack.wait_for(lambda: len(slack.socket.sockets) > before)
    try:
        yield handler
    finally:
        await handler.close_async()


def recording_app(client: AsyncWebClient) -> tuple[AsyncApp, list[Payload]]:
    """An app that acknowledges and keeps every event it sees."""
    app, seen = new_app(client), list[Payload]()

    async def keep(body: Payload) -> None:
        seen.append(body)

    for kind in ("message", "app_mention", "member_left_channel", "reaction_added"):
        app.event(kind)(keep)
    return app, seen


def answering_app(client: AsyncWebClient) -> AsyncApp:
    app = new_app(client)

    async def answer(event: Payload, say: Callable[..., Awaitable[object]]) -> None:
        await say(text=f"You said: {event['text']}", thread_ts=event.get("thread_ts") or event["ts"])

    async def ignore() -> None:
        return None

    app.event("app_mention")(answer)
    app.event("message")(ignore)
    return app


BUTTON: Json = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "approve", "value": "c1", "text": {"type": "plain_text", "text": "Approve"}}
    ],
}


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
    assert [m.text for m in slack.ephemerals("gus")] == ["Working", "Done: echo x"]
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
        await slack.press("ada", message, "approve")
        await slack.wait_for(lambda: slack.bot_messages("general")[0].text == "Approved")
    body = pressed[0]
    assert (body["user"]["id"], body["message"]["ts"]) == (slack.user("ada").id, posted["ts"])
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == ("c1", message.blocks[0]["block_id"])
    assert body["container"]["is_ephemeral"] is False
    with pytest.raises(LookupError, match=r"action_id 'refuse'; there is \['approve'\]"):
        await slack.press("ada", message, "refuse")


async def test_modal_opens_by_a_fresh_trigger_and_its_values_come_back(
    slack: FakeSlack, client: AsyncWebClient
) -> None:
    app, submitted = new_app(client), list[Payload]()
    text_input = {"type": "plain_text_input", "action_id": "name"}
    block = {"type": "input", "block_id": "who", "label": {"type": "plain_text", "text": "Name"}, "element": text_input}
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


# the Web API


async def test_history_pages_and_shows_metadata_only_when_asked(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.channel("general").id
    first = await slack.say("ann", general, "0", age_s=60)
    for number in range(1, 5):
        await slack.say("ann", general, str(number))
    metadata = {"event_type": "signalbox_reply", "event_payload": {"key": "k1"}}
    await client.chat_postMessage(channel=general, text="5", thread_ts=first.ts, metadata=metadata)
    pages, cursor = list[list[str]](), ""
    while True:
        page = await client.conversations_history(channel=general, limit=2, cursor=cursor)
        pages.append([m["text"] for m in page["messages"]])
        if not page["has_more"]:
            break
        cursor = page["response_metadata"]["next_cursor"]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]
    after = await client.conversations_history(channel=general, oldest=first.ts)
    assert [m["text"] for m in after["messages"]] == ["4", "3", "2", "1"]
    plain = await client.conversations_replies(channel=general, ts=first.ts)
    full = await client.conversations_replies(channel=general, ts=first.ts, include_all_metadata=True)
    assert [m.get("metadata") for m in plain["messages"]] == [None, None]
    assert [m.get("metadata") for m in full["messages"]] == [None, metadata]
    assert full["messages"][0]["reply_count"] == 1


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.chat_postMessage(channel="C404", text="x"), "channel_not_found"),
        (lambda c: c.chat_postMessage(channel="#random", text="x"), "not_in_channel"),
        (lambda c: c.chat_postMessage(channel="#general", text="x" * 40_001), "msg_too_long"),
        (lambda c: c.chat_postMessage(channel="#general", text="x", blocks=[{"type": "divider"}] * 51), "invalid_blocks"),
        (lambda c: c.chat_postMessage(channel="#general", text=""), "no_text"),
        (lambda c: c.chat_update(channel="#general", ts="1.0", text="x"), "message_not_found"),
        (lambda c: c.conversations_history(channel="C404"), "channel_not_found"),
        (lambda c: c.users_info(user="U404"), "user_not_found"),
        (lambda c: c.views_open(trigger_id="t", view={"type": "modal", "title": {"type": "plain_text", "text": "T"},
                                                      "blocks": []}), "invalid_trigger_id"),
        (lambda c: c.auth_test(token="xoxb-wrong"), "invalid_auth"),
        (lambda c: c.apps_connections_open(app_token=c.token), "not_allowed_token_type"),
        (lambda c: c.api_call("chat.nonsense"), "unknown_method"),
    ],
)  # fmt: skip
async def test_errors_are_slacks(
    slack: FakeSlack, client: AsyncWebClient, call: Callable[[AsyncWebClient], Awaitable[object]], error: str
) -> None:
    with pytest.raises(SlackApiError) as caught:
        await call(client)
    assert caught.value.response["error"] == error
    assert slack.call_log[-1].error == error


async def test_missing_scope_names_what_is_needed_and_given(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.scopes = {"chat:write"}
    with pytest.raises(SlackApiError) as caught:
        await client.users_list()
    answer = caught.value.response
    assert (answer["error"], answer["needed"], answer["provided"]) == ("missing_scope", "users:read", "chat:write")
    assert (await client.auth_test()).headers["x-oauth-scopes"] == "chat:write"


async def test_people_and_places_are_listed_as_slack_tells_them_apart(slack: FakeSlack, client: AsyncWebClient) -> None:
    people = {user["name"]: user for user in (await client.users_list())["members"]}
    assert [name for name, user in people.items() if user["is_restricted"]] == ["gus"]
    assert people["sam"]["team_id"] != slack.team_id
    assert (people["olga"]["is_owner"], people["ada"]["is_admin"], people["robo"]["is_bot"]) == (True, True, True)
    by_mail = await client.users_lookupByEmail(email="ann@example.com")
    assert by_mail["user"]["id"] == slack.user("ann").id
    channels = await client.conversations_list(types="public_channel,private_channel")
    assert {c["name"]: c["is_member"] for c in channels["channels"]} == {"general": True, "random": False, "secret": True}
    members = await client.conversations_members(channel=slack.channel("secret").id)
    assert members["members"] == [slack.user("ada").id, slack.user("ann").id, slack.bot_user_id]
    opened = await client.conversations_open(users=[slack.user("ann").id])
    assert opened["channel"]["id"] == slack.dm("ann").id
    assert (await client.team_info())["team"]["id"] == slack.team_id


async def test_ephemeral_is_seen_by_its_person_and_not_in_history(slack: FakeSlack, client: AsyncWebClient) -> None:
    await client.chat_postEphemeral(channel="#general", user=slack.user("ann").id, text="code 123")
    assert [m.text for m in slack.ephemerals("ann")] == ["code 123"]
    assert slack.messages("general") == []


async def test_streamed_message_grows_and_ends(slack: FakeSlack, client: AsyncWebClient) -> None:
    question = await slack.say("ann", "#general", "q")
    stream = await client.chat_stream(
        channel=question.channel_id, thread_ts=question.ts, recipient_user_id=question.user_id,
        recipient_team_id=slack.team_id, buffer_size=1,
    )  # fmt: skip
    for part in ("one ", "two ", "three"):
        await stream.append(markdown_text=part)
    assert slack.replies(question)[0].streaming
    with pytest.raises(SlackApiError, match="streaming_state_conflict"):
        await client.chat_update(channel=question.channel_id, ts=slack.replies(question)[0].ts, text="x")
    await stream.stop(blocks=[BUTTON])
    (reply,) = slack.replies(question)
    assert (reply.text, reply.streaming, len(reply.blocks)) == ("one two three", False, 1)


async def test_status_shows_until_the_reply(slack: FakeSlack, client: AsyncWebClient) -> None:
    question = await slack.say("ann", "#general", "q")
    await client.assistant_threads_setStatus(channel_id=question.channel_id, thread_ts=question.ts, status="reads")
    assert slack.statuses == {(question.channel_id, question.ts): "reads"}
    await client.chat_postMessage(channel=question.channel_id, thread_ts=question.ts, text="a")
    assert slack.statuses == {}


async def test_file_upload_in_three_steps_posts_the_file(slack: FakeSlack, client: AsyncWebClient) -> None:
    general = slack.channel("general")
    await client.files_upload_v2(channel=general.id, content="a,b\n1,2\n", filename="t.csv", initial_comment="Table")
    (message,) = slack.bot_messages(general)
    (file,) = slack.workspace.files.values()
    assert (message.text, message.files[0]["name"], file.content) == ("Table", "t.csv", b"a,b\n1,2\n")


async def test_reaction_update_and_delete_change_the_message(slack: FakeSlack, client: AsyncWebClient) -> None:
    question = await slack.say("ann", "#general", "q")
    await client.reactions_add(channel=question.channel_id, timestamp=question.ts, name="eyes")
    assert slack.messages("general")[0].reactions == {"eyes": [slack.bot_user_id]}
    posted = await client.chat_postMessage(channel=question.channel_id, text="draft")
    await client.chat_update(channel=question.channel_id, ts=str(posted["ts"]), text="final")
    assert slack.bot_messages("general")[0].text == "final"
    await client.chat_delete(channel=question.channel_id, ts=str(posted["ts"]))
    assert slack.bot_messages("general") == []
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel=question.channel_id, ts=question.ts, text="not mine")


# faults


async def test_dropped_answer_leaves_the_message_posted(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.fail("chat.postMessage", kind="drop_before")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="#general", text="lost")
    slack.fail("chat.postMessage", kind="drop_after")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.chat_postMessage(channel="#general", text="kept")
    assert [m.text for m in slack.bot_messages("general")] == ["kept"]
    assert [c.performed for c in slack.calls("chat.postMessage")] == [False, True]


async def test_429_carries_retry_after_and_ends(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.fail("chat.postMessage", times=2, kind="429", retry_after_s=7)
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel="#general", text="x")
        assert caught.value.response.headers["Retry-After"] == "7"
    await client.chat_postMessage(channel="#general", text="x")
    assert [c.status for c in slack.calls("chat.postMessage")] == [429, 429, 200]


async def test_429_is_ridden_out_by_the_sdks_retry(slack: FakeSlack) -> None:
    patient = AsyncWebClient(
        slack.bot_token, base_url=slack.api_url, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)]
    )
    slack.fail("chat.postMessage", kind="429", retry_after_s=0)
    await patient.chat_postMessage(channel="#general", text="x")
    assert len(slack.bot_messages("general")) == 1


async def test_500_and_silence_have_no_effect(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.fail("chat.postMessage", kind="500")
    with pytest.raises(SlackApiError, match="internal_error"):
        await client.chat_postMessage(channel="#general", text="x")
    slack.fail("chat.postMessage", kind="timeout")
    client.timeout = cast(int, 0.1)
    with pytest.raises(TimeoutError):
        await client.chat_postMessage(channel="#general", text="x")
    assert slack.messages("general") == []


async def test_posting_limit_allows_four_and_refuses_the_fifth(slack: FakeSlack, client: AsyncWebClient) -> None:
    slack.enforce_posting_limit()
    for number in range(4):
        await client.chat_postMessage(channel="#general", text=str(number))
    with pytest.raises(SlackApiError, match="ratelimited") as caught:
        await client.chat_postMessage(channel="#general", text="4")
    assert caught.value.response.headers["Retry-After"] == "1"
    await client.chat_postMessage(channel="#secret", text="another channel")


async def test_body_that_is_not_json_is_refused(slack: FakeSlack) -> None:
    headers = {"Authorization": f"Bearer {slack.bot_token}", "Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.post(f"{slack.api_url}chat.postMessage", data=b"{\xff") as answer:
            assert await answer.json() == {"ok": False, "error": "invalid_json"}


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
        await handler.connect_async()
        try:
            question = await remote.say("ann", "#general", f"{remote.mention} hello")
            deadline = time.monotonic() + 5
            while not (replies := await remote.replies(question)) and time.monotonic() < deadline:
                await asyncio.sleep(0.01)
        finally:
            await handler.close_async()
        assert [m.text for m in replies] == [f"You said: {remote.mention} hello"]
        assert [c.error for c in await remote.calls("chat.postMessage")] == [None]
        assert (await remote.edit(question, "x")).text == "x"
        with pytest.raises(LookupError, match="No user is called 'nobody'"):
            await remote.say("nobody", "#general", "x")
        with pytest.raises(LookupError, match="There is no control called 'shout'"):
            await remote.act("shout")


# the vendor's contract


def contract() -> tuple[ModuleType, Any]:
    if not (CONTRACTS / "slack.json").exists():
        pytest.skip(f"There are no contracts at {CONTRACTS}.")
    spec = importlib.util.spec_from_file_location("mock_vendor", CONTRACTS / "mock_vendor.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # the contracts' folder is not ours
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module, module.Contract(str(CONTRACTS / "slack.json"))


async def exercise(slack: FakeSlack, client: AsyncWebClient) -> Message:
    """Call every method once with success."""
    ann, general = slack.user("ann"), slack.channel("general").id
    question = await slack.say(ann, general, "q")
    slash = await slack.slash(ann, general, "x")
    await client.apps_connections_open(app_token=slack.app_token)
    await client.auth_test()
    await client.team_info()
    await client.users_info(user=ann.id)
    await client.users_list()
    await client.users_lookupByEmail(email=ann.email)
    await client.conversations_info(channel=general)
    await client.conversations_members(channel=general)
    await client.conversations_list()
    await client.conversations_open(users=[ann.id])
    posted = str((await client.chat_postMessage(channel=general, text="a", thread_ts=question.ts, blocks=[BUTTON]))["ts"])
    await client.chat_postEphemeral(channel=general, user=ann.id, text="e")
    await client.chat_update(channel=general, ts=posted, text="b")
    await client.chat_delete(channel=general, ts=posted)
    await client.reactions_add(channel=general, timestamp=question.ts, name="eyes")
    await client.assistant_threads_setStatus(channel_id=general, thread_ts=question.ts, status="s")
    stream = str((await client.chat_startStream(
        channel=general, thread_ts=question.ts, recipient_user_id=ann.id, recipient_team_id=slack.team_id))["ts"])  # fmt: skip
    await client.chat_appendStream(channel=general, ts=stream, markdown_text="m")
    await client.chat_stopStream(channel=general, ts=stream)
    await client.conversations_history(channel=general, limit=1)
    await client.conversations_replies(channel=general, ts=question.ts)
    await client.views_open(trigger_id=str(slash.payload["trigger_id"]), view={
        "type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []})  # fmt: skip
    await client.files_upload_v2(channel=general, content="x", filename="x.txt")
    return question


async def test_answers_have_the_shapes_of_the_contracts_examples(slack: FakeSlack, client: AsyncWebClient) -> None:
    _, vendor = contract()
    await exercise(slack, client)
    wrong = list[str]()
    for call in slack.calls():
        operation = vendor.raw["paths"].get(f"/{call.method}", {}).get("post")
        if operation is None:
            continue
        example = operation["responses"]["200"]["content"]["application/json"]["example"]
        wrong += [f"{call.method}: {problem}" for problem in differences(example, call.answer)]
    assert wrong == []


def differences(example: Json, answer: Json) -> list[str]:
    """Top-level fields that the example has and the answer lacks, and values of another JSON type."""
    optional = {"response_metadata", "has_more"}
    missing = [f"lacks {name}" for name in example if name not in answer and name not in optional]
    return missing + [
        f"{name} is a {type(answer[name]).__name__}, not a {type(value).__name__}"
        for name, value in example.items()
        if name in answer and type(answer[name]) is not type(value)
    ]


async def test_the_sdks_calls_recorded_here_fit_the_contract(slack: FakeSlack, client: AsyncWebClient) -> None:
    module, vendor = contract()
    await exercise(slack, client)
    wrong, checked = list[str](), set[str]()
    for call in slack.calls():
        operation = vendor.raw["paths"].get(f"/{call.method}", {}).get("post")
        if operation is None:
            continue
        schema = module.modernise(operation["requestBody"]["content"]["application/json"]["schema"], vendor.v30)
        pairs = [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in call.arguments.items()]
        wrong += [f"{call.method}: {problem}" for problem in vendor.check(schema, vendor.form(pairs, schema), "body")]
        checked.add(call.method)
    assert wrong == []
    assert len(checked) == 24
