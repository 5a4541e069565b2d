"""Slack's payloads as `Arrival`s, and those as `Incoming`: the last place that knows what Slack sends."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from core.values import Incoming, IncomingKind, Place, Sender, new_id, now

NETWORK = "slack"
Payload = Mapping[str, Any]
PlaceKind = Literal["direct", "private", "public", "unknown"]
_KINDS: Mapping[str, PlaceKind] = {"im": "direct", "mpim": "private", "group": "private", "channel": "public"}
_SAID = frozenset({"", "file_share", "thread_broadcast", "me_message", "bot_message"})
_TOKEN = re.compile(r"<([^<>\n]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Me:
    """The bot as `auth.test` knows it."""

    team_id: str
    user_id: str
    bot_id: str
    workspace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """What one payload says, before the sender and the place are looked up. text is Slack's."""

    kind: IncomingKind
    channel_id: str
    user_id: str
    message_id: str = ""
    channel_type: str = ""
    channel_name: str = ""
    thread_ts: str = ""
    user_team: str = ""
    user_name: str = ""
    bot_id: str = ""
    event_id: str = ""
    text: str = ""
    value: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    respond_url: str = ""
    trigger_id: str = ""
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """Somebody left a channel, or the bot itself did."""

    channel_id: str
    user_id: str


def read(body: Payload, me: Me) -> Arrival | Left | None:
    """What a payload of Socket Mode says; None when there is nothing in it for the bot."""
    if "command" in body:
        return _command(body)
    kind = body.get("type")
    if kind == "block_actions":
        return _press(body)
    if kind == "view_submission":
        return _form(body)
    event = body.get("event")
    if not isinstance(event, dict):
        return None
    if event.get("type") in ("member_left_channel", "channel_left", "group_left"):
        return Left(channel_id=str(event["channel"]), user_id=str(event.get("user") or me.user_id))
    if event.get("type") not in ("message", "app_mention"):
        return None
    return _message(event, me, event_id=str(body.get("event_id", "")))


def from_history(message: Payload, channel_id: str, channel_type: str, me: Me) -> Arrival | None:
    """A message as history shows it; None when it is the bot's own or none that somebody said."""
    return _said(dict(message) | {"channel": channel_id, "channel_type": channel_type}, me, event_id="")


def moment_of(ts: str) -> datetime:
    """The moment a Slack timestamp (`seconds.micros`) stands for. Raises ValueError for another text."""
    return datetime.fromtimestamp(float(ts), UTC)


def mentions(text: str, me: Me) -> bool:
    """True when Slack's text names the bot."""
    return f"<@{me.user_id}>" in text or f"<@{me.user_id}|" in text


# ── Events ──


def _message(event: Payload, me: Me, *, event_id: str) -> Arrival | None:
    subtype = event.get("subtype") or ""
    if subtype == "message_changed":
        return _changed(event, me, event_id)
    if subtype == "message_deleted":
        return _deleted(event, event.get("previous_message") or {}, str(event["deleted_ts"]), me, event_id)
    return _said(event, me, event_id=event_id)


def _said(event: Payload, me: Me, *, event_id: str) -> Arrival | None:
    if (event.get("subtype") or "") not in _SAID or event.get("hidden") or _mine(event, me):
        return None
    ts = str(event["ts"])
    return Arrival(
        kind=IncomingKind.MESSAGE, message_id=ts, event_id=event_id, sent_at=moment_of(ts), **_common(event, event)
    )


def _changed(event: Payload, me: Me, event_id: str) -> Arrival | None:
    """An edit by a person. A preview of a link that was added, or our own edits, are none."""
    new, old = event.get("message") or {}, event.get("previous_message") or {}
    if new.get("subtype") == "tombstone":
        return _deleted(event, old, str(new["ts"]), me, event_id)
    if (new.get("subtype") or "") not in _SAID or _mine(new, me) or new.get("text") == old.get("text"):
        return None
    edited = new.get("edited") or {}
    return Arrival(
        kind=IncomingKind.EDIT,
        message_id=str(new["ts"]),
        event_id=event_id,
        sent_at=moment_of(str(edited.get("ts") or event["ts"])),
        **_common(event, new),
    )


