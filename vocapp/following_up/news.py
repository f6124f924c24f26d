"""What happened in a case without a person: its owner is told until somebody dealt with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from vocapp.database import transaction
from vocapp.extensions import db
from vocapp.following_up.changing import CaseWriter, Done, locked_case, note_by_itself, plain
from vocapp.following_up.clock import with_clock
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.reaching import cases_within
from vocapp.people.models import Account, Contact
from vocapp.workspaces.reach import Reach

_MOST = 20


def note_news(
    session: Session,
    case: FollowUp,
    news: Literal["reply", "mail_failed"],
    values: Mapping[str, Any],
    detail: Mapping[str, Any],
    *,
    now: datetime,
) -> FollowUpEntry:
    """Set columns of a case and what is new in it; one line of the timeline says both."""
    values = with_clock(session, case, values, now)
    changed = {name: value for name, value in values.items() if getattr(case, name) != value}
    said = dict(detail)
    if changed:
        said["from"] = {name: plain(getattr(case, name)) for name in changed}
        said["to"] = {name: plain(value) for name, value in changed.items()}
    for name, value in (changed | {"news": news, "news_at": now}).items():
        setattr(case, name, value)
    case.version += 1
    return note_by_itself(session, case, news, said, now=now)


def mark_seen(
    workspace_id: UUID, follow_up_id: UUID, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Done:
    """Somebody has seen what is new and does nothing about it now. Raises NotFound."""
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        writer = CaseWriter(session, actor_user_id, now)
        writer.put(case, "seen", {"news": None, "news_at": None})
        return writer.done("follow_up.seen", workspace_id)


@dataclass(frozen=True, slots=True)
class News:
    """What is new in a case. who: account and person, empty where nothing is known."""

    case_id: UUID
    what: str
    at: datetime
    who: str


def news_for(workspace_id: UUID, user_id: UUID, *, reach: Reach) -> list[News]:
    """Of this person's cases and of those that nobody owns, newest first."""
    rows = db.session.execute(
        select(FollowUp.id, FollowUp.news, FollowUp.news_at, Account.name, Contact.name)
        .outerjoin(
            Account,
            (Account.workspace_id == FollowUp.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == FollowUp.workspace_id) & (Contact.id == FollowUp.contact_id),
        )
        .where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.news.is_not(None),
            or_(FollowUp.owner_user_id == user_id, FollowUp.owner_user_id.is_(None)),
            cases_within(reach, workspace_id),
        )
        .order_by(FollowUp.news_at.desc(), FollowUp.id.desc())
        .limit(_MOST)
    )
    return [
        News(case_id, what, at, " · ".join(name for name in names if name))
        for case_id, what, at, *names in rows
        if what and at
    ]
