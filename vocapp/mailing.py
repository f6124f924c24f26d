"""How mail leaves the house: by SMTP, or as files in a folder (`MAIL_URL`).

    with open_mailer(settings) as mailer:      # keeps one connection for several mails
        mailer.send(message)

What can go wrong has three kinds, because they need different things next: `NotSent`
(nobody took it: try again), `Refused` (the server said no for good: never again) and
`Unclear` (the connection broke after the text had begun: it may have arrived).
"""

from __future__ import annotations

import os
import re
import smtplib
import ssl
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from email import policy
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, getaddresses, parseaddr
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit
from uuid import UUID

from config import Settings

TIMEOUT_S = 15
WORKSPACE_HEADER = "X-Voc-Workspace"  # who may read it in the app's mailbox
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_UNSAFE_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


class AddressListHeader(UnstructuredHeader):
    """A header of addresses in angle brackets (List-Unsubscribe), one a line.

    The library would encode an address that is longer than a line, and no mail program
    reads one that is encoded.
    """

    max_count = 1

    def fold(self, *, policy: Policy) -> str:
        # The registry mixes this class with its base, which has the name.
        name = getattr(self, "name", "List-Unsubscribe")
        return f"{name}: {str(self).replace(', ', ',' + policy.linesep + ' ')}{policy.linesep}"


_headers = HeaderRegistry()
_headers.map_to_type("list-unsubscribe", AddressListHeader)  # type: ignore[arg-type]
# 76: with the space before it an encoded word has at most 75 characters, as RFC 2047 wants.
_POLICY = policy.SMTP.clone(header_factory=_headers, max_line_length=76)


class MailError(Exception):
    """Mail that did not go out for certain; `reason` is short and quotes nobody."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotSent(MailError):
    """Nobody took the mail; a later attempt may succeed."""


class Unclear(MailError):
    """The server may or may not have taken the mail."""


class Refused(MailError):
    """The server refuses this mail for good; `code` and `enhanced` (RFC 3463) say why."""

    def __init__(self, code: int, reply: bytes | str = b"") -> None:
        text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
        found = _ENHANCED.search(text)
        self.code, self.enhanced = code, found.group(1) if found else ""
        super().__init__(f"{code} {self.enhanced}".strip())

    @property
    def is_bad_address(self) -> bool:
        """Whether the address itself is at fault, so that no mail will ever arrive there."""
        return self.enhanced.startswith("5.1.") or (not self.enhanced and self.code == 550)


class Mailer(AbstractContextManager["Mailer"], Protocol):
    """Sends mail. `on_data` is called when nothing but the text itself is left to hand
    over; what it raises stops the mail before anybody has it."""

    def send(
        self,
        message: EmailMessage,
        *,
        to: str | None = None,
        on_data: Callable[[], None] | None = None,
    ) -> None: ...


def open_mailer(settings: Settings) -> Mailer:
    """The transport that `MAIL_URL` names."""
    if urlsplit(settings.mail_url).scheme == "file":
        return FileMailer(mail_folder(settings) or Path())
    return SmtpMailer(settings.mail_url, sender=parseaddr(settings.mail_from)[1])


def mail_folder(settings: Settings) -> Path | None:
    """Where mails are files, their folder; else None."""
    parts = urlsplit(settings.mail_url)
    return Path(unquote(parts.netloc + parts.path)) if parts.scheme == "file" else None


# --- writing a mail ---------------------------------------------------------------------


def one_line(text: str) -> str:
    """A name as it may stand in a header: no line breaks, no control characters.

    >>> one_line("Acme\\r\\nBcc: all@example.com")
    'Acme Bcc: all@example.com'
    """
    return " ".join("".join(ch if ch.isprintable() else " " for ch in text).split())


def address_of(name: str, address: str) -> Address:
    """A header's address. Raises ValueError on line breaks; the domain becomes ASCII.

    Old Japanese mobile addresses with two dots pass: they break the rules and reach people.
    """
    if any(ch in name + address for ch in "\r\n\0"):
        raise ValueError("a name or address in a mail header has no line breaks")
    local, _, domain = address.strip().rpartition("@")
    return Address(name, local, domain.encode("idna").decode("ascii"))


def message_id(settings: Settings, message_key: str) -> str:
    """The Message-ID of a mail with this key."""
    return f"<{message_key}@{urlsplit(settings.base_url).hostname or 'localhost'}>"


def message_key(message_id: str) -> str:
    """The key that a Message-ID of ours was made from."""
    return message_id.strip("<>").rpartition("@")[0]


def compose(
    *,
    settings: Settings,
    to: Address,
    subject: str,
    text: str,
    html: str | None = None,
    message_key: str,
    now: datetime,
    sender_name: str = "",
    workspace_id: UUID | None = None,
) -> EmailMessage:
    """A mail with a text part and, if given, an HTML part.

    message_key: unique and stable for this mail, so that one sent twice can be told to be
    one. Raises ValueError when a header would hold a line break.
    """
    message = EmailMessage(policy=_POLICY)
    message["Subject"] = subject
    name, address = parseaddr(settings.mail_from)
    message["From"] = address_of(sender_name or name, address)
    message["To"] = to
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(settings, message_key)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    if workspace_id is not None:
        message[WORKSPACE_HEADER] = str(workspace_id)
    message.set_content(text, cte=_encoding(text))
    if html is not None:
        message.add_alternative(html, subtype="html", cte=_encoding(html))
    return message


def _encoding(text: str) -> str:
    """Seven-bit safe lines for every server; base64 where most of it is not ASCII."""
    return "quoted-printable" if len(text.encode()) < 1.3 * len(text) else "base64"


# --- transports -------------------------------------------------------------------------


def _recipient(message: EmailMessage) -> str:
    found = getaddresses([str(message["To"])])
    return found[0][1]


class HoldsNothing:
    """Can stand in a `with` like what holds a connection open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is held open."""


class FileMailer(HoldsNothing):
    """Each mail one `.eml` file, there under its name only when it is whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(
        self,
        message: EmailMessage,
        *,
        to: str | None = None,  # noqa: ARG002 - the file's headers say it
        on_data: Callable[[], None] | None = None,
    ) -> None:
        if on_data is not None:
            on_data()
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        key = message_key(str(message["Message-ID"]))
        name = _UNSAFE_IN_FILE_NAMES.sub("_", key) + ".eml"
        part = self._folder / f".{name}.{os.getpid()}.part"
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes(policy=_POLICY))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._folder / name)


