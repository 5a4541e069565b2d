from __future__ import annotations

import hmac
import time
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit import Audit
from core.errors import Conflict, InvalidInput, ReadOnly
from core.storage import Connection, Storage
from tests.core.audit.parts import KEY, damage, entry, fill, later, opened

COUNT = 12
FIRST_OF_DECEMBER = 7


async def test_an_untouched_record_is_whole_and_has_two_months(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, COUNT)
        assert await audit.checkpoint()
        found = await audit.verify()
    assert (found.whole, found.lines, found.checkpoints, found.faults) == (True, COUNT, 1, ())
    assert [(one.segment, one.lines, one.first, one.last) for one in found.segments] == [
        ("2026-11", 6, 1, 6),
        ("2026-12", 6, 7, 12),
    ]


async def test_an_empty_record_is_whole(tmp_path: Path) -> None:
    async with opened(tmp_path) as (_, audit):
        assert not await audit.checkpoint()
        found = await audit.verify()
    assert (found.whole, found.lines, found.segments) == (True, 0, ())


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        (
            "UPDATE audit_line SET body = replace(body, 'note 2', 'note 3') WHERE number = 3",
            "2026-11: line 3 or its place was changed.",
        ),
        (
            "UPDATE audit_line SET body = replace(body, '2026-12-01T', '2026-12-02T') WHERE number = 8",
            "2026-12: line 8 or its place was changed.",
        ),
        (
            "UPDATE audit_line SET mac = zeroblob(32) WHERE number = 4",
            "2026-11: line 4 or its place was changed.",
        ),
        ("DELETE FROM audit_line WHERE number = 5", "2026-11: line 5 is missing."),
        ("DELETE FROM audit_line WHERE number IN (4, 5)", "2026-11: lines 4 to 5 are missing."),
        (
            "DELETE FROM audit_line WHERE number > 10",
            "The record ends at line 10, but had 12 lines on ",
        ),
        (
            "DELETE FROM audit_line WHERE segment = '2026-12'",
            "2026-12: the month was begun, but none of its lines is there.",
        ),
        (
            "UPDATE audit_line SET segment = '2026-11' WHERE number = 9",
            "2026-11: line 9 stands in the wrong month.",
        ),
        (
            "UPDATE audit_segment SET start = zeroblob(32) WHERE segment = '2026-12'",
            "2026-12: its beginning does not follow from the month before.",
        ),
    ],
)
async def test_every_kind_of_damage_is_found_and_named(tmp_path: Path, statement: str, fault: str) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, COUNT)
        await audit.checkpoint()
        damage(tmp_path, statement)
        found = await audit.verify()
    assert not found.whole
    assert found.faults[0].startswith(fault)


async def test_two_lines_that_changed_places_are_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 4)
        damage(
            tmp_path,
            "UPDATE audit_line SET number = -2 WHERE number = 2",
            "UPDATE audit_line SET number = 2 WHERE number = 3",
            "UPDATE audit_line SET number = 3 WHERE number = -2",
        )
        assert (await audit.verify()).faults == ("2026-11: line 2 or its place was changed.",)


async def test_a_chain_written_anew_with_another_key_is_found(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 3)
        await storage.write(_restamp, b"x" * 32)
        assert (await audit.verify()).faults == ("2026-11: line 1 or its place was changed.",)


async def test_a_chain_written_anew_with_the_right_key_is_found_by_its_checkpoint(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 3)
        await audit.checkpoint()
        await storage.write(_restamp, KEY)
        (fault,) = (await audit.verify()).faults
    assert fault.startswith("Line 3 is another one than on ")


def _restamp(connection: Connection, key: bytes) -> None:
    mac = bytes(32)
    for number, body in connection.execute("SELECT number, body FROM audit_line ORDER BY number").fetchall():
        changed = body.replace("note 1", "note 9")
        mac = hmac.digest(key, mac + changed.encode(), sha256)
        connection.execute("UPDATE audit_line SET body = ?, mac = ? WHERE number = ?", (changed, mac, number))


async def test_a_forged_checkpoint_line_is_named(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 1)
        await audit.checkpoint()
        path = tmp_path / "audit-checkpoints" / "2026-11.jsonl"
        path.write_text(path.read_text().replace('"number":1', '"number":0') + "nonsense\n[]\n")
        found = await audit.verify()
    assert found.faults == tuple(
        f"Line {number} of 2026-11.jsonl was not written by this Signalbox." for number in (1, 2, 3)
    )
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_clock_that_goes_back_stays_in_the_newer_month(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        await storage.write(audit.record, later(entry(), 24 * 10))
        await storage.write(audit.record, entry())
        found = await audit.verify()
    assert [(one.segment, one.lines) for one in found.segments] == [("2026-12", 2)]
    assert found.whole


async def test_a_rolled_back_line_leaves_no_gap(tmp_path: Path) -> None:
    def refused(connection: Connection, audit: Audit) -> None:
        audit.record(connection, entry(1))
        raise Conflict("No.")

    async with opened(tmp_path) as (storage, audit):
        await fill(storage, audit, 2)
        with pytest.raises(Conflict):
            await storage.write(refused, audit)
        await storage.write(audit.record, entry(3))
        found = await audit.verify()
    assert (found.whole, found.lines) == (True, 3)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=st.integers(1, 8), position=st.integers(0, 200), bit=st.integers(0, 6))
async def test_any_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, line: int, position: int, bit: int
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    async with opened(folder) as (storage, audit):
        await fill(storage, audit, 8)

        (body,) = await storage.read(_body, line)
        raw = bytearray(body.encode())
        raw[position] ^= 1 << bit
        try:
            await storage.write(_write, raw.decode(), line)
        except ReadOnly:  # the table itself takes nothing that is no JSON
            return
        assert not (await audit.verify()).whole


def _body(connection: Connection, line: int) -> tuple[str]:
    row: tuple[str] = connection.execute("SELECT body FROM audit_line WHERE number = ?", (line,)).fetchone()
    return row


def _write(connection: Connection, body: str, line: int) -> None:
    connection.execute("UPDATE audit_line SET body = ? WHERE number = ?", (body, line))


async def test_a_short_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"^The record's key has 5 bytes; it needs 32\.$"):
        Audit(Storage(tmp_path / "x.db"), b"short")


@pytest.mark.bench
async def test_a_line_costs_under_sixty_microseconds(tmp_path: Path) -> None:
    async with opened(tmp_path) as (storage, audit):
        entries = [entry() for _ in range(2_000)]

        def many(connection: Connection) -> float:
            started = time.perf_counter()
            for one in entries:
                audit.record(connection, one)
            return (time.perf_counter() - started) / len(entries) * 1e6

        cost = await storage.write(many)
        assert cost < 60, f"{cost:.0f} µs"
