"""The one way out for messages to addresses that people typed in.

An address is resolved once, every answer is judged, and the connection goes to exactly the one
that was judged: what is inside the network, on this machine or a cloud's metadata service is
never reached, whatever a name says at the next look. Redirects are not followed and proxies of the
environment not used. `VOC_OUTGOING_ALLOW` names receivers inside the network that are meant.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from http.client import HTTPConnection, HTTPException
from threading import Timer
from urllib.parse import SplitResult, urlsplit

TIMEOUT_S = 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052


class NotAllowed(ValueError):
    """An address that nothing is sent to; the message says why and quotes nothing."""


class Undelivered(Exception):
    """The receiver was not reached, or did not answer in time; a later attempt may succeed."""


def check_address(url: str, allowed: Collection[str]) -> SplitResult:
    """The parts of an address that may be sent to, as far as can be told without resolving it.

    allowed: "host:port" of receivers that may be inside the network and without TLS.
    Raises NotAllowed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, port_of(parts)
    except ValueError as exc:
        raise NotAllowed("not an address") from exc
    if parts.scheme not in ("https", "http") or not host or any(ch <= " " for ch in url):
        raise NotAllowed("not an address")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("names a user")
    if f"{host}:{port}" in allowed:
        return parts
    if parts.scheme != "https":
        raise NotAllowed("not https")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return parts
    if not is_public(literal):
        raise NotAllowed("inside the network")
    return parts


def port_of(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is an address of the public internet, also where IPv6 carries one of IPv4.

    >>> [is_public(ipaddress.ip_address(each)) for each in ("1.1.1.1", "::ffff:10.0.0.1")]
    [True, False]
    """
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed: Collection[str] = ()
) -> int:
    """Send a body by POST; the status that came back, a redirect's too.

    Raises NotAllowed, Undelivered.
    """
    parts = check_address(url, allowed)
    host = (parts.hostname or "").encode("idna").decode()
    port = port_of(parts)
    address = _resolved(host, port, judged=f"{parts.hostname}:{port}" not in allowed)
    context = ssl.create_default_context() if parts.scheme == "https" else None
    connection = _Pinned(host, port, address, context)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    # A socket's time-out begins anew with every byte; this one ends the whole.
    ends = Timer(TIMEOUT_S, connection.break_off)
    ends.daemon = True
    ends.start()
    try:
        connection.request("POST", path, body, dict(headers))
        return connection.getresponse().status
    except (OSError, HTTPException, UnicodeError) as exc:
        raise Undelivered(type(exc).__name__) from exc
    finally:
        ends.cancel()
        connection.close()


def _resolved(host: str, port: int, *, judged: bool) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as exc:
        raise Undelivered("the name is not known") from exc
    addresses = [str(entry[4][0]) for entry in found]
    if judged and not all(is_public(ipaddress.ip_address(each)) for each in addresses):
        raise NotAllowed("inside the network")
    return addresses[0]


class _Pinned(HTTPConnection):
    """A connection to an address that was judged; name and certificate are those of the host."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._address, self._context = address, context

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), timeout=TIMEOUT_S)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)

    def break_off(self) -> None:
        if self.sock is not None:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                self.sock.close()
