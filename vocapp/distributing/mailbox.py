"""Mails that lie in a folder (`MAIL_URL=file://…`), for reading them in the app.

A folder is shared by all workspaces of an installation, and a mail may hold a link that
opens somebody's account. So a workspace sees only mails that name it; those that name
none (a new password) are shown in development alone.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from pathlib import Path
from uuid import UUID

from vocapp.mailing import WORKSPACE_HEADER
from vocapp.problems import NotFound

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,200}\.eml")
_HEADERS = ("From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe")
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as pages show it; `html` is as its sender wrote it and must be framed."""

    name: str
    subject: str
    to: str
    sent_at: datetime | None
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


def list_mails(folder: Path, workspace_id: UUID, *, unnamed: bool) -> list[Mail]:
    """The newest mails of a workspace, newest first; `unnamed`: also those of no workspace."""
    files = [path for path in folder.glob("*.eml") if _NAME.fullmatch(path.name)]
    newest = sorted(files, key=_written_at, reverse=True)
    found = (_read(path, workspace_id, unnamed=unnamed) for path in newest)
    return [mail for mail, _ in zip((m for m in found if m), range(SHOWN), strict=False)]


def read_mail(folder: Path, name: str, workspace_id: UUID, *, unnamed: bool) -> Mail:
    """One mail by the name of its file. Raises NotFound."""
    mail = None
    if _NAME.fullmatch(name):
        mail = _read(folder / name, workspace_id, unnamed=unnamed)
    if mail is None:
        raise NotFound("No such mail.")
    return mail


def _written_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # taken away meanwhile
        return 0.0


def _read(path: Path, workspace_id: UUID, *, unnamed: bool) -> Mail | None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    message = message_from_bytes(data, policy=policy.default)
    owner = message.get(WORKSPACE_HEADER)
    if owner != str(workspace_id) and not (owner is None and unnamed):
        return None
    return Mail(
        name=path.name,
        subject=str(message.get("Subject", "")),
        to=str(message.get("To", "")),
        sent_at=_moment(message.get("Date")),
        headers=tuple(_headers(message)),
        text=_part(message, "plain"),
        html=_with_pictures(_part(message, "html"), message),
    )


def _headers(message: EmailMessage) -> Iterator[tuple[str, str]]:
    for name in _HEADERS:
        if message.get(name) is not None:
            yield name, str(message[name])


def _moment(date: object) -> datetime | None:
    try:
        moment = parsedate_to_datetime(str(date))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


def _with_pictures(html: str, message: EmailMessage) -> str:
    """Pictures that the mail carries, put where its HTML names them: a page of ours cannot."""
    for part in message.walk():
        name = str(part.get("Content-ID", "")).strip("<>")
        if name and part.get_content_maintype() == "image":
            data = b64encode(part.get_content()).decode("ascii")
            html = html.replace(f"cid:{name}", f"data:{part.get_content_type()};base64,{data}")
    return html
