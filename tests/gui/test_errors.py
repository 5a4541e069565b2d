"""One place says what went wrong: an AppError as it is, a bug under an id."""

from __future__ import annotations

import logging

import pytest

from core.errors import Denied
from gui.errors import quiet_expected, wording


def test_an_expected_error_says_what_happened_and_what_to_do() -> None:
    error = Denied("Ann may not run `people add`.", rule="role member", hint="Ask an admin.")
    assert wording(error) == ("Ann may not run `people add`.", "Ask an admin.")


def test_a_bug_is_logged_under_the_id_that_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    message, hint = wording(KeyError("internal detail"))
    error_id = hint.rstrip(".").rpartition(" ")[2]
    assert "internal detail" not in message + hint
    assert f"error {error_id}: KeyError" in caplog.text


def test_expected_errors_stay_out_of_the_log_of_bugs(caplog: pytest.LogCaptureFixture) -> None:
    quiet_expected()
    logger = logging.getLogger("nicegui")
    for error in (Denied("No.", rule="r"), ValueError("a bug")):
        try:
            raise error
        except Exception:
            logger.exception("page")
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ValueError]
