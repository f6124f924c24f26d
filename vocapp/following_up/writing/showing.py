"""What the page of a case says of e-mails: the thread, and the form to write."""

from __future__ import annotations

from typing import Any

from flask import current_app

from vocapp.database import utcnow
from vocapp.distributing.inbox import has_inbox
from vocapp.extensions import db
from vocapp.following_up.case_queries import CaseDetail
from vocapp.following_up.presence import others_at
from vocapp.following_up.writing import queries, wording
from vocapp.following_up.writing.drafts import Written, draft_of
from vocapp.following_up.writing.reply_templates import choosable
from vocapp.ui.formats import language_name
from vocapp.workspaces.access import current_user, current_workspace

_READERS = {"admin", "success"}  # of letters as they were written


def writing_values(detail: CaseDetail, typed: Any = None) -> dict[str, Any]:
    """typed: what a refused form held; it goes before the draft."""
    row, session = detail.row, db.session()
    thread = queries.thread_of(
        session, current_workspace.id, row.id, as_written=current_user.role in _READERS
    )
    values: dict[str, Any] = {
        "thread": thread,
        "others": others_at(session, current_workspace.id, row.id, current_user.id, now=utcnow()),
        "news_words": wording.NEWS,
        "mail_states": wording.STATES,
        "mail_reason": wording.reason_in_words,
        "file_words": wording.file_in_words,
        "may_write": current_user.role in _READERS,
    }
    if not values["may_write"]:
        return values
    draft = draft_of(session, current_workspace.id, row.id, current_user.id)
    if typed is not None:
        draft = Written(typed.get("subject", ""), typed.get("body", ""))
    recipient = queries.recipient_of(
        session, current_workspace.id, row.contact.id if row.contact else None,
        answered_in=detail.language,
    )  # fmt: skip
    return values | {
        "draft": draft,
        "draft_subject": draft.subject or queries.last_subject(thread),
        "recipient": recipient,
        "mail_language": language_name(recipient.language) if recipient.language else "",
        "mail_templates": [
            (each.key, f"{each.name} ({language_name(each.language)})")
            for each in choosable(session, current_workspace.id, recipient.language)
        ],
        "replies_come_back": has_inbox(current_app.config["SETTINGS"]),
        "then_choices": _then_choices(row.is_active),
    }


def _then_choices(is_active: bool) -> list[tuple[str, str]]:
    words = {state: str(text) for state, text in wording.THEN.items()}
    if not is_active:
        return [("", words[""]), ("waiting", words["waiting"])]
    return [("waiting", words["waiting"]), ("contacted", words["contacted"])]
