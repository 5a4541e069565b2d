import stat
from pathlib import Path

import pytest

from core.app import open_app
from core.cli.init import init
from core.cli.outside import Checked
from core.config import load_settings
from core.errors import BadSettings, InvalidInput, NotFound, Unavailable
from tests.core.cli.parts import FakeWorld, Seen, given

BOT, APP = "-".join(("xoxb", "1", "2", "abc")), "-".join(("xapp", "1", "A", "def"))
SLACK = {"slack_bot_token": BOT, "slack_app_token": APP}


async def kept(home: Path) -> tuple[dict[str, str], list[str]]:
    """(secrets by name with their place, links of the owner)."""
    settings = load_settings(str(home), environ={})
    async with open_app(settings, FakeWorld().ports(settings, chats=False)) as app:
        owner = await app.identity.ensure_owner()
        links = [f"{link.network} {link.external_id}" for link in owner.links]
        return {one.name: one.place for one in await app.vault.states()}, links


def run(home: Path, world: FakeWorld, seen: Seen, **values: object) -> int:
    return init(given(home=str(home), **values), world, seen.terminal)


@pytest.fixture(autouse=True)
def _no_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cli.init.checkout", lambda: None)


def test_tokens_are_asked_for_checked_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    seen, world = Seen(["U7"]), FakeWorld(Checked(workspace="Acme", team_id="T1"))
    typed = iter(SLACK.values())
    monkeypatch.setattr(seen.terminal, "hidden", lambda prompt: next(typed))
    assert run(tmp_path / "home", world, seen, network="slack") == 0
    assert '"display_information"' in seen.said
    assert "Slack takes the tokens of Acme." in seen.said
    assert world.asked == [("slack", {"SLACK_BOT_TOKEN": BOT, "SLACK_APP_TOKEN": APP})]
    secrets, links = asyncio.run(kept(tmp_path / "home"))
    assert secrets == {"SLACK_BOT_TOKEN": "vault", "SLACK_APP_TOKEN": "vault"}
    assert links == ["slack T1/U7"]
    for token in SLACK.values():
        assert token not in seen.said + seen.told


async def test_every_question_is_an_option(tmp_path: Path) -> None:
    import asyncio

    seen = Seen()
    code = await asyncio.to_thread(run, tmp_path, FakeWorld(), seen, discord_token="d" * 60, account="99")
    assert code == 0
    assert await kept(tmp_path) == ({"DISCORD_TOKEN": "vault"}, ["discord 99"])


def test_wrong_tokens_are_not_kept(tmp_path: Path) -> None:
    import asyncio

    seen = Seen()
    world = FakeWorld(Checked(faults=(("The bot token lacks the scopes chat:write.", "Install it again."),)))
    assert run(tmp_path, world, seen, network="slack", **SLACK) == 1
    assert "✗ The bot token lacks the scopes chat:write.\n    → Install it again.\n" in seen.told
    assert seen.told.endswith("Nothing was saved.\n")
    assert asyncio.run(kept(tmp_path))[0] == {}


def test_a_network_that_cannot_be_reached_leaves_the_choice(tmp_path: Path) -> None:
    world = FakeWorld(Unavailable("Slack cannot be reached.", hint="Is this machine on the network?"))
    assert run(tmp_path, world, Seen(), network="slack", **SLACK) == 1
    assert run(tmp_path, world, Seen(), network="slack", yes=True, **SLACK) == 0
    silent = FakeWorld()
    assert run(tmp_path, silent, Seen(), network="slack", no_check=True, **SLACK) == 0
    assert silent.asked == []


def test_a_missing_token_names_its_option(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"SLACK_APP_TOKEN is missing\. --slack-app-token TOKEN"):
        run(tmp_path, FakeWorld(), Seen(), network="slack", slack_bot_token="xoxb-1")
    with pytest.raises(InvalidInput, match="What is to be connected was not said"):
        run(tmp_path, FakeWorld(), Seen())


def test_a_dotenv_is_imported_for_its_owner_alone_and_the_old_one_kept(tmp_path: Path) -> None:
    home, source = tmp_path / "home", tmp_path / "team.env"
    source.write_text("SIGNALBOX_PORT=9000\n")
    home.mkdir()
    (home / ".env").write_text("SIGNALBOX_PORT=8000\n")
    seen = Seen()
    assert run(home, FakeWorld(), seen, import_env=str(source)) == 0
    assert load_settings(str(home), environ={}).port == 9000
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600
    assert (home / ".env.before").read_text() == "SIGNALBOX_PORT=8000\n"


def test_a_dotenv_that_does_not_fit_is_not_taken(tmp_path: Path) -> None:
    home, source = tmp_path / "home", tmp_path / "team.env"
    source.write_text("SIGNALBOX_PROT=9000\n")
    with pytest.raises(BadSettings, match="There is no setting called prot"):
        run(home, FakeWorld(), Seen(), import_env=str(source))
    assert not (home / ".env").exists()
    with pytest.raises(NotFound, match="There is no file"):
        run(home, FakeWorld(), Seen(), import_env=str(tmp_path / "no.env"))


def test_a_dotenv_beside_the_makefile_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.cli.init.checkout", lambda: tmp_path)
    (tmp_path / ".env").write_text("SIGNALBOX_PORT=9000\n")
    seen = Seen(["y", ""])
    assert run(tmp_path / "home", FakeWorld(), seen) == 0
    assert f"Import it into {tmp_path / 'home' / '.env'}? [y/N]" in seen.told
    assert load_settings(str(tmp_path / "home"), environ={}).port == 9000


def test_the_manifest_alone_can_be_printed(tmp_path: Path) -> None:
    seen = Seen()
    assert run(tmp_path, FakeWorld(), seen, manifest=True) == 0
    assert seen.said.startswith("{")
