"""Events from those who publish to those who listen."""

from core.bus.model import Policy
from core.bus.service import Bus, Listener
from core.bus.store import forget as forget_events

__all__ = ["Bus", "Listener", "Policy", "forget_events"]
