from __future__ import annotations

import pytest

from core.errors import Denied, InvalidInput, NotFound
from core.knowledge import Note
from core.knowledge.notes import title_of_note
from core.storage import Connection
from core.values import EVERYONE, Audience, Json, Place
from tests.core.knowledge.parts import ALL, DIRECT, OPEN, OPS, Team


async def run(
    ours: Team, action: str, arguments: dict[str, Json], who: str = "ann", place: Place | None = None
) -> Note:
    done = (await ours.door.dispatch(ours.ctx(who, place), action, arguments)).value
    assert isinstance(done, Note)
    return done


async def listed(ours: Team, who: str = "ann", place: Place | None = None, **arguments: str | int) -> list[str]:
    done = (await ours.door.dispatch(ours.ctx(who, place), "notes.list", {**arguments})).value
    assert isinstance(done, tuple)
    return [note.text for note in done]


async def test_a_note_answers_at_once(ours: Team) -> None:
    note = await ours.note("The printer on floor 2 prints in colour.", tags="Office, printer")
    assert note.tags == ("office", "printer")
    answer = await ours.knowledge.quote("Where does the printer print in colour?", ALL)
    assert answer.text == "The printer on floor 2 prints in colour. [1]"
    assert answer.sources[0].location == f"note {note.id}"
    assert await ours.sources_of("office printer") == [f"note {note.id}"]


async def test_notes_are_listed_newest_first_and_by_tag(ours: Team) -> None:
    for number in range(4):
        await ours.note(f"Note {number}", tags="odd" if number % 2 else "even")
    assert await listed(ours, limit=2) == ["Note 3", "Note 2"]
    assert await listed(ours, tag="Odd") == ["Note 3", "Note 1"]
    before = (await ours.knowledge.notes.listed(ALL, "", "", 2))[-1].id
    assert await listed(ours, before=before) == ["Note 1", "Note 0"]


async def test_an_edit_replaces_and_undo_restores(ours: Team) -> None:
    note = await ours.note("The code is 1111.", tags="code")
    after = await run(ours, "notes.edit", {"note_id": note.id, "text": "The code is 2222."})
    assert (after.text, after.tags, after.created_at) == ("The code is 2222.", ("code",), note.created_at)
    assert await ours.sources_of("1111") == []
    await ours.door.dispatch(ours.ctx("ann"), "undo", {})
    back = await run(ours, "notes.show", {"note_id": note.id})
    assert (back.text, back.tags, back.visibility) == (note.text, note.tags, note.visibility)


async def test_adding_is_undone_by_removing(ours: Team) -> None:
    note = await ours.note("Short-lived.")
    await ours.door.dispatch(ours.ctx("ann"), "undo", {})
    with pytest.raises(NotFound, match=f"No note here has the id '{note.id}'"):
        await run(ours, "notes.show", {"note_id": note.id})


async def test_a_removed_note_comes_back(ours: Team) -> None:
    note = await ours.note("The wifi is called Zeppelin.", tags="wifi")
    await run(ours, "notes.remove", {"note_id": note.id})
    assert await ours.sources_of("wifi Zeppelin") == []
    assert await listed(ours) == []
    await ours.door.dispatch(ours.ctx("ann"), "undo", {})
    assert await ours.sources_of("wifi Zeppelin") == [f"note {note.id}"]
    with pytest.raises(NotFound, match="No removed note"):
        await run(ours, "notes.restore", {"note_id": note.id})


def age(connection: Connection) -> None:
    connection.execute("UPDATE note SET removed_at = '2020-01-01' WHERE removed_at IS NOT NULL")


async def test_a_note_removed_long_ago_is_gone_for_good(ours: Team) -> None:
    old, young = await ours.note("Old."), await ours.note("Young.")
    await run(ours, "notes.remove", {"note_id": old.id})
    await ours.storage.write(age)
    await run(ours, "notes.remove", {"note_id": young.id})
    with pytest.raises(NotFound, match="No removed note"):
        await run(ours, "notes.restore", {"note_id": old.id})


async def test_a_note_from_a_private_place_stays_there(ours: Team) -> None:
    here = await ours.note("The merger is called Falcon.", place=OPS)
    mine = await ours.note("My falcon is ill.", place=DIRECT)
    assert here.visibility == ("person:p-ann", OPS.key)
    outside, inside = Audience(places=frozenset({OPEN.key})), Audience(places=frozenset({OPS.key}))
    assert await ours.sources_of("falcon", outside) == []
    assert await ours.sources_of("falcon", inside) == [f"note {here.id}"]
    assert await listed(ours, "bob") == []
    assert await listed(ours, "ann") == [mine.text, here.text]
    with pytest.raises(NotFound, match="No note here"):
        await run(ours, "notes.show", {"note_id": mine.id}, "bob", OPEN)


async def test_sharing_and_public_places_show_a_note_to_everyone(ours: Team) -> None:
    assert (await ours.note("Shared.", place=DIRECT, share=True)).visibility == (EVERYONE,)
    assert (await ours.note("Said in public.", place=OPEN)).visibility == (EVERYONE,)
    terminal = Place(network="terminal", channel_id="tty", kind="direct")
    assert (await ours.note("Typed.", place=terminal)).visibility == (EVERYONE,)
    assert (await ours.note("Chosen.", place=OPEN, visible="slack:T1/C9")).visibility == ("slack:T1/C9",)


async def test_only_its_author_or_an_operator_changes_a_note(ours: Team) -> None:
    note = await ours.note("Bob's.", who="bob")
    with pytest.raises(Denied, match="somebody else's"):
        await run(ours, "notes.edit", {"note_id": note.id, "text": "Mine."})
    anns = await ours.note("Ann's.")
    assert (await run(ours, "notes.edit", {"note_id": anns.id, "text": "Ours."}, "bob")).author == "p-ann"


async def test_an_empty_or_endless_note_is_refused(ours: Team) -> None:
    with pytest.raises(InvalidInput, match="text"):
        await ours.note("   ")
    with pytest.raises(InvalidInput, match="text"):
        await ours.note("x" * 20_001)


def test_a_note_is_called_by_its_first_line() -> None:
    assert title_of_note("## Heading\n\nText") == "Heading"
    assert title_of_note("word " * 40) == " ".join(["word"] * 16) + "…"
    assert title_of_note("###") == "Note"
