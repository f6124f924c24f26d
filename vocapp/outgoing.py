"""The one way out for messages to addresses that people typed in.

A name is looked up once, every answer is judged, and the connection goes to exactly those that were
judged: what is inside the network, on this machine or a cloud's metadata service is never reached,
whatever the name says at the next look. Redirects are not followed, proxies of the environment not
used, of an answer nothing but the head is read, or a little more where that is asked for, and all
of it ends after `TIMEOUT_S`.
`VOC_OUTGOING_ALLOW` names receivers inside the network that are meant.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from threading import Thread, Timer
from urllib.parse import SplitResult, quote, urlsplit

TIMEOUT_S = 10
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052
# What else of IPv6 may look global (::/96, fec0::/10, 64:ff9b:1::/48) leads nowhere or inside.
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")  # RFC 4291, 2.4
# Not told apart by `is_global`: services that a cloud offers to its machines only.
_OF_CLOUDS = (
    ipaddress.ip_network("192.0.0.0/24"),  # RFC 6890; 192.0.0.192 is Oracle's metadata service
    ipaddress.ip_network("168.63.129.16/32"),  # Azure's WireServer
)
# As in URLs: what is quoted already stays so.
_OF_PATHS, _OF_QUERIES = "/%:@!$&'()*+,;=~", "/?%:@!$&'()*+,;=~"


class NotAllowed(ValueError):
    """An address that nothing is sent to; the message says why and quotes nothing."""


class Undelivered(Exception):
    """The receiver was not reached, or did not answer in time; a later attempt may succeed."""


class Unreached(Undelivered):
    """The receiver was not reached: nothing of the message has left."""


def check_address(url: str, allowed: Collection[str]) -> SplitResult:
    """The parts of an address that may be sent to, as far as can be told without looking it up.

    allowed: "host:port" in lower case (IPv6 in brackets) of receivers that may be inside the
    network, without TLS and at any port. Others are at 443 or a port that no service of a machine
    itself has (1024 and above). Raises NotAllowed.
    """
    try:
        parts = urlsplit(url)
        host, port = host_of(parts), port_of(parts)
    except ValueError as exc:  # UnicodeError, too
        raise NotAllowed("not an address") from exc
    if parts.scheme not in ("https", "http") or not host or any(ch <= " " for ch in url):
        raise NotAllowed("not an address")
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("names a user")
    if _is_among(allowed, parts):
        return parts
    if parts.scheme != "https":
        raise NotAllowed("not https")
    if port != 443 and port < 1024:
        raise NotAllowed("a port of another service")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return parts
    if not is_public(literal):
        raise NotAllowed("inside the network")
    return parts


def host_of(parts: SplitResult) -> str:
    """The host in ASCII; "" for none. Raises UnicodeError."""
    return (parts.hostname or "").encode("idna").decode()


def port_of(parts: SplitResult) -> int:
    """Raises ValueError for what is none."""
    if parts.port is not None:
        return parts.port
    return 443 if parts.scheme == "https" else 80


def _is_among(allowed: Collection[str], parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return f"{f'[{host}]' if ':' in host else host}:{port_of(parts)}" in allowed


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
        if address.teredo is not None or address not in _GLOBAL_UNICAST:
            return False
    elif any(address in network for network in _OF_CLOUDS):
        return False
    return address.is_global and not address.is_multicast


def post(
    url: str, body: bytes, headers: Mapping[str, str], *, allowed: Collection[str] = ()
) -> int:
    """Send a body by POST; the status that came back, a redirect's too.

    Raises NotAllowed, Undelivered.
    """
    return exchange(url, body, headers, allowed=allowed, most_bytes=0).status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said. headers: by their names in lower case; body: its beginning."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def exchange(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Collection[str] = (),
    most_bytes: int,
) -> Answer:
    """Send a body by POST, and read at most so many bytes of what the receiver says.

    Raises NotAllowed; Undelivered, and Unreached where that is certain.
    """
    parts = check_address(url, allowed)
    until = time.monotonic() + TIMEOUT_S
    host, port = host_of(parts), port_of(parts)
    addresses = _looked_up(host, port, until)
    judged = not _is_among(allowed, parts)
    if judged and not all(is_public(ipaddress.ip_address(each)) for each in addresses):
        raise NotAllowed("inside the network")
    context = ssl.create_default_context() if parts.scheme == "https" else None
    connection = _Pinned(host, port, addresses, context, until)
    # A socket's time-out begins anew with every byte; this one ends the whole.
    ends = Timer(_left(until), connection.break_off)
    ends.daemon = True
    ends.start()
    try:
        connection.request("POST", _path(parts), body, dict(headers))
        response = connection.getresponse()
        said = response.read(most_bytes) if most_bytes else b""
    except (OSError, HTTPException, UnicodeError) as exc:
        failure = Undelivered if connection.is_made else Unreached
        raise failure(type(exc).__name__) from exc
    finally:
        ends.cancel()
        connection.close()
    if connection.is_over:  # half a head looks like a whole one that ended
        raise Undelivered("TimeoutError")
    named = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, named, said)


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe=_OF_PATHS)
    return f"{path}?{quote(parts.query, safe=_OF_QUERIES)}" if parts.query else path


def _left(until: float) -> float:
    """Seconds; never 0, which would mean a socket that does not wait at all."""
    return max(0.001, until - time.monotonic())


def _looked_up(host: str, port: int, until: float) -> list[str]:
    """All addresses of a name. The system's resolver takes no limit of time, so that it is asked
    on a thread which is left where it takes too long. Raises Unreached."""
    found: list[str] = []

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError:
            return
        found.extend(dict.fromkeys(str(entry[4][0]) for entry in entries))

    asking = Thread(target=look_up, daemon=True)
    asking.start()
    asking.join(_left(until))
    if not found:
        raise Unreached("the name is not known")
    return list(found)


class _Pinned(HTTPConnection):
    """A connection to addresses that were judged; name and certificate are those of the host."""

    def __init__(
        self,
        host: str,
        port: int,
        addresses: Sequence[str],
        context: ssl.SSLContext | None,
        until: float,
    ) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S)
        self._addresses, self._context, self._until = addresses, context, until
        # `http.client` forgets its own once the head says that the connection ends with the answer.
        self._reading: socket.socket | None = None
        self.is_made = False
        self.is_over = False

    def connect(self) -> None:
        self.sock = self._reading = self._reached()
        if self._context is not None:
            # Known before hands are shaken, so that it can be broken off meanwhile.
            self.sock = self._reading = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
        if self.is_over:  # it ended while nothing was there to be broken off
            raise TimeoutError
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()
        self.is_made = True

    def _reached(self) -> socket.socket:
        """The first of the addresses that takes a connection."""
        *others, last = self._addresses
        for address in others:
            try:
                return self._connected(address)
            except OSError:
                continue
        return self._connected(last)

    def _connected(self, address: str) -> socket.socket:
        return socket.create_connection((address, self.port), timeout=_left(self._until))

    def break_off(self) -> None:
        self.is_over = True
        if self._reading is not None:
            try:
                self._reading.shutdown(socket.SHUT_RDWR)
            except OSError:
                self._reading.close()
