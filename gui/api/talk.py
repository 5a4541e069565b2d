"""`/api/v1/chat` and `/api/thoughts`: the two addresses that speak plainer than the list of actions."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from core.actions import Context
from core.codec import plain
from core.errors import InvalidInput
from core.values import Json
from gui.api.auth import Gate
from gui.api.body import json_object, refuse_others, text_field
from gui.api.calls import json_response, streamed, wants_stream
from gui.api.parts import Parts, Said

LISTED = 50


class Chat:
    """POST /api/v1/chat."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate

    async def say(self, request: Request) -> Response:
        """Say something; the answer with its sources, or a stream of it."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        body = await json_object(request)
        refuse_others(body, "conversation", "text")
        text = text_field(body, "text")
        conversation = text_field(body, "conversation", default="")
        if not text.strip():
            raise InvalidInput("`text` is empty.", hint="Ask something, or type a command.")
        if wants_stream(request):
            return streamed(ctx, lambda with_sink: self._answer(with_sink, text, conversation))
        return json_response(await self._answer(ctx, text, conversation))

    async def _answer(self, ctx: Context, text: str, conversation: str) -> Json:
        said = await self._parts.talk.say(
            ctx.caller,
            text,
            network="terminal" if ctx.caller.network == "terminal" else "api",
            conversation=conversation,
            key=ctx.key,
            sink=ctx.sink,
            address=ctx.address,
            agent=ctx.agent,
        )
        return answered(said)


def answered(said: Said) -> Json:
    """An answer as it goes out: the sources and what made it stand beside the reply."""
    reply = plain(said.reply)
    assert isinstance(reply, dict)
    return {
        "conversation": said.conversation,
        "id": said.incoming_id,
        "outcome": said.outcome,
        "sources": reply.pop("sources"),
        "producedBy": reply.pop("produced_by"),
        "reply": reply,
    }


class Thoughts:
    """GET|POST /api/thoughts: notes, through the same actions as everywhere."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate

    async def listed(self, request: Request) -> Response:
        """The newest notes; `next` is null when these are all."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        arguments: dict[str, Json] = dict(request.query_params)
        result = (await self._parts.door.dispatch(ctx, "notes.list", arguments)).json
        if isinstance(result, list):
            result = {"items": result, "next": None}
        return json_response(result)

    async def add(self, request: Request) -> Response:
        """Remember a note."""
        ctx = self._gate.context(request, await self._gate.caller(request))
        body = await json_object(request)
        refuse_others(body, "text", "tags")
        result = await self._parts.door.dispatch(replace(ctx, wait=True), "notes.add", body)
        return json_response(result.json, status=200 if result.again else 201)
