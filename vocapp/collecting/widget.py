"""The widget's files, for pages anywhere."""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, current_app, request

from vocapp.problems import NotFound, Unavailable
from vocapp.workspaces.access import anyone

blueprint = Blueprint("widget", __name__)
_CACHE_S = 3600
_LONG_CACHE_S = 31_536_000
DIST = Path(__file__).resolve().parents[2] / "widget" / "dist"
_FILE = DIST / "widget.js"


@blueprint.get("/widget.js")
@anyone
def widget_js() -> Response:
    """The built script; an hour in caches, then asked for again by its fingerprint."""
    return script_file(_FILE, cache=f"public, max-age={_CACHE_S}")


@blueprint.get("/widget/<part>.js")
@anyone
def widget_part(part: str) -> Response:
    """A part that the script loads on demand.

    With the version that it was built in it stays in caches for good. A script from before an
    update asks for an older one: it gets today's part, and asks again next time.
    """
    folder = DIST / "parts"
    if part not in {path.stem for path in folder.glob("*.js")}:
        raise NotFound("The widget has no such part.")
    is_current = request.args.get("v") == (DIST / "parts.version").read_text()
    cache = f"public, max-age={_LONG_CACHE_S}, immutable" if is_current else "public, no-cache"
    return script_file(folder / f"{part}.js", cache=cache)


def script_file(path: Path, *, cache: str) -> Response:
    """A built script. Raises Unavailable where it was not built."""
    if not path.exists():
        raise Unavailable("The widget has not been built: run `make setup`.")
    modified = 0 if not current_app.debug else path.stat().st_mtime_ns
    content, compressed, fingerprint = _read(path, modified)
    zipped = request.accept_encodings.quality("gzip") > 0
    response = Response(compressed if zipped else content, mimetype="text/javascript")
    if zipped:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(f"{fingerprint}-gz" if zipped else fingerprint)
    response.headers["Cache-Control"] = cache
    # Read by pages of any origin, also with `crossorigin` on the tag; it holds no data.
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response.make_conditional(request)  # type: ignore[return-value]


@lru_cache(maxsize=16)
def _read(path: Path, _modified: int) -> tuple[bytes, bytes, str]:
    """The file, the same compressed, and its fingerprint."""
    content = path.read_bytes()
    fingerprint = hashlib.sha256(content).hexdigest()[:20]
    return content, gzip.compress(content, 9, mtime=0), fingerprint
