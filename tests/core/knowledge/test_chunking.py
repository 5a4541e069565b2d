from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from core.knowledge.chunking import CODE_LIMIT, LIMIT, TARGET, chunk, estimate_tokens, slug, title_of

PROSE = "The gateway answers within five minutes when the certificate is fresh. "

words = st.text(alphabet="abcdefgh -#*`|>.1\t~_[](){}é", min_size=0, max_size=60)
lines = st.one_of(
    words,
    words.map(lambda w: f"## {w}"),
    words.map(lambda w: f"- {w}"),
    words.map(lambda w: f"    {w}"),
    words.map(lambda w: (w + " ") * 90),
    st.sampled_from(["```sh", "```", "~~~", "| a | b |", "|---|---|", "[x]: http://example.org", "===", "---"]),
)
documents = st.lists(lines, max_size=60).map(lambda parts: "\n".join(["start", *parts]))


def squeezed(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(documents, st.sampled_from(["markdown", "text"]))
def test_no_line_that_is_not_blank_is_lost(text: str, kind: str) -> None:
    chunks = chunk(text, title="t", kind="text" if kind == "text" else "markdown")
    everything = squeezed("".join(c.text for c in chunks))
    for line in text.split("\n"):
        if estimate_tokens(line) < TARGET:
            assert squeezed(line) in everything
        else:  # cut itself, with a fence or a table's header between its parts
            assert all(word in everything for word in line.split())


def test_a_header_too_long_to_repeat_stands_once() -> None:
    header = "| " + "very long heading " * 100 + "|"
    chunks = chunk(f"{header}\n|---|\n" + "| cell |\n" * 200, title="t", kind="markdown")
    assert squeezed("".join(c.text for c in chunks)).count(squeezed(header)) == 1
    assert all(estimate_tokens(c.text) <= LIMIT for c in chunks)


@settings(max_examples=100, deadline=None)
@given(documents)
def test_positions_count_up_and_lines_point_into_the_file(text: str) -> None:
    chunks = chunk(text, title="t", kind="markdown")
    assert [c.position for c in chunks] == list(range(len(chunks)))
    starts = [c.start_line for c in chunks]
    assert starts == sorted(starts)
    assert all(1 <= start <= text.count("\n") + 1 for start in starts)
    assert all(estimate_tokens(c.text) <= CODE_LIMIT + LIMIT for c in chunks)


def test_long_prose_makes_passages_of_the_wanted_size() -> None:
    text = "\n\n".join([PROSE * 4] * 40)
    sizes = [estimate_tokens(c.text) for c in chunk(text, title="t", kind="text")]
    assert len(sizes) > 3
    assert all(TARGET <= size <= LIMIT for size in sizes[:-1])


def test_estimate_is_the_larger_of_words_and_characters() -> None:
    assert estimate_tokens("one two three four five six seven eight nine ten") == 13
    assert estimate_tokens("x" * 50) == 10
    assert estimate_tokens("  \n ") == 0


def test_headings_become_the_path_and_the_anchor() -> None:
    parts = ("# Leave", "## Carrying days over", "### It's *odd*", "## Sick")
    text = "\n\n".join(f"{part}\n\n{PROSE * 5}" for part in parts)
    chunks = chunk(text, title="file", kind="markdown")
    assert [(c.heading_path, c.anchor) for c in chunks] == [
        (("Leave",), "leave"),
        (("Leave", "Carrying days over"), "carrying-days-over"),
        (("Leave", "Carrying days over", "It's odd"), "its-odd"),
        (("Leave", "Sick"), "sick"),
    ]
    assert chunks[1].text.startswith("## Carrying days over\n\nThe gateway")
    assert [c.start_line for c in chunks] == [1, 5, 9, 13]


def test_equal_headings_get_numbered_anchors() -> None:
    text = f"## Steps\n\n{PROSE * 5}\n\n## Steps\n\n{PROSE * 5}"
    assert [c.anchor for c in chunk(text, title="t", kind="markdown")] == ["steps", "steps-1"]
    assert slug("  What's `new` in 1.2?") == "whats-new-in-12"


def test_front_matter_gives_the_title_and_no_text() -> None:
    text = '---\ntitle: "Rotating certificates"\nowner: ops\n---\n# Certs\n\nThey last 90 days.\n'
    (only,) = chunk(text, title="file", kind="markdown")
    assert only.heading_path == ("Rotating certificates", "Certs")
    assert "owner" not in only.text
    assert only.start_line == 5
    assert title_of(text, fallback="file") == "Rotating certificates"


def test_title_is_the_first_h1_or_the_file_stem() -> None:
    assert title_of("Intro.\n\nLeave\n=====\n\n# Other", fallback="leave-policy") == "Leave"
    assert title_of("## Only a section", fallback="leave-policy") == "leave-policy"
    assert title_of("# Not markdown", fallback="notes", kind="text") == "notes"
    assert chunk("Plain.", title="notes", kind="text")[0].heading_path == ("notes",)


def test_a_rule_at_the_top_is_not_front_matter() -> None:
    (only,) = chunk("---\n\nHello there.\n", title="t", kind="markdown")
    assert "Hello there." in only.text


def test_a_fenced_block_stays_whole_up_to_its_limit() -> None:
    code = "```sh\n" + "\n\n".join(["run --one two three four five six seven"] * 70) + "\n```"
    assert LIMIT < estimate_tokens(code) <= CODE_LIMIT
    chunks = chunk(f"{PROSE * 10}\n\n{code}\n\n{PROSE * 10}", title="t", kind="markdown")
    assert any(code in c.text for c in chunks)


def test_a_huge_fenced_block_is_cut_into_fenced_blocks() -> None:
    code = "~~~python\n" + "\n".join(f"x{n} = compute({n}) + other({n})" for n in range(600)) + "\n~~~"
    chunks = chunk(code, title="t", kind="markdown")
    assert len(chunks) > 2
    assert all(c.text.startswith("~~~python\n") and c.text.endswith("\n~~~") for c in chunks)
    assert chunks[1].start_line > 2


def test_a_large_table_keeps_its_header_in_every_part() -> None:
    rows = "\n".join(f"| item number {n} | costs {n} EUR a year | somebody |" for n in range(150))
    chunks = chunk(f"| What | Price | Who |\n|---|---|---|\n{rows}", title="t", kind="markdown")
    assert len(chunks) > 2
    assert all(c.text.startswith("| What | Price | Who |\n|---|---|---|\n| item") for c in chunks)


def test_a_long_list_is_cut_between_its_items() -> None:
    items = "\n".join(f"- {PROSE}\n  continued here {n}" for n in range(60))
    chunks = chunk(items, title="t", kind="markdown")
    assert len(chunks) > 2
    assert all(c.text.startswith("- ") for c in chunks)


def test_a_blank_document_has_no_passages() -> None:
    assert chunk(" \n\n\t\n", title="t", kind="markdown") == ()
    assert chunk("", title="t", kind="text") == ()


def test_windows_line_ends_change_nothing() -> None:
    text = "# A\n\nOne.\n\nTwo.\n"
    assert chunk(text.replace("\n", "\r\n"), title="t", kind="markdown") == chunk(text, title="t", kind="markdown")
