from __future__ import annotations

import logging

import httpx
import pytest

from tests.gui.api.house import ANN, BOB, House


async def test_an_action_answers_with_its_result_itself(http: httpx.AsyncClient, house: House) -> None:
    answer = await http.post("/api/v1/actions/notes.add", json={"text": "tea at 4", "tags": ["tea"]}, headers=ANN)
    assert answer.status_code == 200
    assert {key: answer.json()[key] for key in ("text", "tags")} == {"text": "tea at 4", "tags": ["tea"]}
    assert await house.notes() == ["tea at 4"]
    assert answer.headers["cache-control"] == "no-store"


async def test_the_record_says_who_called_and_from_where(http: httpx.AsyncClient, house: House) -> None:
    await http.post("/api/v1/actions/notes.add", json={"text": "x"}, headers={**ANN, "User-Agent": "script/1"})
    entry = house.auditor.entries[-1]
    assert (entry.actor.person_id, entry.network, entry.address, entry.agent) == (
        "p-ann",
        "api",
        "127.0.0.1",
        "script/1",
    )


async def test_an_actor_in_the_arguments_is_refused(http: httpx.AsyncClient, house: House) -> None:
    answer = await http.post("/api/v1/actions/notes.add", json={"text": "x", "ctx": {"actor": "p-bob"}}, headers=ANN)
    assert answer.status_code == 400
    assert await house.notes() == []


async def test_the_list_holds_schemas_of_what_the_caller_may_use(http: httpx.AsyncClient, house: House) -> None:
    house.identity.refused.add("files.erase")
    items = {one["name"]: one for one in (await http.get("/api/v1/actions", headers=ANN)).json()["items"]}
    assert "files.erase" not in items
    assert items["notes.add"]["arguments"]["properties"]["text"]["description"] == "Markdown."
    assert items["notes.add"]["effect"] == "write"


async def test_the_same_key_runs_once(http: httpx.AsyncClient, house: House) -> None:
    headers = {**ANN, "Idempotency-Key": "k1"}
    first = await http.post("/api/v1/actions/notes.add", json={"text": "once"}, headers=headers)
    second = await http.post("/api/v1/actions/notes.add", json={"text": "once"}, headers=headers)
    other = await http.post("/api/v1/actions/notes.add", json={"text": "other"}, headers=headers)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    assert await house.notes() == ["once"]
    assert (other.status_code, other.json()["type"]) == (409, "urn:signalbox:problem:key-reused")


async def test_simulating_says_what_would_happen_and_does_nothing(http: httpx.AsyncClient, house: House) -> None:
    answer = await http.post("/api/v1/actions/files.erase?simulate=true", json={"name": "a"}, headers=ANN)
    assert (answer.json()["effect"], answer.json()["asks"]) == ("destroy", "cannot be undone")
    assert await house.notes() == []
    wrong = await http.post("/api/v1/actions/files.erase?simulate=maybe", json={"name": "a"}, headers=ANN)
    assert wrong.json()["detail"] == "`simulate` is 'maybe', not true or false."


async def test_what_must_be_confirmed_answers_409_and_the_header_answers_it(
    http: httpx.AsyncClient, house: House
) -> None:
    asked = await http.post("/api/v1/actions/files.erase", json={"name": "a"}, headers=ANN)
    assert (asked.status_code, asked.json()["type"]) == (409, "urn:signalbox:problem:confirmation-needed")
    yes = {"Signalbox-Confirm": asked.json()["confirmationId"]}
    foreign = await http.post("/api/v1/actions/files.erase", json={"name": "a"}, headers={**BOB, **yes})
    other = await http.post("/api/v1/actions/files.erase", json={"name": "b"}, headers={**ANN, **yes})
    wrong = await http.post("/api/v1/actions/notes.add", json={"text": "b"}, headers={**ANN, **yes})
    assert (foreign.status_code, other.status_code, wrong.status_code) == (403, 409, 409)
    done = await http.post("/api/v1/actions/files.erase", json={"name": "a"}, headers={**ANN, **yes})
    assert done.json()["text"] == "Erased a."
    again = await http.post("/api/v1/actions/files.erase", json={"name": "a"}, headers={**ANN, **yes})
    assert (again.status_code, again.json()["detail"]) == (409, "This was answered before. Nothing was run.")
    assert len(await house.notes()) == 1


