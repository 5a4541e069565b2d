"""Payloads as Slack sends them to an app: events, slash commands, button presses, submitted modals."""

import time

from tests.fakes.slack_model import APP_ID, TEAM_ID, Channel, Json, Message, User, View
from tests.fakes.slack_workspace import Workspace

_MESSAGE_EVENTS = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}
TEAM: Json = {"id": TEAM_ID, "domain": "signalbox-test"}
VERIFICATION_TOKEN = "not-used-in-socket-mode"


def message_subscription(channel: Channel) -> str:
    """The event name an app subscribes to for messages in this kind of channel."""
    return _MESSAGE_EVENTS[channel.kind]


def message_event(workspace: Workspace, message: Message) -> Json:
    channel = workspace.channels[message.channel_id]
    event = workspace.as_json(message) | {
        "channel": channel.id, "event_ts": message.ts, "channel_type": channel.kind,
    }  # fmt: skip
    if message.team_id != TEAM_ID:
        event |= {"user_team": message.team_id, "source_team": message.team_id}
    return event


def mention_event(workspace: Workspace, message: Message) -> Json:
    event = message_event(workspace, message) | {"type": "app_mention"}
    del event["channel_type"]
    return event


def changed_event(workspace: Workspace, old: Message, new: Message) -> Json:
    ts = workspace.new_ts()
    return {
        "type": "message", "subtype": "message_changed", "hidden": True, "ts": ts, "event_ts": ts,
        "channel": new.channel_id, "channel_type": workspace.channels[new.channel_id].kind,
        "message": workspace.as_json(new), "previous_message": old.to_json(),
    }  # fmt: skip


def deleted_event(workspace: Workspace, old: Message) -> Json:
    ts = workspace.new_ts()
    return {
        "type": "message", "subtype": "message_deleted", "hidden": True, "ts": ts, "event_ts": ts,
        "channel": old.channel_id, "channel_type": workspace.channels[old.channel_id].kind,
        "deleted_ts": old.ts, "previous_message": old.to_json(),
    }  # fmt: skip


def membership_event(workspace: Workspace, kind: str, user: User, channel: Channel) -> Json:
    return {
        "type": kind, "user": user.id, "channel": channel.id, "team": TEAM_ID,
        "channel_type": "G" if channel.kind == "group" else "C", "event_ts": workspace.new_ts(),
    }  # fmt: skip


def event_callback(workspace: Workspace, event: Json, *, shared: bool) -> Json:
    """The outer event; each one has its own id, even two for the same message."""
    return {
        "token": VERIFICATION_TOKEN, "team_id": TEAM_ID, "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID, "event": event, "type": "event_callback", "event_id": workspace.new_id("Ev"),
        "event_time": int(time.time()), "is_ext_shared_channel": shared,
        "event_context": workspace.new_id("4-"),
        "authorizations": [{"enterprise_id": None, "team_id": TEAM_ID, "user_id": workspace.bot.id,
                            "is_bot": True, "is_enterprise_install": False}],
    }  # fmt: skip


def slash_payload(user: User, channel: Channel, command: str, text: str, *, response_url: str, trigger_id: str) -> Json:
    return {
        "token": VERIFICATION_TOKEN, "team_id": TEAM_ID, "team_domain": TEAM["domain"],
        "channel_id": channel.id,
        "channel_name": channel.name if channel.kind != "group" else "privategroup", "user_id": user.id,
        "user_name": user.name, "command": command, "text": text, "api_app_id": APP_ID,
        "is_enterprise_install": "false", "response_url": response_url, "trigger_id": trigger_id,
    }  # fmt: skip


def _interaction(kind: str, user: User, trigger_id: str) -> Json:
    return {
        "type": kind, "team": TEAM, "user": {"id": user.id, "username": user.name, "name": user.name,
                                             "team_id": user.team_id},
        "api_app_id": APP_ID, "token": VERIFICATION_TOKEN, "trigger_id": trigger_id, "enterprise": None,
        "is_enterprise_install": False,
    }  # fmt: skip


def press_payload(
    workspace: Workspace, user: User, message: Message, action: Json, *, response_url: str, trigger_id: str
) -> Json:
    channel = workspace.channels[message.channel_id]
    ephemeral = message.ephemeral_for is not None
    payload = _interaction("block_actions", user, trigger_id) | {
        "container": {"type": "message", "message_ts": message.ts, "channel_id": channel.id,
                      "is_ephemeral": ephemeral}
        | ({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        "channel": {"id": channel.id, "name": channel.name}, "state": {"values": {}},
        "response_url": response_url, "actions": [action | {"action_ts": workspace.new_ts()}],
    }  # fmt: skip
    return payload if ephemeral else payload | {"message": workspace.as_json(message)}


def submission_payload(user: User, view: View, values: Json, *, trigger_id: str) -> Json:
    return _interaction("view_submission", user, trigger_id) | {
        "view": view.to_json() | {"state": {"values": values}}, "response_urls": [],
    }  # fmt: skip
