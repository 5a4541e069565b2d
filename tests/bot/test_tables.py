import pytest

from bot.tables import aligned, named, one_line


def test_cells_stand_below_each_other_on_one_line_each() -> None:
    assert aligned(("name", "about"), (("Ann", "asks\n a lot"), ("Bo", "")), 80) == [
        "name  about",
        "────  ──────────",
        "Ann   asks a lot",
        "Bo",
    ]


def test_a_table_is_not_aligned_when_it_is_a_character_too_wide() -> None:
    row = ("x" * 6, "y" * 10)
    assert len(aligned(("a", "b"), (row,), 20)) == 3
    assert aligned(("a", "b"), (row,), 19) == []


def test_headings_alone_are_a_table() -> None:
    assert aligned(("a", "b"), (), 80) == ["a  b", "─  ─"]


def test_a_row_that_is_too_short_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        aligned(("a", "b"), (("1",),), 80)


def test_only_cells_that_hold_something_are_named() -> None:
    assert named(("name", "mail", "age"), ("Ann", " ", "7")) == [("name", "Ann"), ("age", "7")]
    assert one_line(" a\t\nb ") == "a b"
