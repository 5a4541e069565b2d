"""One life of Signalbox with its real networks, to be killed: at a named point, at a time, or not at all."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import bot.discord
import bot.slack
from bot.discord.connection import DiscordChat
from bot.slack import SlackChat
from core import points
from core.actions import Context
from core.app import App, MakeChat, Ports, open_app
from core.config import load_settings
from core.conversation import live
from core.outbox import service as outbox_service
from core.ports import Chat, Rate
from core.storage import Marks
from core.values import Caller
from core.vault import KeyFile
from tests.fakes.house import GUIDE, embedder
from tests.faults import tale

FINISH, VERDICT = "finish", "verdict.json"
LONGEST_S = 60.0
KNOWN = "The tower of Pisa is 56 metres high."
"""What everybody may know, so that questions have an answer with its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How one process lives. point: where it dies at the nth time; empty: it is ended from outside."""

    home: str
    environ: Mapping[str, str]
    point: str = ""
    nth: int = 1
    links: Mapping[str, str] | None = None
    """`network:external id` → name of a person to be let in before anything starts."""


def hurry() -> None:
    """Shorten what only spares the networks: signs of life, the first wait after a refused connection."""
    live.SIGN_S, live.EVERY_S = 0.1, 0.12
    outbox_service.BACKOFF_S = 0.1
    SlackChat.rate = DiscordChat.rate = Rate(per_s=1_000, burst=1_000)


def die_at(point: str, nth: int) -> Callable[[str], None]:
    """A hook that ends this process the nth time it reaches a point; any thread may."""
    left = [nth]

    def reached(name: str) -> None:
        if name == point:
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return reached


async def lead(life: Life) -> None:
    """Live until killed, or until the file `finish` asks for an end and nothing is left to do."""
    home = Path(life.home)
    settings = load_settings(life.home, environ=life.environ)
    ports = Ports(embedder=embedder, key_store=KeyFile(home / "master.key"), guide=GUIDE, chats=CHATS)
    async with open_app(settings, ports) as app:
        app.door.registry.add_module(tale)
        if life.links:
            await let_in(app, life.links)
        if life.point:
            points.watch(die_at(life.point, life.nth))
        app.start()
        app.connect()
        async with asyncio.timeout(LONGEST_S):
            while not (home / FINISH).exists() or app.inbox.waiting or app.outbox.waiting:
                await asyncio.sleep(0.02)
        faults = (await app.audit.verify()).faults
        (home / VERDICT).write_text(json.dumps({"audit": faults, "deliveries": await app.outbox.counts()}))


def slack(app: App) -> Chat:
    return bot.slack.chat(app.vault, app.settings, app.inbox.newest, forms=app.door.registry.get)


def discord(app: App) -> Chat:
    return bot.discord.chat(app.vault, app.settings, app.inbox.newest, known=app.inbox.known, marks=Marks(app.storage))


CHATS: tuple[MakeChat, ...] = (slack, discord)


async def let_in(app: App, links: Mapping[str, str]) -> None:
    owner = await app.identity.ensure_owner()
    ctx = Context(caller=Caller(network="terminal", external_id=owner.id))
    for link, name in links.items():
        network, _, external_id = link.partition(":")
        await app.door.dispatch(ctx, "people.add", {"name": name, "role": "member"})
        person = await app.identity.person(name)
        await app.door.dispatch(
            ctx, "people.link", {"person": person.id, "network": network, "external_id": external_id}
        )
    await app.door.dispatch(ctx, "notes.add", {"text": KNOWN, "share": True})
