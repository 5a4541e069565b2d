"""The settings tree, and how settings.toml, .env and the environment fill it.

Order: the environment, `.env` in the home, `settings.toml` in the home, the default.
Any setting `a.b` is also `SIGNALBOX_A__B`. Vendors' secrets keep the vendors' names and are not
settings: `Settings.secrets` holds those that were found, and the vault wins over them.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, get_origin

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

from core.config.home import home_folder
from core.errors import BadSettings

SECRET_NAMES = (
    "SLACK_BOT_TOKEN",
    "SLACK_APP_TOKEN",
    "SLACK_SIGNING_SECRET",
    "DISCORD_TOKEN",
    "ANTHROPIC_API_KEY",
    "OPENAI_API_KEY",
    "GEMINI_API_KEY",
    "DEEPSEEK_API_KEY",
    "PERPLEXITY_API_KEY",
    "OLLAMA_HOST",
    "GITHUB_TOKEN",
    "NOTION_TOKEN",
    "EMAIL_PROVIDER",
    "EMAIL_FROM",
    "EMAIL_REPLY_TO",
    "SENDGRID_API_KEY",
    "MAILGUN_API_KEY",
    "MAILGUN_DOMAIN",
    "SMTP_HOST",
    "SMTP_PORT",
    "SMTP_USER",
    "SMTP_PASSWORD",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_PHONE_NUMBER",
    "ZAPIER_HOOK_URL",
    "GOOGLE_FACTCHECK_API_KEY",
    "CLAIMBUSTER_API_KEY",
    "SENTRY_DSN",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
)
"""The vendors' own names for what they hand out."""

VENDORS = (
    "SLACK",
    "DISCORD",
    "DISCORD_GATEWAY",
    "ANTHROPIC",
    "OPENAI",
    "GEMINI",
    "DEEPSEEK",
    "LOCALAI",
    "LMSTUDIO",
    "OLLAMA",
    "GITHUB",
    "NOTION",
    "SENDGRID",
    "MAILGUN",
    "TWILIO",
    "ZOOM",
    "MSGRAPH",
    "GOOGLE",
    "FACTCHECK",
    "CLAIMBUSTER",
    "PERPLEXITY",
    "WIKIPEDIA",
    "PUSH",
)
"""Whose base URL can be set by SIGNALBOX_URL_<VENDOR>."""

