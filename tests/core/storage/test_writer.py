"""The one writer: groups commits, isolates failures, keeps order, and survives a full disk."""

from __future__ import annotations

import asyncio
import threading

import pytest

from core.errors import Conflict, ReadOnly, StorageFailed
from core.storage import Connection, IntegrityError, Storage
from core.storage import writer as writer_module


def put(connection: Connection, name: str, value: str = "x") -> str:
    connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (name, value))
    return name


def all_names(connection: Connection) -> set[str]:
    return {row[0] for row in connection.execute("SELECT name FROM meta WHERE name LIKE 't-%'")}


async def test_a_write_is_readable_once_it_returned(storage: Storage) -> None:
    assert await storage.write(put, "t-1") == "t-1"
    assert await storage.read(all_names) == {"t-1"}


async def test_waiting_writes_share_one_commit(storage: Storage) -> None:
    gate = threading.Event()

    def hold(connection: Connection) -> None:
        gate.wait(5)

    held = asyncio.create_task(storage.write(hold))
    await asyncio.sleep(0)
    writes = [asyncio.create_task(storage.write(put, f"t-{n}")) for n in range(200)]
    await asyncio.sleep(0)
    before = storage.writer.batches
    gate.set()
    await asyncio.gather(held, *writes)
    assert storage.writer.batches - before < 20
    assert len(await storage.read(all_names)) == 200


async def test_only_the_failing_operation_of_a_batch_fails(storage: Storage) -> None:
    await storage.write(put, "t-taken")
    results = await asyncio.gather(
        storage.write(put, "t-a"), storage.write(put, "t-taken"), storage.write(put, "t-b"), return_exceptions=True
    )
    assert results[0] == "t-a"
    assert isinstance(results[1], IntegrityError)
    assert results[2] == "t-b"
    assert await storage.read(all_names) == {"t-taken", "t-a", "t-b"}


async def test_an_error_of_an_operation_undoes_all_it_wrote(storage: Storage) -> None:
    def half(connection: Connection) -> None:
        put(connection, "t-half")
        raise Conflict("No.")

    with pytest.raises(Conflict, match="No"):
        await storage.write(half)
    assert await storage.read(all_names) == set()


async def test_people_go_before_background_work(storage: Storage) -> None:
    order: list[str] = []
    gate, holding = threading.Event(), threading.Event()

    def hold(connection: Connection) -> None:
        holding.set()
        gate.wait(5)

    held = asyncio.create_task(storage.write(hold))
    await asyncio.to_thread(holding.wait, 5)
    slow = [
        asyncio.create_task(storage.write_later(lambda connection, n=n: order.append(f"background {n}")))
        for n in range(3)
    ]
    await asyncio.sleep(0)
    fast = asyncio.create_task(storage.write(lambda connection: order.append("person")))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(held, fast, *slow)
    assert order == ["person", "background 0", "background 1", "background 2"]


async def test_a_full_disk_is_said_and_nothing_is_half_written(storage: Storage) -> None:
    def limit(connection: Connection, pages: int) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def pages(connection: Connection) -> int:
        return int(connection.execute("PRAGMA page_count").fetchone()[0])

    used = await storage.write(pages)
    await storage.write(limit, used + 1)
    with pytest.raises(ReadOnly, match="Nothing could be written: database or disk is full"):
        await storage.write(put, "t-big", "x" * 100_000)
    assert await storage.read(all_names) == set()
    await storage.write(limit, 1_000_000)
    await storage.write(put, "t-small")
    assert await storage.read(all_names) == {"t-small"}


async def test_a_closed_database_says_so(storage: Storage) -> None:
    await storage.close()
    with pytest.raises(StorageFailed, match="The database is closed"):
        await storage.write(put, "t-late")
    with pytest.raises(StorageFailed, match="The database is closed"):
        await storage.read(all_names)


async def test_closing_commits_what_is_queued(storage: Storage) -> None:
    writes = [asyncio.create_task(storage.write(put, f"t-{n}")) for n in range(50)]
    await asyncio.sleep(0)
    await storage.close()
    assert len(await asyncio.gather(*writes)) == 50


async def test_a_queue_over_its_bound_waits_and_loses_nothing(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "MAX_QUEUED", 10)
    await asyncio.gather(*(storage.write(put, f"t-{n}") for n in range(200)))
    assert len(await storage.read(all_names)) == 200


async def test_readers_cannot_write(storage: Storage) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only|query_only"):
        await storage.read(put, "t-never")
