"""A process killed in the middle of indexing: the next one goes on and nothing is doubled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from core.storage import Connection
from tests.core.knowledge.parts import team, write

ROOT = Path(__file__).resolve().parents[3]
CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from core.points import watch
from tests.core.knowledge.parts import team

point, left = sys.argv[3], int(sys.argv[4])

def reached(name):
    global left
    left -= name == point
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def main():
    async with team(Path(sys.argv[1])) as ours:
        watch(reached)
        await ours.index(sys.argv[2])

asyncio.run(main())
"""


def state(connection: Connection) -> list[tuple[str, int, int]]:
    return connection.execute(
        "SELECT d.path, count(c.id), (SELECT count(*) FROM chunk_vector) FROM document d "
        "LEFT JOIN chunk c ON c.document = d.number GROUP BY d.number ORDER BY d.path"
    ).fetchall()


@pytest.mark.fault
@pytest.mark.parametrize(("point", "count"), [("knowledge.batch_written", 2), ("knowledge.part_written", 2)])
async def test_a_killed_indexing_is_finished_by_the_next(tmp_path: Path, point: str, count: int) -> None:
    big = "\n\n".join(f"## Part {n}\n\n{f'Machine {n} stands in hall {n}. ' * 14}" for n in range(70))
    small = {f"page{n}.md": f"# Page {n}\n\n" + f"Words of page {n}. " * 60 for n in range(60)}
    wiki = write(tmp_path / "wiki", {"big.md": big, **small})
    (tmp_path / "other").mkdir()
    child = subprocess.run(  # noqa: ASYNC221 - the child is the whole point
        [sys.executable, "-c", CHILD, str(tmp_path), str(wiki), point, str(count)],
        cwd=ROOT, check=False, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()
    async with team(tmp_path) as ours:
        done = await ours.index(wiki)
        assert done.added + done.changed + done.unchanged == 61
        assert done.unchanged < 61
        after = await ours.storage.read(state)
        (source,) = await ours.knowledge.sources((await ours.door.identify(ours.ctx())).audience)
    async with team(tmp_path / "other") as fresh:
        await fresh.index(wiki)
        assert await fresh.storage.read(state) == after
    assert source.documents == 61
