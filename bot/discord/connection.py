"""The connection to Discord: made when there is a token, tested while it is quiet, made again with a brake."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Literal, NoReturn

from bot.discord.budget import Brake, IdentifyBudget
from core.config.settings import Settings
from core.errors import AppError, StorageFailed, Unavailable
from core.ports import Health, Intake, Rate, Secrets, Sent
from core.values import Incoming, Message, Place

if TYPE_CHECKING:
    from bot.discord.client import Client, Known, Newest
    from bot.discord.commands import Complete
    from bot.discord.marks import Favourite, Marks
    from bot.discord.rest import Rest
    from bot.discord.send import Sender

TOKEN = "DISCORD_TOKEN"
SILENT_S = 50.0
"""Discord answers a heartbeat every 41.25 s; a longer silence is looked into."""
GIVE_UP = 2.0
"""After so many silences the connection is made anew."""
LOGIN_S = 30.0
REST_S = 30.0
"""How long a connection that broke again and again rests."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
CLOSE_S = 1.0
NO_TOKEN = "No token. Make a bot in Discord's developer portal, then: `vault save DISCORD_TOKEN`."

State = Literal["off", "starting", "ok", "degraded", "failed"]
log = logging.getLogger(__name__)


class _Fatal(Exception):
    """Trying again cannot help; a person must do something."""


