"""Headers on every response, and CSRF on every form.

The content security policy allows our own files only: no inline script, no inline
style, no third party. Only the embed page may be framed.
"""

from __future__ import annotations

from typing import Any, TypeVar

from flask import Flask, Response, current_app, request
from flask_wtf.csrf import CSRFError

from vocapp.extensions import csrf
from vocapp.problems import BadInput, NotFound, is_machine_path, show_problem

F = TypeVar("F")

_POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}


def init_app(app: Flask) -> None:
    app.before_request(_refuse_unstorable_path)
    app.before_request(_check_csrf)
    app.after_request(_add_headers)
    app.register_error_handler(CSRFError, _explain_csrf)


def _refuse_unstorable_path() -> None:
    """PostgreSQL does not even look for what it could not store."""
    if "\0" in request.path:
        raise NotFound("Nothing is here.")


def without_csrf(view: F) -> F:
    """Mark a page's POST that outsiders send (one-click unsubscribe): it needs no token."""
    view.__voc_without_csrf__ = True  # type: ignore[attr-defined]
    return view


def _check_csrf() -> None:
    """Forms need a token; machines authenticate with a key and carry no cookie."""
    if request.method in {"GET", "HEAD", "OPTIONS", "TRACE"} or is_machine_path():
        return
    if not current_app.config.get("WTF_CSRF_ENABLED", True) or request.endpoint is None:
        return
    view = current_app.view_functions.get(request.endpoint)
    if not getattr(view, "__voc_without_csrf__", False):
        csrf.protect()


def _explain_csrf(_: CSRFError) -> Any:
    return show_problem(
        BadInput.of("form", "The page was open too long. Go back, reload and send again.")
    )


def _add_headers(response: Response) -> Response:
    # A response with a policy of its own (the HTML of a mail) says itself who may frame it.
    own_policy = "Content-Security-Policy" in response.headers
    policy = dict(_POLICY)
    if request.endpoint and request.endpoint.endswith("embed"):
        policy["frame-ancestors"] = "*"
    response.headers.setdefault(
        "Content-Security-Policy", "; ".join(f"{k} {v}" for k, v in policy.items())
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if policy["frame-ancestors"] == "'none'" and not own_policy:
        response.headers["X-Frame-Options"] = "DENY"
    if current_app.config["SETTINGS"].is_https:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint and not request.endpoint.endswith(".static"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
