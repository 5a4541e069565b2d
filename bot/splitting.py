"""Cuts a long text into parts a network takes: nothing is lost, and code fences are closed and opened again."""

from __future__ import annotations

import re

SMALLEST = 40
"""A limit below this leaves no room for the fences."""
_FENCE = re.compile(r"(?m)^ {0,3}(`{3,8}|~{3,8})([^`\n]*)$")
_SENTENCE = re.compile(r"[.!?…。](?=\s)")


def split(text: str, limit: int) -> tuple[str, ...]:
    """The text in parts of at most `limit` characters, cut at a paragraph, line, sentence or word.

    Only white space at a cut goes; a fence that is open there is closed and opened again in the next
    part. No part is blank; a blank text has none. Raises ValueError for a limit under 40.
    """
    if limit < SMALLEST:
        raise ValueError(f"A limit of {limit} characters is too small to split a text; 40 is the least.")
    parts: list[str] = []
    rest, fence = text.strip("\n"), ""
    while rest.strip():
        opening = f"{fence}\n" if fence else ""
        if len(opening) + len(rest) <= limit:
            parts.append(opening + rest)
            break
        closing = len(_marker(fence) or _longest_marker(rest[:limit])) + 1
        at = _cut(rest, limit - len(opening) - closing)
        head, rest = rest[:at], rest[at:]
        still = _open_after(head, fence)
        part = opening + head.rstrip()
        parts.append(f"{part}\n{_marker(still)}" if still else part)
        rest = rest.lstrip("\n") if still else rest.lstrip()
        fence = still
    return tuple(part for part in parts if part.strip())


def _marker(fence: str) -> str:
    found = _FENCE.match(fence)
    return found[1] if found else ""


def _longest_marker(text: str) -> str:
    return max((found[1] for found in _FENCE.finditer(text)), key=len, default="```")


def _open_after(head: str, fence: str) -> str:
    """The line that opened the fence which is open at the end of `head`, or nothing."""
    for found in _FENCE.finditer(head):
        marker, info = found[1], found[2].strip()
        if not fence:
            fence = marker + info if len(info) <= 12 else marker
        elif marker[0] == fence[0] and len(marker) >= len(_marker(fence)) and not info:
            fence = ""
    return fence


def _cut(text: str, room: int) -> int:
    """Where to cut so that at most `room` characters come before: the best place of the second half."""
    window = text[: room + 1]
    least = room // 2
    for place in (window.rfind("\n\n", least, room + 1), window.rfind("\n", least, room + 1)):
        if place > 0:
            return place
    sentences = [found.end() for found in _SENTENCE.finditer(window, least)]
    if sentences:
        return sentences[-1]
    for place in (window.rfind(" ", least, room + 1), window.rfind("\n", 0, room + 1), window.rfind(" ", 0, room + 1)):
        if place > 0 and window[:place].strip():
            return place
    return room
