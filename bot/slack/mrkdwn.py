"""Markdown to what Slack reads (mrkdwn). Nothing that comes out of here can ping a channel."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.tables import aligned, named

FENCE = "```"
_JOINER = "\u2060"  # word joiner: takes no room, and `@` followed by it is no mention
_GRAVE = "\u02cb"  # looks like a backtick and ends no code
_ZERO = "\u200b"
TABLE_WIDTH = 96
"""Characters of a row that fit beside each other in a code block on most screens."""

_FENCE_LINE = re.compile(r"^\s*(`{3,}|~{3,})(.*)$")
_BROADCAST = re.compile(r"@(?=(?:here|channel|everyone)\b)", re.IGNORECASE)
_BEGINNINGS = "|".join(word[:length] for word in ("here", "channel", "everyone") for length in range(len(word) + 1))
_BROADCAST_BEGUN = re.compile(rf"@(?=(?:here|channel|everyone)\b|(?:{_BEGINNINGS})\Z)", re.IGNORECASE)
_TOKEN_BEGUN = re.compile(r"<(?=[!@]|\Z)")
_CODE = re.compile(r"(`+)(.+?)\1(?!`)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]\n]*)\]\((https?://[^\s()<>]+(?:\([^\s()<>]*\)[^\s()<>]*)*|mailto:[^\s()<>]+)\)")
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_ITALIC = re.compile(r"(?<![\w*])\*(?![\s*])([^*\n]+?)(?<![\s*])\*(?![\w*])")
_STRIKE = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_HEADING = re.compile(r"^\s{0,3}#{1,6}\s+(.*?)\s*#*\s*$")
_BULLET = re.compile(r"^(\s*)[-*+]\s+(.*)$")
_QUOTE = re.compile(r"^\s{0,3}>\s?(.*)$")
_RULE = re.compile(r"^\s{0,3}([-*_])(?:\s*\1){2,}\s*$")
_BOLD_MARK = "\x01"


def escaped(text: str) -> str:
    """Text in which nothing is markup for Slack and nobody is pinged."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _BROADCAST.sub("@" + _JOINER, plain)


def unpinged(markdown: str) -> str:
    """A piece of Markdown as it is, with what would ping, alone or with the piece after it, taken apart."""
    return _BROADCAST_BEGUN.sub("@" + _JOINER, _TOKEN_BEGUN.sub("<" + _JOINER, markdown))


def to_mrkdwn(markdown: str) -> str:
    """Slack's mrkdwn of a Markdown text; fences keep their lines, everything else is styled line by line."""
    lines: list[str] = []
    fence = ""
    for line in markdown.replace("\x01", "").replace("\r\n", "\n").split("\n"):
        mark = _FENCE_LINE.match(line)
        if fence:
            if mark and mark.group(1).startswith(fence) and not mark.group(2).strip():
                fence = ""
                lines.append(FENCE)
            else:
                lines.append(fenced_line(line))
        elif mark and "`" not in mark.group(2):
            fence = mark.group(1)
            lines.append(FENCE)
        else:
            lines.append(_line(line))
    if fence:
        lines.append(FENCE)
    return "\n".join(lines)


def fenced_line(line: str) -> str:
    """A line inside a fence: escaped, and unable to close it."""
    return escaped(line).replace(FENCE, f"``{_ZERO}`")


def link(url: str, label: str) -> str:
    """A link with its label."""
    target = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{target}|{escaped(label).replace('|', '¦').strip() or target}>"


def table_text(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table as aligned columns in a fence, or as one list of fields a row where it is too wide."""
    if lines := aligned(headings, rows, TABLE_WIDTH):
        return "\n".join([FENCE, *map(fenced_line, lines), FENCE])
    return "\n".join("• " + "\n   ".join(_field(*field) for field in named(headings, row)) for row in rows)


def _field(name: str, cell: str) -> str:
    return f"*{escaped(name)}*: {escaped(cell)}"


def _line(line: str) -> str:
    if _RULE.match(line):
        return "———"
    if heading := _HEADING.match(line):
        inner = _inline(heading.group(1)).replace("*", "")
        return f"*{inner}*" if inner else ""
    if quote := _QUOTE.match(line):
        return f"> {_inline(quote.group(1))}"
    if bullet := _BULLET.match(line):
        return f"{bullet.group(1)}• {_inline(bullet.group(2))}"
    return _inline(line)


def _inline(text: str) -> str:
    """Style one line: code stays as it is, the rest between code is styled."""
    out, at = [], 0
    for code in _CODE.finditer(text):
        out.append(_links(text[at : code.start()]))
        out.append(f"`{escaped(code.group(2).replace('`', _GRAVE))}`")
        at = code.end()
    return "".join([*out, _links(text[at:])])


def _links(text: str) -> str:
    out, at = [], 0
    for found in _LINK.finditer(text):
        out += [_styled(text[at : found.start()]), link(found.group(2), found.group(1))]
        at = found.end()
    return "".join([*out, _styled(text[at:])])


def _styled(text: str) -> str:
    plain = escaped(text).replace(FENCE, f"``{_ZERO}`")
    plain = _BOLD.sub(lambda bold: f"{_BOLD_MARK}{bold.group(2)}{_BOLD_MARK}", plain)
    plain = _ITALIC.sub(r"_\1_", plain)
    return _STRIKE.sub(r"~\1~", plain).replace(_BOLD_MARK, "*")