async def test_an_approval_comes_from_somebody_else_and_runs_for_the_asker(http: httpx.AsyncClient) -> None:
    asked = await http.post("/api/v1/actions/deploy.run", json={"target": "prod"}, headers=ANN)
    yes = {"Signalbox-Confirm": asked.json()["confirmationId"]}
    own = await http.post("/api/v1/actions/deploy.run", json={"target": "prod"}, headers={**ANN, **yes})
    assert own.status_code == 403
    done = await http.post("/api/v1/actions/deploy.run", json={"target": "prod"}, headers={**BOB, **yes})
    assert done.json()["text"] == "Ann deployed to prod."


async def test_a_stream_carries_text_progress_and_the_result(http: httpx.AsyncClient) -> None:
    headers = {**ANN, "Accept": "text/event-stream"}
    answer = await http.post("/api/v1/actions/slow.count", json={"to": 3}, headers=headers)
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert {"text", "progress"} <= set(events)
    assert events[-1] == "result"
    assert '"total":3' in answer.text
    assert '"text":"Counted."' in answer.text.splitlines()[-2] or '"text":"Counted."' in answer.text


async def test_a_stream_ends_with_the_problem(http: httpx.AsyncClient) -> None:
    headers = {**ANN, "Accept": "text/event-stream"}
    answer = await http.post("/api/v1/actions/files.erase", json={"name": "a"}, headers=headers)
    assert "event: problem\n" in answer.text
    assert "confirmationId" in answer.text


async def test_an_unknown_action_names_the_nearest(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/actions/notes.ad", json={}, headers=ANN)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["near"][0] == "notes.add"


BAD_BODIES = [
    (b'{"text": ', "The body is not JSON"),
    (b"\xff\xfe{}", "The body is not JSON"),
    (b'{"text": NaN}', "The body is not JSON"),
    (b'["text"]', "The body is a list, not an object."),
    (b'"text"', "The body is a text, not an object."),
    (b"null", "The body is null, not an object."),
    (b"[" * 100_000, "The body is not JSON"),
    (b'{"text": "\\ud800"}', "The body is not JSON"),
]


@pytest.mark.parametrize(("body", "said"), BAD_BODIES, ids=[str(body[:12]) for body, _ in BAD_BODIES])
async def test_a_body_that_is_no_json_object_gets_a_clear_problem(
    http: httpx.AsyncClient, body: bytes, said: str
) -> None:
    answer = await http.post("/api/v1/actions/notes.add", content=body, headers=ANN)
    assert answer.status_code == 400
    assert answer.json()["detail"].startswith(said)
    assert answer.json()["hint"]


async def test_a_wrong_type_names_the_field(http: httpx.AsyncClient) -> None:
    answer = await http.post("/api/v1/actions/slow.count", json={"to": "many"}, headers=ANN)
    assert answer.status_code == 400
    assert "to:" in answer.json()["detail"]


async def test_a_body_over_the_limit_is_413_with_and_without_a_length(http: httpx.AsyncClient, house: House) -> None:
    large = b'{"text": "' + b"x" * 1_000_000 + b'"}'

    async def parts() -> object:
        for start in range(0, len(large), 100_000):
            yield large[start : start + 100_000]

    declared = await http.post("/api/v1/actions/notes.add", content=large, headers=ANN)
    chunked = await http.post("/api/v1/actions/notes.add", content=parts(), headers=ANN)  # type: ignore[arg-type]
    assert (declared.status_code, chunked.status_code) == (413, 413)
    assert "1,000,000 are taken at once" in declared.json()["detail"]
    assert await house.notes() == []


async def test_a_bug_shows_its_id_and_nothing_else(http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = await http.post("/api/v1/actions/broken.bug", json={}, headers=ANN)
    problem = answer.json()
    assert answer.status_code == 500
    assert set(problem) == {"type", "title", "status", "detail", "hint", "errorId"}
    assert "password" not in answer.text
    assert problem["errorId"] in caplog.text


async def test_a_denied_call_names_the_rule(http: httpx.AsyncClient, house: House) -> None:
    house.identity.refused.add("knowledge.write")
    answer = await http.post("/api/v1/actions/notes.add", json={"text": "x"}, headers=ANN)
    assert (answer.status_code, answer.json()["rule"]) == (403, "role member lacks knowledge.write")


async def test_a_key_that_is_too_long_is_refused(http: httpx.AsyncClient) -> None:
    headers = {**ANN, "Idempotency-Key": "k" * 300}
    answer = await http.post("/api/v1/actions/notes.add", json={"text": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "The Idempotency-Key has 300 characters; 200 are taken.",
    )
