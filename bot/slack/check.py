"""Looks at a pair of tokens before they are used, and says what is wrong and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from bot.slack.chat import wrong_kind
from bot.slack.manifest import SCOPES
from bot.slack.web import SLACK_API, Web
from core.errors import AppError
from core.values import now

SKEW_S = 60.0
TIMEOUT_S = 10.0
_KINDS = {"xoxb-": "bot", "xoxp-": "person", "xapp-": "app", "xoxe": "rotating"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, and what mends it."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a pair of tokens is good for. clock_skew_s: how far this machine's clock is ahead of Slack's."""

    kind: str
    workspace: str = ""
    team_id: str = ""
    bot_user_id: str = ""
    missing_scopes: tuple[str, ...] = ()
    app_token_valid: bool = False
    clock_skew_s: float | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def ok(self) -> bool:
        """True when nothing is wrong."""
        return not self.problems


async def check(bot_token: str, app_token: str, *, url: str = SLACK_API) -> Check:
    """What Slack says to these tokens; never raises for what Slack or the network answers."""
    kind = next((kind for start, kind in _KINDS.items() if bot_token.startswith(start)), "unknown")
    problems = [
        Problem(what=said, remedy="signalbox init slack")
        for said in (
            wrong_kind("SLACK_BOT_TOKEN", bot_token, "xoxb-"),
            wrong_kind("SLACK_APP_TOKEN", app_token, "xapp-"),
        )
        if said
    ]
    if problems:
        return Check(kind=kind, problems=tuple(problems))
    import aiohttp
    from slack_sdk.web.async_client import AsyncWebClient

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session:
        client = AsyncWebClient(bot_token, base_url=url.rstrip("/") + "/", session=session, retry_handlers=[])
        return await _asked(Web(client, session), kind, app_token)


async def _asked(web: Web, kind: str, app_token: str) -> Check:
    problems: list[Problem] = []
    body: Mapping[str, object] = {}
    missing: tuple[str, ...] = ()
    skew_s: float | None = None
    try:
        body, headers = await web.ask("auth.test")
        missing, skew_s = _missing(headers), _skew(headers)
    except AppError as error:
        problems.append(Problem(what=error.message, remedy=error.hint or "Try again."))
    if missing:
        remedy = "Paste `signalbox init slack --manifest` at api.slack.com/apps, then install the app again."
        problems.append(Problem(what=f"The bot token lacks the scopes {', '.join(missing)}.", remedy=remedy))
    if skew_s is not None and abs(skew_s) > SKEW_S:
        where = "ahead of" if skew_s > 0 else "behind"
        problems.append(
            Problem(what=f"The clock is {abs(skew_s):.0f} s {where} Slack's.", remedy="timedatectl set-ntp true")
        )
    valid = True
    try:
        await web.new_socket(app_token)
    except AppError as error:
        valid = False
        remedy = "Make an app-level token with the scope connections:write at api.slack.com/apps."
        problems.append(Problem(what=f"The app token: {error.message}", remedy=remedy))
    return Check(
        kind=kind,
        workspace=str(body.get("team") or ""),
        team_id=str(body.get("team_id") or ""),
        bot_user_id=str(body.get("user_id") or ""),
        missing_scopes=missing,
        app_token_valid=valid,
        clock_skew_s=skew_s,
        problems=tuple(problems),
    )


def _missing(headers: Mapping[str, str]) -> tuple[str, ...]:
    """Scopes the manifest asks for and the token does not have; none when Slack does not list them."""
    listed = next((text for name, text in headers.items() if name.lower() == "x-oauth-scopes"), None)
    if listed is None:
        return ()
    held = {scope.strip() for scope in listed.split(",")}
    return tuple(scope for scope in SCOPES if scope not in held)


def _skew(headers: Mapping[str, str]) -> float | None:
    said = next((text for name, text in headers.items() if name.lower() == "date"), None)
    try:
        return (now() - parsedate_to_datetime(said)).total_seconds() if said else None
    except (TypeError, ValueError):
        return None
