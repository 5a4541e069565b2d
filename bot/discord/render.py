"""A Reply as Discord messages: within every limit, nothing lost, nobody pinged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.splitting import split
from bot.tables import aligned, named, one_line
from core.values import Button, Json, ProducedBy, Reply, Source, Table

CONTENT_LIMIT = 2_000
LABEL_LIMIT = 80
ID_LIMIT = 100
BUTTONS_A_ROW, ROWS = 5, 5
TABLE_WIDTH = 80
"""A wider table wraps in the client and is written as lines instead."""
LINE_LIMIT = 300
SUPPRESS_EMBEDS = 1 << 2
"""Links stay links: no preview is drawn, which only some readers of the place might be allowed to see."""
STYLES = {"primary": 1, "plain": 2, "danger": 4}
_DEEP_HEADING = re.compile(r"(?m)^#{4,6} +(.+?) *#*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Discord message: its text, and the buttons under it."""

    content: str
    buttons: tuple[Button, ...] = ()

    def body(self) -> dict[str, Json]:
        """The part as `POST` and `PATCH` of a message take it; an edit replaces text and buttons."""
        return {
            "content": self.content,
            "components": rows_of(self.buttons),
            "allowed_mentions": {"parse": []},
            "flags": SUPPRESS_EMBEDS,
        }

    @property
    def ids(self) -> tuple[str, ...]:
        """The custom ids of its buttons."""
        return tuple(button.value for button in self.buttons)


def render(reply: Reply, *, note: str = "") -> tuple[Part, ...]:
    """The messages of a reply, at least one; the buttons hang under the last. `note` is a small last line."""
    pressed, typed = _sorted_buttons(reply)
    blocks = [_DEEP_HEADING.sub(r"**\1**", reply.text.strip("\n"))]
    if reply.table is not None and reply.table.headings:
        blocks.append(table_text(reply.table))
    if typed:
        blocks.append("\n".join(f"**{button.label}**: type `{button.value}`" for button in typed))
    small = [*(_source_line(number, source) for number, source in enumerate(reply.sources, 1))]
    small += [_said_by(reply.produced_by)] if reply.produced_by else []
    small += [f"-# {one_line(note)}"] if note else []
    text = "\n\n".join(block for block in blocks if block.strip())
    text = "\n".join([text, *small] if text else small) or "Nothing to show."
    contents = split(text, CONTENT_LIMIT)
    parts = [Part(content=content) for content in contents[:-1]]
    return (*parts, Part(content=contents[-1], buttons=pressed))


def growing(text: str, incoming_id: str) -> Part:
    """The text so far with a Stop button; of a long one the end."""
    parts = split(text, CONTENT_LIMIT - 10) or ("…",)
    content = parts[-1] if len(parts) == 1 else f"…\n{parts[-1]}"
    return Part(content=content, buttons=(Button(label="Stop", value=stop_id(incoming_id)),))


def stop_id(incoming_id: str) -> str:
    """What the Stop button under the answer to an arrival carries."""
    return f"stop:{incoming_id}"


def rows_of(buttons: Sequence[Button]) -> list[Json]:
    """Buttons as action rows of five."""
    made: list[Json] = [
        {
            "type": 2,
            "style": STYLES[button.style],
            "label": _clipped(button.label or button.value, LABEL_LIMIT),
            "custom_id": button.value,
        }
        for button in buttons
    ]
    return [{"type": 1, "components": made[at : at + BUTTONS_A_ROW]} for at in range(0, len(made), BUTTONS_A_ROW)]


def table_text(table: Table) -> str:
    """A table as an aligned code block, or as one line a row when it is too wide."""
    drawn = "\n".join(aligned(table.headings, table.rows, TABLE_WIDTH))
    if drawn and "```" not in drawn:
        return f"```\n{drawn}\n```"
    records = "\n".join(_record(named(table.headings, row)) for row in table.rows)
    return records or " · ".join(f"**{one_line(name)}**" for name in table.headings)


def _record(fields: Sequence[tuple[str, str]]) -> str:
    return "- " + " · ".join(f"**{name}** {cell}" for name, cell in fields)


def _sorted_buttons(reply: Reply) -> tuple[tuple[Button, ...], tuple[Button, ...]]:
    """(those that can be pressed, those that must be typed: too long for an id, doubled or too many)."""
    thumbs = (
        (Button(label="👍", value=f"good:{reply.answer_id}"), Button(label="👎", value=f"bad:{reply.answer_id}"))
        if reply.answer_id
        else ()
    )
    pressed: dict[str, Button] = {}
    typed = []
    room = BUTTONS_A_ROW * ROWS - len(thumbs)
    for button in reply.buttons:
        if not 0 < len(button.value) <= ID_LIMIT or button.value in pressed or len(pressed) >= room:
            typed.append(button)
        else:
            pressed[button.value] = button
    return (*pressed.values(), *thumbs), tuple(typed)


def _source_line(number: int, source: Source) -> str:
    where = f"<{source.location}>" if source.location.startswith(("http://", "https://")) else source.location
    named = ", ".join(part for part in (source.title, source.section) if part)
    parts = [named] if named == source.location else [part for part in (named, where) if part]
    return f"-# {number}. {_clipped(one_line(' · '.join(parts)), LINE_LIMIT)}"


def _said_by(produced_by: ProducedBy) -> str:
    took = f"{produced_by.duration_ms / 1000:.1f} s" if produced_by.duration_ms >= 100 else ""
    said = " · ".join(part for part in (produced_by.label, produced_by.detail, took) if part)
    return f"-# {_clipped(one_line(said), LINE_LIMIT)}"


def _clipped(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"
