"""Nobody gets as far as a page without a session, and nobody is led away by signing in."""

from __future__ import annotations

import pytest
from nicegui import Client

from core.identity import SignedIn
from gui.gate import local_path
from gui.sessions import SESSION_COOKIE
from tests.gui.visiting import Building, sees


async def test_a_page_without_a_session_leads_to_the_sign_in_and_builds_nothing(building: Building) -> None:
    answer = await building.anybody().get("/deliveries?state=failed")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fdeliveries%3Fstate%3Dfailed"
    assert not Client.instances


async def test_a_session_that_ended_leads_to_the_sign_in(building: Building) -> None:
    token = await building.token()
    await building.room.sessions.end(token, address="", agent="")
    answer = await building.anybody({SESSION_COOKIE: token}).get("/")
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_the_socket_needs_a_session_too(building: Building) -> None:
    answer = await building.anybody().get("/_nicegui_ws/socket.io/?transport=polling&EIO=4")
    assert answer.status_code == 401


async def test_an_address_nobody_built_answers_404(building: Building) -> None:
    answer = await building.anybody({SESSION_COOKIE: await building.token()}).get("/models")
    assert answer.status_code == 404
    assert "belongs to no page" in answer.text


async def test_looking_at_a_one_time_link_does_not_use_it(building: Building) -> None:
    owner = await building.house.app.identity.ensure_owner()
    code = await building.house.app.access.one_time_link(owner.id)
    somebody = building.anybody()
    for _ in range(2):
        assert (await somebody.get(f"/login?code={code}")).status_code == 200
    entered = await somebody.post("/login", data={"code": code, "next": "/activity"})
    assert (entered.status_code, entered.headers["location"]) == (303, "/activity")
    assert "HttpOnly" in entered.headers["set-cookie"]
    assert "SameSite=lax" in entered.headers["set-cookie"]
    again = await building.anybody().post("/login", data={"code": code})
    assert again.status_code == 401
    assert SESSION_COOKIE not in again.headers.get("set-cookie", "")


async def test_a_password_that_does_not_fit_says_so_and_keeps_the_address(building: Building) -> None:
    answer = await building.anybody().post("/login", data={"email": "a&b@example.org", "password": "wrong-password"})
    assert answer.status_code == 401
    assert "do not go together" in answer.text
    assert 'value="a&amp;b@example.org"' in answer.text
    assert "wrong-password" not in answer.text


@pytest.mark.parametrize("sent", ["", "email=a%40b.c", "x" * 9_000, "a=%ff%fe&b=&c"])
async def test_a_form_that_is_none_is_refused_with_words(building: Building, sent: str) -> None:
    answer = await building.anybody().post("/login", content=sent)
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    ("wanted", "led_to"),
    [
        ("/activity?text=a", "/activity?text=a"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("https://evil.example", "/"),
        ("/a\r\nset-cookie: x", "/"),
        ("/logout", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_signing_in_leads_to_pages_of_this_place_only(wanted: str, led_to: str) -> None:
    assert local_path(wanted) == led_to


async def test_signing_out_ends_the_session_and_closes_its_pages(building: Building) -> None:
    visitor = await building.visitor()
    await visitor.open("/")
    await sees(visitor, "Needs you")
    client = visitor.client
    assert client is not None
    left = await visitor.http_client.post("/logout")
    assert left.headers["location"] == "/login"
    assert client.is_deleted
    assert (await visitor.http_client.get("/")).status_code == 303


def test_what_signing_in_gives_is_what_the_cookie_needs() -> None:
    assert {"token", "expires_at"} <= set(SignedIn.__dataclass_fields__)
