"""What the process knows of itself: parts that are kept running, the log, figures."""

from core.observability.supervise import Supervisor

__all__ = ["Supervisor"]
