"""docs/guides is what the guide in data/guide makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.docs import ORDER, ROOT, build, pages

GUIDE = ROOT / "data" / "guide"


def test_docs_are_in_step_with_the_guide() -> None:
    folder = ROOT / "docs" / "guides"
    there = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    assert there == pages(GUIDE), "run `make docs`"


def test_every_page_says_where_it_is_edited(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text("gone")
    assert build(GUIDE, tmp_path) == len(ORDER) + 1
    assert not (tmp_path / "old.md").exists()
    page = (tmp_path / "connect-slack.md").read_text(encoding="utf-8")
    assert page.startswith("<!-- Built from data/guide/connect-slack.md")
    assert "title:" not in page
    assert "1. [Your first question](first-question.md)" in (tmp_path / "README.md").read_text(encoding="utf-8")


def test_a_page_without_a_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "stray.md").write_text("# Stray\n")
    with pytest.raises(ValueError, match="stray"):
        pages(tmp_path)
