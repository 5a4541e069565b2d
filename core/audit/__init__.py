"""The record of what was done, in which nothing changes unseen."""

from core.audit.model import Export, Filter, Line, SegmentCheck, Verification
from core.audit.service import Audit

__all__ = ["Audit", "Export", "Filter", "Line", "SegmentCheck", "Verification"]
