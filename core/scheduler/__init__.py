"""Schedules: what is due when, and a record in which nothing that was due goes missing."""

from core.scheduler.model import Missed, Overlap, Schedule, ScheduleView, SlotView
from core.scheduler.running import DoorRun
from core.scheduler.service import Scheduler
from core.scheduler.store import forget as forget_slots

__all__ = ["DoorRun", "Missed", "Overlap", "Schedule", "ScheduleView", "Scheduler", "SlotView", "forget_slots"]
