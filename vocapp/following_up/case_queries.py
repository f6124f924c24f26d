"""Reads: one case with all that a person needs before calling, in a fixed number of statements."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.collecting.queries import StoredAnswers, answers_of
from vocapp.extensions import db
from vocapp.following_up.asking_again.queries import Plan, plan_of
from vocapp.following_up.merged_cases import OtherAnswers, other_answers
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.queries import CaseRow, case_row
from vocapp.people.models import Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.understanding.models import Analysis
from vocapp.understanding.originals import owner_of_account
from vocapp.understanding.queries import themes_of
from vocapp.understanding.shown import shown_text
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a case's timeline.

    who: a name, or None for the service itself; with_whom: somebody at the customer.
    """

    at: datetime
    kind: str
    who: str | None
    detail: dict[str, Any]
    note: str | None
    with_whom: str | None

    @property
    def to(self) -> dict[str, Any]:
        """The new values of what was changed."""
        return dict(self.detail.get("to", {}))


@dataclass(frozen=True, slots=True)
class RecentAnswer:
    """Another answer from the same account."""

    answered_at: datetime
    survey_name: str
    kind: str
    score: int
    case_id: UUID | None

    @property
    def category(self) -> str:
        return category_of(self.kind, self.score)


@dataclass(frozen=True, slots=True)
class CaseDetail:
    """A case with what a person needs before calling. text: without personal data."""

    row: CaseRow
    text: str | None
    language: str | None
    content: str | None
    sentiment: str | None
    is_analysed: bool
    themes: tuple[dict[str, Any], ...]
    timeline: tuple[Line, ...]
    recent: tuple[RecentAnswer, ...]
    account_owner_id: UUID | None
    others: OtherAnswers
    asked_again: Plan | None


_MOST_LINES, _MOST_RECENT = 200, 5


def case_detail(workspace_id: UUID, follow_up_id: UUID, *, reach: Reach) -> CaseDetail:
    """One case with response, themes, timeline and account. Raises NotFound."""
    row = case_row(workspace_id, follow_up_id, reach=reach)
    said = _said(workspace_id, row.response_id) if row.response_id is not None else _NOTHING_SAID
    analysis = said.analysis
    redacted = analysis.redacted if analysis else None
    return CaseDetail(
        row=row,
        text=shown_text(redacted, said.comment) if said.comment else redacted,
        language=analysis.language if analysis else row.locale,
        content=analysis.content if analysis else None,
        sentiment=analysis.sentiment if analysis else None,
        is_analysed=analysis is not None,
        themes=said.themes,
        timeline=tuple(_timeline(workspace_id, follow_up_id)),
        recent=tuple(_recent(workspace_id, row, reach)),
        account_owner_id=said.account_owner_id,
        others=other_answers(workspace_id, row, reach=reach),
        asked_again=plan_of(workspace_id, row.id),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """The answer that opened a case, as it was understood."""

    comment: str | None = None
    analysis: Analysis | None = None
    themes: tuple[dict[str, Any], ...] = ()
    account_owner_id: UUID | None = None


_NOTHING_SAID = _Said()


def _said(workspace_id: UUID, response_id: UUID) -> _Said:
    answers = answers_of(workspace_id, [response_id])
    comment = answers.get(response_id, StoredAnswers()).comment
    themes = themes_of(workspace_id, [response_id], {response_id: comment or ""})
    return _Said(
        comment,
        db.session.get(Analysis, (workspace_id, response_id)),
        tuple(themes.get(response_id, [])),
        owner_of_account(db.session(), workspace_id, response_id),
    )


def _timeline(workspace_id: UUID, follow_up_id: UUID) -> list[Line]:
    rows = db.session.execute(
        select(FollowUpEntry, User.name, Contact)
        .outerjoin(User, User.id == FollowUpEntry.actor_user_id)
        .outerjoin(
            Contact,
            (Contact.workspace_id == FollowUpEntry.workspace_id)
            & (Contact.id == FollowUpEntry.contact_id),
        )
        .where(
            FollowUpEntry.workspace_id == workspace_id,
            FollowUpEntry.follow_up_id == follow_up_id,
        )
        .order_by(FollowUpEntry.at.desc(), FollowUpEntry.id.desc())
        .limit(_MOST_LINES)
    )
    return [
        Line(
            each.at, each.kind, name, dict(each.detail), each.note,
            (contact.name or contact.email or contact.external_id) if contact else None,
        )
        for each, name, contact in rows
    ]  # fmt: skip


def _recent(workspace_id: UUID, row: CaseRow, reach: Reach) -> list[RecentAnswer]:
    if row.account is None:
        return []
    rows = db.session.execute(
        select(Response.answered_at, Survey.name, Survey.kind, Response.score, FollowUp.id)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            FollowUp,
            (FollowUp.workspace_id == Response.workspace_id)
            & (FollowUp.response_id == Response.id),
        )
        .where(
            Response.workspace_id == workspace_id,
            Response.account_id == row.account.id,
            of_accounts_within(reach, workspace_id, Response.account_id),
            Response.id.is_distinct_from(row.response_id),
            Response.score.is_not(None),
            Survey.confidential.is_(False),
        )
        .order_by(Response.answered_at.desc(), Response.id.desc())
        .limit(_MOST_RECENT)
    )
    return [
        RecentAnswer(at, name, kind, score, case_id)
        for at, name, kind, score, case_id in rows
        if score is not None
    ]
