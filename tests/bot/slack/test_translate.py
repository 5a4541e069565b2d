"""Slack's payloads in Signalbox's words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.slack.translate import (
    Arrival,
    Left,
    Me,
    from_history,
    incoming_of,
    markdown_of,
    moment_of,
    place_of,
    read,
    sender_of,
)
from core.values import IncomingKind, Place, Sender

ME = Me(team_id="T1", user_id="UBOT", bot_id="BBOT")
NAMES = {"U2": "bob", "C2": "ops"}


def name_of(identifier: str) -> str:
    return NAMES.get(identifier, "")


def event(**fields: object) -> dict[str, object]:
    inner = {"type": "message", "channel": "C1", "channel_type": "channel", "user": "U1", "ts": "1700000000.000100"}
    return {"type": "event_callback", "event_id": "Ev1", "event": inner | fields}


@pytest.mark.parametrize(
    ("said", "read_as"),
    [
        ("<@UBOT> how much leave?", "how much leave?"),
        ("hey <@UBOT>, leave?", "hey , leave?"),
        ("<@UBOT|signalbox> leave?", "leave?"),
        ("ask <@U2> or <@U3> in <#C2> or <#C3|random>", "ask @bob or @U3 in #ops or #random"),
        ("see <https://x.org/a|the page> and <https://y.org>", "see [the page](https://x.org/a) and https://y.org"),
        ("<mailto:a@b.org|a@b.org>", "a@b.org"),
        ("<!here> <!subteam^S1|@team> <!date^1^{date}|today>", "@here @team today"),
        ("a &lt;b&gt; &amp;amp; &lt;@U2&gt;", "a <b> &amp; <@U2>"),
        ("<@UBOT> ```\n  indented   code\n```", "```\n  indented   code\n```"),
    ],
)
def test_text_becomes_markdown(said: str, read_as: str) -> None:
    assert markdown_of(said, ME, name_of) == read_as


def test_an_app_mention_and_its_message_are_the_same_arrival() -> None:
    message = read(event(text="<@UBOT> hi"), ME)
    mention = read(event(type="app_mention", text="<@UBOT> hi", channel_type=None), ME)
    assert isinstance(message, Arrival)
    assert isinstance(mention, Arrival)
    assert (message.kind, message.message_id, message.channel_id) == (mention.kind, mention.message_id, "C1")
    assert message.sent_at == datetime(2023, 11, 14, 22, 13, 20, 100, tzinfo=UTC) == moment_of("1700000000.000100")


@pytest.mark.parametrize(
    "fields",
    [
        {"subtype": "channel_join"},
        {"user": "UBOT"},
        {"bot_id": "BBOT"},
        {"type": "reaction_added"},
        {"subtype": "message_changed", "message": {"ts": "1.0", "user": "UBOT", "text": "x"}},
        {
            "subtype": "message_changed",  # a preview was added
            "message": {"ts": "1.0", "user": "U1", "text": "x"},
            "previous_message": {"ts": "1.0", "user": "U1", "text": "x"},
        },
        {"subtype": "message_deleted", "deleted_ts": "1.0", "previous_message": {"user": "UBOT"}},
    ],
)
def test_what_says_nothing_to_the_bot_is_left_out(fields: dict[str, object]) -> None:
    assert read(event(**fields), ME) is None


def test_leaving_is_told_apart_from_talking() -> None:
    assert read(event(type="member_left_channel"), ME) == Left(channel_id="C1", user_id="U1")
    gone = {"type": "event_callback", "event": {"type": "channel_left", "channel": "C1"}}
    assert read(gone, ME) == Left(channel_id="C1", user_id="UBOT")


def test_a_form_carries_its_fields_and_where_it_was_opened() -> None:
    values = {
        "field:text": {"text": {"type": "plain_text_input", "value": "milk"}},
        "field:day": {"day": {"type": "datepicker", "selected_date": "2026-01-02"}},
        "field:kind": {"kind": {"type": "static_select", "selected_option": {"value": "a"}}},
        "field:none": {"none": {"type": "plain_text_input", "value": None}},
    }
    origin = '{"action": "notes.add", "channel": "C1", "thread": "1.0", "message": "2.0", "respond": "http://r"}'
    body = {
        "type": "view_submission", "user": {"id": "U1", "team_id": "T1", "name": "ann"}, "trigger_id": "t",
        "view": {"id": "V1", "private_metadata": origin, "state": {"values": values}},
    }  # fmt: skip
    form = read(body, ME)
    assert isinstance(form, Arrival)
    assert (form.kind, form.value, form.thread_ts) == (IncomingKind.FORM, "form:notes.add", "1.0")
    assert form.fields == {"text": "milk", "day": "2026-01-02", "kind": "a"}


def test_a_group_message_is_private_and_answered_in_its_thread() -> None:
    arrival = from_history({"user": "U1", "ts": "5.000000", "text": "hi <@UBOT>"}, "G1", "mpim", ME)
    assert arrival is not None
    place = place_of({"id": "G1", "is_mpim": True, "name": "mpdm"}, ME)
    incoming = incoming_of(arrival, Sender(network="slack", external_id="T1/U1"), place, "hi", ME)
    assert (incoming.place.kind, incoming.place.thread_id, incoming.addressed) == ("private", "5.000000", True)


def test_a_thread_in_a_direct_message_keeps_its_thread() -> None:
    arrival = from_history({"user": "U1", "ts": "6.0", "thread_ts": "5.0", "text": "hi"}, "D1", "im", ME)
    assert arrival is not None
    place = Place(network="slack", workspace_id="T1", channel_id="D1", kind="direct")
    incoming = incoming_of(arrival, Sender(network="slack", external_id="T1/U1"), place, "hi", ME)
    assert (incoming.place.conversation, incoming.addressed) == ("slack:T1/D1/5.0", True)


@pytest.mark.parametrize(
    ("user", "kind", "email"),
    [
        ({"team_id": "T1", "is_email_confirmed": True, "profile": {"email": "a@b.org"}}, "member", "a@b.org"),
        ({"team_id": "T1", "profile": {"email": "a@b.org"}}, "member", ""),
        ({"team_id": "T1", "is_ultra_restricted": True}, "guest", ""),
        ({"team_id": "T2"}, "stranger", ""),
        ({"team_id": "T2", "is_bot": True}, "bot", ""),
        ({"team_id": "T1", "deleted": True}, "unknown", ""),
    ],
)
def test_people_are_what_slack_says_they_are(user: dict[str, object], kind: str, email: str) -> None:
    sender = sender_of({"id": "U1", "name": "ann"} | user, ME)
    assert (sender.kind, sender.email, sender.name) == (kind, email, "ann")
    assert sender.external_id == f"{user['team_id']}/U1"
