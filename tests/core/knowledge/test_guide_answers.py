from __future__ import annotations

from pathlib import Path

import pytest

from tests.core.knowledge.guide_questions import GUIDE_QUESTIONS
from tests.core.knowledge.parts import ALL, GUIDE, HANDBOOK, Team, team, write


async def answered(ours: Team, question: str) -> list[str]:
    return [source.location for source in (await ours.knowledge.quote(question, ALL)).sources]


async def test_a_fresh_home_answers_how_to_connect_slack(tmp_path: Path) -> None:
    async with team(tmp_path, guide=GUIDE) as ours:
        answer = await ours.knowledge.quote("How do I connect Slack?", ALL)
    assert answer.sources[0].location == "guide/connect-slack.md"
    assert answer.sources[0].section == "Steps to connect Slack"
    assert "`vault save SLACK_BOT_TOKEN` and `vault save SLACK_APP_TOKEN`" in answer.text


async def test_the_guide_answers_questions_about_what_is_there(tmp_path: Path) -> None:
    async with team(tmp_path, guide=GUIDE) as ours:
        missed = []
        for question, page, words in GUIDE_QUESTIONS:
            answer = await ours.knowledge.quote(question, ALL)
            if not answer.found or answer.sources[0].location != f"guide/{page}.md" or words not in answer.text:
                missed.append((question, answer.text))
    assert len(GUIDE_QUESTIONS) >= 16
    assert missed == []


@pytest.mark.parametrize("question", ["What is the capital of Mongolia?", "How many vacation days do I get?"])
async def test_the_guide_does_not_answer_what_it_cannot(tmp_path: Path, question: str) -> None:
    async with team(tmp_path, guide=GUIDE) as ours:
        assert not (await ours.knowledge.quote(question, ALL)).found


async def test_beside_other_sources_it_answers_only_when_named(tmp_path: Path) -> None:
    async with team(tmp_path, guide=GUIDE) as ours:
        await ours.index(HANDBOOK)
        assert await answered(ours, "How do I connect Slack?") == []
        assert (await answered(ours, "How do I connect Signalbox to Slack?"))[0] == "guide/connect-slack.md"
        assert "guide/add-documents.md" in await answered(ours, "What does `knowledge index` do?")
        assert await answered(ours, "How long is parental leave?") == ["handbook/leave.md"]


async def test_the_guide_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    pages = write(tmp_path / "pages", {"one.md": "# One\n\nThe lamp shows red.\n"})
    async with team(tmp_path, guide=pages) as ours:
        await ours.knowledge.run()
        (first,) = await ours.knowledge.sources(ALL)
        assert (first.kind, first.documents) == ("guide", 1)
    async with team(tmp_path, guide=pages) as ours:
        await ours.knowledge.run()
        await ours.knowledge.run()
        assert (await ours.knowledge.sources(ALL))[0].indexed_at == first.indexed_at
    write(pages, {"one.md": "# One\n\nThe lamp shows green.\n"})
    async with team(tmp_path, guide=pages) as ours:
        answer = await ours.knowledge.quote("What does the lamp show?", ALL)
        assert answer.text == "The lamp shows green. [1]"
