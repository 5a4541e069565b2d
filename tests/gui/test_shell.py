"""The frame offers what this person may run, and nothing of the house's own words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from nicegui import ui

from gui.palette import RUN, Palette
from tests.fakes.house import until
from tests.gui.visiting import Building, choose, marked, palette, press, sees, texts, write

OWN_WORDS = re.compile(r"\b(door|lane|outbox|ledger|journal|breaker|dead.letter|tier|dispatch\w*)\b", re.IGNORECASE)
PAGES = ("/", "/conversations", "/conversations/new", "/waiting", "/schedules", "/deliveries", "/activity")


def offered(shown: Palette) -> set[str]:
    return {one.id.removeprefix(RUN) for one in shown.entries if one.id.startswith(RUN)}


async def test_palette_lists_only_what_this_person_may_run(building: Building) -> None:
    ann = await building.house.app.identity.person("Ann")
    member, owner = await building.visitor(ann.id), await building.visitor()
    await member.open("/")
    members = offered(palette(member))
    await owner.open("/")
    owners = offered(palette(owner))
    assert "conversation.ask" in members
    assert not {"people.add", "activity.list", "vault.save"} & members
    assert {"people.add", "activity.list", "vault.save"} <= owners
    assert owners == {one.name for one in building.house.app.door.registry}


async def test_pages_this_person_may_not_read_are_not_linked(building: Building) -> None:
    ann = await building.house.app.identity.person("Ann")
    member = await building.visitor(ann.id)
    await member.open("/")
    assert member.client is not None
    hrefs = {str(one.props.get("href", "")) for one in member.client.elements.values()}
    assert "/conversations" in hrefs
    assert "/activity" not in {one.href for one in palette(member).entries}


async def test_a_page_opened_without_the_right_says_why_not(building: Building) -> None:
    ann = await building.house.app.identity.person("Ann")
    member = await building.visitor(ann.id)
    await member.open("/activity")
    await sees(member, "Ann may not run")


async def test_an_entry_the_page_did_not_list_opens_nothing(building: Building) -> None:
    ann = await building.house.app.identity.person("Ann")
    member = await building.visitor(ann.id)
    await member.open("/")
    await choose(member, f"{RUN}people.add")
    assert not marked(member, "action-name")


async def test_a_form_shows_what_is_missing_beside_its_field(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}people.add")
    await press(owner, "run-action")
    await sees(owner, "This is needed.")


async def test_a_form_shows_what_does_not_fit_beside_its_field(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}conversation.list")
    await write(owner, "arg-limit", "5000")
    await press(owner, "run-action")
    await sees(owner, "Input should be less than or equal to 500.")
    await write(owner, "arg-limit", "many")
    await press(owner, "run-action")
    await sees(owner, "'many' is not a whole number.")


async def test_running_a_command_shows_its_result(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}echo")
    await write(owner, "arg-text", "hello **there** <b>bold</b>")
    await press(owner, "run-action")
    await sees(owner, "hello there &lt;b&gt;bold&lt;/b&gt;")


async def test_a_preview_runs_nothing(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}people.add")
    await write(owner, "arg-name", "Zoe")
    await press(owner, "simulate")
    await sees(owner, "Nothing was run. This is what would happen:")
    assert not [one for one in await building.house.run("people.list") if one.name == "Zoe"]  # type: ignore[attr-defined]


async def test_what_cannot_be_undone_asks_first_and_a_no_runs_nothing(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}people.remove")
    await write(owner, "arg-person", "Ann")
    await press(owner, "run-action")
    await sees(owner, "It runs in your name.")
    await press(owner, "confirm-no")
    await until(lambda: not marked(owner, "run-action")[-1].props.get("disabled"))
    assert (await building.house.app.identity.person("Ann")).name == "Ann"
    assert await building.house.app.door.confirmations.open() == ()
    await press(owner, "run-action")
    await press(owner, "confirm-yes")
    await sees(owner, "Ann is removed.")


async def test_a_secret_is_typed_and_never_shown(building: Building) -> None:
    owner = await building.visitor()
    await owner.open("/")
    await choose(owner, f"{RUN}vault.save")
    await write(owner, "arg-name", "SLACK_BOT_TOKEN")
    await write(owner, "arg-value", "xoxb-very-secret")
    field = marked(owner, "arg-value")[-1]
    assert field.props["type"] == "password"
    await press(owner, "run-action")
    await sees(owner, "SLACK_BOT_TOKEN is kept")
    assert isinstance(field, ui.input)
    assert field.value == ""
    assert not [text for text in texts(owner) if "very-secret" in text]


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_speaks_in_the_words_of_the_code(building: Building, tmp_path: Path, path: str) -> None:
    await building.teach(tmp_path / "docs")
    owner = await building.visitor()
    await owner.open(path)
    await until(lambda: len(list(texts(owner))) > 20)
    found = [text for text in texts(owner) if OWN_WORDS.search(text)]
    shown = [f"{one.title} {one.hint}" for one in palette(owner).entries]
    assert not found
    assert not [text for text in shown if OWN_WORDS.search(text)]
