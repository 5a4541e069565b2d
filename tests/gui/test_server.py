from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from core.config import Settings
from core.errors import BadSettings, Unavailable
from gui.api.auth import SESSION_COOKIE, csrf_token
from gui.api.guard import Message, Receive, Send
from gui.server import attach, bind, lifespan, listening
from tests.fakes.house import House, open_house, until

TOKEN = "the-local-owners-token-of-this-start"
OWNER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass
class Served:
    house: House
    http: httpx.AsyncClient


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[Served]:
    """The real App behind the real server on a free port; without the pages."""
    async with (
        open_house(home, environ={"SIGNALBOX_PORT": "0"}) as house,
        listening(house.app.settings) as (front, bound),
        asyncio.TaskGroup() as group,
        httpx.AsyncClient(base_url=bound.url, timeout=10) as http,
    ):
        task = group.create_task(attach(front, house.app, local_token=TOKEN, pages=""))
        yield Served(house, http)
        task.cancel()


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as running:
        yield running


async def test_status_has_its_fields_and_answers_in_under_5_ms(room: Served) -> None:
    await room.http.get("/metrics")  # the API is there from here on
    answer, took = await room.http.get("/status"), []
    for _ in range(40):
        started = time.perf_counter()
        answer = await room.http.get("/status")
        took.append(time.perf_counter() - started)
    assert answer.json()["dbConn"] is True
    assert answer.json()["connections"]["fake"]["state"] == "ok"
    assert sorted(took)[len(took) // 4] < 0.005  # what it costs; the rest is what else the machine does


async def test_the_local_owner_runs_commands_and_asks(room: Served) -> None:
    echoed = await room.http.post("/api/v1/actions/echo", json={"text": "hello"}, headers=OWNER)
    assert echoed.json()["text"] == "hello"
    said = await room.http.post("/api/v1/chat", json={"text": "echo hello"}, headers=OWNER)
    assert (said.json()["reply"]["text"], said.json()["outcome"]) == ("hello", "answered")


async def test_a_question_over_http_is_answered_with_its_source(room: Served) -> None:
    asked = await room.http.post("/api/v1/chat", json={"text": "How do I connect Slack?"}, headers=OWNER)
    answer = asked.json()
    assert answer["sources"]
    assert answer["producedBy"]["label"]


async def test_a_note_is_added_and_listed_as_a_thought(room: Served) -> None:
    added = await room.http.post("/api/thoughts", json={"text": "Tea is at 4.", "tags": ["tea"]}, headers=OWNER)
    assert added.status_code == 201
    listed = (await room.http.get("/api/thoughts", headers=OWNER)).json()
    assert "Tea is at 4." in str(listed["items"][0])
    assert set(listed) == {"items", "next"}


async def test_an_api_token_works_until_it_is_revoked(room: Served) -> None:
    made = (await room.http.post("/api/v1/actions/tokens.create", json={"name": "ci"}, headers=OWNER)).json()
    token = {"Authorization": f"Bearer {made['token']}"}
    assert (await room.http.get("/api/v1/actions", headers=token)).status_code == 200
    await room.http.post("/api/v1/actions/tokens.revoke", json={"token_id": made["id"]}, headers=OWNER)
    assert (await room.http.get("/api/v1/actions", headers=token)).status_code == 401


async def test_a_session_of_the_control_room_needs_its_csrf_token(room: Served) -> None:
    access = room.house.app.access
    person = await room.house.app.identity.person("Ann")
    session = await access.redeem(await access.one_time_link(person.id), "127.0.0.1", "test")
    cookie = {"Cookie": f"{SESSION_COOKIE}={session.token}"}
    bare = await room.http.post("/api/v1/actions/echo", json={"text": "x"}, headers=cookie)
    right = {**cookie, "X-CSRF-Token": csrf_token(session.token)}
    full = await room.http.post("/api/v1/actions/echo", json={"text": "x"}, headers=right)
    assert (bare.status_code, full.status_code) == (403, 200)


async def test_a_signed_delivery_runs_as_the_person_linked_to_its_source(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[hooks.github]\naction = "notes.add"\n[hooks.github.take]\ntext = "issue.title"\n'
    )
    async with served(tmp_path) as room:
        from core.config.settings import HookSettings
        from gui.api.signature import sign

        bob = await room.house.app.identity.person("Bob")
        await room.house.run("people.link", person=bob.id, network="hook", external_id="github")
        await room.house.run("vault.save", name="HOOK_GITHUB_SECRET", value="a secret of the source")
        body, at = b'{"issue": {"title": "It broke"}}', int(time.time())
        signature = sign("a secret of the source", body, HookSettings(), at)
        headers = {"X-Signalbox-Signature": signature, "X-Signalbox-Timestamp": str(at)}
        assert (await room.http.post("/hooks/github", content=body, headers=headers)).status_code == 202
        assert (await room.http.post("/hooks/github", content=body, headers=headers)).status_code == 409
        async with asyncio.timeout(10):
            while "It broke" not in str(await room.house.run("notes.list")):
                await asyncio.sleep(0.01)


async def test_figures_of_the_real_app_are_shown(room: Served) -> None:
    await room.http.post("/api/v1/actions/echo", json={"text": "x"}, headers=OWNER)
    await room.http.post("/api/v1/actions/no.such", json={}, headers=OWNER)

    async def figures() -> str:
        return (await room.http.get("/metrics")).text

    async with asyncio.timeout(5):
        while 'action="unknown"' not in await figures():
            await asyncio.sleep(0.01)
    text = await figures()
    assert 'signalbox_action_seconds_count{action="echo",outcome="ok"} 1.0' in text
    assert "no.such" not in text
    assert 'signalbox_listener_dropped_total{listener="figures"} 0.0' in text


async def test_events_stream_over_a_real_socket(room: Served) -> None:
    async with room.http.stream("GET", "/api/v1/events", headers=OWNER) as stream:
        lines = stream.aiter_lines()
        await room.http.post("/api/v1/actions/echo", json={"text": "x"}, headers=OWNER)
        async with asyncio.timeout(5):
            async for line in lines:
                if line == "event: action.done":
                    break
    assert stream.status_code == 200


async def test_status_answers_before_there_is_an_app(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=0)
    async with listening(settings) as (_, bound), httpx.AsyncClient(base_url=bound.url) as http:
        said = (await http.get("/status")).json()
        page = await http.get("/")
    assert (said["status"], said["dbConn"], said["connections"]) == ("degraded", False, {})
    assert (page.status_code, "Signalbox is starting" in page.text) == (503, True)


async def test_a_port_in_use_names_who_has_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(Unavailable, match=rf"Port {port} is in use by .*process {os.getpid()}") as caught:
            bind(Settings(home=tmp_path, port=port))
    assert f"signalbox run --port {port + 1}" in caught.value.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org", "127.evil.example"])
def test_an_address_beyond_this_machine_is_refused_without_a_proxy(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadSettings, match="can be reached from other machines"):
        bind(Settings(home=tmp_path, host=host, port=0))


def test_behind_a_trusted_proxy_it_may_listen_everywhere(tmp_path: Path) -> None:
    bound = bind(Settings(home=tmp_path, host="0.0.0.0", port=0, trusted_proxy=True))
    bound.socket.close()
    assert bound.url.startswith("http://0.0.0.0:")


def test_an_address_that_is_not_this_machines_is_explained(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"192\.0\.2\.1:0 cannot be listened on"):
        bind(Settings(home=tmp_path, host="192.0.2.1", port=0, trusted_proxy=True))


async def test_the_pages_own_start_and_stop_are_run() -> None:
    heard: list[object] = []

    async def pages(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        for answer in ("startup", "shutdown"):
            message = await receive()
            heard.append(message["type"])
            await send({"type": f"lifespan.{answer}.complete"})

    async with lifespan(pages):
        assert heard == ["lifespan.startup"]
    assert heard == ["lifespan.startup", "lifespan.shutdown"]


async def test_pages_that_refuse_to_start_say_why() -> None:
    async def pages(scope: MutableMapping[str, object], receive: Receive, send: Send) -> None:
        await receive()
        failed: Message = {"type": "lifespan.startup.failed", "message": "no room"}
        await send(failed)

    with pytest.raises(ExceptionGroup) as caught:
        async with lifespan(pages):
            raise AssertionError("never reached")
    assert caught.group_contains(Unavailable, match="did not start: no room")


async def test_open_streams_do_not_hold_up_the_end(tmp_path: Path) -> None:
    async with served(tmp_path) as room, httpx.AsyncClient(base_url=room.http.base_url) as http:
        request = http.build_request("GET", "/api/v1/events", headers=OWNER)
        stream = await http.send(request, stream=True)
        assert stream.status_code == 200
        started = time.perf_counter()
    await until(lambda: True)
    assert time.perf_counter() - started < 3
    await stream.aclose()
