"""Which command a text is, with the team's short names filled in."""

from __future__ import annotations

from collections.abc import Mapping

from core.actions import Door
from core.conversation import grammar, store
from core.storage import Storage


class Commands:
    """Reads commands by the names and aliases there are now."""

    def __init__(self, storage: Storage, door: Door) -> None:
        self._storage, self._door = storage, door
        self._aliases: dict[str, str] | None = None

    async def read(self, text: str, *, slash: bool = False) -> grammar.Command | None:
        """The command a text is, or None for a question. A slash command that is no sentence must be one."""
        names = set(self._door.registry.names())
        aliases = await self._known_aliases()
        command = grammar.parse(text, names | set(aliases))
        if command is not None and command.name in aliases:
            command = grammar.parse(grammar.expand(aliases[command.name], command.words), names)
        if command is None and slash and len(text.split()) < 3 and "?" not in text:
            return grammar.Command(name=".".join(text.lower().split()) or "help", options={})
        return command

    def is_action(self, name: str) -> bool:
        """Whether a name is a command or another name of one."""
        return name in self._door.registry

    def aliases_changed(self) -> None:
        """Read the aliases again before the next command."""
        self._aliases = None

    async def _known_aliases(self) -> Mapping[str, str]:
        if self._aliases is None:
            self._aliases = dict(await self._storage.read(store.aliases))
        return self._aliases
