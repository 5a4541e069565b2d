import asyncio
import logging

import pytest

from core.errors import StorageFailed, Unavailable
from core.observability import Supervisor, supervise
from tests.fakes.house import until


@pytest.fixture(autouse=True)
def in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_S", 0.001)
    monkeypatch.setattr(supervise, "LONGEST_S", 0.004)


class Part:
    """Fails `times` times, then runs until it is cancelled."""

    def __init__(self, times: int, error: Exception | None = None) -> None:
        self.left, self.error = times, error or Unavailable("Slack does not answer.", hint="It is tried again.")
        self.running = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        if self.left:
            self.left -= 1
            raise self.error
        self.running.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.ended.set()


async def test_a_part_that_fails_starts_again_later_and_later_up_to_a_limit() -> None:
    told: list[tuple[str, str, float]] = []
    part = Part(5)
    async with Supervisor(lambda name, error, wait_s: told.append((name, error, wait_s))) as supervisor:
        supervisor.supervise("slack", part.run)
        await part.running.wait()
        assert supervisor.parts["slack"].error == ""
        assert supervisor.parts["slack"].restarts == 5
    assert {(name, error) for name, error, _ in told} == {("slack", "Slack does not answer. It is tried again.")}
    assert [wait_s for _, _, wait_s in told] == [0.001, 0.002, 0.004, 0.004, 0.004]
    assert part.ended.is_set()


async def test_a_part_that_ran_calmly_for_long_starts_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "CALM_S", -1.0)
    waits: list[float] = []
    part = Part(3)
    async with Supervisor(lambda name, error, wait_s: waits.append(wait_s)) as supervisor:
        supervisor.supervise("slack", part.run)
        await part.running.wait()
    assert waits == [0.001, 0.001, 0.001]


async def test_the_error_shows_while_the_part_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_S", 60.0)
    async with Supervisor() as supervisor:
        supervisor.supervise("deliveries", Part(1).run)
        part = supervisor.parts["deliveries"]
        await until(lambda: part.restarts == 1)
        assert part.error == "Slack does not answer. It is tried again."
        assert part.retry_at > 0


async def test_a_bug_is_logged_with_its_trace_and_ends_no_other_part(caplog: pytest.LogCaptureFixture) -> None:
    broken, sound = Part(1, ValueError("no such row")), Part(0)
    with caplog.at_level(logging.WARNING):
        async with Supervisor() as supervisor:
            supervisor.supervise("sound", sound.run)
            supervisor.supervise("broken", broken.run)
            await broken.running.wait()
            assert sound.running.is_set()
            assert not sound.ended.is_set()
    (failed,) = [record for record in caplog.records if record.exc_info]
    assert failed.message == "broken failed"
    assert "broken: ValueError: no such row; starts again in 0 s" in caplog.messages


async def test_a_part_that_returns_is_done() -> None:
    async def once() -> None:
        pass

    async with Supervisor() as supervisor:
        await supervisor.supervise("guide", once)
        assert (supervisor.parts["guide"].restarts, supervisor.parts["guide"].error) == (0, "")


async def test_storage_that_fails_ends_the_process() -> None:
    other = Part(0)

    async def run() -> None:
        async with Supervisor() as supervisor:
            supervisor.supervise("other", other.run)
            await other.running.wait()
            supervisor.supervise("conversations", Part(1, StorageFailed("The disk is gone.")).run)
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as ended:
        await run()
    assert ended.group_contains(StorageFailed, match=r"The disk is gone\.")
    assert other.ended.is_set()


async def test_a_stopped_part_ends_and_is_gone() -> None:
    part = Part(0)
    async with Supervisor() as supervisor:
        supervisor.supervise("slack", part.run)
        await part.running.wait()
        supervisor.stop("slack")
        await part.ended.wait()
        assert supervisor.parts == {}
        supervisor.stop("nobody")


async def test_starting_a_part_again_ends_the_one_before() -> None:
    first, second = Part(0), Part(0)
    async with Supervisor() as supervisor:
        supervisor.supervise("slack", first.run)
        await first.running.wait()
        supervisor.supervise("slack", second.run)
        await second.running.wait()
        assert first.ended.is_set()
        assert list(supervisor.parts) == ["slack"]


async def test_an_error_of_the_body_comes_out_as_it_is_and_ends_the_parts() -> None:
    part = Part(0)
    with pytest.raises(KeyError, match="mine"):  # noqa: PT012 - the body is what is tested
        async with Supervisor() as supervisor:
            supervisor.supervise("slack", part.run)
            await part.running.wait()
            raise KeyError("mine")
    assert part.ended.is_set()


async def test_a_supervisor_that_is_not_open_starts_nothing() -> None:
    with pytest.raises(RuntimeError, match="not open"):
        Supervisor().supervise("slack", Part(0).run)
