"""The widget's file, for pages anywhere."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, request

from vocapp.problems import Unavailable
from vocapp.workspaces.access import anyone

blueprint = Blueprint("widget", __name__)
_CACHE_S = 3600
_FILE = Path(__file__).resolve().parents[2] / "widget" / "dist" / "widget.js"


@blueprint.get("/widget.js")
@anyone
def widget_js() -> Response:
    """The built script; an hour in caches, then asked for again by its fingerprint."""
    if not _FILE.exists():
        raise Unavailable("The widget has not been built: run `make setup`.")
    modified = 0 if not current_app.debug else _FILE.stat().st_mtime_ns
    content, fingerprint = _read(_FILE, modified)
    response = Response(content, mimetype="text/javascript")
    response.set_etag(fingerprint)
    response.headers["Cache-Control"] = f"public, max-age={_CACHE_S}"
    # Read by pages of any origin, also with `crossorigin` on the tag; it holds no data.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)  # type: ignore[return-value]


@lru_cache(maxsize=2)
def _read(path: Path, _modified: int) -> tuple[bytes, str]:
    content = path.read_bytes()
    return content, hashlib.sha256(content).hexdigest()[:20]
