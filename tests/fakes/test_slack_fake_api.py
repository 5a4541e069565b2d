"""The fake Slack's Web API and its faults, driven by the real slack_sdk, and held against the contract."""

import importlib.util
import json
import sys
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.slack import FakeSlack
from tests.fakes.slack_bolt_apps import (
    BUTTON,
    DIVIDERS,
    EMPTY_MODAL,
)
from tests.fakes.slack_model import Json, Message

CONTRACTS = Path(__file__).parents[2].parent / "shared" / "contracts"


@pytest.fixture
async def slack() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as fake:
        yield fake


@pytest.fixture
def client(slack: FakeSlack) -> AsyncWebClient:
    return AsyncWebClient(slack.bot_token, base_url=slack.api_url, retry_handlers=[])


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
        (lambda c: c.chat_postMessage(channel="#general", text="x", blocks=DIVIDERS), "invalid_blocks"),
        (lambda c: c.api_call("chat.postMessage", json={"channel": "#general"}), "no_text"),
        (lambda c: c.chat_update(channel="#general", ts="1.0", text="x"), "message_not_found"),
        (lambda c: c.conversations_history(channel="C404"), "channel_not_found"),
        (lambda c: c.users_info(user="U404"), "user_not_found"),
        (lambda c: c.views_open(trigger_id="t", view=EMPTY_MODAL), "invalid_trigger_id"),
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
    assert (answer["error"], answer["needed"], answer["provided"]) == (
        "missing_scope",
        "users:read",
        "chat:write",
    )
    assert (await client.auth_test()).headers["x-oauth-scopes"] == "chat:write"


async def test_people_and_places_are_listed_as_slack_tells_them_apart(slack: FakeSlack, client: AsyncWebClient) -> None:
    people = {user["name"]: user for user in (await client.users_list())["members"]}
    assert [name for name, user in people.items() if user["is_restricted"]] == ["gus"]
    assert people["sam"]["team_id"] != slack.team_id
    assert (people["olga"]["is_owner"], people["ada"]["is_admin"], people["robo"]["is_bot"]) == (
        True,
        True,
        True,
    )
    by_mail = await client.users_lookupByEmail(email="ann@example.com")
    assert by_mail["user"]["id"] == slack.user("ann").id
    channels = await client.conversations_list(types="public_channel,private_channel")
    assert {c["name"]: c["is_member"] for c in channels["channels"]} == {
        "general": True,
        "random": False,
        "secret": True,
    }
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
        slack.bot_token,
        base_url=slack.api_url,
        retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=1)],
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
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{slack.api_url}chat.postMessage", data=b"{\xff") as answer,
    ):
        assert await answer.json() == {"ok": False, "error": "invalid_json"}


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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its file to the collector
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
    posted = str(
        (await client.chat_postMessage(channel=general, text="a", thread_ts=question.ts, blocks=[BUTTON]))["ts"]
    )
    await client.chat_postEphemeral(channel=general, user=ann.id, text="e")
    await client.chat_update(channel=general, ts=posted, text="b")
    await client.chat_delete(channel=general, ts=posted)
    await client.reactions_add(channel=general, timestamp=question.ts, name="eyes")
    await client.assistant_threads_setStatus(channel_id=general, thread_ts=question.ts, status="s")
    stream = str(
        (
            await client.chat_startStream(
                channel=general,
                thread_ts=question.ts,
                recipient_user_id=ann.id,
                recipient_team_id=slack.team_id,
            )
        )["ts"]
    )
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
