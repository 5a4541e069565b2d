"""Socket Mode: tickets, sockets, envelopes with their acknowledgements, redelivery, and ways to break them.

An event for which no socket is open is lost, as in Slack: it goes to `missed`; history alone still has it.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import cast

from aiohttp import WSMsgType, web

from tests.fakes.slack_model import APP_ID, Envelope, Json

MAX_SOCKETS = 10


class Socket:
    """One open socket. A silent one takes frames and never answers, like a half-open connection."""

    def __init__(self, number: int, request: web.Request) -> None:
        self.number, self.silent, self.draining = number, False, False
        self._transport = request.transport
        self.ws = web.WebSocketResponse(autoping=False, autoclose=False, max_msg_size=0)
        self.out: asyncio.Queue[Envelope | Json | str | None] = asyncio.Queue()

    def cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class SocketMode:
    """All sockets of the app, and everything sent over them."""

    def __init__(self, *, on_change: Callable[[], None], on_ack: Callable[[Envelope], None]) -> None:
        self.sockets: list[Socket] = []
        self.envelopes: list[Envelope] = []
        self.missed: list[Envelope] = []
        self.received_frames: list[str] = []
        self.bad_frames: list[str] = []
        self.redeliver_after_s: float | None = 3.0
        self.redeliveries = 3
        self.refusals = 0
        self.connects = 0
        self.pings = 0
        self.inside_s = 0.0
        self._tickets: set[str] = set()
        self._unacked: dict[str, Envelope] = {}
        self._timers: set[asyncio.TimerHandle] = set()
        self._turn = 0
        self._on_change, self._on_ack = on_change, on_ack

    # opening

    def new_ticket(self) -> str:
        ticket = f"ticket-{self.connects}-{time.perf_counter_ns()}"
        self._tickets.add(ticket)
        return ticket

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer GET /link/?ticket=…: one socket from hello to close."""
        if self.refusals > 0:
            self.refusals -= 1
            return web.Response(status=503, text="refused")
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=403, text="This ticket is unknown or was used.")
        self._tickets.discard(ticket)
        self.connects += 1
        socket = Socket(self.connects, request)
        await socket.ws.prepare(request)
        if len(self.sockets) >= MAX_SOCKETS:
            await socket.ws.send_json({"type": "disconnect", "reason": "too_many_websockets"})
            await socket.ws.close()
            return socket.ws
        self.sockets.append(socket)
        socket.out.put_nowait(self._hello())
        writer = asyncio.ensure_future(self._write(socket))
        self._on_change()
        try:
            await self._read(socket)
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            socket.out.put_nowait(None)
            writer.cancel()
            self._on_change()
        return socket.ws

    def _hello(self) -> Json:
        return {
            "type": "hello", "num_connections": len(self.sockets), "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "applink-fake", "build_number": 1, "approximate_connection_time": 18060},
        }  # fmt: skip

    # frames

    async def _write(self, socket: Socket) -> None:
        while (item := await socket.out.get()) is not None:
            started = time.perf_counter()
            frame = item.frame() if isinstance(item, Envelope) else item
            text = frame if isinstance(frame, str) else json.dumps(frame)
            if isinstance(item, Envelope):
                item.sent_at = time.perf_counter()
            if socket.silent:
                continue
            try:
                await socket.ws.send_str(text)
            except (ConnectionError, RuntimeError):
                return
            self.inside_s += time.perf_counter() - started

    async def _read(self, socket: Socket) -> None:
        while True:
            message = await socket.ws.receive()
            if message.type in (WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                return
            if socket.silent:
                continue
            if message.type is WSMsgType.CLOSE:
                await socket.ws.close()
                return
            if message.type is WSMsgType.PING:
                self.pings += 1
                await socket.ws.pong(cast(bytes, message.data))
            elif message.type is WSMsgType.TEXT:
                self._take(cast(str, message.data))

    def _take(self, text: str) -> None:
        now = time.perf_counter()
        self.received_frames.append(text)
        try:
            frame = json.loads(text)
            envelope = self._unacked.pop(frame["envelope_id"])
        except (ValueError, KeyError, TypeError):
            self.bad_frames.append(text)
            return
        envelope.acked_at = now
        payload = frame.get("payload")
        envelope.ack_payload = payload if isinstance(payload, dict) else None
        self._on_ack(envelope)
        self._on_change()
        self.inside_s += time.perf_counter() - now

    def deliver(self, envelope: Envelope) -> Envelope:
        """Queue an envelope on one of the open sockets, in turn; without one it is missed."""
        open_ones = [s for s in self.sockets if not s.draining] or self.sockets
        self._on_change()
        if not open_ones:
            self.missed.append(envelope)
            return envelope
        self._turn += 1
        socket = open_ones[self._turn % len(open_ones)]
        envelope.socket = socket.number
        self.envelopes.append(envelope)
        self._unacked[envelope.envelope_id] = envelope
        socket.out.put_nowait(envelope)
        self._watch(envelope)
        return envelope

    def _watch(self, envelope: Envelope) -> None:
        if envelope.type != "events_api" or self.redeliver_after_s is None:
            return
        if envelope.retry_attempt >= self.redeliveries:
            return

        def check() -> None:
            self._timers.discard(timer)
            if envelope.acked_at is None:
                self.redeliver(envelope, reason="timeout")

        timer = asyncio.get_running_loop().call_later(self.redeliver_after_s, check)
        self._timers.add(timer)

    def redeliver(self, envelope: Envelope, *, reason: str) -> Envelope:
        """Send the same payload again in a new envelope; a try that finds no socket is used up."""
        again = Envelope(
            envelope_id=f"{envelope.envelope_id.split('.')[0]}.{time.perf_counter_ns()}",
            type=envelope.type, payload=envelope.payload, retry_attempt=envelope.retry_attempt + 1,
            retry_reason=reason, accepts_response_payload=envelope.accepts_response_payload,
        )  # fmt: skip
        self.deliver(again)
        if again.socket is None:
            self._watch(again)
        return again

    # breaking

    def disconnect(self, reason: str) -> None:
        """Ask the app to change sockets; it may use the old ones until it has."""
        for socket in self.sockets:
            socket.draining = True
            socket.out.put_nowait({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-fake"}})

    def send_raw(self, text: str) -> None:
        """Send a frame that need not be JSON to every socket."""
        for socket in self.sockets:
            socket.out.put_nowait(text)

    async def shut(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for socket in list(self.sockets):
            socket.cut()
