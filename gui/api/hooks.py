"""`/hooks/{source}`: signed deliveries, on the disk before they are acknowledged, handed on at least once.

A delivery becomes a critical event in the same write that marks it as seen. If an action is configured
for its source, a durable listener runs it through the door under the event's id as the key, so that a
restart runs it again without doing it twice.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta

import orjson
from starlette.requests import Request
from starlette.responses import Response

from core.actions import Context
from core.bus import Policy
from core.config.settings import HookSettings
from core.errors import AppError, InvalidInput, NotBuilt, NotFound, Unavailable
from core.events import Event, HookReceived
from core.points import reach
from core.values import Caller, CallerKind, Json, now, stamp
from gui.api import seen, signature
from gui.api.auth import Gate
from gui.api.body import raw_body
from gui.api.calls import json_response
from gui.api.parts import Parts

GIVE_UP = timedelta(hours=24)
"""A delivery whose action could not be run for so long is left to the record."""

log = logging.getLogger(__name__)


class Hooks:
    """Takes deliveries and runs what is configured for them. Make it before anything is received."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate
        self._listener = parts.bus.subscribe("webhooks", HookReceived, policy=Policy.BLOCK, durable=True)

    async def receive(self, request: Request) -> Response:
        """POST /hooks/{source}: 202 once it is on the disk; 409 for an exact copy."""
        self._gate.limit.hit(self._gate.address(request))
        source = request.path_params["source"]
        if not signature.SOURCE.fullmatch(source):
            raise NotFound("No source is called that.", hint="Lower-case letters, digits, - and _.")
        settings = self._settings(source)
        body = await raw_body(request)
        secrets = await self._secrets(source)
        delivery = signature.check(body, request.headers, secrets, settings, now_s=time.time())
        event = HookReceived(source=source, delivery_id=delivery.id, body=_json_text(body))
        reach("hook.before_write")
        before = stamp(now() - timedelta(days=seen.KEPT_DAYS))
        new = await self._parts.storage.write(seen.receive, self._parts.bus, event, delivery.signature, before)
        reach("hook.after_write")
        if new:
            self._parts.bus.publish(event)
        return json_response({"accepted": new, "id": event.id if new else ""}, status=202 if new else 200)

    async def run(self) -> None:
        """Run actions for what arrived, beginning with what an earlier process left; until cancelled."""
        await self._parts.bus.serve(self._listener, self._hear, batch=1)

    def close(self) -> None:
        """Stop listening."""
        self._parts.bus.unsubscribe(self._listener)

    async def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, HookReceived):
                await self._hand_on(event)

    async def _hand_on(self, event: HookReceived) -> None:
        settings = self._settings(event.source)
        if not settings.action:
            return
        source = event.source
        caller = Caller(network="hook", external_id=source, kind=CallerKind.WORKFLOW, through=f"hook {source}")
        try:
            arguments = arguments_of(settings, event.body)
            await self._parts.door.dispatch(Context(caller=caller, key=event.id), settings.action, arguments)
        except NotBuilt as error:
            log.warning("webhook %s of %s: %s", event.id, source, error)
        except Unavailable as error:
            if now() - event.at < GIVE_UP:
                raise  # it stays unheard, and the part starts again with back-off
            log.warning("webhook %s of %s given up after a day: %s", event.id, source, error)
        except AppError as error:  # the record has it; trying again would not help
            log.warning("webhook %s of %s: %s", event.id, source, error)

    def _settings(self, source: str) -> HookSettings:
        return self._parts.settings.hooks.get(source) or HookSettings()

    async def _secrets(self, source: str) -> list[str]:
        names = signature.secret_names(source)
        found = [await self._parts.secrets.secret(name, purpose=f"webhook {source}") for name in names]
        return [secret for secret in found if secret]


def arguments_of(settings: HookSettings, body: str) -> dict[str, Json]:
    """The action's arguments: the fixed ones, and those taken from the body by dotted paths."""
    found: dict[str, Json] = dict(settings.arguments)
    value: Json = orjson.loads(body)
    for argument, path in settings.take.items():
        found[argument] = _at(value, path)
    return found


def _at(value: Json, path: str) -> Json:
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise InvalidInput(f"The body has nothing at `{path}`.", hint="See `take` in the settings of this source.")
    return value


def _json_text(body: bytes) -> str:
    try:
        orjson.loads(body)
        return body.decode()
    except ValueError as error:
        raise InvalidInput(f"The body is signed, but not JSON: {error}.", hint="Send UTF-8 JSON.") from error
