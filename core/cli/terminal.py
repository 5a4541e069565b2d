"""What a person sees while a command works: lines, progress, a question with yes or no."""

from __future__ import annotations

import sys
from typing import TextIO

BAR = 24
CLEAR = "\r\033[K"


class Terminal:
    """Output and input of one command. On a terminal progress is one moving line, otherwise plain lines."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None, inp: TextIO | None = None) -> None:
        self.out, self.err, self.inp = out or sys.stdout, err or sys.stderr, inp or sys.stdin
        self.shows = self.out.isatty()
        """Whether somebody watches what is written."""
        self.listens = self.inp.isatty() and self.err.isatty()
        """Whether somebody can answer."""
        self._moving = False
        self._tenth = -1

    def say(self, *lines: str) -> None:
        """Lines of the result, on stdout."""
        self.settle()
        self.out.write("".join(f"{line}\n" for line in lines))
        self.out.flush()

    def stream(self, text: str) -> None:
        """Part of the result as it comes in; only where somebody watches."""
        self.settle()
        self.out.write(text)
        self.out.flush()

    def tell(self, *lines: str) -> None:
        """Lines about the result (errors, notes, stages), on stderr."""
        self.settle()
        self.err.write("".join(f"{line}\n" for line in lines))
        self.err.flush()

    def progress(self, done: int, total: int | None, note: str = "") -> None:
        """`done` of `total` steps; total None when it is not known."""
        if self.err.isatty():
            self._moving = True
            self.err.write(f"{CLEAR}{_bar(done, total)} {note}"[: 110 + len(CLEAR)])
            self.err.flush()
            return
        tenth = done * 10 // total if total else done // 100
        if tenth != self._tenth:
            self._tenth = tenth
            self.err.write(f"{done}{f' of {total}' if total else ''} {note}".rstrip() + "\n")

    def settle(self) -> None:
        """Remove the moving line."""
        if self._moving:
            self._moving = False
            self.err.write(CLEAR)
            self.err.flush()

    def agrees(self, question: str) -> bool:
        """Whether somebody at the terminal says yes; nobody there is a no."""
        if not self.listens:
            return False
        return self.line(f"{question} [y/N] ").strip().lower() in ("y", "yes")

    def line(self, prompt: str) -> str:
        """One line that is typed. Raises EOFError at the end of the input."""
        self.settle()
        self.err.write(prompt)
        self.err.flush()
        typed = self.inp.readline()
        if not typed:
            raise EOFError
        return typed.rstrip("\r\n")

    def hidden(self, prompt: str) -> str:
        """One line that is not shown while it is typed."""
        if not self.listens:
            return self.line(prompt)
        import getpass

        self.settle()
        return getpass.getpass(prompt, self.err)


def _bar(done: int, total: int | None) -> str:
    if not total:
        return f"{done} …"
    full = min(BAR, done * BAR // total)
    return f"[{'█' * full}{'·' * (BAR - full)}] {done}/{total}"
