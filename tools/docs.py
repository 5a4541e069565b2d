"""Builds docs/guides/ from data/guide/: the guide is written once, and ships in the wheel.

Run `python -m tools.docs`; a test says when the two are out of step.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ORDER = (
    "first-question",
    "connect-slack",
    "connect-discord",
    "add-documents",
    "notes",
    "schedules-and-reports",
    "roles-and-people",
    "letting-people-in",
    "commands",
    "control-room",
    "api-and-hooks",
    "backups",
    "doctor",
    "troubleshooting",
)
NOTE = "<!-- Built from data/guide/{name} by `make docs`. Edit it there. -->\n\n"
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def pages(guide: Path) -> dict[str, str]:
    """File name → text of every page of docs/guides, the table of contents among them.

    Raises ValueError when a page of the guide is missing in `ORDER`, or named there and missing.
    """
    found = {path.stem: FRONT_MATTER.sub("", path.read_text(encoding="utf-8")) for path in sorted(guide.glob("*.md"))}
    if set(found) != set(ORDER):
        raise ValueError(f"ORDER and the guide differ: {sorted(set(found) ^ set(ORDER))}")
    made = {f"{stem}.md": NOTE.format(name=f"{stem}.md") + text for stem, text in found.items()}
    lines = [f"{place}. [{_title(found[stem])}]({stem}.md)" for place, stem in enumerate(ORDER, start=1)]
    made["README.md"] = "<!-- Built by `make docs`. -->\n\n# Guide\n\n" + "\n".join(lines) + "\n"
    return made


def _title(text: str) -> str:
    found = TITLE.search(text)
    if found is None:
        raise ValueError("A page of the guide has no title.")
    return found[1]


def build(guide: Path, target: Path) -> int:
    """Write the pages and remove those of pages that are gone; how many there are."""
    made = pages(guide)
    target.mkdir(parents=True, exist_ok=True)
    for path in target.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (target / name).write_text(text, encoding="utf-8")
    return len(made)


if __name__ == "__main__":
    from tools.reference import write

    print(f"docs/guides: {build(ROOT / 'data' / 'guide', ROOT / 'docs' / 'guides')} pages")
    print(f"docs/reference: {', '.join(write()) or 'in step'}")
