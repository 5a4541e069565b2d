from __future__ import annotations

import pytest

from core.knowledge.guide import names_product

COMMANDS = ("knowledge.index", "schedules add", "notes.add", "help")


@pytest.mark.parametrize(
    "question",
    [
        "How do I connect Signalbox to Slack?",
        "what can SIGNALBOX do",
        "is the signal box running?",
        "How does `knowledge index` work?",
        "what does knowledge.index do?",
        "Schedules  ADD says no, why?",
        "the tool notes__add failed",
        "what does `help` show?",
        "and /help?",
    ],
)
def test_question_names_the_product_or_a_command(question: str) -> None:
    assert names_product(question, COMMANDS)


@pytest.mark.parametrize(
    "question",
    [
        "",
        "How do I add a schedule?",
        "Who can help me with my notes?",
        "Where is the knowledge base index?",
        "My knowledge indexes are slow",
        "the signalboxes of the railway",
        "/helpdesk is down",
    ],
)
def test_everyday_words_do_not_name_it(question: str) -> None:
    assert not names_product(question, (*COMMANDS, ""))
