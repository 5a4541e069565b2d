"""Figures for Prometheus: how long actions take and how they end, queue lengths, deliveries, what was dropped.

The only importer of prometheus_client. Names typed by people never become labels: an action nobody
defined counts as `unknown`, so that the number of series stays bounded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from core.events import ActionDone, ConnectionChanged, DeliveryChanged, Event, PartFailed

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
UNKNOWN = "unknown"
HEARD: tuple[type[Event], ...] = (ActionDone, ConnectionChanged, DeliveryChanged, PartFailed)
"""The events `Metrics.hear` counts; subscribe with these."""

Read = Callable[[], float]
ReadMany = Callable[[], Mapping[str, float]]
Metric = GaugeMetricFamily | CounterMetricFamily


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A figure that is read when somebody asks for it. label empty: one value."""

    name: str
    help: str
    label: str
    read: ReadMany
    counter: bool


class _Sources(Collector):
    """Reads the registered sources at the moment of a scrape."""

    def __init__(self) -> None:
        self.all: list[_Source] = []

    def collect(self) -> Iterable[Metric]:
        for source in self.all:
            kind = CounterMetricFamily if source.counter else GaugeMetricFamily
            family: Metric = kind(source.name, source.help, labels=[source.label] if source.label else [])
            for label, value in source.read().items():
                family.add_metric([label] if source.label else [], value)
            yield family


class Metrics:
    """The figures of one App; nothing is global. `known` says whether an action of that name exists."""

    def __init__(self, known: Callable[[str], bool] = lambda name: True) -> None:
        self._known = known
        self._registry = CollectorRegistry(auto_describe=False)
        self._sources = _Sources()
        self._registry.register(self._sources)
        self._actions = Histogram(
            "signalbox_action_seconds",
            "How long a call took, by action and outcome.",
            ("action", "outcome"),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._deliveries = Counter(
            "signalbox_deliveries", "Messages to be sent, by what became of them.", ("state",), registry=self._registry
        )
        self._restarts = Counter(
            "signalbox_part_failures", "Errors of long-running parts.", ("part",), registry=self._registry
        )
        self._connections = Gauge(
            "signalbox_connection_ok", "1 while a connection is well.", ("network",), registry=self._registry
        )

    async def hear(self, events: Sequence[Event]) -> None:
        """Count events; any other kind is passed over."""
        for event in events:
            if isinstance(event, ActionDone):
                action = event.action if self._known(event.action) else UNKNOWN
                self._actions.labels(action, event.outcome).observe(event.duration_ms / 1000)
            elif isinstance(event, DeliveryChanged):
                self._deliveries.labels(event.state).inc()
            elif isinstance(event, PartFailed):
                self._restarts.labels(event.part).inc()
            elif isinstance(event, ConnectionChanged):
                self._connections.labels(event.network).set(event.state == "ok")

    def gauge(self, name: str, help_text: str, read: Read) -> None:
        """Show `read()` under that name; called in the loop's thread at each scrape, so it must be quick."""
        self._add(name, help_text, "", lambda: {"": read()}, counter=False)

    def gauges(self, name: str, help_text: str, label: str, read: ReadMany) -> None:
        """As `gauge`, one value for each label."""
        self._add(name, help_text, label, read, counter=False)

    def counters(self, name: str, help_text: str, label: str, read: ReadMany) -> None:
        """As `gauges`, for figures that only grow."""
        self._add(name, help_text, label, read, counter=True)

    def render(self) -> bytes:
        """Everything in Prometheus' text form (CONTENT_TYPE)."""
        return generate_latest(self._registry)

    def _add(self, name: str, help_text: str, label: str, read: ReadMany, *, counter: bool) -> None:
        self._sources.all.append(_Source(name=name, help=help_text, label=label, read=read, counter=counter))
