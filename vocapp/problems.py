"""What can go wrong, in one small tree, and how it is shown: in one place.

Services raise these; machines get `application/problem+json` (RFC 9457), people a
page. Database and library texts never reach either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, current_app, json, render_template, request
from flask_babel import LazyString
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from vocapp.translating import lazy_gettext as _l

log = structlog.get_logger()

MACHINE_PATHS = ("/api/", "/public/", "/delighted/", "/hooks/", "/healthz", "/readyz", "/metrics")


# What people read, in their language: what happened, and what to do.
_FOR_PEOPLE = {
    400: (_l("This request cannot be read"), _l("Nothing was changed. Go back and try again.")),
    403: (
        _l("This page is not open to you"),
        _l("Your role in this workspace does not include it. An administrator can change that."),
    ),
    404: (
        _l("There is nothing here"),
        _l("The address may be mistyped, or what stood here has been removed."),
    ),
    405: (_l("This cannot be opened like that"), _l("Go back and use the button on the page.")),
    409: (
        _l("Somebody was quicker"),
        _l("This was changed meanwhile. Nothing of yours was saved; reload and try again."),
    ),
    410: (_l("This is over"), _l("Nothing more is taken here.")),
    413: (_l("This is too large"), _l("Nothing was saved. Send less at once.")),
    422: (_l("This was not accepted"), _l("Nothing was saved. Go back, reload and send again.")),
    429: (_l("Too many requests"), _l("Nothing was saved. Wait a little and try again.")),
    503: (
        _l("We cannot save right now"),
        _l("The database does not answer. Nothing was saved; try again in a minute."),
    ),
}
_SURPRISE = (
    _l("Something went wrong on our side"),
    _l("It has been noted for the operator. Try again; if it stays, tell your administrator."),
)


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    message: str


class Problem(Exception):
    """A failure with a status that the caller can act on."""

    status = 500
    title = "Internal error"
    # What people read instead of the words for the status: what happened, and what to do.
    for_people: tuple[LazyString, LazyString] | None = None

    def __init__(self, detail: str = "", *, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = tuple(errors)


class NotFound(Problem):
    status, title = 404, "Not found"


class Forbidden(Problem):
    status, title = 403, "Forbidden"


class Unauthorized(Problem):
    status, title = 401, "Unauthorized"


class Conflict(Problem):
    status, title = 409, "Conflict"


class Gone(Problem):
    """It was there, and nothing more is taken."""

    status, title = 410, "Gone"


class TooMany(Problem):
    status, title = 429, "Too many requests"


class Unavailable(Problem):
    status, title = 503, "Unavailable"


class Malformed(Problem):
    status, title = 400, "Bad request"


class BadInput(Problem):
    """One or more fields are wrong; names each."""

    status, title = 422, "Invalid input"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__("; ".join(f"{e.field}: {e.message}" for e in errors), errors=errors)

    @classmethod
    def of(cls, field: str, message: str) -> BadInput:
        return cls(FieldError(field, message))


_OF_OURS = "Value error, "  # stands before what our own checks say


def from_validation(exc: ValidationError) -> BadInput:
    """Every wrong field of a request, by its path: `contact.email`, `responses.3.score`."""
    return BadInput(
        *(
            FieldError(
                ".".join(str(part) for part in error["loc"]) or "body",
                error["msg"].removeprefix(_OF_OURS),
            )
            for error in exc.errors(include_url=False, include_context=False, include_input=False)
        )
    )


def problem_response(problem: Problem) -> Response:
    """The RFC 9457 document of a problem."""
    body: dict[str, Any] = {
        "type": f"urn:voc:problem:{problem.title.lower().replace(' ', '-')}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request.path,
    }
    if problem.errors:
        body["errors"] = [{"field": e.field, "message": e.message} for e in problem.errors]
    response = Response(
        json.dumps(body), status=problem.status, mimetype="application/problem+json"
    )
    if problem.status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    if problem.status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        response.headers["Retry-After"] = "5"
    return response


def validation_response(exc: ValidationError) -> Response:
    """What the API framework answers when a request does not fit its model."""
    return problem_response(from_validation(exc))


def is_machine_path() -> bool:
    return f"{request.path}/".startswith(MACHINE_PATHS)


def init_app(app: Flask) -> None:
    app.register_error_handler(Problem, show_problem)
    app.register_error_handler(HTTPException, _show_http)
    app.register_error_handler(ValidationError, lambda exc: show_problem(from_validation(exc)))
    app.register_error_handler(OperationalError, _show_operational)
    app.register_error_handler(Exception, _show_surprise)


def show_problem(problem: Problem) -> Any:
    """A problem as the caller reads it: a document for machines, a page for people."""
    if is_machine_path():
        return problem_response(problem)
    title, detail = problem.for_people or _FOR_PEOPLE.get(problem.status, _SURPRISE)
    page = render_template("error.html", title=title, detail=detail, status=problem.status)
    return page, problem.status


def _show_http(exc: HTTPException) -> Any:
    if exc.response is not None or (exc.code or 500) < HTTPStatus.BAD_REQUEST:
        return exc
    problem = Problem(exc.description or exc.name)
    problem.status, problem.title = exc.code or 500, exc.name
    shown = show_problem(problem)
    if exc.code == HTTPStatus.METHOD_NOT_ALLOWED and isinstance(shown, Response):
        shown.headers["Allow"] = ", ".join(getattr(exc, "valid_methods", None) or ())
    return shown


def _show_operational(exc: OperationalError) -> Any:
    # The database is away or locked: nothing was stored, so the sender may try again.
    log.warning("database.unavailable", error=type(exc.orig).__name__, path=request.path)
    return show_problem(Unavailable("The database does not answer. Nothing was stored; try again."))


def _show_surprise(exc: Exception) -> Any:
    log.exception("request.failed", path=request.path, error=type(exc).__name__)
    if current_app.config["PROPAGATE_EXCEPTIONS"] and current_app.testing:
        raise exc
    return show_problem(Problem("Something went wrong on our side. It has been logged."))
