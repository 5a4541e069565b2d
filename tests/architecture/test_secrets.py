"""No secret in any file that ships. What only looks like one stands in the list with its reason."""

from pathlib import Path

from detect_secrets.core.scan import scan_file
from detect_secrets.settings import transient_settings

from tests.architecture.tree import ROOT, tracked, write

# (file, kind): why it is no secret. A line alone may say `pragma: allowlist secret` instead.
ALLOWED: dict[tuple[str, str], str] = {}
UNREAD = (".lock", ".png", ".svg", ".woff2", ".ico", ".bin", ".safetensors")  # hashes and pictures
_PLUGINS = (
    "AWSKeyDetector", "ArtifactoryDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "KeywordDetector", "MailchimpDetector",
    "NpmDetector", "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
_SETTINGS = {
    "plugins_used": [{"name": name} for name in _PLUGINS]
    + [{"name": "Base64HighEntropyString", "limit": 4.8}, {"name": "HexHighEntropyString", "limit": 3.4}],
    "filters_used": [
        {"path": f"detect_secrets.filters.{name}"}
        for name in (
            "allowlist.is_line_allowlisted",
            "heuristic.is_indirect_reference",
            "heuristic.is_likely_id_string",
            "heuristic.is_not_alphanumeric_string",
            "heuristic.is_potential_uuid",
            "heuristic.is_prefixed_with_dollar_sign",
            "heuristic.is_sequential_string",
            "heuristic.is_templated_secret",
        )
    ],
}


MADE_UP = ("Secret Keyword", "Base64 High Entropy String")
"""Tests make passwords up and name them so; real tokens are found there as everywhere."""


def secrets(root: Path, files: list[Path]) -> dict[tuple[str, str], list[int]]:
    """(file, kind of secret): the lines on which it stands; never the secret."""
    found: dict[tuple[str, str], list[int]] = {}
    with transient_settings(_SETTINGS):
        for path in files:
            if path.suffix in UNREAD:
                continue
            for secret in scan_file(str(path)):
                name = path.relative_to(root).as_posix()
                if name.startswith("tests/") and secret.type in MADE_UP:
                    continue
                found.setdefault((name, secret.type), []).append(secret.line_number)
    return found


def test_no_file_holds_a_secret() -> None:
    found = secrets(ROOT, tracked(ROOT))
    assert {where: lines for where, lines in found.items() if where not in ALLOWED} == {}
    assert [where for where in ALLOWED if where not in found] == [], "remove these from the list"


def test_a_token_a_key_and_a_password_are_found(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "TOKEN = 'xox" + "b-" + "123456789012-123456789012-a1B2c3D4e5F6g7H8i9J0k1L2'\n",
            "b.txt": "-----BEGIN RSA " + "PRIVATE KEY-----\n",
            "c.py": "pass" + "word = 'hunter2-and-more'\n",
            "d.lock": "sha256:0123456789abcdef\n",
        },
    )
    found = secrets(tmp_path, sorted(tmp_path.iterdir()))
    assert {name for name, _ in found} == {"a.py", "b.txt", "c.py"}
    assert ("a.py", "Slack Token") in found
