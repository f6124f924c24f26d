"""Reads: what a survey takes, and the links for one answer each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.limits import NO_LIMITS, Limits, Quota, refusal
from vocapp.authoring.limiting.models import AnswerLimits, SingleUseBatch, SingleUseLink
from vocapp.authoring.queries import SurveySummary
from vocapp.database import scoped, snapshot
from vocapp.extensions import db
from vocapp.problems import NotFound
from vocapp.signing import BadToken, sign, unsign
from vocapp.workspaces.models import Workspace


def limits_of(workspace_id: UUID, survey_id: UUID, *, session: Session | None = None) -> Limits:
    """A survey without limits takes whatever comes."""
    row = (session or db.session).scalar(
        scoped(AnswerLimits, workspace_id).where(AnswerLimits.survey_id == survey_id)
    )
    if row is None:
        return NO_LIMITS
    return Limits(
        last_day=row.last_day,
        most=row.most,
        quotas=tuple(Quota(**each) for each in row.quotas),
        only_single_use=row.only_single_use,
        closing_words=row.closing_words,
    )


def time_zone_of(session: Session, workspace_id: UUID) -> str:
    return session.scalars(select(Workspace.time_zone).where(Workspace.id == workspace_id)).one()


def is_closed(survey: SurveySummary, limits: Limits, *, now: datetime) -> bool:
    """Whether nobody new is let in: somebody closed it, its last day is over, or it is full.

    A full survey is closed by the answer that fills it.
    """
    if survey.state == "closed":
        return True
    if limits.last_day is None:
        return False
    time_zone = time_zone_of(db.session, survey.workspace_id)  # type: ignore[arg-type]
    return refusal(Limits(last_day=limits.last_day), at=now, time_zone=time_zone) is not None


# --- links for one answer each ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BatchLine:
    """Links that were made together, and how many of them brought an answer."""

    id: UUID
    name: str
    place: str
    links: int
    used: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A link for one answer. used_by: which visit answered, or empty."""

    workspace_id: UUID
    id: UUID
    survey_id: UUID
    batch_id: UUID
    place: str
    number: int
    used_by: str
    used_at: datetime | None

    @property
    def url(self) -> str:
        """Where its one person answers."""
        return f"{current_app.config['BASE_URL']}/once/{self.token}"

    @property
    def token(self) -> str:
        return sign("single-use", [self.workspace_id.hex, self.id.hex])


def batches_of(workspace_id: UUID, survey_id: UUID, *, limit: int = 100) -> list[BatchLine]:
    """The latest first; one statement."""
    used = (
        select(SingleUseLink.batch_id, func.count().label("used"))
        .where(SingleUseLink.workspace_id == workspace_id, SingleUseLink.used_by != "")
        .group_by(SingleUseLink.batch_id)
        .subquery()
    )
    rows = db.session.execute(
        select(SingleUseBatch, func.coalesce(used.c.used, 0))
        .outerjoin(used, used.c.batch_id == SingleUseBatch.id)
        .where(SingleUseBatch.workspace_id == workspace_id, SingleUseBatch.survey_id == survey_id)
        .order_by(SingleUseBatch.created_at.desc(), SingleUseBatch.id.desc())
        .limit(limit)
    )
    return [
        BatchLine(row.id, row.name, row.place, row.links, number, row.created_at)
        for row, number in rows
    ]


_LINK = select(
    SingleUseLink.workspace_id, SingleUseLink.id, SingleUseBatch.survey_id,
    SingleUseLink.batch_id, SingleUseBatch.place, SingleUseLink.number, SingleUseLink.used_by,
    SingleUseLink.used_at,
).join(
    SingleUseBatch,
    (SingleUseBatch.workspace_id == SingleUseLink.workspace_id)
    & (SingleUseBatch.id == SingleUseLink.batch_id),
)  # fmt: skip


def link_of_token(token: str) -> Link:
    """The link that a public address stands for. Raises NotFound."""
    try:
        workspace_id, link_id = (UUID(hex=each) for each in unsign("single-use", token))
    except (BadToken, TypeError, ValueError, AttributeError) as exc:
        raise NotFound("No such link.") from exc
    row = db.session.execute(
        _LINK.where(SingleUseLink.workspace_id == workspace_id, SingleUseLink.id == link_id)
    ).one_or_none()
    if row is None:
        raise NotFound("No such link.")
    return Link(*row)


def batch_of_survey(workspace_id: UUID, survey_id: UUID, batch_id: UUID) -> SingleUseBatch:
    """Raises NotFound."""
    batch = db.session.scalar(
        scoped(SingleUseBatch, workspace_id).where(
            SingleUseBatch.id == batch_id, SingleUseBatch.survey_id == survey_id
        )
    )
    if batch is None:
        raise NotFound("No such links.")
    return batch


def links_after(
    workspace_id: UUID, batch_id: UUID, *, number: int = 0, limit: int
) -> Sequence[Link]:
    """Links of a batch in their order, those above a number."""
    with snapshot() as session:
        rows = session.execute(
            _LINK.where(
                SingleUseLink.workspace_id == workspace_id,
                SingleUseLink.batch_id == batch_id,
                SingleUseLink.number > number,
            )
            .order_by(SingleUseLink.number)
            .limit(limit)
        )
        return [Link(*row) for row in rows]


_AT_ONCE = 1000


def all_links(workspace_id: UUID, batch_id: UUID) -> Iterator[Link]:
    """Every link of a batch, read piece by piece."""
    number = 0
    while links := links_after(workspace_id, batch_id, number=number, limit=_AT_ONCE):
        yield from links
        number = links[-1].number
