"""Slack's Web API: one call at a time, never repeated by itself, its errors told in the house's words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from core.errors import AppError, Limited, Rejected, Unavailable

if TYPE_CHECKING:
    import aiohttp
    from slack_sdk.errors import SlackApiError
    from slack_sdk.web.async_client import AsyncWebClient

SLACK_API = "https://slack.com/api/"
TIMEOUT_S = 15.0
RETRY_AFTER_S = 30.0
"""When Slack asks for silence and does not say how long."""
TOKEN_RETRY_S = 60.0

TOKEN_CODES = frozenset(
    {"invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"}
)
_UNSURE_CODES = frozenset({"internal_error", "fatal_error", "request_timeout"})
_LATER_CODES = frozenset({"service_unavailable", "team_added_to_org", "accesslimited"})
_INVITE = "Invite the bot there: `/invite @signalbox`."
_HINTS: Mapping[str, str] = {
    "channel_not_found": f"The channel is gone, or private without the bot. {_INVITE}",
    "not_in_channel": _INVITE,
    "is_archived": "The channel is archived. Unarchive it or choose another.",
    "missing_scope": "Add the scope to the app, install it again, and run `signalbox doctor`.",
    "restricted_action": "A rule of the workspace forbids posting there. Ask an admin of the workspace.",
    "msg_too_long": "The message is longer than Slack takes. Ask for less at once.",
    "msg_blocks_too_long": "The message is longer than Slack takes. Ask for less at once.",
    "invalid_blocks": "Slack refused the layout of the message. Report this with the text of the error.",
    "user_not_found": "That person is not in this workspace.",
    "cannot_dm_bot": "Bots have no direct messages. Write to a channel.",
    "thread_not_found": "The message that was answered is gone.",
    "message_not_found": "The message is gone.",
}


class Refused(Rejected):
    """An answer with `ok: false` that trying again cannot change; `code` is Slack's word for it."""

    def __init__(self, method: str, code: str, details: str = "") -> None:
        said = f"{code} ({details})" if details else code
        super().__init__(
            f"Slack refused {method}: {said}.", hint=_HINTS.get(code, "See Slack's documentation of that error.")
        )
        self.code = code


class TokenRefused(Unavailable):
    """Slack does not take the token (any more); messages wait until there is another."""

    def __init__(self, method: str, code: str) -> None:
        super().__init__(
            f"Slack does not accept the token for {method}: {code}.",
            hint="Copy a new token from the app's page at api.slack.com/apps and save it under Connections.",
            retry_after_s=TOKEN_RETRY_S,
        )
        self.code = code


class Web:
    """Calls of the Web API with the bot's token. Slack's own library retries nothing here."""

    def __init__(self, client: AsyncWebClient, session: aiohttp.ClientSession) -> None:
        self._client, self._session = client, session

    async def read(self, method: str, **arguments: object) -> dict[str, object]:
        """The body of the answer to a call that changes nothing; an argument that is None is left out."""
        return (await self.ask(method, **arguments))[0]

    async def ask(self, method: str, **arguments: object) -> tuple[dict[str, object], Mapping[str, str]]:
        """The body and the headers of the answer to a call that changes nothing."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = await self._client.api_call(method, http_verb="GET", params=given)
        except Exception as error:
            raise _translated(method, error, writes=False) from error
        return cast("dict[str, object]", answer.data), cast("Mapping[str, str]", answer.headers)

    async def write(self, method: str, **arguments: object) -> dict[str, object]:
        """The body of the answer. Raises Unavailable(sent=None) when it is not known whether the call worked."""
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            answer = await self._client.api_call(method, json=given)
        except Exception as error:
            raise _translated(method, error, writes=True) from error
        return cast("dict[str, object]", answer.data)

    async def new_socket(self, app_token: str) -> str:
        """The address of a new socket."""
        try:
            answer = await self._client.apps_connections_open(app_token=app_token)
        except Exception as error:
            raise _translated("apps.connections.open", error, writes=False) from error
        return str(answer["url"])

    async def respond(self, url: str, body: Mapping[str, object]) -> None:
        """Post to a response_url. Raises Refused when it is used up or expired."""
        try:
            async with self._session.post(url, json=dict(body)) as answer:
                text = await answer.text()
        except Exception as error:
            raise _translated("response_url", error, writes=True) from error
        if answer.status == 429:
            raise Limited("Slack asks for silence.", retry_after_s=_seconds(answer.headers.get("Retry-After")))
        if answer.status >= 500:
            raise Unavailable(f"Slack answered {answer.status} to a reply.", sent=None)
        if answer.status != 200:
            raise Refused("response_url", "used_url", text[:100])


def _translated(method: str, error: Exception, *, writes: bool) -> AppError | Exception:
    """The house's error for one of the library's; what is no fault of the network comes back as it is."""
    import aiohttp
    from slack_sdk.errors import SlackApiError

    if isinstance(error, AppError):
        return error
    if isinstance(error, SlackApiError):
        return _from_answer(method, error, writes=writes)
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Unavailable(f"Slack cannot be reached: {error}.", hint="Is this machine online?")
    if isinstance(error, aiohttp.ClientError | asyncio.TimeoutError | ConnectionError):
        said = str(error) or type(error).__name__
        return Unavailable(f"Slack's answer to {method} was lost ({said}).", sent=None if writes else False)
    return error


def _from_answer(method: str, error: SlackApiError, *, writes: bool) -> AppError:
    response = cast("object", error.response)
    data = getattr(response, "data", None)
    body: Mapping[str, object] = data if isinstance(data, dict) else {}
    status = cast("int", getattr(response, "status_code", None) or getattr(response, "status", 200))
    headers = cast("Mapping[str, str]", getattr(response, "headers", {}))
    code = str(body.get("error", ""))
    if status == 429 or code == "ratelimited":
        return Limited(f"Slack asks for silence after {method}.", retry_after_s=_seconds(headers.get("Retry-After")))
    if status >= 500 or code in _UNSURE_CODES or not code:
        hint = "It is tried again by itself; what may have arrived is looked for first."
        return Unavailable(f"Slack answered {method} with {code or status}.", hint=hint, sent=None if writes else False)
    if code in _LATER_CODES:
        return Unavailable(f"Slack is not available: {code}.")
    if code in TOKEN_CODES:
        return TokenRefused(method, code)
    return Refused(method, code, _details(body))


def _details(body: Mapping[str, object]) -> str:
    if body.get("needed"):
        return f"it needs {body['needed']}"
    about = body.get("response_metadata")
    messages = about.get("messages") if isinstance(about, dict) else None
    return "; ".join(str(one) for one in messages) if isinstance(messages, list) else ""


def _seconds(text: str | None) -> float:
    with suppress(TypeError, ValueError):
        return float(text or "")
    return RETRY_AFTER_S
