"""Signalbox in the test's own process, with both real networks, quick to notice what breaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import bot.slack
from bot.discord.budget import IdentifyBudget
from bot.discord.connection import DiscordChat
from bot.discord.marks import ForgetfulMarks
from bot.slack import Timing
from core.app import App, Ports, open_app
from core.config import load_settings
from core.ports import Chat, Rate
from core.vault import KeyFile
from tests.fakes.house import GUIDE, embedder, until
from tests.faults import tale
from tests.faults.town import Town
from tests.faults.victim import let_in

QUICK = Timing(
    ping_s=0.2, stale_s=1.5, check_s=0.5, look_s=0.02, connect_s=2.0, close_s=0.2, first_s=0.05, longest_s=0.3,
    calm_s=0.3, crowded_s=0.3, refused_s=0.3,
)  # fmt: skip
FAST = Rate(per_s=1_000, burst=1_000)


def quick_slack(app: App) -> Chat:
    made = bot.slack.chat(app.vault, app.settings, app.inbox.newest, forms=app.door.registry.get, timing=replace(QUICK))
    made.rate = FAST
    return made


def quick_discord(app: App, silent_s: float) -> Chat:
    made = DiscordChat(
        secrets=app.vault, settings=app.settings, newest=app.inbox.newest, known=app.inbox.known, complete=None,
        favourites=(), marks=ForgetfulMarks(), budget=IdentifyBudget(gap_s=0.05), silent_s=silent_s,
    )  # fmt: skip
    made.rate = FAST
    return made


@asynccontextmanager
async def living(home: Path, town: Town, *, silent_s: float = 50.0) -> AsyncIterator[App]:
    """A running App that listens on both networks; everybody of the town is let in.

    silent_s: after which silence Discord is looked into; its heartbeats come every 41 s.
    """
    fresh = not (home / "signalbox.db").exists()
    settings = load_settings(str(home), environ=town.environ())
    ports = Ports(
        embedder=embedder,
        key_store=KeyFile(home / "master.key"),
        guide=GUIDE,
        chats=(quick_slack, lambda app: quick_discord(app, silent_s)),
    )
    async with open_app(settings, ports) as app:
        app.door.registry.add_module(tale)
        if fresh:
            await let_in(app, town.links)
        app.start()
        app.connect()
        await town.connected()
        await until(lambda: all(one.state == "ok" for one in app.health().values()), what="both connections")
        yield app
