"""Calls Discord's REST API through discord.py's client, which keeps its rate limits; says errors in our words.

discord.py itself tries again after 429 (up to 30 s of waiting), 500, 502, 504 and 524, up to five times in
all, for every method. Posts carry an enforced nonce, so that such a retry, and one of ours within some
minutes, finds the first message instead of making a second. A reset connection is not retried by it on
Linux: the answer is lost, and whether the call took effect is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import aiohttp
import discord
from discord.http import Route

from core.errors import AppError, Limited, Rejected, Unavailable
from core.values import Json

if TYPE_CHECKING:
    from discord.http import HTTPClient

ANSWER_S = 60.0
LONG_WAIT_S = 60.0
"""When a 429 does not say how long to wait."""
UNKNOWN_MESSAGE = 10008
TOKEN_GONE = frozenset({10015, 10062, 50027})
"""An interaction's token that is unknown or too old."""
NO_DIRECT_MESSAGES = frozenset({50007, 50278})
HINTS = {
    10003: "The channel is gone, or the bot is not in that server.",
    10004: "Invite the bot to that server.",
    10008: "The message was deleted.",
    50001: "Give the bot the right to see that channel.",
    50007: "They must allow direct messages from members of the server, or write to the bot first.",
    50013: "Give the bot the rights View Channel, Send Messages and Read Message History there.",
    50033: "That person cannot be written to.",
    50278: "The bot and that person share no server.",
}


class Refused(Rejected):
    """Discord said no for good, with its status and its own number of the reason."""

    def __init__(self, message: str, *, hint: str, status_code: int, code: int) -> None:
        super().__init__(message, hint=hint)
        self.status_code, self.code = status_code, code


class Rest:
    """One method: `call`. Raises Refused, Limited or Unavailable, never a library's error."""

    def __init__(self, http: HTTPClient, *, user_id: int, application_id: int, answer_s: float = ANSWER_S) -> None:
        self._http = http
        self._answer_s = answer_s
        self.user_id, self.application_id = user_id, application_id

    async def call(
        self,
        method: str,
        path: str,
        json: Json = None,
        *,
        params: Mapping[str, str | int] | None = None,
        **ids: str | int,
    ) -> Json:
        """The decoded answer; None where there is none. `ids` fill the braces of the path."""
        options: dict[str, object] = {} if json is None else {"json": json}
        if params is not None:
            options["params"] = dict(params)
        try:
            async with asyncio.timeout(self._answer_s):
                answer: Json = await self._http.request(Route(method, path, **ids), **options)  # type: ignore[arg-type]
                return answer
        except (discord.DiscordException, aiohttp.ClientError, OSError, RuntimeError) as error:
            raise told(error) from error


def told(error: Exception) -> AppError:
    """A library's error as one of ours."""
    if isinstance(error, discord.RateLimited):
        return Limited("Discord asks for fewer messages.", retry_after_s=error.retry_after)
    if isinstance(error, discord.HTTPException):
        return _told_answer(error)
    if isinstance(error, discord.LoginFailure):
        return Refused("Discord does not accept the token.", hint=TOKEN_HINT, status_code=401, code=0)
    if isinstance(error, aiohttp.ClientConnectorError):
        return Unavailable(f"Discord cannot be reached: {error}.", hint="It is tried again.")
    if isinstance(error, RuntimeError):  # the session was closed under the call
        return Unavailable("The connection to Discord was just closed.", hint="It is tried again.", sent=None)
    return Unavailable(f"Discord did not answer ({type(error).__name__}).", hint="It is tried again.", sent=None)


TOKEN_HINT = "Reset the token in Discord's developer portal (Bot, Reset Token) and save it: `vault save DISCORD_TOKEN`."


def _told_answer(error: discord.HTTPException) -> AppError:
    said = f"Discord answered {error.status}: {error.text or error.response.reason} ({error.code})."
    if error.status == 429:
        return Limited("Discord asks for silence.", retry_after_s=_wait_of(error))
    if error.status == 401 and error.code not in TOKEN_GONE:
        return Unavailable(said, hint=TOKEN_HINT, retry_after_s=LONG_WAIT_S)
    if error.status >= 500:
        return Unavailable(said, hint="It is tried again.", sent=None)
    hint = HINTS.get(error.code, "Sending the same again cannot work.")
    return Refused(said, hint=hint, status_code=error.status, code=error.code)


def _wait_of(error: discord.HTTPException) -> float:
    value = error.response.headers.get("Retry-After", "")
    return float(value) if value.replace(".", "", 1).isdigit() else LONG_WAIT_S
