"""A table as lines of text, for networks whose messages have none."""

from __future__ import annotations

from collections.abc import Sequence


def one_line(text: str) -> str:
    """The text on one line: every run of white space is one space."""
    return " ".join(text.split())


def aligned(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """The rows below headings and a rule, in columns two spaces apart; nothing when wider than `width` characters.

    Every cell is on one line, every row as long as the headings.
    """
    cells = [[one_line(cell) for cell in row] for row in (headings, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    if sum(widths) + 2 * len(widths) > width:
        return []
    ruled = ["─" * wide for wide in widths]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in (cells[0], ruled, *cells[1:])]


def named(headings: Sequence[str], row: Sequence[str]) -> list[tuple[str, str]]:
    """(heading, cell) of the cells of a row that hold something."""
    return [(one_line(name), one_line(cell)) for name, cell in zip(headings, row, strict=True) if cell.split()]
