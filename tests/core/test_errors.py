import inspect
from datetime import UTC, datetime

import pytest

from core import errors
from core.errors import (
    AppError,
    ConfirmationNeeded,
    Denied,
    KeyReused,
    Limited,
    NotFound,
    Unavailable,
    UnknownAction,
)

CLASSES = [one for _, one in inspect.getmembers(errors, inspect.isclass) if issubclass(one, AppError)]


def test_the_tree_at_the_top_names_every_error_with_its_status() -> None:
    tree = errors.__doc__ or ""
    drawn = {}
    for line in tree.splitlines():
        words = line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
        if words and words[-1].isdigit():
            drawn[words[0]] = int(words[-1])
    # What only one part raises (NewerDatabase, a migration that failed) is told as its parent is.
    told = {one.__name__: one.status for one in CLASSES if one.__name__ in drawn}
    assert told == drawn
    assert {one.__base__.__name__ for one in CLASSES if one.__name__ not in drawn and one.__base__} <= {
        *drawn,
        "Exception",
    }


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_error_has_a_title_people_understand(kind: type[AppError]) -> None:
    assert kind.title[0].isupper()
    assert not kind.title.endswith(".")
    assert 400 <= kind.status < 600


def test_an_error_says_what_happened_and_then_what_to_do() -> None:
    assert str(NotFound("No note is called n9.")) == "No note is called n9."
    assert str(NotFound("No note is called n9.", hint="Try `notes`.")) == "No note is called n9. Try `notes`."


def test_an_unknown_command_is_answered_by_the_nearest_three() -> None:
    error = UnknownAction("notes.ad", ["notes.add", "notes.list", "notes.remove", "vault.save", "notes.read"])
    assert len(error.near) == 3
    assert error.near[0] == "notes add"
    assert str(error).startswith("No command is called `notes ad`. Nothing was run. Nearest: `notes add`, `notes ")


def test_an_unknown_command_with_nothing_near_points_at_the_help() -> None:
    error = UnknownAction("xyzzy", ["notes.add"])
    assert (error.near, error.hint) == ((), "`help` lists what there is.")


@pytest.mark.parametrize(("wait_s", "hint"), [(0.2, "Try again in 1 s."), (7.6, "Try again in 8 s.")])
def test_too_fast_says_when_there_is_room_again(wait_s: float, hint: str) -> None:
    error = Limited("Ann asks too much.", retry_after_s=wait_s)
    assert (error.hint, error.retry_after_s) == (hint, wait_s)
    assert Limited("Too much.", retry_after_s=wait_s, hint="Wait.").hint == "Wait."


@pytest.mark.parametrize(
    ("approver", "hint"),
    [("", "Confirm to run it."), ("admin", "Somebody with the role admin must approve.")],
)
def test_what_needs_a_yes_says_whose(approver: str, hint: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    error = ConfirmationNeeded(confirmation_id="c1", summary="Remove all?", expires_at=at, approver=approver)
    assert (error.message, error.hint, error.confirmation_id, error.expires_at) == ("Remove all?", hint, "c1", at)


def test_errors_carry_what_front_ends_need() -> None:
    assert Denied("No.", rule="role member lacks it", hint="Ask an admin.").rule == "role member lacks it"
    assert str(KeyReused("k1")) == "The key 'k1' was used before with other arguments. Use a new key for a new request."
    lost = Unavailable("Slack hung up.", retry_after_s=3, sent=None)
    assert (lost.retry_after_s, lost.sent) == (3, None)
    assert Unavailable("Slack is away.").sent is False
