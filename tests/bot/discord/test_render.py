"""Replies as Discord messages: every limit kept, nothing lost."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.discord.render import Part, growing, render
from core.values import Button, ProducedBy, Reply, Source, Table
from tests.fakes.discord_rules import check_message

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="#"), max_size=4_000)
BUTTONS = st.lists(
    st.builds(
        Button, label=st.text(max_size=120), value=st.text(max_size=130), style=st.sampled_from(["plain", "danger"])
    ),
    max_size=30,
)


def bare(text: str) -> str:
    return re.sub(r"[\s`~]", "", text)


@given(TEXT, BUTTONS, st.sampled_from(["", "0190"]))
def test_any_reply_is_taken_by_discord_and_keeps_its_text(text: str, buttons: list[Button], answer_id: str) -> None:
    parts = render(Reply(text=text, buttons=tuple(buttons), answer_id=answer_id))
    for part in parts:
        check_message(part.body())  # type: ignore[arg-type]  # the fake's own rules
    assert bare(text) in bare("".join(part.content for part in parts))
    said = bare("".join(part.content for part in parts))
    pressed = [value for part in parts for value in part.ids]
    assert all(button.value in pressed or bare(button.value) in said for button in buttons)
    assert not any(part.buttons for part in parts[:-1])


@given(st.lists(st.tuples(TEXT, TEXT), max_size=8))
def test_any_table_is_taken_by_discord(rows: list[tuple[str, str]]) -> None:
    for part in render(Reply(text="", table=Table(headings=("name", "what"), rows=tuple(rows)))):
        check_message(part.body())  # type: ignore[arg-type]


def test_a_table_is_an_aligned_code_block() -> None:
    (part,) = render(Reply(text="Two:", table=Table(headings=("name", "age"), rows=(("Ann", "7"), ("Bo", "31")))))
    assert part.content == "Two:\n\n```\nname  age\n────  ───\nAnn   7\nBo    31\n```"


def test_a_wide_table_is_a_line_a_row() -> None:
    (part,) = render(Reply(text="", table=Table(headings=("name", "text"), rows=(("Ann", "word " * 30),))))
    assert part.content.startswith("- **name** Ann · **text** word word")


def test_sources_and_what_produced_it_are_small_lines_at_the_end() -> None:
    reply = Reply(
        text="24 days.",
        sources=(
            Source(id="1", title="Leave", location="wiki/leave.md", section="Days"),
            Source(id="2", title="Site", location="https://example.org/leave"),
        ),
        produced_by=ProducedBy(label="quotes only, no model", duration_ms=420),
    )
    assert render(reply)[0].content.split("\n") == [
        "24 days.",
        "-# 1. Leave, Days · wiki/leave.md",
        "-# 2. Site · <https://example.org/leave>",
        "-# quotes only, no model · 0.4 s",
    ]


def test_thumbs_hang_under_an_answer() -> None:
    (part,) = render(Reply(text="x", answer_id="0190", buttons=(Button(label="Share here", value="share:0190"),)))
    assert part.ids == ("share:0190", "good:0190", "bad:0190")


def test_a_button_too_long_to_carry_is_written_down() -> None:
    (part,) = render(Reply(text="x", buttons=(Button(label="Add", value="notes add " + "y" * 100),)))
    assert part.buttons == ()
    assert "**Add**: type `notes add " in part.content


def test_deep_headings_are_bold_because_discord_knows_three_levels() -> None:
    assert render(Reply(text="### three\n#### four"))[0].content == "### three\n**four**"


def test_of_a_growing_answer_the_end_is_shown_with_a_stop_button() -> None:
    part = growing("word " * 1_000, "0190")
    assert part.content.startswith("…\nword")
    assert part.ids == ("stop:0190",)
    assert len(part.content) <= 2_000
    assert growing("", "0190") == Part(content="…", buttons=part.buttons)
