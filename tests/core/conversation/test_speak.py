import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

import pytest

from core.conversation.speak import ROWS, reply_of, reply_to_error, zone_of
from core.errors import ConfirmationNeeded, Denied, NotFound
from core.values import Button, ProducedBy, Reply

AT = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Note:
    id: str
    open_since: datetime | None = None
    colour: Colour | None = None
    done: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shelf:
    name: str
    owner: str
    notes: tuple[Note, ...]
    best: Note | None = None


def test_a_reply_stays_as_it_is() -> None:
    reply = Reply(text="24 days.", answer_id="a1")
    assert reply_of(reply) is reply


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "Done."),
        ("It runs.", "It runs."),
        (7, "7"),
        (True, "yes"),
        (False, "no"),
        (Colour.RED, "red"),
        (AT, "2026-07-01 22:30"),
        ((), "Nothing there yet."),
        (("a", "b"), "- a\n- b"),
        ([1, None], "- 1\n- "),
    ],
)
def test_a_value_is_said_as_text_and_names_the_command_as_its_source(value: object, text: str) -> None:
    assert reply_of(value) == Reply(text=text, produced_by=ProducedBy(label="command"))


def test_one_thing_is_said_as_its_fields_without_the_empty_ones() -> None:
    reply = reply_of(Note(id="n1", open_since=AT, colour=Colour.RED, tags=("x", "y")), timezone="Europe/Berlin")
    assert reply.text == "**id**: n1\n**open since**: 2026-07-02 00:30\n**colour**: red\n**done**: no\n**tags**: x, y"
    assert reply.table is None


def test_a_mapping_is_said_as_a_thing_with_fields() -> None:
    assert reply_of({"kept_for": 7, "place": ""}).text == "**kept for**: 7"


def test_rows_are_a_table_without_columns_that_are_empty_everywhere() -> None:
    reply = reply_of([Note(id="n1", tags=("x",)), Note(id="n2", open_since=AT, done=True)])
    assert reply.text == ""
    assert reply.table is not None
    assert reply.table.headings == ("id", "open since", "done", "tags")
    assert reply.table.rows == (("n1", "", "no", "x"), ("n2", "2026-07-01 22:30", "yes", ""))


def test_a_thing_with_rows_in_it_is_its_fields_and_a_table() -> None:
    reply = reply_of(Shelf(name="A", owner="", notes=(Note(id="n1"),), best=Note(id="n1", tags=("x",))))
    assert reply.text == "**name**: A\n**best**: id n1, tags x"
    assert reply.table is not None
    assert reply.table.rows == (("n1", "no"),)


@pytest.mark.parametrize(("count", "said"), [(ROWS, ""), (ROWS + 1, f"{ROWS + 1} in all, the first {ROWS} shown.")])
def test_a_long_table_is_cut_and_says_so(count: int, said: str) -> None:
    reply = reply_of([Note(id=str(number)) for number in range(count)])
    assert reply.text == said
    assert reply.table is not None
    assert len(reply.table.rows) == ROWS


@pytest.mark.parametrize(("count", "last"), [(ROWS, f"- {ROWS - 1}"), (ROWS + 2, "… and 2 more.")])
def test_a_long_list_is_cut_and_says_so(count: int, last: str) -> None:
    lines = reply_of(list(range(count))).text.splitlines()
    assert lines[-1] == last
    assert sum(line.startswith("- ") for line in lines) == ROWS


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd"])
def test_a_zone_nobody_knows_is_utc(name: str) -> None:
    assert zone_of(name) is UTC


def test_an_error_is_said_with_what_to_do_and_to_its_person_alone() -> None:
    assert reply_to_error(NotFound("No note is called n9.", hint="`notes list` shows them.")) == Reply(
        text="**Not found.** No note is called n9.\n`notes list` shows them.", private=True
    )
    assert reply_to_error(Denied("You may not.")).text == "**Not allowed.** You may not."


@pytest.mark.parametrize(
    ("approver", "hint", "verb", "private"),
    [
        ("", "Confirm to run it.", "Run it", True),
        ("admin", "Somebody with the role admin must approve.", "Approve", False),
    ],
)
def test_what_needs_a_yes_has_two_buttons(approver: str, hint: str, verb: str, private: bool) -> None:
    error = ConfirmationNeeded(confirmation_id="c1", summary="Remove 3 notes?", expires_at=AT, approver=approver)
    reply = reply_to_error(error)
    assert (reply.text, reply.private) == (f"Remove 3 notes?\n{hint}", private)
    assert reply.buttons == (
        Button(label=verb, value="confirm:c1", style="primary"),
        Button(label="Cancel", value="decline:c1"),
    )


def test_a_bug_is_said_by_an_id_alone_and_logged_under_it(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        reply = reply_to_error(ValueError("password=made-up"))
    (record,) = caplog.records
    error_id = record.getMessage().removeprefix("error ")
    assert reply.text == f"Something broke in here; it is written down as `{error_id}`. Tell an admin that id."
    assert reply.private
    assert "made-up" not in reply.text
    assert record.exc_info is not None
