"""A provider of text messages as they are: it takes JSON over HTTP, knows messages by their
reference, is busy, fails, refuses numbers, and sometimes takes a message and answers nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

TOKEN = "provider-token-1"


@dataclass
class SmsProvider:
    """arrived: what telephones got, by reference; requests: all that was posted. script: what
    happens to the next requests, one after the other: a status, ("refuse", code),
    ("wait", seconds), "take_and_hang" (it is out, and no answer comes) or "hang"."""

    url: str
    arrived: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    script: list[Any] = field(default_factory=list)
    hang_s: float = 1.0
    lock: Lock = field(default_factory=Lock)

    @property
    def texts(self) -> list[tuple[str, str]]:
        """To whom what arrived, in its order."""
        return [(each["to"], each["text"]) for each in self.arrived.values()]

    def take(self, message: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """What a telephone gets, once for each reference."""
        with self.lock:
            if message["reference"] in self.arrived:
                return 409, {"id": f"m-{message['reference'][:8]}"}
            self.arrived[message["reference"]] = message
            return 202, {"id": f"m-{message['reference'][:8]}"}


@contextmanager
def listening() -> Iterator[SmsProvider]:
    """A provider on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            provider.requests.append(message | {"headers": dict(self.headers)})
            step = provider.script.pop(0) if provider.script else "take"
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                return self.answer(401, {})
            if step in ("hang", "take_and_hang"):
                if step == "take_and_hang":
                    provider.take(message)
                time.sleep(provider.hang_s)
                return None
            if isinstance(step, int):
                return self.answer(step, {"error": "<b>busy</b>"})
            if isinstance(step, tuple) and step[0] == "refuse":
                return self.answer(422, {"code": step[1]})
            if isinstance(step, tuple):
                return self.answer(429, {}, {"Retry-After": str(step[1])})
            return self.answer(*provider.take(message))

        def answer(
            self, status: int, said: dict[str, Any], headers: dict[str, str] | None = None
        ) -> None:
            body = json.dumps(said).encode()
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    provider = SmsProvider(f"http://127.0.0.1:{server.server_port}/messages")
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
