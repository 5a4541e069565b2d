"""The frame around every page: navigation, the palette's field, connection chips, the person's menu."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import quote

from nicegui import PageArguments, ui

from core.events import ActionDone, ConnectionChanged, DeliveryChanged
from gui.chips import Chips
from gui.live import Often, Scope, Watcher
from gui.palette import HERE, RUN, Entry, Palette, action_entry
from gui.parts.action_dialog import open_action
from gui.parts.basics import Text, box, icon_button, initials
from gui.parts.icons import icon
from gui.room import Room
from gui.routes import GROUPS, Page
from gui.seen import Seen

ASK = "/conversations?ask="
CHIPS_EVERY_S = 15.0


class Shell:
    """Draws the frame once for a client; sub pages come and go inside it."""

    def __init__(self, room: Room, pages: Sequence[Page]) -> None:
        self._room = room
        self._pages = [page for page in pages if all(room.may(name) for name in page.needs)]
        self._all = tuple(pages)
        self._links: dict[str, ui.element] = {}
        self._counts: dict[str, Text] = {}

    def draw(self) -> None:
        """The frame and the page of this address."""
        Seen(self._room)
        around = ui.context.client.page_container.default_slot.children[0]
        around.props["role"] = "none"  # Quasar makes all of the frame a main part; ours is the page alone
        self._palette()
        with box("div", "frame"):
            self._navigation()
            ui.element("button").classes("nav-scrim").props("aria-label=Close tabindex=-1").on(
                "click", js_handler="() => signalbox.nav(false)"
            )
            with box("div", "stage"):
                self._top()
                main = box("main", "main", id="main")
                with main:
                    builders = {pattern: self._builder(page) for page in self._all for pattern in page.patterns}
                    ui.sub_pages(builders)
        ui.skip_link("Skip to the page", target=main)
        ui.context.client.sub_pages_router.on_path_changed(self._moved)
        self._moved(ui.context.client.sub_pages_router.current_path)
        refresh = Often(self._count)
        kinds = (ActionDone, DeliveryChanged)
        visitor = self._room.visitor
        Scope(self._room.live, Watcher(kinds, visitor.audience, visitor.operates, refresh, True, self._room.gaze))
        ui.timer(0.0, self._count, once=True)

    def _builder(self, page: Page) -> Callable[[PageArguments], Awaitable[None]]:
        async def build(args: PageArguments) -> None:
            await page.build(self._room, args)

        build.__annotations__["args"] = PageArguments  # sub_pages looks for the type itself, not its name
        return build

    # ── Navigation ──

    def _navigation(self) -> None:
        with box("nav", "nav", aria_label="Main"):
            with box("a", "brand", href="/"):
                with box("span", "lamp"):
                    box("i")
                Text("span", "Signalbox")
            for group in GROUPS:
                inside = [page for page in self._pages if page.group == group]
                if inside and group:
                    Text("h2", group)
                for page in inside:
                    self._place(page)
            self._me()

    def _place(self, page: Page) -> None:
        with box("a", "place", href=page.path) as element:
            icon(page.icon)
            Text("span", page.title)
            count = Text("span", "", "count")
            count.set_visibility(False)
        element.on("click", js_handler="() => signalbox.nav(false)")
        self._links[page.path] = element
        self._counts[page.path] = count

    def _me(self) -> None:
        visitor = self._room.visitor
        role = max(visitor.roles, key=_RANKS.index, default="") if visitor.roles <= set(_RANKS) else ""
        with box("button", "me", type="button", aria_label=f"{visitor.name}: theme and sign out"):
            Text("span", initials(visitor.name), "av")
            Text("span", f"{visitor.name} · {role}" if role else visitor.name, "who")
            with ui.menu().props("auto-close anchor='top left' self='bottom left'"):
                for words, call in _MENU:
                    ui.menu_item(words).on("click", js_handler=f"() => {call}")
                ui.separator()
                ui.menu_item("Sign out").mark("sign-out").on("click", js_handler="() => signalbox.leave()")

    def _moved(self, path: str) -> None:
        current = next((page for page in self._all if page.holds(path)), None)
        for address, element in self._links.items():
            if current is not None and address == current.path:
                element.props["aria-current"] = "page"
            else:
                element.props.pop("aria-current", None)
        ui.page_title(f"{current.title} · Signalbox" if current else "Signalbox")

    # ── Top ──

    def _top(self) -> None:
        with box("header", "top"):
            icon_button("menu", "Navigation", js="() => signalbox.nav()").classes("menu-button")
            with box("button", "find", type="button", aria_label="Search or run anything") as find:
                icon("search")
                Text("span", "Search or run anything")
                Text("kbd", "Ctrl K")
            open_it = '() => document.dispatchEvent(new CustomEvent("signalbox:command", {detail: "palette"}))'
            find.on("click", js_handler=open_it)
            chips = Chips(self._room)
            visitor = self._room.visitor
            kinds = (ConnectionChanged, DeliveryChanged)
            watcher = Watcher(kinds, visitor.audience, False, Often(chips.again), True, self._room.gaze)
            Scope(self._room.live, watcher)
            ui.timer(CHIPS_EVERY_S, lambda: chips.draw() if self._room.gaze.open else None, immediate=False)

    def _palette(self) -> None:
        entries = [
            Entry(
                id=f"go:{page.path}", title=page.title, hint=f"{page.group} · page" if page.group else "page",
                group="Pages", chord=page.chord, href=page.path, also=page.also, first=True,
            )
            for page in self._pages
        ]  # fmt: skip
        entries += [action_entry(one) for one in self._room.usable.values()]
        asked = self._asked if self._room.may("conversation.ask") else None
        Palette([*entries, *HERE], chosen=self._chosen, asked=asked).mark("palette")

    def _chosen(self, entry_id: str) -> None:
        if entry_id.startswith(RUN):
            open_action(self._room, entry_id.removeprefix(RUN))

    def _asked(self, text: str) -> None:
        ui.navigate.to(ASK + quote(text, safe=""))

    async def _count(self) -> None:
        """What waits, beside its page's name."""
        for path, name, arguments in _COUNTED:
            count = self._counts.get(path)
            if count is None or not self._room.may(name):
                continue
            waiting = await self._room.read(tuple, name, **arguments)
            count.set_text(str(len(waiting)))
            count.set_visibility(bool(waiting))


_RANKS = ["guest", "member", "operator", "admin", "owner"]
_MENU = (
    ("Theme: light", 'signalbox.theme("light")'),
    ("Theme: dark", 'signalbox.theme("dark")'),
    ("Theme: as the system", 'signalbox.theme("system")'),
    ("Rows: compact or roomy", "signalbox.density()"),
)
_COUNTED: tuple[tuple[str, str, dict[str, str | int]], ...] = (
    ("/waiting", "waiting.list", {}),
    ("/deliveries", "deliveries.status", {"state": "failed", "limit": 99}),
)
