"""How often a network may call what everybody may call: respondents' pages, the public endpoint.

Counted by survey, method and network (/24 of IPv4, /56 of IPv6: what one customer of a provider
is given), so that neither changing addresses nor one noisy survey gets around or shuts out. The
default is far above what an office does at once. With a Redis broker all web processes share
the count; else, and while Redis does not answer, each process counts for itself. A counter that
fails lets the request through: an answer is worth more than the limit.

This machine itself is not limited: behind a proxy that VOC_TRUSTED_PROXIES does not tell of,
everybody comes from there.
"""

from __future__ import annotations

import time
from ipaddress import ip_address, ip_network
from typing import Any

from flask import Flask, current_app, request
from flask_limiter import Limiter, RequestLimit

from config import Settings
from vocapp.problems import TooMany, is_machine_path, show_problem
from vocapp.signing import keyed_hash

_PREFIX = {4: 24, 6: 56}
_KEY_CHARS = 100
_HASH_CHARS = 24


def network_of(address: str) -> str:
    """The network that an address is counted with; an unreadable address is its own.

    >>> network_of("203.0.113.77"), network_of("2001:db8:1:2fe::1"), network_of("::ffff:1.2.3.4")
    ('203.0.113.0/24', '2001:db8:1:200::/56', '1.2.3.0/24')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    return str(ip_network((found, _PREFIX[found.version]), strict=False))


def _key() -> str:
    # Who counts sees no address: the network stands there as a hash that only we can compute.
    network = keyed_hash("network", network_of(request.remote_addr or ""))[:_HASH_CHARS]
    return f"{_survey()[:_KEY_CHARS]} {network}"


def _survey() -> str:
    """What the request names: a survey's public id, else the kind of link or correction."""
    named = (request.view_args or {}).get("public_id")
    if named is None and request.method == "POST" and is_machine_path():
        body = request.get_json(silent=True)
        named = body.get("survey") if isinstance(body, dict) else None
    return str(named or request.endpoint)


def _is_exempt() -> bool:
    if request.method == "OPTIONS" or _rate() == Settings.NO_LIMIT:
        return True
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _rate() -> str:
    return str(current_app.config["SETTINGS"].public_rate_limit)


def _refuse(limit: RequestLimit) -> Any:
    response = current_app.make_response(
        show_problem(TooMany("Too many requests from this network. Wait and send it again."))
    )
    response.headers["Retry-After"] = str(max(1, int(limit.reset_at - time.time()) + 1))
    return response


limiter = Limiter(_key, on_breach=_refuse, in_memory_fallback_enabled=True, swallow_errors=True)
# For blueprints that everybody may call: `limit_public(blueprint)`.
limit_public = limiter.limit(_rate, per_method=True, exempt_when=_is_exempt)


def init_app(app: Flask, settings: Settings) -> None:
    shared = settings.broker_url.startswith(("redis://", "rediss://"))
    app.config["RATELIMIT_STORAGE_URI"] = settings.broker_url if shared else "memory://"
    if shared:  # a Redis that hangs must not hold up an answer
        app.config["RATELIMIT_STORAGE_OPTIONS"] = {"socket_connect_timeout": 1, "socket_timeout": 1}
    app.config["RATELIMIT_KEY_PREFIX"] = "voc-rate"
    limiter.init_app(app)
