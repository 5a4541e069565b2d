"""Reports: what a team should know without asking."""

from core.reports.service import Reports

__all__ = ["Reports"]
