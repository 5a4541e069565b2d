"""Decides whether a question is about Signalbox itself, so that its guide may answer.

The guide ships with the program. Left in every search it would answer "How do I add a schedule?" of a team
that means its tram timetable, so it is asked only when the product or one of its commands is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PRODUCT = re.compile(r"(?<![\w-])signal[ -]?box(?![\w-])", re.IGNORECASE)
BETWEEN = r"(?:\s+|\.|__)"


def names_product(question: str, command_names: Iterable[str]) -> bool:
    """True when the question names Signalbox or a command of it.

    command_names: as the door has them (`knowledge.index`) or as people type them (`knowledge index`). All
    words of a command must stand next to each other, with spaces, a dot or `area__verb` between them, in any
    case. A command of one word (`help`, `why`) is an everyday word: it counts only in backticks or after
    a slash.
    """
    if PRODUCT.search(question):
        return True
    return any(_names(question, name) for name in command_names)


def _names(question: str, command: str) -> bool:
    parts = [re.escape(part) for part in re.split(r"[\s.]+|__", command.strip()) if part]
    if not parts:
        return False
    if len(parts) == 1:
        pattern = rf"(?:`/?|(?<!\S)/){parts[0]}(?![\w-])"
    else:
        pattern = rf"(?<![\w-]){BETWEEN.join(parts)}(?![\w-])"
    return re.search(pattern, question, re.IGNORECASE) is not None
