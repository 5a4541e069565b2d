"""The things a Slack workspace is made of, as frozen records, and the error its Web API answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Json = dict[str, object]
UserKind = Literal["member", "guest", "stranger", "bot", "admin", "owner"]
ChannelKind = Literal["channel", "group", "im"]

TEAM_ID = "T0SIGNAL01"
OTHER_TEAM_ID = "T0ELSEWHR1"
APP_ID = "A0SIGNAL01"


class SlackError(Exception):
    """An answer with `ok: false`; `extra` is merged into its body."""

    def __init__(self, code: str, message: str = "", *, status: int = 200, **extra: object) -> None:
        super().__init__(message or code)
        self.code, self.status, self.extra = code, status, extra
        if message:
            self.extra["response_metadata"] = {"messages": [f"[ERROR] {message}"]}


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person or bot. A guest is `is_restricted`; a stranger belongs to another team (Slack Connect)."""

    id: str
    name: str
    kind: UserKind = "member"
    email: str = ""
    team_id: str = TEAM_ID
    bot_id: str = ""
    deleted: bool = False
    tz: str = "Europe/Berlin"

    def to_json(self, *, with_email: bool) -> Json:
        profile: Json = {"real_name": self.name.title(), "display_name": self.name, "team": self.team_id}
        if with_email and self.email:
            profile["email"] = self.email
        if self.bot_id:
            profile["bot_id"] = self.bot_id
        return {
            "id": self.id, "team_id": self.team_id, "name": self.name, "real_name": self.name.title(),
            "deleted": self.deleted, "tz": self.tz, "tz_label": self.tz, "tz_offset": 3600, "updated": 0,
            "profile": profile, "is_admin": self.kind in ("admin", "owner"), "is_owner": self.kind == "owner",
            "is_primary_owner": False, "is_restricted": self.kind == "guest", "is_ultra_restricted": False,
            "is_bot": self.kind == "bot", "is_app_user": False, "is_stranger": self.kind == "stranger",
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Channel:
    """A public channel, a private one (`group`) or a direct message (`im`); `members` are user ids."""

    id: str
    name: str
    kind: ChannelKind
    members: dict[str, None] = field(default_factory=dict)  # a dict keeps the order of joining
    is_archived: bool = False
    is_ext_shared: bool = False

    def to_json(self, bot_user_id: str) -> Json:
        if self.kind == "im":
            other = next((m for m in self.members if m != bot_user_id), bot_user_id)
            return {"id": self.id, "created": 0, "is_im": True, "is_org_shared": False, "user": other,
                    "is_archived": self.is_archived, "is_user_deleted": False, "priority": 0}  # fmt: skip
        return {
            "id": self.id, "name": self.name, "name_normalized": self.name, "created": 0, "creator": "",
            "is_channel": self.kind == "channel", "is_group": self.kind == "group", "is_im": False,
            "is_mpim": False, "is_private": self.kind == "group", "is_archived": self.is_archived,
            "is_general": self.name == "general", "is_member": bot_user_id in self.members,
            "is_shared": self.is_ext_shared, "is_ext_shared": self.is_ext_shared, "is_org_shared": False,
            "is_pending_ext_shared": False, "pending_shared": [], "previous_names": [], "unlinked": 0,
            "num_members": len(self.members),
            "topic": {"value": "", "creator": "", "last_set": 0},
            "purpose": {"value": "", "creator": "", "last_set": 0},
        }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as it is now; an edit makes a new record under the same channel and ts."""

    channel_id: str
    ts: str
    user_id: str
    text: str
    thread_ts: str | None = None
    subtype: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    team_id: str = TEAM_ID
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edited: Json | None = None
    streaming: bool = False
    ephemeral_for: str | None = None
    client_msg_id: str | None = None

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts

    def to_json(self, *, with_metadata: bool = False) -> Json:
        """The message object of events and history, without the thread's counters."""
        out: Json = {
            "type": "message",
            "user": self.user_id,
            "ts": self.ts,
            "text": self.text,
            "team": self.team_id,
        }
        optional: Mapping[str, object] = {
            "subtype": self.subtype, "bot_id": self.bot_id, "app_id": self.app_id,
            "thread_ts": self.thread_ts,
            "blocks": self.blocks, "attachments": self.attachments, "files": self.files,
            "edited": self.edited,
            "client_msg_id": self.client_msg_id, "metadata": self.metadata if with_metadata else None,
        }  # fmt: skip
        out.update({name: value for name, value in optional.items() if value})
        if self.bot_id and self.app_id:
            out["bot_profile"] = {
                "id": self.bot_id,
                "app_id": self.app_id,
                "deleted": False,
                "team_id": self.team_id,
            }
        if self.reactions:
            out["reactions"] = [
                {"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()
            ]
        return out


@dataclass(slots=True, kw_only=True)
class Envelope:
    """One frame for the app. Times are `time.perf_counter()` seconds; `sent_at` is None until it went out."""

    envelope_id: str
    type: Literal["events_api", "slash_commands", "interactive"]
    payload: Json
    accepts_response_payload: bool = False
    retry_attempt: int = 0
    retry_reason: str = ""
    socket: int | None = None
    sent_at: float | None = None
    acked_at: float | None = None
    ack_payload: Json | None = None

    @property
    def event(self) -> Json:
        """The inner event; empty for slash commands and interactions."""
        event = self.payload.get("event")
        return event if isinstance(event, dict) else {}

    @property
    def event_id(self) -> str:
        return str(self.payload.get("event_id", ""))

    @property
    def ack_s(self) -> float | None:
        """Seconds from sending to acknowledgement, None when there was none."""
        return None if self.sent_at is None or self.acked_at is None else self.acked_at - self.sent_at

    def frame(self) -> Json:
        frame: Json = {"envelope_id": self.envelope_id, "type": self.type, "payload": self.payload,
                       "accepts_response_payload": self.accepts_response_payload}  # fmt: skip
        if self.type == "events_api":
            frame |= {"retry_attempt": self.retry_attempt, "retry_reason": self.retry_reason}
        return frame


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the app. `at` is Unix seconds; `inside_s` the fake's own time, without faults' waits."""

    method: str
    arguments: Json
    at: float
    status: int
    error: str | None
    fault: str | None
    performed: bool
    inside_s: float
    answer: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """An open modal."""

    id: str
    user_id: str
    hash: str
    content: Json

    def to_json(self) -> Json:
        return {"private_metadata": "", "callback_id": "", **self.content, "id": self.id, "hash": self.hash,
                "team_id": TEAM_ID, "app_id": APP_ID, "state": {"values": {}}, "root_view_id": self.id,
                "previous_view_id": None}  # fmt: skip
