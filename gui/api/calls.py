"""`/api/v1/actions`: the door over HTTP, and its list with schemas."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import lru_cache

import orjson
from starlette.requests import Request
from starlette.responses import Response

from core.actions import Context, Definition, Result
from core.codec import adapter
from core.errors import Conflict, InvalidInput
from core.values import Json
from gui.api.auth import Gate
from gui.api.body import json_object
from gui.api.parts import Parts
from gui.api.problems import problem
from gui.api.stream import EventStream, Outlet, frame

CONFIRM_HEADER = "Signalbox-Confirm"
_TRUE, _FALSE = frozenset({"true", "1", ""}), frozenset({"false", "0"})

Run = Callable[[Context], Awaitable[Json]]


class Calls:
    """Lists actions and calls them."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate

    async def listed(self, request: Request) -> Response:
        """GET /api/v1/actions: those the caller may use, each with its JSON Schema."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        items: list[Json] = []
        for definition in await self._parts.door.usable(ctx):
            items.append(described(definition))
            await asyncio.sleep(0)  # a schema takes up to a millisecond when it is made first
        return json_response({"items": items})

    async def call(self, request: Request) -> Response:
        """POST /api/v1/actions/{name}: run one; the answer is the result itself."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        name = request.path_params["name"]
        arguments = await json_object(request)
        ctx = replace(ctx, simulate=_flag(request, "simulate"))
        if wants_stream(request):
            return streamed(ctx, lambda with_sink: self._json(request, with_sink, name, arguments))
        ctx = replace(ctx, wait="respond-async" not in request.headers.get("prefer", ""))
        result = await self.dispatch(request, ctx, name, arguments)
        headers = {"Idempotency-Replayed": "true"} if result.again else {}
        return json_response(result.json, status=202 if result.job_id else 200, headers=headers)

    async def dispatch(self, request: Request, ctx: Context, name: str, arguments: Mapping[str, Json]) -> Result:
        """Through the door; with the confirming header as the answer to what waits."""
        confirm = request.headers.get(CONFIRM_HEADER, "").strip()
        if not confirm:
            return await self._parts.door.dispatch(ctx, name, arguments)
        asked = await self._parts.door.confirmations.get(confirm)
        if asked.action != self._parts.door.registry.get(name).name:
            raise Conflict("The yes is for another command. Nothing was run.", hint="Ask for this one again.")
        if asked.approver:
            return await self._parts.answers.approve(ctx, confirm)
        return await self._parts.door.dispatch(replace(ctx, confirm=confirm), name, arguments)

    async def _json(self, request: Request, ctx: Context, name: str, arguments: Mapping[str, Json]) -> Json:
        return (await self.dispatch(request, ctx, name, arguments)).json


def streamed(ctx: Context, run: Run) -> EventStream:
    """A stream of `text` and `progress` while it runs, ended by `result` or `problem`."""

    async def produce(outlet: Outlet) -> None:
        try:
            value = await run(replace(ctx, sink=outlet))
        except Exception as error:  # the stream began with 200, so a problem is an event
            outlet.put(frame("problem", problem(error)))
        else:
            outlet.put(frame("result", value))

    return EventStream(produce)


def wants_stream(request: Request) -> bool:
    """Whether the caller asked for server-sent events."""
    return "text/event-stream" in request.headers.get("accept", "")


def described(definition: Definition) -> dict[str, Json]:
    """An action as programs read it."""
    mark = definition.mark
    return {
        "name": definition.name,
        "summary": definition.summary,
        "details": definition.details,
        "usage": definition.usage(),
        "effect": mark.effect.value,
        "permission": mark.permission,
        "aliases": list(mark.aliases),
        "approver": mark.approver,
        "job": mark.job,
        "arguments": _arguments_schema(definition),
    }


@lru_cache(maxsize=512)
def result_schema(kind: type) -> dict[str, Json]:
    """The JSON Schema of what an action returns."""
    return adapter(kind).json_schema(mode="serialization", ref_template="#/$defs/{model}")


@lru_cache(maxsize=512)
def _schema_of(arguments: type) -> dict[str, Json]:
    schema: dict[str, Json] = arguments.model_json_schema()  # type: ignore[attr-defined]
    return schema


def _arguments_schema(definition: Definition) -> dict[str, Json]:
    return _schema_of(definition.arguments)


def json_response(value: Json, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A value as JSON that nobody caches."""
    return Response(
        orjson.dumps(value),
        status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        media_type="application/json",
    )


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false").lower()
    if text not in _TRUE | _FALSE:
        raise InvalidInput(f"`{name}` is {text[:40]!r}, not true or false.", hint=f"Send `?{name}=true`.")
    return text in _TRUE
