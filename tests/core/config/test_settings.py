from pathlib import Path

import pytest

from core import config
from core.config import home_folder, load_settings
from core.config.settings import VENDORS, Settings, known_keys
from core.errors import BadSettings


def load(home: Path, environ: dict[str, str] | None = None, **flags: object) -> Settings:
    return load_settings(str(home), environ=environ or {}, **flags)


def test_an_empty_home_has_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.host, settings.port, settings.log) == ("127.0.0.1", 8321, "console")
    assert settings.database == tmp_path / "signalbox.db"
    assert (settings.secrets, settings.urls, settings.hooks) == ({}, {}, {})


def test_every_setting_has_a_default_and_says_what_it_is() -> None:
    for key in known_keys(Settings):
        section, _, name = key.rpartition(".")
        model = type(Settings.model_fields[section].default) if section else Settings
        field = model.model_fields[name]
        assert field.description, key
        assert key == "home" or not field.is_required(), key


def test_the_environment_wins_over_the_env_file_and_that_over_the_toml_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        'port = 1001\nhost = "10.0.0.1"\n[storage]\nreaders = 2\nbackups_kept = 3\n'
    )
    (tmp_path / ".env").write_text("SIGNALBOX_PORT=1002\nSIGNALBOX_STORAGE__READERS=4\nSLACK_BOT_TOKEN=from-the-file\n")
    settings = load(tmp_path, {"SIGNALBOX_PORT": "1003"})
    assert (settings.port, settings.host) == (1003, "10.0.0.1")
    assert (settings.storage.readers, settings.storage.backups_kept) == (4, 3)
    assert settings.secrets["SLACK_BOT_TOKEN"].get_secret_value() == "from-the-file"


def test_a_flag_wins_over_everything_and_none_is_no_flag(tmp_path: Path) -> None:
    settings = load(tmp_path, {"SIGNALBOX_PORT": "1003", "SIGNALBOX_HOST": "10.0.0.2"}, port=0, host=None)
    assert (settings.port, settings.host) == (0, "10.0.0.2")


def test_commas_separate_a_list_in_the_environment(tmp_path: Path) -> None:
    settings = load(tmp_path, {"SIGNALBOX_HOSTS": "box.lan, box , ,"})
    assert settings.hosts == ("box.lan", "box")


def test_a_section_of_hooks_is_read(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text(
        '[hooks.github]\nsigns = "body"\n[hooks.github.take]\ntitle = "issue.title"\n'
    )
    hook = load(tmp_path).hooks["github"]
    assert (hook.signs, hook.take, hook.header) == ("body", {"title": "issue.title"}, "X-Signalbox-Signature")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (
            {"SIGNALBOX_PROT": "1"},
            "There is no setting called prot (or SIGNALBOX_PROT). Did you mean port?",
        ),
        (
            {"SIGNALBOX_STORAGE__READER": "2"},
            "There is no setting called storage.reader (or SIGNALBOX_STORAGE__READER). Did you mean storage.readers?",
        ),
        (
            {"SIGNALBOX_PORT": "2", "SIGNALBOX_PORT__LOW": "1"},
            "port.low is set, but port is not a section.",
        ),
        (
            {"SIGNALBOX_PORT": "70000"},
            "The setting port = '70000': Input should be less than or equal to 65535. See settings.toml.",
        ),
        (
            {"SIGNALBOX_LOG": "xml"},
            "The setting log = 'xml': Input should be 'console' or 'json'. See settings.toml.",
        ),
        (
            {"SIGNALBOX_URL_SLAK": "http://127.0.0.1:1"},
            "SIGNALBOX_URL_SLAK is set, but no service is called SLAK. Did you mean SIGNALBOX_URL_SLACK?",
        ),
        (
            {"SIGNALBOX_URL_XQZ": "http://127.0.0.1:1"},
            "SIGNALBOX_URL_XQZ is set, but no service is called XQZ. The settings reference lists them all.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(tmp_path: Path, environ: dict[str, str], said: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load(tmp_path, environ)
    assert str(refused.value) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = ", r"settings\.toml is not TOML: Invalid value .*Mend that line"),
        ("xyzzyqq = 1", r"no setting called xyzzyqq .*The settings reference lists them all"),
        ('[secrets]\nSLACK_BOT_TOKEN = "x"', r"secrets in .*settings\.toml is not read\. Save them with `vault save`"),
        ('[urls]\nslack = "x"', r"urls in .*settings\.toml is not read\. Set SIGNALBOX_URL_<VENDOR>"),
        ('home = "/elsewhere"', r"home in .*settings\.toml is not read\. Set SIGNALBOX_HOME"),
    ],
)
def test_a_settings_file_that_does_not_fit_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(BadSettings, match=said):
        load(tmp_path)


def test_a_settings_file_that_is_no_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b'host = "\xff"')
    with pytest.raises(BadSettings, match="is not TOML"):
        load(tmp_path)


def test_a_wrong_token_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("admin_token = 12345678\n")
    with pytest.raises(BadSettings, match="The setting admin_token = •••") as refused:
        load(tmp_path)
    assert "12345678" not in str(refused.value)


def test_secrets_do_not_show_and_empty_ones_are_none(tmp_path: Path) -> None:
    settings = load(
        tmp_path, {"DISCORD_TOKEN": "of-discord", "GITHUB_TOKEN": "", "SIGNALBOX_ADMIN_TOKEN": "of-the-owner"}
    )
    assert set(settings.secrets) == {"DISCORD_TOKEN"}
    assert settings.admin_token is not None
    assert settings.admin_token.get_secret_value() == "of-the-owner"
    assert "of-discord" not in repr(settings)
    assert "of-the-owner" not in repr(settings)


def test_the_base_url_of_every_vendor_can_be_set(tmp_path: Path) -> None:
    settings = load(tmp_path, {f"SIGNALBOX_URL_{vendor}": f"http://127.0.0.1:1/{vendor}" for vendor in VENDORS})
    assert settings.url("DISCORD_GATEWAY", "wss://x") == "http://127.0.0.1:1/DISCORD_GATEWAY"
    assert set(settings.urls) == {vendor.lower() for vendor in VENDORS}
    assert load(tmp_path, {"SIGNALBOX_URL_SLACK": ""}).url("slack", "https://slack.test") == "https://slack.test"


def test_settings_are_frozen(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(tmp_path).port = 1


def test_the_home_is_what_was_given_else_the_variable_else_the_platforms_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert home_folder("~/given", {"SIGNALBOX_HOME": "/no"}) == tmp_path / "given"
    assert home_folder(None, {"SIGNALBOX_HOME": "~/named"}) == tmp_path / "named"
    monkeypatch.setattr("sys.platform", "linux")
    assert home_folder(None, {"XDG_DATA_HOME": str(tmp_path / "xdg")}) == tmp_path / "xdg" / "signalbox"
    assert home_folder(None, {}) == tmp_path / ".local" / "share" / "signalbox"
    monkeypatch.setattr("sys.platform", "darwin")
    assert home_folder(None, {}).name == "signalbox"


def test_the_package_names_what_it_has() -> None:
    assert config.Settings is Settings
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = config.no_such_name
