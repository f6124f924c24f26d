"""Messages to addresses that people typed in reach the public internet and nothing else."""

from __future__ import annotations

import socket
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from vocapp.outgoing import NotAllowed, Undelivered, check_address, post


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


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/x", "https://10.1.2.3/x", "https://192.168.0.1", "https://[::1]/x",
        "https://169.254.169.254/latest/meta-data", "https://0.0.0.0", "https://[fe80::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::a00:1]/", "https://[2002:7f00:1::]/",
        "https://224.0.0.1/", "https://100.64.0.1/", "http://example.com/x", "ftp://example.com",
        "file:///etc/passwd", "https://user:word@example.com/", "https://", "https://exa mple.com",
        "https://example.com:port/", "javascript:alert(1)", "",
    ],
)  # fmt: skip
def test_what_is_inside_the_network_or_no_plain_https_address_is_refused(url):
    with pytest.raises(NotAllowed):
        check_address(url, ())


@pytest.mark.parametrize("shown", ["127.0.0.1", "10.0.0.8", "::1", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_refused_when_it_is_sent_to(listening, monkeypatch, shown):
    """Also when only one of its addresses does: which one is used is not the receiver's choice."""
    found = [(None, None, 0, "", (address, 443)) for address in ("93.184.216.34", shown)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: found)
    with pytest.raises(NotAllowed, match="inside"):
        post("https://hooks.example.com/x", b"{}", {})
    assert listening.got == []


def test_the_address_that_was_judged_is_the_one_connected_to(listening, monkeypatch):
    """A name that is asked twice could answer otherwise the second time."""
    asked = []
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *_args, **_more: asked.append(host) or [(2, 1, 6, "", ("93.184.216.34", 443))],
    )  # fmt: skip
    reached = []

    def connect(address, timeout):
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Undelivered):
        post("https://hooks.example.com/x", b"{}", {})
    assert (asked, reached) == (["hooks.example.com"], [("93.184.216.34", 443)])


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


def test_a_receiver_that_never_ends_its_answer_is_left(monkeypatch):
    monkeypatch.setattr("vocapp.outgoing.TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Undelivered):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, allowed={f"127.0.0.1:{port}"})
