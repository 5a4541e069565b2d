"""Slack: `chat(secrets, settings, newest)` is the network; `check` and `manifest` help to set it up."""

from __future__ import annotations

from bot.slack.chat import SlackChat
from bot.slack.check import check
from bot.slack.connection import Timing
from bot.slack.history import Newest
from bot.slack.manifest import manifest, manifest_text
from bot.slack.modals import FindDefinition
from bot.slack.receive import WhenLeft
from core.config.settings import Settings
from core.ports import Secrets

__all__ = ["SlackChat", "Timing", "chat", "check", "manifest", "manifest_text"]


def chat(
    secrets: Secrets,
    settings: Settings,
    newest: Newest,
    *,
    forms: FindDefinition | None = None,
    when_left: WhenLeft | None = None,
    timing: Timing | None = None,
) -> SlackChat:
    """The network, not yet running.

    newest: `Inbox.newest`. forms: the registry's `get`, for modals. when_left: told
    (`T/U` of the person, key of the place) when somebody leaves a channel.
    """
    return SlackChat(secrets, settings, newest, forms=forms, when_left=when_left, timing=timing)
