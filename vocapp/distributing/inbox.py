"""Where replies arrive (`INBOX_URL`): a mailbox by IMAP, or a folder that a mail server fills.

    with open_inbox(settings) as inbox:
        for letter in inbox.new():      # bytes as they came
            inbox.done(letter, taken=True)

What is not done is offered again. In a mailbox mails stay, marked; in a folder those that were
taken go, and others are put aside into `unmatched/`, where an administrator can look at them.
"""

from __future__ import annotations

import imaplib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

from config import Settings
from vocapp.database import utcnow
from vocapp.mailing import LOOPBACK, HoldsNothing, tls

TIMEOUT_S = 15
MOST_AT_ONCE = 200
MOST_BYTES = 15_000_000  # of a mail: its text and the files that are kept, written as text
_DAYS_BACK = 14
_TAKEN = "VocTaken"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class InboxError(Exception):
    """The mailbox does not answer, or refuses; quotes nobody."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as it came. key: by what its mailbox knows it."""

    key: str
    content: bytes


class Inbox(AbstractContextManager["Inbox"], Protocol):
    def new(self) -> Iterator[Letter]: ...

    def done(self, letter: Letter, *, taken: bool) -> None: ...


def has_inbox(settings: Settings) -> bool:
    """Whether replies come back to the service."""
    return bool(settings.inbox_url)


def open_inbox(settings: Settings) -> Inbox:
    """The mailbox that INBOX_URL names; raises InboxError where there is none."""
    parts = urlsplit(settings.inbox_url)
    if parts.scheme == "file":
        return FolderInbox(Path(unquote(parts.netloc + parts.path)))
    if parts.scheme in {"imap", "imaps"}:
        return ImapInbox(settings.inbox_url)
    raise InboxError("no mailbox is set up")


class FolderInbox(HoldsNothing):
    """Files, one a mail: those of a Maildir's `new`, or of the folder itself."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def new(self) -> Iterator[Letter]:
        folder = self._folder / "new" if (self._folder / "new").is_dir() else self._folder
        try:
            files = sorted(
                path for path in folder.iterdir() if path.is_file() and path.name[0] != "."
            )
        except OSError as exc:
            raise InboxError(f"folder: {type(exc).__name__}") from exc
        for path in files[:MOST_AT_ONCE]:
            try:
                with path.open("rb") as file:
                    content = file.read(MOST_BYTES)
            except FileNotFoundError:
                continue  # another worker was quicker
            yield Letter(str(path), content)

    def done(self, letter: Letter, *, taken: bool) -> None:
        path = Path(letter.key)
        if taken:
            path.unlink(missing_ok=True)
            return
        aside = self._folder / "unmatched"
        aside.mkdir(exist_ok=True, mode=0o700)
        try:
            path.replace(aside / path.name)
        except FileNotFoundError:
            return  # another worker was quicker


class ImapInbox:
    """A mailbox by IMAP. Mails are marked with a keyword of ours, so that whoever reads the
    mailbox beside us changes nothing; where a server keeps none, as read."""

    def __init__(self, url: str) -> None:
        self._url = urlsplit(url)
        self._mark, self._unmarked = _TAKEN, f"UNKEYWORD {_TAKEN}"

    def __enter__(self) -> Self:
        try:
            self._imap = self._connected()
            name = unquote(self._url.path.lstrip("/")) or "INBOX"
            ok, _count = self._imap.select('"' + name.replace('"', "") + '"')
            if ok != "OK":
                raise InboxError("no such mailbox")
            (flags,) = self._imap.response("PERMANENTFLAGS")[1] or [b""]
            if b"\\*" not in (flags or b"") and _TAKEN.encode() not in (flags or b""):
                self._mark, self._unmarked = "\\Seen", "UNSEEN"
        except (OSError, imaplib.IMAP4.error) as exc:
            raise InboxError(f"connecting: {type(exc).__name__}") from exc
        return self

    def _connected(self) -> imaplib.IMAP4:
        host = self._url.hostname or "localhost"
        if self._url.scheme == "imaps":
            imap: imaplib.IMAP4 = imaplib.IMAP4_SSL(
                host, self._url.port or 993, ssl_context=tls(verified=True), timeout=TIMEOUT_S
            )
        else:
            imap = imaplib.IMAP4(host, self._url.port or 143, timeout=TIMEOUT_S)
            if "STARTTLS" in imap.capabilities:
                imap.starttls(tls(verified=True))
            elif host not in LOOPBACK:
                imap.shutdown()
                raise InboxError("no TLS, so no password is sent")
        imap.login(unquote(self._url.username or ""), unquote(self._url.password or ""))
        return imap

    def new(self) -> Iterator[Letter]:
        since = utcnow() - timedelta(days=_DAYS_BACK)
        day = f"{since.day:02}-{_MONTHS[since.month - 1]}-{since.year}"
        try:
            _ok, (found,) = self._imap.uid("SEARCH", *self._unmarked.split(), "SINCE", day)
            for uid in (found or b"").split()[:MOST_AT_ONCE]:
                _ok, parts = self._imap.uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{MOST_BYTES}>)")
                for part in parts:
                    if isinstance(part, tuple):
                        yield Letter(uid.decode(), part[1])
        except (OSError, imaplib.IMAP4.error) as exc:
            raise InboxError(f"reading: {type(exc).__name__}") from exc

    def done(self, letter: Letter, *, taken: bool) -> None:  # noqa: ARG002 - the mailbox keeps all
        try:
            self._imap.uid("STORE", letter.key, "+FLAGS", f"({self._mark})")
        except (OSError, imaplib.IMAP4.error) as exc:
            raise InboxError(f"marking: {type(exc).__name__}") from exc

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._imap.logout()
        except (OSError, imaplib.IMAP4.error):
            self._imap.shutdown()
