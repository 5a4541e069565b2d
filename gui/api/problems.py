"""Errors as RFC 9457 problem details: what happened, what to do, and an id to find it in the log.

An AppError says itself what people may read. Anything else is a bug: it is logged under its id, and
only the id is shown.
"""

from __future__ import annotations

import logging
import re

import orjson
from starlette.exceptions import HTTPException
from starlette.responses import Response

from core.errors import AppError, ConfirmationNeeded, Denied, Limited, NotSignedIn, Unavailable, UnknownAction
from core.values import Json, new_id, stamp

CONTENT_TYPE = "application/problem+json"
log = logging.getLogger(__name__)


def problem(error: Exception) -> dict[str, Json]:
    """The problem's members. An error that is no AppError is logged here, with its traceback."""
    error_id = new_id()
    if isinstance(error, HTTPException):
        title, detail = _of_http(error)
        return _members(title.lower().replace(" ", "-"), title, error.status_code, detail, "", error_id)
    if not isinstance(error, AppError):
        log.error("error %s", error_id, exc_info=error)
        hint = f"The log has it under the error id {error_id}."
        return _members("internal", "Something failed", 500, "That should not happen.", hint, error_id)
    if error.status >= 500:
        log.warning("error %s: %s", error_id, error)
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()
    members = _members(kind, error.title, error.status, error.message, error.hint, error_id)
    return members | _extensions(error)


def problem_response(error: Exception) -> Response:
    """The response that says what went wrong."""
    members = problem(error)
    status = members["status"]
    headers = {"Cache-Control": "no-store"}
    retry_s = getattr(error, "retry_after_s", None)
    if isinstance(error, Limited | Unavailable) and retry_s is not None:
        headers["Retry-After"] = str(max(1, round(retry_s)))
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = 'Bearer realm="signalbox"'
    if isinstance(error, HTTPException) and error.headers:
        headers.update(error.headers)
    return Response(
        orjson.dumps(members), status if isinstance(status, int) else 500, headers=headers, media_type=CONTENT_TYPE
    )


def _members(kind: str, title: str, status: int, detail: str, hint: str, error_id: str) -> dict[str, Json]:
    return {
        "type": f"urn:signalbox:problem:{kind}",
        "title": title,
        "status": status,
        "detail": detail,
        "hint": hint,
        "errorId": error_id,
    }


def _extensions(error: AppError) -> dict[str, Json]:
    if isinstance(error, ConfirmationNeeded):
        return {
            "confirmationId": error.confirmation_id,
            "expiresAt": stamp(error.expires_at),
            "approver": error.approver,
        }
    if isinstance(error, Denied) and error.rule:
        return {"rule": error.rule}
    if isinstance(error, UnknownAction):
        return {"near": [near.replace(" ", ".") for near in error.near]}
    return {}


def _of_http(error: HTTPException) -> tuple[str, str]:
    """(title, detail) of what the router itself refuses."""
    if error.status_code == 405:
        return "Method not allowed", "This address does not take that method."
    if error.status_code == 404:
        return "Not found", "There is nothing at this address."
    return "Refused", str(error.detail)
