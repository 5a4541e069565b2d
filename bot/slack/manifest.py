"""The app a team makes for itself at Slack, as the manifest Slack takes."""

from __future__ import annotations

import json
from collections.abc import Mapping

SCOPES: Mapping[str, str] = {
    "app_mentions:read": "hear mentions",
    "assistant:write": "show that it is busy",
    "channels:history": "read what was missed in public channels it is in",
    "channels:read": "know channels by name",
    "chat:write": "answer",
    "commands": "offer /signalbox",
    "groups:history": "read what was missed in private channels it is in",
    "groups:read": "know private channels it is in by name",
    "im:history": "read direct messages to it",
    "im:read": "find direct messages to it",
    "im:write": "write to people directly",
    "mpim:history": "read group messages it is in",
    "mpim:read": "find group messages it is in",
    "team:read": "know the workspace's name",
    "users:read": "know names, guests and bots",
    "users:read.email": "recognise people by a confirmed e-mail",
}
"""Scope → what it is for."""
EVENTS = (
    "app_mention", "channel_left", "group_left", "member_left_channel", "message.channels", "message.groups",
    "message.im", "message.mpim",
)  # fmt: skip
COMMAND = "/signalbox"
MOST_COMMANDS = 9


def manifest(name: str = "Signalbox", favourites: Mapping[str, str] | None = None) -> dict[str, object]:
    """The manifest as data. favourites: up to eight further commands (`/report` → what it does)."""
    commands = {COMMAND: "Ask, or run a command", **(favourites or {})}
    listed = [
        {"command": command, "description": about[:2_000], "usage_hint": "[question or command]", "should_escape": True}
        for command, about in list(commands.items())[:MOST_COMMANDS]
    ]
    return {
        "_metadata": {"major_version": 1, "minor_version": 1},
        "display_information": {
            "name": name[:35],
            "description": "Answers from what the team knows, with sources, and runs its commands",
            "background_color": "#1f2937",
        },
        "features": {
            "app_home": {
                "home_tab_enabled": False, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": name[:80], "always_online": True},
            "slash_commands": listed,
        },
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS)},
            "interactivity": {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": True,
            "token_rotation_enabled": False,
        },
    }  # fmt: skip


def manifest_text(name: str = "Signalbox", favourites: Mapping[str, str] | None = None) -> str:
    """The manifest as JSON (which is YAML too), bare, to be pasted at api.slack.com/apps."""
    return json.dumps(manifest(name, favourites), indent=2, ensure_ascii=False) + "\n"
