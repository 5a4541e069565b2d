"""The icons: own line drawings on a 24 by 24 grid."""

from __future__ import annotations

from nicegui import ui

DRAWINGS = {
    "home": "M3 11l9-8 9 8v10H3z",
    "talk": "M4 5h16v11H9l-5 4z",
    "mail": "M3 6h18v12H3zM3 7l9 6 9-6",
    "work": "M6 3.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM18 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z"
    "M6 15.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 7l8 4M8 17l8-4",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3 3",
    "search": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM20 20l-4-4",
    "book": "M4 5h7a2 2 0 0 1 2 2v13a2 2 0 0 0-2-2H4zM20 5h-5a2 2 0 0 0-2 2v13a2 2 0 0 1 2-2h5z",
    "list": "M5 4h14v16H5zM8 9h8M8 13h8M8 17h5",
    "hand": "M9 11l3 3 8-8M20 12v7H4V5h11",
    "people": "M9 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM3 20c0-4 2.5-6 6-6s6 2 6 6"
    "M16 5.5a3 3 0 0 1 0 5.5M17.5 14.5c2.3.7 3.5 2.5 3.5 5.5",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "back": "M15 5l-7 7 7 7",
    "close": "M6 6l12 12M18 6L6 18",
    "details": "M4 5h16v14H4zM14 5v14",
    "sun": "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
}


def icon(name: str) -> ui.element:
    """The drawing of that name."""
    svg = ui.element("svg").classes("icon")
    svg.props["viewBox"] = "0 0 24 24"
    svg.props["aria-hidden"] = "true"
    with svg:
        path = ui.element("path")
        path.props["d"] = DRAWINGS[name]
    return svg
