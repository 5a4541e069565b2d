"""Serves the process: the socket is bound and `/status` answers first, then the API, then the pages.

Signals are core's business; stopping is cancelling `serve`. The address is never beyond loopback unless a
trusted proxy with TLS stands in front.
"""

from __future__ import annotations

import asyncio
import errno
import importlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import uvicorn

from core import __version__
from core.config import Settings
from core.errors import BadSettings, Unavailable
from core.observability import status
from core.observability.lean import without
from core.values import Json
from gui.api.address import is_loopback
from gui.api.guard import Asgi, Guard, Message
from gui.front import Front

if TYPE_CHECKING:
    from core.app import App
    from gui.api.app import Api

GRACE_S = 3.0
"""How long open requests may take to end when the process stops."""
MAX_FRAME = 4_000_000
PAGES = "gui.app"

log = logging.getLogger(__name__)
Ready = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A listening socket and the address people type."""

    socket: socket.socket
    url: str


async def serve(app: App, settings: Settings, *, ready: Ready, local_token: str = "") -> None:
    """Serve an open App until cancelled. `ready(url)` is called once requests are answered.
    local_token: what `run.json` gives to commands of this machine's owner.

    Raises BadSettings for an address beyond loopback without a trusted proxy, Unavailable for a port in use.
    """
    async with listening(settings) as (front, bound):
        ready(bound.url)
        await attach(front, app, local_token=local_token)


class Web:
    """What listens, for whoever starts the process."""

    def __init__(self, front: Front, bound: Bound) -> None:
        self._front = front
        self.url = bound.url

    async def attach(self, app: App, token: str) -> None:
        """Open the API and the control room; until cancelled. token: the local owner's."""
        await attach(self._front, app, local_token=token)

    def down(self, reason: str, remedy: str) -> None:
        """Say on every page, in the API and in `/status` that the process is in safe mode."""
        self._front.down(reason, remedy)


@asynccontextmanager
async def web(settings: Settings) -> AsyncIterator[Web]:
    """Bound and answering `/status`. Raises BadSettings, or Unavailable for a port in use."""
    async with listening(settings) as (front, bound):
        yield Web(front, bound)


@asynccontextmanager
async def listening(settings: Settings) -> AsyncIterator[tuple[Front, Bound]]:
    """Bound and answering `/status`, before there is an App; `attach` does the rest."""
    bound = bind(settings)
    front = Front(_before_the_app, trusted_proxy=settings.trusted_proxy)
    guarded = Guard(front, hosts=(*settings.hosts, settings.host), trusted_proxy=settings.trusted_proxy)
    server = _Server(_config(guarded))
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[bound.socket]), name="http")
        await server.answering.wait()
        try:
            yield front, bound
        finally:
            server.should_exit = True
            await asyncio.shield(serving)


async def attach(front: Front, app: App, *, local_token: str = "", pages: str = PAGES) -> None:
    """Open the API, then the pages, on what listens already; until cancelled.

    pages: the module whose `build(app)` gives them; empty for none.
    """
    wiring = await asyncio.to_thread(importlib.import_module, "gui.wiring")  # Starlette and what it needs
    wired = wiring.wire(app, local_token=local_token)
    api: Api = wired.api
    front.status = lambda: status(wired.probes)
    front.open_api(api, api.gate.limit)
    names = list(wired.parts_to_run)
    for name, start in wired.parts_to_run.items():
        app.supervisor.supervise(name, start)
    try:
        await _pages(front, app, pages)
    finally:
        for name in names:
            app.supervisor.stop(name)
        wired.close()


async def _pages(front: Front, app: App, name: str) -> None:
    """Import and open the control room; without it the rest goes on."""
    if not name:
        await asyncio.Event().wait()
    try:
        module = await asyncio.to_thread(_imported, name)
        pages: Asgi = module.build(app)
    except Exception as error:  # whatever is wrong with a page must not stop the bots
        log.exception("the control room could not be started")
        front.pages_failed(f"{type(error).__name__}: {error}")
        await asyncio.Event().wait()
        return
    async with lifespan(pages):
        front.open_pages(pages)
        await asyncio.Event().wait()


def _imported(name: str) -> ModuleType:
    # engineio's client half, which a server does not use, takes these when they are there, with urllib3 and
    # charset_normalizer: 5.4 MB and 0.1 s
    with without("requests", "websocket"):
        return importlib.import_module(name)


@asynccontextmanager
async def lifespan(app: Asgi) -> AsyncIterator[None]:
    """Run an ASGI app's own start and stop around the block. Raises Unavailable when it refuses to start."""
    inbound: asyncio.Queue[Message] = asyncio.Queue()
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete" and not started.done():
            started.set_result("")
        elif message["type"] == "lifespan.startup.failed" and not started.done():
            started.set_result(str(message.get("message") or "it did not say why"))

    async def run() -> None:
        await app(
            {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}, inbound.get, send
        )
        if not started.done():
            started.set_result("")  # an app without a lifespan returns at once

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(), name="pages' lifespan")
        inbound.put_nowait({"type": "lifespan.startup"})
        fault = await started
        if fault:
            raise Unavailable(f"The control room did not start: {fault}.")
        try:
            yield
        finally:
            inbound.put_nowait({"type": "lifespan.shutdown"})
            await asyncio.wait([task], timeout=GRACE_S)
            task.cancel()


def bind(settings: Settings) -> Bound:
    """The listening socket. Port 0 takes a free one."""
    host, port = settings.host, settings.port
    local = host == "localhost" or is_loopback(host)
    if not local and not settings.trusted_proxy:
        raise BadSettings(
            f"{host} can be reached from other machines, and nothing encrypts what goes there.",
            hint="Keep 127.0.0.1, or put a proxy with TLS in front and set trusted_proxy = true and hosts.",
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # with the protocol named, asyncio turns Nagle's delay off on what is accepted: 40 ms an answer less
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1" if host == "localhost" else host, port))
        listener.listen(512)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _bind_error(error, host, port) from error
    shown = f"[{host}]" if ":" in host else host
    return Bound(socket=listener, url=f"http://{shown}:{listener.getsockname()[1]}")


def _bind_error(error: OSError, host: str, port: int) -> Exception:
    if error.errno == errno.EADDRINUSE:
        who = _listener_of(port)
        return Unavailable(
            f"Port {port} is in use{f' by {who}' if who else ''}.",
            hint=f"Stop it, or choose another: `signalbox run --port {port + 1 if port < 65535 else 8321}`.",
        )
    if error.errno == errno.EACCES:
        return BadSettings(f"Port {port} needs rights this user does not have.", hint="Choose one above 1023.")
    return BadSettings(f"{host}:{port} cannot be listened on: {error.strerror or error}.", hint="Check host and port.")


def _listener_of(port: int) -> str:
    """`name (process 123)`, as far as the system tells; else an empty text."""
    import psutil  # type: ignore[import-untyped]

    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"{psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        return ""
    return ""


def _config(app: Asgi) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        ws="websockets-sansio",
        ws_max_size=MAX_FRAME,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=int(GRACE_S),
        timeout_keep_alive=30,
    )


class _Server(uvicorn.Server):
    """Leaves signals alone, and says when it answers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.answering = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does it, then tell who waits."""
        await super().startup(sockets)
        self.answering.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Core handles them."""
        yield


def _before_the_app() -> dict[str, Json]:
    from datetime import timedelta

    from core.observability import Probes

    said = status(
        Probes(
            version=__version__,
            database_open=lambda: True,
            oldest_waiting=timedelta,
            loop_lag_ms=float,
            connections=dict,
        )
    )
    return {**said, "status": "degraded", "dbConn": False}
