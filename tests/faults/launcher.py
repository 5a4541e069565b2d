"""A warm process: everything is imported, each life is a fork of it. `python -m tests.faults.launcher`.

Each line on stdin is a job `{"life": {…}, "kill_after_s": seconds or null}`; each line on stdout says how
that life ended: `{"code": n}`, negative for the signal. No thread is ever started here.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
import time

import bot.discord.client
import bot.discord.commands
import bot.discord.history
import bot.discord.live
import bot.discord.places
import bot.discord.send
import bot.slack
import core.storage.migrations
from core.observability.logs import set_up
from tests.fakes.house import embedder
from tests.faults.victim import Life, hurry, lead

POLL_S = 0.005
LATEST_S = 75.0

__all__ = ["bot", "core", "main"]


def main() -> None:
    hurry()
    embedder()
    assert threading.active_count() == 1, "a fork takes no other thread along"
    for line in sys.stdin:
        job = json.loads(line)
        code = lived(Life(**job["life"]), job["kill_after_s"])
        sys.stdout.write(json.dumps({"code": code}) + "\n")
        sys.stdout.flush()


def lived(life: Life, kill_after_s: float | None) -> int:
    """The exit code of one life."""
    pid = os.fork()
    if pid == 0:
        _live(life)
    until = time.monotonic() + (LATEST_S if kill_after_s is None else kill_after_s)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until:
            os.kill(pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        time.sleep(POLL_S)


def _live(life: Life) -> None:
    try:
        with open(f"{life.home}/process.log", "a", buffering=1) as log:
            os.dup2(log.fileno(), 2)
            set_up("console", "info")
            print(f"—— {os.getpid()} {life.point} {life.nth}", file=sys.stderr)  # noqa: T201
            asyncio.run(lead(life))
    except BaseException:
        import traceback

        traceback.print_exc()
        os._exit(3)
    os._exit(0)


if __name__ == "__main__":
    main()
