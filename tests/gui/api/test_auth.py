from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from gui.api.address import canonical, client_address, is_loopback
from gui.api.auth import csrf_token
from tests.gui.api.house import ANN, House, house

COOKIE = {"Cookie": "signalbox_session=ann-session"}
CSRF = {"X-CSRF-Token": csrf_token("ann-session")}
PATH = "/api/v1/actions/notes.add"


async def test_nobody_is_asked_to_sign_in(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/actions")
    assert answer.status_code == 401
    assert answer.json()["type"] == "urn:signalbox:problem:not-signed-in"
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("value", ["Bearer", "Bearer wrong", "Basic YW5uOnB3", "ann-token", "Bearer \u00e9"])
async def test_a_token_that_is_not_valid_is_refused(http: httpx.AsyncClient, value: str) -> None:
    answer = await http.get("/api/v1/actions", headers={b"Authorization": value.encode("latin-1")})
    assert answer.status_code == 401


async def test_a_wrong_token_is_not_completed_by_a_cookie(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/v1/actions", headers={**COOKIE, "Authorization": "Bearer wrong"})
    assert answer.status_code == 401


async def test_an_expired_token_is_refused_at_the_next_request(http: httpx.AsyncClient, house: House) -> None:
    assert (await http.get("/api/v1/actions", headers=ANN)).status_code == 200
    house.sign_in.tokens.clear()
    assert (await http.get("/api/v1/actions", headers=ANN)).status_code == 401


async def test_a_cookie_alone_reads_but_changes_nothing(http: httpx.AsyncClient, house: House) -> None:
    assert (await http.get("/api/v1/actions", headers=COOKIE)).status_code == 200
    bare = await http.post(PATH, json={"text": "x"}, headers=COOKIE)
    other = {"X-CSRF-Token": csrf_token("another-session")}
    foreign = await http.post(PATH, json={"text": "x"}, headers={**COOKIE, **other})
    assert (bare.status_code, foreign.status_code) == (403, 403)
    assert bare.json()["rule"] == "a cookie alone changes nothing"
    assert await house.notes() == []
    assert (await http.post(PATH, json={"text": "x"}, headers={**COOKIE, **CSRF})).status_code == 200


async def test_the_session_says_its_csrf_token(http: httpx.AsyncClient) -> None:
    said = (await http.get("/api/auth/session", headers=COOKIE)).json()
    assert said["csrfToken"] == CSRF["X-CSRF-Token"]
    assert said["person"] == {"id": "p-ann", "name": "Ann", "roles": ["member"]}
    assert (await http.get("/api/auth/session", headers=ANN)).json()["csrfToken"] is None


async def test_login_gives_a_token_and_says_until_when(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/auth/login", json={"email": "ann@example.org", "password": "right horse"})
    assert answer.json()["token"] == "ann-token"
    assert answer.json()["expiresAt"].endswith("+00:00")
    wrong = await http.post("/api/auth/login", json={"email": "ann@example.org", "password": "horse"})
    assert wrong.status_code == 401
    odd = await http.post("/api/auth/login", json={"email": ["ann@example.org"], "password": "x"})
    assert odd.json()["detail"] == "`email` is a list, not a text."


async def test_the_101st_request_without_a_sign_in_is_429_before_the_password_is_looked_at(house: House) -> None:
    async with house.client() as http:
        for _ in range(100):
            assert (await http.post("/api/auth/login", json={"email": "a", "password": "b"})).status_code == 401
        answer = await http.post("/api/auth/login", json={"email": "a", "password": "b"})
        assert (answer.status_code, answer.json()["title"]) == (429, "Too fast")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert house.sign_in.tries == 100
        assert (await http.post("/hooks/github", content=b"{}")).status_code == 429
        assert (await http.get("/login")).status_code == 429
        assert (await http.get("/api/v1/actions", headers=ANN)).status_code == 200
        assert (await http.get("/status")).status_code == 200


async def test_looking_around_counts_too(tmp_path: Path) -> None:
    async with house(tmp_path, limits={"per_address_per_min": 2}) as built, built.client() as http:
        paths = ("/api/nothing", "/hooks/a/b", "/api/v1/nothing")
        assert [(await http.get(path)).status_code for path in paths] == [404, 404, 429]
        assert (await http.get("/api/nothing", headers=ANN)).status_code == 404


async def test_another_spelling_of_an_address_has_no_budget_of_its_own(tmp_path: Path) -> None:
    async with house(tmp_path, limits={"per_address_per_min": 1}) as built:
        async with built.client("10.0.0.1") as http:
            assert (await http.get("/api/v1/actions")).status_code == 401
        async with built.client("::ffff:10.0.0.1") as http:
            assert (await http.get("/api/v1/actions")).status_code == 429
        async with built.client("10.0.0.2") as http:
            assert (await http.get("/api/v1/actions")).status_code == 401


async def test_a_forwarded_address_counts_only_behind_a_trusted_proxy(tmp_path: Path) -> None:
    one, two = {"X-Forwarded-For": "203.0.113.1"}, {"X-Forwarded-For": "203.0.113.2"}
    async with house(tmp_path / "a", limits={"per_address_per_min": 1}) as built, built.client() as http:
        assert (await http.get("/api/v1/actions", headers=one)).status_code == 401
        assert (await http.get("/api/v1/actions", headers=two)).status_code == 429
    behind = {"limits": {"per_address_per_min": 1}, "trusted_proxy": True}
    async with house(tmp_path / "b", **behind) as built, built.client() as http:
        assert (await http.get("/api/v1/actions", headers=one)).status_code == 401
        assert (await http.get("/api/v1/actions", headers=two)).status_code == 401
        assert (await http.get("/api/v1/actions", headers=one)).status_code == 429


async def test_figures_are_open_to_this_machine_alone(house: House) -> None:
    async with house.client() as http:
        assert "signalbox_action_seconds" in (await http.get("/metrics")).text
        assert (await http.get("/metrics", headers={"X-Forwarded-For": "203.0.113.1"})).status_code == 401
    async with house.client("203.0.113.1") as http:
        assert (await http.get("/metrics")).status_code == 401
        assert (await http.get("/metrics", headers=ANN)).status_code == 200


def test_addresses_have_one_spelling() -> None:
    assert canonical("::ffff:192.0.2.7") == "192.0.2.7"
    assert canonical("2001:db8:1:2:3:4:5:6") == canonical("2001:db8:1:2::9") == "2001:db8:1:2::"
    assert canonical("fe80::1%eth0") == "fe80::"
    assert canonical("not an address") == "not an address"
    assert [is_loopback(one) for one in ("127.9.9.9", "::1", "::ffff:127.0.0.1")] == [True] * 3
    assert not is_loopback("127.evil.example")


def test_the_proxys_own_entry_is_the_last_one() -> None:
    scope = {"client": ("127.0.0.1", 1), "headers": [(b"x-forwarded-for", b"6.6.6.6, 203.0.113.9")]}
    assert client_address(scope, trusted_proxy=True) == "203.0.113.9"
    assert client_address({**scope, "client": ("198.51.100.1", 1)}, trusted_proxy=True) == "198.51.100.1"
