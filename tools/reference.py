"""The reference pages and `.env.example`, written from the code they describe.

`python -m tools.reference` writes them; `pages()` gives them, for `tools.docs` and for the test that they
are in step.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

if TYPE_CHECKING:
    from core.actions import Definition

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by `make docs` from the code; change the code, not this page. -->"

PLAIN = {
    "host": "SIGNALBOX_HOST",
    "port": "SIGNALBOX_PORT",
    "log": "SIGNALBOX_LOG",
    "admin_token": "SIGNALBOX_ADMIN_TOKEN",
    "distributed_url": "SIGNALBOX_DISTRIBUTED_URL",
}
NOT_SET_BY_PEOPLE = {"home", "secrets", "urls"}
SECRETS: Mapping[str, str] = {
    "SLACK_BOT_TOKEN": "Slack's bot token, xoxb-…; `signalbox init slack` asks for it",
    "SLACK_APP_TOKEN": "Slack's app-level token, xapp-…, with the scope connections:write",
    "SLACK_SIGNING_SECRET": "Slack's signing secret; only for requests over HTTP",
    "DISCORD_TOKEN": "Discord's bot token; `signalbox init discord` asks for it",
    "ANTHROPIC_API_KEY": "Key for Anthropic's models",
    "OPENAI_API_KEY": "Key for OpenAI's models",
    "GEMINI_API_KEY": "Key for Google's Gemini models",
    "DEEPSEEK_API_KEY": "Key for DeepSeek's models",
    "PERPLEXITY_API_KEY": "Key for Perplexity's search",
    "OLLAMA_HOST": "Address of an Ollama server",
    "GITHUB_TOKEN": "GitHub's token, fine-grained",
    "NOTION_TOKEN": "Notion's integration token",
    "EMAIL_PROVIDER": "sendgrid, mailgun or smtp",
    "EMAIL_FROM": "Sender of e-mails",
    "EMAIL_REPLY_TO": "Where answers to e-mails go",
    "SENDGRID_API_KEY": "Key for SendGrid",  # pragma: allowlist secret
    "MAILGUN_API_KEY": "Key for Mailgun",  # pragma: allowlist secret
    "MAILGUN_DOMAIN": "Sending domain at Mailgun",
    "SMTP_HOST": "Mail server",
    "SMTP_PORT": "Its port",
    "SMTP_USER": "User at the mail server",
    "SMTP_PASSWORD": "Password at the mail server",  # pragma: allowlist secret
    "TWILIO_ACCOUNT_SID": "Account at Twilio, for text messages",
    "TWILIO_AUTH_TOKEN": "Token at Twilio",
    "TWILIO_PHONE_NUMBER": "Number text messages come from",
    "ZAPIER_HOOK_URL": "Address of a Zapier hook",
    "GOOGLE_FACTCHECK_API_KEY": "Key for Google's fact check tools",
    "CLAIMBUSTER_API_KEY": "Key for ClaimBuster",  # pragma: allowlist secret
    "SENTRY_DSN": "Where errors are reported",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "Where traces are sent",
}


def pages() -> dict[str, str]:
    """Every generated file by its path below the checkout."""
    return {
        ".env.example": example(),
        "docs/reference/commands.md": commands(),
        "docs/reference/settings.md": settings(),
        "docs/reference/environment.md": environment(),
    }


def write(root: Path = ROOT) -> list[str]:
    """Write what differs; the paths that were written."""
    changed = []
    for name, text in pages().items():
        path = root / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed


# ── The shell's commands and the chat's ──


def commands() -> str:
    """Commands of the shell, then those of the chat by area."""
    from core.cli.commands import BUILT, LATER

    lines = ["# Commands", "", NOTE, "", "## In the shell", ""]
    for command in BUILT:
        lines += [f"### `{command.usage}`", "", " ".join(part for part in (command.summary, command.details) if part)]
        lines += ["", *[f"- `{one.name.upper()}`: {one.help}" for one in command.arguments if one.help]]
        lines += [f"- `--{one.name}`: {one.help}" for one in command.options]
        lines += ["", "```sh", command.example, "```", ""]
    lines += ["Any other `signalbox AREA VERB …` is a command of the chat.", ""]
    names = ", ".join(f"`{command.name}`" for command in LATER)
    lines += [f"Named, but not built yet; each says so: {names}.", "", "## In chat", ""]
    lines += [
        "The same in Slack, Discord, the control room, `signalbox chat`, `signalbox do` and as "
        "`POST /api/v1/actions/NAME`. *Asks first* means that it runs only after a yes; *undo* that it can be taken "
        "back.",
        "",
    ]
    lines += _chat_commands()
    return "\n".join(lines).rstrip() + "\n"


def _chat_commands() -> Iterator[str]:
    area = ""
    for definition in sorted(_definitions(), key=lambda one: ("." in one.name, one.name)):
        own, _, verb = definition.name.partition(".")
        if verb and own != area:
            area = own
            yield from ("", f"### {area}", "")
        notes = {"destroy": "asks first", "write": "undo"}.get(definition.mark.effect.value, "")
        may = f"needs `{definition.mark.permission}`" if definition.mark.permission else ""
        said = "; ".join(part for part in (may, notes) if part)
        yield f"- `{definition.usage()}` {definition.summary}" + (f" *({said})*" if said else "")
    yield ""


def _definitions() -> Iterator[Definition]:
    """Every action there is; what the door would fill in is known by its type."""
    from core.actions.registry import Registry
    from core.app import ACTIONS, App
    from core.conversation import Asking

    registry = Registry()
    for kind in (*get_type_hints(App).values(), Asking):
        if isinstance(kind, type):
            registry.provide(kind)
    for module in ACTIONS:
        yield from registry.add_module(module)


# ── Settings and the environment ──


def settings() -> str:
    """The settings tree."""
    from core.config.settings import Settings

    lines = [
        "# Settings", "", NOTE, "",
        "`settings.toml` in the data folder. Every setting is also a variable of the environment; the order is the "
        "environment, `.env` in the data folder, `settings.toml`, the default.", "",
        "| setting | variable | default | meaning |", "|---|---|---|---|",
    ]  # fmt: skip
    for key, field in tree(Settings):
        lines.append(f"| `{key}` | `{variable(key)}` | {_default(field)} | {field.description or ''} |")
    return "\n".join(lines) + "\n"


def environment() -> str:
    """Every variable of the environment."""
    from core.config.settings import VENDORS, Settings

    lines = [
        "# Environment", "", NOTE, "",
        "Read from the environment and from `.env` in the data folder. Secrets may also sit in the vault, which "
        "wins.", "", "## Signalbox", "", "| variable | meaning |", "|---|---|",
        "| `SIGNALBOX_HOME` | The data folder. |",
    ]  # fmt: skip
    lines += [f"| `{variable(key)}` | {field.description or ''} |" for key, field in tree(Settings)]
    lines += ["", "## Vendors' secrets", "", "| variable | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {SECRETS[name]} |" for name in secret_names()]
    lines += ["", "## Vendors' addresses", "", "Base URLs, for proxies and for tests.", ""]
    lines += [f"- `SIGNALBOX_URL_{vendor}`" for vendor in VENDORS]
    return "\n".join(lines) + "\n"


def example() -> str:
    """`.env.example`: every variable, commented out, with a line on each."""
    from core.config.settings import VENDORS, Settings

    lines = [
        "# Every variable Signalbox reads. Copy what you need to .env in the data folder (`signalbox doctor` says",
        "# where that is) and remove the mark; a .env beside the Makefile is not read. Written by `make docs`.",
        "",
        "# The data folder. Only in the environment, not in .env",
        "#SIGNALBOX_HOME=",
    ]
    for key, field in tree(Settings):
        lines += ["", f"# {(field.description or '').rstrip('.')}", f"#{variable(key)}={_plain(field)}"]
    for name in secret_names():
        lines += ["", f"# {SECRETS[name]}", f"#{name}="]
    for vendor in VENDORS:
        lines += ["", f"# Base URL of {vendor.replace('_', ' ').title()}", f"#SIGNALBOX_URL_{vendor}="]
    return "\n".join(lines) + "\n"


def secret_names() -> tuple[str, ...]:
    """The vendors' names, as the settings know them."""
    from core.config.settings import SECRET_NAMES

    return SECRET_NAMES


def variable(key: str) -> str:
    """The variable of a setting."""
    return PLAIN.get(key) or "SIGNALBOX_" + key.upper().replace(".", "__")


def tree(section: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting with its dotted key, sections opened; what people do not set by hand is left out."""
    for name, field in section.model_fields.items():
        inner = field.annotation
        if not prefix and name in NOT_SET_BY_PEOPLE:
            continue
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from tree(inner, f"{prefix}{name}.")
        elif name == "hooks" and not prefix:
            from core.config.settings import HookSettings

            yield from tree(HookSettings, "hooks.SOURCE.")
        else:
            yield prefix + name, field


def _plain(field: FieldInfo) -> str:
    value = field.default
    if value in (PydanticUndefined, None, "", (), {}):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _default(field: FieldInfo) -> str:
    return f"`{_plain(field)}`" if _plain(field) else ""


if __name__ == "__main__":
    for written in write():
        print(f"wrote {written}")
