"""No passage, source or note reaches an audience that may not see it."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from core.values import EVERYONE, Audience, now
from tests.core.knowledge.parts import Team, team, write

PLACES = ("slack:T1/C1", "slack:T1/C2", "discord:G1/C3", "person:p-ann")
visibilities = st.lists(st.sampled_from((EVERYONE, *PLACES)), min_size=1, max_size=3, unique=True)
audiences = st.frozensets(st.sampled_from(PLACES)).map(lambda places: Audience(places=places))


async def _fill(ours: Team, notes: list[list[str]]) -> dict[str, tuple[str, ...]]:
    written = {}
    for number, visible in enumerate(notes):
        note = await ours.note(f"The falcon number {number} sleeps in hall {number}.", visible=",".join(visible))
        written[f"note {note.id}"] = note.visibility
    return written


async def _check(notes: list[list[str]], folder_visible: list[str], asked: list[Audience]) -> None:
    with tempfile.TemporaryDirectory() as made:
        async with team(Path(made)) as ours:
            written = await _fill(ours, notes)
            wiki = write(Path(made) / "wiki", {"falcon.md": "# Falcon\n\nThe falcon of the wiki sleeps in hall 99.\n"})
            await ours.index(wiki, visible=",".join(folder_visible))
            written["wiki/falcon.md"] = tuple(folder_visible)
            for audience in asked:
                right = {source for source, visible in written.items() if audience.may_see(visible)}
                assert {*await ours.sources_of("falcon hall", audience, limit=50)} == right
                answer = await ours.knowledge.quote("In which hall does the falcon sleep?", audience)
                assert {source.location for source in answer.sources} <= right
                assert answer.searched == len(right)
                assert answer.found == bool(right)
                assert {
                    item.location for item in await ours.knowledge.since(now().replace(year=2000), audience)
                } == right
                listed = await ours.knowledge.notes.listed(audience, "", "", 50)
                assert {f"note {note.id}" for note in listed} == right - {"wiki/falcon.md"}


@settings(max_examples=15, deadline=None)
@given(st.lists(visibilities, min_size=1, max_size=4), visibilities, st.lists(audiences, min_size=1, max_size=4))
def test_nothing_reaches_who_may_not_see_it(
    notes: list[list[str]], folder_visible: list[str], asked: list[Audience]
) -> None:
    asyncio.run(_check(notes, folder_visible, asked))
