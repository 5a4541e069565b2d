"""What the team knows: documents cut into passages, found again, and quoted with their source."""

from core.knowledge.model import (
    Indexed,
    KnowledgeSource,
    Note,
    Quotes,
    SearchHit,
    SearchResult,
    Skip,
)
from core.knowledge.service import Knowledge

__all__ = [
    "Indexed",
    "Knowledge",
    "KnowledgeSource",
    "Note",
    "Quotes",
    "SearchHit",
    "SearchResult",
    "Skip",
]
