"""The HTTP side of the fake: reads a call, lets an ordered fault strike, answers, and records it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from http import HTTPStatus

from aiohttp import BodyPartReader, web

from tests.fakes.discord_faults import Call, Fault, Faults, RateLimits, too_many
from tests.fakes.discord_gateway import Gateway
from tests.fakes.discord_model import Attachment, Body
from tests.fakes.discord_refusals import Refusal, unauthorized
from tests.fakes.discord_rest import Answer, Ask, Rest
from tests.fakes.discord_rules import FILE_LIMIT_BYTES
from tests.fakes.discord_world import World

VIA = {"Via": "1.1 google"}  # discord.py takes a 429 without it for a ban
REQUEST_LIMIT_BYTES = 26 * 1024 * 1024


def json_response(status: int, body: object, headers: dict[str, str] | None = None) -> web.Response:
    """An answer whose content type is exactly `application/json`: with a charset discord.py reads text."""
    if body is None:
        return web.Response(status=status, headers={**VIA, **(headers or {})})
    return web.Response(
        status=status,
        body=json.dumps(body).encode(),
        content_type="application/json",
        headers={**VIA, **(headers or {})},
    )


class Server:
    """Serves the API, the gateway and attachments at one port of 127.0.0.1."""

    def __init__(
        self,
        world: World,
        rest: Rest,
        gateway: Gateway,
        *,
        token: Callable[[], str],
        changed: Callable[[], None],
    ) -> None:
        self._world, self._rest, self._gateway, self._token, self._changed = (
            world,
            rest,
            gateway,
            token,
            changed,
        )
        self.calls: list[Call] = []
        self.faults = Faults()
        self.limits = RateLimits()
        self.port = 0
        self._stopping = asyncio.Event()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int, extra: list[web.RouteDef]) -> None:
        app = web.Application(client_max_size=REQUEST_LIMIT_BYTES)
        app.router.add_route("*", "/api/v10/{path:.*}", self._serve)
        app.router.add_get("/gateway", self._gateway.accept)
        app.router.add_get("/gateway/", self._gateway.accept)
        app.router.add_get("/attachments/{id}/{name}", self._attachment)
        app.router.add_routes(extra)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        self._stopping.set()
        self._gateway.cut()
        if self._runner:
            await self._runner.cleanup()

    async def _attachment(self, request: web.Request) -> web.Response:
        found = self._world.attachments.get(int(request.match_info["id"]))
        if found is None:
            return json_response(404, {"message": "404: Not Found", "code": 0})
        return web.Response(body=found.content, headers={"Content-Type": found.content_type})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        call = Call(method=request.method, path=path, route=path, query=dict(request.query), body={})
        self.calls.append(call)
        fault = self.faults.take(request.method, path)
        call.fault = fault.kind if fault else None
        if fault and fault.kind == "timeout":
            await self._stopping.wait()
        if fault and fault.kind in ("drop_before", "timeout"):
            return self._drop(request)
        response = await self._answer(request, call, fault)
        call.status, call.spent_s = response.status, time.perf_counter() - call.started_s
        if fault and fault.kind == "drop_after":
            call.status = 0
            response = self._drop(request)
        self._changed()
        return response

    def _drop(self, request: web.Request) -> web.Response:
        if request.transport:
            request.transport.abort()
        self._changed()
        return web.Response(status=500)

    async def _answer(self, request: web.Request, call: Call, fault: Fault | None) -> web.Response:
        headers: dict[str, str] = {}
        try:
            route, ids = self._rest.find(request.method, call.path)
            call.route = route.template
            body, files = await self._read(request)
            call.body = body if isinstance(body, dict) else {"items": body} if body is not None else {}
            call.started_s = time.perf_counter()
            if not route.open and request.headers.get("Authorization") != f"Bot {self._token()}":
                raise unauthorized()
            struck = _struck(fault)
            if struck:
                return struck
            allowance = self.limits.spend(request.method, call.path, route.template)
            headers = allowance.headers()
            if allowance.exceeded:
                refused, more = too_many(allowance.reset_after_s, everywhere=False)
                return json_response(429, refused, headers | more)
            answer: Answer = route.answer(Ask(ids=ids, query=call.query, body=body, files=files))
            return json_response(*answer, headers)
        except Refusal as refusal:
            return json_response(refusal.status, refusal.body(), headers)

    async def _read(self, request: web.Request) -> tuple[object, list[Attachment]]:
        """The body, and the files when it is a form with `payload_json`."""
        if request.content_type.startswith("multipart/"):
            return await self._read_form(request)
        text = await request.read()
        if not text:
            return None, []
        if request.content_type != "application/json":
            raise Refusal(400, 50035, "Expected \"Content-Type\" header to be one of {'application/json'}.")
        return _parsed(text), []

    async def _read_form(self, request: web.Request) -> tuple[object, list[Attachment]]:
        body: object = {}
        files: list[Attachment] = []
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            content = bytes(await part.read(decode=True))
            if part.name == "payload_json":
                body = _parsed(content)
                continue
            if len(content) > FILE_LIMIT_BYTES:
                raise Refusal(413, 40005, "Request entity too large")
            kind = part.headers.get("Content-Type", "application/octet-stream")
            files.append(
                Attachment(
                    id=self._world.ids.new(),
                    filename=part.filename or "file",
                    content_type=kind,
                    content=content,
                )
            )
        return _without_new_files(body), files


def _parsed(text: bytes) -> object:
    try:
        return json.loads(text)
    except ValueError:
        raise Refusal(400, 50109, "The request body contains invalid JSON.") from None


def _without_new_files(body: object) -> object:
    """The body, its attachment list freed of the entries that describe files of this very form."""
    if not isinstance(body, dict):
        return body
    fields: Body = dict(body.get("data") or {}) if "data" in body else dict(body)
    described = fields.get("attachments")
    if isinstance(described, list):
        kept = [item for item in described if isinstance(item, dict) and int(str(item.get("id", 0))) > 10_000]
        fields["attachments"] = kept
    return {**body, "data": fields} if "data" in body else fields


def _struck(fault: Fault | None) -> web.Response | None:
    if fault is None or fault.kind == "drop_after":
        return None
    if fault.kind in ("429", "429_global"):
        body, headers = too_many(fault.retry_after_s, everywhere=fault.kind == "429_global")
        reset = {"X-RateLimit-Reset-After": f"{fault.retry_after_s:.3f}", "X-RateLimit-Limit": "5"}
        return json_response(429, body, headers | reset | {"X-RateLimit-Remaining": "0"})
    status = int(fault.kind)
    words = f"{status}: {HTTPStatus(status).phrase}"
    if status == 502:  # comes from the proxy in front, not from the API
        return web.Response(
            status=502, text=f"<html><title>{words}</title></html>", content_type="text/html", headers=VIA
        )
    return json_response(status, {"message": words, "code": 0})
