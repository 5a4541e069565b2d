"""`do`, `ask` and `chat`: says a text, shows the answer, and asks where a yes is needed.

Whom it talks to does not matter: the process that runs (`Client`) or one of its own (`PrivateTalker`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from core.cli.client import NotAnswering, Refused
from core.cli.quick import quoted

if TYPE_CHECKING:
    from core.cli.outside import Screen
    from core.cli.quick import Talk
    from core.cli.terminal import Terminal

DONE = ("answered", "not found")
"""How a turn ends in which what was asked was done."""
LEAVE = ("exit", "quit", "bye")
INTERRUPTED = 130


class Talker(Protocol):
    """Somebody who answers."""

    def say(
        self,
        text: str,
        conversation: str,
        *,
        on_text: Callable[[str], None],
        on_progress: Callable[[int, int | None, str], None],
    ) -> dict[str, object]:
        """The answer, as `POST /api/v1/chat` gives it. Raises Refused, NotAnswering."""
        ...

    def call(self, action: str, arguments: Mapping[str, object], *, confirm: str = "") -> object:
        """The result of an action. Raises Refused, NotAnswering."""
        ...


def talked(talk: Talk, talker: Talker, terminal: Terminal, screen: Screen) -> int:
    """The exit code: 0 when it was done, 1 when not, 130 after Ctrl+C."""
    session = _Session(talker, terminal, screen)
    try:
        if talk.kind == "chat":
            return session.converse()
        text = f"ask {quoted(talk.text)}" if talk.kind == "ask" else talk.text
        return session.once(text, as_json=talk.json, yes=talk.yes)
    except Refused as refused:
        terminal.tell(refused.message)
        return 1
    except NotAnswering as fault:
        terminal.tell(f"The process that runs here did not answer: {fault}.", "`signalbox doctor` says more.")
        return 1
    except KeyboardInterrupt:
        terminal.tell("")
        return INTERRUPTED


class _Session:
    def __init__(self, talker: Talker, terminal: Terminal, screen: Screen) -> None:
        self._talker, self._terminal, self._screen = talker, terminal, screen
        self._conversation = f"terminal-{os.urandom(8).hex()}"
        self._streamed: list[str] = []

    def once(self, text: str, *, as_json: bool, yes: bool) -> int:
        """Say one text and show what comes back."""
        answer = self._say(text, live=not as_json)
        asked = confirmation_of(answer)
        if not asked:
            self._show(answer, as_json=as_json)
            return 0 if answer.get("outcome", "answered") in DONE else 1
        if not yes:
            self._show(answer, as_json=as_json, to_err=not as_json)
            if not self._terminal.agrees("Run it?"):
                self._decline(asked)
                self._terminal.tell("Nothing was run." + ("" if self._terminal.listens else " Add --yes to run it."))
                return 1
        result = self._confirm(asked)
        lines = [json.dumps(result, ensure_ascii=False)] if as_json else self._screen.result(result)
        self._terminal.say(*lines)
        return 0

    def converse(self) -> int:
        """Talk until `exit`, the end of the input, or Ctrl+C."""
        self._terminal.tell("Ask anything, or type a command; `help` lists them, `exit` ends.")
        while True:
            try:
                text = self._terminal.line("> ").strip()
            except EOFError:
                self._terminal.tell("")
                return 0
            if text.lower() in LEAVE:
                return 0
            if text:
                self._turn(text)

    def _turn(self, text: str) -> None:
        try:
            answer = self._say(text, live=True)
            self._show(answer, as_json=False)
            asked = confirmation_of(answer)
            if asked and self._terminal.agrees("Run it?"):
                self._terminal.say(*self._screen.result(self._confirm(asked)))
            elif asked:
                self._decline(asked)
                self._terminal.tell("Nothing was run.")
        except Refused as refused:
            self._terminal.tell(refused.message)
        self._terminal.say("")

    def _say(self, text: str, *, live: bool) -> dict[str, object]:
        self._streamed.clear()
        shows = live and self._terminal.shows
        try:
            return self._talker.say(
                text,
                self._conversation,
                on_text=self._stream if shows else lambda part: None,
                on_progress=self._terminal.progress,
            )
        finally:
            self._terminal.settle()
            if self._streamed and not self._streamed[-1].endswith("\n"):
                self._terminal.say("")

    def _stream(self, part: str) -> None:
        self._streamed.append(part)
        self._terminal.stream(part)

    def _show(self, answer: Mapping[str, object], *, as_json: bool, to_err: bool = False) -> None:
        if as_json:
            lines: Sequence[str] = [json.dumps(answer, ensure_ascii=False)]
        else:
            lines = self._screen.answer(answer, said="".join(self._streamed))
        (self._terminal.tell if to_err else self._terminal.say)(*lines)

    def _confirm(self, asked: str) -> object:
        waiting = self._talker.call("waiting.list", {})
        for one in waiting if isinstance(waiting, list) else ():
            if isinstance(one, dict) and one.get("id") == asked:
                arguments = one.get("arguments")
                return self._talker.call(
                    str(one["action"]), arguments if isinstance(arguments, dict) else {}, confirm=asked
                )
        raise Refused({"detail": "What was asked does not wait any more.", "hint": "Ask for it again."})

    def _decline(self, asked: str) -> None:
        self._talker.call("waiting.decline", {"confirmation_id": asked})


def confirmation_of(answer: Mapping[str, object]) -> str:
    """The id of what waits for a yes in this answer; empty when nothing does."""
    reply = answer.get("reply")
    buttons = reply.get("buttons") if isinstance(reply, dict) else None
    for button in buttons if isinstance(buttons, list) else ():
        value = str(button.get("value", "")) if isinstance(button, dict) else ""
        if value.startswith("confirm:"):
            return value.removeprefix("confirm:")
    return ""
