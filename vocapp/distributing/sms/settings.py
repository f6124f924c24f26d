"""Use cases: who sends the text messages of a workspace."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from surveys.phone_numbers import normalised
from vocapp.database import scoped, transaction
from vocapp.distributing.sms.models import TextProvider
from vocapp.distributing.sms.provider import HttpProvider, Provider
from vocapp.outgoing import NotAllowed, check_address
from vocapp.problems import BadInput, FieldError
from vocapp.signing import new_secret
from vocapp.workspaces.service import audit

MAX_URL, MAX_TOKEN = 2000, 500
# As networks show it: a name of up to 11 letters and digits, or a number that is short.
_NAMED = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9][A-Za-z0-9 .&_-]{0,10}")
_SHORT = re.compile(r"[0-9]{3,8}")
_NOTED_EVERY = timedelta(minutes=1)


def provider_of(session: Session, workspace_id: UUID) -> TextProvider | None:
    """None where the workspace has none."""
    found: TextProvider | None = session.scalar(scoped(TextProvider, workspace_id))
    return found


def takes(row: TextProvider) -> Provider:
    """The provider itself."""
    allowed: Collection[str] = current_app.config["SETTINGS"].outgoing_allowed
    return HttpProvider(row.url, row.token, allowed)


def save_provider(
    workspace_id: UUID,
    *,
    url: str,
    token: str | None,
    sender: str,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """token: None for the one that is there. Raises BadInput naming every wrong field."""
    url, sender = url.strip(), sender.strip()
    with transaction() as session:
        row = session.scalar(scoped(TextProvider, workspace_id).with_for_update())
        if token is None and row is not None:
            # Or a token could be had by naming an address of one's own.
            token = row.token if row.url == url else None
        shown_as = _checked(url, token, sender)
        if row is None:
            row = TextProvider(
                workspace_id=workspace_id, hook_id=secrets.token_urlsafe(18),
                hook_secret=new_secret("voc_sms_"),
            )  # fmt: skip
            session.add(row)
        row.url, row.token, row.sender = url, token or "", shown_as
        row.changed_at, row.trouble, row.trouble_at, row.wait_until = now, None, None, None
        session.flush()
        audit(session, workspace_id, "text_provider.saved", now=now, actor_user_id=actor_user_id)


def remove_provider(workspace_id: UUID, *, actor_user_id: UUID, now: datetime) -> bool:
    """Nobody sends text messages any more; those that wait say so. False where nobody did."""
    with transaction() as session:
        row = session.scalar(scoped(TextProvider, workspace_id).with_for_update())
        if row is None:
            return False
        session.delete(row)
        audit(session, workspace_id, "text_provider.removed", now=now, actor_user_id=actor_user_id)
        return True


def _checked(url: str, token: str | None, sender: str) -> str:
    """The sender as it is kept. Raises BadInput."""
    errors = []
    try:
        if len(url) > MAX_URL:
            raise NotAllowed(f"expected at most {MAX_URL} characters")
        check_address(url, current_app.config["SETTINGS"].outgoing_allowed)
    except NotAllowed as exc:
        errors.append(FieldError("url", str(exc)))
    if not token or len(token) > MAX_TOKEN or not _fits_a_header(token):
        errors.append(FieldError("token", f"expected 1 to {MAX_TOKEN} characters of ASCII"))
    try:
        sender = read_sender(sender)
    except ValueError as exc:
        errors.append(FieldError("sender", str(exc)))
    if errors:
        raise BadInput(*errors)
    return sender


def _fits_a_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def read_sender(text: str) -> str:
    """By whom a message is: a name, a short number, or a number in E.164. Raises ValueError.

    >>> read_sender("Acme"), read_sender("+81 90-1234-5678"), read_sender("12345")
    ('Acme', '+819012345678', '12345')
    """
    if _NAMED.fullmatch(text) or _SHORT.fullmatch(text):
        return text
    try:
        return normalised(text)
    except ValueError as exc:
        raise ValueError("expected up to 11 letters and digits, or a telephone number") from exc


# --- how it goes ----------------------------------------------------------------------------


def note_trouble(
    workspace_id: UUID, trouble: str | None, *, wait_until: datetime | None = None, now: datetime
) -> None:
    """Why the provider took nothing, or (None) that it does, and until when it is left alone;
    written where it is news."""
    with transaction() as session:
        session.execute(
            update(TextProvider)
            .where(
                TextProvider.workspace_id == workspace_id,
                or_(
                    TextProvider.trouble.is_distinct_from(trouble),
                    TextProvider.wait_until.is_distinct_from(wait_until),
                ),
            )
            .values(trouble=trouble, trouble_at=now if trouble else None, wait_until=wait_until)
        )


def provider_of_hook(session: Session, hook_id: str) -> TextProvider | None:
    """Whose address it is, of whichever workspace."""
    found: TextProvider | None = session.scalar(
        select(TextProvider)
        .where(TextProvider.hook_id == hook_id)
        .execution_options(voc_all_workspaces=True)
    )
    return found


def note_heard(provider: TextProvider, *, is_signed: bool, now: datetime) -> None:
    """That something came, at most once a minute; unsigned: with a signature that does not fit."""
    name = "heard_at" if is_signed else "unsigned_at"
    last: datetime | None = getattr(provider, name)
    if last is not None and now - last < _NOTED_EVERY:
        return
    with transaction() as session:
        session.execute(
            update(TextProvider)
            .where(TextProvider.workspace_id == provider.workspace_id)
            .values({name: now})
        )
