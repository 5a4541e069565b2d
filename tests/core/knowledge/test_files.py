from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.knowledge.files import SIZE_LIMIT_BYTES, discover, read
from tests.core.knowledge.parts import write


def test_what_is_left_out_is_listed_with_its_reason(tmp_path: Path) -> None:
    root = write(
        tmp_path / "root",
        {
            "a.md": "a",
            "sub/b.TXT": "b",
            "README": "c",
            "image.png": "d",
            "Makefile": "e",
            ".hidden.md": "f",
            ".git/config.md": "g",
            "node_modules/x.md": "h",
            "huge.md": "x" * (SIZE_LIMIT_BYTES + 1),
            "own/z.md": "z",
        },
    )
    (root / "elsewhere.md").symlink_to(write(tmp_path, {"out.md": "x"}) / "out.md")
    (root / "loop").symlink_to(root)
    (root / "same.md").symlink_to(root / "a.md")
    found = discover(root, outside=(root / "own",))
    assert [file.path for file in found.files] == ["README", "a.md", "same.md", "sub/b.TXT"]
    assert {skip.path: skip.reason for skip in found.skipped} == {
        "image.png": "not Markdown or text (.png)",
        "Makefile": "not Markdown or text (no ending)",
        ".hidden.md": "hidden",
        ".git/": "hidden",
        "node_modules/": "made by tools",
        "huge.md": "too large: 2.0 MB, at most 2 MB",
        "own/": "a source of its own, or Signalbox's data folder",
        "elsewhere.md": "a link to somewhere else",
        "loop/": "a link to a folder",
    }


def test_a_file_that_is_a_source_itself_is_left_to_it(tmp_path: Path) -> None:
    root = write(tmp_path, {"a.md": "a", "b.md": "b"})
    found = discover(root, outside=(root / "a.md",))
    assert [file.path for file in found.files] == ["b.md"]


def test_a_folder_that_cannot_be_listed_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(tmp_path, {"a.md": "a", "shut/b.md": "b"})
    import os

    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("os.scandir", refuse)
    found = discover(root)
    assert found.unread == ["shut"]
    assert found.skipped[0].reason == "cannot be read: Permission denied"


def test_old_and_wide_encodings_are_read(tmp_path: Path) -> None:
    for name, raw in (
        ("a.md", "Tür".encode("cp1252")),
        ("b.md", "Tür".encode("utf-16")),
        ("c.md", b"\xef\xbb\xbfT\xc3\xbcr"),
    ):
        (tmp_path / name).write_bytes(raw)
        assert read(tmp_path / name).text == "Tür"
    assert read(tmp_path / "a.md").kind == "markdown"


def test_a_binary_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"a\0b")
    with pytest.raises(InvalidInput, match="It is binary"):
        read(tmp_path / "a.md")
