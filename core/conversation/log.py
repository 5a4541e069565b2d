"""How questions went, for reports: only what the readers of the report may know of."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from core.conversation import store
from core.ports import AnswerSummary, Unanswered
from core.storage import Storage
from core.values import EVERYONE, Audience, stamp

MOST = 10


class AnswerLog:
    """Implements the port of the same name."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def summary(self, since: datetime, audience: Audience) -> AnswerSummary:
        """Questions since then; those nobody could answer with the most asked first."""
        places = tuple(audience.places)
        answered, _, missing, failed, _ = await self._storage.read(store.figures, stamp(since), places)
        rows = await self._storage.read(store.unanswered, stamp(since), "", places, 500)
        counted = Counter((row[1].strip(), row[5], row[6]) for row in rows)
        return AnswerSummary(
            asked=answered + missing + failed,
            answered=answered,
            unanswered=tuple(
                Unanswered(question=question, times=times, visibility=(EVERYONE if kind == "public" else place,))
                for (question, kind, place), times in counted.most_common(MOST)
            ),
        )
