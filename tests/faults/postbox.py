"""A mail server as a process of its own, which notes each mail that it takes and throws it away.

    python -m tests.faults.postbox PORT FILE

Of a mail that it has answered 250 for, a line is in the file before the answer is out:
`{"at": seconds, "to": address, "id": Message-ID}`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Any, TextIO

from aiosmtpd.smtp import SMTP

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(<[^>]+>)", re.MULTILINE | re.IGNORECASE)


class Postbox:
    """Takes everything."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        found = _MESSAGE_ID.search(envelope.content)
        name = found[1].decode() if found else ""
        for to in envelope.rcpt_tos:
            self._out.write(json.dumps({"at": time.time(), "to": to, "id": name}) + "\n")
        self._out.flush()
        return "250 2.0.0 taken"


async def serve(port: int, out: TextIO) -> None:
    """Until the process is ended."""
    box = Postbox(out)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, hostname="postbox", enable_SMTPUTF8=True), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    with open(sys.argv[2], "a", encoding="utf-8") as file:
        asyncio.run(serve(int(sys.argv[1]), file))
