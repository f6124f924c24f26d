"""Where somebody came from, so that an action leads back there."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from vocapp.workspaces.access import is_local_path


def next_path(*, or_referrer: bool = False) -> str:
    """A local address: said by the form or the address, else by the browser for this same site;
    "" where there is none."""
    target = request.form.get("next") or request.args.get("next") or ""
    if not target and or_referrer and request.referrer:
        parts = urlsplit(request.referrer)
        if parts.netloc == request.host:
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return target if is_local_path(target) else ""
