"""The team's report: what was asked, what nobody could answer, what is new, what went wrong.

Only what everybody who will read the report may see is in it; each part is asked for that audience and
checked again here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from core.ports import AnswerLog, AnswerSummary, FailureCount, FailureLog, KnowledgeNews, NewItem
from core.values import Audience, Reply, Table, now

MOST = 5
"""Items shown of each part; the rest is counted."""


class Reports:
    """Makes reports. `answers`, `news` and `failures` are asked each time; nothing is kept."""

    def __init__(
        self, *, answers: AnswerLog, news: KnowledgeNews, failures: FailureLog, clock: Callable[[], datetime] = now
    ) -> None:
        self._answers, self._news, self._failures, self._clock = answers, news, failures, clock

    async def team(self, days: int, audience: Audience) -> Reply:
        """The report on the last days; without a text and `found=False` when there is nothing to say."""
        since = self._clock() - timedelta(days=days)
        answers = await self._answers.summary(since, audience)
        news = [one for one in await self._news.since(since, audience) if audience.may_see(one.visibility)]
        failures = [one for one in await self._failures.since(since, audience) if audience.may_see(one.visibility)]
        parts = [*_answers(answers, audience), *_news(news), *_failures(failures)]
        if not parts:
            return Reply(text="", found=False)
        span = "the last day" if days == 1 else f"the last {days} days"
        table = Table(
            headings=("", "Count"),
            rows=(
                ("Questions", str(answers.asked)),
                ("Answered", str(answers.answered)),
                ("New in knowledge", str(len(news))),
                ("Failures", str(sum(one.times for one in failures))),
            ),
        )
        return Reply(text="\n".join([f"**The team in {span}**", *parts]), table=table)


def _answers(summary: AnswerSummary, audience: Audience) -> list[str]:
    if not summary.asked:
        return []
    lines = [f"{summary.answered} of {summary.asked} questions were answered."]
    open_questions = [one for one in summary.unanswered if audience.may_see(one.visibility)]
    if open_questions:
        lines.append("Nobody could answer:")
        lines += [f"- {one.question}{_times(one.times)}" for one in open_questions[:MOST]]
        lines += _more(len(open_questions))
    return lines


def _news(items: list[NewItem]) -> list[str]:
    if not items:
        return []
    lines = ["New in knowledge:", *(f"- {one.title} ({one.location})" for one in items[:MOST])]
    return lines + _more(len(items))


def _failures(failures: list[FailureCount]) -> list[str]:
    if not failures:
        return []
    lines = ["Went wrong:", *(f"- {one.what}{_times(one.times)}: {one.last_error}" for one in failures[:MOST])]
    return lines + _more(len(failures))


def _times(times: int) -> str:
    return f" ({times} times)" if times > 1 else ""


def _more(count: int) -> list[str]:
    return [f"- and {count - MOST} more"] if count > MOST else []
