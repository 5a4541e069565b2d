"""The log on stderr: lines for people or JSON for machines, with secrets struck out of both."""

from __future__ import annotations

import json
import logging
import re
import sys
import time
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, TextIO

HIDDEN = "•••"
SHORTEST = 8
"""Secrets shorter than this are not looked for: they would strike out words."""

_SHAPES = re.compile(
    r"\bxox[abeprs](?:\.xox[bp])?-[\w-]{8,}|\bxapp-[\w-]{8,}"  # Slack
    r"|\b[MNO][\w-]{23,27}\.[\w-]{6,7}\.[\w-]{27,}"  # Discord
    r"|\bsk-[\w-]{16,}|\bgh[opsu]_\w{20,}|\bgithub_pat_\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}"
    r"|(?<=[Bb]earer )[\w.~+/=-]{12,}|(?<=://)[^\s/:@]+:[^\s/@]+(?=@)|(?<=[?&]code=)[\w-]{12,}"
)
_QUIET = ("slack_bolt", "slack_sdk", "discord", "aiohttp", "uvicorn", "apscheduler", "tzlocal", "nicegui", "engineio")
"""Libraries whose every step is not news."""


class Redactor:
    """Strikes secrets out of texts: those it was told, and what has the shape of one."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        for secret in secrets:
            self.learn(secret)

    def learn(self, secret: str) -> None:
        """Strike this text out from now on."""
        if len(secret) >= SHORTEST:
            self._known.add(secret)

    def redact(self, text: str) -> str:
        """The text without secrets."""
        for secret in self._known:
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(HIDDEN, text)


class _Form(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.redact(self.line(record))

    def line(self, record: logging.LogRecord) -> str:
        raise NotImplementedError


class ConsoleForm(_Form):
    """`14:03:07 warning bus: …`, a traceback on the lines below."""

    def line(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        name = record.name.removeprefix("core.")
        text = f"{at} {record.levelname.lower():7} {name}: {record.getMessage()}"
        return f"{text}\n{_trace(record)}" if record.exc_info else text


class JsonForm(_Form):
    """One object a line: `at`, `level`, `logger`, `message`, and `error` where there is one."""

    def line(self, record: logging.LogRecord) -> str:
        """The line of one record."""
        members = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            members["error"] = _trace(record)
        return json.dumps(members, ensure_ascii=False)


def set_up(
    form: Literal["console", "json"], level: str, *, secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Redactor:
    """Send every log line to stderr in that form; the redactor may learn more secrets later."""
    redactor = Redactor(secrets)
    out = logging.StreamHandler(stream or sys.stderr)
    out.setFormatter(JsonForm(redactor) if form == "json" else ConsoleForm(redactor))
    root = logging.getLogger()
    for old in root.handlers[:]:
        if getattr(old, "of_signalbox", False):
            root.removeHandler(old)
    out.of_signalbox = True  # type: ignore[attr-defined]  # so that a second call replaces it
    root.addHandler(out)
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)
    return redactor


def _trace(record: logging.LogRecord) -> str:
    kind, error, trace = record.exc_info or (None, None, None)
    return "".join(traceback.format_exception(kind, error, trace)).rstrip()
