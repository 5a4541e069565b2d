from datetime import timedelta

import pytest

from core.config.settings import ConversationSettings
from core.conversation.timing import Freshness, freshness, must_confirm, with_apology
from core.values import IncomingKind, Reply
from tests.fakes.chat import incoming

SETTINGS = ConversationSettings(fresh_min=15, late_min=240, command_fresh_min=5)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(0), Freshness.FRESH),
        (timedelta(minutes=15), Freshness.FRESH),
        (timedelta(minutes=15) + SECOND, Freshness.LATE),
        (timedelta(hours=4), Freshness.LATE),
        (timedelta(hours=4) + SECOND, Freshness.STALE),
        (-timedelta(minutes=3), Freshness.FRESH),  # the network's clock runs ahead of this one
    ],
)
@pytest.mark.parametrize("kind", [IncomingKind.MESSAGE, IncomingKind.COMMAND])
def test_the_age_of_what_was_written_decides(kind: IncomingKind, age: timedelta, expected: Freshness) -> None:
    arrival = incoming("leave?", kind=kind)
    assert freshness(arrival, arrival.sent_at + age, SETTINGS) is expected


@pytest.mark.parametrize("kind", [IncomingKind.PRESS, IncomingKind.FORM, IncomingKind.EDIT, IncomingKind.DELETE])
def test_what_is_no_question_is_never_late(kind: IncomingKind) -> None:
    arrival = incoming("", kind=kind)
    assert freshness(arrival, arrival.sent_at + timedelta(days=2), SETTINGS) is Freshness.FRESH


def test_an_old_command_asks_first_and_says_how_old_it_is() -> None:
    arrival = incoming("notes remove n1")
    assert must_confirm(arrival, arrival.sent_at + timedelta(minutes=5), SETTINGS) == ""
    assert must_confirm(arrival, arrival.sent_at + timedelta(minutes=5, seconds=1), SETTINGS) == "was asked 5 min ago"


def test_a_late_answer_says_so_first() -> None:
    arrival = incoming("leave?")
    reply = with_apology(Reply(text="24 days.", answer_id="a1"), arrival, arrival.sent_at + timedelta(hours=2))
    assert reply == Reply(text="*Asked 2 h ago; I was offline.*\n\n24 days.", answer_id="a1")
