"""A Reply as Slack messages: blocks with a text for notifications, cut so that every limit is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack.mrkdwn import escaped, link, table_text, to_mrkdwn
from bot.splitting import SMALLEST, split
from core.values import Button, ProducedBy, Reply, Source

SECTION = 2_750
"""Slack takes 3,000 characters in a section; four of these fill a message."""
BODY = 11_000
"""All blocks of a message together may hold about 13,200; the rest is for sources and buttons."""
TAIL = 1_900
BLOCKS = 44
TEXT = 3_900
"""`chat.update` takes 4,000 characters of text."""
CONTEXT = 1_500
LABEL = 75
VALUE = 2_000
BUTTONS_PER_ROW = 5
BUTTONS = 25

Block = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One Slack message. `text` is what a notification shows; at most 4,000 characters."""

    text: str
    blocks: tuple[Block, ...]


def render(reply: Reply) -> tuple[Part, ...]:
    """The reply as one or more messages, in order; sources and buttons are at the end of the last."""
    pieces = [*_sections(reply.text), *_table(reply)]
    buttons, typed = _usable(reply.buttons)
    pieces += [piece for line in typed for piece in _sections(line)]
    groups = _grouped(pieces or ["–"])
    tail = [*_sources(reply.sources), *_made_by(reply.produced_by)]
    rows = _actions([*buttons, *_thumbs(reply.answer_id)])
    parts = [Part(text=_text_of(group), blocks=tuple(_section(piece) for piece in group)) for group in groups]
    return tuple(_with_tail(parts, tail, rows))


def opening(text: str, incoming_id: str) -> Part:
    """The beginning of an answer that still grows, with a Stop button."""
    group = _grouped(_sections(text) or ["…"])[-1]  # what grows is at the end
    blocks = [_section(piece) for piece in group]
    return Part(text=_text_of(group), blocks=(*blocks, *_actions([stop_button(incoming_id)])))


def stop_button(incoming_id: str) -> Button:
    """The button that ends the answer to this arrival."""
    return Button(label="Stop", value=f"stop:{incoming_id}")


def actions(buttons: Sequence[Button]) -> list[Block]:
    """Buttons in rows."""
    return _actions(list(buttons))


def _sections(markdown: str) -> list[str]:
    """The text in mrkdwn, in pieces a section takes. What escaping makes too long is cut finer."""
    found: list[str] = []
    for source in split(markdown, SECTION):
        piece = to_mrkdwn(source)
        if len(piece) <= SECTION:
            found.append(piece)
            continue
        limit = max(SMALLEST, len(source) * SECTION // len(piece) * 2 // 3)
        for finer in split(source, limit):
            found += [to_mrkdwn(finer)] if len(to_mrkdwn(finer)) <= SECTION else _by_halves(finer)
    return [piece for piece in found if piece.strip()]


def _by_halves(source: str) -> list[str]:
    parts = split(source, max(SMALLEST, len(source) // 2))
    out: list[str] = []
    for part in parts:
        piece = to_mrkdwn(part)
        out += [piece] if len(piece) <= SECTION else _by_halves(part)
    return out


def _table(reply: Reply) -> list[str]:
    if reply.table is None or not reply.table.headings:
        return []
    text = table_text(reply.table.headings, reply.table.rows)
    return [text] if len(text) <= SECTION else [part for part in split(text, SECTION) if part.strip()]


def _grouped(pieces: Sequence[str]) -> list[list[str]]:
    groups: list[list[str]] = [[]]
    for piece in pieces:
        if groups[-1] and (sum(map(len, groups[-1])) + len(piece) > BODY or len(groups[-1]) >= BLOCKS):
            groups.append([])
        groups[-1].append(piece)
    return groups


def _with_tail(parts: list[Part], tail: list[Block], rows: list[Block]) -> list[Part]:
    """Hang sources, label and buttons on the last message; what does not fit becomes messages of its own."""
    for block in [*tail, *rows]:
        last = parts[-1]
        room = _size(last.blocks) + _size((block,)) <= BODY + TAIL and len(last.blocks) < BLOCKS + 5
        if room:
            parts[-1] = Part(text=last.text, blocks=(*last.blocks, block))
        else:
            parts.append(Part(text="Sources", blocks=(block,)))
    return parts


def _size(blocks: Sequence[Block]) -> int:
    return sum(len(text) for block in blocks for text in _texts(block))


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def _text_of(group: Sequence[str]) -> str:
    """The beginning of the message, for notifications and screen readers."""
    text = ""
    for piece in group:
        if len(text) + len(piece) + 4 > TEXT:
            return f"{text} …" if text else f"{piece[:0]}…"
        text += f"\n\n{piece}" if text else piece
    return text


def _section(mrkdwn: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn}, "expand": True}


def _context(lines: Sequence[str]) -> Block:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": line} for line in lines]}


def _sources(sources: Sequence[Source]) -> list[Block]:
    if not sources:
        return []
    lines = ["*Sources:*" if len(sources) > 1 else "*Source:*"]
    for number, source in enumerate(sources, start=1):
        said = f"{number}. {_source(source)}" if len(sources) > 1 else _source(source)
        joined = f"{lines[-1]} · {said}" if number > 1 else f"{lines[-1]} {said}"
        if len(joined) <= CONTEXT:
            lines[-1] = joined
        else:
            lines.append(said)
    return [_context([line]) for line in lines]


def _source(source: Source) -> str:
    title = source.title or source.location
    if source.section and source.section != title:
        title = f"{title}, {source.section}"
    title = title if len(title) <= 200 else title[:199] + "…"
    if source.location.startswith(("http://", "https://")) and len(source.location) < 1_000:
        return link(source.location, title)
    if source.location in ("", title, source.title):
        return escaped(title)
    return f"{escaped(title)} ({escaped(source.location[-200:])})"


def _made_by(made: ProducedBy | None) -> list[Block]:
    if made is None:
        return []
    said = [made.label, made.detail, f"{made.duration_ms / 1000:.1f} s" if made.duration_ms >= 100 else ""]
    return [_context([escaped(" · ".join(word for word in said if word))[:CONTEXT]])]


def _usable(buttons: Sequence[Button]) -> tuple[list[Button], list[str]]:
    """The buttons Slack can carry, and what to type instead of the others."""
    usable = [button for button in buttons if len(button.value) <= VALUE][: BUTTONS - 2]
    rest = [button for button in buttons if button not in usable]
    return usable, [f"**{button.label}**: `{button.value.removeprefix('run:')}`" for button in rest]


def _thumbs(answer_id: str) -> list[Button]:
    if not answer_id:
        return []
    return [Button(label="👍", value=f"good:{answer_id}"), Button(label="👎", value=f"bad:{answer_id}")]


def _actions(buttons: Sequence[Button]) -> list[Block]:
    elements = [_button(number, button) for number, button in enumerate(buttons)]
    rows = [elements[at : at + BUTTONS_PER_ROW] for at in range(0, len(elements), BUTTONS_PER_ROW)]
    return [{"type": "actions", "elements": row} for row in rows]


def _button(number: int, button: Button) -> Block:
    label = button.label if len(button.label) <= LABEL else button.label[: LABEL - 1] + "…"
    element: Block = {
        "type": "button",
        "action_id": f"button:{number}",
        "value": button.value,
        "text": {"type": "plain_text", "text": label or "…", "emoji": True},
    }
    return element if button.style == "plain" else element | {"style": button.style}
