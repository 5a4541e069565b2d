from __future__ import annotations

import re

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from gui.api.app import Api
from gui.api.docs import PLAIN
from tests.gui.api.house import ANN, House


async def test_openapi_describes_the_actions_the_caller_may_use(http: httpx.AsyncClient, house: House) -> None:
    house.identity.refused.add("files.erase")
    document = (await http.get("/api/openapi.json", headers=ANN)).json()
    assert document["openapi"] == "3.1.0"
    operation = document["paths"]["/api/v1/actions/notes.add"]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["properties"]["text"]["type"] == "string"
    assert "/api/v1/actions/files.erase" not in document["paths"]


async def test_a_described_result_fits_what_is_answered(http: httpx.AsyncClient) -> None:
    document = (await http.get("/api/openapi.json", headers=ANN)).json()
    operation = document["paths"]["/api/v1/actions/slow.count"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    answer = (await http.post("/api/v1/actions/slow.count", json={"to": 1}, headers=ANN)).json()
    Draft202012Validator(schema).validate(answer)


async def test_strangers_see_the_addresses_and_no_action(http: httpx.AsyncClient) -> None:
    document = (await http.get("/api/openapi.json")).json()
    assert "/api/v1/chat" in document["paths"]
    assert not [path for path in document["paths"] if path.startswith("/api/v1/actions/")]


async def test_every_route_is_described(house: House) -> None:
    routes = {path for path in house.api.paths if not path.startswith(("/api/docs", "/api/openapi"))}
    described = {path for _, path, _ in PLAIN} | {"/api/v1/actions/{name}"}
    assert routes - described == set()
    assert isinstance(house.api, Api)


async def test_the_page_needs_no_script_and_nothing_from_elsewhere(http: httpx.AsyncClient) -> None:
    answer = await http.get("/api/docs", headers=ANN)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "<script" not in answer.text
    assert not re.search(r"https?://", answer.text)
    assert "POST /api/v1/actions/notes.add" in answer.text
