from __future__ import annotations

import httpx

from gui.api.later import LATER
from tests.gui.api.house import ANN, House


async def test_chat_answers_with_sources_beside_the_reply(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/chat", json={"text": "leave?", "conversation": "c1"}, headers=ANN)
    said = answer.json()
    assert said["reply"]["text"] == "24 days. (leave?)"
    assert said["sources"][0]["location"] == "wiki/leave.md"
    assert said["producedBy"]["label"] == "quotes only"
    assert (said["conversation"], said["id"]) == ("c1", "i1")


async def test_a_new_conversation_says_its_id(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/chat", json={"text": "leave?"}, headers=ANN)
    assert answer.json()["conversation"] == "api-new"


async def test_chat_streams_the_text_as_it_grows(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/chat", json={"text": "leave?"}, headers={**ANN, "Accept": "text/event-stream"})
    assert 'event: text\ndata: {"delta":"24 days."}' in answer.text
    assert answer.text.index("event: text") < answer.text.index("event: result")


async def test_chat_says_what_is_wrong_with_a_message(http: httpx.AsyncClient) -> None:
    said = [
        (await http.post("/api/v1/chat", json=body, headers=ANN)).json()["detail"]
        for body in ({}, {"text": 3}, {"text": "  "}, {"text": "x", "conversation": None}, {"text": "x", "as": "bob"})
    ]
    assert said == [
        "`text` is missing.",
        "`text` is a number, not a text.",
        "`text` is empty.",
        "`conversation` is missing.",
        "Unknown fields: as.",
    ]


async def test_thoughts_are_notes(http: httpx.AsyncClient, house: House) -> None:
    added = await http.post("/api/thoughts", json={"text": "tea at 4", "tags": ["tea"]}, headers=ANN)
    assert (added.status_code, added.json()["text"]) == (201, "tea at 4")
    assert house.auditor.entries[-1].action == "notes.add"
    listed = (await http.get("/api/thoughts?limit=1", headers=ANN)).json()
    assert (len(listed["items"]), listed["next"]) == (1, None)
    assert (await http.get("/api/thoughts?limit=many", headers=ANN)).status_code == 400


async def test_what_is_not_built_says_so_after_a_sign_in(http: httpx.AsyncClient) -> None:
    for method, path, what in LATER:
        address = path.replace("{name}", "triage").replace("{id}", "1")
        assert (await http.request(method, address)).status_code == 401
        answer = await http.request(method, address, headers=ANN)
        assert (answer.status_code, answer.json()["detail"]) == (501, f"{what} is not built yet.")


async def test_an_address_nobody_serves_is_a_problem_too(http: httpx.AsyncClient) -> None:
    nothing = await http.get("/api/nothing", headers=ANN)
    wrong = await http.delete("/api/v1/chat", headers=ANN)
    assert (nothing.status_code, nothing.json()["detail"]) == (404, "There is nothing at this address.")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert wrong.headers["content-type"] == "application/problem+json"
