"""What the process knows of itself: parts that are kept running, the log, figures.

`core.observability.metrics` is imported by its full name: it alone costs the import of prometheus_client.
"""

from core.observability.loop import Block, Lag, LoopMonitor
from core.observability.retention import Retention, Rule
from core.observability.status import Probes, status
from core.observability.supervise import Supervisor

__all__ = ["Block", "Lag", "LoopMonitor", "Probes", "Retention", "Rule", "Supervisor", "status"]
