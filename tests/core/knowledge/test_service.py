from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import ConfirmationNeeded, Conflict, InvalidInput, NotFound
from core.events import KnowledgeChanged
from core.knowledge import Indexed, KnowledgeSource, SearchResult
from core.storage import Connection
from core.values import EVERYONE, Audience, now
from tests.core.knowledge.parts import ALL, HANDBOOK, OPEN, OPS, Team, team, write

FILES = {
    "leave.md": "# Leave\n\nEveryone gets 27 days of annual leave.\n",
    "tools/printer.md": "# Printer\n\nThe printer on floor two prints in colour.\n",
    "plain.txt": "The alarm code is changed in May.\n",
}


def counts(done: Indexed) -> tuple[int, int, int, int]:
    return done.added, done.changed, done.unchanged, done.removed


def rows(connection: Connection) -> tuple[int, ...]:
    tables = ("chunk", "chunk_vector", "chunk_text")
    return tuple(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


async def test_only_what_changed_is_read_again(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    assert counts(await ours.index(folder)) == (3, 0, 0, 0)
    assert counts(await ours.index(folder)) == (0, 0, 3, 0)
    write(folder, {"leave.md": "# Leave\n\nEveryone gets 30 days of annual leave, finally.\n"})
    (folder / "plain.txt").unlink()
    assert counts(await ours.index(folder)) == (0, 1, 1, 1)
    found = await ours.knowledge.search("annual leave", audience=ALL)
    assert [hit.text for hit in found.hits if "days" in hit.text] == [
        "# Leave\n\nEveryone gets 30 days of annual leave, finally."
    ]
    assert await ours.sources_of("alarm code") == []
    assert await ours.storage.read(rows) == (2, 2, 2)


async def test_a_newer_time_with_the_same_words_is_unchanged(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder)
    os.utime(folder / "leave.md", (2_000_000_000, 2_000_000_000))
    assert counts(await ours.index(folder)) == (0, 0, 3, 0)


async def test_hits_name_file_and_section(ours: Team) -> None:
    await ours.index(HANDBOOK)
    found = (
        await ours.door.dispatch(ours.ctx("ann"), "knowledge.search", {"query": "parental leave", "limit": 3})
    ).value
    assert isinstance(found, SearchResult)
    assert found.hits[0].source == "handbook/leave.md"
    assert found.hits[0].title == "Annual leave"
    assert len({hit.source for hit in found.hits}) == len(found.hits) == 3
    assert [hit.score for hit in found.hits] == sorted((hit.score for hit in found.hits), reverse=True)


async def test_an_answer_quotes_with_numbers_and_sources(ours: Team) -> None:
    await ours.index(HANDBOOK)
    answer = await ours.knowledge.quote("How long is parental leave?", ALL)
    assert answer.text.startswith("New parents get 16 weeks at full pay")
    assert answer.text.endswith("[1]")
    assert (answer.sources[0].location, answer.sources[0].section) == ("handbook/leave.md", "Parental leave")
    assert answer.found
    assert answer.searched == 23
    again = await ours.knowledge.quote("How long is parental leave?", ALL)
    assert again.sources[0].id == answer.sources[0].id


async def test_a_table_is_quoted_with_its_number_below(ours: Team) -> None:
    await ours.index(HANDBOOK)
    answer = await ours.knowledge.quote("What is the hotel limit?", ALL)
    assert "| Hotel | 140 EUR a night | nobody |\n\n[1]" in answer.text


async def test_nothing_known_is_said(ours: Team) -> None:
    answer = await ours.knowledge.quote("Who won the football match?", ALL)
    assert (answer.found, answer.searched, answer.text) == (False, 0, "")
    await ours.index(HANDBOOK)
    answer = await ours.knowledge.quote("Who won the football match yesterday?", ALL)
    assert (answer.found, answer.sources) == (False, ())


async def test_a_failing_file_never_stops_the_rest(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    (folder / "picture.md").write_bytes(b"\x89PNG\0\0\0")
    (folder / "gone.md").symlink_to(folder / "nowhere.md")
    done = await ours.index(folder)
    assert done.added == 3
    reasons = {skip.path: skip.reason for skip in done.skipped}
    assert reasons["picture.md"] == "binary"
    assert reasons["gone.md"].startswith("cannot be read")


async def test_a_document_that_became_binary_is_forgotten(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder)
    (folder / "leave.md").write_bytes(b"\0\0\0")
    assert (await ours.index(folder)).removed == 1
    assert "wiki/leave.md" not in await ours.sources_of("annual leave")


async def test_a_large_document_is_written_and_replaced_in_parts(ours: Team, folder: Path) -> None:
    big = "\n\n".join(f"## Part {n}\n\n{f'The machine number {n} stands in hall {n}. ' * 12}" for n in range(90))
    write(folder, {"big.md": big, "small.md": "# Small\n\nA word.\n"})
    first = await ours.index(folder)
    assert first.passages > 60
    before = await ours.storage.read(rows)
    write(folder, {"big.md": big.replace("hall", "room")})
    assert counts(await ours.index(folder)) == (0, 1, 1, 0)
    assert await ours.storage.read(rows) == before
    found = await ours.knowledge.search("machine number 77", audience=ALL, limit=1)
    assert "room 77" in found.hits[0].text
    (folder / "big.md").unlink()
    assert (await ours.index(folder)).removed == 1
    assert await ours.storage.read(rows) == (1, 1, 1)


async def test_progress_and_news_are_told(ours: Team, folder: Path) -> None:
    heard = ours.bus.subscribe("test", KnowledgeChanged)
    write(folder, FILES)
    began = now() - timedelta(seconds=1)
    await ours.index(folder)
    (event,) = await heard.take()
    assert isinstance(event, KnowledgeChanged)
    assert (event.documents, event.note, event.places) == (3, "wiki: 3 new, 0 changed, 0 gone.", (EVERYONE,))
    news = await ours.knowledge.since(began, ALL)
    assert {item.location for item in news} == {f"wiki/{name}" for name in FILES}
    assert await ours.knowledge.since(now(), ALL) == ()


async def test_sources_tell_what_they_hold(ours: Team, folder: Path) -> None:
    write(folder, {**FILES, "b.pdf": "x", ".secret/a.md": "x"})
    await ours.index(folder)
    listed = (await ours.door.dispatch(ours.ctx(), "knowledge.sources", {})).value
    assert isinstance(listed, tuple)
    (source,) = listed
    assert isinstance(source, KnowledgeSource)
    assert (source.title, source.documents, source.passages, source.added_by) == ("wiki", 3, 3, "p-bob")
    assert {skip.path for skip in source.skipped} == {"b.pdf", ".secret/"}
    assert source.indexed_at is not None


async def test_everything_known_is_refreshed_without_a_path(ours: Team, folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no folder to look at again"):
        await ours.index("")
    write(folder, FILES)
    other = write(tmp_path / "other", {"a.md": "Apples are red."})
    await ours.index(folder)
    await ours.index(other)
    write(folder, {"new.md": "Pears are green."})
    (other / "a.md").unlink()
    other.rmdir()
    done = await ours.index("")
    assert (done.added, done.unchanged, done.failed) == (1, 3, 1)
    assert await ours.sources_of("apples") == ["other/a.md"]
    gone = next(one for one in await ours.knowledge.sources(ALL) if one.title == "other")
    assert "not there any more" in gone.error


async def test_part_of_a_source_is_refreshed_in_place(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder)
    write(folder, {"tools/printer.md": "# Printer\n\nIt is broken.\n", "leave.md": "# Leave\n\nNone.\n"})
    assert counts(await ours.index(folder / "tools")) == (0, 1, 0, 0)
    assert len(await ours.knowledge.sources(ALL)) == 1
    assert counts(await ours.index(folder / "leave.md")) == (0, 1, 0, 0)
    (folder / "a.exe").write_text("x")
    with pytest.raises(InvalidInput, match=r"a\.exe was left out: not Markdown or text"):
        await ours.index(folder / "a.exe")
    with pytest.raises(Conflict, match="is part of"):
        await ours.index(folder / "tools", visible="slack:T1/C1")


async def test_a_source_inside_another_stays_its_own(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder / "tools", visible=OPS.key)
    done = await ours.index(folder)
    assert done.added == 2
    assert await ours.sources_of("printer colour", Audience(places=frozenset({OPEN.key}))) == []
    assert await ours.sources_of("printer colour", Audience(places=frozenset({OPS.key}))) == ["tools/printer.md"]


async def test_one_file_is_a_source_too(ours: Team, folder: Path) -> None:
    write(folder, {"code.py": "The answer of the machine is 42.\n"})
    assert (await ours.index(folder / "code.py")).added == 1
    assert await ours.sources_of("answer machine") == ["code.py"]


async def test_a_path_that_is_not_there_is_named(ours: Team, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"There is no file or folder .*/nowhere"):
        await ours.index(tmp_path / "nowhere")
    with pytest.raises(InvalidInput, match="own data folder"):
        await ours.index(tmp_path / "home")
    with pytest.raises(InvalidInput, match="neither a file nor a folder"):
        await ours.index("/dev/null")


async def test_a_new_visibility_counts_at_once(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    everywhere = Audience(places=frozenset({OPEN.key}))
    await ours.index(folder)
    assert await ours.sources_of("printer colour", everywhere) == ["wiki/tools/printer.md"]
    await ours.index(folder, visible=OPS.key)
    assert await ours.sources_of("printer colour", everywhere) == []
    assert await ours.knowledge.sources(everywhere) == ()
    assert await ours.sources_of("printer colour", Audience(places=frozenset({OPS.key}))) == ["wiki/tools/printer.md"]
    with pytest.raises(InvalidInput, match="visible"):
        await ours.index(folder, visible="#ops")


async def test_removing_a_source_asks_and_leaves_nothing(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder)
    with pytest.raises(ConfirmationNeeded) as asked:
        await ours.door.dispatch(ours.ctx(), "knowledge.remove", {"source": "wiki"})
    yes = ours.ctx(confirm=asked.value.confirmation_id)
    await ours.door.dispatch(yes, "knowledge.remove", {"source": "wiki"})
    assert await ours.storage.read(rows) == (0, 0, 0)
    assert await ours.knowledge.sources(ALL) == ()
    assert await ours.sources_of("printer") == []


async def test_only_folders_known_by_name_are_removed(ours: Team, folder: Path, tmp_path: Path) -> None:
    async def remove(name: str) -> None:
        try:
            await ours.door.dispatch(ours.ctx(), "knowledge.remove", {"source": name})
        except ConfirmationNeeded as asked:
            yes = ours.ctx(confirm=asked.confirmation_id)
            await ours.door.dispatch(yes, "knowledge.remove", {"source": name})

    with pytest.raises(NotFound, match="No source is called 'nothing'"):
        await remove("nothing")
    await ours.note("A thought.")
    with pytest.raises(InvalidInput, match="cannot be removed as a whole"):
        await remove("Notes")
    for parent in ("a", "b"):
        await ours.index(write(tmp_path / parent / "docs", {"x.md": f"Text {parent}."}))
    with pytest.raises(InvalidInput, match="2 sources are called 'docs'"):
        await remove("docs")


async def test_an_index_that_was_new_is_undone_by_removing_it(ours: Team, folder: Path) -> None:
    write(folder, FILES)
    await ours.index(folder)
    with pytest.raises(ConfirmationNeeded, match="knowledge remove"):
        await ours.door.dispatch(ours.ctx(), "undo", {})


async def test_what_is_known_survives_a_restart(tmp_path: Path, folder: Path) -> None:
    write(folder, FILES)
    async with team(tmp_path) as before:
        await before.index(folder)
    async with team(tmp_path) as after:
        assert await after.sources_of("printer colour") == ["wiki/tools/printer.md"]
        assert counts(await after.index(folder)) == (0, 0, 3, 0)
