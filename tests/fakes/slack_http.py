"""The HTTP front: reads a call, checks token and scope, meets faults, performs, records, answers."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from aiohttp import web

from tests.fakes import slack_chat, slack_directory, slack_surfaces
from tests.fakes.slack_arguments import Arguments
from tests.fakes.slack_faults import Fault
from tests.fakes.slack_model import Call, Json, SlackError
from tests.fakes.slack_service import Service

Method = Callable[[Service, Arguments], Json]

# method -> what performs it, and the scopes of which one is needed
METHODS: Mapping[str, tuple[Method, str]] = {
    "auth.test": (slack_directory.auth_test, ""),
    "apps.connections.open": (slack_directory.open_connection, ""),
    "chat.postMessage": (slack_chat.post_message, "chat:write"),
    "chat.postEphemeral": (slack_chat.post_ephemeral, "chat:write"),
    "chat.update": (slack_chat.update, "chat:write"),
    "chat.delete": (slack_chat.delete, "chat:write"),
    "chat.startStream": (slack_chat.start_stream, "chat:write"),
    "chat.appendStream": (slack_chat.append_stream, "chat:write"),
    "chat.stopStream": (slack_chat.stop_stream, "chat:write"),
    "conversations.history": (slack_directory.history, "channels:history groups:history im:history"),
    "conversations.replies": (slack_directory.replies, "channels:history groups:history im:history"),
    "conversations.info": (slack_directory.conversations_info, "channels:read groups:read im:read"),
    "conversations.members": (slack_directory.conversations_members, "channels:read groups:read im:read"),
    "conversations.list": (slack_directory.conversations_list, "channels:read groups:read im:read"),
    "users.conversations": (slack_directory.users_conversations, "channels:read groups:read im:read"),
    "conversations.open": (slack_directory.conversations_open, "im:write"),
    "users.info": (slack_directory.users_info, "users:read"),
    "users.list": (slack_directory.users_list, "users:read"),
    "users.lookupByEmail": (slack_directory.users_by_email, "users:read.email"),
    "team.info": (slack_directory.team_info, "team:read"),
    "reactions.add": (slack_surfaces.add_reaction, "reactions:write"),
    "assistant.threads.setStatus": (slack_surfaces.set_status, "assistant:write chat:write"),
    "views.open": (slack_surfaces.open_view, ""),
    "files.getUploadURLExternal": (slack_surfaces.upload_url, "files:write"),
    "files.completeUploadExternal": (slack_surfaces.complete_upload, "files:write"),
}
MAX_BODY_BYTES = 32 * 1024 * 1024


@dataclass(slots=True, kw_only=True)
class Outcome:
    """An answer on its way out, and what is recorded about the call."""

    body: Json
    status: int = 200
    performed: bool = False

    @property
    def error(self) -> str | None:
        return None if self.body.get("ok") else str(self.body.get("error"))


class Front:
    """Routes of one fake; `closing` ends the calls that a fault keeps waiting."""

    def __init__(self, slack: Service) -> None:
        self._slack = slack
        self.closing = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/api/upload/v1/{file_id}", self.upload),
            web.route("*", "/api/{method}", self.call),
            web.post("/response/{ticket}", self.respond),
            web.get("/files/{file_id}", self.download),
            web.get("/link/", self._slack.socket.serve),
        ]

    async def call(self, request: web.Request) -> web.StreamResponse:
        started, raw = time.perf_counter(), await request.read()
        method = request.match_info["method"]
        fault = self._slack.faults.take(method)
        values: Json = {}

        def perform() -> Json:
            values.update(_read_arguments(request, raw))
            return self._perform(method, request, values)

        outcome = self._outcome(perform, fault)
        return await self._finish(request, method, values, outcome, fault, started)

    def _perform(self, method: str, request: web.Request, values: Json) -> Json:
        slack = self._slack
        token = request.headers.get("Authorization", "").removeprefix("Bearer ").strip() or str(values.get("token", ""))
        if not token:
            raise SlackError("not_authed")
        if slack.auth_error:
            raise SlackError(slack.auth_error)
        wanted, other = slack.bot_token, slack.app_token
        if method == "apps.connections.open":
            wanted, other = other, wanted
        if token != wanted:
            raise SlackError("not_allowed_token_type" if token == other else "invalid_auth")
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        perform, scopes = METHODS[method]
        if scopes and not slack.scopes & set(scopes.split()):
            raise SlackError("missing_scope", needed=scopes.split()[0], provided=",".join(sorted(slack.scopes)))
        return perform(slack, Arguments(values))

    def _outcome(self, perform: Callable[[], Json], fault: Fault | None) -> Outcome:
        if fault is not None and not fault.performs:
            error = {"429": "ratelimited", "500": "internal_error"}.get(fault.kind, fault.error)
            status = {"429": 429, "500": 500}.get(fault.kind, 200)
            extra: Json = {"retry_after_s": fault.retry_after_s} if status == 429 else {}
            return Outcome(body={"ok": False, "error": error} | extra, status=status)
        try:
            return Outcome(body={"ok": True} | perform(), performed=True)
        except SlackError as error:
            return Outcome(body={"ok": False, "error": error.code} | error.extra, status=error.status)

    async def _finish(
        self,
        request: web.Request,
        method: str,
        values: Json,
        outcome: Outcome,
        fault: Fault | None,
        started: float,
    ) -> web.StreamResponse:
        """Record the call, then answer it or break off as the fault says."""
        slack = self._slack
        headers = {"x-oauth-scopes": ",".join(sorted(slack.scopes)), "x-slack-req-id": "fake"}
        if method in METHODS:
            headers["x-accepted-oauth-scopes"] = METHODS[method][1].replace(" ", ",")
        retry_after_s = outcome.body.pop("retry_after_s", None)
        if retry_after_s is not None:
            headers["Retry-After"] = str(retry_after_s)
        response = web.json_response(outcome.body, status=outcome.status, headers=headers)
        slack.call_log.append(Call(
            method=method, arguments={k: v for k, v in values.items() if k != "token"}, at=time.time(),
            status=outcome.status, error=outcome.error, fault=fault.kind if fault else None,
            performed=outcome.performed, inside_s=time.perf_counter() - started, answer=outcome.body,
        ))  # fmt: skip
        slack.changed()
        if fault is not None and fault.kind.startswith("timeout"):
            await self.closing.wait()
        if fault is not None and fault.kind.startswith(("timeout", "drop")) and request.transport is not None:
            request.transport.close()
        return response

    async def respond(self, request: web.Request) -> web.StreamResponse:
        """A response_url: works five times, answers `ok` as plain text."""
        started, raw = time.perf_counter(), await request.read()
        place = self._slack.response_urls.get(request.match_info["ticket"])
        fault = self._slack.faults.take("response_url")
        values: Json = {}

        def perform() -> Json:
            values.update(_read_arguments(request, raw))
            if place is None or place.uses_left < 1:
                raise SlackError("used_url" if place else "invalid_url", status=404)
            place.uses_left -= 1
            self._slack.respond(place, values)
            return {}

        outcome = self._outcome(perform, fault)
        response = await self._finish(request, "response_url", values, outcome, fault, started)
        if outcome.performed:
            return web.Response(text="ok")
        return response

    async def upload(self, request: web.Request) -> web.StreamResponse:
        started, content = time.perf_counter(), await self._uploaded(request)
        file = self._slack.workspace.files.get(request.match_info["file_id"])
        fault = self._slack.faults.take("upload")

        def perform() -> Json:
            if file is None:
                raise SlackError("invalid_upload_url", status=404)
            file.content = content
            return {}

        outcome = self._outcome(perform, fault)
        response = await self._finish(request, "upload", {"bytes": len(content)}, outcome, fault, started)
        return web.Response(text=f"OK - {len(content)}") if outcome.performed else response

    async def _uploaded(self, request: web.Request) -> bytes:
        if request.content_type != "multipart/form-data":
            return await request.read()
        for part in (await request.post()).values():
            if isinstance(part, web.FileField):
                return part.file.read()
        return b""

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file's bytes, for the bot's token only; anybody else gets the sign-in page, as from Slack."""
        file = self._slack.workspace.files.get(request.match_info["file_id"])
        if file is None or file.content is None:
            return web.Response(status=404)
        if request.headers.get("Authorization") != f"Bearer {self._slack.bot_token}":
            return web.Response(text="<html>Sign in</html>", content_type="text/html")
        return web.Response(body=file.content, content_type="application/octet-stream")


def _read_arguments(request: web.Request, raw: bytes) -> Json:
    values: Json = dict(request.query)
    if not raw:
        return values
    if request.content_type == "application/json":
        try:
            body = json.loads(raw)
        except ValueError as error:
            raise SlackError("invalid_json") from error
        if not isinstance(body, dict):
            raise SlackError("json_not_object")
        return values | body
    try:
        return values | dict(parse_qsl(raw.decode(), keep_blank_values=True))
    except UnicodeDecodeError as error:
        raise SlackError("invalid_charset") from error
