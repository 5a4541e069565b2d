from __future__ import annotations

import pytest

from core.knowledge.sentences import sentences, units


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Use version 1.2. Then stop.", ("Use version 1.2.", "Then stop.")),
        ("See e.g. The Wiki, i.e. page 3.", ("See e.g. The Wiki, i.e. page 3.",)),
        ("Call `a. B c` now. Done!", ("Call `a. B c` now.", "Done!")),
        ("Open https://x.example/a.b?c. It works.", ("Open https://x.example/a.b?c.", "It works.")),
        ("Mr. Smith and J. Doe know. Really? Yes.", ("Mr. Smith and J. Doe know.", "Really?", "Yes.")),
        ("No. 5 is alive. No. Never.", ("No. 5 is alive.", "No.", "Never.")),
        ("Two\nlines   here. (Next.) End", ("Two lines here.", "(Next.)", "End")),
        ("", ()),
    ],
)
def test_sentences_end_where_a_reader_sees_an_end(text: str, expected: tuple[str, ...]) -> None:
    assert sentences(text) == expected


def test_items_rows_and_code_are_units_under_their_headings() -> None:
    text = (
        "# A\n\nRun this:\n\n```sh\nls\n\n# no heading\n```\n\n## B\n\n1. one\n   more\n2. two. Three.\n\n"
        "After.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted. Yes."
    )
    assert [(u.kind, u.text, u.lead, u.headings) for u in units(text)] == [
        ("sentence", "Run this:", "", ("A",)),
        ("code", "```sh\nls\n\n# no heading\n```", "", ("A",)),
        ("item", "one more", "1.", ("A", "B")),
        ("item", "two. Three.", "2.", ("A", "B")),
        ("sentence", "After.", "", ("A", "B")),
        ("row", "| 1 | 2 |", "| a | b |", ("A", "B")),
        ("sentence", "quoted.", "", ("A", "B")),
        ("sentence", "Yes.", "", ("A", "B")),
    ]


def test_a_block_without_its_closing_fence_is_still_code() -> None:
    (code,) = units("```sh\nls")
    assert (code.kind, code.text) == ("code", "```sh\nls\n```")
