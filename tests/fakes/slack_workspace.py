"""A Slack workspace's memory: people, channels, messages with their threads, files. It knows no wire."""

import time
from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import count

from tests.fakes.slack_model import (
    APP_ID,
    OTHER_TEAM_ID,
    TEAM_ID,
    Channel,
    ChannelKind,
    Json,
    Message,
    SlackError,
    User,
    UserKind,
)  # fmt: skip

Who = User | str
Where = Channel | str


@dataclass(slots=True, kw_only=True)
class File:
    """An upload; `content` is None until its bytes arrived."""

    id: str
    name: str
    title: str
    user_id: str
    content: bytes | None = None


class Workspace:
    """People and channels are found by id, by name, or by the record itself."""

    def __init__(self, bot_name: str = "signalbox") -> None:
        self._numbers = count(1)
        self._last_us = 0
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.ephemerals: list[Message] = []
        self._messages: dict[str, dict[str, Message]] = {}
        self._order: dict[str, list[str]] = {}  # channel id -> ts of everything, oldest first
        self._threads: dict[tuple[str, str], list[str]] = {}
        self.bot = self.add_user(bot_name, kind="bot")

    def new_id(self, prefix: str) -> str:
        return f"{prefix}0{next(self._numbers):09d}"

    def new_ts(self, age_s: float = 0.0) -> str:
        """A unique ts, rising unless `age_s` puts it into the past."""
        now_us = time.time_ns() // 1000
        if age_s:
            us = now_us - int(age_s * 1e6)
        else:
            us = self._last_us = max(now_us, self._last_us + 1)
        return f"{us // 1_000_000}.{us % 1_000_000:06d}"

    # people and channels

    def add_user(self, name: str, *, kind: UserKind = "member", email: str = "") -> User:
        user = User(
            id=self.new_id("U"), name=name, kind=kind, email=email or f"{name}@example.com",
            team_id=OTHER_TEAM_ID if kind == "stranger" else TEAM_ID,
            bot_id=self.new_id("B") if kind == "bot" else "",
        )  # fmt: skip
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, members: Iterable[Who], *, kind: ChannelKind = "channel") -> Channel:
        people = [self.user(member) for member in members]
        channel = Channel(
            id=self.new_id({"channel": "C", "group": "G", "im": "D"}[kind]), name=name, kind=kind,
            members={person.id: None for person in people},
            is_ext_shared=any(person.kind == "stranger" for person in people),
        )  # fmt: skip
        self.channels[channel.id] = channel
        self._messages[channel.id], self._order[channel.id] = {}, []
        return channel

    def dm(self, who: Who) -> Channel:
        """The direct message between this person and the bot, opened on first use."""
        user = self.user(who)
        for channel in self.channels.values():
            if channel.kind == "im" and user.id in channel.members:
                return channel
        return self.add_channel("directmessage", [user, self.bot], kind="im")

    def user(self, who: Who) -> User:
        if isinstance(who, User):
            return self.users[who.id]
        found = self.users.get(who) or next((u for u in self.users.values() if u.name == who), None)
        if found is None:
            raise SlackError("user_not_found", f"No user is called {who!r}.")
        return found

    def channel(self, where: Where) -> Channel:
        if isinstance(where, Channel):
            return self.channels[where.id]
        name = where.removeprefix("#")
        named = (c for c in self.channels.values() if c.kind != "im" and c.name == name)
        found = self.channels.get(where) or next(named, None)
        if found is None:
            raise SlackError("channel_not_found", f"No channel is called {where!r}.")
        return found

    # messages

    def add_message(self, message: Message) -> Message:
        while message.ts in self._messages[message.channel_id]:  # a backdated ts may be taken
            seconds, micros = message.ts.split(".")
            us = int(seconds) * 1_000_000 + int(micros) + 1
            message = replace(message, ts=f"{us // 1_000_000}.{us % 1_000_000:06d}")
        self._messages[message.channel_id][message.ts] = message
        insort(self._order[message.channel_id], message.ts)
        if message.is_reply and message.thread_ts:
            insort(self._threads.setdefault((message.channel_id, message.thread_ts), []), message.ts)
        return message

    def replace_message(self, message: Message) -> Message:
        self._messages[message.channel_id][message.ts] = message
        return message

    def remove_message(self, message: Message) -> Message | None:
        """Delete a message; one that has replies becomes the tombstone that is returned."""
        if self._threads.get((message.channel_id, message.ts)):
            return self.replace_message(Message(
                channel_id=message.channel_id, ts=message.ts, user_id="USLACKBOT", subtype="tombstone",
                text="This message was deleted.", thread_ts=message.ts,
            ))  # fmt: skip
        del self._messages[message.channel_id][message.ts]
        self._order[message.channel_id].remove(message.ts)
        if message.is_reply and message.thread_ts:
            self._threads[message.channel_id, message.thread_ts].remove(message.ts)
        return None

    def message(self, channel: Channel, ts: str) -> Message:
        found = self._messages[channel.id].get(ts)
        if found is None:
            raise SlackError("message_not_found", f"There is no message {ts} in {channel.id}.")
        return found

    def find(self, channel: Channel, ts: str) -> Message | None:
        return self._messages[channel.id].get(ts)

    def messages(self, channel: Channel) -> list[Message]:
        """All messages of a channel with its threads, oldest first."""
        held = self._messages[channel.id]
        return [held[ts] for ts in self._order[channel.id]]

    def history(self, channel: Channel, oldest: str, latest: str, inclusive: bool) -> list[Message]:
        """What stands in the channel itself (no thread replies), newest first."""
        held, order = self._messages[channel.id], self._order[channel.id]
        return [
            held[ts] for ts in reversed(_between(order, oldest, latest, inclusive))
            if not held[ts].is_reply or held[ts].subtype == "thread_broadcast"
        ]  # fmt: skip

    def replies(self, parent: Message, oldest: str, latest: str, inclusive: bool) -> list[Message]:
        """The parent, always, then the replies in range, oldest first."""
        held = self._messages[parent.channel_id]
        order = self._threads.get((parent.channel_id, parent.ts), [])
        return [parent, *(held[ts] for ts in _between(order, oldest, latest, inclusive))]

    def as_json(self, message: Message, *, with_metadata: bool = False) -> Json:
        """The message object with its thread's counters, as history shows it."""
        out = message.to_json(with_metadata=with_metadata)
        held = self._messages[message.channel_id]
        if message.is_reply and message.thread_ts:
            parent = held.get(message.thread_ts)
            out["parent_user_id"] = parent.user_id if parent else "USLACKBOT"
        replies = self._threads.get((message.channel_id, message.ts))
        if replies:
            users = list(dict.fromkeys(held[ts].user_id for ts in replies))
            out |= {
                "thread_ts": message.ts,
                "reply_count": len(replies),
                "reply_users": users,
                "reply_users_count": len(users),
                "latest_reply": replies[-1],
                "subscribed": False,
            }
        return out

    def authored(self, user: User, channel: Channel, text: str, ts: str, thread_ts: str | None = None) -> Message:
        """A message of this person, not stored yet."""
        ours = user.id == self.bot.id
        return Message(
            channel_id=channel.id, ts=ts, user_id=user.id, text=text, thread_ts=thread_ts,
            team_id=user.team_id,
            bot_id=user.bot_id or None,
            app_id=(APP_ID if ours else "A0ANOTHER1") if user.bot_id else None,
            client_msg_id=None if user.bot_id else f"{user.id.lower()}-{ts}",
        )  # fmt: skip


def _between(order: list[str], oldest: str, latest: str, inclusive: bool) -> list[str]:
    """Slack's bounds: `inclusive` counts for both ends, and without it a given end is left out."""
    start = bisect_left(order, oldest) if oldest else 0
    end = bisect_left(order, latest) if latest else len(order)
    if not inclusive and oldest and start < len(order) and order[start] == oldest:
        start += 1
    if inclusive and latest and end < len(order) and order[end] == latest:
        end += 1
    return order[start:end]
