"""The fake Discord as a process of its own, steered over HTTP, for tests that kill what talks to it.

`python -m tests.fakes.discord --port N` prints one JSON line with its addresses and ids,
then serves until it is ended.
Reading: `GET /__state /__calls?since=N /__messages?channel=ID /__ephemerals?user=ID`.
Doing: `POST /__<order>` with a JSON object; the orders are the keys of `ORDERS`. People,
channels and messages are ids.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import datetime

from aiohttp import web

from tests.fakes.discord import FakeDiscord
from tests.fakes.discord_faults import KINDS, Call, Kind
from tests.fakes.discord_model import Body, Channel, Interaction, Message, User, body_of, integer
from tests.fakes.discord_refusals import Refusal
from tests.fakes.discord_server import json_response

Order = Callable[[FakeDiscord, Body], Awaitable[object]]


def _user(fake: FakeDiscord, body: Body) -> User:
    return fake.world.user(integer(body.get("user"), fake.alice.id))


def _channel(fake: FakeDiscord, body: Body) -> Channel:
    return fake.world.channel(integer(body.get("channel"), fake.general.id))


def _message(fake: FakeDiscord, body: Body) -> Message:
    return fake.world.messages[integer(body.get("message"))]


def _moment(body: Body) -> datetime | None:
    return datetime.fromisoformat(str(body["sent_at"])) if "sent_at" in body else None


def told_message(message: Message) -> Body:
    """A message as the control API shows it."""
    return {
        "id": str(message.id), "channel": str(message.channel_id), "user": str(message.author_id),
        "text": message.content,
        "revisions": message.revisions,
        "reply_to": str(message.reference_id) if message.reference_id else None,
        "embeds": message.embeds, "components": message.components, "flags": message.flags,
        "deleted": message.deleted,
        "nonce": message.nonce, "sent_at": message.sent_at.isoformat(), "loading": message.loading,
    }  # fmt: skip


def told_interaction(interaction: Interaction) -> Body:
    original = interaction.original
    return {
        "id": str(interaction.id), "answered": interaction.answered_s is not None,
        "answer_type": interaction.answer_type,
        "choices": interaction.choices, "modal": interaction.modal,
        "original": told_message(original) if original else None,
    }  # fmt: skip


def told_call(call: Call) -> Body:
    return {**asdict(call), "at": call.at.isoformat()}


def told_state(fake: FakeDiscord) -> Body:
    return {
        "api_url": fake.api_url, "gateway_url": fake.gateway_url, "token": fake.token,
        "guild": str(fake.guild_id),
        "application": str(fake.application_id), "bot": str(fake.bot_user_id), "identifies": fake.identifies,
        "resumes": fake.resumes, "connected": fake.connected, "calls": len(fake.calls),
        "commands": fake.commands,
        "users": {user.name: str(user.id) for user in fake.world.users.values()},
        "channels": {item.name: str(item.id) for item in fake.world.channels.values() if item.name},
    }  # fmt: skip


async def _say(fake: FakeDiscord, body: Body) -> object:
    replied = fake.world.messages.get(integer(body.get("reply_to")))
    deliver = body.get("deliver") is not False
    return told_message(
        await fake.say(
            _user(fake, body), _channel(fake, body), str(body.get("text")), reply_to=replied,
            sent_at=_moment(body),
            deliver=deliver,
        )
    )  # fmt: skip


async def _direct(fake: FakeDiscord, body: Body) -> object:
    return told_message(await fake.direct(_user(fake, body), str(body.get("text")), sent_at=_moment(body)))


async def _edit(fake: FakeDiscord, body: Body) -> object:
    return told_message(await fake.edit(_message(fake, body), str(body.get("text"))))


async def _delete(fake: FakeDiscord, body: Body) -> object:
    await fake.delete(_message(fake, body))
    return {}


async def _slash(fake: FakeDiscord, body: Body) -> object:
    ran = await fake.slash(_user(fake, body), _channel(fake, body), body_of(body.get("options")))
    return told_interaction(ran)


async def _press(fake: FakeDiscord, body: Body) -> object:
    return told_interaction(await fake.press(_user(fake, body), _message(fake, body), str(body.get("custom_id"))))


async def _interaction(fake: FakeDiscord, body: Body) -> object:
    return told_interaction(fake.interactions.all[integer(body.get("id"))])


async def _add_user(fake: FakeDiscord, body: Body) -> object:
    return {"id": str(fake.add_user(str(body.get("name")), bot=bool(body.get("bot"))).id)}


async def _add_channel(fake: FakeDiscord, body: Body) -> object:
    given = body.get("viewers")
    viewers = [fake.world.user(integer(item)) for item in given] if isinstance(given, list) else None
    return {"id": str(fake.add_channel(str(body.get("name")), viewers=viewers).id)}


async def _fail(fake: FakeDiscord, body: Body) -> object:
    kind: Kind = next(item for item in _KINDS if item == body.get("kind", "500"))
    wait_s = body.get("retry_after_s", 0.2)
    fake.fail(
        str(body.get("route", "*")), integer(body.get("times"), 1), kind,
        retry_after_s=float(wait_s) if isinstance(wait_s, int | float) else 0.2,
    )  # fmt: skip
    return {}


_KINDS: tuple[Kind, ...] = ("429", "429_global", "500", "502", "drop_before", "drop_after", "timeout")
assert set(_KINDS) == set(KINDS)


async def _gateway(fake: FakeDiscord, body: Body) -> object:
    """`{"do": "cut" | "reconnect" | "invalidate" | "forget" | "freeze" | "refuse" | "heal" | "close"}`."""
    what = str(body.get("do"))
    if what == "cut":
        await fake.cut()
    elif what == "close":
        await fake.close_sockets(integer(body.get("code"), 1001))
    else:
        plain: dict[str, Callable[[], None]] = {
            "reconnect": fake.ask_reconnect, "forget": fake.forget_sessions, "heal": fake.heal,
            "invalidate": lambda: fake.invalidate(resumable=bool(body.get("resumable"))),
            "freeze": lambda: fake.freeze(answers_close=bool(body.get("answers_close"))),
            "refuse": lambda: fake.refuse_connections(integer(body["times"]) if "times" in body else None),
        }  # fmt: skip
        plain[what]()
    return {}


ORDERS: dict[str, Order] = {
    "say": _say, "direct": _direct, "edit": _edit, "delete": _delete, "slash": _slash, "press": _press,
    "interaction": _interaction, "user": _add_user, "channel": _add_channel, "fail": _fail,
    "gateway": _gateway,
}  # fmt: skip


def control_routes(find: Callable[[], FakeDiscord]) -> list[web.RouteDef]:
    """The control API, to be served beside the fake."""

    async def state(request: web.Request) -> web.Response:
        return json_response(200, told_state(find()))

    async def calls(request: web.Request) -> web.Response:
        since = integer(request.query.get("since"))
        return json_response(200, [told_call(call) for call in find().calls[since:]])

    async def messages(request: web.Request) -> web.Response:
        fake = find()
        return json_response(200, [told_message(item) for item in fake.messages(_channel(fake, {**request.query}))])

    async def ephemerals(request: web.Request) -> web.Response:
        fake = find()
        return json_response(200, [told_message(item) for item in fake.ephemerals(_user(fake, {**request.query}))])

    async def order(request: web.Request) -> web.Response:
        name = request.match_info["order"]
        if name not in ORDERS:
            return json_response(404, {"error": f"No order {name!r}; there are {sorted(ORDERS)}."})
        try:
            return json_response(200, await ORDERS[name](find(), body_of(json.loads(await request.text() or "{}"))))
        except (Refusal, LookupError, PermissionError, ValueError, StopIteration, RuntimeError) as error:
            return json_response(400, {"error": f"{type(error).__name__}: {error}"})

    return [
        web.get("/__state", state), web.get("/__calls", calls), web.get("/__messages", messages),
        web.get("/__ephemerals", ephemerals), web.post("/__{order}", order),
    ]  # fmt: skip


async def serve(port: int) -> None:
    """Serve until cancelled; the first line on stdout is the state."""
    fake = FakeDiscord(port=port)
    await fake.start(*control_routes(lambda: fake))
    try:
        sys.stdout.write(json.dumps(told_state(fake)) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()
    finally:
        await fake.stop()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.discord", description="A Discord of one's own.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    try:
        asyncio.run(serve(parser.parse_args(arguments).port))
    except KeyboardInterrupt:
        return
