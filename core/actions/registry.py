"""Every action of one App by name and alias. There is no global one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import ModuleType

from core.actions.definition import Definition, define
from core.errors import Conflict, UnknownAction


class Registry:
    """Definitions by name; `provided` are the types the door fills in."""

    def __init__(self) -> None:
        self._by_name: dict[str, Definition] = {}
        self._aliases: dict[str, str] = {}
        self._provided: set[type] = set()

    def provide(self, kind: type) -> None:
        """Let actions ask for this type."""
        self._provided.add(kind)

    def add_module(self, module: ModuleType) -> tuple[Definition, ...]:
        """Register every marked function defined in a module."""
        marked = [
            value
            for value in vars(module).values()
            if hasattr(value, "__action__") and getattr(value, "__module__", "") == module.__name__
        ]
        return tuple(self.add(define(run, frozenset(self._provided))) for run in marked)

    def add(self, definition: Definition) -> Definition:
        """Register one definition. Raises Conflict when a name is taken."""
        for name in (definition.name, *definition.mark.aliases):
            if name in self._by_name or name in self._aliases:
                raise Conflict(f"Two actions are called {name!r}.", hint="Rename one of them.")
        self._by_name[definition.name] = definition
        for alias in definition.mark.aliases:
            self._aliases[alias] = definition.name
        return definition

    def remove(self, name: str) -> None:
        """Take a definition out (a plugin was unloaded)."""
        definition = self._by_name.pop(name, None)
        for alias in definition.mark.aliases if definition else ():
            self._aliases.pop(alias, None)

    def get(self, name: str) -> Definition:
        """The definition by name or alias. Raises UnknownAction with the nearest three."""
        found = self._by_name.get(self._aliases.get(name, name))
        if found is None:
            raise UnknownAction(name, self.names())
        return found

    def names(self) -> Iterable[str]:
        """All names and aliases."""
        return [*self._by_name, *self._aliases]

    def __contains__(self, name: str) -> bool:
        return name in self._by_name or name in self._aliases

    def __iter__(self) -> Iterator[Definition]:
        return iter(sorted(self._by_name.values(), key=lambda one: one.name))
