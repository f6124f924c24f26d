"""Messages to addresses that people typed in reach the public internet and nothing else."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from vocapp.outgoing import NotAllowed, Undelivered, check_address, exchange, post


@pytest.fixture
def listening():
    """A server on this machine that keeps what it is asked; `answer` is its status."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            server.got.append((self.path, dict(self.headers), self.rfile.read(size)))
            self.send_response(server.answer)
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server: Any = HTTPServer(("127.0.0.1", 0), Handler)
    server.got, server.answer = [], 200
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def leads_to(monkeypatch: Any, *addresses: str) -> list[str]:
    """Every name leads to these from now on; the names that are asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, *_args: Any, **_more: Any) -> list[Any]:
        asked.append(host)
        return [(None, None, 0, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.fixture
def connected(monkeypatch):
    """Which addresses were connected to; nobody is there."""
    reached: list[Any] = []

    def connect(address: Any, timeout: float) -> Any:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    return reached


@pytest.fixture
def talking(monkeypatch):
    """`url, gone = talking(answer)`: a receiver that sends what `answer` yields, after it was
    asked; `gone` is set when nobody listened any more."""
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.5)
    ears = []

    def start(answer: Callable[[], Iterator[bytes]]) -> tuple[str, Event]:
        ear, gone = socket.create_server(("127.0.0.1", 0)), Event()
        ears.append(ear)

        def talk() -> None:
            voice, _ = ear.accept()
            voice.recv(1000)
            try:
                for words in answer():
                    voice.sendall(words)
            except OSError:
                gone.set()
            voice.close()

        Thread(target=talk, daemon=True).start()
        return f"http://127.0.0.1:{ear.getsockname()[1]}/", gone

    yield start
    for ear in ears:
        ear.close()


def self_signed(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate for a name, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return folder / "certificate.pem", folder / "key.pem"


def _to_the_end_of_patience(url: str) -> float:
    began = time.monotonic()
    with pytest.raises(Undelivered):
        post(url, b"{}", {}, allowed={url[7:-1]})
    return time.monotonic() - began


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://10.1.2.3/x", "https://192.168.0.1", "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data", "https://0.0.0.0", "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:7f00:1::]/",
        "https://224.0.0.1/", "https://100.64.0.1/", "https://192.0.0.192/opc/v1/instance/",
        "https://168.63.129.16/metadata", "https://[fd00:ec2::254]/", "https://[::7f00:1]/",
        "https://[fec0::1]/", "https://[64:ff9b:1::a00:1]/", "https://[2001:0:a00:1::]/",
        "https://example.com:22/", "https://example.com:0/", "https://example.com:25/",
        "https://example.com\\@10.0.0.1/", "https://a..b/", f"https://{64 * 'a'}.com/",
        "http://example.com/x", "ftp://example.com",
        "file:///etc/passwd", "https://user:word@example.com/", "https://", "https://exa mple.com",
        "https://example.com:port/", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_what_is_inside_the_network_or_no_plain_https_address_is_refused(url):
    with pytest.raises(NotAllowed):
        check_address(url, ())


@pytest.mark.parametrize(
    "shown", ["127.0.0.1", "10.0.0.8", "::1", "::ffff:10.0.0.1", "169.254.169.254", "0.0.0.0", "::"]
)
def test_a_name_that_leads_inside_is_refused_when_it_is_sent_to(monkeypatch, connected, shown):
    """Also when only one of its addresses does: which one is used is not the receiver's choice."""
    leads_to(monkeypatch, "93.184.216.34", shown)
    with pytest.raises(NotAllowed, match="inside"):
        post("https://hooks.example.com/x", b"{}", {})
    assert connected == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "0", "localhost", "127。0。0。1"]
)
def test_other_ways_to_write_this_machine_are_refused_when_they_are_sent_to(connected, host):
    with pytest.raises(NotAllowed, match="inside"):
        post(f"https://{host}/x", b"{}", {})
    assert connected == []


def test_the_address_that_was_judged_is_the_one_connected_to(monkeypatch, connected):
    """A name that is asked twice could answer otherwise the second time."""
    asked = leads_to(monkeypatch, "93.184.216.34")
    with pytest.raises(Undelivered):
        post("https://hooks.example.com/x", b"{}", {})
    assert (asked, connected) == (["hooks.example.com"], [("93.184.216.34", 443)])


def test_where_one_address_is_out_of_reach_the_next_is_tried(monkeypatch, connected):
    leads_to(monkeypatch, "2606:2800:220:1::1", "93.184.216.34")
    with pytest.raises(Undelivered):
        post("https://hooks.example.com/x", b"{}", {})
    assert [address for address, _port in connected] == ["2606:2800:220:1::1", "93.184.216.34"]


