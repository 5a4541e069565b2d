"""Activity: who did what from where, what was decided by which rule, and what it changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import orjson
from nicegui import PageArguments, ui

from core.audit import Line
from core.errors import InvalidInput
from core.events import ActionDone
from core.values import Json
from gui.chips import title_of
from gui.parts.basics import Button, State, Text, age, box, card, empty, link, row, sub, tag
from gui.parts.result import seconds
from gui.parts.section import Section
from gui.room import Room

OUTCOMES: dict[str, tuple[State, str]] = {
    "ok": ("ok", "done"),
    "denied": ("bad", "not allowed"),
    "invalid": ("warn", "did not fit"),
    "limited": ("warn", "too fast"),
    "failed": ("bad", "failed"),
    "asked": ("info", "asked first"),
    "cancelled": ("idle", "cancelled"),
}
FILTERS = ("text", "person", "command", "outcome", "network", "since", "until")
PAGE = 50


async def activity(room: Room, args: PageArguments) -> None:
    """`/activity?text=…&person=…&command=…&outcome=…&network=…&since=…&until=…&below=…`."""
    query = {name: args.query_parameters.get(name, "")[:200] for name in (*FILTERS, "below")}
    given = {name: value for name, value in query.items() if value}
    with box("div", "page"):
        with box("div", "title"):
            Text("h1", "Activity")
            Text("small", "Every change and every refusal, in a record that shows when it is tampered with")
        _filters(given)

        async def read() -> tuple[Line, ...]:
            return await room.read(tuple, "activity.list", **_arguments(given, room.visitor.timezone))

        with card("What was done"):

            def draw(found: tuple[Line, ...]) -> None:
                for one in found:
                    _line(one)
                if not found and given:
                    empty("Nothing fits these filters.", ("Show all", "/activity"))
                elif not found:
                    empty("Nothing was done yet.", ("Ask something", "/conversations"))
                _turn(found, given)

            Section(room, read, draw, kinds=() if "below" in given else (ActionDone,), rows=8)


def _arguments(given: Mapping[str, str], timezone: str) -> dict[str, Json]:
    arguments: dict[str, Json] = {"limit": PAGE}
    for name, value in given.items():
        if name in ("since", "until"):
            arguments[name] = _moment(value, timezone)
        elif name == "below":
            arguments[name] = int(value) if value.isdigit() else 0
        else:
            arguments[name] = value
    return arguments


def _moment(text: str, timezone: str) -> str:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{text!r} is no time.", hint="Write it as 2026-11-21 or 2026-11-21T09:00.") from None
    return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(timezone))).isoformat()


def _filters(given: Mapping[str, str]) -> None:
    """The filters; pressing Enter or Show puts them into the address."""
    inputs: dict[str, ui.input | ui.select] = {}

    def go() -> None:
        chosen = {name: str(one.value).strip() for name, one in inputs.items() if one.value}
        ui.navigate.to(f"/activity?{urlencode(chosen)}" if chosen else "/activity")

    with box("form", "filters", aria_label="Filters").on("submit.prevent", go):
        for name, words, kind in (
            ("text", "Anything", "text"),
            ("person", "Who", "text"),
            ("command", "Command", "text"),
            ("since", "From", "date"),
            ("until", "Until", "date"),
        ):
            with box("div", "field"):
                one = ui.input(words, value=given.get(name, "")).props(f"outlined dense type={kind}")
                if kind == "date":
                    one.props("stack-label")
                inputs[name] = one.mark(f"filter-{name}")
        with box("div", "field"):
            options = {"": "Any outcome", **{value: words for value, (_, words) in OUTCOMES.items()}}
            outcome = given.get("outcome", "")
            inputs["outcome"] = ui.select(options, value=outcome if outcome in options else "", label="Outcome").props(
                "outlined dense options-dense"
            )
        with box("div", "field"):
            networks = {"": "Anywhere", **{one: title_of(one) for one in _NETWORKS}}
            network = given.get("network", "")
            inputs["network"] = ui.select(networks, value=network if network in networks else "", label="Where").props(
                "outlined dense options-dense"
            )
        Button("Show", go, classes="p").mark("show-activity")
        if given:
            link("Clear", "/activity", "btn")


_NETWORKS = ("slack", "discord", "room", "terminal", "api", "schedule", "workflow", "plugin", "system")


def _line(one: Line) -> None:
    colour, words = OUTCOMES.get(one.outcome, ("idle", one.outcome))
    with box("details", "line"):
        with box("summary", "entry"):
            with box("span", "cell wide"):
                tag(words, colour)
            Text("span", one.person or "nobody", "name")
            sub(f"{one.action.replace('.', ' ')} {_brief(one.arguments)}")
            Text("span", title_of(one.network), "r quiet")
            age(one.at)
        with box("dl", "defs left"):
            for name, value in (
                ("Where from", " ".join(part for part in (title_of(one.network), one.address) if part)),
                ("With", one.agent),
                ("Through", one.through),
                ("Arguments", _json(one.arguments)),
                ("Decision", f"{one.decision}: {one.rule}" if one.rule else one.decision),
                ("Before", _json(one.before)),
                ("After", _json(one.after)),
                ("Result", one.result),
                ("Took", seconds(one.duration_ms)),
                ("Number", f"{one.number} of {one.segment}"),
            ):
                if value:
                    Text("dt", name)
                    Text("dd", value, "mono" if name in ("Arguments", "Before", "After") else "")


def _brief(arguments: Json) -> str:
    if not isinstance(arguments, dict):
        return ""
    return " ".join(str(value) for value in arguments.values() if isinstance(value, str) and value)[:160]


def _json(value: Json) -> str:
    return "" if value in (None, {}, []) else orjson.dumps(value).decode()


def _turn(found: tuple[Line, ...], given: Mapping[str, str]) -> None:
    """Links to newer and older lines."""
    kept = {name: value for name, value in given.items() if name != "below"}
    older = found[-1].number if len(found) == PAGE else 0
    if not older and "below" not in given:
        return
    with row(classes="turn"):
        if "below" in given:
            link("Newest", f"/activity?{urlencode(kept)}" if kept else "/activity", "btn")
        if older:
            link("Older", f"/activity?{urlencode({**kept, 'below': str(older)})}", "btn")
