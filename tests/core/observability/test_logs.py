import io
import json
import logging
from collections.abc import Iterator

import pytest

from core.observability.logs import Redactor, set_up


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def test_a_line_for_people_has_the_time_the_level_and_where_it_is_from() -> None:
    out = io.StringIO()
    set_up("console", "info", stream=out)
    logging.getLogger("core.bus").warning("a listener is slow: %s", "pages")
    assert out.getvalue()[8:] == " warning bus: a listener is slow: pages\n"


def test_a_line_for_machines_is_one_object_with_the_traceback_in_it() -> None:
    out = io.StringIO()
    set_up("json", "info", stream=out)
    try:
        raise ValueError("odd")
    except ValueError:
        logging.getLogger("core.bus").exception("it broke")
    said = json.loads(out.getvalue())
    assert (said["level"], said["logger"], said["message"]) == ("error", "core.bus", "it broke")
    assert said["error"].endswith("ValueError: odd")


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_are_struck_out_of_messages_and_tracebacks(form: str) -> None:
    out = io.StringIO()
    redactor = set_up("json" if form == "json" else "console", "info", secrets=["hunter2-hunter2"], stream=out)
    redactor.learn("learnt-later-on")
    try:
        raise ValueError("hunter2-hunter2 does not fit")
    except ValueError:
        logging.getLogger("x").exception("with learnt-later-on")
    assert "hunter2" not in out.getvalue()
    assert "learnt-later" not in out.getvalue()


@pytest.mark.parametrize(
    "secret",
    ["-".join(("xoxb", "1234567890", "abcdef")), "-".join(("xapp", "1", "A0123", "456", "abcdef")), "sk" + "-a" * 12,
     "gh" + "p_" + "a1B2" * 9],
)  # fmt: skip
def test_what_has_the_shape_of_a_token_is_struck_out(secret: str) -> None:
    assert Redactor().redact(f"token={secret} end") == "token=••• end"


def test_a_sign_in_link_and_a_password_in_an_address_are_struck_out() -> None:
    said = Redactor().redact("GET /login?code=abcdefghijklmnop from postgresql://me:secret@db/x, Bearer abcdefghijklmn")
    assert said == "GET /login?code=••• from postgresql://•••@db/x, Bearer •••"


def test_a_second_set_up_replaces_the_first_and_libraries_are_quiet() -> None:
    first, second = io.StringIO(), io.StringIO()
    set_up("console", "info", stream=first)
    set_up("console", "info", stream=second)
    logging.getLogger("slack_bolt.x").info("every step")
    logging.getLogger("core.x").info("ours")
    assert first.getvalue() == ""
    assert second.getvalue().count("\n") == 1
