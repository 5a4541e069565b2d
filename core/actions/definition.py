"""From a marked function to what the door needs: arguments, schema, help, and how to fill it in."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Annotated, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from core.actions.model import Context, Mark, Redacted
from core.actions.unit import Unit
from core.codec import first_fault
from core.errors import InvalidInput
from core.values import Json

Run = Callable[..., Coroutine[object, object, object]]


class Arguments(BaseModel):
    """The arguments of one action; a subclass is made for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """An action as the door knows it."""

    mark: Mark
    run: Run
    arguments: type[Arguments]
    filled: Mapping[str, type]
    """Parameters the door fills in: name → type."""
    positional: tuple[str, ...]
    """Arguments that may be typed without their name, in order."""
    result: type
    summary: str
    details: str
    redacted: frozenset[str]

    @property
    def name(self) -> str:
        """`area.verb`."""
        return self.mark.name

    @property
    def spoken(self) -> str:
        """The name as people type it: `area verb`."""
        return self.mark.name.replace(".", " ")

    def schema(self) -> dict[str, Json]:
        """The JSON Schema of the arguments."""
        return self.arguments.model_json_schema()

    def validate(self, given: Mapping[str, Json]) -> Arguments:
        """The arguments as typed values. Raises InvalidInput naming the first that does not fit."""
        try:
            return self.arguments.model_validate(given)
        except ValidationError as error:
            raise InvalidInput(f"`{self.spoken}`: {first_fault(error)}.", hint=f"Try: `{self.usage()}`.") from error

    def usage(self) -> str:
        """One line that shows how it is typed."""
        parts = [self.spoken]
        for name, field in self.arguments.model_fields.items():
            if name in self.positional:
                parts.append(name.upper() if field.is_required() else f"[{name.upper()}]")
            elif field.is_required():
                parts.append(f"--{name} {name.upper()}")
            else:
                parts.append(f"[--{name} …]")
        return " ".join(parts)

    def recorded(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """The arguments as they may be written down."""
        return {name: "•••" if name in self.redacted else value for name, value in given.items()}


def define(run: Run, provided: frozenset[type]) -> Definition:
    """Read a marked function. Raises TypeError for one the door could never call."""
    mark = cast("Mark", run.__action__)  # type: ignore[attr-defined]
    hints = get_type_hints(run, include_extras=True)
    summary, details, described = _read_doc(run)
    filled: dict[str, type] = {}
    fields: dict[str, object] = {}
    positional: list[str] = []
    for name, parameter in inspect.signature(run).parameters.items():
        kind = hints.get(name)
        if kind is None:
            raise TypeError(f"{mark.name}: the parameter {name} has no type.")
        if kind in (Context, Unit) or kind in provided:
            filled[name] = kind
            continue
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (Annotated[kind, Field(description=described.get(name, ""))], default)
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            positional.append(name)
    if not inspect.iscoroutinefunction(run):
        raise TypeError(f"{mark.name} is not an async function.")
    arguments = create_model(f"{mark.name.replace('.', '_')}", __base__=Arguments, **fields)  # type: ignore[call-overload]
    return Definition(
        mark=mark,
        run=run,
        arguments=arguments,
        filled=filled,
        positional=tuple(positional),
        result=hints.get("return", type(None)),
        summary=summary,
        details=details,
        redacted=frozenset(name for name, hint in hints.items() if _is_redacted(hint)),
    )


def _is_redacted(hint: object) -> bool:
    if get_origin(hint) is not Annotated:
        return False
    return any(isinstance(extra, Redacted) or extra is Redacted for extra in get_args(hint)[1:])


def _read_doc(run: Run) -> tuple[str, str, dict[str, str]]:
    """(first line, the rest, meaning of each argument) of a docstring with `name: meaning` lines."""
    lines = inspect.getdoc(run)
    if not lines:
        raise TypeError(f"{run.__qualname__} has no docstring: it is the command's help.")
    first, _, rest = lines.partition("\n")
    names = set(inspect.signature(run).parameters)
    described: dict[str, str] = {}
    prose: list[str] = []
    current = ""
    for line in rest.strip().splitlines():
        name, colon, meaning = line.partition(":")
        if colon and name.strip() in names:
            current = name.strip()
            described[current] = meaning.strip()
        elif current and line.startswith(" "):
            described[current] += " " + line.strip()
        else:
            current = ""
            prose.append(line)
    return first.strip(), "\n".join(prose).strip(), described
