"""The look: tokens, style sheet, fonts and the few scripts every page loads. Nothing is fetched from outside."""

from __future__ import annotations

import hashlib
from functools import cache
from html import escape
from pathlib import Path

STATIC = Path(__file__).parent / "static"
URL = "/static"
SHEETS = ("tokens.css", "app.css")
SCRIPTS = ("theme.js", "keys.js", "ages.js")
CACHE_S = 86_400
LAMP = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'>"
    "<rect x='1' y='1' width='20' height='20' rx='6' fill='#171b21' stroke='#3a424e'/>"
    "<circle cx='11' cy='11' r='5' fill='#4cc67b'/></svg>"
)
"""The favicon."""


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def asset(name: str) -> str:
    """The address of a static file; it changes with its content."""
    return f"{URL}/{name}?v={_version(name)}"


@cache
def head() -> str:
    """What goes into every page's head."""
    font = f'<link rel="preload" href="{URL}/fonts/inter-latin.woff2" as="font" type="font/woff2" crossorigin>'
    scripts = [f'<script src="{asset(name)}"></script>' for name in SCRIPTS]
    sheets = [f'<link rel="stylesheet" href="{asset(name)}">' for name in SHEETS]
    return "\n".join((font, *scripts, *sheets))


def document(title: str, body: str) -> str:
    """A whole page outside the frame. `body` is HTML; escape what people wrote."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="same-origin"><meta name="robots" content="noindex">'
        f"<title>{escape(title)} · Signalbox</title>{head()}</head>"
        f'<body><main class="outside"><section class="card">{body}</section></main></body></html>'
    )