def _deleted(event: Payload, old: Payload, ts: str, me: Me, event_id: str) -> Arrival | None:
    if _mine(old, me):
        return None
    at = moment_of(str(event["ts"]))
    return Arrival(kind=IncomingKind.DELETE, message_id=ts, event_id=event_id, sent_at=at, **_common(event, old))


def _common(event: Payload, message: Payload) -> dict[str, Any]:
    return {
        "channel_id": str(event["channel"]),
        "channel_type": str(event.get("channel_type") or ""),
        "user_id": str(message.get("user") or message.get("bot_id") or ""),
        "user_team": str(message.get("user_team") or message.get("team") or ""),
        "bot_id": str(message.get("bot_id") or ""),
        "user_name": str(message.get("username") or ""),
        "thread_ts": str(message.get("thread_ts") or ""),
        "text": str(message.get("text") or ""),
    }


def _mine(message: Payload, me: Me) -> bool:
    return message.get("user") == me.user_id or bool(me.bot_id and message.get("bot_id") == me.bot_id)


# ── Commands and interactions ──


def _command(body: Payload) -> Arrival:
    return Arrival(
        kind=IncomingKind.COMMAND,
        channel_id=str(body["channel_id"]),
        channel_type="im" if body.get("channel_name") == "directmessage" else "",
        user_id=str(body["user_id"]),
        user_name=str(body.get("user_name") or ""),
        event_id=f"command:{body.get('trigger_id', '')}",
        text=str(body.get("text") or ""),
        respond_url=str(body.get("response_url") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        sent_at=now(),
    )


def _press(body: Payload) -> Arrival | None:
    actions, channel = body.get("actions") or [], body.get("channel") or {}
    if not actions or not channel:
        return None
    container, user = body.get("container") or {}, body["user"]
    message = body.get("message") or {}
    ts = str(container.get("message_ts") or message.get("ts") or "")
    hidden = bool(container.get("is_ephemeral"))
    return Arrival(
        kind=IncomingKind.PRESS,
        channel_id=str(channel["id"]),
        channel_type="im" if channel.get("name") == "directmessage" else "",
        user_id=str(user["id"]),
        user_team=str(user.get("team_id") or ""),
        user_name=str(user.get("name") or ""),
        message_id=ts,
        thread_ts=str(container.get("thread_ts") or message.get("thread_ts") or ("" if hidden else ts)),
        event_id=f"press:{body.get('trigger_id', '')}:{actions[0].get('action_ts', '')}",
        value=_input(actions[0]),
        respond_url=str(body.get("response_url") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        sent_at=now(),
    )


def _form(body: Payload) -> Arrival | None:
    view, user = body["view"], body["user"]
    try:
        origin = json.loads(view.get("private_metadata") or "")
    except ValueError:
        return None
    fields: dict[str, str] = {}
    for inputs in ((view.get("state") or {}).get("values") or {}).values():
        fields |= {name: text for name, element in inputs.items() if (text := _input(element))}
    return Arrival(
        kind=IncomingKind.FORM,
        channel_id=str(origin["channel"]),
        channel_type=str(origin.get("type") or ""),
        user_id=str(user["id"]),
        user_team=str(user.get("team_id") or ""),
        user_name=str(user.get("name") or ""),
        thread_ts=str(origin.get("thread") or ""),
        message_id=str(origin.get("message") or ""),
        event_id=f"form:{view.get('id', '')}:{body.get('trigger_id', '')}",
        value=f"form:{origin['action']}",
        fields=fields,
        respond_url=str(origin.get("respond") or ""),
        trigger_id=str(body.get("trigger_id") or ""),
        sent_at=now(),
    )


def _input(element: Payload) -> str:
    """What was typed, chosen or pressed, as text; several choices with commas."""
    for name in ("selected_option", "selected_options"):
        chosen = element.get(name)
        if isinstance(chosen, dict):
            return str(chosen.get("value", ""))
        if isinstance(chosen, list):
            return ",".join(str(one.get("value", "")) for one in chosen)
    for name in ("selected_date", "selected_user", "selected_channel", "selected_conversation", "value"):
        if element.get(name) is not None:
            return str(element[name])
    return ""


# ── People and places ──


def sender_of(user: Payload, me: Me) -> Sender:
    """Who a `users.info` describes. The e-mail only when Slack says that it is confirmed."""
    team = str(user.get("team_id") or me.team_id)
    profile = user.get("profile") or {}
    return Sender(
        network=NETWORK,
        external_id=f"{team}/{user['id']}",
        name=str(profile.get("display_name") or profile.get("real_name") or user.get("name") or ""),
        email=str(profile.get("email") or "") if user.get("is_email_confirmed") is True else "",
        kind=_sender_kind(user, team, me),
    )


def _sender_kind(user: Payload, team: str, me: Me) -> Literal["member", "guest", "stranger", "bot", "unknown"]:
    if user.get("is_bot") or user["id"] == "USLACKBOT":
        return "bot"
    if team != me.team_id or user.get("is_stranger"):
        return "stranger"
    if user.get("is_restricted") or user.get("is_ultra_restricted"):
        return "guest"
    return "unknown" if user.get("deleted") else "member"


def place_of(channel: Payload, me: Me) -> Place:
    """Where a `conversations.info` is."""
    kind: PlaceKind = "public"
    if channel.get("is_im"):
        kind = "direct"
    elif any(channel.get(mark) for mark in ("is_private", "is_mpim", "is_group")):
        kind = "private"
    return Place(
        network=NETWORK,
        workspace_id=me.team_id,
        channel_id=str(channel["id"]),
        kind=kind,
        name=str(channel.get("name") or ""),
        shared=any(bool(channel.get(mark)) for mark in ("is_ext_shared", "is_pending_ext_shared")),
    )


def kind_of(channel_type: str) -> PlaceKind:
    """The kind of place an event's `channel_type` means."""
    return _KINDS.get(channel_type, "unknown")


def markdown_of(text: str, me: Me, name_of: Callable[[str], str]) -> str:
    """Slack's text as Markdown, without the mention of the bot. `name_of(id)` is a name, or empty."""

    def token(found: re.Match[str]) -> str:
        target, _, label = found.group(1).partition("|")
        mark, rest = target[:1], target[1:]
        if mark == "@":
            return f"@{label or name_of(rest) or rest}"
        if mark == "#":
            return f"#{label or name_of(rest) or rest}"
        if mark == "!":
            return label or f"@{rest.partition('^')[0]}"
        address = target.removeprefix("mailto:")
        return f"[{label}]({target})" if label and label not in (target, address) else address

    unaddressed = re.sub(rf"<@{re.escape(me.user_id)}(?:\|[^<>]*)?>[ \t]?", "", text)
    cleaned = _TOKEN.sub(token, unaddressed)
    for entity in ("&lt;", "&gt;", "&amp;"):
        cleaned = cleaned.replace(entity, html.unescape(entity))
    return cleaned.strip()


def incoming_of(arrival: Arrival, sender: Sender, place: Place, text: str, me: Me) -> Incoming:
    """The arrival in Signalbox's words. Replies in a channel go to the thread of what they answer."""
    said = arrival.kind in (IncomingKind.MESSAGE, IncomingKind.EDIT, IncomingKind.DELETE)
    thread = arrival.thread_ts
    if not thread and said and place.kind != "direct":
        thread = arrival.message_id
    elif place.kind == "direct" and thread == arrival.message_id:
        thread = ""
    return Incoming(
        id=new_id(),
        kind=arrival.kind,
        place=Place(
            network=NETWORK,
            workspace_id=place.workspace_id,
            channel_id=place.channel_id,
            thread_id=thread,
            kind=place.kind,
            name=place.name,
        ),
        sender=sender,
        message_id=arrival.message_id,
        event_id=arrival.event_id,
        text=text,
        value=arrival.value,
        fields=arrival.fields,
        addressed=not said or place.kind == "direct" or mentions(arrival.text, me),
        respond_url=arrival.respond_url,
        sent_at=arrival.sent_at,
        received_at=now(),
    )
