"""A file of a customer as an answer: to be saved, never to be opened as a page of ours."""

from __future__ import annotations

from io import BytesIO

from flask import Response, send_file

from vocapp.distributing.attached_files import ANY_KIND

# Even where a browser shows it all the same, nothing in it runs, loads or is of our origin.
_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


def to_save(name: str, content: bytes) -> Response:
    """The type that the sender said is not repeated: a browser could act on it."""
    response = send_file(
        BytesIO(content), mimetype=ANY_KIND, as_attachment=True, download_name=name, max_age=0
    )
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
