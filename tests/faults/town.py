"""Two networks in processes of their own, people who write in them, and what each must be answered."""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar, cast

import aiohttp

from tests.fakes.slack_model import Json
from tests.fakes.slack_remote import FakeSlackProcess

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


class FakeDiscordProcess:
    """`python -m tests.fakes.discord` and its control API."""

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.fakes.discord", cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), 20)
        state: Json = json.loads(line)
        self.api_url, self.gateway_url = str(state["api_url"]), str(state["gateway_url"])
        self.token, self.mention = str(state["token"]), f"<@{state['bot']}>"
        self.bot_user_id = str(state["bot"])
        self.users: dict[str, str] = cast("dict[str, str]", state["users"])
        self.channels: dict[str, str] = cast("dict[str, str]", state["channels"])
        self._http = aiohttp.ClientSession()
        self._base = self.api_url.removesuffix("/api/v10")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.close()
        if self._process.returncode is None:
            self._process.terminate()
        await self._process.communicate()

    async def act(self, order: str, **given: object) -> Json:
        async with self._http.post(f"{self._base}/__{order}", json=given) as response:
            body: Json = await response.json()
        assert response.status == 200, body
        return body

    async def see(self, what: str, **query: str) -> object:
        async with self._http.get(f"{self._base}/__{what}", params=query) as response:
            return cast(object, await response.json())

    async def messages(self, channel_id: str) -> list[Json]:
        return cast("list[Json]", await self.see("messages", channel=channel_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One thing that was said: its word, what kind of thing, and the network's id of it."""

    word: str
    kind: str
    message_id: str

    def answers(self, text: str) -> bool:
        """Whether a text is the final answer to it."""
        if self.kind == "echo":
            return text.strip() == self.word
        if self.kind == "note":
            return self.word in text and "quotes only" not in text
        if self.kind == "tale":
            return f"The tale of {self.word} ends." in text and "went on" not in text
        return "quotes only, no model" in text and "56 metres" in text


TEXTS = {
    "echo": "echo {word}",
    "note": "notes add 'remember {word}'",
    "tale": "tale {word}",
    "ask": "How high is the tower of Pisa?",
}


@dataclass(slots=True, kw_only=True)
class Talk:
    """One conversation: where it is, and what was said in it, in order."""

    network: str
    name: str
    asked: list[Asked] = field(default_factory=list)
    say: Callable[[str], Awaitable[str]]
    """Says a text, returns the message's id."""
    shown: Callable[[], Awaitable[list[str]]]
    """What the bot shows there now, oldest first."""


class Town:
    """Both networks; `talks` are the conversations."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()
        self.talks: list[Talk] = []
        self._count = 0

    async def __aenter__(self) -> Self:
        self.slack, self.discord = await asyncio.gather(
            self._stack.enter_async_context(FakeSlackProcess()),
            self._stack.enter_async_context(FakeDiscordProcess()),
        )
        await self._people()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    def environ(self, **more: str) -> dict[str, str]:
        """What tells Signalbox where the networks are."""
        return {
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_APP_TOKEN": self.slack.app_token,
            "DISCORD_TOKEN": self.discord.token,
            "SIGNALBOX_URL_SLACK": self.slack.api_url,
            "SIGNALBOX_URL_DISCORD": self.discord.api_url,
            "SIGNALBOX_URL_DISCORD_GATEWAY": self.discord.gateway_url,
            "SIGNALBOX_LIMITS__PER_PERSON_PER_MIN": "100000",
            **more,
        }

    async def _people(self) -> None:
        ann = str(cast(Json, await self.slack.act("user", who="ann"))["id"])
        bob = str(cast(Json, await self.slack.act("user", who="bob"))["id"])
        alice = self.discord.users["alice"]
        team = self.slack.team_id
        self.links = {f"slack:{team}/{ann}": "Ann", f"slack:{team}/{bob}": "Bob", f"discord:{alice}": "Alice"}
        ops = str((await self.discord.act("channel", name="ops"))["id"])
        root = await self.slack.say("ann", "#general", "Here is a thread.")
        self.talks = [
            self._slack_direct("ann"),
            self._slack_direct("bob"),
            self._slack_thread(root.ts),
            self._discord_channel("general", self.discord.channels["general"]),
            self._discord_channel("ops", ops),
            self._discord_direct(),
        ]

    def _slack_direct(self, who: str) -> Talk:
        async def say(text: str) -> str:
            return (await self.slack.say(who, await self.slack.dm_id(who), text)).ts

        async def shown() -> list[str]:
            found = await self.slack.messages(await self.slack.dm_id(who))
            return [_said(one.text, one.blocks) for one in found if one.user_id == self.slack.bot_user_id]

        return Talk(network="slack", name=f"direct {who}", say=say, shown=shown)

    def _slack_thread(self, root: str) -> Talk:
        async def say(text: str) -> str:
            return (await self.slack.say("ann", "#general", f"{self.slack.mention} {text}", thread_ts=root)).ts

        async def shown() -> list[str]:
            found = await self.slack.messages("#general")
            return [
                _said(one.text, one.blocks)
                for one in found
                if one.user_id == self.slack.bot_user_id and one.thread_ts == root
            ]

        return Talk(network="slack", name="thread", say=say, shown=shown)

    def _discord_channel(self, name: str, channel_id: str) -> Talk:
        async def say(text: str) -> str:
            said = await self.discord.act("say", channel=channel_id, text=f"{self.discord.mention} {text}")
            return str(said["id"])

        return Talk(network="discord", name=name, say=say, shown=lambda: self._discord_shown(channel_id))

    def _discord_direct(self) -> Talk:
        channel: list[str] = []

        async def say(text: str) -> str:
            said = await self.discord.act("direct", text=text)
            channel[:] = [str(said["channel"])]
            return str(said["id"])

        async def shown() -> list[str]:
            return await self._discord_shown(channel[0]) if channel else []

        return Talk(network="discord", name="direct alice", say=say, shown=shown)

    async def _discord_shown(self, channel_id: str) -> list[str]:
        found = await self.discord.messages(channel_id)
        return [str(one["text"]) for one in found if one["user"] == self.discord.bot_user_id and not one["deleted"]]

    async def connected(self, timeout_s: float = 30.0) -> None:
        """Return once Signalbox listens on both networks."""
        await self._listening(lambda slack, discord: slack and discord, timeout_s)

    async def disconnected(self, timeout_s: float = 30.0) -> None:
        """Return once both networks noticed that nobody listens."""
        await self._listening(lambda slack, discord: not slack and not discord, timeout_s)

    async def _listening(self, so: Callable[[bool, bool], bool], timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while True:
            slack, discord = await self.slack.status(), cast(Json, await self.discord.see("state"))
            if so(bool(slack["sockets"]), bool(discord["connected"])):
                return
            assert time.monotonic() < until, f"Not so: {slack}, Discord connected: {discord['connected']}"
            await asyncio.sleep(0.02)

    # ── What is said ──

    async def ask(self, choice: random.Random, talk: Talk | None = None, kinds: Sequence[str] = tuple(TEXTS)) -> None:
        """Say something somewhere."""
        where = talk or choice.choice(self.talks)
        kind = choice.choice(list(kinds))
        self._count += 1
        word = f"w{self._count:04d}"
        at = len(where.asked)
        message_id = await where.say(TEXTS[kind].format(word=word))
        where.asked.insert(at, Asked(word=word, kind=kind, message_id=message_id))

    @property
    def notes(self) -> list[str]:
        """The words that must be noted, each once."""
        return [one.word for talk in self.talks for one in talk.asked if one.kind == "note"]

    async def unanswered(self, *, ordered: bool = True) -> str:
        """What is wrong now: answers missing, doubled, out of order (when `ordered`); empty when all is well."""
        faults = []
        for talk in self.talks:
            shown = await talk.shown()
            right = len(shown) == len(talk.asked) and (
                all(one.answers(text) for one, text in zip(talk.asked, shown, strict=True))
                if ordered
                else all(sum(one.answers(text) for text in shown) == 1 for one in talk.asked)
            )
            if not right:
                faults.append(_compared(talk, shown))
        return "\n".join(faults)

    async def settled(self, timeout_s: float = 40.0, *, ordered: bool = True) -> None:
        """Return when everything is answered as it should; AssertionError with the differences at the deadline."""
        until = time.monotonic() + timeout_s
        while wrong := await self.unanswered(ordered=ordered):
            if time.monotonic() > until:
                raise AssertionError(wrong)
            await asyncio.sleep(0.05)


def _said(text: str, blocks: list[Json]) -> str:
    """The text of a Slack message with what its blocks say."""
    return f"{text}\n{json.dumps(blocks)}" if "quotes only" in str(blocks) else text


def _compared(talk: Talk, shown: list[str]) -> str:
    lines = [f"{talk.network} {talk.name}: {len(talk.asked)} asked, {len(shown)} answers"]
    left = list(enumerate(shown))
    for one in talk.asked:
        found = [index for index, text in left if one.answers(text)][: 1 if one.kind == "ask" else None]
        if len(found) != 1:
            lines.append(f"  {one.kind} {one.word} ({one.message_id}) is answered {len(found)} times, at {found}")
        left = [pair for pair in left if pair[0] not in found]
    lines += [f"  answers nothing, at {index}: {re.sub(chr(10), ' ', text)[:100]!r}" for index, text in left]
    asked = [f"{one.kind} {one.word}" for one in talk.asked]
    return "\n".join([*lines, f"  asked {asked}", f"  shown {[text[:30] for text in shown]}"])
