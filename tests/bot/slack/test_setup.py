"""Setting Slack up: the manifest, and the check of tokens before they are used."""

from __future__ import annotations

import json
import subprocess
import sys

from bot.slack import check, manifest, manifest_text
from bot.slack.manifest import EVENTS, SCOPES
from tests.fakes.slack import FakeSlack


def test_the_manifest_is_bare_and_asks_for_what_is_used() -> None:
    text = manifest_text("Helper", {"/report": "The team's report"})
    parsed = json.loads(text)
    assert text.startswith("{\n")
    assert parsed == manifest("Helper", {"/report": "The team's report"})
    assert [one["command"] for one in parsed["features"]["slash_commands"]] == ["/signalbox", "/report"]
    assert parsed["settings"]["socket_mode_enabled"] is True
    assert parsed["settings"]["interactivity"] == {"is_enabled": True}
    assert parsed["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert set(EVENTS) == set(parsed["settings"]["event_subscriptions"]["bot_events"])


async def test_good_tokens_are_named_and_nothing_is_wrong(slack: FakeSlack) -> None:
    slack.scopes |= set(SCOPES)
    found = await check(slack.bot_token, slack.app_token, url=slack.api_url)
    assert found.ok, found.problems
    assert (found.kind, found.workspace, found.team_id) == ("bot", "Signalbox Test", slack.team_id)
    assert found.app_token_valid
    assert abs(found.clock_skew_s or 99) < 5


async def test_missing_scopes_and_a_wrong_app_token_are_named_with_their_remedy(slack: FakeSlack) -> None:
    slack.scopes = set(SCOPES) - {"im:history", "commands"}
    found = await check(slack.bot_token, "xapp-wrong", url=slack.api_url)
    assert found.missing_scopes == ("commands", "im:history")
    scopes, token = found.problems
    assert scopes.what == "The bot token lacks the scopes commands, im:history."
    assert "install the app again" in scopes.remedy
    assert token.what.startswith("The app token: Slack does not accept the token")
    assert "connections:write" in token.remedy
    assert not found.app_token_valid


async def test_tokens_of_the_wrong_kind_are_not_even_sent(slack: FakeSlack) -> None:
    found = await check("xoxp-1", "xoxb-1", url=slack.api_url)
    assert [problem.what.partition(";")[0] for problem in found.problems] == [
        "SLACK_BOT_TOKEN is a person's token",
        "SLACK_APP_TOKEN is a bot token",
    ]
    assert slack.calls() == []


async def test_a_slack_that_is_away_is_a_problem_and_no_error() -> None:
    found = await check("xoxb-1", "xapp-1", url="http://127.0.0.1:9/api/")
    assert [
        problem.what.startswith(("Slack cannot be reached", "The app token: Slack")) for problem in found.problems
    ] == [
        True,
        True,
    ]


def test_no_library_of_slack_is_imported_before_there_are_tokens() -> None:
    said = "import bot.slack, sys; print(sorted({'aiohttp', 'slack_bolt', 'slack_sdk'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
