"""The short way of `do`, `ask` and `chat`: to the process that runs, under 0.3 s from the shell and back.

Nothing heavy is imported here. Whoever finds no process answers None, and the long way is taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from core.cli.names import COMMANDS, TALKING
from core.cli.outside import Screen
from core.cli.terminal import Terminal

_OPTION = re.compile(r"(--[A-Za-z][\w-]*=|[A-Za-z]\w*=)(.*)\Z", re.DOTALL)
_CURLY = str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")
_PLAIN = re.compile(r"[^\s\"'\u201c\u201d\u2018\u2019]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """What is to be said. kind: do, ask or chat. yes: the answer to a question that may come back."""

    kind: str
    text: str = ""
    home: str = ""
    json: bool = False
    yes: bool = False


def quick(arguments: Sequence[str], terminal: Terminal, screen: Screen) -> int | None:
    """The exit code when a running process did it, else None."""
    talk = read(arguments)
    if talk is None:
        return None
    from core.cli.runfile import find
    from core.config.home import home_folder

    running = find(home_folder(talk.home or None))
    if running is None or not running.address:
        return None
    from core.cli.client import Client
    from core.cli.talking import talked

    return talked(talk, Client(running), terminal, screen)


def read(arguments: Sequence[str]) -> Talk | None:
    """What the arguments of the shell want said; None for any other command, for help and for a mistake."""
    if not arguments or {"--help", "-h"} & set(arguments) or mistyped(arguments):
        return None
    first = arguments[0]
    if first.startswith("-") or (first in COMMANDS and first not in TALKING):
        return None
    kind, rest = (first, list(arguments[1:])) if first in TALKING else ("do", list(arguments))
    words, home, switches = _options(rest)
    if home is None:
        return None
    if kind == "chat":
        return None if words or switches else Talk(kind=kind, home=home)
    if not words or (kind == "ask" and "yes" in switches):
        return None
    whole = first in TALKING and len(words) == 1
    text = words[0] if whole else " ".join(words if kind == "ask" else map(requoted, words))
    if not text.strip():
        return None
    return Talk(kind=kind, text=text, home=home, json="json" in switches, yes="yes" in switches)


def mistyped(arguments: Sequence[str]) -> str:
    """The command of the shell that a single word was probably meant to be; empty for none."""
    if len(arguments) != 1 or arguments[0] in COMMANDS:
        return ""
    near = get_close_matches(arguments[0], COMMANDS, n=1, cutoff=0.8)
    return near[0] if near else ""


def requoted(word: str) -> str:
    """A word of the shell so that the chat grammar reads it back as the one word it was."""
    if _PLAIN.fullmatch(word):
        return word
    option = _OPTION.match(word)
    if option:
        return option[1] + requoted(option[2]) if option[2] else word
    return quoted(word)


def quoted(text: str) -> str:
    """A text as one word of the chat grammar, which reads curly quotes as straight ones."""
    straight = text.translate(_CURLY).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{straight}"'


def _options(words: list[str]) -> tuple[list[str], str | None, set[str]]:
    """(what is left, the data folder or None for a mistake, the switches)."""
    left: list[str] = []
    switches: set[str] = set()
    home = ""
    while words:
        word = words.pop(0)
        if word in ("--json", "--yes", "-y"):
            switches.add("json" if word == "--json" else "yes")
        elif word == "--home":
            if not words:
                return left, None, switches
            home = words.pop(0)
        elif word.startswith("--home="):
            home = word.removeprefix("--home=")
        elif word == "--":
            left += words
            break
        else:
            left.append(word)
    return left, home, switches
