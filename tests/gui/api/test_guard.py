from __future__ import annotations

from collections.abc import MutableMapping

import httpx
import pytest

from gui.api.guard import Guard, Message, Receive, Send

OURS = "http://127.0.0.1:8321"
Headers = dict[str, str]


async def page(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
    """A page behind a session layer: it sets a cookie on everything it answers."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"set-cookie", b"session=1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"page"})


async def ask(
    method: str = "GET", given: Headers | None = None, *, hosts: tuple[str, ...] = (), proxy: bool = False
) -> httpx.Response:
    guard = Guard(page, hosts=hosts, trusted_proxy=proxy)
    transport = httpx.ASGITransport(app=guard)
    async with httpx.AsyncClient(transport=transport, base_url=OURS) as client:
        return await client.request(method, "/", headers=given)


async def open_socket(headers: Headers) -> list[Message]:
    said: list[Message] = []

    async def send(message: Message) -> None:
        said.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    given = {"host": "127.0.0.1:8321", **headers}
    raw = [(name.encode(), value.encode()) for name, value in given.items()]
    scope = {"type": "websocket", "scheme": "ws", "path": "/_nicegui_ws/socket.io/", "headers": raw}
    await Guard(page)({**scope, "extensions": {"websocket.http.response": {}}}, receive, send)
    return said


ATTACKS: dict[str, dict[str, str]] = {
    "a rebound name": {"host": "attacker.example"},
    "another page's polling": {"origin": "http://evil.example"},
    "a sandboxed frame": {"origin": "null"},
    "another port of this machine": {"origin": "http://127.0.0.1:9000"},
    "a cross-site form": {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
}


@pytest.mark.parametrize("headers", ATTACKS.values(), ids=ATTACKS)
async def test_an_attack_gets_403_and_no_cookie(headers: dict[str, str]) -> None:
    answer = await ask("POST", headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {},
        {"origin": "http://127.0.0.1:8321", "host": "attacker.example"},
        {"origin": "http://attacker.example", "host": "attacker.example"},
        {"origin": "https://127.0.0.1:8321"},
        {"origin": OURS, "sec-fetch-site": "cross-site"},
    ],
)
async def test_a_websocket_of_another_page_is_refused_before_the_handshake(headers: dict[str, str]) -> None:
    said = await open_socket(headers)
    assert (said[0]["type"], said[0]["status"]) == ("websocket.http.response.start", 403)
    assert all(name != b"set-cookie" for name, _ in said[0]["headers"])  # type: ignore[attr-defined]


async def test_the_control_rooms_own_page_passes() -> None:
    assert (await ask(given={"sec-fetch-site": "same-origin"})).status_code == 200
    assert (await ask("POST", {"origin": OURS, "sec-fetch-site": "same-origin"})).status_code == 200
    assert await open_socket({"origin": OURS}) == [{"type": "websocket.accept"}]


async def test_a_program_without_browser_headers_passes() -> None:
    assert (await ask("POST")).status_code == 200


async def test_a_link_somebody_clicked_passes_but_a_frame_does_not() -> None:
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert (await ask("GET", {**link, "sec-fetch-dest": "document"})).status_code == 200
    assert (await ask("GET", {**link, "sec-fetch-dest": "iframe"})).status_code == 403
    assert (await ask("POST", {**link, "sec-fetch-dest": "document"})).status_code == 403


HOSTS = [
    ("localhost:8321", True),
    ("LOCALHOST", True),
    ("[::1]:8321", True),
    ("127.0.0.1", True),
    ("127.evil.example", False),
    ("127.0.0.1.evil.example:8321", False),
    ("127.0.0.1@evil.example", False),
    ("evil.example@127.0.0.1", False),
    ("localhost:port", False),
    ("localhost/..", False),
    ("0.0.0.0:8321", False),
    ("", False),
]


@pytest.mark.parametrize(("host", "passes"), HOSTS)
async def test_only_known_hosts_pass(host: str, passes: bool) -> None:
    assert ((await ask("GET", {"host": host})).status_code == 200) is passes


async def test_a_configured_name_passes_with_its_own_origin() -> None:
    async def status(origin: str, **more: str) -> int:
        given = {"host": "room.example.org", "origin": origin, **more}
        return (await ask("POST", given, hosts=("room.example.org",), proxy=True)).status_code

    secure = {"x-forwarded-proto": "https"}
    assert await status("https://room.example.org", **secure) == 200
    assert await status("https://example.org", **secure) == 403
    assert await status("http://room.example.org", **secure) == 403


async def test_a_star_among_the_hosts_lets_nobody_in() -> None:
    assert (await ask("GET", {"host": "attacker.example"}, hosts=("*",))).status_code == 403


async def test_answers_keep_out_of_frames_and_caches() -> None:
    headers = (await ask()).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert (headers["referrer-policy"], headers["cache-control"]) == ("same-origin", "no-store")
