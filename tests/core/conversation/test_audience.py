"""No passage is ever in a message whose readers include someone without the right to it."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.values import Place
from tests.fakes.chat import OPS, SECRET, incoming
from tests.fakes.house import House, open_house

WORDS = ("heron", "walrus", "badger", "falcon")
"""What each note is about; a marker beside it must not reach anybody who may not read the note."""
CONNECT = replace(OPS, channel_id="C-connect", name="#connect", shared=True)
CHANNELS = {"ops": OPS, "secret": SECRET, "connect": CONNECT}
READERS = {"ops": {"U-ann", "U-bob"}, "secret": {"U-ann"}, "connect": {"U-ann", "U-bob", "outsider"}}
PEOPLE = ("U-ann", "U-bob")

NOTES = st.lists(st.sampled_from(["everyone", SECRET.key, OPS.key]), min_size=len(WORDS), max_size=len(WORDS))
QUESTIONS = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE), st.sampled_from([*CHANNELS, "direct"]), st.sampled_from(range(len(WORDS)))
    ).filter(lambda one: one[1] != "secret" or one[0] == "U-ann"),
    min_size=1,
    max_size=5,
)


def may_read(person: str, visibility: str) -> bool:
    """What the design says, written down a second time: everyone is the team; a place is those who are in it."""
    if visibility == "everyone":
        return person != "outsider"
    channel = next(name for name, place in CHANNELS.items() if place.key == visibility)
    return person in READERS[channel]


async def ask(house: House, who: str, where: str, word: str) -> tuple[set[str], str]:
    """(those who read the answer, the answer's whole text) of one question."""
    place = CHANNELS.get(where) or Place(network="fake", workspace_id="T1", channel_id=f"D-{who}", kind="direct")
    answer = await house.answer_to(
        await house.hear(incoming(f"What is the colour of the {word}?", who=who, place=place))
    )
    readers = {who} if answer.only_for or where == "direct" else READERS[where]
    return readers, repr(answer.reply)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(notes=NOTES, questions=QUESTIONS)
def test_no_reader_sees_what_they_may_not(notes: list[str], questions: list[tuple[str, str, int]]) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            async with open_house(Path(folder)) as house:
                for who, place in (("U-ann", SECRET), ("U-ann", OPS), ("U-bob", OPS)):
                    await house.answer_to(await house.hear(incoming("echo I am here", who=who, place=place)))
                for number, (word, visibility) in enumerate(zip(WORDS, notes, strict=True)):
                    text = f"The colour of the {word} is marker{number}."
                    await house.run("notes.add", text=text, visible=[visibility])
                for who, where, number in questions:
                    readers, answer = await ask(house, who, where, WORDS[number])
                    for other, visibility in enumerate(notes):
                        if f"marker{other}" in answer:
                            assert all(may_read(person, visibility) for person in readers), (who, where, visibility)
                    if all(may_read(person, notes[number]) for person in {who}):
                        assert f"marker{number}" in answer, "whoever may read it gets it, privately where others read"

    asyncio.run(run())
