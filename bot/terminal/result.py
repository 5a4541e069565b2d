"""The result of a command as the API gives it, in words: rows as a table, one thing as its fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.terminal.render import Look, answer_lines, clean, inline, table_lines

_WORDS_OF_BUTTONS = frozenset({"confirm", "decline", "good", "bad", "share", "catch-up", "stop", "form"})


def result_lines(value: object, look: Look) -> list[str]:
    """The lines of any result; a reply is shown as one."""
    if isinstance(value, Mapping):
        if "text" in value and "sources" in value:
            answer = {"reply": value, "sources": value["sources"], "producedBy": value.get("produced_by")}
            return answer_lines(answer, look)
        return [f"{_label(name)}: {_text(inner)}" for name, inner in value.items() if inner not in (None, "", [])]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return _rows(value, look)
    return [inline(_text(value), look)] if value is not None else ["Done."]


def commands_of(answer: Mapping[str, object]) -> list[tuple[str, str]]:
    """The commands behind an answer's buttons, as (label, command); what only a press can do is left out."""
    reply = answer.get("reply")
    buttons = reply.get("buttons") if isinstance(reply, Mapping) else None
    found = []
    for button in buttons if isinstance(buttons, Sequence) else ():
        if isinstance(button, Mapping):
            value = str(button.get("value", ""))
            if value and value.partition(":")[0] not in _WORDS_OF_BUTTONS:
                found.append((clean(str(button.get("label", ""))), clean(value.removeprefix("run:"))))
    return found


def _rows(values: Sequence[object], look: Look) -> list[str]:
    rows = [one for one in values if isinstance(one, Mapping)]
    if not values:
        return ["Nothing there yet."]
    if len(rows) < len(values):
        return [f"- {_text(one)}" for one in values]
    names = [name for name in rows[0] if any(row.get(name) not in (None, "", []) for row in rows)]
    return table_lines(
        [_label(name) for name in names], [[_text(row.get(name)) for name in names] for row in rows], look
    )


def _label(name: object) -> str:
    return str(name).replace("_", " ")


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{_label(name)} {_text(inner)}" for name, inner in value.items() if inner)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(one) for one in value)
    return clean(str(value))
