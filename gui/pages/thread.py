"""One conversation: its messages, and the box to say more while it is the reader's own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from nicegui import background_tasks, ui

from core.conversation import Exchange
from core.events import DeliveryChanged, Event, MessageAnswered, MessageReceived
from core.values import Button as ReplyButton
from core.values import Reply, new_id
from gui.chips import title_of
from gui.errors import show, toast
from gui.live import Scope, Watcher
from gui.pages.addresses import to_address
from gui.parts.basics import Button, Text, age, box, empty, icon_button, initials
from gui.parts.icons import icon
from gui.parts.result import Markdown, produced, reply
from gui.parts.section import Section
from gui.room import PageSink, Room
from gui.sessions import NETWORK

SHOW_EVERY_S = 0.1
SHOWN = 100
END = "signalbox.toEnd()"


class ThreadView:
    """Draws a thread and talks in it. `pane` is the section that shows the chosen answer."""

    def __init__(self, room: Room, conversation: str, answer: str, asked: str) -> None:
        self._room, self._conversation, self._answer = room, conversation, answer
        self._found: tuple[Exchange, ...] = ()
        self._read_once = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._incoming, self._stopping = "", False
        self.pane: Section[tuple[Exchange, ...]] | None = None
        self._thread = conversation.rpartition("/")[2] if self._own else new_id()
        with box("section", "thread", aria_label="Messages"):
            self._head = box("div", "head")
            with box("div", "log"), box("div"):
                kinds = (MessageAnswered, DeliveryChanged)
                self._section = Section(room, self._read, self._draw, kinds=kinds, rows=2)
                self._growing = box("div", "growing").mark("growing")
                self._growing.props["aria-live"] = "polite"
            self._box()
        Scope(room.live, Watcher((MessageReceived,), room.visitor.audience, False, self._received))
        if asked:
            ui.timer(0.0, lambda: self._say(asked), once=True)

    @property
    def _key(self) -> str:
        """The conversation's id, of a new one too."""
        return self._conversation or f"{NETWORK}:/{self._room.visitor.person_id}/{self._thread}"

    @property
    def _own(self) -> bool:
        return self._conversation.startswith(f"{NETWORK}:/{self._room.visitor.person_id}/")

    async def chosen(self) -> Exchange | None:
        """The answer the right pane shows: the one of the address, else the newest."""
        await self._read_once.wait()
        by_id = {one.id: one for one in self._found}
        return by_id.get(self._answer) or (self._found[-1] if self._found else None)

    # ── Reading ──

    async def _read(self) -> tuple[Exchange, ...]:
        try:
            if not self._conversation:
                return ()
            self._found = await self._room.read(
                tuple, "conversation.show", conversation=self._conversation, limit=SHOWN
            )
            return self._found
        finally:
            self._read_once.set()

    def _draw(self, found: tuple[Exchange, ...]) -> None:
        self._title(found)
        for one in found:
            self._exchange(one)
        if not found and not self._conversation and self._room.may("conversation.ask"):
            empty("Ask anything in plain words, or type a command. Answers come with what they were read from.")
        elif not found and not self._conversation:
            empty("Choose a conversation.")
        if found:
            ui.run_javascript(END)
        if self.pane is not None:
            ui.timer(0.0, self.pane.refresh, once=True)

    def _received(self, events: Sequence[Event]) -> Awaitable[None] | None:
        """Remember the id of what is being answered here, for the Stop button."""
        for event in events:
            if isinstance(event, MessageReceived) and event.conversation == self._key:
                self._incoming = event.incoming_id
        return self._cancel() if self._stopping and self._incoming else None

    async def _again(self) -> None:
        if self._conversation:
            await self._section.refresh()
            if self.pane is not None:
                await self.pane.refresh()

    def _title(self, found: tuple[Exchange, ...]) -> None:
        self._head.clear()
        with self._head:
            with box("a", "iconbtn back", href="/conversations", aria_label="All conversations"):
                icon("back")
            if not found:
                Text("h2", "New conversation" if not self._conversation else "Conversation")
                return
            last = found[-1]
            here = last.network == NETWORK
            Text("h2", found[0].question[:80] if here else (last.place_name or last.person or title_of(last.network)))
            Text("small", "here" if here else title_of(last.network))
            open_it = '() => document.querySelector(".talk").classList.toggle("details")'
            icon_button("details", "About this answer", js=open_it).classes("only-narrow").style("margin-left: auto")

    def _exchange(self, one: Exchange) -> None:
        with box("div", "m"):
            Text("span", initials(one.person or "?"), "av")
            with box("div"):
                with box("div", "by"):
                    Text("span", one.person or "somebody unknown")
                    age(one.asked_at, "at", "")
                Text("p", one.question, "said")
        with box("div", "m answer") as element:
            element.mark(f"answer-{one.id}")
            Text("span", "S", "av s")
            with box("div"):
                with box("div", "by"):
                    Text("span", "Signalbox")
                    if one.reply.produced_by is not None:
                        produced(one.reply.produced_by)
                    if one.delivery == "failed":
                        Text("small", "not delivered yet: see Deliveries")
                reply(Reply(text=one.reply.text, sources=one.reply.sources, table=one.reply.table))
                self._buttons(one.reply.buttons)
                self._thumbs(one)

    def _thumbs(self, one: Exchange) -> None:
        with box("div", "acts"):
            if self._room.may("conversation.rate") and one.reply.answer_id:
                for words, good, count in (("Good", True, one.good), ("Bad", False, one.bad)):
                    button = Button(
                        f"{words} {count}" if count else words, self._rate(one, good), classes="q",
                        title=f"This answer was {words.lower()}",
                    )  # fmt: skip
                    button.mark(f"{words.lower()}-{one.id}").props["aria-pressed"] = "true" if count else "false"
            Button("How it came", self._choose(one), classes="q").mark(f"choose-{one.id}")

    def _choose(self, one: Exchange) -> Callable[[], Awaitable[None]]:
        async def choose() -> None:
            self._answer = one.id
            if self.pane is not None:
                await self.pane.refresh()
            ui.run_javascript('document.querySelector(".talk")?.classList.add("details")')

        return choose

    def _rate(self, one: Exchange, good: bool) -> Callable[[], Awaitable[None]]:
        async def rate() -> None:
            await self._room.dispatch("conversation.rate", {"answer_id": one.id, "good": good}, key=new_id())
            toast("Thanks, noted.")
            await self._again()

        return rate

    # ── Talking ──

    def _box(self) -> None:
        if not self._room.may("conversation.ask"):
            return
        if self._conversation and not self._own:
            return
        with box("form", "box").on("submit.prevent", lambda: self._send()), box("div", "say"):
            self._input = ui.textarea().props("borderless dense autogrow rows=1 maxlength=4000 input-class=say-input")
            self._input.props["aria-label"] = "Message"
            self._input.props["placeholder"] = "Ask anything, or type a command"
            self._input.mark("message").classes("say-field")
            self._input.on("keydown.enter.exact.prevent", lambda: self._send())
            with box("span", "hint"):
                Text("kbd", "Enter")
                Text("span", " send")
            self._stop = Button("Stop", self._cancel).mark("stop")
            self._stop.set_visibility(False)
            self._go = Button("Send", self._send, classes="p").mark("send")

    async def _send(self) -> None:
        text = str(self._input.value or "").strip()
        if text and (self._task is None or self._task.done()):
            self._input.set_value("")
            await self._say(text)

    async def _cancel(self) -> None:
        """Stop the answer that is being made; as soon as its id is known when that takes a moment."""
        self._stopping = not self._incoming
        if self._incoming:
            await self._room.dispatch("conversation.stop", {"incoming_id": self._incoming})

    async def _say(self, text: str) -> None:
        """Say something here and show the answer as it grows."""
        await self._room.still_signed_in()
        sink = PageSink()
        self._incoming, self._stopping = "", False
        self._busy(True)
        with self._growing:
            with box("div", "m"):
                Text("span", initials(self._room.visitor.name), "av")
                with box("div"):
                    with box("div", "by"):
                        Text("span", self._room.visitor.name)
                    Text("p", text, "said")
            with box("div", "m answer"):
                Text("span", "S", "av s")
                with box("div"):
                    with box("div", "by"):
                        Text("span", "Signalbox")
                        working = Text("small", "working")
                    shown = Markdown()
            ui.run_javascript(END)
            timer = ui.timer(SHOW_EVERY_S, lambda: self._grow(sink, shown, working))
        self._task = background_tasks.create(self._wait_for(text, sink), name="say")
        with suppress(asyncio.CancelledError):
            await asyncio.wait({self._task})
        timer.cancel()
        if not self._growing.is_deleted:
            self._growing.clear()
            self._busy(False)
            await self._again()

    async def _wait_for(self, text: str, sink: PageSink) -> None:
        try:
            said = await self._room.app.conversations.say(
                self._room.caller,
                text,
                network=NETWORK,
                conversation=self._thread,
                key=new_id(),
                sink=sink,
                address=self._room.visitor.address,
                agent=self._room.visitor.agent,
            )
        except Exception as error:  # the one place for errors decides what is said
            with self._room.client:
                show(error)
            return
        first = not self._conversation
        self._conversation = f"{NETWORK}:/{self._room.visitor.person_id}/{said.conversation}"
        self._answer = ""
        if first and not self._growing.is_deleted:
            self._remember()

    def _remember(self) -> None:
        """Put the new conversation's address into the browser without drawing the page again."""
        address = json.dumps(to_address(self._conversation))  # made of ids of ours alone
        self._room.client.run_javascript(f"history.replaceState({{page: {address}}}, '', {address})")

    def _grow(self, sink: PageSink, shown: Markdown, working: Text) -> None:
        if sink.take_change():
            shown.show(sink.so_far)
            if sink.note or sink.done:
                of = f" of {sink.total}" if sink.total else ""
                working.set_text(f"working, {sink.done}{of} {sink.note}".strip())
            ui.run_javascript(END)

    def _busy(self, busy: bool) -> None:
        self._stop.set_visibility(busy)
        self._go.set_visibility(not busy)

    def _buttons(self, buttons: tuple[ReplyButton, ...]) -> None:
        shown = [one for one in buttons if one.value.partition(":")[0] not in ("good", "bad", "stop")]
        if not shown or not self._own:
            return
        with box("div", "acts"):
            for one in shown:
                style = {"primary": "p", "danger": "d"}.get(one.style, "")
                Button(one.label, self._pressed(one), classes=style).mark(f"reply-{one.label}")

    def _pressed(self, one: ReplyButton) -> Callable[[], Awaitable[None]]:
        async def pressed() -> None:
            word, _, rest = one.value.partition(":")
            if word == "confirm":
                result = await self._room.app.answers.approve(await self._room.context(), rest)
                toast(result.value.text if isinstance(result.value, Reply) else "Done.")
            elif word == "decline":
                await self._room.dispatch("waiting.decline", {"confirmation_id": rest})
                toast("Declined; it was not run.")
            else:
                await self._say(one.value.removeprefix("run:"))
                return
            await self._again()

        return pressed
