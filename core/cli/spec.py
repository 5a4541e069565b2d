"""What a command of the shell is: said once, read by the parser, by `--help` and by the reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """`--name`. kind: `flag` has no value. hidden: works, but is not shown in help."""

    name: str
    help: str
    kind: Literal["text", "number", "flag"] = "text"
    meta: str = ""
    short: str = ""

    @property
    def field(self) -> str:
        """The name under which a command reads it."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """A word without a name. many: all that are left. choices: the only words it takes."""

    name: str
    help: str = ""
    required: bool = True
    many: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command. run: `module:function`, imported when it is run; empty for what is not built yet."""

    name: str
    summary: str
    example: str
    run: str = ""
    details: str = ""
    arguments: tuple[Argument, ...] = ()
    options: tuple[Option, ...] = ()

    @property
    def usage(self) -> str:
        """`signalbox backup FILE [--home DIR]`."""
        words = ["signalbox", self.name]
        for one in self.arguments:
            word = "|".join(one.choices) or one.name.upper()
            words.append(word if one.required else f"[{word}]")
            words += ["…"] * one.many
        for option in self.options:
            value = f" {option.meta or option.name.upper()}" if option.kind != "flag" else ""
            words.append(f"[--{option.name}{value}]")
        return " ".join(words)


class Given:
    """The values a command was called with."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        """A text; empty when it was not given."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """A whole number, or None."""
        value = self._values.get(name)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def flag(self, name: str) -> bool:
        """Whether a switch was given."""
        return self._values.get(name) is True

    def words(self, name: str) -> tuple[str, ...]:
        """All words that were left."""
        value = self._values.get(name)
        return tuple(map(str, value)) if isinstance(value, (tuple, list)) else ()

    def needed(self, name: str) -> str:
        """A text that must not be empty. Raises InvalidInput."""
        found = self.text(name)
        if not found:
            raise InvalidInput(f"{name.upper()} is missing.", hint="`--help` shows an example.")
        return found
