"""Talks to the process that runs, with the standard library's HTTP alone: it is here before pydantic is."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias
from urllib.parse import urlsplit

from core.cli.runfile import Running

TIMEOUT_S = 600.0
"""A question may take as long as a model does; the stream says every 15 s that it is alive."""
AGENT = "signalbox terminal"

Thing: TypeAlias = "dict[str, object]"
Text = Callable[[str], None]
Progress = Callable[[int, int | None, str], None]


class NotAnswering(Exception):
    """Nobody answers at the address, or not with what Signalbox says."""


class Refused(Exception):
    """The process said no. Holds the problem's members."""

    def __init__(self, problem: Mapping[str, object]) -> None:
        super().__init__(str(problem.get("detail", "")))
        self.problem = dict(problem)

    @property
    def message(self) -> str:
        """What happened and what to do, for people."""
        lines = [str(self.problem.get("detail") or self.problem.get("title") or "Something failed.")]
        if self.problem.get("hint"):
            lines.append(str(self.problem["hint"]))
        return "\n".join(lines)


class Client:
    """The API of one running process, as its local owner."""

    def __init__(self, running: Running, *, timeout_s: float = TIMEOUT_S) -> None:
        self._running, self._timeout_s = running, timeout_s

    def say(self, text: str, conversation: str, *, on_text: Text, on_progress: Progress) -> Thing:
        """What the process answers to a text. Raises Refused, NotAnswering."""
        body = {"text": text, "conversation": conversation}
        response = self._send("POST", "/api/v1/chat", body, {"Accept": "text/event-stream"})
        for event, value in events(response):
            if event == "text":
                on_text(str(value.get("delta", "")))
            elif event == "progress":
                done, total = value.get("done"), value.get("total")
                on_progress(
                    done if isinstance(done, int) else 0,
                    total if isinstance(total, int) else None,
                    str(value.get("note", "")),
                )
            elif event == "problem":
                raise Refused(value)
            elif event == "result":
                return value
        raise NotAnswering("the answer broke off")

    def call(self, action: str, arguments: Mapping[str, object], *, confirm: str = "") -> object:
        """The result of an action. Raises Refused, NotAnswering."""
        headers = {"Signalbox-Confirm": confirm} if confirm else {}
        return json.loads(self._send("POST", f"/api/v1/actions/{action}", dict(arguments), headers).read())

    def status(self) -> Thing:
        """What `/status` says. Raises NotAnswering."""
        try:
            value = json.loads(self._send("GET", "/status", None, {}).read())
        except (ValueError, Refused) as error:
            raise NotAnswering(f"{self._running.address} is something else") from error
        return value if isinstance(value, dict) else {}

    def _send(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        where = urlsplit(self._running.address)
        connection = http.client.HTTPConnection(where.hostname or "127.0.0.1", where.port, timeout=self._timeout_s)
        sent = {"Authorization": f"Bearer {self._running.token}", "User-Agent": AGENT, **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, None if body is None else json.dumps(body).encode(), sent)
            response = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise NotAnswering(f"{self._running.address} does not answer ({error})") from error
        if response.status >= 400:
            raise Refused(_problem(response))
        return response


def events(response: http.client.HTTPResponse) -> Iterator[tuple[str, Thing]]:
    """The events of a stream, as (name, data); comments are left out. Raises NotAnswering when it is cut."""
    name, data = "", ""
    try:
        for raw in response:
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if line.startswith("event:"):
                name = line[6:].strip()
            elif line.startswith("data:"):
                data += line[5:].strip()
            elif not line and name:
                value = json.loads(data or "null")
                yield name, value if isinstance(value, dict) else {"value": value}
                name, data = "", ""
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise NotAnswering(f"the answer broke off ({error})") from error


def _problem(response: http.client.HTTPResponse) -> Thing:
    try:
        value = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException):
        value = None
    if isinstance(value, dict):
        return value
    return {"title": "Refused", "status": response.status, "detail": f"The process answered {response.status}."}
