"""Reads: the ranked queue. Each in a fixed number of statements.

`reach`: no case beyond it is found, counted or shown.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, false, func, not_, or_, select

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FollowUp, RoutingRule
from vocapp.following_up.reaching import cases_within
from vocapp.people.models import Account, Contact
from vocapp.problems import NotFound
from vocapp.understanding.models import Assignment, Theme
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the queue is wanted.

    states: empty means all; snoozed: whether what is put off, None means both; owner:
    "unassigned" or a user.
    """

    states: tuple[str, ...] = ACTIVE_STATES
    snoozed: bool | None = False
    team: str | None = None
    owner: UUID | str | None = None
    theme: str | None = None
    overdue: bool = False
    search: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str | None
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    id: UUID
    external_id: str
    name: str
    plan: str | None
    region: str | None
    mrr_minor: int | None
    currency: str | None
    renewal_on: date | None

    @property
    def shown(self) -> str:
        return self.name or self.external_id


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as a list shows it."""

    id: UUID
    state: str
    team: str
    priority: float
    reasons: tuple[str, ...]
    rule_key: str
    due_at: datetime
    opened_at: datetime
    first_contact_at: datetime | None
    resolved_at: datetime | None
    snoozed_until: datetime | None
    outcome: str | None
    root_cause: str | None
    suggestion: dict[str, Any] | None
    version: int
    merged_into_id: UUID | None
    owner: Person | None
    account: AccountFacts | None
    contact: Person | None
    response_id: UUID
    survey_key: str
    kind: str
    score: int | None
    answered_at: datetime
    locale: str | None

    @property
    def category(self) -> str | None:
        return None if self.score is None else category_of(self.kind, self.score)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    def is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now

    def overdue(self, now: datetime) -> bool:
        return self.is_active and self.due_at < now

    @property
    def who(self) -> str:
        """Account and person, whatever is known; empty when nothing is."""
        names = [self.account.shown if self.account else ""]
        if self.contact:
            names.append(self.contact.name or self.contact.email or self.contact.external_id or "")
        return " · ".join(name for name in names if name)


def queue(
    workspace_id: UUID,
    filters: Filters,
    *,
    reach: Reach,
    now: datetime,
    sort: str = "-priority",
    limit: int,
    after: tuple[Any, UUID] | None = None,
) -> list[CaseRow]:
    """Cases in order: most urgent first ("-priority") or first due first ("due_at").

    after: sort value and id of the last row seen.
    """
    query = _cases(workspace_id).where(*_conditions(workspace_id, filters, reach, now))
    if sort == "due_at":
        if after:
            at, last = after
            query = query.where(
                or_(FollowUp.due_at > at, and_(FollowUp.due_at == at, FollowUp.id > last))
            )
        query = query.order_by(FollowUp.due_at, FollowUp.id)
    else:
        if after:
            points, last = after
            query = query.where(
                or_(
                    FollowUp.priority < points,
                    and_(FollowUp.priority == points, FollowUp.id > last),
                )
            )
        query = query.order_by(FollowUp.priority.desc(), FollowUp.id)
    return [_row(*row) for row in db.session.execute(query.limit(limit))]


def case_row(workspace_id: UUID, follow_up_id: UUID, *, reach: Reach) -> CaseRow:
    """One case as a list shows it. Raises NotFound."""
    found = db.session.execute(
        _cases(workspace_id).where(
            FollowUp.id == follow_up_id,
            Survey.confidential.is_(False),
            cases_within(reach, workspace_id),
        )
    ).one_or_none()
    if found is None:
        raise NotFound("No such follow-up.")
    return _row(*found)


def has_case(workspace_id: UUID, follow_up_id: UUID, *, reach: Reach) -> bool:
    """Whether the reader sees this case."""
    found = db.session.scalar(
        select(FollowUp.id).where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.id == follow_up_id,
            cases_within(reach, workspace_id),
        )
    )
    return found is not None


SNOOZED = "snoozed"


def counts_by_state(
    workspace_id: UUID, filters: Filters, *, reach: Reach, now: datetime
) -> dict[str, int]:
    """How many cases each state has under the other filters; those put off are SNOOZED."""
    state = case((_is_snoozed(now), SNOOZED), else_=FollowUp.state)
    everywhere = replace(filters, states=(), snoozed=None)
    rows = db.session.execute(
        _joined(select(state, func.count()).select_from(FollowUp))
        .where(*_conditions(workspace_id, everywhere, reach, now))
        .group_by(state)
    )
    return {state: count for state, count in rows}


def cursor_of(row: CaseRow, sort: str) -> list[Any]:
    """Where a page ends, as JSON."""
    return [row.due_at.isoformat() if sort == "due_at" else row.priority, str(row.id)]


def after_of(cursor: Any, sort: str) -> tuple[Any, UUID]:
    """The counterpart of `cursor_of`."""
    value = datetime.fromisoformat(cursor[0]) if sort == "due_at" else float(cursor[0])
    return value, UUID(cursor[1])


def _cases(workspace_id: UUID) -> Any:
    columns = select(FollowUp, Response, Survey.key, Survey.kind, Account, Contact, User)
    return _joined(columns.select_from(FollowUp)).where(FollowUp.workspace_id == workspace_id)


def _joined(query: Any) -> Any:
    return (
        query.join(
            Response,
            (Response.workspace_id == FollowUp.workspace_id)
            & (Response.id == FollowUp.response_id),
        )
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == FollowUp.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == FollowUp.workspace_id) & (Contact.id == FollowUp.contact_id),
        )
        .outerjoin(User, User.id == FollowUp.owner_user_id)
    )


def _conditions(workspace_id: UUID, filters: Filters, reach: Reach, now: datetime) -> list[Any]:
    found: list[Any] = [
        FollowUp.workspace_id == workspace_id,
        Survey.confidential.is_(False),
        cases_within(reach, workspace_id),
    ]
    if filters.states:
        found.append(FollowUp.state.in_(filters.states))
    if filters.snoozed is not None:
        found.append(_is_snoozed(now) if filters.snoozed else not_(_is_snoozed(now)))
    if filters.team:
        found.append(FollowUp.team == filters.team)
    if filters.owner == "unassigned":
        found.append(FollowUp.owner_user_id.is_(None))
    elif isinstance(filters.owner, UUID):
        found.append(FollowUp.owner_user_id == filters.owner)
    elif filters.owner:
        found.append(false())
    if filters.overdue:
        found += [FollowUp.due_at < now, FollowUp.state.in_(ACTIVE_STATES)]
    if filters.theme:
        found.append(_has_theme(workspace_id, filters.theme))
    if filters.search:
        columns = (Account.name, Account.external_id, Contact.name, Contact.email)
        found.append(or_(*(c.icontains(filters.search, autoescape=True) for c in columns)))
    return found


def _is_snoozed(now: datetime) -> Any:
    return and_(FollowUp.snoozed_until.is_not(None), FollowUp.snoozed_until > now)


def _has_theme(workspace_id: UUID, key: str) -> Any:
    return FollowUp.response_id.in_(
        select(Assignment.response_id)
        .join(
            Theme,
            (Theme.workspace_id == Assignment.workspace_id) & (Theme.id == Assignment.theme_id),
        )
        .where(Assignment.workspace_id == workspace_id, Theme.key == key)
    )


def _row(
    found: FollowUp,
    response: Response,
    survey_key: str,
    kind: str,
    account: Account | None,
    contact: Contact | None,
    owner: User | None,
) -> CaseRow:
    return CaseRow(
        id=found.id,
        state=found.state,
        team=found.team,
        priority=found.priority,
        reasons=tuple(found.reasons),
        rule_key=found.rule_key,
        due_at=found.due_at,
        opened_at=found.opened_at,
        first_contact_at=found.first_contact_at,
        resolved_at=found.resolved_at,
        snoozed_until=found.snoozed_until,
        outcome=found.outcome,
        root_cause=found.root_cause,
        suggestion=found.suggestion,
        version=found.version,
        merged_into_id=found.merged_into_id,
        owner=Person(owner.id, owner.name, owner.email) if owner else None,
        account=_account(account) if account else None,
        contact=Person(contact.id, contact.name, contact.email, contact.external_id)
        if contact
        else None,
        response_id=response.id,
        survey_key=survey_key,
        kind=kind,
        score=response.score,
        answered_at=response.answered_at,
        locale=response.locale,
    )


def _account(row: Account) -> AccountFacts:
    return AccountFacts(
        row.id, row.external_id, row.name, row.plan, row.region, row.mrr_minor, row.currency,
        row.renewal_on,
    )  # fmt: skip


# --- names --------------------------------------------------------------------------------


def theme_labels(workspace_id: UUID) -> dict[str, dict[str, str]]:
    """Theme → its label by language, archived ones included: old cases name them."""
    rows = db.session.execute(
        select(Theme.key, Theme.label).where(Theme.workspace_id == workspace_id).order_by(Theme.key)
    )
    return {key: dict(label) for key, label in rows}


def rule_names(workspace_id: UUID) -> dict[str, str]:
    """Rule → its stored name."""
    rows = db.session.execute(
        select(RoutingRule.key, RoutingRule.name).where(RoutingRule.workspace_id == workspace_id)
    )
    return {key: name for key, name in rows}


def rule_row(workspace_id: UUID, rule_id: UUID) -> RoutingRule:
    """A stored rule. Raises NotFound."""
    found: RoutingRule | None = db.session.scalar(
        scoped(RoutingRule, workspace_id).where(RoutingRule.id == rule_id)
    )
    if found is None:
        raise NotFound("No such rule.")
    return found
