"""A real mail server that tests send to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask


@dataclass
class MailServer:
    """Takes mail, or answers with what a test wants it to answer."""

    replies: dict[str, str] = field(default_factory=dict)  # by recipient, or "data"
    received: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    drop_after_text: bool = False
    port: int = 0

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.replies:
            return self.replies[address]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        reply = self.replies.get("data", "250 2.0.0 taken")
        if reply.startswith("250"):
            message = message_from_bytes(envelope.content, policy=policy.default)
            self.raw.append(bytes(envelope.content))
            self.received.append((list(envelope.rcpt_tos), message))
        if self.drop_after_text:
            server.transport.close()
        return reply

    @property
    def messages(self) -> list[EmailMessage]:
        return [message for _, message in self.received]


class OnAFreePort(Controller):
    """The library asks port 0 itself whether it answers; tell it the real one first."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def mail_server(app: Flask) -> Iterator[MailServer]:
    """A real SMTP server on a free port, to which the application sends."""
    server = MailServer()
    controller = OnAFreePort(server, hostname="127.0.0.1", port=0)
    controller.start()
    server.port = controller.port
    app.config["SETTINGS"].mail_url = f"smtp://127.0.0.1:{server.port}"
    yield server
    controller.stop()
