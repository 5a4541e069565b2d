"""The control API: `POST /__say {"user": "ann", …}` calls the method of FakeSlack with that name.

Arguments are the method's own; a message is given as its JSON. Records come back as JSON. A caller's mistake
answers 400 with `{"error": …}`.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import asdict, is_dataclass
from typing import TYPE_CHECKING, cast

from aiohttp import web

from tests.fakes.slack_model import Envelope, Json, Message, SlackError

if TYPE_CHECKING:
    from tests.fakes.slack import FakeSlack

ACTS = [
    "say",
    "edit",
    "delete",
    "react",
    "slash",
    "press",
    "press_again",
    "submit_view",
    "join",
    "leave",
    "redeliver",
    "add_user",
    "add_channel",
    "user",
    "channel",
    "dm",
    "messages",
    "replies",
    "bot_messages",
    "ephemerals",
    "calls",
    "envelopes",
    "envelopes_of",
    "inside_s",
    "fail",
    "heal",
    "enforce_posting_limit",
    "disconnect",
    "cut",
    "silence",
    "refuse_sockets",
]


def control_routes(slack: "FakeSlack") -> list[web.RouteDef]:
    async def act(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        try:
            given = json.loads(await request.text() or "{}") if request.method == "POST" else dict(request.query)
            result = await _run(slack, name, given)
        except (SlackError, LookupError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response(plain(result))

    return [web.route("*", "/__{name}", act)]


async def _run(slack: "FakeSlack", name: str, given: Json) -> object:
    if name == "status":
        return {"sockets": len(slack.socket.sockets), "connects": slack.socket.connects,
                "missed": len(slack.socket.missed), "bad_frames": slack.socket.bad_frames}  # fmt: skip
    if name == "configure":
        return _configure(slack, given)
    if name not in ACTS:
        raise LookupError(f"There is no control called {name!r}; there is status, configure, {', '.join(ACTS)}.")
    arguments = dict(given)
    if isinstance(arguments.get("message"), dict):
        arguments["message"] = message_from(cast(Json, arguments["message"]))
    if isinstance(arguments.get("envelope"), (str, dict)):
        arguments["envelope"] = _envelope(slack, arguments["envelope"])
    act = cast(Callable[..., object], getattr(slack, name))
    result = act(**arguments)
    return await result if inspect.isawaitable(result) else result


def _configure(slack: "FakeSlack", given: Json) -> Json:
    """Set what are attributes in process: redelivery, scopes, subscriptions, the error of every token."""
    for name, value in given.items():
        if name == "redeliver_after_s":
            slack.socket.redeliver_after_s = None if value is None else float(str(value))
        elif name in ("scopes", "subscriptions") and isinstance(value, list):
            setattr(slack, name, {str(item) for item in value})
        elif name == "auth_error":
            slack.auth_error = None if value is None else str(value)
        else:
            raise LookupError(f"There is no setting {name!r} that takes {value!r}.")
    return {"ok": True}


def _envelope(slack: "FakeSlack", given: object) -> Envelope:
    wanted = given.get("envelope_id") if isinstance(given, dict) else given
    for envelope in (*slack.socket.envelopes, *slack.socket.missed):
        if envelope.envelope_id == wanted:
            return envelope
    raise LookupError(f"No envelope is called {wanted!r}.")


def message_from(given: Json) -> Message:
    """The record of an `asdict` that went through JSON."""
    return Message(**given)  # type: ignore[arg-type]  # each field has its type


def plain(value: object) -> object:
    """Records as JSON, at any depth."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
