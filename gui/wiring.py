"""Joins the App and the API: what the API may use, what `/status` reads, what `/metrics` shows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from core import __version__
from core.app import App
from core.observability import LoopMonitor, Probes, status
from core.observability.metrics import HEARD, Metrics
from gui.api.app import Api
from gui.api.parts import Parts
from gui.sign_in import IdentitySignIn


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """The API with what runs beside it."""

    api: Api
    probes: Probes
    parts_to_run: dict[str, Callable[[], Awaitable[None]]]
    close: Callable[[], None]


def wire(app: App, *, local_token: str = "") -> Wired:
    """The API of an App. Its parts are started by whoever serves it."""
    loop = LoopMonitor()
    probes = probes_of(app, loop)
    metrics = Metrics(known=app.door.registry.__contains__)
    show(metrics, app, loop)
    heard = app.bus.subscribe("figures", *HEARD, bound=10_000)
    api = Api(
        Parts(
            settings=app.settings,
            storage=app.storage,
            bus=app.bus,
            door=app.door,
            answers=app.answers,
            authoriser=app.identity,
            sign_in=IdentitySignIn(app.identity, app.access, local_token),
            talk=app.conversations,
            secrets=app.vault,
            status=lambda: status(probes),
            figures=metrics.render,
        )
    )
    running = {**api.parts_to_run, "loop monitor": loop.run, "figures": lambda: app.bus.serve(heard, metrics.hear)}

    def close() -> None:
        app.bus.unsubscribe(heard)
        api.close()

    return Wired(api=api, probes=probes, parts_to_run=running, close=close)


def probes_of(app: App, loop: LoopMonitor) -> Probes:
    """How `/status` reads the App."""
    return Probes(
        version=__version__,
        database_open=lambda: app.storage.writer.failure is None,
        oldest_waiting=lambda: app.inbox.oldest_waiting,
        loop_lag_ms=lambda: loop.lag.p99_ms,
        connections=app.health,
        failing=lambda: [part.name for part in app.supervisor.parts.values() if part.error],
    )


def show(metrics: Metrics, app: App, loop: LoopMonitor) -> None:
    """Register every figure that is read at a scrape."""
    writer, bus = app.storage.writer, app.bus
    metrics.gauge("signalbox_inbox_waiting", "Arrivals that wait or are worked on.", lambda: app.inbox.waiting)
    metrics.gauge(
        "signalbox_inbox_oldest_seconds",
        "How long the oldest arrival waits.",
        lambda: app.inbox.oldest_waiting.total_seconds(),
    )
    metrics.gauge("signalbox_deliveries_waiting", "Messages that wait or are being sent.", lambda: app.outbox.waiting)
    metrics.gauge("signalbox_writes_waiting", "Writes that wait for a commit.", lambda: writer.queued)
    metrics.counters("signalbox_writes", "Writes committed.", "", lambda: {"": writer.committed})
    metrics.counters("signalbox_commits", "Commits of the writer.", "", lambda: {"": writer.batches})
    metrics.gauges(
        "signalbox_listener_waiting",
        "Events that wait, by listener.",
        "listener",
        lambda: {one.name: len(one) for one in bus.listeners},
    )
    metrics.counters(
        "signalbox_listener_dropped",
        "Events dropped because a queue was full, by listener.",
        "listener",
        lambda: {one.name: one.dropped for one in bus.listeners},
    )
    metrics.gauges(
        "signalbox_loop_lag_seconds",
        "How late the event loop was in the last minute.",
        "of",
        lambda: {"p99": loop.lag.p99_ms / 1000, "max": loop.lag.max_ms / 1000},
    )
    metrics.counters("signalbox_loop_blocks", "Times the loop was kept busy over 50 ms.", "", lambda: {"": loop.blocks})
