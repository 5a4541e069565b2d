"""The gateway: sessions that outlive sockets, heartbeats, replay, and how connections go bad."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable

from aiohttp import WSMsgType, web

from tests.fakes.discord_model import Body, body_of, integer
from tests.fakes.discord_payloads import withheld
from tests.fakes.discord_world import MESSAGE_CONTENT, Event

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11,
)  # fmt: skip
IDENTIFY_BUDGET = 1_000  # a day; going over resets the bot's token
PAYLOAD_LIMIT_BYTES = 4_096
SENDS_PER_MINUTE = 120


class Session:
    """What a client identified for; numbers every event and keeps it for a replay."""

    def __init__(self, intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.sequence = 0
        self.connection: Connection | None = None
        self._kept: deque[tuple[int, str]] = deque(maxlen=10_000)

    def tell(self, name: str, data: Body) -> None:
        """Number an event, keep it, and send it when a socket is there."""
        self.sequence += 1
        frame = json.dumps({"op": DISPATCH, "t": name, "s": self.sequence, "d": data})
        self._kept.append((self.sequence, frame))
        if self.connection:
            self.connection.send(frame)

    def publish(self, event: Event) -> None:
        if event.intents and not event.intents & self.intents:
            return
        hidden = event.secret and not self.intents & MESSAGE_CONTENT
        self.tell(event.name, withheld(event.data) if hidden else event.data)

    def after(self, sequence: int) -> list[str]:
        return [frame for number, frame in self._kept if number > sequence]


class Connection:
    """One socket. Frames leave in the order they were given; a frozen one is silent both ways."""

    def __init__(self, request: web.Request, socket: web.WebSocketResponse) -> None:
        self._request, self._socket = request, socket
        self._outgoing: asyncio.Queue[str] = asyncio.Queue()
        self.session: Session | None = None
        self.frozen = False
        self.answers_close = True
        self.gone = asyncio.Event()
        self.heard_s = time.monotonic()
        self.sent_at_s: deque[float] = deque(maxlen=SENDS_PER_MINUTE + 1)

    def send(self, frame: str) -> None:
        self._outgoing.put_nowait(frame)

    def send_op(self, op: int, data: object = None) -> None:
        self.send(json.dumps({"op": op, "d": data, "s": None, "t": None}))

    async def write(self) -> None:
        """Send what is queued until cancelled; a dead socket ends it quietly."""
        while True:
            frame = await self._outgoing.get()
            if self.frozen:
                continue
            try:
                await self._socket.send_str(frame)
            except ConnectionError:
                return

    async def close(self, code: int, words: str = "") -> None:
        await self._socket.close(code=code, message=words.encode())

    def abort(self) -> None:
        """Reset the connection: no close frame, no goodbye."""
        self.gone.set()
        if self._request.transport:
            self._request.transport.abort()


class Gateway:
    """Accepts sockets, keeps sessions, counts identifies and resumes."""

    def __init__(
        self, *, token: Callable[[], str], ready: Callable[[Session], list[tuple[str, Body]]],
        members: Callable[[Body], Body], allowed_intents: Callable[[], int], heartbeat_s: float,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._token, self._ready, self._members = token, ready, members
        self._allowed_intents, self._changed = allowed_intents, changed
        self.heartbeat_s = heartbeat_s
        self.sessions: dict[str, Session] = {}
        self.connections: list[Connection] = []
        self.identifies = self.resumes = self.heartbeats = 0
        self.close_codes: list[int] = []
        self.refusals_left = 0  # of connections; negative: until told otherwise

    def publish(self, event: Event) -> None:
        for session in self.sessions.values():
            session.publish(event)

    @property
    def connected(self) -> bool:
        """Whether a client with a session is on a socket that is not frozen."""
        return any(connection.session and not connection.frozen for connection in self.connections)

    async def accept(self, request: web.Request) -> web.StreamResponse:
        if self.refusals_left:
            self.refusals_left -= 1 if self.refusals_left > 0 else 0
            return web.Response(status=503, text="upstream connect error")
        socket = web.WebSocketResponse(max_msg_size=1 << 20, timeout=0.2)
        await socket.prepare(request)
        connection = Connection(request, socket)
        self.connections.append(connection)
        async with asyncio.TaskGroup() as tasks:
            side = [tasks.create_task(connection.write()), tasks.create_task(self._watch(connection))]
            connection.send_op(HELLO, {"heartbeat_interval": round(self.heartbeat_s * 1000), "_trace": ["fake"]})
            await self._read(connection, socket)
            for task in side:
                task.cancel()
        self._leave(connection, socket)
        return socket

    def _leave(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        connection.gone.set()
        self.connections.remove(connection)
        session = connection.session
        if session and session.connection is connection:
            session.connection = None
            if socket.close_code in (1000, 1001):  # the client said it is done with the session
                self.sessions.pop(session.id, None)
        self._changed()

    async def _watch(self, connection: Connection) -> None:
        """Close a socket whose client stopped its heartbeat."""
        while True:
            await asyncio.sleep(self.heartbeat_s)
            if not connection.frozen and time.monotonic() - connection.heard_s > 2 * self.heartbeat_s:
                self.close_codes.append(4009)
                await connection.close(4009, "Session timed out.")
                return

    async def _read(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        while True:
            try:
                message = await socket.receive()
            except ConnectionError:
                return
            if connection.frozen and not connection.answers_close:
                await connection.gone.wait()  # a half-open socket: nobody is there to answer
                return
            if message.type is not WSMsgType.TEXT:
                return
            if connection.frozen:
                continue
            code = await self._take(connection, str(message.data))
            self._changed()
            if code:
                self.close_codes.append(code)
                await connection.close(code)
                return

    async def _take(self, connection: Connection, text: str) -> int:
        """Act on one frame; the close code it deserves, or 0."""
        connection.sent_at_s.append(time.monotonic())
        if len(connection.sent_at_s) > SENDS_PER_MINUTE and time.monotonic() - connection.sent_at_s[0] < 60:
            return 4008
        if len(text.encode()) > PAYLOAD_LIMIT_BYTES:
            return 4002
        try:
            frame = body_of(json.loads(text))
        except ValueError:
            return 4002
        return await self._obey(connection, integer(frame.get("op"), -1), frame.get("d"))

    async def _obey(self, connection: Connection, op: int, data: object) -> int:
        if op == HEARTBEAT:
            self.heartbeats += 1
            connection.heard_s = time.monotonic()
            connection.send_op(ACK)
            return 0
        orders: dict[int, Callable[[Connection, Body], Awaitable[int]]] = {
            IDENTIFY: self._identify, RESUME: self._resume, MEMBERS: self._request_members,
        }  # fmt: skip
        if op in (PRESENCE, VOICE):
            return 0 if connection.session else 4003
        if op not in orders:
            return 4001
        if op == MEMBERS and not connection.session:
            return 4003
        return await orders[op](connection, body_of(data))

    async def _identify(self, connection: Connection, data: Body) -> int:
        self.identifies += 1
        intents = integer(data.get("intents"), -1)
        if connection.session:
            return 4005
        if data.get("token") != self._token() or self.identifies > IDENTIFY_BUDGET:
            return 4004
        if intents < 0:
            return 4013
        if intents & ~self._allowed_intents():
            return 4014
        session = Session(intents)
        self.sessions[session.id] = session
        session.connection, connection.session = connection, session
        for name, body in self._ready(session):
            session.tell(name, body)
        return 0

    async def _resume(self, connection: Connection, data: Body) -> int:
        session = self.sessions.get(str(data.get("session_id")))
        if data.get("token") != self._token():
            return 4004
        if session is None:
            connection.send_op(INVALID, False)
            return 0
        sequence = integer(data.get("seq"), -1)
        if not 0 <= sequence <= session.sequence:
            return 4007
        self.resumes += 1
        if session.connection:
            session.connection.session = None
        session.connection, connection.session = connection, session
        for frame in session.after(sequence):
            connection.send(frame)
        session.tell("RESUMED", {"_trace": ["fake"]})
        return 0

    async def _request_members(self, connection: Connection, data: Body) -> int:
        assert connection.session is not None
        connection.session.tell("GUILD_MEMBERS_CHUNK", self._members(data))
        return 0

    # what can go wrong

    def cut(self) -> int:
        """Reset every socket abruptly; how many there were."""
        for connection in list(self.connections):
            connection.abort()
        return len(self.connections)

    def freeze(self, *, answers_close: bool = False) -> None:
        """Leave the present sockets open and silent; later events wait for a RESUME."""
        for connection in self.connections:
            connection.frozen, connection.answers_close = True, answers_close

    async def close_all(self, code: int) -> None:
        for connection in list(self.connections):
            self.close_codes.append(code)
            await connection.close(code)

    def order(self, op: int, data: object = None) -> None:
        for connection in self.connections:
            connection.send_op(op, data)
