"""What the fake Discord remembers: plain records, no behaviour but ids and the time in them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

Body: TypeAlias = dict[str, object]

EPOCH_MS = 1_420_070_400_000  # 2015-01-01, the zero of Discord's ids

EPHEMERAL = 1 << 6
LOADING = 1 << 7
HAS_THREAD = 1 << 5
COMPONENTS_V2 = 1 << 15

TEXT, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
DEFAULT, THREAD_CREATED, REPLY, SLASH_REPLY, THREAD_STARTER = 0, 18, 19, 20, 21


class Snowflakes:
    """Ids that rise and carry the millisecond they were made in."""

    def __init__(self) -> None:
        self._last = 0
        self._used: set[int] = set()

    def new(self, at: datetime | None = None) -> int:
        """An unused id: of now, rising, or of the past time `at`."""
        moment_ms = int(at.timestamp() * 1000) if at else time.time_ns() // 1_000_000
        value = (moment_ms - EPOCH_MS) << 22
        if at is None:
            value = self._last = max(value, self._last + 1)
        while value in self._used:
            value += 1
        self._used.add(value)
        return value


def time_of(snowflake: int) -> datetime:
    """The moment an id was made, to the millisecond."""
    return datetime.fromtimestamp(((snowflake >> 22) + EPOCH_MS) / 1000, tz=UTC)


@dataclass(slots=True, kw_only=True)
class User:
    id: int
    name: str
    bot: bool = False
    accepts_direct_messages: bool = True


@dataclass(slots=True, kw_only=True)
class Role:
    id: int
    name: str
    permissions: int = 0
    position: int = 1
    managed: bool = False


@dataclass(slots=True, kw_only=True)
class Member:
    user: User
    roles: list[int] = field(default_factory=list)
    nick: str | None = None
    joined_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, kw_only=True)
class Overwrite:
    """Permissions allowed and denied in one channel to a role (kind 0) or a member (kind 1)."""

    id: int
    kind: int
    allow: int = 0
    deny: int = 0


@dataclass(slots=True, kw_only=True)
class Channel:
    """A text channel, a direct message or a thread; a thread has a parent."""

    id: int
    type: int
    guild_id: int | None = None
    name: str = ""
    overwrites: list[Overwrite] = field(default_factory=list)
    position: int = 0
    parent_id: int | None = None
    owner_id: int = 0
    people: list[int] = field(default_factory=list)  # of a direct message or a private thread
    archived: bool = False
    locked: bool = False
    auto_archive_min: int = 1440
    messages: dict[int, Message] = field(default_factory=dict)

    @property
    def is_thread(self) -> bool:
        return self.parent_id is not None


@dataclass(slots=True, kw_only=True)
class Guild:
    id: int
    name: str
    owner_id: int
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    made_at: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(slots=True, kw_only=True)
class Attachment:
    id: int
    filename: str
    content_type: str
    content: bytes
    description: str | None = None


@dataclass(slots=True, kw_only=True)
class Message:
    """One message; `revisions` holds every text it had, the present one last."""

    id: int
    channel_id: int
    author_id: int
    content: str = ""
    type: int = DEFAULT
    flags: int = 0
    embeds: list[Body] = field(default_factory=list)
    components: list[Body] = field(default_factory=list)
    attachments: list[Attachment] = field(default_factory=list)
    nonce: str | int | None = None
    reference_id: int | None = None
    edited_at: datetime | None = None
    mentions: list[int] = field(default_factory=list)
    mention_roles: list[int] = field(default_factory=list)
    mention_everyone: bool = False
    reactions: dict[str, list[int]] = field(default_factory=dict)
    interaction: Interaction | None = None
    seen_by: int | None = None  # the only person who sees an ephemeral message
    deleted: bool = False
    revisions: list[str] = field(default_factory=list)
    stored_s: float = field(default_factory=time.perf_counter)  # monotonic, for latency
    changed_s: float = field(default_factory=time.perf_counter)

    @property
    def sent_at(self) -> datetime:
        return time_of(self.id)

    @property
    def ephemeral(self) -> bool:
        return bool(self.flags & EPHEMERAL)

    @property
    def loading(self) -> bool:
        """Whether it still says that the application is thinking."""
        return bool(self.flags & LOADING)


@dataclass(slots=True, kw_only=True)
class Interaction:
    """A slash command, completion, button press or form, and how the bot answered it."""

    id: int
    token: str
    type: int  # 2 command, 3 component, 4 completion, 5 form
    user_id: int
    channel_id: int
    data: Body
    message: Message | None = None  # the one whose component was used
    started_s: float = field(default_factory=time.monotonic)
    answered_s: float | None = None
    answer_type: int | None = None
    answer: Body = field(default_factory=dict)
    original: Message | None = None
    followups: list[Message] = field(default_factory=list)

    @property
    def choices(self) -> list[Body]:
        """The completions offered; empty before the answer."""
        return bodies(self.answer.get("choices"))

    @property
    def modal(self) -> Body | None:
        """The form the bot opened, if it did."""
        return self.answer if self.answer_type == 9 else None

    @property
    def text(self) -> str:
        """What the original answer says now."""
        return self.original.content if self.original else ""


def bodies(value: object) -> list[Body]:
    """The objects of a JSON list; nothing for any other value."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def body_of(value: object) -> Body:
    """A JSON object, or an empty one."""
    return value if isinstance(value, dict) else {}


def integer(value: object, default: int = 0) -> int:
    """An id or number as Discord takes it: an int or digits; `default` for anything else."""
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdigit() else default
