from __future__ import annotations

from datetime import UTC, datetime, timedelta

from core.actions import Context
from core.ports import AnswerSummary, FailureCount, NewItem, Unanswered
from core.reports import Reports
from core.reports.actions import team
from core.values import EVERYONE, Audience, Caller

NOW = datetime(2026, 11, 20, 8, tzinfo=UTC)
OPS = "slack:T1/C1"


class FakeTeam:
    """All three ports; what it hands over is not filtered, so that the report must do it."""

    def __init__(self) -> None:
        self.asked_since: list[datetime] = []
        self.answers = AnswerSummary(asked=0, answered=0)
        self.news: tuple[NewItem, ...] = ()
        self.failures: tuple[FailureCount, ...] = ()

    async def summary(self, since: datetime, audience: Audience) -> AnswerSummary:
        self.asked_since.append(since)
        return self.answers

    async def since(self, since: datetime, audience: Audience) -> tuple[NewItem, ...]:
        return self.news


class FakeFailures:
    def __init__(self, team: FakeTeam) -> None:
        self._team = team

    async def since(self, since: datetime, audience: Audience) -> tuple[FailureCount, ...]:
        return self._team.failures


def item(title: str, *visibility: str) -> NewItem:
    return NewItem(title=title, location=f"{title}.md", changed_at=NOW, visibility=visibility or (EVERYONE,))


def reports(fake: FakeTeam) -> Reports:
    return Reports(answers=fake, news=fake, failures=FakeFailures(fake), clock=lambda: NOW)


async def test_report_says_what_was_asked_what_is_open_what_is_new_and_what_failed() -> None:
    fake = FakeTeam()
    fake.answers = AnswerSummary(
        asked=12, answered=10, unanswered=(Unanswered(question="Who has the key?", times=2, visibility=(OPS,)),)
    )
    fake.news = (item("leave"), item("travel"))
    fake.failures = (FailureCount(what="schedule bell", times=3, last_error="cracked", visibility=(EVERYONE,)),)
    reply = await reports(fake).team(7, Audience(places=frozenset({OPS})))
    assert reply.text.splitlines() == [
        "**The team in the last 7 days**",
        "10 of 12 questions were answered.",
        "Nobody could answer:",
        "- Who has the key? (2 times)",
        "New in knowledge:",
        "- leave (leave.md)",
        "- travel (travel.md)",
        "Went wrong:",
        "- schedule bell (3 times): cracked",
    ]
    assert reply.table is not None
    assert reply.table.rows == (("Questions", "12"), ("Answered", "10"), ("New in knowledge", "2"), ("Failures", "3"))
    assert fake.asked_since == [NOW - timedelta(days=7)]


async def test_report_shows_nothing_its_readers_may_not_see() -> None:
    fake = FakeTeam()
    fake.answers = AnswerSummary(
        asked=2, answered=1, unanswered=(Unanswered(question="My salary?", times=1, visibility=("slack:T1/D1",)),)
    )
    fake.news = (item("secret", "slack:T1/G9"),)
    fake.failures = (FailureCount(what="raid", times=1, last_error="x", visibility=("slack:T1/G9",)),)
    reply = await reports(fake).team(1, Audience(places=frozenset({OPS})))
    assert reply.text.splitlines() == ["**The team in the last day**", "1 of 2 questions were answered."]


async def test_nothing_to_say_is_an_empty_reply_that_found_nothing() -> None:
    ctx = Context(caller=Caller(network="slack", external_id="U1"), audience=Audience(places=frozenset({OPS})))
    reply = await team(reports(FakeTeam()), ctx, days=7)
    assert (reply.text, reply.table, reply.found) == ("", None, False)


async def test_a_long_list_is_cut_and_counted() -> None:
    fake = FakeTeam()
    fake.news = tuple(item(f"page{n}") for n in range(8))
    reply = await reports(fake).team(7, Audience())
    assert reply.text.splitlines()[-2:] == ["- page4 (page4.md)", "- and 3 more"]
