"""The command palette: pages and every action this person may run, found in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nicegui import ui
from nicegui.events import GenericEventArguments

from core.actions import Definition
from core.values import Effect, Json

RUN = "run:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the palette. local: a function of the browser and its argument; first: shown before typing."""

    id: str
    title: str
    hint: str = ""
    group: str = ""
    tag: str = ""
    chord: str = ""
    also: str = ""
    href: str = ""
    local: tuple[str, str | None] | None = None
    first: bool = False

    def sent(self) -> dict[str, Json]:
        """As the browser gets it."""
        return {
            "id": self.id,
            "title": self.title,
            "hint": self.hint,
            "group": self.group,
            "tag": self.tag,
            "chord": self.chord,
            "also": self.also,
            "href": self.href,
            "local": list[Json](self.local) if self.local else None,
            "first": self.first,
        }


HERE = (
    Entry(id="palette", title="Search or run anything", group="Keys", chord="mod+k"),
    Entry(id="keys", title="Show all keys", group="View", chord="?", also="help shortcuts keyboard"),
    Entry(
        id="theme:dark", title="Dark theme", hint="in this browser", group="View", also="mode night",
        local=("theme", "dark"),
    ),
    Entry(
        id="theme:light", title="Light theme", hint="in this browser", group="View", also="mode day",
        local=("theme", "light"),
    ),
    Entry(
        id="theme:system", title="Theme of the system", hint="in this browser", group="View", also="mode auto",
        local=("theme", "system"),
    ),
    Entry(
        id="density", title="Compact or roomy rows", hint="in this browser", group="View", also="density",
        local=("density", None),
    ),
)  # fmt: skip

_TAGS = {Effect.READ: "", Effect.WRITE: "can be undone", Effect.OUTWARD: "reaches outside", Effect.DESTROY: "for good"}


def action_entry(definition: Definition) -> Entry:
    """An action as a line of the palette."""
    return Entry(
        id=RUN + definition.name,
        title=definition.spoken,
        hint=definition.summary,
        group="Commands",
        tag=_TAGS[definition.mark.effect],
        also=" ".join(definition.mark.aliases),
    )


class Palette(ui.element, component="static/palette.js"):
    """Holds the index in the browser; tells only which entry was chosen, or the question that was asked."""

    def __init__(
        self, entries: Sequence[Entry], *, chosen: Callable[[str], object], asked: Callable[[str], object] | None
    ) -> None:
        super().__init__()
        self.entries = tuple(entries)
        self.props["items"] = [one.sent() for one in entries]
        self.props["can-ask"] = asked is not None
        self.props["placeholder"] = "Search or run anything"
        self.props["label"] = "Command palette"
        self.on("choose", lambda event: chosen(self._known(event)))
        if asked is not None:
            self.on("ask", lambda event: asked(str(event.args)[:4_000]))

    def _known(self, event: GenericEventArguments) -> str:
        """The id that was chosen, when it is one of ours."""
        wanted = str(event.args)
        return wanted if any(one.id == wanted for one in self.entries) else ""
