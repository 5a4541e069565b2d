"""The vectors in memory always say what a scan of the database says."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from weakref import WeakSet

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.errors import Unavailable
from core.knowledge import store
from core.knowledge.embedding import DIMENSIONS, LazyEmbedder
from core.knowledge.matrix import VectorMatrix
from core.knowledge.store import ChunkRow, DocumentRow
from core.knowledge.vectors import Vectors
from core.storage import Connection, bring_up_to_date, connect
from tests.core.knowledge.parts import embedder

VISIBLE = {"everyone": ("everyone",), "ops": ("slack:T1/C1",)}


def document(path: str, visible: str, source: str = "s") -> DocumentRow:
    return DocumentRow(
        id=f"{source}-{path}", source_id=source, kind="guide" if path == "g" else "folder", path=path, title=path,
        hash="h", mtime_ns=1, size_bytes=1, visibility=VISIBLE[visible], at="2026-01-01",
    )  # fmt: skip


def chunks(count: int, seed: int) -> list[ChunkRow]:
    vectors = np.random.default_rng(seed).normal(size=(count, DIMENSIONS)).astype("<f4")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        ChunkRow(position=at, headings=("t",), anchor="", text=f"text {at}", vector=row.tobytes())
        for at, row in enumerate(vectors)
    ]


def begin(folder: Path) -> Connection:
    path = folder / "signalbox.db"
    bring_up_to_date(path, folder / "backups", "0")
    connection = connect(path)
    store.add_source(connection, "s", "folder", "/s", "s", ("everyone",), "", "2026-01-01")
    return connection


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    one = begin(tmp_path)
    yield one
    one.close()


def expected(connection: Connection, visible: list[int], guide: bool) -> set[int]:
    marks = ", ".join("?" * len(visible))
    sql = (
        "SELECT c.id FROM chunk c JOIN document d ON d.number = c.document "
        f"WHERE d.visibility IN ({marks}) AND (? OR d.kind <> 'guide')"
    )
    return {row[0] for row in connection.execute(sql, (*visible, guide))}


class Changes(RuleBasedStateMachine):
    """Any order of writing, replacing, removing and showing to others."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self._folder = tempfile.TemporaryDirectory()
        self.connection = begin(Path(self._folder.name))
        self.matrix = VectorMatrix()
        self.seed = 0

    @rule(path=st.sampled_from("abcg"), visible=st.sampled_from([*VISIBLE]), count=st.integers(0, 40))
    def put(self, path: str, visible: str, count: int) -> None:
        self.seed += 1
        store.put_document(self.connection, document(path, visible), chunks(count, self.seed))

    @rule(path=st.sampled_from("abcg"))
    def drop(self, path: str) -> None:
        store.drop_document(self.connection, "s", path)

    @rule(visible=st.sampled_from([*VISIBLE]))
    def show(self, visible: str) -> None:
        store.show_source_to(self.connection, "s", VISIBLE[visible])

    @rule()
    def refresh(self) -> None:
        self.matrix.refresh(self.connection)

    @invariant()
    def agrees_with_the_database(self) -> None:
        self.matrix.refresh(self.connection)
        query = np.full(DIMENSIONS, 1 / 16, dtype=np.float32)
        ids = [row[0] for row in self.connection.execute("SELECT id FROM visibility")]
        for visible in ([], ids[:1], ids):
            for guide in (False, True):
                found = self.matrix.search(query, visible, guide=guide, limit=1_000)
                assert {hit.chunk_id for hit in found} == expected(self.connection, visible, guide)
                assert self.matrix.count(visible, guide=guide) == len(found)
                scores = [hit.score for hit in found]
                assert scores == sorted(scores, reverse=True)

    def teardown(self) -> None:
        self.connection.close()
        self._folder.cleanup()


TestChanges = Changes.TestCase
TestChanges.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)


def test_the_best_are_found_in_order(connection: Connection) -> None:
    rows = chunks(300, 7)
    store.put_document(connection, document("a", "everyone"), rows)
    matrix = VectorMatrix()
    matrix.refresh(connection)
    wanted = np.frombuffer(rows[123].vector, dtype="<f4")
    found = matrix.search(wanted, [1], guide=False, limit=5)
    assert len(found) == 5
    assert found[0].chunk_id == connection.execute("SELECT id FROM chunk WHERE position = 123").fetchone()[0]
    assert found[0].score == pytest.approx(1.0, abs=1e-5)


def test_a_matrix_far_behind_reads_everything_again(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "CHANGES_KEPT", 5)
    store.put_document(connection, document("a", "everyone"), chunks(4, 1))
    matrix = VectorMatrix()
    matrix.refresh(connection)
    store.put_document(connection, document("b", "everyone"), chunks(30, 2))
    matrix.refresh(connection)
    assert matrix.count([1], guide=False) == 34


def test_the_embedder_is_made_once_and_only_when_needed() -> None:
    made = []

    def make() -> object:
        made.append(1)
        return embedder()

    lazy = LazyEmbedder(make)  # type: ignore[arg-type]
    assert not lazy.loaded
    assert lazy.embed(["one"]).shape == lazy.embed(["two"]).shape == (1, DIMENSIONS)
    assert (len(made), lazy.loaded) == (1, True)


def test_an_unused_embedder_is_dropped_and_made_again_when_needed() -> None:
    alive: WeakSet[object] = WeakSet()

    class Made:
        name, dimensions = "made", DIMENSIONS

        def __init__(self) -> None:
            alive.add(self)

        def embed(self, texts: Sequence[str]) -> Vectors:
            return np.ones((len(texts), DIMENSIONS), dtype=np.float32)

    lazy = LazyEmbedder(Made, rest_s=0.02)
    for _ in range(2):
        assert lazy.embed(["one"]).shape == (1, DIMENSIONS)
        until = time.monotonic() + 10
        while lazy.loaded:
            assert time.monotonic() < until, "an embedder that nobody uses stays"
            time.sleep(0.005)
        assert not alive


def test_an_embedder_of_another_size_is_refused() -> None:
    class Small:
        name = "small"
        dimensions = 3

        def embed(self, texts: object) -> object:
            raise AssertionError

    with pytest.raises(Unavailable, match="small makes vectors of 3 numbers; 256 are stored"):
        LazyEmbedder(Small).embed(["x"])  # type: ignore[arg-type]