def test_proxies_of_the_environment_are_not_used(monkeypatch, listening):
    """One would resolve the name itself, and reach what it likes."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        for spelled in (name, name.lower()):
            monkeypatch.setenv(spelled, f"http://127.0.0.1:{listening.server_port}")
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    with pytest.raises(Undelivered):
        post(url, b"{}", {}, allowed={f"127.0.0.1:{port}"})
    assert listening.got == []


def test_a_certificate_that_nobody_vouches_for_is_not_taken(monkeypatch, tmp_path):
    certificate, key = self_signed(tmp_path, "hooks.example.com")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as ear:
        port = ear.getsockname()[1]
        heard: list[bytes] = []

        def answer() -> None:
            with suppress(OSError), context.wrap_socket(ear.accept()[0], server_side=True) as voice:
                heard.append(voice.recv(100))

        talk = Thread(target=answer, daemon=True)
        talk.start()
        with pytest.raises(Undelivered, match="SSLCertVerificationError"):
            post(f"https://127.0.0.1:{port}/", b"{}", {}, allowed={f"127.0.0.1:{port}"})
        talk.join(5)
    assert heard == []


def test_a_receiver_inside_that_the_operator_allowed_is_reached_and_no_other(listening):
    port = listening.server_port
    allowed = {f"127.0.0.1:{port}"}
    url = f"http://127.0.0.1:{port}/hook?x=1"
    assert post(url, b'{"a": 1}', {"X-A": "b"}, allowed=allowed) == 200
    ((path, headers, body),) = listening.got
    assert (path, headers["X-A"], body) == ("/hook?x=1", "b", b'{"a": 1}')
    with pytest.raises(NotAllowed):
        post(f"http://127.0.0.1:{port + 1}/hook", b"{}", {}, allowed=allowed)


def test_a_redirect_is_an_answer_and_is_not_followed(listening):
    listening.answer = 307
    port = listening.server_port
    allowed = {f"127.0.0.1:{port}"}
    assert post(f"http://127.0.0.1:{port}/hook", b"{}", {}, allowed=allowed) == 307
    assert [path for path, _headers, _body in listening.got] == ["/hook"]


def test_an_allowed_receiver_may_be_written_in_any_case_and_as_ipv6():
    allowed = {"hooks.internal:8080", "[fd00::1]:8080"}
    assert check_address("http://HOOKS.internal:8080/x", allowed).hostname == "hooks.internal"
    assert check_address("http://[fd00::1]:8080/x", allowed).port == 8080
    with pytest.raises(NotAllowed):
        check_address("http://[fd00::1]:8081/x", allowed)


def test_letters_of_other_scripts_in_a_path_arrive(listening):
    port = listening.server_port
    url = f"http://127.0.0.1:{port}/通知/%E3?名=1&x=%20"
    assert post(url, b"{}", {}, allowed={f"127.0.0.1:{port}"}) == 200
    assert listening.got[0][0] == "/%E9%80%9A%E7%9F%A5/%E3?%E5%90%8D=1&x=%20"


def _nothing() -> Iterator[bytes]:
    time.sleep(3)
    yield b""


def _drops() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-A: "
    while True:
        time.sleep(0.1)
        yield b"a"


def _wait_a_little() -> Iterator[bytes]:
    while True:
        yield b"HTTP/1.1 100 Continue\r\n\r\n"


def _one_line() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-A: "
    while True:
        yield b"a" * 10_000


def _lines() -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    while True:
        yield b"X-A: a\r\n" * 1000


@pytest.mark.parametrize("answer", [_nothing, _drops, _wait_a_little, _one_line, _lines])
def test_a_receiver_that_never_ends_its_answer_is_left(talking, answer):
    url, _gone = talking(answer)
    assert _to_the_end_of_patience(url) < 2


def test_of_an_endless_answer_nothing_but_its_head_is_read(talking):
    def answer() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n\r\n"
        while True:
            yield b"a" * 100_000

    url, gone = talking(answer)
    assert post(url, b"{}", {}, allowed={url[7:-1]}) == 200
    assert gone.wait(5)


@pytest.mark.parametrize("head", [b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK\r\nContent-Length: 9999"])
def test_time_is_up_also_while_an_answer_comes_in_drops(talking, head):
    """Each drop begins the time-out of the socket anew, and where the connection ends with the
    answer its socket is the answer's alone."""

    def answer() -> Iterator[bytes]:
        yield head + b"\r\n\r\n"
        for _ in range(40):
            time.sleep(0.1)
            yield b"a"

    url, _gone = talking(answer)
    began = time.monotonic()
    with pytest.raises(Undelivered):
        exchange(url, b"{}", {}, allowed={url[7:-1]}, most_bytes=1000)
    assert time.monotonic() - began < 2


def test_time_is_up_also_while_it_is_connected_to(monkeypatch, talking):
    """Connecting takes a little longer than the whole may; what comes then is not waited for."""
    url, _gone = talking(_drops)
    connect = socket.create_connection

    def slowly(*args: Any, **more: Any) -> Any:
        time.sleep(0.6)
        return connect(*args, **more)

    monkeypatch.setattr(socket, "create_connection", slowly)
    assert _to_the_end_of_patience(url) < 1.5


def test_a_handshake_that_never_ends_is_left(monkeypatch, talking):
    def answer() -> Iterator[bytes]:
        yield b"\x16\x03\x03\x40\x00"
        while True:
            time.sleep(0.1)
            yield b"a"

    url, _gone = talking(answer)
    url = url.replace("http:", "https:")
    began = time.monotonic()
    with pytest.raises(Undelivered):
        post(url, b"{}", {}, allowed={url[8:-1]})
    assert time.monotonic() - began < 2


def test_a_name_that_is_looked_up_for_ever_is_left(monkeypatch):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: time.sleep(3) or [])
    began = time.monotonic()
    with pytest.raises(Undelivered):
        post("https://hooks.example.com/", b"{}", {})
    assert time.monotonic() - began < 2
