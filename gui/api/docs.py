"""The API described: OpenAPI 3.1 from the door's own definitions, and a page that needs no script."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from html import escape

import orjson
from starlette.requests import Request
from starlette.responses import Response

import core
from core.actions import Definition
from core.codec import canonical, digest
from core.values import Json
from gui.api.auth import Gate
from gui.api.calls import described, json_response, result_schema
from gui.api.later import LATER, SOCKETS
from gui.api.parts import Parts

PLAIN: tuple[tuple[str, str, str], ...] = (
    ("GET", "/status", "How the process is; no sign-in, no limit"),
    ("GET", "/metrics", "Figures in Prometheus' text form"),
    ("POST", "/api/auth/login", "E-mail and password for a token of 15 minutes"),
    ("GET", "/api/auth/session", "Who is signed in, and the session's CSRF token"),
    ("GET", "/api/v1/actions", "The actions you may call, with their JSON Schemas"),
    ("POST", "/api/v1/chat", "Say something: the answer with its sources, or a stream of it"),
    ("GET", "/api/v1/events", "Server-sent events you may see; Last-Event-ID resumes"),
    ("GET", "/api/thoughts", "Notes, newest first"),
    ("POST", "/api/thoughts", "Remember a note"),
    ("POST", "/hooks/{source}", "A signed delivery from another service"),
)
_PROBLEM: dict[str, Json] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint", "errorId"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string"},
        "errorId": {"type": "string"},
        "confirmationId": {"type": "string", "description": "Send it back as Signalbox-Confirm."},
    },
}
_FAULT: dict[str, Json] = {
    "description": "What went wrong (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_HEADERS: tuple[tuple[str, str, str], ...] = (
    ("Idempotency-Key", "header", "The same key gives the same result, for 30 days."),
    ("Signalbox-Confirm", "header", "The confirmationId of a 409, as the yes."),
    ("simulate", "query", "true: only say what would happen."),
)
STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d2430;"
    "background:#fff}code,pre{font-family:ui-monospace,monospace;font-size:13px}pre{background:#f4f5f7;"
    "padding:.75rem;overflow:auto;border-radius:6px}summary{cursor:pointer;padding:.35rem 0}h2{margin-top:2rem}"
    ".muted{color:#5b6472}@media(prefers-color-scheme:dark){body{background:#14171c;color:#e3e7ee}"
    "pre{background:#1e232b}.muted{color:#98a2b3}}"
)


class Docs:
    """Serves the description. Signed in, it names the actions the caller may use."""

    def __init__(self, parts: Parts, gate: Gate) -> None:
        self._parts, self._gate = parts, gate

    async def openapi(self, request: Request) -> Response:
        """GET /api/openapi.json."""
        return json_response(await _openapi(await self._usable(request)))

    async def page(self, request: Request) -> Response:
        """GET /api/docs."""
        policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"
        html = _page(await self._usable(request))
        return Response(html, media_type="text/html", headers={"Content-Security-Policy": policy})

    async def _usable(self, request: Request) -> tuple[Definition, ...]:
        caller = await self._gate.known(request)
        if caller is None:
            self._gate.limit.hit(self._gate.address(request))
            return ()
        return await self._parts.door.usable(self._gate.context(request, caller))


async def _openapi(usable: Iterable[Definition]) -> Json:
    paths: dict[str, dict[str, Json]] = {}
    for method, path, summary in PLAIN:
        paths.setdefault(path, {})[method.lower()] = _operation(summary)
    for method, path, summary in LATER:
        paths.setdefault(path, {})[method.lower()] = _operation(f"{summary} (not built yet: answers 501)")
    for definition in usable:
        paths[f"/api/v1/actions/{definition.name}"] = {"post": _action(definition)}
        await asyncio.sleep(0)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Signalbox", "version": core.__version__},
        "paths": paths,  # type: ignore[dict-item]
        "components": {
            "schemas": {"Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "signalbox_session"},
            },
        },
        "security": [{"bearer": []}, {"session": []}],
    }


def _operation(summary: str) -> Json:
    return {"summary": summary, "responses": {"200": {"description": "As described"}, "default": _FAULT}}


def _action(definition: Definition) -> Json:
    item = described(definition)
    returned: Json = {"application/json": {"schema": _local(result_schema(definition.result))}}
    return {
        "operationId": definition.name,
        "summary": definition.summary,
        "description": definition.details,
        "parameters": [
            {"name": name, "in": where, "description": meaning, "schema": {"type": "string"}}
            for name, where, meaning in _HEADERS
        ],
        "requestBody": {"content": {"application/json": {"schema": _local(item["arguments"])}}},
        "responses": {
            "200": {"description": "The result", "content": returned},
            "409": {**_FAULT, "description": "Must be confirmed, or clashes"},
            "default": _FAULT,
        },
    }


def _local(schema: Json) -> Json:
    """A schema whose `$defs` are its own resource: 3.1 lets `#/$defs/…` point into it by `$id`."""
    if isinstance(schema, dict) and "$defs" in schema:
        return {"$id": f"urn:signalbox:schema:{digest(canonical(schema))[:16]}", **schema}
    return schema


def _page(usable: tuple[Definition, ...]) -> str:
    rows = "".join(
        f"<p><code>{method} {escape(path)}</code><br><span class=muted>{escape(what)}</span></p>"
        for method, path, what in PLAIN
    )
    later = "".join(f"<li><code>{method} {escape(path)}</code> {escape(what)}</li>" for method, path, what in LATER)
    later += "".join(f"<li><code>WS {escape(path)}</code></li>" for path in SOCKETS)
    actions = "".join(_action_html(one) for one in usable)
    if not usable:
        actions = "<p class=muted>Sign in, or send a token, to see the actions you may call.</p>"
    return (
        '<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">'
        f"<title>Signalbox API</title><style>{STYLE}</style><h1>Signalbox API</h1>"
        "<p>Sign in with <code>Authorization: Bearer TOKEN</code>. Errors are problem details (RFC 9457). "
        'Machine-readable: <a href="/api/openapi.json">/api/openapi.json</a>.</p>'
        f"<h2>Addresses</h2>{rows}<h2>Actions</h2>{actions}<h2>Not built yet</h2><ul>{later}</ul></html>"
    )


def _action_html(definition: Definition) -> str:
    item = described(definition)
    schema = orjson.dumps(item["arguments"], option=orjson.OPT_INDENT_2).decode()
    return (
        f"<details><summary><code>POST /api/v1/actions/{escape(definition.name)}</code> "
        f"{escape(definition.summary)}</summary><p class=muted>{escape(definition.details)}</p>"
        f"<pre>{escape(schema)}</pre></details>"
    )
