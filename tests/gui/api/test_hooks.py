from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from core.config.settings import HookSettings
from core.errors import Unavailable
from core.points import watch
from gui.api.hooks import arguments_of
from gui.api.signature import sign
from tests.fakes.waiting import until
from tests.gui.api import actions_under_test
from tests.gui.api.house import House, house

SECRET = "a secret of the source"
BODY = b'{"issue": {"title": "It broke", "labels": ["bug"]}}'
NOTE = {"action": "notes.add", "take": {"text": "issue.title"}}


def signed(
    body: bytes = BODY, *, secret: str = SECRET, age_s: float = 0, delivery: str = "", how: HookSettings | None = None
) -> dict[str, str]:
    how = how or HookSettings()
    at = int(time.time() - age_s)
    headers = {how.header: sign(secret, body, how, at)}
    if how.signs == "time_and_body":
        headers[how.time_header] = str(at)
    return headers | ({how.delivery_header: delivery} if delivery else {})


async def post(house: House, headers: dict[str, str], body: bytes = BODY, source: str = "github") -> httpx.Response:
    house.secrets.known.setdefault("HOOK_GITHUB_SECRET", SECRET)
    async with house.client() as http:
        return await http.post(f"/hooks/{source}", content=body, headers=headers)


async def test_a_signed_delivery_is_taken_and_the_use_of_its_secret_recorded(house: House) -> None:
    answer = await post(house, signed(delivery="d1"))
    assert (answer.status_code, answer.json()["accepted"]) == (202, True)
    assert house.secrets.uses == [("HOOK_GITHUB_SECRET", "webhook github")]


async def test_a_source_without_a_secret_is_refused(house: House) -> None:
    async with house.client() as http:
        answer = await http.post("/hooks/gitlab", content=BODY, headers=signed())
    assert (answer.status_code, answer.json()["rule"]) == (403, "webhooks need a secret")


REFUSED: list[tuple[dict[str, str | None], int, str]] = [
    ({"X-Signalbox-Signature": None}, 400, "The header X-Signalbox-Signature is missing."),
    ({"X-Signalbox-Timestamp": None}, 400, "The header X-Signalbox-Timestamp is missing."),
    ({"X-Signalbox-Timestamp": "yesterday"}, 400, "X-Signalbox-Timestamp is 'yesterday', not Unix seconds."),
    ({"X-Signalbox-Signature": "v1=00"}, 401, "The signature does not fit."),
    ({"X-Signalbox-Signature": "\u00e9"}, 401, "The signature does not fit."),
    ({"X-Signalbox-Delivery": "d" * 300}, 400, "X-Signalbox-Delivery has over 200 characters."),
]


@pytest.mark.parametrize(("changes", "status", "said"), REFUSED)
async def test_what_is_not_signed_rightly_is_refused_and_says_why(
    house: House, changes: dict[str, str | None], status: int, said: str
) -> None:
    headers = {**signed(), **changes}
    raw = {name: value.encode("latin-1") for name, value in headers.items() if value is not None}
    answer = await post(house, raw)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["detail"]) == (status, said)


@pytest.mark.parametrize("age_s", [400, -400])
async def test_a_time_outside_the_window_is_refused(house: House, age_s: int) -> None:
    answer = await post(house, signed(age_s=age_s))
    assert answer.status_code == 401
    assert "300 s are allowed" in answer.json()["detail"]


async def test_another_secret_is_refused(house: House) -> None:
    answer = await post(house, signed(secret="another"))
    assert (answer.status_code, answer.json()["detail"]) == (401, "The signature does not fit.")


async def test_one_changed_byte_is_refused(house: House) -> None:
    answer = await post(house, signed(), BODY.replace(b"broke", b"brokE"))
    assert answer.status_code == 401


async def test_a_replay_is_refused_even_under_another_delivery_id(house: House) -> None:
    headers = signed(delivery="d1")
    assert (await post(house, headers)).status_code == 202
    again = await post(house, headers)
    renamed = await post(house, {**headers, "X-Signalbox-Delivery": "d2"})
    assert [one.status_code for one in (again, renamed)] == [409, 409]
    assert again.json()["detail"] == "This delivery was received before. Nothing was done again."


async def test_the_sources_own_retry_is_acknowledged_and_not_taken_twice(house: House) -> None:
    assert (await post(house, signed(delivery="d1", age_s=3))).status_code == 202
    retry = await post(house, signed(delivery="d1"))
    assert (retry.status_code, retry.json()["accepted"]) == (200, False)


