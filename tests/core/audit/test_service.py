from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import timedelta
from pathlib import Path

import pytest

from core.audit import Audit, Filter, actions, service
from core.storage import Storage
from core.values import Actor, CallerKind
from tests.core.audit.parts import BEGIN, KEY, entry, fill, opened

BOB = Actor(person_id="p-bob", name="Bob 100%", kind=CallerKind.SCHEDULE, through="digest")


async def test_lines_come_newest_first_with_all_that_was_recorded(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 3)
        lines = await audit.lines(Filter(), 2)
    assert [line.number for line in lines] == [3, 2]
    assert lines[0].arguments == {"text": "note 2", "n": 2}
    assert (lines[0].person, lines[0].at, lines[0].rule) == (
        "Ann",
        BEGIN + timedelta(hours=12),
        "role owner has *",
    )


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(person="p-bob"), [4]),
        (Filter(person="bob 100%"), [4]),
        (Filter(person="100_"), []),
        (Filter(action="notes.add"), [4, 1]),
        (Filter(action="people.*"), [3, 2]),
        (Filter(outcome="denied"), [3]),
        (Filter(network="slack"), [4, 3, 2, 1]),
        (Filter(network="discord"), []),
        (Filter(text="note 1"), [2]),
        (Filter(text="!"), []),
        (Filter(since=BEGIN + timedelta(hours=6)), [4, 3, 2]),
        (Filter(until=BEGIN + timedelta(hours=6)), [1]),
        (Filter(below=3), [2, 1]),
        (Filter(person="Ann", action="people.*", outcome="ok"), [2]),
    ],
)
async def test_filters_narrow_the_list(tmp_path: Path, wanted: Filter, numbers: list[int]) -> None:
    async with opened(tmp_path) as (storage, audit):
        await storage.write(audit.record, entry(0))
        await storage.write(audit.record, entry(1, action="people.role"))
        await storage.write(audit.record, entry(2, action="people.add", outcome="denied"))
        await storage.write(audit.record, entry(3, actor=BOB))
        assert [line.number for line in await audit.lines(wanted, 10)] == numbers


async def test_csv_has_a_row_for_each_line_and_runs_no_formula(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await storage.write(audit.record, entry(0, actor=Actor(person_id="p", name="=cmd()")))
        export = await audit.export(Filter(), "csv")
    (row,) = csv.DictReader(io.StringIO(export.text))
    assert (row["number"], row["name"], row["arguments"], row["before"]) == (
        "1",
        "'=cmd()",
        '{"n":0,"text":"note 0"}',
        "",
    )
    assert (export.lines, export.complete) == (1, True)
    assert export.filename.endswith(".csv")


async def test_json_holds_what_a_later_check_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "EXPORT_LINES", 2)
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 3)
        export = await audit.export(Filter(), "json")
    lines = json.loads(export.text)
    assert [line["number"] for line in lines] == [3, 2]
    assert len(bytes.fromhex(lines[0]["mac"])) == 32
    assert lines[0]["body"]["action"] == "notes.add"
    assert not export.complete


async def test_a_checkpoint_is_written_once_for_the_same_end(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 1)
        assert await audit.checkpoint()
        assert not await audit.checkpoint()
        await fill(storage, audit, 1)
        assert await audit.checkpoint()
    assert len((tmp_path / "audit-checkpoints" / "2026-11.jsonl").read_text().splitlines()) == 2


async def test_checkpoints_are_written_while_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "CHECKPOINT_LINES", 3)
    written = asyncio.Event()

    class Watched(Audit):
        async def checkpoint(self) -> bool:
            done = await super().checkpoint()
            written.set()
            return done

    async with opened(tmp_path) as (storage, _):
        audit = Watched(storage, KEY)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            running = group.create_task(audit.run(look_s=0.005))
            await fill(storage, audit, 3)
            await written.wait()
            running.cancel()
        assert (await audit.verify()).checkpoints == 1


async def test_the_commands_list_check_and_export(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 2)
        assert [line.number for line in await actions.activity_list(audit, command="notes add")] == [2, 1]
        assert (await actions.activity_verify(audit)).whole
        assert (await actions.activity_export(audit, "json")).lines == 2


def test_the_checkpoints_lie_beside_the_database_not_in_it(tmp_path: Path) -> None:
    audit = Audit(Storage(tmp_path / "signalbox.db"), KEY)
    assert audit._checkpoints._folder == tmp_path / "audit-checkpoints"
