"""The one place that shows an error to a person.

An AppError says what happened and what to do; anything else is logged with an id, and the id is shown.
"""

from __future__ import annotations

import logging

from nicegui import Client, ui

from core.errors import AppError, NotSignedIn
from core.values import new_id

log = logging.getLogger(__name__)


class _OnlyBugs(logging.Filter):
    """NiceGUI logs each exception of a page with its trace; an AppError is no bug."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        return not isinstance(error, AppError)


def quiet_expected() -> None:
    """Keep errors that people can act on out of the log of bugs."""
    logger = logging.getLogger("nicegui")
    if not any(isinstance(one, _OnlyBugs) for one in logger.filters):
        logger.addFilter(_OnlyBugs())


def wording(error: Exception) -> tuple[str, str]:
    """(what happened, what to do) of any error. A bug gets an id, written to the log with it."""
    if isinstance(error, AppError):
        return error.message, error.hint
    error_id = new_id()[-8:]
    log.error("error %s: %s", error_id, type(error).__name__, exc_info=error)
    return "Something went wrong here; it is written down.", f"Tell whoever runs Signalbox the error id {error_id}."


def watch(client: Client) -> None:
    """Show whatever a page's own code raises from now on."""
    client.on_exception(show)


def show(error: Exception) -> None:
    """Show an error on the page at hand, and read it out."""
    if isinstance(error, NotSignedIn):
        ui.navigate.to("/login")
        return
    message, hint = wording(error)
    toast(f"{message}\n{hint}" if hint else message, good=False)


def toast(text: str, *, good: bool = True) -> None:
    """A short message to the reader; a screen reader reads it out."""
    ui.notify(
        text,
        position="bottom-right",
        close_button="Close",
        multi_line=True,
        classes="toast-ok" if good else "toast-bad",
        timeout=4_000 if good else 12_000,
        attrs={"role": "status" if good else "alert"},
    )