async def test_both_secrets_fit_while_one_is_being_changed(house: House) -> None:
    house.secrets.known["HOOK_GITHUB_SECRET_NEXT"] = "the next one"
    assert (await post(house, signed(secret="the next one"))).status_code == 202
    assert (await post(house, signed(age_s=1))).status_code == 202


async def test_a_source_may_sign_the_body_alone_with_its_own_header_and_sha512(tmp_path: Path) -> None:
    how = {"header": "X-Hub-Signature-512", "algorithm": "sha512", "prefix": "sha512=", "signs": "body"}
    async with house(tmp_path, hooks={"github": how}) as built:
        headers = signed(how=HookSettings.model_validate(how))
        assert headers["X-Hub-Signature-512"].startswith("sha512=")
        assert (await post(built, headers)).status_code == 202
        assert (await post(built, headers)).status_code == 409


async def test_a_signed_body_that_is_not_json_is_refused(house: House) -> None:
    answer = await post(house, signed(b"a=b"), b"a=b")
    assert (answer.status_code, answer.json()["hint"]) == (400, "Send UTF-8 JSON.")


@pytest.mark.parametrize("source", ["GitHub", "a.b", "%2e%2e", "x" * 60])
async def test_a_source_has_a_plain_name(house: House, source: str) -> None:
    assert (await post(house, signed(), source=source)).status_code == 404


async def test_the_configured_action_runs_with_what_the_body_says(tmp_path: Path) -> None:
    async with house(tmp_path, hooks={"github": NOTE}) as built, built.running():
        await post(built, signed())
        await built.noted("It broke")
        entry = built.auditor.entries[-1]
        assert (entry.network, entry.actor.through, entry.outcome) == ("hook", "hook github", "ok")


async def test_a_source_linked_to_nobody_may_run_nothing(tmp_path: Path) -> None:
    async with house(tmp_path, hooks={"github": NOTE}) as built, built.running():
        del built.identity.people["github"]
        await post(built, signed())
        await until(lambda: built.auditor.entries)
        assert built.auditor.entries[-1].outcome == "denied"
        assert await built.notes() == []


class Killed(BaseException):
    """The process died here."""


@pytest.fixture
def death() -> Iterator[None]:
    def die(name: str) -> None:
        if name == "hook.after_write":
            raise Killed

    watch(die)
    yield
    watch(None)


async def test_a_delivery_on_the_disk_is_run_by_the_next_process(tmp_path: Path, death: None) -> None:
    async with house(tmp_path, hooks={"github": NOTE}) as built:
        with pytest.raises(BaseException) as died:  # noqa: PT011 - a group or the death itself
            await post(built, signed(delivery="d1"))
        assert "Killed" in repr(died.value)
    watch(None)
    async with house(tmp_path, hooks={"github": NOTE}) as reborn, reborn.running():
        await reborn.noted("It broke")
    async with house(tmp_path, hooks={"github": NOTE}) as third, third.running():
        assert (await post(third, signed(delivery="d1", age_s=1))).json() == {"accepted": False, "id": ""}
        assert await third.notes() == ["It broke"]


@pytest.mark.fault
async def test_an_accepted_delivery_survives_kill_9(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "tests.gui.api.serve_until_killed", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    bodies = [f'{{"issue": {{"title": "number {number}"}}}}'.encode() for number in range(5)]
    async with httpx.AsyncClient(base_url=url) as http:
        for body in bodies:
            assert (await http.post("/hooks/github", content=body, headers=signed(body))).status_code == 202
        process.kill()
        await process.wait()
    async with house(tmp_path, hooks={"github": NOTE}) as reborn, reborn.running():
        await reborn.noted(*(f"number {number}" for number in range(5)))


async def test_what_cannot_run_now_stays_until_it_can(tmp_path: Path) -> None:
    settings = {"github": {"action": "flaky.once", "take": {"text": "issue.title"}}}
    async with house(tmp_path, hooks=settings) as built:
        actions_under_test.FLAKY.append("The disk is away.")
        await post(built, signed())
        with pytest.raises(Unavailable, match="The disk is away"):
            await built.api.parts_to_run["webhooks"]()
        async with built.running():
            await built.noted("It broke")


def test_arguments_come_from_dotted_paths() -> None:
    how = HookSettings(arguments={"channel": "#ops"}, take={"text": "issue.title", "label": "issue.labels.0"})
    assert arguments_of(how, BODY.decode()) == {"channel": "#ops", "text": "It broke", "label": "bug"}
    with pytest.raises(Exception, match=r"nothing at `issue.number`"):
        arguments_of(HookSettings(take={"n": "issue.number"}), BODY.decode())
