"""What the Web API, Socket Mode and a person's doings share: posting, publishing, triggers, modals."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from tests.fakes import slack_events as events
from tests.fakes.slack_faults import Faults, PostingLimit
from tests.fakes.slack_model import Call, Channel, Envelope, Json, Message, SlackError, User, View
from tests.fakes.slack_socket import SocketMode
from tests.fakes.slack_workspace import Workspace

BOT_TOKEN = "xoxb-fake-bot"
APP_TOKEN = "xapp-fake-app"
SCOPES = (
    "app_mentions:read assistant:write channels:history channels:read chat:write commands files:read "
    "files:write groups:history groups:read im:history im:read im:write reactions:read reactions:write "
    "team:read users:read users:read.email"
)
SUBSCRIPTIONS = (
    "app_mention message.channels message.groups message.im member_left_channel member_joined_channel "
    "channel_left group_left reaction_added"
)
TRIGGER_LIFE_S = 3.0
RESPONSE_URL_USES = 5


@dataclass(slots=True, kw_only=True)
class Trigger:
    user_id: str
    expires_at: float
    used: bool = False


@dataclass(slots=True, kw_only=True)
class ResponseUrl:
    """Where a response_url leads: the place, the person, and the message that was pressed."""

    user: User
    channel: Channel
    source: Message | None
    uses_left: int = RESPONSE_URL_USES


class Service:
    """The state behind the wire. All of it is synchronous; frames go out through the sockets' queues."""

    def __init__(self, *, bot_token: str = BOT_TOKEN, app_token: str = APP_TOKEN) -> None:
        self.bot_token, self.app_token = bot_token, app_token
        self.workspace = Workspace()
        self.socket = SocketMode(on_change=self.changed, on_ack=self._acknowledged)
        self.faults, self.posting_limit = Faults(), PostingLimit()
        self.scopes = set(SCOPES.split())
        self.subscriptions = set(SUBSCRIPTIONS.split())
        self.auth_error: str | None = None
        self.base_url = ""
        self.update_text_limit = 4_000
        self.call_log: list[Call] = []
        self.views: dict[str, View] = {}
        self.statuses: dict[tuple[str, str], str] = {}
        self._triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self._listeners: list[Callable[[], None]] = []

    def changed(self) -> None:
        """Tell whoever waits that something happened."""
        listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    def on_next_change(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)

    # events

    def publish(self, event: Json, channel: Channel, subscription: str) -> Envelope | None:
        """Send an event the app subscribed to, if its bot is in the channel."""
        if subscription not in self.subscriptions or self.workspace.bot.id not in channel.members:
            return None
        return self.send_event(event, shared=channel.is_ext_shared)

    def send_event(self, event: Json, *, shared: bool = False) -> Envelope:
        return self.send("events_api", events.event_callback(self.workspace, event, shared=shared))

    def send(
        self,
        kind: Literal["events_api", "slash_commands", "interactive"],
        payload: Json,
        *,
        answerable: bool = False,
    ) -> Envelope:
        return self.socket.deliver(Envelope(
            envelope_id=self.workspace.new_id("envelope-"), type=kind, payload=payload,
            accepts_response_payload=answerable,
        ))  # fmt: skip

    # messages

    def post(self, message: Message) -> Message:
        """Store a message and send its events: `message`, and `app_mention` where the bot is named."""
        message = self.workspace.add_message(message)
        channel = self.workspace.channels[message.channel_id]
        self.publish(events.message_event(self.workspace, message), channel, events.message_subscription(channel))
        bot = self.workspace.bot.id
        if channel.kind != "im" and message.user_id != bot and f"<@{bot}>" in message.text:
            self.publish(events.mention_event(self.workspace, message), channel, "app_mention")
        if message.user_id == bot and message.thread_ts:
            self.statuses.pop((channel.id, message.thread_ts), None)
        self.changed()
        return message

    def change(self, old: Message, new: Message, *, quietly: bool = False) -> Message:
        """Store a new version of a message and, unless quietly, send `message_changed`."""
        if new.ephemeral_for is not None:
            self.workspace.ephemerals = [new if m.ts == old.ts else m for m in self.workspace.ephemerals]
        else:
            self.workspace.replace_message(new)
            if not quietly:
                channel = self.workspace.channels[new.channel_id]
                event = events.changed_event(self.workspace, old, new)
                self.publish(event, channel, events.message_subscription(channel))
        self.changed()
        return new

    def remove(self, message: Message) -> None:
        """Delete a message: `message_deleted`, or `message_changed` to a tombstone where it has replies."""
        if message.ephemeral_for is not None:
            self.workspace.ephemerals = [m for m in self.workspace.ephemerals if m.ts != message.ts]
            self.changed()
            return
        channel = self.workspace.channels[message.channel_id]
        tombstone = self.workspace.remove_message(message)
        event = (
            events.changed_event(self.workspace, message, tombstone)
            if tombstone
            else events.deleted_event(self.workspace, message)
        )
        self.publish(event, channel, events.message_subscription(channel))
        self.changed()

    def whisper(self, message: Message, user: User) -> Message:
        """Show a message to one person only; no event, not in history."""
        message = replace(message, ephemeral_for=user.id)
        self.workspace.ephemerals.append(message)
        self.changed()
        return message

    # triggers, response urls

    def new_trigger(self, user: User) -> str:
        trigger_id = self.workspace.new_id("trigger-")
        self._triggers[trigger_id] = Trigger(user_id=user.id, expires_at=time.monotonic() + TRIGGER_LIFE_S)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> User:
        """The person who acted; a trigger works once and for 3 s."""
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if time.monotonic() > trigger.expires_at:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return self.workspace.user(trigger.user_id)

    def new_response_url(self, user: User, channel: Channel, source: Message | None) -> str:
        ticket = self.workspace.new_id("R")
        self.response_urls[ticket] = ResponseUrl(user=user, channel=channel, source=source)
        return f"{self.base_url}/response/{ticket}"

    def _acknowledged(self, envelope: Envelope) -> None:
        """A slash command's acknowledgement may carry its answer."""
        answer = envelope.ack_payload
        if envelope.type != "slash_commands" or not answer or not (answer.get("text") or answer.get("blocks")):
            return
        user = self.workspace.user(str(envelope.payload["user_id"]))
        channel = self.workspace.channel(str(envelope.payload["channel_id"]))
        self.respond(ResponseUrl(user=user, channel=channel, source=None), answer)

    def respond(self, place: ResponseUrl, body: Json) -> Message | None:
        """Do what a response_url body says: reply (to one person unless in_channel), replace or delete."""
        from tests.fakes.slack_chat import content_of  # the Web API's rules hold here too

        source = place.source
        if body.get("delete_original") and source:
            self.remove(source)
            return None
        content = content_of(self, body)
        if body.get("replace_original") and source:
            new = replace(source, text=content.text, blocks=content.blocks, attachments=content.attachments)
            return self.change(source, new)
        thread_ts = body.get("thread_ts")
        message = replace(
            content, channel_id=place.channel.id, thread_ts=str(thread_ts) if thread_ts else None,
        )  # fmt: skip
        if body.get("response_type") == "in_channel":
            return self.post(message)
        return self.whisper(message, place.user)
