"""Events from those who publish to those who listen."""

from core.bus.model import Policy
from core.bus.service import Bus, Listener

__all__ = ["Bus", "Listener", "Policy"]
