"""Web API: what is not a plain message — reactions, working status, modals, files."""

from dataclasses import replace
from typing import cast

from tests.fakes.slack_arguments import Arguments
from tests.fakes.slack_blocks import MODAL_BLOCKS_LIMIT, checked_blocks
from tests.fakes.slack_chat import open_channel
from tests.fakes.slack_model import Json, SlackError, View
from tests.fakes.slack_service import Service
from tests.fakes.slack_workspace import File


def add_reaction(slack: Service, args: Arguments) -> Json:
    channel = open_channel(slack, args)
    old = slack.workspace.message(channel, args.required("timestamp"))
    name, bot = args.required("name", "invalid_name").strip(":"), slack.workspace.bot.id
    users = old.reactions.get(name, [])
    if bot in users:
        raise SlackError("already_reacted")
    slack.change(old, replace(old, reactions=old.reactions | {name: [*users, bot]}), quietly=True)
    return {}


def set_status(slack: Service, args: Arguments) -> Json:
    channel = open_channel(slack, args, "channel_id")
    loading = args.values.get("loading_messages")
    if isinstance(loading, list) and len(loading) > 10:
        raise SlackError("invalid_arguments", "no more than 10 items allowed [json-pointer:/loading_messages]")
    if "status" not in args.values:
        raise SlackError("invalid_arguments", "missing required field: status")
    key = (channel.id, args.required("thread_ts"))
    if args.text("status"):
        slack.statuses[key] = args.text("status")
    else:
        slack.statuses.pop(key, None)
    return {}


def open_view(slack: Service, args: Arguments) -> Json:
    content = args.mapping("view")
    if content is None or content.get("type") != "modal":
        raise SlackError("invalid_arguments", "view must be an object of type modal")
    title = content.get("title")
    if not isinstance(title, dict) or not 1 <= len(str(title.get("text", ""))) <= 24:
        raise SlackError("invalid_arguments", "must be 1 to 24 characters [json-pointer:/view/title/text]")
    blocks = checked_blocks(Arguments(content).objects("blocks"), slack.workspace.new_id("v"), limit=MODAL_BLOCKS_LIMIT)
    if any(block.get("type") == "input" for block in blocks) and "submit" not in content:
        raise SlackError("invalid_arguments", "submit is required when an input block is used [json-pointer:/view]")
    user = slack.use_trigger(args.required("trigger_id", "invalid_trigger_id"))
    view = View(id=slack.workspace.new_id("V"), user_id=user.id, hash=slack.workspace.new_ts(),
                content=content | {"blocks": blocks})  # fmt: skip
    slack.views[view.id] = view
    return {"view": view.to_json()}


def upload_url(slack: Service, args: Arguments) -> Json:
    name = args.required("filename")
    if args.whole("length", 0) < 1:
        raise SlackError("invalid_arguments", "length must be 1 or more")
    file = File(id=slack.workspace.new_id("F"), name=name, title=name, user_id=slack.workspace.bot.id)
    slack.workspace.files[file.id] = file
    return {"upload_url": f"{slack.base_url}/api/upload/v1/{file.id}", "file_id": file.id}


def complete_upload(slack: Service, args: Arguments) -> Json:
    done: list[File] = []
    for item in args.objects("files"):
        file = slack.workspace.files.get(str(item.get("id")))
        if file is None or file.content is None:
            raise SlackError("file_not_found")
        file.title = str(item.get("title") or file.name)
        done.append(file)
    if not done:
        raise SlackError("invalid_arguments", "files must not be empty")
    shown = [file_json(slack, file) for file in done]
    if args.text("channel_id"):
        channel = open_channel(slack, args, "channel_id")
        thread_ts = args.text("thread_ts") or None
        draft = slack.workspace.authored(
            slack.workspace.bot, channel, args.text("initial_comment"), slack.workspace.new_ts(), thread_ts
        )
        slack.post(replace(draft, files=shown, subtype="file_share"))
    return {"files": shown}


def file_json(slack: Service, file: File) -> Json:
    return {"id": file.id, "name": file.name, "title": file.title, "user": file.user_id,
            "size": len(cast(bytes, file.content)), "mode": "hosted", "is_external": False,
            "url_private": f"{slack.base_url}/files/{file.id}",
            "url_private_download": f"{slack.base_url}/files/{file.id}"}  # fmt: skip
