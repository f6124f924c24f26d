"""What is known of responses, read in a few statements, for rules and for ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.exchange import StatedRates
from surveys.periods import local_day
from surveys.routing import Facts, Priority, priority
from surveys.scoring import category_of, is_low
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.following_up.hearing import NOTHING, Heard, heard_beside
from vocapp.following_up.models import FollowUp
from vocapp.following_up.rule_segments import AskedSegments
from vocapp.people.models import Account
from vocapp.people.money.queries import money_of
from vocapp.understanding.assigned import assigned_themes
from vocapp.understanding.models import Analysis
from vocapp.understanding.storing import verbatims


@dataclass(frozen=True, slots=True)
class Known:
    """A response with all that routing asks of it."""

    response: Response
    kind: str
    confidential: bool
    account: Account | None
    sentiment: str | None
    themes: frozenset[str]
    complaints: tuple[str, ...]
    text: str | None
    heard: Heard
    rates: StatedRates | None

    @property
    def is_low(self) -> bool:
        return self.response.score is not None and is_low(self.kind, self.response.score)

    def facts(self, segments: AskedSegments) -> Facts:
        return facts_of(
            self.kind, self.response.score, self.response.attributes, segments,
            themes=self.themes, sentiment=self.sentiment, text=self.text,
            moment=self.response.answered_at,
        )  # fmt: skip


def facts_of(
    kind: str,
    score: int | None,
    attributes: Mapping[str, Any],
    segments: AskedSegments,
    *,
    themes: frozenset[str] = frozenset(),
    sentiment: str | None = None,
    text: str | None,
    moment: datetime,
) -> Facts:
    """What rules are asked about, from what is stored of an answer. moment: when it was given."""
    return Facts(
        kind=kind,
        score=score,
        category=None if score is None else category_of(kind, score),
        themes=themes,
        sentiment=sentiment,
        text=text,
        attributes={
            name: None if value is None else str(value) for name, value in attributes.items()
        },
        segments=segments.holding(attributes, moment),
    )


def known_of(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Known]:
    """Response id → what is known; ids that are gone are left out."""
    return _known(session, workspace_id, _rows(workspace_id).where(Response.id.in_(ids)))


def known_of_cases(
    session: Session, workspace_id: UUID, states: Sequence[str]
) -> dict[UUID, Known]:
    """The same of the responses behind cases in these states."""
    query = _rows(workspace_id).join(
        FollowUp,
        (FollowUp.workspace_id == Response.workspace_id) & (FollowUp.response_id == Response.id),
    )
    return _known(session, workspace_id, query.where(FollowUp.state.in_(states)))


def _rows(workspace_id: UUID) -> Any:
    return (
        select(Response, Survey.kind, Survey.confidential, Account, Analysis.sentiment)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == Response.workspace_id) & (Account.id == Response.account_id),
        )
        .outerjoin(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Response.workspace_id == workspace_id)
    )


_CHUNK = 500  # ids in one statement: SQLite and PostgreSQL both bind this many


def _known(
    session: Session,
    workspace_id: UUID,
    query: Any,
) -> dict[UUID, Known]:
    found: dict[UUID, Known] = {}
    rows = session.execute(query).all()
    rates = money_of(session, workspace_id).rates if rows else None
    for start in range(0, len(rows), _CHUNK):
        part = rows[start : start + _CHUNK]
        ids = [row[0].id for row in part]
        texts = verbatims(session, workspace_id, ids)
        themes = assigned_themes(session, workspace_id, ids)
        heard = heard_beside(session, workspace_id, ids)
        for response, kind, confidential, account, sentiment in part:
            about = themes.get(response.id, [])
            found[response.id] = Known(
                response=response,
                kind=kind,
                confidential=confidential,
                account=account,
                sentiment=sentiment,
                themes=frozenset(theme.key for theme in about),
                complaints=tuple(
                    theme.key for theme in about if theme.sentiment in {"negative", "mixed"}
                ),
                text=texts.get(response.id),
                heard=heard.get(response.id, NOTHING),
                rates=rates,
            )
    return found


_TOLD_COMPLAINTS = 2


def priority_of(
    known: Known, rule_priority: str, *, opened_at: datetime, time_zone: str, now: datetime
) -> Priority:
    """Points and reasons of a case; what the person complained about is added to the reasons."""
    points = priority(
        score=known.response.score,
        kind=known.kind,
        outcome_priority=rule_priority,
        wants_contact=False,  # no question asks for it yet
        age_days=max(0.0, _days(opened_at, now)),
        previous_score=known.heard.previous_score,
        silent_days=_days(known.heard.last_at, now) if known.heard.last_at else None,
        themes=known.complaints,
        **_of_account(known.account, known.rates, local_day(now, time_zone)),
    )
    themes = tuple(f"theme:{key}" for key in known.complaints[:_TOLD_COMPLAINTS])
    return Priority(points=points.points, reasons=points.reasons + themes)


def priority_of_reply(
    account: Account | None,
    rates: StatedRates | None,
    rule_priority: str,
    *,
    opened_at: datetime,
    time_zone: str,
    now: datetime,
) -> Priority:
    """The same of a case that a reply opened: whoever replies is there to be talked to."""
    found = priority(
        score=None,
        kind=_ANY_KIND,
        outcome_priority=rule_priority,
        wants_contact=True,
        age_days=max(0.0, _days(opened_at, now)),
        **_of_account(account, rates, local_day(now, time_zone)),
    )
    told = {"wants_contact": "replied"}
    return Priority(found.points, tuple(told.get(reason, reason) for reason in found.reasons))


_ANY_KIND = "nps"  # of a survey; without a score it makes no difference


def _of_account(account: Account | None, rates: StatedRates | None, today: date) -> dict[str, Any]:
    renewal = account.renewal_on if account else None
    return {
        "mrr_minor": account.mrr_minor if account else None,
        "currency": account.currency if account else None,
        "days_to_renewal": (renewal - today).days if renewal else None,
        "rates": rates.rates_of_month(today) if rates else None,
    }


def _days(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / 86_400


def cases_of(
    session: Session, workspace_id: UUID, response_ids: Sequence[UUID]
) -> dict[UUID, FollowUp]:
    """Response → its case, locked for changing."""
    rows = session.scalars(
        scoped(FollowUp, workspace_id)
        .where(FollowUp.response_id.in_(response_ids))
        .order_by(FollowUp.id)
        .with_for_update()
    )
    return {row.response_id: row for row in rows if row.response_id is not None}