class DiscordChat:
    """The `Chat` port over discord.py. `bot.discord.chat` makes one."""

    network = "discord"
    rate = Rate(per_s=5, burst=5)

    def __init__(
        self, *, secrets: Secrets, settings: Settings, newest: Newest, known: Known | None,
        complete: Complete | None, favourites: Sequence[Favourite], marks: Marks, budget: IdentifyBudget,
        silent_s: float = SILENT_S,
    ) -> None:  # fmt: skip
        self._secrets, self._settings = secrets, settings
        self._newest, self._known, self._complete = newest, known, complete
        self._favourites, self._marks = favourites, marks
        self._silent_s = silent_s
        self._wake = asyncio.Event()
        self._state: State = "off"
        self._detail = "Not started."
        self._client: Client | None = None
        self._sender: Sender | None = None
        self._grown_at: dict[str, float] = {}
        self.budget = budget
        self.brake = Brake()

    # ── Health ──

    def health(self) -> Health:
        client = self._client
        if client is None:
            return Health(state=self._state, detail=self._detail)
        state, detail = self._state, self._detail
        silent_s = time.monotonic() - client.heard_s
        if client.live.is_set() and silent_s <= self._silent_s:
            state, detail = "ok", f"{self.budget.left} sessions left today."
        elif client.heard_at is not None:
            state = "degraded"
            detail = detail if self._state == "degraded" else f"Silent for {silent_s:.0f} s; reconnecting."
        names = [guild.name for guild in client.guilds]
        return Health(
            state=state,
            detail=detail,
            last_received_at=client.heard_at,
            workspace=", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else ""),
        )

    def reconnect(self) -> None:
        """Read the token again and connect: a secret was saved, or a person asked for it."""
        self._wake.set()

    # ── The connection ──

    async def run(self, intake: Intake) -> None:
        wait_s = FIRST_WAIT_S
        while True:
            self._wake.clear()
            began = time.monotonic()
            token = await self._secrets.secret(TOKEN, purpose="connect to Discord")
            if not token:
                self._say("off", NO_TOKEN)
                await self._wake.wait()
                continue
            self._say("starting", "Connecting.")
            try:
                await self._session(token, intake)
            except _Fatal as error:
                self._say("failed", str(error))
                await self._wake.wait()
                continue
            except StorageFailed:
                raise
            except AppError as error:
                self._say("degraded", str(error))
                wait_s = FIRST_WAIT_S if time.monotonic() - began > LONGEST_WAIT_S else wait_s
                rest_s = getattr(error, "retry_after_s", None) or wait_s
                log.warning("discord: %s; connecting again in %.0f s", error, rest_s)
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), rest_s)
                wait_s = min(LONGEST_WAIT_S, wait_s * 2)
                self.brake.release()

    async def _session(self, token: str, intake: Intake) -> None:
        """One login, until it ends; always by an exception, or quietly when the token is to be read again."""
        # the library takes 0.2 s to import: beside the loop, which answers others meanwhile
        await asyncio.to_thread(import_module, "bot.discord.client")
        from bot.discord.client import Client
        from bot.discord.send import Sender

        self._point()
        client = Client(
            intake=intake, newest=self._newest, known=self._known, complete=self._complete,
            budget=self.budget, brake=self.brake, silent_s=self._silent_s,
        )  # fmt: skip
        try:
            async with asyncio.timeout(LOGIN_S):
                await client.login(token)
            self._client = client
            self._sender = self._sender or Sender(lambda: self._rest)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(part)
                    for part in (self._gateway(client), self._watch(client), self._read(client), self._register(client))
                ]
                await self._wake.wait()
                for task in tasks:
                    task.cancel()
        except Exception as error:
            _raise_ours(error)
        finally:
            self._client = None
            await _close(client)

    def _point(self) -> None:
        """The library's two addresses, when others are set."""
        from discord.gateway import DiscordWebSocket
        from discord.http import Route

        Route.BASE = self._settings.url("discord", Route.BASE)
        gateway = self._settings.url("discord_gateway", "")
        if gateway:
            as_url = type(DiscordWebSocket.DEFAULT_GATEWAY)  # of the library that discord.py brings
            DiscordWebSocket.DEFAULT_GATEWAY = as_url(gateway)

    async def _gateway(self, client: Client) -> NoReturn:
        await client.connect(reconnect=True)
        raise Unavailable("Discord ended the connection.", hint="It is made again.")

    async def _watch(self, client: Client) -> NoReturn:
        """Look at the connection; when it is silent ask over REST, and when it stays silent make it anew."""
        asked = False
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self.brake.stopped.wait(), self._silent_s / 10)
            silent_s = time.monotonic() - client.heard_s
            if self.brake.pulled:
                raise Unavailable(
                    "The connection to Discord broke 10 times in a minute.", hint="It rests.", retry_after_s=REST_S
                )
            if silent_s > GIVE_UP * self._silent_s:
                raise Unavailable(f"Nothing was heard from Discord for {silent_s:.0f} s.", hint="Connecting anew.")
            if silent_s <= self._silent_s:
                asked = False
                self._say("ok" if client.live.is_set() else self._state, self._detail)
            elif not asked:
                asked = True
                await self._rest.call("GET", "/users/@me")
                self._say("degraded", "Discord answers, but its events stopped; reconnecting.")

    async def _read(self, client: Client) -> NoReturn:
        """Read history whenever something may have been missed; what fails is read again."""
        from bot.discord.history import catch_up

        wait_s = FIRST_WAIT_S
        while True:
            await client.missed.wait()
            client.missed.clear()
            try:
                await catch_up(client)
                wait_s = FIRST_WAIT_S
                if not client.missed.is_set() and client.live.is_set():
                    client.caught_up.set()
            except Exception as error:
                log.warning("discord: history was not read, it is tried again", exc_info=error)
                client.missed.set()
            if client.missed.is_set():
                await asyncio.sleep(wait_s)
                wait_s = min(LONGEST_WAIT_S, wait_s * 2)

    async def _register(self, client: Client) -> None:
        """Tell Discord of the commands when they changed. Without them mentions still work."""
        from bot.discord.commands import sync

        try:
            if await sync(self._rest, self._favourites, self._marks):
                log.info("discord: the slash commands were registered")
        except AppError as error:
            log.warning("discord: the slash commands were not registered: %s", error)

    # ── The port's writing side ──

    async def send(self, message: Message) -> Sent:
        return await self._writer.send(message)

    async def find(self, message: Message) -> Sent | None:
        return await self._writer.find(message)

    async def working(self, incoming: Incoming) -> None:
        from bot.discord.live import working

        with suppress(AppError):
            await working(self._rest, incoming)

    async def open_reply(self, incoming: Incoming, text: str) -> str:
        from bot.discord.live import open_reply

        return await open_reply(self._writer, incoming, text)

    async def grow_reply(self, incoming: Incoming, message_id: str, text: str) -> None:
        from bot.discord.live import grow_reply

        at = time.monotonic()
        if at - self._grown_at.get(message_id, 0.0) < 0.9:
            return  # about once a second; the next call shows the whole text
        self._grown_at = {key: when for key, when in self._grown_at.items() if at - when < 60}
        self._grown_at[message_id] = at
        await grow_reply(self._writer, incoming, message_id, text)

    async def direct_place(self, external_id: str) -> Place:
        channel_id = await self._writer.direct_channel(external_id)
        return Place(network=self.network, channel_id=channel_id, kind="direct")

    async def find_place(self, name: str) -> Place:
        from bot.discord.places import find_place

        client = self._connected
        if not client.live.is_set():
            raise Unavailable("The servers of Discord are not known yet.", hint="Try again when it is connected.")
        return await find_place(client, name)

    @property
    def _connected(self) -> Client:
        if self._client is None:
            raise Unavailable(f"Discord is not connected: {self._detail}", hint="See Connections.", retry_after_s=2.0)
        return self._client

    @property
    def _rest(self) -> Rest:
        rest = self._connected.rest
        assert rest is not None  # set by the login, before the client is kept
        return rest

    @property
    def _writer(self) -> Sender:
        assert self._connected is not None
        assert self._sender is not None
        return self._sender

    def _say(self, state: State, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            log.log(logging.DEBUG if state == self._state else logging.INFO, "discord: %s: %s", state, detail)
        self._state, self._detail = state, detail


async def _close(client: Client) -> None:
    """End a client without waiting for a socket that does not answer.

    Not by its own `close`: that takes the loop from tasks of the library which may still be under way.
    """
    with suppress(Exception):
        if client.ws is not None:
            await asyncio.wait_for(client.ws.close(code=1000), CLOSE_S)
    with suppress(Exception):
        await asyncio.wait_for(client.http.close(), CLOSE_S)


FATAL = {
    4004: "Discord does not accept the token",
    4010: "Discord refuses the connection as it was asked for",
    4011: "The bot is in too many servers for one connection",
    4012: "Discord does not know this version of its interface any more",
    4013: "Discord does not know what the bot asked to hear",
    4014: "The bot asked to hear what is not switched on in the developer portal",
}


def _raise_ours(error: Exception) -> NoReturn:
    """Say a library's error, or the first of a group, in our words."""
    import discord

    from bot.discord.rest import TOKEN_HINT, told

    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    if isinstance(error, (AppError, _Fatal)):
        raise error
    if isinstance(error, discord.LoginFailure):
        raise _Fatal(f"Discord does not accept the token (401). {TOKEN_HINT}") from error
    if isinstance(error, discord.PrivilegedIntentsRequired):
        raise _Fatal(f"{FATAL[4014]} (4014).") from error
    if isinstance(error, discord.ConnectionClosed) and error.code in FATAL:
        raise _Fatal(f"{FATAL[error.code]} ({error.code}). {TOKEN_HINT if error.code == 4004 else ''}") from error
    if isinstance(error, (discord.DiscordException, OSError)) or type(error).__module__.startswith("aiohttp"):
        ours = told(error)
        raise ours if isinstance(ours, Unavailable) else Unavailable(str(ours)) from error
    log.error("discord: what it sent could not be read", exc_info=error)
    raise Unavailable(f"Discord sent what cannot be read ({type(error).__name__}).", hint="Connecting anew.") from error
