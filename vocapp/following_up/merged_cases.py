"""Reads: what stands in a case, and what else the same person waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, union_all

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.following_up.queries import CaseRow
from vocapp.following_up.reaching import cases_within
from vocapp.understanding.shown import ShownComment, shown_comments
from vocapp.workspaces.reach import Reach

_MOST = 20


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """An answer of the same person that has a case of its own, or a reply that opened one, which
    is of no survey; comment: without personal data."""

    case_id: UUID
    answered_at: datetime
    survey_name: str | None
    kind: str | None
    score: int | None
    comment: ShownComment | None

    @property
    def category(self) -> str | None:
        if self.score is None or self.kind is None:
            return None
        return category_of(self.kind, self.score)


@dataclass(frozen=True, slots=True)
class OtherAnswers:
    """joined: they stand in the case. apart: active cases that could."""

    joined: tuple[OtherAnswer, ...] = ()
    apart: tuple[OtherAnswer, ...] = ()


def other_answers(workspace_id: UUID, row: CaseRow, *, reach: Reach) -> OtherAnswers:
    """Of the person whom a case is about, newest first, within reach; at most 20."""
    # One after the other: an index leads to each, none to both at once.
    of_workspace = select(FollowUp.id).where(FollowUp.workspace_id == workspace_id)
    others = [of_workspace.where(FollowUp.merged_into_id == row.id)]
    if row.contact is not None and row.is_active:
        others.append(
            of_workspace.where(
                FollowUp.contact_id == row.contact.id,
                FollowUp.state.in_(ACTIVE_STATES),
                FollowUp.id != row.id,
            )
        )
    wanted = union_all(*others).subquery()
    answered_at = func.coalesce(Response.answered_at, FollowUp.opened_at)
    found = db.session.execute(
        select(
            FollowUp.id,
            FollowUp.merged_into_id,
            Response.id.label("response_id"),
            answered_at.label("answered_at"),
            Response.score,
            Survey.name,
            Survey.kind,
        )
        .outerjoin(
            Response,
            (Response.workspace_id == FollowUp.workspace_id)
            & (Response.id == FollowUp.response_id),
        )
        .outerjoin(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(
            FollowUp.workspace_id == workspace_id,
            cases_within(reach, workspace_id),
            Survey.confidential.is_not(True),
            FollowUp.id.in_(select(wanted.c.id)),
        )
        .order_by(answered_at.desc(), FollowUp.id)
        .limit(_MOST)
    ).all()
    answered = [each.response_id for each in found if each.response_id is not None]
    comments = shown_comments(db.session(), workspace_id, answered)
    answers = {
        each.id: OtherAnswer(
            each.id, each.answered_at, each.name, each.kind, each.score,
            comments.get(each.response_id),
        )
        for each in found
    }  # fmt: skip
    joined = {each.id for each in found if each.merged_into_id is not None}
    return OtherAnswers(
        tuple(answer for case_id, answer in answers.items() if case_id in joined),
        tuple(answer for case_id, answer in answers.items() if case_id not in joined),
    )


def joined_counts(workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, int]:
    """Case → how many others stand in it; those with none are left out."""
    rows = db.session.execute(
        select(FollowUp.merged_into_id, func.count())
        .where(FollowUp.workspace_id == workspace_id, FollowUp.merged_into_id.in_(ids))
        .group_by(FollowUp.merged_into_id)
    )
    return {case_id: count for case_id, count in rows if case_id is not None}
