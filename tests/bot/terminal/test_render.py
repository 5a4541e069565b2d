from bot.terminal import Look, answer_lines, commands_of, inline, result_lines

PLAIN = Look(colour=False, width=60)
COLOUR = Look(colour=True, width=60)


def answer(text: str, **more: object) -> dict[str, object]:
    return {"reply": {"text": text}, "sources": [], "producedBy": None, **more}


def test_sources_are_numbered_below_the_text() -> None:
    sources = [{"title": "Leave", "section": "Days", "location": "handbook/leave.md"}]
    lines = answer_lines(answer("24 days. [1]", sources=sources), PLAIN)
    assert lines == ["24 days. [1]", "", "Sources", "  [1] Leave > Days  handbook/leave.md"]


def test_what_made_an_answer_is_said_but_not_of_a_command() -> None:
    assert (
        answer_lines(answer("a", producedBy={"label": "quotes only, no model"}), PLAIN)[-1] == "(quotes only, no model)"
    )
    assert answer_lines(answer("a", producedBy={"label": "command"}), PLAIN) == ["a"]


def test_text_that_came_in_while_it_was_made_is_not_said_again() -> None:
    assert answer_lines(answer("24 days."), PLAIN, said="24 days.\n") == []
    assert answer_lines(answer("24 days."), PLAIN, said="24 da") == ["24 days."]


def test_escape_codes_in_a_quoted_document_do_not_reach_the_terminal() -> None:
    assert answer_lines(answer("safe\x1b[2J\x9b31m\x07 text"), PLAIN) == ["safe[2J31m text"]
    source = {"title": "\x1b]0;owned\x07", "location": "a.md"}
    assert "\x1b" not in "".join(answer_lines(answer("x", sources=[source]), PLAIN))


def test_markdown_becomes_bold_and_links_show_where_they_lead() -> None:
    assert inline("**Yes**: [docs](https://x.example)", COLOUR) == "\x1b[1mYes\x1b[0m: docs <https://x.example>"
    assert inline("run `help` **now**", PLAIN) == "run `help` now"


def test_a_table_is_aligned_and_wide_letters_count_as_two() -> None:
    table = {"headings": ["name", "n"], "rows": [["日本", "1"], ["abc", "22"]]}
    reply = {"text": "", "table": table}
    assert answer_lines({"reply": reply}, PLAIN) == ["name  n", "────  ──", "日本  1", "abc   22"]


def test_a_table_wider_than_the_terminal_is_cut_where_it_is_widest() -> None:
    table = {"headings": ["a", "b"], "rows": [["x" * 200, "short"]]}
    lines = answer_lines({"reply": {"text": "", "table": table}}, PLAIN)
    assert all(len(line) <= 60 for line in lines)
    assert lines[-1].endswith("…  short")


def test_a_result_of_rows_is_a_table_without_empty_columns() -> None:
    rows = [{"name": "a", "next_at": None, "on": True}, {"name": "b", "next_at": None, "on": False}]
    assert result_lines(rows, PLAIN) == ["name  on", "────  ───", "a     yes", "b     no"]


def test_a_result_that_is_a_reply_is_shown_as_one_and_nothing_as_done() -> None:
    reply: dict[str, object] = {"text": "Removed.", "sources": [], "produced_by": None}
    assert result_lines(reply, PLAIN) == ["Removed."]
    assert result_lines(None, PLAIN) == ["Done."]
    assert result_lines({"version": 2, "note": ""}, PLAIN) == ["version: 2"]
    assert result_lines([], PLAIN) == ["Nothing there yet."]


def test_buttons_that_are_commands_can_be_typed_and_the_others_are_left_out() -> None:
    buttons = [
        {"label": "Approve", "value": "people approve ABC --role member"},
        {"label": "Run it", "value": "confirm:1"},
        {"label": "Post once", "value": "run:schedules run x"},
    ]
    shown = commands_of({"reply": {"text": "", "buttons": buttons}})
    assert shown == [("Approve", "people approve ABC --role member"), ("Post once", "schedules run x")]
