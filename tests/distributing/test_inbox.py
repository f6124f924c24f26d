"""The mailbox that replies arrive in is read as it comes, however it is written."""

from __future__ import annotations

import socketserver
import threading
from email.message import EmailMessage
from typing import Any

import pytest

from vocapp.distributing.inbox import InboxError, open_inbox
from vocapp.distributing.receiving import read_incoming


class Imap(socketserver.StreamRequestHandler):
    """As much of an IMAP server as reading new mails takes."""

    def handle(self) -> None:
        box = self.server.box  # type: ignore[attr-defined]
        self.say("* OK ready")
        while line := self.rfile.readline().decode().strip():
            tag, _space, command = line.partition(" ")
            box["said"].append(command)
            self.answer(box, command)
            self.say(f"{tag} {'NO' if command.startswith(box['refuses']) else 'OK'} done")

    def answer(self, box: Any, command: str) -> None:
        words = command.split()
        if command.startswith("CAPABILITY"):
            self.say("* CAPABILITY IMAP4rev1")
        elif command.startswith("SELECT"):
            self.say(f"* OK [PERMANENTFLAGS ({box['flags']})] limited")
            self.say("* 2 EXISTS")
        elif command.startswith("UID SEARCH"):
            unmarked = [str(uid) for uid in box["mails"] if uid not in box["marked"]]
            self.say("* SEARCH " + " ".join(unmarked))
        elif command.startswith("UID FETCH"):
            mail = box["mails"][int(words[2])]
            self.say(f"* 1 FETCH (UID {words[2]} BODY[]<0> {{{len(mail)}}}")
            self.wfile.write(mail)
            self.say(")")
        elif command.startswith("UID STORE"):
            box["marked"].add(int(words[2]))

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


@pytest.fixture
def imap(app):
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Imap)
    server.daemon_threads = True
    server.box = {  # type: ignore[attr-defined]
        "mails": {7: b"Subject: one\r\n\r\nfirst", 9: b"Subject: two\r\n\r\nsecond"},
        "marked": set(), "said": [], "flags": "\\Seen \\*", "refuses": "nothing",
    }  # fmt: skip
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    app.config["SETTINGS"].inbox_url = f"imap://me%40x:p%40ss@127.0.0.1:{port}/INBOX"
    yield server.box  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()


def read_all(app: Any, *, taken: bool = True) -> list[bytes]:
    with open_inbox(app.config["SETTINGS"]) as inbox:
        found = []
        for letter in inbox.new():
            found.append(letter.content)
            inbox.done(letter, taken=taken)
        return found


def test_a_mailbox_gives_each_mail_once(app, imap):
    assert read_all(app) == [b"Subject: one\r\n\r\nfirst", b"Subject: two\r\n\r\nsecond"]
    assert read_all(app) == []
    assert any("BODY.PEEK" in command for command in imap["said"])  # reading marks nothing
    assert any("VocTaken" in command for command in imap["said"])


def test_where_no_keywords_are_kept_mails_are_marked_as_read(app, imap):
    imap["flags"] = "\\Seen"
    assert len(read_all(app)) == 2
    assert any(command.endswith("(\\Seen)") for command in imap["said"])


def test_a_mailbox_that_refuses_or_is_away_says_so(app, imap):
    imap["refuses"] = "LOGIN"
    with pytest.raises(InboxError):
        read_all(app)
    app.config["SETTINGS"].inbox_url = "imap://me:x@127.0.0.1:9/INBOX"
    with pytest.raises(InboxError):
        read_all(app)


def test_a_folder_loses_what_was_taken_and_puts_the_rest_aside(app, tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "1.eml").write_bytes(b"one")
    app.config["SETTINGS"].inbox_url = f"file://{folder}"
    assert read_all(app) == [b"one"]
    assert list(folder.iterdir()) == []
    (folder / "2.eml").write_bytes(b"two")
    read_all(app, taken=False)
    assert [path.name for path in (folder / "unmatched").iterdir()] == ["2.eml"]
    assert read_all(app) == []


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe\x00garbage", b"From: <\r\nIn-Reply-To: <<<\r\n\r\n",
        b"Content-Type: text/plain; charset=no-such\r\nSubject: =?x?q?=ff?=\r\n\r\n\xff\xfe",
        b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
        b"To: ,,,;:<>@\r\nFrom: =?utf-8?b?////?=\r\nReferences: <a@b> <c@d\r\n\r\nx",
    ],
)  # fmt: skip
def test_ugly_mails_are_read_without_a_fall(app, content):
    found = read_incoming(content, app.config["SETTINGS"])
    assert found.message_id.startswith("<")
    assert found.bounce is None


def test_what_answers_by_itself_is_known(app):
    for name, value in (("Auto-Submitted", "auto-replied"), ("Precedence", "bulk")):
        message = EmailMessage()
        message[name] = value
        message.set_content("I am away")
        assert read_incoming(message.as_bytes(), app.config["SETTINGS"]).is_automatic
    message = EmailMessage()
    message["Auto-Submitted"] = "no"
    message.set_content("It is me")
    assert not read_incoming(message.as_bytes(), app.config["SETTINGS"]).is_automatic
