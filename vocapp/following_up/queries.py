"""Reads: the ranked queue, one case with all around it. Each in a fixed number of statements.

`reach`: no case beyond it is found, counted or shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, false, func, or_, select

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.collecting.queries import StoredAnswers, answers_of
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp, FollowUpEntry, RoutingRule
from vocapp.following_up.opening import ACTIVE_STATES
from vocapp.following_up.reaching import cases_within
from vocapp.people.models import Account, Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import NotFound
from vocapp.understanding.models import Analysis, Assignment, Theme
from vocapp.understanding.originals import owner_of_account
from vocapp.understanding.queries import themes_of
from vocapp.understanding.shown import shown_text
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the queue is wanted. states: empty means all; owner: "unassigned" or a user."""

    states: tuple[str, ...] = ACTIVE_STATES
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
    outcome: str | None
    root_cause: str | None
    suggestion: dict[str, Any] | None
    version: int
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


def counts_by_state(
    workspace_id: UUID, filters: Filters, *, reach: Reach, now: datetime
) -> dict[str, int]:
    """How many cases each state has under the other filters."""
    everywhere = Filters(
        (), filters.team, filters.owner, filters.theme, filters.overdue, filters.search
    )
    rows = db.session.execute(
        _joined(select(FollowUp.state, func.count()).select_from(FollowUp))
        .where(*_conditions(workspace_id, everywhere, reach, now))
        .group_by(FollowUp.state)
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
    case: FollowUp,
    response: Response,
    survey_key: str,
    kind: str,
    account: Account | None,
    contact: Contact | None,
    owner: User | None,
) -> CaseRow:
    return CaseRow(
        id=case.id,
        state=case.state,
        team=case.team,
        priority=case.priority,
        reasons=tuple(case.reasons),
        rule_key=case.rule_key,
        due_at=case.due_at,
        opened_at=case.opened_at,
        first_contact_at=case.first_contact_at,
        resolved_at=case.resolved_at,
        outcome=case.outcome,
        root_cause=case.root_cause,
        suggestion=case.suggestion,
        version=case.version,
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


# --- one case -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a case's timeline; who: a name, or None for the service itself."""

    at: datetime
    kind: str
    who: str | None
    detail: dict[str, Any]
    note: str | None


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


_MOST_LINES, _MOST_RECENT = 200, 5


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


def case_detail(workspace_id: UUID, follow_up_id: UUID, *, reach: Reach) -> CaseDetail:
    """One case with response, themes, timeline and account. Raises NotFound."""
    row = case_row(workspace_id, follow_up_id, reach=reach)
    comment = (
        answers_of(workspace_id, [row.response_id]).get(row.response_id, StoredAnswers()).comment
    )
    analysis = db.session.get(Analysis, (workspace_id, row.response_id))
    themes = themes_of(workspace_id, [row.response_id], {row.response_id: comment or ""})
    redacted = analysis.redacted if analysis else None
    return CaseDetail(
        row=row,
        text=shown_text(redacted, comment) if comment else redacted,
        language=analysis.language if analysis else row.locale,
        content=analysis.content if analysis else None,
        sentiment=analysis.sentiment if analysis else None,
        is_analysed=analysis is not None,
        themes=tuple(themes.get(row.response_id, [])),
        timeline=tuple(_timeline(workspace_id, follow_up_id)),
        recent=tuple(_recent(workspace_id, row, reach)),
        account_owner_id=owner_of_account(db.session(), workspace_id, row.response_id),
    )


def _timeline(workspace_id: UUID, follow_up_id: UUID) -> list[Line]:
    rows = db.session.execute(
        select(FollowUpEntry, User.name)
        .outerjoin(User, User.id == FollowUpEntry.actor_user_id)
        .where(
            FollowUpEntry.workspace_id == workspace_id,
            FollowUpEntry.follow_up_id == follow_up_id,
        )
        .order_by(FollowUpEntry.at.desc(), FollowUpEntry.id.desc())
        .limit(_MOST_LINES)
    )
    return [Line(each.at, each.kind, name, dict(each.detail), each.note) for each, name in rows]


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
            Response.id != row.response_id,
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
