"""A Reply as Slack messages: nothing lost, every limit kept, nobody pinged."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.slack.mrkdwn import table_text, to_mrkdwn, unpinged
from bot.slack.render import Part, opening, render
from core.values import Button, ProducedBy, Reply, Source, Table
from tests.fakes.slack_blocks import checked_blocks

WORD = st.text(alphabet=st.characters(categories=("L", "N")), min_size=1, max_size=12)
PROSE = st.lists(WORD, max_size=900).map(" ".join)
AWKWARD = st.text(alphabet="ab &<>@!*_~`[]()|#-.\n\t" + "é漢", max_size=9_000)


def texts(part: Part) -> list[str]:
    return [str(block["text"]["text"]) for block in part.blocks if block["type"] == "section"]  # type: ignore[index]


def mrkdwn(value: object) -> list[str]:
    """Every text in which Slack looks for markup; labels of buttons are plain."""
    if isinstance(value, dict):
        own = [str(value["text"])] if value.get("type") == "mrkdwn" else []
        return own + [text for inner in value.values() for text in mrkdwn(inner)]
    return [text for inner in value for text in mrkdwn(inner)] if isinstance(value, list) else []


def bare(text: str) -> str:
    return re.sub(r"[\s\u2060\u200b]", "", html.unescape(text))


@settings(max_examples=60, deadline=None)
@given(st.lists(PROSE, max_size=8).map("\n\n".join))
def test_splitting_loses_no_word(text: str) -> None:
    parts = render(Reply(text=text))
    assert bare("".join(piece for part in parts for piece in texts(part))) == (bare(text) or "–")


@settings(max_examples=80, deadline=None)
@given(
    AWKWARD, st.integers(1, 8), st.lists(st.tuples(AWKWARD, AWKWARD), max_size=6), st.lists(AWKWARD, max_size=30),
    st.lists(st.tuples(WORD, WORD), max_size=20),
)  # fmt: skip
def test_every_message_is_within_slacks_limits_and_pings_nobody(
    text: str, times: int, sources: list[tuple[str, str]], labels: list[str], rows: list[tuple[str, str]]
) -> None:
    reply = Reply(
        text="\n".join([text] * times),
        sources=tuple(Source(id=str(n), title=title, location=where) for n, (title, where) in enumerate(sources)),
        buttons=tuple(Button(label=label, value=f"run:{n}") for n, label in enumerate(labels)),
        table=Table(headings=("a", "b"), rows=tuple(rows)) if rows else None,
        produced_by=ProducedBy(label="quotes only, no model", duration_ms=1200),
        answer_id="a1",
    )
    for part in render(reply):
        assert 0 < len(part.text) <= 4_000
        assert checked_blocks(list(part.blocks), "b")
        everything = part.text + "".join(mrkdwn(list(part.blocks)))
        assert not re.search(r"<[!@]", everything)
        assert not re.search(r"@(here|channel|everyone)\b", everything)


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and *italic* and ~~gone~~", "*bold* and _italic_ and ~gone~"),
        ("# Heading **x**", "*Heading x*"),
        ("- one\n  * two\n1. three", "• one\n  • two\n1. three"),
        ("[Leave](https://x.org/a?b=1&c=2)", "<https://x.org/a?b=1&amp;c=2|Leave>"),
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("> quoted", "> quoted"),
        ("`a < *b*`", "`a &lt; *b*`"),
        ("```python\nx = **1**\n```", "```\nx = **1**\n```"),
        ("2 * 3 * 4 snake_case_name", "2 * 3 * 4 snake_case_name"),
        ("<!channel> @here", "&lt;!channel&gt; @\u2060here"),
        ("[<!here>](https://x.org)", "<https://x.org|&lt;!here&gt;>"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("---", "———"),
    ],
)
def test_markdown_becomes_what_slack_reads(markdown: str, shown: str) -> None:
    assert to_mrkdwn(markdown) == shown


@given(st.text(alphabet="@<!hercnaly ", max_size=40), st.integers(0, 40))
def test_pieces_of_a_stream_ping_nobody_together(text: str, at: int) -> None:
    shown = unpinged(text[:at]) + unpinged(text[at:])
    assert not re.search(r"@(here|channel|everyone)\b|<[!@]", shown)
    assert shown.replace("\u2060", "") == text


def test_code_that_is_cut_stays_code() -> None:
    code = "```python\n" + "\n".join(f"line_{n} = {n}" for n in range(600)) + "\n```"
    pieces = [piece for part in render(Reply(text=code)) for piece in texts(part)]
    assert len(pieces) > 2
    assert all(piece.startswith("```\n") and piece.endswith("\n```") for piece in pieces)


def test_a_narrow_table_is_aligned_and_a_wide_one_is_a_list() -> None:
    narrow = table_text(("name", "n"), (("leave", "24"), ("a|b", "1")))
    assert narrow == "```\nname   n\n─────  ──\nleave  24\na|b    1\n```"
    wide = table_text(("name", "about"), (("x", "word " * 40),))
    assert wide.startswith("• *name*: x\n   *about*: word word")


def test_sources_label_and_buttons_are_at_the_end_of_the_last_message() -> None:
    reply = Reply(
        text="word " * 6_000,
        sources=(
            Source(id="1", title="Leave", location="https://wiki/leave", section="Days"),
            Source(id="2", title="Pay", location="pay.md"),
        ),
        produced_by=ProducedBy(label="quotes only, no model", duration_ms=1234),
        buttons=(Button(label="Share here", value="share:1", style="primary"),),
        answer_id="a1",
    )
    parts = render(reply)
    assert len(parts) == 3
    assert all(block["type"] == "section" for part in parts[:-1] for block in part.blocks)
    sources, made, buttons = parts[-1].blocks[-3:]
    assert sources["elements"][0]["text"] == (  # type: ignore[index]
        "*Sources:* 1. <https://wiki/leave|Leave, Days> · 2. Pay (pay.md)"
    )
    assert made["elements"][0]["text"] == "quotes only, no model · 1.2 s"  # type: ignore[index]
    values = [one["value"] for one in buttons["elements"]]  # type: ignore[attr-defined]
    assert values == ["share:1", "good:a1", "bad:a1"]
    assert buttons["elements"][0]["style"] == "primary"  # type: ignore[index]


def test_a_button_that_holds_too_much_is_typed_instead() -> None:
    (part,) = render(Reply(text="Sure?", buttons=(Button(label="Run", value="run:echo " + "x" * 2_100),)))
    assert "*Run*: `echo xxx" in texts(part)[-1]
    assert not [block for block in part.blocks if block["type"] == "actions"]


def test_what_grows_shows_its_end_and_a_stop_button() -> None:
    part = opening("first\n\n" + "word " * 3_000 + "last", "i1")
    assert texts(part)[-1].endswith("last")
    assert part.blocks[-1]["elements"][0]["value"] == "stop:i1"  # type: ignore[index]


def test_an_empty_reply_is_still_a_message() -> None:
    assert render(Reply(text=""))[0].text == "–"
