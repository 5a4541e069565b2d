"""Every error a person can meet, in one tree.

AppError                    what happened, and a hint of what to do
├── InvalidInput            the arguments do not fit                      400
│   ├── UnknownAction       no command has that name                      404
│   └── TooLarge            more than is taken at once                    413
├── NotSignedIn             nobody, or a token that is not valid          401
├── Denied                  known, but may not                            403
├── NotFound                no such thing, or not for this person         404
├── Conflict                clashes with what is there                    409
│   ├── KeyReused           same key, other arguments                     409
│   └── ConfirmationNeeded  asks for a yes before it runs                 409
├── Limited                 too much in too short a time                  429
├── Unavailable             a part that is needed does not answer         503
│   ├── NotBuilt            named, but not there yet                      501
│   └── ReadOnly            safe mode, or a disk that is full             503
├── Rejected                a network said no for good (never retried)    502
├── BadSettings             settings.toml or the environment is wrong     500
└── StorageFailed           the database cannot be used                   500
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches


class AppError(Exception):
    """Something a person can read and act on. Anything else raised is a bug."""

    status = 500
    title = "Something failed"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class InvalidInput(AppError):
    """Arguments, text or a file that do not fit what is expected."""

    status = 400
    title = "That does not fit"


class UnknownAction(InvalidInput):
    """A command nobody defined; the hint holds the nearest three."""

    status = 404
    title = "No such command"

    def __init__(self, name: str, known: Iterable[str]) -> None:
        spoken = name.replace(".", " ")
        self.near = tuple(get_close_matches(spoken, [n.replace(".", " ") for n in known], n=3, cutoff=0.4))
        if self.near:
            hint = "Nearest: " + ", ".join(f"`{near}`" for near in self.near) + "."
        else:
            hint = "`help` lists what there is."
        super().__init__(f"No command is called `{spoken}`. Nothing was run.", hint=hint)


class TooLarge(InvalidInput):
    """A text, file or request bigger than what is taken at once."""

    status = 413
    title = "Too large"


class NotSignedIn(AppError):
    """The caller is nobody Signalbox knows, or showed a credential that is not valid."""

    status = 401
    title = "Who is asking?"


class Denied(AppError):
    """The caller is known and may not. `rule` names what decided."""

    status = 403
    title = "Not allowed"

    def __init__(self, message: str, *, rule: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.rule = rule


class NotFound(AppError):
    """There is no such thing, or none this person may know of."""

    status = 404
    title = "Not found"


class Conflict(AppError):
    """What is asked clashes with what is there."""

    status = 409
    title = "That clashes"


class KeyReused(Conflict):
    """An idempotency key came back with other arguments."""

    def __init__(self, key: str) -> None:
        super().__init__(
            f"The key {key!r} was used before with other arguments.",
            hint="Use a new key for a new request.",
        )


class ConfirmationNeeded(Conflict):
    """The action runs only after a yes. Carries what a front end shows and sends back."""

    title = "Please confirm"

    def __init__(self, *, confirmation_id: str, summary: str, expires_at: datetime, approver: str = "") -> None:
        who = f"Somebody with the role {approver} must approve." if approver else "Confirm to run it."
        super().__init__(summary, hint=who)
        self.confirmation_id = confirmation_id
        self.summary = summary
        self.expires_at = expires_at
        self.approver = approver


class Limited(AppError):
    """Too many requests. `retry_after_s` says when there is room again."""

    status = 429
    title = "Too fast"

    def __init__(self, message: str, *, retry_after_s: float, hint: str = "") -> None:
        super().__init__(message, hint=hint or f"Try again in {max(1, round(retry_after_s))} s.")
        self.retry_after_s = retry_after_s


class Unavailable(AppError):
    """A network, a service or a part of the machine does not answer now; trying again may help.

    `retry_after_s` is what the other side asked for, or None. `sent` is None when it is not known
    whether the request took effect (its answer was lost): look before you send it again.
    """

    status = 503
    title = "Not available now"

    def __init__(
        self, message: str, *, hint: str = "", retry_after_s: float | None = None, sent: bool | None = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s
        self.sent = sent


class NotBuilt(Unavailable):
    """Named by the interface, not there yet."""

    status = 501
    title = "Not built yet"


class ReadOnly(Unavailable):
    """Nothing is written now: safe mode, or no room on the disk."""

    title = "Read-only"


class Rejected(AppError):
    """A network or service refused for good; sending the same again cannot work."""

    status = 502
    title = "Refused by the other side"


class BadSettings(AppError):
    """A setting is missing, unknown or out of range."""

    title = "Settings need a look"


class StorageFailed(AppError):
    """The database cannot be opened, read or written."""

    title = "Storage failed"


class NewerDatabase(StorageFailed):
    """The database was written by a newer program; this one leaves it alone."""
