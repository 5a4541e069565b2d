"""A fake Slack in a process of its own, in FakeSlack's words; for tests that kill what talks to it."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

import aiohttp

from tests.fakes.slack_control import message_from
from tests.fakes.slack_faults import FaultKind
from tests.fakes.slack_model import Call, Envelope, Json, Message

T = TypeVar("T")
ROOT = Path(__file__).parents[2]


class FakeSlackProcess:
    """Starts `python -m tests.fakes.slack` and stops it at the end; `act` reaches every control by name."""

    def __init__(self, port: int = 0) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fakes.slack", "--port", str(self._port),
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        assert line, "The fake Slack ended before it was ready; its stderr says why."
        ready: dict[str, str] = json.loads(line)
        self.base_url, self.api_url = ready["base_url"], ready["api_url"]
        self.bot_token, self.app_token = ready["bot_token"], ready["app_token"]
        self.bot_user_id, self.team_id = ready["bot_user_id"], ready["team_id"]
        self._http = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.communicate()

    @property
    def mention(self) -> str:
        return f"<@{self.bot_user_id}>"

    async def act(self, name: str, /, **arguments: object) -> object:
        """What the control `name` answers; LookupError with its words when it refuses."""
        async with self._http.post(f"{self.base_url}/__{name}", json=arguments) as response:
            body: object = await response.json()
        if response.status != 200:
            raise LookupError(str(cast(Json, body)["error"]))
        return body

    async def wait_for(self, question: Callable[[], Awaitable[T]], timeout_s: float = 5.0) -> T:
        """The first true answer to a question asked every 20 ms; AssertionError at the deadline."""
        deadline = time.monotonic() + timeout_s
        while True:
            if answer := await question():
                return answer
            if time.monotonic() > deadline:
                raise AssertionError(f"Not seen within {timeout_s} s; the fake says {await self.status()}.")
            await asyncio.sleep(0.02)

    async def say(
        self, user: str, channel: str, text: str, thread_ts: str | None = None, age_s: float = 0.0
    ) -> Message:
        answer = await self.act("say", user=user, channel=channel, text=text, thread_ts=thread_ts, age_s=age_s)
        return message_from(cast(Json, answer))

    async def edit(self, message: Message, text: str) -> Message:
        return message_from(cast(Json, await self.act("edit", message=_json(message), text=text)))

    async def delete(self, message: Message) -> None:
        await self.act("delete", message=_json(message))

    async def press(self, user: str, message: Message, action_id: str) -> Envelope:
        return _envelope(await self.act("press", user=user, message=_json(message), action_id=action_id))

    async def slash(self, user: str, channel: str, text: str) -> Envelope:
        return _envelope(await self.act("slash", user=user, channel=channel, text=text))

    async def messages(self, channel: str) -> list[Message]:
        return _messages(await self.act("messages", channel=channel))

    async def replies(self, message: Message) -> list[Message]:
        return _messages(await self.act("replies", message=_json(message)))

    async def ephemerals(self, user: str) -> list[Message]:
        return _messages(await self.act("ephemerals", user=user))

    async def dm_id(self, user: str) -> str:
        """The id of the direct message between this person and the bot."""
        return str(cast(Json, await self.act("dm", who=user))["id"])

    async def calls(self, method: str = "") -> list[Call]:
        found = cast(Sequence["dict[str, str]"], await self.act("calls", method=method))
        return [Call(**item) for item in found]  # type: ignore[arg-type]  # asdict() of a Call

    async def envelopes(self, event_type: str = "") -> list[Envelope]:
        return [_envelope(item) for item in cast(list[object], await self.act("envelopes", event_type=event_type))]

    async def status(self) -> Json:
        """`sockets` open now, `connects` so far, `missed` events, `bad_frames` of the app."""
        return cast(Json, await self.act("status"))

    async def fail(self, method: str, times: int = 1, kind: FaultKind = "500", *, retry_after_s: int = 1) -> None:
        await self.act("fail", method=method, times=times, kind=kind, retry_after_s=retry_after_s)


def _json(message: Message) -> Json:
    return asdict(message)


def _messages(answer: object) -> list[Message]:
    return [message_from(item) for item in cast(list[Json], answer)]


def _envelope(answer: object) -> Envelope:
    return Envelope(**cast("dict[str, str]", answer))  # type: ignore[arg-type]  # asdict() of an Envelope