_PLAIN = {
    "SIGNALBOX_HOST": "host",
    "SIGNALBOX_PORT": "port",
    "SIGNALBOX_LOG": "log",
    "SIGNALBOX_ADMIN_TOKEN": "admin_token",
    "SIGNALBOX_DISTRIBUTED_URL": "distributed_url",
}
_NOT_SETTINGS = {"SIGNALBOX_HOME"}
_URL = "SIGNALBOX_URL_"
_ELSEWHERE = {
    "home": "Set SIGNALBOX_HOME, or start with --home.",
    "secrets": "Save them with `vault save`, or put them into .env.",  # pragma: allowlist secret
    "urls": "Set SIGNALBOX_URL_<VENDOR> in .env.",
}
"""What settings.toml cannot hold, and where it goes."""
_HIDDEN = ("admin_token", "distributed_url")
"""Their values are secrets, or hold one."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _list_from_text(cls, value: object, info: ValidationInfo) -> object:
        """The environment has no lists: there, commas separate."""
        field = cls.model_fields.get(info.field_name or "")
        if isinstance(value, str) and field is not None and get_origin(field.annotation) is tuple:
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value


class StorageSettings(_Section):
    """The database."""

    readers: Annotated[int, Field(ge=1, le=8, description="Connections that read beside the writer.")] = 3
    backups_kept: Annotated[int, Field(ge=1, le=90, description="Nightly backups that are kept.")] = 7


class ConversationSettings(_Section):
    """How questions are answered."""

    workers: Annotated[int, Field(ge=1, le=64, description="Conversations worked on at the same time.")] = 8
    fresh_min: Annotated[int, Field(ge=1, description="Minutes a missed message is answered as usual.")] = 15
    late_min: Annotated[
        int, Field(ge=1, description="Minutes after which a missed message is listed instead of answered.")
    ] = 240
    command_fresh_min: Annotated[
        int, Field(ge=1, description="Minutes after which a command that changes something asks again.")
    ] = 5
    bots_allowed: Annotated[
        tuple[str, ...], Field(description="Channels (`slack:T1/C2`) where other bots are answered.")
    ] = ()
    bot_turns: Annotated[int, Field(ge=0, description="Answers to another bot in a row before it is ignored.")] = 3


class LimitSettings(_Section):
    """How much one person may ask for."""

    per_person_per_min: Annotated[int, Field(ge=1, description="Actions one person may run in a minute.")] = 120
    per_address_per_min: Annotated[
        int, Field(ge=1, description="Requests a minute from one address without a sign-in.")
    ] = 100


class AdmissionSettings(_Section):
    """How people nobody knows get in; changed by the `admission` command afterwards."""

    slack: Annotated[Literal["code", "members", "email"], Field(description="Slack's way in.")] = "code"
    discord: Annotated[Literal["code", "members", "email"], Field(description="Discord's way in.")] = "code"


class ScheduleSettings(_Section):
    """The clock."""

    late_run_min: Annotated[int, Field(ge=1, description="Minutes a missed slot is still run, once.")] = 120
    timezone: Annotated[str, Field(description="Time zone of schedules without their own; IANA name.")] = ""


class HookSettings(_Section):
    """How one source signs what it posts to `/hooks/SOURCE`, and what is run with it."""

    header: Annotated[str, Field(description="Header with the signature.")] = "X-Signalbox-Signature"
    algorithm: Annotated[Literal["sha256", "sha512"], Field(description="Hash of the HMAC.")] = "sha256"
    prefix: Annotated[str, Field(description="What stands before the hexadecimal signature.")] = "v1="
    signs: Annotated[
        Literal["time_and_body", "body"],
        Field(description="What is signed: `v1:TIME:BODY` (version from the prefix), or the body alone."),
    ] = "time_and_body"
    time_header: Annotated[str, Field(description="Header with the time, Unix seconds.")] = "X-Signalbox-Timestamp"
    delivery_header: Annotated[
        str, Field(description="Header with the id of the delivery; without one the signature is the id.")
    ] = "X-Signalbox-Delivery"
    action: Annotated[str, Field(description="Command that is run, as the person linked to `hook:SOURCE`.")] = ""
    arguments: Annotated[Mapping[str, str], Field(description="Its fixed arguments.")] = {}
    take: Annotated[Mapping[str, str], Field(description="Arguments taken from the body: argument = dotted path.")] = {}


class Settings(_Section):
    """Everything that can be set. Frozen: a change is a new start of the part it concerns."""

    home: Annotated[Path, Field(description="The data folder.")]
    host: Annotated[str, Field(description="Address the control room listens on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port of the control room; 0 takes a free one.")] = 8321
    log: Annotated[Literal["console", "json"], Field(description="Form of the log on stderr.")] = "console"
    log_level: Annotated[Literal["debug", "info", "warning", "error"], Field(description="Least level shown.")] = "info"
    hosts: Annotated[tuple[str, ...], Field(description="Host names the control room is reached by.")] = ()
    trusted_proxy: Annotated[bool, Field(description="A TLS proxy on this machine stands in front.")] = False
    admin_token: Annotated[SecretStr | None, Field(description="Owner's API token for unattended set-up.")] = None
    distributed_url: Annotated[str, Field(description="PostgreSQL address of the distributed engine.")] = ""
    storage: Annotated[StorageSettings, Field(description="The database.")] = StorageSettings()
    conversation: Annotated[ConversationSettings, Field(description="Answers.")] = ConversationSettings()
    limits: Annotated[LimitSettings, Field(description="Limits per person.")] = LimitSettings()
    admission: Annotated[AdmissionSettings, Field(description="Ways in.")] = AdmissionSettings()
    schedules: Annotated[ScheduleSettings, Field(description="The clock.")] = ScheduleSettings()
    hooks: Annotated[Mapping[str, HookSettings], Field(description="Sources that post to /hooks.")] = {}
    secrets: Annotated[
        Mapping[str, SecretStr], Field(description="Vendors' secrets from the environment.", repr=False)
    ] = {}
    urls: Annotated[Mapping[str, str], Field(description="Base URLs by vendor, lower case.")] = {}

    @property
    def database(self) -> Path:
        """The one SQLite file."""
        return self.home / "signalbox.db"

    def url(self, vendor: str, default: str) -> str:
        """The base URL of a vendor: what was set, else the default."""
        return self.urls.get(vendor.lower(), default)


def load_settings(home: str | None = None, *, environ: Mapping[str, str] | None = None, **flags: object) -> Settings:
    """The settings of a home. `flags` (from the command line; None is ignored) win over everything.

    Raises BadSettings naming the key, the value and the nearest key there is.
    """
    environ = os.environ if environ is None else environ  # noqa: TID251
    folder = home_folder(home, environ)
    merged = {**_dotenv(folder / ".env"), **environ}
    values = _toml(folder / "settings.toml")
    for name, value in merged.items():
        if name.startswith("SIGNALBOX_") and name not in _NOT_SETTINGS and not name.startswith(_URL):
            _put(values, _path(name), value)
    values["secrets"] = {name: merged[name] for name in SECRET_NAMES if merged.get(name)}
    values["urls"] = _urls(merged)
    values.update({name: value for name, value in flags.items() if value is not None})
    values["home"] = folder
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        raise _explained(error) from error


def _dotenv(path: Path) -> dict[str, str]:
    return {k: v for k, v in dotenv_values(path).items() if v is not None} if path.exists() else {}


def _toml(path: Path) -> dict[str, object]:
    if not path.exists():
        return {}
    try:
        values: dict[str, object] = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSettings(f"{path} is not TOML: {error}.", hint="Mend that line; nothing was changed.") from error
    for name, instead in _ELSEWHERE.items():
        if name in values:
            raise BadSettings(f"{name} in {path} is not read.", hint=instead)
    return values


def _urls(merged: Mapping[str, str]) -> dict[str, str]:
    """The base URLs by vendor, lower case. Raises BadSettings for a vendor nobody asks."""
    urls = {}
    for name, url in merged.items():
        if not name.startswith(_URL) or not url:
            continue
        vendor = name.removeprefix(_URL)
        if vendor not in VENDORS:
            near = get_close_matches(vendor, VENDORS, n=1, cutoff=0.4)
            hint = f"Did you mean {_URL}{near[0]}?" if near else "The settings reference lists them all."
            raise BadSettings(f"{name} is set, but no service is called {vendor}.", hint=hint)
        urls[vendor.lower()] = url
    return urls


def _path(name: str) -> list[str]:
    if name in _PLAIN:
        return [_PLAIN[name]]
    return name.removeprefix("SIGNALBOX_").lower().split("__")


def _put(values: dict[str, object], path: list[str], value: str) -> None:
    for part in path[:-1]:
        inner = values.setdefault(part, {})
        if not isinstance(inner, dict):
            raise BadSettings(f"{'.'.join(path)} is set, but {part} is not a section.")
        values = inner
    values[path[-1]] = value


def _explained(error: ValidationError) -> BadSettings:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] != "extra_forbidden":
        shown = "•••" if key in _HIDDEN else repr(first["input"])
        return BadSettings(f"The setting {key} = {shown}: {first['msg']}.", hint="See settings.toml.")
    near = get_close_matches(key, known_keys(Settings), n=1, cutoff=0.3)
    variable = "SIGNALBOX_" + key.upper().replace(".", "__")
    hint = f"Did you mean {near[0]}?" if near else "The settings reference lists them all."
    return BadSettings(f"There is no setting called {key} (or {variable}).", hint=hint)


def known_keys(section: type[BaseModel], prefix: str = "") -> list[str]:
    """Every dotted key of the tree."""
    keys: list[str] = []
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += known_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys.append(prefix + name)
    return keys
