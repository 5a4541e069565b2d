"""Web API: who and where — auth.test, team, users, conversations and what was said in them."""

from tests.fakes.slack_arguments import Arguments
from tests.fakes.slack_model import APP_ID, TEAM_ID, Channel, Json, SlackError
from tests.fakes.slack_service import Service

_TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im"}


def auth_test(slack: Service, args: Arguments) -> Json:
    bot = slack.workspace.bot
    return {
        "url": "https://signalbox-test.slack.com/",
        "team": "Signalbox Test",
        "user": bot.name,
        "team_id": TEAM_ID,
        "user_id": bot.id,
        "bot_id": bot.bot_id,
        "is_enterprise_install": False,
    }


def open_connection(slack: Service, args: Arguments) -> Json:
    ticket = slack.socket.new_ticket()
    return {"url": f"{slack.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={APP_ID}"}


def team_info(slack: Service, args: Arguments) -> Json:
    return {"team": {"id": TEAM_ID, "name": "Signalbox Test", "domain": "signalbox-test",
                     "email_domain": "example.com", "icon": {"image_default": True}}}  # fmt: skip


def users_info(slack: Service, args: Arguments) -> Json:
    user = slack.workspace.users.get(args.required("user", "user_not_found"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user.to_json(with_email="users:read.email" in slack.scopes)}


def users_list(slack: Service, args: Arguments) -> Json:
    with_email = "users:read.email" in slack.scopes
    everyone = [user.to_json(with_email=with_email) for user in slack.workspace.users.values()]
    page, cursor = args.page(everyone, default_limit=999)
    return {"members": page, "cache_ts": 0, "response_metadata": {"next_cursor": cursor}}


def users_by_email(slack: Service, args: Arguments) -> Json:
    email = args.required("email").lower()
    for user in slack.workspace.users.values():
        if user.email.lower() == email and user.kind not in ("bot", "stranger") and not user.deleted:
            return {"user": user.to_json(with_email=True)}
    raise SlackError("users_not_found")


def _visible_channel(slack: Service, args: Arguments, name: str = "channel") -> Channel:
    channel = slack.workspace.channels.get(args.required(name, "channel_not_found"))
    if channel is None or (channel.kind != "channel" and slack.workspace.bot.id not in channel.members):
        raise SlackError("channel_not_found")
    return channel


def _readable_channel(slack: Service, args: Arguments) -> Channel:
    channel = _visible_channel(slack, args)
    if slack.workspace.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    prefix = {"channel": "channels", "group": "groups", "im": "im"}[channel.kind]
    if f"{prefix}:history" not in slack.scopes:
        raise SlackError("missing_scope", needed=f"{prefix}:history", provided=",".join(sorted(slack.scopes)))
    return channel


def conversations_info(slack: Service, args: Arguments) -> Json:
    shown = _visible_channel(slack, args).to_json(slack.workspace.bot.id)
    if not args.flag("include_num_members"):
        shown.pop("num_members", None)
    return {"channel": shown}


def conversations_members(slack: Service, args: Arguments) -> Json:
    members: list[Json] = [{"id": member} for member in _visible_channel(slack, args).members]
    page, cursor = args.page(members)
    return {"members": [item["id"] for item in page], "response_metadata": {"next_cursor": cursor}}


def users_conversations(slack: Service, args: Arguments) -> Json:
    """What the bot is in; an entry has no `is_member`."""
    bot = slack.workspace.bot.id
    wanted = {_TYPES.get(name) for name in args.text("types", "public_channel").replace(" ", "").split(",")}
    shown = [
        {name: value for name, value in channel.to_json(bot).items() if name != "is_member"}
        for channel in slack.workspace.channels.values()
        if channel.kind in wanted and bot in channel.members
        and not (args.flag("exclude_archived") and channel.is_archived)
    ]  # fmt: skip
    page, cursor = args.page(shown)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def conversations_list(slack: Service, args: Arguments) -> Json:
    bot = slack.workspace.bot.id
    wanted = args.text("types", "public_channel").replace(" ", "").split(",")
    unknown = [name for name in wanted if name not in (*_TYPES, "mpim")]
    if unknown:
        raise SlackError("invalid_types", f"unknown: {', '.join(unknown)}")
    kinds = {_TYPES[name] for name in wanted if name in _TYPES}
    shown = [
        channel.to_json(bot) for channel in slack.workspace.channels.values()
        if channel.kind in kinds and (channel.kind == "channel" or bot in channel.members)
        and not (args.flag("exclude_archived") and channel.is_archived)
    ]  # fmt: skip
    page, cursor = args.page(shown)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def conversations_open(slack: Service, args: Arguments) -> Json:
    if args.text("channel"):
        channel = _visible_channel(slack, args)
    else:
        users = args.required("users").split(",")
        if len(users) != 1:
            raise SlackError("not_supported", "this fake opens direct messages with one person only")
        user = slack.workspace.users.get(users[0])
        if user is None:
            raise SlackError("user_not_found")
        if user.kind == "bot":
            raise SlackError("cannot_dm_bot")
        channel = slack.workspace.dm(user)
    full = channel.to_json(slack.workspace.bot.id) if args.flag("return_im") else {"id": channel.id}
    return {"channel": full}


def history(slack: Service, args: Arguments) -> Json:
    channel = _readable_channel(slack, args)
    found = slack.workspace.history(channel, args.text("oldest"), args.text("latest"), args.flag("inclusive"))
    metadata = args.flag("include_all_metadata")
    return _messages(args, [slack.workspace.as_json(m, with_metadata=metadata) for m in found], 100) | {"pin_count": 0}


def replies(slack: Service, args: Arguments) -> Json:
    channel = _readable_channel(slack, args)
    message = slack.workspace.find(channel, args.required("ts"))
    parent = slack.workspace.find(channel, message.thread_ts or message.ts) if message else None
    if parent is None:
        raise SlackError("thread_not_found")
    found = slack.workspace.replies(parent, args.text("oldest"), args.text("latest"), args.flag("inclusive"))
    metadata = args.flag("include_all_metadata")
    return _messages(args, [slack.workspace.as_json(m, with_metadata=metadata) for m in found], 999)


def _messages(args: Arguments, found: list[Json], default_limit: int) -> Json:
    page, cursor = args.page(found, default_limit=default_limit)
    body: Json = {"messages": page, "has_more": bool(cursor)}
    return body | {"response_metadata": {"next_cursor": cursor}} if cursor else body
