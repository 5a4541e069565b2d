"""Web API: chat.* — posting, changing, deleting, messages for one person, streamed messages."""

from collections.abc import Mapping
from dataclasses import replace

from tests.fakes.slack_arguments import Arguments
from tests.fakes.slack_blocks import MARKDOWN_LIMIT, TEXT_LIMIT, checked_blocks
from tests.fakes.slack_model import Channel, Json, Message, SlackError
from tests.fakes.slack_service import Service


def content_of(slack: Service, values: Mapping[str, object]) -> Message:
    """The message those arguments describe, checked against Slack's limits, not yet in a channel."""
    args = Arguments(values)
    text, markdown = args.text("text"), args.text("markdown_text")
    if markdown and (text or args.objects("blocks")):
        raise SlackError("markdown_text_conflict")
    if len(text) > TEXT_LIMIT or len(markdown) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long", f"{len(text or markdown)} characters are too many")
    ts = slack.workspace.new_ts()
    metadata = args.mapping("metadata")
    if metadata is not None and not (metadata.get("event_type") and isinstance(metadata.get("event_payload"), dict)):
        raise SlackError("invalid_metadata_format", "metadata needs event_type and event_payload")
    blocks = checked_blocks(args.objects("blocks"), f"b{ts[-6:]}")
    attachments = args.objects("attachments")
    if not (text or markdown or blocks or attachments):
        raise SlackError("no_text")
    bot = slack.workspace.bot
    message = slack.workspace.authored(bot, Channel(id="", name="", kind="channel"), text or markdown, ts)
    return replace(message, blocks=blocks, attachments=attachments, metadata=metadata)


def open_channel(slack: Service, args: Arguments, name: str = "channel") -> Channel:
    """A channel the bot may write to; a person's id stands for their direct message."""
    where = args.required(name, "channel_not_found")
    user = slack.workspace.users.get(where)
    channel = slack.workspace.dm(user) if user else slack.workspace.channel(where)
    if slack.workspace.bot.id not in channel.members:
        if channel.kind != "channel":
            raise SlackError("channel_not_found")
        if "chat:write.public" not in slack.scopes:
            raise SlackError("not_in_channel")
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


def _thread(slack: Service, channel: Channel, args: Arguments) -> str | None:
    thread_ts = args.text("thread_ts")
    if not thread_ts:
        return None
    parent = slack.workspace.find(channel, thread_ts)
    if parent is None:
        raise SlackError("thread_not_found")
    return parent.thread_ts or parent.ts  # Slack hangs a reply to a reply on the thread's parent


def post_message(slack: Service, args: Arguments) -> Json:
    channel = open_channel(slack, args)
    wait_s = slack.posting_limit.wait_s(channel.id)
    if wait_s:
        raise SlackError("ratelimited", status=429, retry_after_s=wait_s)
    thread_ts = _thread(slack, channel, args)
    content = replace(content_of(slack, args.values), channel_id=channel.id, thread_ts=thread_ts)
    if thread_ts and args.flag("reply_broadcast"):
        content = replace(content, subtype="thread_broadcast")
    message = slack.post(content)
    shown = message.to_json(with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(slack: Service, args: Arguments) -> Json:
    channel = open_channel(slack, args)
    user = slack.workspace.user(args.required("user", "user_not_found"))
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    thread_ts = _thread(slack, channel, args)
    content = replace(content_of(slack, args.values), channel_id=channel.id, thread_ts=thread_ts)
    return {"message_ts": slack.whisper(content, user).ts}


def _own_message(slack: Service, args: Arguments, refusal: str) -> Message:
    channel = open_channel(slack, args)
    message = slack.workspace.message(channel, args.required("ts"))
    if message.user_id != slack.workspace.bot.id:
        raise SlackError(refusal)
    return message


def update(slack: Service, args: Arguments) -> Json:
    old = _own_message(slack, args, "cant_update_message")
    if old.streaming:
        raise SlackError("streaming_state_conflict")
    if len(args.text("text")) > slack.update_text_limit:
        raise SlackError("msg_too_long", f"text is over {slack.update_text_limit} characters")
    content = content_of(slack, args.values)
    new = slack.change(old, replace(
        old, text=content.text or old.text, blocks=content.blocks, attachments=content.attachments,
        metadata=content.metadata or old.metadata,
        edited={"user": old.user_id, "ts": slack.workspace.new_ts()},
    ))  # fmt: skip
    return {
        "channel": new.channel_id,
        "ts": new.ts,
        "text": new.text,
        "message": new.to_json(with_metadata=True),
    }


def delete(slack: Service, args: Arguments) -> Json:
    message = _own_message(slack, args, "cant_delete_message")
    slack.remove(message)
    return {"channel": message.channel_id, "ts": message.ts}


def _streamed(slack: Service, args: Arguments) -> tuple[str, list[Json]]:
    """Text and blocks that this call of a stream adds."""
    markdown, chunks = args.text("markdown_text"), args.objects("chunks")
    if markdown and chunks:
        raise SlackError("invalid_arguments", "markdown_text and chunks exclude each other")
    text, blocks = markdown, list[Json]()
    for index, chunk in enumerate(chunks):
        kind = chunk.get("type")
        if kind == "markdown_text":
            text += str(chunk.get("text", ""))
        elif kind == "blocks":
            blocks += Arguments(chunk).objects("blocks")
        elif kind not in ("task_update", "plan_update"):
            raise SlackError("invalid_chunks", f"unknown type {kind!r} [json-pointer:/chunks/{index}]")
    if len(text) > MARKDOWN_LIMIT:
        raise SlackError("msg_too_long", f"{len(text)} characters in one call")
    return text, checked_blocks(blocks, slack.workspace.new_id("s"))


def start_stream(slack: Service, args: Arguments) -> Json:
    channel = open_channel(slack, args)
    args.required("thread_ts")
    if channel.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            args.required(name, f"missing_{name}")
    thread_ts = _thread(slack, channel, args)
    text, blocks = _streamed(slack, args)
    ts = slack.workspace.new_ts()
    draft = slack.workspace.authored(slack.workspace.bot, channel, text, ts, thread_ts)
    message = slack.post(replace(draft, blocks=blocks, streaming=True))
    return {"channel": channel.id, "ts": message.ts}


def _open_stream(slack: Service, args: Arguments) -> Message:
    message = _own_message(slack, args, "message_not_owned_by_app")
    if not message.streaming:
        raise SlackError("message_not_in_streaming_state")
    return message


def append_stream(slack: Service, args: Arguments) -> Json:
    old = _open_stream(slack, args)
    text, blocks = _streamed(slack, args)
    slack.change(old, replace(old, text=old.text + text, blocks=[*old.blocks, *blocks]), quietly=True)
    return {"channel": old.channel_id, "ts": old.ts}


def stop_stream(slack: Service, args: Arguments) -> Json:
    old = _open_stream(slack, args)
    text, blocks = _streamed(slack, args)
    last = checked_blocks(args.objects("blocks"), slack.workspace.new_id("s"))
    new = slack.change(old, replace(
        old, text=old.text + text, blocks=[*old.blocks, *blocks, *last], streaming=False,
        metadata=args.mapping("metadata") or old.metadata,
    ))  # fmt: skip
    return {"channel": new.channel_id, "ts": new.ts, "message": new.to_json(with_metadata=True)}