def tls(*, verified: bool) -> ssl.SSLContext:
    """Servers between themselves often have certificates that nobody signed, and some
    secrecy beats none; a password goes only to a server that has proved its name."""
    context = ssl.create_default_context()
    if not verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


class SmtpMailer:
    """Mail by SMTP, with TLS where the server offers it.

    Inside `with` one connection serves all mails; when connecting has failed once, the
    rest of the batch fails at once instead of waiting for as many time-outs.
    """

    def __init__(self, url: str, *, sender: str) -> None:
        parts = urlsplit(url)
        self._implicit_tls = parts.scheme == "smtps"
        self._host = parts.hostname or "localhost"
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._port = parts.port or (465 if self._implicit_tls else 587 if self._user else 25)
        self._sender = sender
        self._smtp: smtplib.SMTP | None = None
        self._keep, self._unreachable = False, ""

    def __enter__(self) -> Self:
        self._keep, self._unreachable = True, ""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._keep = False
        self._hang_up()

    def send(
        self,
        message: EmailMessage,
        *,
        to: str | None = None,
        on_data: Callable[[], None] | None = None,
    ) -> None:
        """Hand over one mail. Raises NotSent, Refused or Unclear."""
        smtp = self._connected()
        try:
            data = self._announce(smtp, message, to or _recipient(message))
            if on_data is not None:
                on_data()
            self._hand_over(smtp, data)
        except BaseException:
            self._hang_up()
            raise
        if not self._keep:
            self._hang_up()

    def _connected(self) -> smtplib.SMTP:
        if self._smtp is not None:
            return self._smtp
        if self._unreachable:
            raise NotSent(self._unreachable)
        try:
            self._smtp = self._connect()
        except (OSError, smtplib.SMTPException) as exc:
            self._unreachable = f"connecting: {type(exc).__name__}"
            raise NotSent(self._unreachable) from exc
        return self._smtp

    def _connect(self) -> smtplib.SMTP:
        if self._implicit_tls:
            context = tls(verified=True)
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_S, context=context
            )
        else:
            smtp = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            smtp.ehlo_or_helo_if_needed()
            if not self._implicit_tls and smtp.has_extn("starttls"):
                smtp.starttls(context=tls(verified=bool(self._user)))
                smtp.ehlo()
            elif not self._implicit_tls and self._user and self._host not in LOOPBACK:
                raise smtplib.SMTPNotSupportedError("no TLS, so no password is sent")
            if self._user:
                smtp.login(self._user, self._password)
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _announce(self, smtp: smtplib.SMTP, message: EmailMessage, to: str) -> bytes:
        """Sender and recipient; returns the text as it is to be handed over."""
        recipient, utf8 = _on_the_wire(to)
        if utf8 and not smtp.has_extn("smtputf8"):
            raise Refused(553, "5.6.7 the server takes no such address")
        try:
            code, reply = smtp.mail(self._sender, ["SMTPUTF8"] if utf8 else [])
            if code != 250:
                raise NotSent(f"sender: {code}")  # ours to repair, not the recipient's fault
            code, reply = smtp.rcpt(recipient)
        except (OSError, smtplib.SMTPException) as exc:
            raise NotSent(f"greeting: {type(exc).__name__}") from exc
        if 500 <= code < 600:
            raise Refused(code, reply)
        if code not in (250, 251):
            raise NotSent(f"recipient: {code}")
        return message.as_bytes(policy=_POLICY.clone(utf8=utf8))

    def _hand_over(self, smtp: smtplib.SMTP, data: bytes) -> None:
        try:
            code, reply = smtp.data(data)
        except smtplib.SMTPDataError as exc:  # said no before the text
            raise _answered(exc.smtp_code, exc.smtp_error) from exc
        except (OSError, smtplib.SMTPException) as exc:
            raise Unclear(f"no reply: {type(exc).__name__}") from exc
        if code != 250:
            raise _answered(code, reply)

    def _hang_up(self) -> None:
        smtp, self._smtp = self._smtp, None
        if smtp is None:
            return
        try:
            smtp.quit()
        except (OSError, smtplib.SMTPException):
            smtp.close()


def _answered(code: int, reply: bytes | str) -> MailError:
    """What a reply to the text means: certain in both cases that nobody has the mail."""
    return Refused(code, reply) if 500 <= code < 600 else NotSent(f"text: {code}")


def _on_the_wire(address: str) -> tuple[str, bool]:
    """The address with an ASCII domain, and whether its first part needs SMTPUTF8."""
    local, _, domain = address.strip().rpartition("@")
    return f"{local}@{domain.encode('idna').decode('ascii')}", not local.isascii()
