"""The grammar of what people type: a command with its arguments, or a question.

`<area> <verb> [arguments] [--option value]`: quotes group words, `key=value` and `--key value` are the
same, a fenced block is the last argument. Everything that is no command is a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import get_args, get_origin

from core.actions import Definition
from core.codec import canonical, decode
from core.errors import InvalidInput
from core.values import Json

_FENCE = re.compile(r"```[^\n`]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_WORD = re.compile(r"""((?:--)?[\w-]+=)?("(?:\\.|[^"\\])*"|'[^']*')(?=\s|\Z)|(\S+)""")
"""A quoted word, perhaps an option's value, or anything up to the next space: `it's` is one word."""
_OPTION = re.compile(r"--([A-Za-z][\w-]*)(?:=(.*))?\Z", re.DOTALL)
_PAIR = re.compile(r"([A-Za-z]\w*)=(.*)\Z", re.DOTALL)
_CURLY = str.maketrans("\u201c\u201d\u2018\u2019", "\"\"''")
"""Phones type curly quotes."""
SWITCH = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word as it was meant; quoted ones are never read as options."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command as it was typed: its name, words in order, options, and a fenced block."""

    name: str
    words: tuple[str, ...] = ()
    options: Mapping[str, str]
    block: str | None = None


def words_of(text: str) -> tuple[Word, ...]:
    """The words of a text. A quote that is never closed is an apostrophe."""
    found = []
    for option, quoted, bare in _WORD.findall(_straight(text)):
        if bare:
            found.append(Word(text=bare))
        else:
            inner = _unescaped(quoted[1:-1]) if quoted[0] == '"' else quoted[1:-1]
            found.append(Word(text=option + inner, quoted=not option))
    return tuple(found)


def quote(word: str) -> str:
    """A word so that `words_of` reads it back as one plain word."""
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spoken(command: Command) -> str:
    """A command as text that parses to the same command."""
    parts = [command.name.replace(".", " "), *(quote(word) for word in command.words)]
    parts += [f"--{name} {quote(value)}" for name, value in command.options.items()]
    text = " ".join(parts)
    return text if command.block is None else f"{text}\n```\n{command.block}\n```"


def parse(text: str, known: Iterable[str]) -> Command | None:
    """The command a text is, or None when it is a question.

    known: names and aliases of actions. A text that begins with a known area and something close to
    one of its verbs is a command that was mistyped: its name is then not among the known ones.
    """
    names = set(known)
    body, block = _block_of(text.strip())
    words = words_of(body)
    name, used = _name_of(words, names)
    if not name:
        return None
    plain: list[str] = []
    options: dict[str, str] = {}
    rest = list(words[used:])
    while rest:
        word = rest.pop(0)
        option = None if word.quoted else _OPTION.match(word.text)
        pair = None if word.quoted else _PAIR.match(word.text)
        if option:
            options[_field(option.group(1))] = _value_of(option.group(2), rest)
        elif pair:
            options[_field(pair.group(1))] = pair.group(2)
        else:
            plain.append(word.text)
    return Command(name=name, words=tuple(plain), options=options, block=block)


def bind(command: Command, definition: Definition) -> dict[str, Json]:
    """The arguments of a command for its definition. Raises InvalidInput for words that fit nowhere."""
    fields = definition.arguments.model_fields
    given: dict[str, Json] = {}
    for name, value in command.options.items():
        if name not in fields:
            near = get_close_matches(name, list(fields), n=1)
            hint = f"Did you mean --{near[0]}?" if near else f"Try: `{definition.usage()}`."
            raise InvalidInput(f"`{definition.spoken}` has no option --{name}.", hint=hint)
        given[name] = _typed(value, definition, name)
    open_names = [name for name in definition.positional if name not in given]
    values = list(command.words)
    if command.block is not None:
        if not open_names:
            raise InvalidInput(f"`{definition.spoken}` takes no text block.", hint=f"Try: `{definition.usage()}`.")
        given[open_names.pop()] = command.block
    if len(values) > len(open_names) > 0:  # the last one takes all that is left: `echo hello there`
        head, tail = values[: len(open_names) - 1], values[len(open_names) - 1 :]
        values = [*head, " ".join(tail)]
    if len(values) > len(open_names):
        raise InvalidInput(
            f"`{definition.spoken}` does not know what to do with {values[0]!r}.", hint=f"Try: `{definition.usage()}`."
        )
    for name, value in zip(open_names, values, strict=False):
        given[name] = _typed(value, definition, name)
    return given


def expand(template: str, words: tuple[str, ...]) -> str:
    """An alias with its places filled: `{1}`, `{2}`, … and `{*}` for all. Raises InvalidInput for one missing."""

    def fill(match: re.Match[str]) -> str:
        if match.group(1) == "*":
            return " ".join(map(quote, words))
        position = int(match.group(1))
        if not 1 <= position <= len(words):
            raise InvalidInput(f"This alias needs {position} words after its name.", hint=f"It stands for: {template}")
        return quote(words[position - 1])

    return re.sub(r"\{(\*|[1-9])\}", fill, template)


def _straight(text: str) -> str:
    return text.translate(_CURLY)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _block_of(text: str) -> tuple[str, str | None]:
    match = _FENCE.search(text)
    return (text[: match.start()], match.group(1)) if match else (text, None)


def _name_of(words: tuple[Word, ...], names: set[str]) -> tuple[str, int]:
    if not words or words[0].quoted:
        return "", 0
    first = words[0].text.lower().lstrip("/")
    second = words[1].text.lower() if len(words) > 1 and not words[1].quoted else ""
    for name, used in ((f"{first}.{second}", 2), (first, 1)):
        if name in names:
            return name, used
    return (f"{first}.{second}", 2) if second and _mistyped(first, second, names, len(words)) else ("", 0)


def _mistyped(first: str, second: str, names: set[str], length: int) -> bool:
    """A short text close to `area verb` is a command with a slip in it, not a question."""
    areas = {name.partition(".")[0] for name in names if "." in name}
    area = first if first in areas else next(iter(get_close_matches(first, areas, n=1, cutoff=0.8)), "")
    verbs = [name.partition(".")[2] for name in names if name.startswith(f"{area}.")]
    return bool(area) and (bool(get_close_matches(second, verbs, n=1, cutoff=0.6)) or (first == area and length == 2))


def _field(name: str) -> str:
    return name.replace("-", "_")


def _value_of(attached: str | None, rest: list[Word]) -> str:
    if attached is not None:
        return attached
    if rest and (rest[0].quoted or not _OPTION.match(rest[0].text)):
        return rest.pop(0).text
    return SWITCH


def _typed(value: str, definition: Definition, name: str) -> Json:
    """Lists are typed with commas, objects as JSON; everything else is text that pydantic reads."""
    kind = definition.arguments.model_fields[name].annotation
    choices = {get_origin(one) for one in (kind, *get_args(kind))}
    if choices & {dict, Mapping}:
        return _object(value, name)
    if get_origin(kind) in (tuple, list, frozenset, set):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _object(value: str, name: str) -> Json:
    if not value.lstrip().startswith("{"):
        pairs = [part.partition("=") for part in value.split(",") if part.strip()]
        return {key.strip(): text.strip() for key, _, text in pairs}
    try:
        return decode(dict[str, Json], value)
    except InvalidInput as error:
        example = canonical({"key": "value"})
        raise InvalidInput(f"--{name} is no JSON object: {value!r}.", hint=f"For example {example}.") from error
