"""A Slack on 127.0.0.1: Web API and Socket Mode with real state, people who write and press, faults.

    async with FakeSlack() as slack:
        client = AsyncWebClient(slack.bot_token, base_url=slack.api_url)
        question = await slack.say("ann", "#general", f"{slack.mention} how much leave do I get?")
        await slack.wait_for(lambda: slack.replies(question), timeout_s=5)

People and channels are given by record, id or name. As a process: `python -m tests.fakes.slack --port N`
prints one JSON line with its addresses and tokens; `slack_remote.py` talks to it.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self, TypeVar, cast

from aiohttp import web

from tests.fakes import slack_events as events
from tests.fakes.slack_blocks import find_element, interactive_elements, state_value
from tests.fakes.slack_control import control_routes
from tests.fakes.slack_faults import Fault, FaultKind
from tests.fakes.slack_http import MAX_BODY_BYTES, Front
from tests.fakes.slack_model import (
    TEAM_ID,
    Call,
    Channel,
    ChannelKind,
    Envelope,
    Json,
    Message,
    User,
    UserKind,
    View,
)
from tests.fakes.slack_service import APP_TOKEN, BOT_TOKEN, Service
from tests.fakes.slack_surfaces import file_json
from tests.fakes.slack_workspace import File, Where, Who

T = TypeVar("T")

PEOPLE: dict[str, UserKind] = {
    "olga": "owner", "ada": "admin", "ann": "member", "bob": "member", "gus": "guest", "sam": "stranger",
    "robo": "bot",
}  # fmt: skip


class FakeSlack(Service):
    """A workspace with PEOPLE, #general (all, bot), #random (no bot), private #secret (ada, ann, bot)."""

    def __init__(self, *, port: int = 0, bot_token: str = BOT_TOKEN, app_token: str = APP_TOKEN) -> None:
        super().__init__(bot_token=bot_token, app_token=app_token)
        self.port = port
        self.team_id = TEAM_ID
        self.bot_user_id, self.bot_id = self.workspace.bot.id, self.workspace.bot.bot_id
        for name, kind in PEOPLE.items():
            self.workspace.add_user(name, kind=kind)
        self.workspace.add_channel("general", [*PEOPLE, self.workspace.bot])
        self.workspace.add_channel("random", ["ann", "bob"])
        self.workspace.add_channel("secret", ["ada", "ann", self.workspace.bot], kind="group")
        self._front: Front | None = None
        self._runner: web.AppRunner | None = None

    # running

    async def __aenter__(self) -> Self:
        await self.come_back()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.go_down()

    async def come_back(self) -> None:
        """Listen (again, on the same port). What was said meanwhile is in history only."""
        self._front = Front(self)
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.add_routes([*self._front.routes(), *control_routes(self)])
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        await web.SockSite(self._runner, listener).start()
        self.port = listener.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{self.port}"

    async def go_down(self) -> None:
        """Cut every socket and stop listening, until `come_back`."""
        if self._runner is None or self._front is None:
            return
        self._front.closing.set()
        await self.socket.shut()
        await self._runner.cleanup()
        self._runner = self._front = None

    @property
    def api_url(self) -> str:
        return f"{self.base_url}/api/"

    @property
    def mention(self) -> str:
        return f"<@{self.bot_user_id}>"

    # people and places

    def add_user(self, name: str, *, kind: UserKind = "member", email: str = "") -> User:
        return self.workspace.add_user(name, kind=kind, email=email)

    def add_channel(self, name: str, members: Sequence[Who], *, kind: ChannelKind = "channel") -> Channel:
        """A channel with these members; the bot is in it only when named among them."""
        return self.workspace.add_channel(name, members, kind=kind)

    def user(self, who: Who) -> User:
        return self.workspace.user(who)

    def channel(self, where: Where) -> Channel:
        return self.workspace.channel(where)

    def dm(self, who: Who) -> Channel:
        return self.workspace.dm(who)

    async def join(self, user: Who, channel: Where) -> None:
        """Also how the bot is invited: `join(slack.bot_user_id, …)`."""
        person, place = self.user(user), self.channel(channel)
        place.members[person.id] = None
        self.publish(events.membership_event(self.workspace, "member_joined_channel", person, place), place,
                     "member_joined_channel")  # fmt: skip

    async def leave(self, user: Who, channel: Where) -> None:
        """Sends `member_left_channel`; the bot learns of its own end by `channel_left`, `group_left`."""
        person, place = self.user(user), self.channel(channel)
        place.members.pop(person.id, None)
        kind = "member_left_channel"
        if person.id == self.bot_user_id:
            kind = "group_left" if place.kind == "group" else "channel_left"
        event = events.membership_event(self.workspace, kind, person, place)
        if kind == "member_left_channel":
            self.publish(event, place, kind)
        elif kind in self.subscriptions:
            self.send_event(event)

    # what people do

    async def say(
        self, user: Who, channel: Where, text: str, thread_ts: str | None = None, *,
        age_s: float = 0.0, files: Sequence[tuple[str, bytes]] = (),
    ) -> Message:  # fmt: skip
        """Write a message; `age_s` dates it back. In a channel a mention of the bot makes two events."""
        person, place = self.user(user), self.channel(channel)
        message = self.workspace.authored(person, place, text, self.workspace.new_ts(age_s), thread_ts)
        if not person.bot_id:
            words: Json = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
            message = replace(message, blocks=[{"type": "rich_text", "block_id": "said", "elements": [words]}])
        if files:
            shown = [file_json(self, self._add_file(person, name, content)) for name, content in files]
            message = replace(message, files=shown, subtype="file_share")
        return self.post(message)

    def _add_file(self, user: User, name: str, content: bytes) -> File:
        file = File(id=self.workspace.new_id("F"), name=name, title=name, user_id=user.id, content=content)
        self.workspace.files[file.id] = file
        return file

    async def edit(self, message: Message, text: str) -> Message:
        """The author changes the text: `message_changed`."""
        old = self._current(message)
        edited: Json = {"user": old.user_id, "ts": self.workspace.new_ts()}
        return self.change(old, replace(old, text=text, blocks=[], edited=edited))

    async def delete(self, message: Message) -> None:
        """Delete it: `message_deleted`, or a tombstone by `message_changed` when it has replies."""
        self.remove(self._current(message))

    async def react(self, user: Who, message: Message, name: str) -> None:
        """Add a reaction: `reaction_added`."""
        person, old, channel = self.user(user), self._current(message), self.channel(message.channel_id)
        users = [*old.reactions.get(name, []), person.id]
        self.change(old, replace(old, reactions=old.reactions | {name: users}), quietly=True)
        event: Json = {
            "type": "reaction_added", "user": person.id, "reaction": name, "item_user": old.user_id,
            "item": {"type": "message", "channel": channel.id, "ts": old.ts},
            "event_ts": self.workspace.new_ts(),
        }  # fmt: skip
        self.publish(event, channel, "reaction_added")

    async def slash(self, user: Who, channel: Where, text: str, command: str = "/signalbox") -> Envelope:
        """Type a slash command. With no socket open `sent_at` of the envelope stays None."""
        person, place = self.user(user), self.channel(channel)
        payload = events.slash_payload(
            person, place, command, text, trigger_id=self.new_trigger(person),
            response_url=self.new_response_url(person, place, None),
        )  # fmt: skip
        return self.send("slash_commands", payload, answerable=True)

    async def press(self, user: Who, message: Message, action_id: str, value: object = None) -> Envelope:
        """Press a button, or choose `value` in a select; LookupError names the action ids there are."""
        person, shown = self.user(user), self._current(message)
        block, element = find_element(shown.blocks, action_id)
        action: Json = {"action_id": action_id, "block_id": block["block_id"], "type": element["type"]}
        if element["type"] == "button":
            action |= {name: element[name] for name in ("text", "value", "style") if name in element}
        else:
            action |= state_value(element, value)
        payload = events.press_payload(
            self.workspace, person, shown, action, trigger_id=self.new_trigger(person),
            response_url=self.new_response_url(person, self.channel(shown.channel_id), shown),
        )  # fmt: skip
        return self.send("interactive", payload)

    async def press_again(self, envelope: Envelope) -> Envelope:
        """Replay an interaction as it was, as a second click or a replayed button would."""
        return self.send(envelope.type, envelope.payload, answerable=envelope.accepts_response_payload)

    async def submit_view(self, user: Who, view: View | str, values: dict[str, object]) -> Envelope:
        """Submit a modal; `values` are by action id (text, an option's value, or a raw state object)."""
        person, opened = self.user(user), self.views[view if isinstance(view, str) else view.id]
        state: dict[str, Json] = {}
        left = dict(values)
        for block in cast(list[Json], opened.content["blocks"]):
            for element in interactive_elements(block):
                action_id = str(element["action_id"])
                filled = state_value(element, left.pop(action_id)) if action_id in left else {"type": element["type"]}
                state.setdefault(str(block["block_id"]), {})[action_id] = filled
        if left:
            raise LookupError(f"The modal has no inputs called {sorted(left)}.")
        payload = events.submission_payload(person, opened, dict(state), trigger_id=self.new_trigger(person))
        return self.send("interactive", payload, answerable=True)

    # reading

    def _current(self, message: Message) -> Message:
        if message.ephemeral_for is not None:
            return next(m for m in self.workspace.ephemerals if m.ts == message.ts)
        return self.workspace.message(self.workspace.channels[message.channel_id], message.ts)

    def messages(self, channel: Where) -> list[Message]:
        """Everything in the channel and its threads as it is now, oldest first."""
        return self.workspace.messages(self.channel(channel))

    def replies(self, message: Message) -> list[Message]:
        """The replies in the thread of this message, oldest first."""
        root = message.thread_ts or message.ts
        return [m for m in self.messages(message.channel_id) if m.thread_ts == root and m.is_reply]

    def bot_messages(self, channel: Where) -> list[Message]:
        return [m for m in self.messages(channel) if m.user_id == self.bot_user_id]

    def ephemerals(self, user: Who) -> list[Message]:
        """What only this person was shown."""
        person = self.user(user)
        return [m for m in self.workspace.ephemerals if m.ephemeral_for == person.id]

    def calls(self, method: str = "") -> list[Call]:
        """The app's requests, all or of one method (`response_url` and `upload` count as methods)."""
        return [call for call in self.call_log if method in ("", call.method)]

    def envelopes(self, event_type: str = "") -> list[Envelope]:
        """Frames given to a socket: all, of one envelope type, or of one inner event type."""
        return [e for e in self.socket.envelopes if event_type in ("", e.type, e.event.get("type"))]

    def envelopes_of(self, message: Message) -> list[Envelope]:
        """The envelopes that carried this message as an event."""
        return [
            e
            for e in self.socket.envelopes
            if e.event.get("ts") == message.ts and e.event.get("channel") == message.channel_id
        ]

    def inside_s(self) -> float:
        """Seconds of processor time this fake took for calls and frames so far."""
        return sum(call.inside_s for call in self.call_log) + self.socket.inside_s

    async def wait_for(self, predicate: Callable[[], T], timeout_s: float = 5.0) -> T:
        """The predicate's first true value; asked after each change and every 50 ms, else AssertionError."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_s
        while not (found := predicate()):
            left = deadline - loop.time()
            if left <= 0:
                last = [f"{c.method} {c.error or 'ok'}" for c in self.call_log[-8:]]
                raise AssertionError(
                    f"Not seen within {timeout_s} s. Sockets: {len(self.socket.sockets)}; last: {last}"
                )
            changed = asyncio.Event()
            self.on_next_change(changed.set)
            try:
                await asyncio.wait_for(changed.wait(), min(left, 0.05))
            except TimeoutError:
                continue
        return found

    async def connected(self, timeout_s: float = 5.0) -> None:
        """Wait until the app has a socket that is neither silent nor about to be replaced."""
        await self.wait_for(lambda: [s for s in self.socket.sockets if not (s.silent or s.draining)], timeout_s)

    # faults

    def fail(
        self,
        method: str,
        times: int = 1,
        kind: FaultKind = "500",
        *,
        retry_after_s: int = 1,
        error: str = "fatal_error",
    ) -> None:
        """The next calls of `method` fail; `drop_after` and `timeout_after` still have their effect.

        `error` answers `ok: false` with that code; `timeout` never answers; `drop_…` closes the connection.
        """
        self.faults.add(Fault(method=method, times=times, kind=kind, retry_after_s=retry_after_s, error=error))

    def heal(self) -> None:
        """Forget ordered faults and refusals."""
        self.faults.clear()
        self.socket.refusals, self.auth_error = 0, None

    def enforce_posting_limit(self, on: bool = True) -> None:
        """1 message a second and channel with a burst of 4, else 429."""
        self.posting_limit.enforced = on

    async def redeliver(self, envelope: Envelope, reason: str = "timeout") -> Envelope:
        """Send an event again, acknowledged or not, as Slack may."""
        return self.socket.redeliver(envelope, reason=reason)

    def disconnect(self, reason: str = "refresh_requested") -> None:
        self.socket.disconnect(reason)

    def cut(self) -> None:
        """Break every socket without a closing handshake."""
        for open_socket in self.socket.sockets:
            open_socket.cut()

    def silence(self) -> None:
        """Leave the present sockets open but deaf and mute: no events, no answers to pings."""
        for open_socket in self.socket.sockets:
            open_socket.silent = True

    def refuse_sockets(self, times: int = 1) -> None:
        """Answer the next socket handshakes with 503."""
        self.socket.refusals = times


async def _main(port: int) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with FakeSlack(port=port) as slack:
        ready = {
            "base_url": slack.base_url,
            "api_url": slack.api_url,
            "bot_token": slack.bot_token,
            "app_token": slack.app_token,
            "bot_user_id": slack.bot_user_id,
            "team_id": slack.team_id,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stopped.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A fake Slack on 127.0.0.1; its control API is under /__….")
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(_main(parser.parse_args().port))
