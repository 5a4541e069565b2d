"""Decision records are numbered without gaps, each once, and have the parts the first one names."""

import re
from pathlib import Path

from tests.architecture.tree import ROOT, write

PARTS = ("- Date: ", "- Status: ", "## Context", "## Decision", "## Consequences")


def faults(folder: Path) -> list[str]:
    found = []
    for number, path in enumerate(sorted(folder.glob("*.md")), start=1):
        text = path.read_text(encoding="utf-8")
        if not re.fullmatch(rf"{number:04}-[a-z0-9-]+\.md", path.name):
            found.append(f"{path.name}: the name does not begin with {number:04}-")
        if not text.startswith(f"# {number}. "):
            found.append(f"{path.name}: the title does not begin with {number}.")
        found += [f"{path.name}: no {part.strip()}" for part in PARTS if f"\n{part}" not in text]
    return found


def test_decision_records_are_numbered_and_complete() -> None:
    assert faults(ROOT / "docs" / "decisions") == []


def test_a_number_used_twice_and_a_missing_part_are_found(tmp_path: Path) -> None:
    whole = "\n".join(("# 1. A", *PARTS))
    write(tmp_path, {"0001-a.md": whole, "0001-b.md": whole.replace("# 1.", "# 2.").replace("- Status: ", "")})
    assert faults(tmp_path) == ["0001-b.md: the name does not begin with 0002-", "0001-b.md: no - Status:"]
