"""Outbox kind `inbox`: what arrives in the mailbox is read and handed to whoever it is for.

A package that sends mail which is answered registers who takes the answers (`register_taker`).
What a mail answers is found by Message-IDs (In-Reply-To, References) or by the signed part of a
plus-address, never by its subject. A row of a workspace is never done, but due again in a minute,
as long as the workspace has written to somebody of late.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage, Message
from email.utils import getaddresses, parseaddr
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from config import Settings
from nlp.replies import text_of_html
from vocapp import outbox
from vocapp.database import utcnow
from vocapp.distributing.attached_files import Attached, files_of, is_file, leaves
from vocapp.distributing.inbox import MOST_BYTES, Letter, has_inbox, open_inbox
from vocapp.outbox import NotYet, Outcome, Pending

log = structlog.get_logger()
Q = TypeVar("Q", bound=Select[Any])

INBOX = "inbox"
LOOK_EVERY = timedelta(minutes=1)
_MOST_TEXT = 100_000
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,990}>")
_MOST_REFERENCES = 50
_TO_HEADERS = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
_OF_RECIPIENT = ("/e/", "/u/", "/once/")  # pages that open for the recipient of a mail alone
_LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail server tells that a mail of ours did not arrive. status: RFC 3463, such as 5.1.1."""

    status: str

    @property
    def is_bad_address(self) -> bool:
        return self.status.startswith("5.1.")


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail that came. refers_to: Message-IDs of what it answers or is about, the nearest first;
    tokens: signed parts of the plus-addresses that it was sent to."""

    message_id: str
    refers_to: tuple[str, ...]
    tokens: tuple[str, ...]
    sender: str
    subject: str
    text: str
    files: tuple[Attached, ...]
    is_automatic: bool
    bounce: Bounce | None
    is_complaint: bool = False  # its recipient called a mail of ours spam (RFC 5965)
    # Whose key told of it: about mails of that workspace alone. None for a mail that came.
    told_by: UUID | None = None

    @property
    def is_report(self) -> bool:
        """Whether a program tells of a mail of ours; nobody has answered it."""
        return self.bounce is not None or self.is_complaint

    def within(self, query: Q, workspace_id: InstrumentedAttribute[UUID]) -> Q:
        """A query for what it may be about, over all workspaces or that of whoever told of it."""
        return query if self.told_by is None else query.where(workspace_id == self.told_by)


class _ForgivingRegistry(HeaderRegistry):
    """Headers that the library's parser gives up on are plain text: some of what spammers write,
    and some file names."""

    _plain = HeaderRegistry(use_default_map=False)

    def __call__(self, name: str, value: str) -> Any:
        try:
            return super().__call__(name, value)
        except (ValueError, LookupError, AttributeError, TypeError):
            return self._plain(name, value)


_POLICY = policy.default.clone(header_factory=_ForgivingRegistry())

Taker = Callable[[Incoming, datetime], bool]
_takers: list[Taker] = []


def register_taker(take: Taker) -> None:
    """Have a package offered each mail; it says whether the mail was for it. May be offered one
    twice."""
    if take not in _takers:
        _takers.append(take)


def plus_address(settings: Settings, token: str) -> str | None:
    """Where a reply finds its way by its address alone; None where that would be too long."""
    local, _at, domain = parseaddr(settings.mail_from)[1].rpartition("@")
    whole = f"{local}+{token}"
    return f"{whole}@{domain}" if len(whole) <= _LONGEST_LOCAL_PART else None


def keep_looking(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """See to it that the mailbox is looked into, in the transaction of whoever writes."""
    if has_inbox(current_app.config["SETTINGS"]) and not outbox.pending_count(
        session, workspace_id, INBOX
    ):
        outbox.add(session, workspace_id, INBOX, workspace_id, now=now, due_at=now + LOOK_EVERY)


def look_into_inbox(rows: Sequence[Pending]) -> list[Outcome]:
    """One look for all workspaces, whose rows are due again afterwards."""
    settings = current_app.config["SETTINGS"]
    if not has_inbox(settings):
        return [_nothing_more for _ in rows]
    try:
        _look(settings)
    except Exception as exc:  # noqa: BLE001 - handed to the outbox, which records it on the row
        return [exc for _ in rows]
    again = NotYet(utcnow() + LOOK_EVERY)
    workspaces = {row.workspace_id: row.id for row in rows}
    # Two mails that went out at the same moment may each have asked for it; one goes on.
    return [again if workspaces[row.workspace_id] == row.id else _nothing_more for row in rows]


def _nothing_more(_: Session) -> None:
    """Deleting the pending row is all that is left to do."""


def _look(settings: Settings) -> None:
    with open_inbox(settings) as inbox:
        for letter in inbox.new():
            incoming = _read(letter, settings)
            try:
                taken = incoming is not None and hand_over(incoming, utcnow())
            except Exception as exc:  # noqa: BLE001 - one bad mail must not stop the rest
                log.warning("inbox.mail_failed", error=type(exc).__name__)
                continue
            inbox.done(letter, taken=taken)


def _read(letter: Letter, settings: Settings) -> Incoming | None:
    """None where nobody can read it: it is put aside, as no later look reads it either."""
    try:
        return read_incoming(letter.content, settings)
    except Exception as exc:  # noqa: BLE001 - the library's parser raises many kinds
        log.warning("inbox.mail_unreadable", error=type(exc).__name__)
        return None


def hand_over(incoming: Incoming, now: datetime) -> bool:
    """Give a mail to whoever it is for; whether it was for anybody."""
    return any(take(incoming, now) for take in _takers)


# --- reading ----------------------------------------------------------------------------------


def read_incoming(content: bytes, settings: Settings) -> Incoming:
    """What stands in a mail, however badly it is written."""
    message = message_from_bytes(content, policy=_POLICY)
    assert isinstance(message, EmailMessage)
    bounce, is_complaint, about = _report_of(message)
    nearest = _ids(_header(message, "In-Reply-To")) + _ids(_header(message, "References"))[::-1]
    refers_to = list(dict.fromkeys([*about, *nearest]))[:_MOST_REFERENCES]
    own = _ids(_header(message, "Message-ID"))
    return Incoming(
        # Some programs send none; the same mail twice is still one.
        message_id=own[0] if own else f"<{hashlib.sha256(content).hexdigest()}@without-id>",
        refers_to=tuple(refers_to),
        tokens=tuple(islice(_tokens(message, settings), _MOST_REFERENCES)),
        sender=parseaddr(_header(message, "From"))[1][:320],
        subject=" ".join(_header(message, "Subject").split())[:500],
        text=_without_links(_text(message)[:_MOST_TEXT].replace("\0", ""), settings),
        files=files_of(message, is_cut=len(content) >= MOST_BYTES),
        is_automatic=_is_automatic(message),
        bounce=bounce,
        is_complaint=is_complaint,
    )


def _header(message: Message, name: str) -> str:
    return str(message.get(name) or "")


def _ids(text: str) -> list[str]:
    return _MESSAGE_ID.findall(text)


def _tokens(message: Message, settings: Settings) -> Iterable[str]:
    local, _at, domain = parseaddr(settings.mail_from)[1].lower().rpartition("@")
    for name in _TO_HEADERS:
        for _name, address in getaddresses([_header(message, name)]):
            found, _at, host = address.lower().rpartition("@")
            if host == domain and found.startswith(f"{local}+"):
                yield found[len(local) + 1 :]


def _is_automatic(message: Message) -> bool:
    """RFC 3834, what programs did before it, and reports of any kind."""
    said = _header(message, "Auto-Submitted").strip().lower()
    return (
        said not in {"", "no"}
        or message.get_content_type() == "multipart/report"
        or bool(_header(message, "X-Autoreply") or _header(message, "X-Autorespond"))
        or _header(message, "Precedence").strip().lower() in {"auto_reply", "bulk", "junk", "list"}
    )


def _report_of(message: EmailMessage) -> tuple[Bounce | None, bool, list[str]]:
    """What a report says, of a mail server (RFC 3464) or of who runs mailboxes (RFC 5965: called
    spam), and of which mail of ours."""
    if message.get_content_type() != "multipart/report":
        return None, False, []
    status, is_complaint, about = "", False, list[str]()
    for part in message.walk():
        kind = part.get_content_type()
        if kind == "text/rfc822-headers":
            about += _ids(_message_ids_in(_content(part)))
        if part is not message and _header(part, "Message-ID"):
            about += _ids(_header(part, "Message-ID"))
        if _header(part, "Action").strip().lower() == "failed":
            status = _header(part, "Status").strip() or "5.0.0"
        # A recipient may also report that a mail is no spam; that is nothing to act upon.
        is_complaint |= _header(part, "Feedback-Type").strip().lower() in {"abuse", "fraud"}
    return (Bounce(status) if status else None), is_complaint, about


def _message_ids_in(headers: str) -> str:
    found = re.findall(r"^Message-ID:\s*(\S+)", headers, re.IGNORECASE | re.MULTILINE)
    return " ".join(found)


def _text(message: EmailMessage) -> str:
    part: Message | None
    try:
        part = message.get_body(preferencelist=("plain", "html"))
    except (ValueError, LookupError, AttributeError, TypeError):
        # A file beside the text has a header that is plain text alone.
        part = next((leaf for leaf in leaves(message) if not is_file(leaf)), None)
    if part is None:
        return ""
    content = _content(part)
    return text_of_html(content) if part.get_content_type() == "text/html" else content


def _without_links(text: str, settings: Settings) -> str:
    """A mail that is quoted has links of its recipient: whoever reads the reply could answer, or
    have mails stopped, in their name."""
    own = [f"{settings.base_url}{path}" for path in _OF_RECIPIENT]
    own += [quote(each, safe="") for each in own]  # as programs have them that watch over links
    links = re.compile(rf"(?:{'|'.join(map(re.escape, own))})\S*", re.IGNORECASE)
    return links.sub("…", text)


def _content(part: Message) -> str:
    try:
        return str(part.get_content())  # type: ignore[attr-defined]
    except (ValueError, LookupError, AttributeError, TypeError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
