from __future__ import annotations

from core.events import ActionDone, ConnectionChanged, DeliveryChanged, MachineWoke, PartFailed
from core.observability.metrics import Metrics


def done(action: str, outcome: str = "ok", duration_ms: float = 3.0) -> ActionDone:
    return ActionDone(action=action, actor="p1", outcome=outcome, duration_ms=duration_ms)


async def test_calls_are_counted_by_action_and_outcome() -> None:
    metrics = Metrics()
    await metrics.hear([done("notes.add"), done("notes.add", "denied"), done("notes.add")])
    text = metrics.render().decode()
    assert 'signalbox_action_seconds_count{action="notes.add",outcome="ok"} 2.0' in text
    assert 'signalbox_action_seconds_count{action="notes.add",outcome="denied"} 1.0' in text
    assert 'signalbox_action_seconds_bucket{action="notes.add",le="0.005",outcome="ok"} 2.0' in text


async def test_what_people_typed_never_becomes_a_label() -> None:
    metrics = Metrics(known=lambda name: name == "notes.add")
    await metrics.hear([done(f"typed.{number}") for number in range(500)])
    text = metrics.render().decode()
    assert "typed." not in text
    assert 'signalbox_action_seconds_count{action="unknown",outcome="ok"} 500.0' in text


async def test_deliveries_connections_and_failing_parts_are_shown() -> None:
    metrics = Metrics()
    await metrics.hear(
        [
            DeliveryChanged(message_id="m1", state="failed"),
            ConnectionChanged(network="slack", state="ok"),
            ConnectionChanged(network="discord", state="failed"),
            PartFailed(part="clock", error="broke", retry_s=1.0),
            MachineWoke(slept_s=3.0),
        ]
    )
    text = metrics.render().decode()
    assert 'signalbox_deliveries_total{state="failed"} 1.0' in text
    assert 'signalbox_connection_ok{network="slack"} 1.0' in text
    assert 'signalbox_connection_ok{network="discord"} 0.0' in text
    assert 'signalbox_part_failures_total{part="clock"} 1.0' in text


def test_figures_are_read_at_the_moment_of_the_scrape() -> None:
    metrics, queue = Metrics(), [1, 2, 3]
    metrics.gauge("signalbox_waiting", "Messages that wait.", lambda: len(queue))
    metrics.gauges("signalbox_queue", "Waiting by listener.", "listener", lambda: {"pages": 4.0, "notes": 0.0})
    metrics.counters("signalbox_dropped", "Dropped by listener.", "listener", lambda: {"pages": 7.0})
    queue.append(4)
    text = metrics.render().decode()
    assert "signalbox_waiting 4.0" in text
    assert 'signalbox_queue{listener="pages"} 4.0' in text
    assert 'signalbox_dropped_total{listener="pages"} 7.0' in text


def test_two_apps_do_not_share_figures() -> None:
    first, second = Metrics(), Metrics()
    first.gauge("signalbox_waiting", "Messages that wait.", lambda: 1.0)
    assert "signalbox_waiting" not in second.render().decode()
