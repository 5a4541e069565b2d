"""Slack as one of the networks: fills the port `Chat`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from bot.slack.connection import Connection, Timing
from bot.slack.directory import Directory
from bot.slack.history import History, Newest
from bot.slack.modals import FindDefinition, Modals
from bot.slack.receive import Receiver, WhenLeft
from bot.slack.send import Sender
from bot.slack.stream import Streams
from bot.slack.translate import NETWORK, Me
from bot.slack.web import SLACK_API, TIMEOUT_S, TokenRefused, Web
from core.config.settings import Settings
from core.errors import AppError, BadSettings, Limited, Unavailable
from core.ports import Health, Intake, Rate, Secrets, Sent
from core.values import Incoming, Message, Place

if TYPE_CHECKING:
    import aiohttp
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.web.async_client import AsyncWebClient

HINT = "Run `signalbox init slack`, or save SLACK_BOT_TOKEN and SLACK_APP_TOKEN under Connections."

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Live:
    """What there is while it runs."""

    web: Web
    me: Me
    directory: Directory
    sender: Sender
    streams: Streams


class SlackChat:
    """One workspace, read and written with the tokens of its own app."""

    network = NETWORK
    rate = Rate(per_s=1.0, burst=4)

    def __init__(
        self,
        secrets: Secrets,
        settings: Settings,
        newest: Newest,
        *,
        forms: FindDefinition | None = None,
        when_left: WhenLeft | None = None,
        timing: Timing | None = None,
    ) -> None:
        self._secrets, self._settings, self._newest = secrets, settings, newest
        self._forms, self._when_left = forms, when_left
        self._timing = timing or Timing()
        self._live: _Live | None = None
        self._connection: Connection | None = None
        self._group: asyncio.TaskGroup | None = None
        self._health = Health(state="off", detail=f"Not started. {HINT}")

    def health(self) -> Health:
        if self._connection is None:
            return self._health
        health = self._connection.health()
        return Health(
            state=health.state,
            detail=health.detail,
            last_received_at=health.last_received_at,
            workspace=self._live.me.workspace if self._live else "",
        )

    # ── Running ──

    async def run(self, intake: Intake) -> None:
        try:
            bot_token, app_token = await self._tokens()
        except BadSettings:
            await asyncio.Event().wait()  # a token that is saved starts this part again
            raise
        await asyncio.to_thread(import_module, "bot.slack.sdk")
        import aiohttp
        from slack_sdk.web.async_client import AsyncWebClient

        base_url = self._settings.url("slack", SLACK_API)
        limits = aiohttp.ClientTimeout(total=TIMEOUT_S, sock_connect=5.0)
        try:
            async with aiohttp.ClientSession(timeout=limits) as session, asyncio.TaskGroup() as group:
                self._group = group
                client = AsyncWebClient(
                    bot_token, base_url=base_url.rstrip("/") + "/", session=session, retry_handlers=[]
                )
                web = Web(client, session)
                me = await self._sign_in(web)
                await self._connect(session, client, web, me, app_token, intake)
        finally:
            self._connection, self._live, self._group = None, None, None
            self._health = Health(state="off", detail="Stopped.")

    async def _tokens(self) -> tuple[str, str]:
        """The two tokens. Raises BadSettings, with the health saying why, when they cannot be used."""
        bot = (await self._secrets.secret("SLACK_BOT_TOKEN", purpose="connect") or "").strip()
        app = (await self._secrets.secret("SLACK_APP_TOKEN", purpose="connect") or "").strip()
        missing = [name for name, token in (("SLACK_BOT_TOKEN", bot), ("SLACK_APP_TOKEN", app)) if not token]
        if missing:
            self._health = Health(state="off", detail=f"{' and '.join(missing)} not set. {HINT}")
            raise BadSettings(self._health.detail)
        wrong = wrong_kind("SLACK_BOT_TOKEN", bot, "xoxb-") or wrong_kind("SLACK_APP_TOKEN", app, "xapp-")
        if wrong:
            self._health = Health(state="failed", detail=wrong)
            raise BadSettings(wrong)
        self._health = Health(state="starting", detail="Connecting to Slack.")
        return bot, app

    async def _sign_in(self, web: Web) -> Me:
        """Who the bot is; tried until Slack says so."""
        wait_s = self._timing.first_s
        while True:
            try:
                body = await web.read("auth.test")
                return Me(
                    team_id=str(body["team_id"]),
                    user_id=str(body["user_id"]),
                    bot_id=str(body.get("bot_id") or ""),
                    workspace=str(body.get("team") or ""),
                )
            except TokenRefused as error:
                self._health = Health(state="failed", detail=str(error))
                pause_s = self._timing.refused_s
            except AppError as error:
                self._health = Health(state="degraded", detail=str(error))
                pause_s = error.retry_after_s if isinstance(error, Limited) else wait_s
                wait_s = min(self._timing.longest_s, wait_s * 2)
            await asyncio.sleep(pause_s)

    async def _connect(
        self, session: aiohttp.ClientSession, client: AsyncWebClient, web: Web, me: Me, app_token: str, intake: Intake
    ) -> None:
        directory = Directory(web, me)
        sender = Sender(web, directory)
        self._live = _Live(
            web=web, me=me, directory=directory, sender=sender, streams=Streams(web, sender, self._start)
        )
        modals = Modals(web, self._forms)
        receiver = Receiver(me, directory, intake, modals, self._ready, self._missed, self._when_left)
        self._history = History(web, directory, me, self._newest, receiver.accept)
        self._connection = Connection(
            _bolt(client, session, me, receiver), web, app_token, self._timing,
            before=self._history.remember, opened=self._history.want,
        )  # fmt: skip
        self._start(self._history.run())
        await self._connection.run()

    async def _ready(self, channel_id: str) -> None:
        await self._history.ready(channel_id)

    def _missed(self, channel_id: str, sent_at: datetime) -> None:
        self._history.missed(channel_id, sent_at)

    def _start(self, work: Coroutine[object, object, T]) -> asyncio.Task[T | None]:
        """Run it beside. Raises Unavailable when there is nothing it could run in (any more)."""
        guarded = _guarded(work)
        try:
            if self._group is not None:
                return self._group.create_task(guarded)
        except RuntimeError:
            log.debug("the connection to Slack is being closed")
        guarded.close()
        work.close()
        raise Unavailable("Slack is not connected.", hint=self._health.detail)

    # ── Writing ──

    async def send(self, message: Message) -> Sent:
        live = self._here()
        if message.operation != "post":
            await live.streams.settle(message.address.message_id)
        sent = await live.sender.send(message)
        live.streams.done(message.about)
        return sent

    async def find(self, message: Message) -> Sent | None:
        return await self._here().sender.find(message)

    async def working(self, incoming: Incoming) -> None:
        if self._live is not None:
            await self._live.streams.working(incoming)

    async def open_reply(self, incoming: Incoming, text: str) -> str:
        return await self._here().streams.open(incoming, text)

    async def grow_reply(self, incoming: Incoming, message_id: str, text: str) -> None:
        if self._live is not None:
            await self._live.streams.grow(incoming, message_id, text)

    async def direct_place(self, external_id: str) -> Place:
        return await self._here().directory.direct(external_id)

    async def find_place(self, name: str) -> Place:
        return await self._here().directory.find(name)

    def _here(self) -> _Live:
        if self._live is None:
            raise Unavailable("Slack is not connected.", hint=self._health.detail)
        return self._live


def wrong_kind(name: str, token: str, prefix: str) -> str:
    """What is wrong with the kind of a token, or an empty text."""
    if token.startswith(prefix):
        return ""
    kinds = {"xoxb-": "a bot token", "xapp-": "an app token", "xoxp-": "a person's token", "xoxe": "a rotating token"}
    kind = next((said for start, said in kinds.items() if token.startswith(start)), "no token of Slack")
    where = "OAuth & Permissions" if prefix == "xoxb-" else "Basic Information, App-Level Tokens"
    return f"{name} is {kind}; it must begin with {prefix}. Copy it from {where} at api.slack.com/apps."


def _bolt(client: AsyncWebClient, session: aiohttp.ClientSession, me: Me, receiver: Receiver) -> AsyncApp:
    """Bolt with one middleware that takes everything; it looks nobody up on its own."""
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.authorization import AuthorizeResult
    from slack_sdk.web.async_client import AsyncWebClient

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team_id, bot_user_id=me.user_id, bot_id=me.bot_id, bot_token=client.token
        )

    async def take(body: dict[str, object]) -> object:
        return await receiver.take(body)

    tokenless = AsyncWebClient(base_url=client.base_url, session=session, retry_handlers=[])
    app = AsyncApp(client=tokenless, authorize=authorize, logger=logging.getLogger("signalbox.slack.bolt"))
    app.middleware(take)
    return app


async def _guarded(work: Coroutine[object, object, T]) -> T | None:
    """Its result; what it raises is logged, and ends nothing else."""
    try:
        return await work
    except Exception:
        log.exception("a background task of the Slack connection failed")
        return None
