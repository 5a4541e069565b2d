from __future__ import annotations

from collections.abc import MutableMapping

import httpx

from core.errors import Limited
from gui.api.guard import Asgi, Message, Receive, Send
from gui.front import Front


def named(name: str) -> Asgi:
    async def app(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": name.encode()})

    return app


class NoLimit:
    def hit(self, address: str) -> None: ...


class Full:
    def hit(self, address: str) -> None:
        raise Limited("100 requests a minute are taken.", retry_after_s=5)


async def ask(front: Front, path: str, method: str = "GET") -> httpx.Response:
    transport = httpx.ASGITransport(app=front)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.request(method, path)


async def test_requests_go_where_they_belong() -> None:
    front = Front(lambda: {"status": "ok"})
    front.open_api(named("api"), NoLimit())
    front.open_pages(named("pages"))
    paths = ("/api/v1/chat", "/hooks/github", "/metrics", "/mcp", "/", "/apiary", "/login", "/status/x")
    assert [(await ask(front, path)).text for path in paths] == ["api"] * 4 + ["pages"] * 4


async def test_status_answers_before_anything_else_is_there() -> None:
    front = Front(lambda: {"status": "degraded"})
    answer = await ask(front, "/status")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded"})
    assert (await ask(front, "/status", "POST")).status_code == 405


async def test_safe_mode_is_said_everywhere() -> None:
    front = Front(lambda: {"status": "degraded", "version": "1"})
    front.down("The database is <newer>.", "Return to version 2.")
    said = await ask(front, "/status")
    assert (said.status_code, said.json()["status"], said.json()["version"]) == (200, "down", "1")
    called = await ask(front, "/api/v1/actions")
    assert (called.status_code, called.json()["hint"]) == (503, "Return to version 2.")
    page = await ask(front, "/")
    assert (page.status_code, "The database is &lt;newer&gt;." in page.text) == (503, True)


async def test_pages_that_are_still_imported_come_back_by_themselves() -> None:
    answer = await ask(Front(dict), "/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "http-equiv=refresh" in answer.text


async def test_a_control_room_that_failed_says_why() -> None:
    front = Front(dict)
    front.pages_failed("ImportError: no nicegui")
    answer = await ask(front, "/")
    assert answer.status_code == 503
    assert answer.text == (
        "The control room could not be started: ImportError: no nicegui. The bots and the API go on."
    )


async def test_the_sign_in_page_counts_against_the_address() -> None:
    front = Front(dict)
    front.open_api(named("api"), Full())
    front.open_pages(named("pages"))
    assert (await ask(front, "/login")).status_code == 429
    assert (await ask(front, "/static/app.css")).status_code == 200


async def test_a_websocket_is_closed_while_the_pages_are_imported() -> None:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    await Front(dict)({"type": "websocket", "path": "/_nicegui_ws/"}, receive, send)
    assert said == [{"type": "websocket.close", "code": 1013, "reason": "starting"}]
