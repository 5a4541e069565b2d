"""Discord's refusals, with the status, number and body of the real ones."""

from __future__ import annotations

from tests.fakes.discord_model import Body

_UNKNOWN = {
    "Channel": 10003, "Guild": 10004, "Member": 10007, "Message": 10008, "User": 10013, "Webhook": 10015,
    "interaction": 10062, "application command": 10063,
}  # fmt: skip


class Refusal(Exception):
    """An error answer: HTTP status, Discord's code and words, and the fields at fault."""

    def __init__(self, status: int, code: int, message: str, errors: Body | None = None) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status, self.code, self.message, self.errors = status, code, message, errors

    def body(self) -> Body:
        found: Body = {"message": self.message, "code": self.code}
        return {**found, "errors": self.errors} if self.errors else found


def unknown(what: str) -> Refusal:
    return Refusal(404, _UNKNOWN[what], f"Unknown {what}")


def missing_access() -> Refusal:
    return Refusal(403, 50001, "Missing Access")


def missing_permissions() -> Refusal:
    return Refusal(403, 50013, "Missing Permissions")


def unauthorized() -> Refusal:
    return Refusal(401, 0, "401: Unauthorized")


def invalid_form(path: str, code: str, message: str) -> Refusal:
    """`Invalid Form Body`, its fault at the dotted path of the body."""
    errors: Body = {"_errors": [{"code": code, "message": message}]}
    for part in reversed(path.split(".")):
        errors = {part: errors}
    return Refusal(400, 50035, "Invalid Form Body", errors)


def too_long(path: str, limit: int) -> Refusal:
    return invalid_form(path, "BASE_TYPE_MAX_LENGTH", f"Must be {limit} or fewer in length.")
