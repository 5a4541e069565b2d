"""Needs you: every row carries its remedy."""

from __future__ import annotations

from dataclasses import dataclass

from core.actions import Confirmation
from core.conversation import Unanswered
from core.events import ActionDone, ConnectionChanged, DeliveryChanged, MessageAnswered, PartFailed
from core.outbox import Delivery
from core.values import Reply
from gui.chips import title_of
from gui.errors import toast
from gui.parts.action_dialog import open_action
from gui.parts.basics import Button, Card, age, box, card, dot, empty, link, name, plain_words, row, sub
from gui.parts.section import Section
from gui.room import Room
from gui.running import press

DAYS = 7
KINDS = (ActionDone, DeliveryChanged, MessageAnswered, ConnectionChanged, PartFailed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What waits for the reader. connections: (network, what is wrong); parts: (part, error)."""

    questions: tuple[Confirmation, ...] = ()
    failed: tuple[Delivery, ...] = ()
    unanswered: tuple[Unanswered, ...] = ()
    connections: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def count(self) -> int:
        """How many rows there are."""
        return len(self.questions) + bool(self.failed) + bool(self.unanswered) + len(self.connections) + len(self.parts)


def needs_you(room: Room) -> None:
    """The card."""
    view = _View(room)
    with card("Needs you") as view.head:
        view.section = Section(room, view.read, view.draw, kinds=KINDS)


class _View:
    def __init__(self, room: Room) -> None:
        self._room = room
        self.head: Card | None = None
        self.section: Section[Needs] | None = None

    async def read(self) -> Needs:
        room = self._room
        questions: tuple[Confirmation, ...] = ()
        failed: tuple[Delivery, ...] = ()
        unanswered: tuple[Unanswered, ...] = ()
        if room.may("waiting.list"):
            questions = await room.read(tuple, "waiting.list")
        if room.may("deliveries.status"):
            failed = await room.read(tuple, "deliveries.status", state="failed", limit=100)
        if room.may("conversation.unanswered"):
            unanswered = await room.read(tuple, "conversation.unanswered", days=DAYS, limit=100)
        return Needs(
            questions=questions,
            failed=failed,
            unanswered=unanswered,
            connections=tuple(
                (network, health.detail)
                for network, health in sorted(room.app.health().items())
                if health.state == "failed"
            ),
            parts=tuple(
                (part.name, part.error)
                for part in room.app.supervisor.parts.values()
                if part.error and part.name not in room.app.health() and room.visitor.operates
            ),
        )

    def draw(self, needs: Needs) -> None:
        if self.head is not None:
            self.head.count(needs.count)
        for one in needs.questions:
            self._question(one)
        for network, detail in needs.connections:
            self._connection(network, detail)
        for part, error in needs.parts:
            with row():
                dot("bad")
                name(f"{part[:1].upper()}{part[1:]} stopped")
                sub(f"{error} It is started again by itself.")
                if self._room.may("activity.list"):
                    with box("div", "acts"):
                        link("Open activity", "/activity?outcome=failed", "btn")
        self._deliveries(needs.failed)
        self._unanswered(needs.unanswered)
        if not needs.count:
            empty("Nothing needs you now.", ("Ask something", "/conversations/new"), state="ok")

    async def _again(self) -> None:
        if self.section is not None:
            await self.section.refresh()

    def _question(self, one: Confirmation) -> None:
        async def approve() -> None:
            result = await self._room.app.answers.approve(await self._room.context(), one.id)
            toast(result.value.text if isinstance(result.value, Reply) else f"{one.action.replace('.', ' ')} was run.")
            await self._again()

        async def decline() -> None:
            await self._room.dispatch("waiting.decline", {"confirmation_id": one.id})
            toast("Declined; it was not run.")
            await self._again()

        with row():
            dot("warn")
            name(one.action.replace(".", " ") + "?")
            sub(one.summary.replace("`", ""))
            with box("span", "r"):
                age(one.expires_at, "in", "").props["title"] = "until then it can be answered"
            with box("div", "acts"):
                Button("Decline", decline).mark("say-no")
                Button("Approve" if one.approver else "Run it", approve, classes="p").mark("say-yes")

    def _connection(self, network: str, detail: str) -> None:
        with row():
            dot("bad")
            name(f"{title_of(network)} is not connected")
            sub(detail or "It failed and is tried again.")
            if self._room.may("vault.save"):
                with box("div", "acts"):
                    Button("Replace the token", lambda: open_token(self._room, network))

    def _deliveries(self, failed: tuple[Delivery, ...]) -> None:
        if not failed:
            return
        newest = failed[0]

        async def retry() -> None:
            await press(self._room, "deliveries.retry", {"delivery_id": "all"})
            await self._again()

        with row():
            dot("bad")
            name("1 delivery failed" if len(failed) == 1 else f"{len(failed)} deliveries failed")
            sub(f"{title_of(newest.destination.partition(':')[0])}: {newest.error} · {plain_words(newest.text)}")
            age(newest.created_at)
            with box("div", "acts"):
                if self._room.may("deliveries.retry"):
                    Button("Retry", retry).mark("retry-failed")
                link("Open", "/deliveries?state=failed", "btn")

    def _unanswered(self, found: tuple[Unanswered, ...]) -> None:
        if not found:
            return
        newest, rest = found[0], len(found) - 1
        more = f" and {rest} more" if rest else ""
        with row():
            dot("info")
            name("1 question nobody could answer" if not rest else f"{len(found)} questions nobody could answer")
            sub(f"“{newest.question}”{more}")
            age(newest.asked_at)
            with box("div", "acts"):
                if self._room.may("notes.add"):
                    given = f"# {newest.question}\n\n"
                    Button("Answer", lambda: open_action(self._room, "notes.add", {"text": given})).mark("answer-it")
                link("Open", "/conversations?unanswered=1", "btn")


TOKENS = {"slack": "SLACK_BOT_TOKEN", "discord": "DISCORD_TOKEN"}


def open_token(room: Room, network: str) -> None:
    """The form that keeps a network's token; it connects once the token is kept."""
    open_action(room, "vault.save", {"name": TOKENS.get(network, f"{network.upper()}_TOKEN")})
