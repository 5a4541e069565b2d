"""Conversations: who asked what where, what was answered from what; and a place to ask.

Three panes, each with its own address: the list, one thread, one answer's whole way.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from nicegui import PageArguments

from core.conversation import Exchange, Thread
from core.events import MessageAnswered, MessageReceived
from gui.chips import title_of
from gui.pages.addresses import NEW, from_address, to_address
from gui.pages.answer import details
from gui.pages.thread import ThreadView
from gui.parts.basics import Text, age, box, empty, icon_button, link
from gui.parts.section import Section
from gui.room import Room
from gui.sessions import NETWORK

LIMIT = 100


async def conversations(room: Room, args: PageArguments) -> None:
    """`/conversations[/ID]?answer=…&network=…&unanswered=1`."""
    chosen = from_address(args.path_parameters.get("conversation", ""))
    query = {name: value for name, value in args.query_parameters.items() if value}
    asked = query.get("ask", "")[:4_000]
    page = box("div", "talk").mark("talk")
    if chosen or asked:
        page.classes("has-thread")
    with page:
        _list(room, chosen, query)
        thread = ThreadView(room, "" if chosen == NEW else chosen, query.get("answer", ""), asked)
        with box("aside", "pane last", aria_label="This answer"):
            _answer_pane(room, thread)


def _list(room: Room, chosen: str, query: Mapping[str, str]) -> None:
    network, unanswered = query.get("network", ""), bool(query.get("unanswered"))

    async def read() -> tuple[Thread, ...]:
        return await room.read(tuple, "conversation.list", network=network, unanswered=unanswered, limit=LIMIT)

    def draw(found: tuple[Thread, ...]) -> None:
        for one in found:
            _thread_link(one, chosen, query)
        if found:
            return
        if network or unanswered:
            empty("No conversation is like that.", ("Show all", "/conversations"))
        else:
            empty("Nobody has asked anything yet.", ("Ask the first question", to_address(NEW)))

    with box("aside", "pane list", aria_label="Conversations"):
        with box("div", "head"):
            Text("h1", "Conversations")
            if room.may("conversation.ask"):
                link("New", to_address(NEW), "btn").mark("new-conversation")
        with box("nav", "narrow", aria_label="Which"):
            for words, narrower in (("All", {}), ("Unanswered", {"unanswered": "1"}), ("Here", {"network": NETWORK})):
                one = link(words, f"/conversations?{urlencode(narrower)}" if narrower else "/conversations")
                if (network, unanswered) == (narrower.get("network", ""), "unanswered" in narrower):
                    one.props["aria-current"] = "true"
        Section(room, read, draw, kinds=(MessageReceived, MessageAnswered), rows=6)


def _thread_link(one: Thread, chosen: str, query: Mapping[str, str]) -> None:
    kept = {name: query[name] for name in ("network", "unanswered") if name in query}
    with box("a", "c", href=to_address(one.conversation, **kept)) as element:
        Text("b", name_of(one.network, one.place_kind, one.place_name, one.person))
        with box("span"):
            Text("span", f"{'here' if one.network == NETWORK else title_of(one.network)} · ")
            age(one.last_at, "plain", "")
        Text("p", one.last_text)
    if one.conversation == chosen:
        element.props["aria-current"] = "true"


def name_of(network: str, place_kind: str, place_name: str, person: str) -> str:
    """What a conversation is called: its channel, or in private the person."""
    if network == NETWORK or place_kind == "direct":
        return person or "You"
    return place_name or person or title_of(network)


def _answer_pane(room: Room, thread: ThreadView) -> None:
    with box("div", "head"):
        Text("h2", "This answer")
        close = '() => document.querySelector(".talk").classList.remove("details")'
        icon_button("close", "Close", js=close).classes("only-narrow").style("margin-left: auto")

    async def read() -> tuple[Exchange, ...]:
        chosen = await thread.chosen()
        return (chosen,) if chosen else ()

    def draw(found: tuple[Exchange, ...]) -> None:
        if found:
            details(room, found[0])
        else:
            empty("Choose an answer to see what it read, what made it and how long each step took.")

    thread.pane = Section(room, read, draw, rows=4)
