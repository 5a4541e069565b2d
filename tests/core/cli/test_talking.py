import json
from collections.abc import Callable, Mapping

import pytest

from core.__main__ import TerminalScreen
from core.cli.client import NotAnswering, Refused
from core.cli.quick import Talk
from core.cli.talking import confirmation_of, talked
from tests.core.cli.parts import Seen

ASKS: dict[str, object] = {
    "outcome": "asked first",
    "reply": {"text": "It would go.", "buttons": [{"label": "Run it", "value": "confirm:c1"}]},
    "sources": [],
}


class FakeTalker:
    """Answers what it was given; remembers what was said and called."""

    def __init__(self, *answers: "dict[str, object] | Exception", parts: tuple[str, ...] = ()) -> None:
        self.answers, self.parts = list(answers), parts
        self.texts: list[str] = []
        self.conversations: set[str] = set()
        self.calls: list[tuple[str, Mapping[str, object], str]] = []

    def say(
        self, text: str, conversation: str, *, on_text: Callable[[str], None],
        on_progress: Callable[[int, int | None, str], None],
    ) -> dict[str, object]:  # fmt: skip
        self.texts.append(text)
        self.conversations.add(conversation)
        on_progress(1, 2, "reading")
        for part in self.parts:
            on_text(part)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def call(self, action: str, arguments: Mapping[str, object], *, confirm: str = "") -> object:
        self.calls.append((action, arguments, confirm))
        if action == "waiting.list":
            return [{"id": "c1", "action": "deliveries.drop", "arguments": {"delivery_id": "d1"}}]
        return {"text": "Dropped.", "sources": []}


def answer(text: str, outcome: str = "answered") -> dict[str, object]:
    return {"outcome": outcome, "reply": {"text": text}, "sources": []}


def say(talk: Talk, talker: FakeTalker, seen: Seen) -> int:
    return talked(talk, talker, seen.terminal, TerminalScreen(seen.terminal))


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("answered", 0), ("not found", 0), ("refused", 1), ("failed", 1), ("asked", 1), ("stopped", 1)],
)
def test_the_exit_code_says_whether_it_was_done(outcome: str, code: int) -> None:
    seen = Seen()
    assert say(Talk(kind="do", text="x"), FakeTalker(answer("Said.", outcome)), seen) == code
    assert seen.said == "Said.\n"
    assert seen.told == "1 of 2 reading\n"


def test_a_question_is_asked_as_one_even_when_it_looks_like_a_command() -> None:
    talker = FakeTalker(answer("24 days."))
    say(Talk(kind="ask", text='notes list "now"?'), talker, Seen())
    assert talker.texts == ['ask "notes list \\"now\\"?"']


def test_json_is_the_whole_answer() -> None:
    seen = Seen()
    say(Talk(kind="do", text="x", json=True), FakeTalker(answer("Said.")), seen)
    assert json.loads(seen.said) == answer("Said.")


def test_what_must_be_confirmed_is_not_run_where_nobody_can_say_yes() -> None:
    seen, talker = Seen(), FakeTalker(ASKS)
    assert say(Talk(kind="do", text="deliveries drop d1"), talker, seen) == 1
    assert "It would go." in seen.told
    assert "Add --yes to run it." in seen.told
    assert talker.calls == [("waiting.decline", {"confirmation_id": "c1"}, "")]


@pytest.mark.parametrize("typed", [["y"], None])
def test_a_yes_runs_what_was_asked_with_its_arguments(typed: list[str] | None) -> None:
    seen, talker = Seen(typed), FakeTalker(ASKS)
    assert say(Talk(kind="do", text="deliveries drop d1", yes=typed is None), talker, seen) == 0
    assert talker.calls[-1] == ("deliveries.drop", {"delivery_id": "d1"}, "c1")
    assert seen.said == "Dropped.\n"


def test_a_no_declines_it() -> None:
    seen, talker = Seen(["n"]), FakeTalker(ASKS)
    assert say(Talk(kind="do", text="x"), talker, seen) == 1
    assert talker.calls == [("waiting.decline", {"confirmation_id": "c1"}, "")]
    assert seen.told.endswith("Nothing was run.\n")


def test_a_refusal_and_silence_are_said_with_what_to_do() -> None:
    seen = Seen()
    refusal = Refused({"detail": "You may not.", "hint": "Ask an admin."})
    assert say(Talk(kind="do", text="x"), FakeTalker(refusal), seen) == 1
    assert seen.told.endswith("You may not.\nAsk an admin.\n")
    assert say(Talk(kind="do", text="x"), FakeTalker(NotAnswering("the answer broke off")), seen) == 1
    assert seen.told.endswith("`signalbox doctor` says more.\n")


def test_a_conversation_goes_on_until_exit_under_one_id() -> None:
    seen = Seen(["hello", "", "drop it", "y", "exit", "never said"])
    talker = FakeTalker(answer("Hi."), ASKS)
    assert say(Talk(kind="chat"), talker, seen) == 0
    assert talker.texts == ["hello", "drop it"]
    assert len(talker.conversations) == 1
    assert "Hi.\n" in seen.said
    assert "Dropped.\n" in seen.said


def test_a_refusal_does_not_end_a_conversation_and_the_end_of_input_does() -> None:
    seen = Seen(["one", "two"])
    talker = FakeTalker(Refused({"detail": "No."}), answer("Yes."))
    assert say(Talk(kind="chat"), talker, seen) == 0
    assert "No.\n" in seen.told
    assert "Yes.\n" in seen.said


def test_ctrl_c_ends_a_conversation_with_130() -> None:
    class Interrupting(FakeTalker):
        def say(self, *_: object, **__: object) -> dict[str, object]:
            raise KeyboardInterrupt

    assert say(Talk(kind="chat"), Interrupting(), Seen(["hello"])) == 130


def test_what_streams_in_is_shown_once() -> None:
    from tests.core.cli.parts import Screenful

    seen = Seen([])
    seen.terminal.out = seen.out = Screenful()
    seen.terminal.shows = True
    say(Talk(kind="do", text="x"), FakeTalker(answer("24 days."), parts=("24 ", "days.")), seen)
    assert seen.said == "24 days.\n"


def test_only_a_confirming_button_is_a_confirmation() -> None:
    assert confirmation_of(ASKS) == "c1"
    assert confirmation_of(answer("x")) == ""
    assert confirmation_of({"reply": {"buttons": [{"value": "people approve X"}]}}) == ""
