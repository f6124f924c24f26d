"""A web process that breaks the promise on purpose: it says 201 before anything is stored.

The control of the kill test: run with `tests.faults.forgetful:app` in place of `wsgi:app`,
the history checker must find lost answers.
"""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from wsgi import app as honest

_LATER_S = 0.5


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Acknowledge a response at once and store it a little later."""
    if environ["REQUEST_METHOD"] != "POST" or environ["PATH_INFO"] != "/api/v1/responses":
        return honest(environ, start_response)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    kept = {k: v for k, v in environ.items() if isinstance(v, str) or k == "wsgi.version"}
    threading.Thread(target=_store_later, args=(kept, body), daemon=True).start()
    start_response("201 CREATED", [("Content-Type", "application/json")])
    return [json.dumps({"id": json.loads(body)["id"]}).encode()]


def _store_later(kept: dict[str, Any], body: bytes) -> None:
    time.sleep(_LATER_S)
    environ = kept | {
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    b"".join(honest(environ, lambda *_: None))
