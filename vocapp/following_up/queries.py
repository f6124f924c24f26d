"""Reads: the ranked queue. Each in a fixed number of statements.

`reach`: no case beyond it is found, counted or shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Uuid,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    true,
    union_all,
)

from surveys.scoring import category_of
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, scoped
from vocapp.extensions import db
from vocapp.following_up.choosing import NOW, Choice, Filters, choice, is_awake, is_snoozed
from vocapp.following_up.clock import real_due
from vocapp.following_up.models import (
    ACTIVE_STATES,
    ENDED_STATES,
    FOLLOW_UP_STATES,
    FollowUp,
    RoutingRule,
)
from vocapp.following_up.reaching import cases_within
from vocapp.people.models import Account, Contact
from vocapp.problems import NotFound
from vocapp.understanding.models import Theme
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

SNOOZED = "snoozed"
_LAST = bindparam("last", type_=Uuid())


@dataclass(frozen=True, slots=True)
class Person:
    id: UUID
    name: str
    email: str | None
    external_id: str | None = None
    phone: str | None = None


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
    paused_at: datetime | None
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    news: str | None
    news_at: datetime | None
    owner: Person | None
    account: AccountFacts | None
    contact: Person | None
    # None, survey and kind too: nothing was answered, the person replied to an e-mail.
    response_id: UUID | None
    survey_key: str | None
    survey_name: str | None
    kind: str | None
    score: int | None
    answered_at: datetime
    locale: str | None

    @property
    def category(self) -> str | None:
        if self.score is None or self.kind is None:
            return None
        return category_of(self.kind, self.score)

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE_STATES

    def is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now

    @property
    def real_due(self) -> datetime:
        """When it is due, or was as its clock was stopped; `due_at` is for the order."""
        return real_due(self.due_at, self.paused_at)

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
    wanted: Choice | None = None,
) -> list[CaseRow]:
    """Cases in order: most urgent first ("-priority") or first due first ("due_at").

    after: sort value and id of the last row seen. wanted: the choice that filters and reach make,
    where it was made already.
    """
    wanted = wanted or choice(workspace_id, filters, reach)
    statement = wanted.once(
        ("queue", filters.states, filters.snoozed, sort, after is None, limit),
        lambda: _page(wanted, filters, sort, is_first=after is None, limit=limit),
    )
    if statement is None:
        return []
    place, last = after or (None, None)
    rows = db.session.execute(statement, {"now": now, "place": place, "last": last})
    return [_row(row) for row in rows]


def _page(wanted: Choice, filters: Filters, sort: str, *, is_first: bool, limit: int) -> Any:
    """Parameters: `now` and, of a page that is not the first, sort value (`place`) and id (`last`)
    of the last row before it. None where nothing can be found."""
    parts = wanted.parts(filters.states, snoozed=filters.snoozed, first_due_first=sort == "due_at")
    if not parts:
        return None
    first = _first(parts, sort, is_first=is_first, limit=limit).subquery()
    return (
        _joined(select(*_COLUMNS).select_from(first).join(FollowUp, FollowUp.id == first.c.id))
        .where(FollowUp.workspace_id == wanted.workspace_id, Survey.confidential.is_not(True))
        .order_by(*_order(first.c.place, first.c.id, sort))
    )


def _first(parts: Sequence[Any], sort: str, *, is_first: bool, limit: int) -> Any:
    """Ids (`id`) and sort values (`place`) of the first cases of all parts together.

    Each part has one state, so that an index has it in order and is read no further than a page
    goes; no index has several states in one order.
    """
    column: Any = FollowUp.due_at if sort == "due_at" else FollowUp.priority
    order = _order(column, FollowUp.id, sort)
    place = bindparam("place", type_=column.type)
    firsts = []
    for part in parts:
        query = part.with_only_columns(FollowUp.id, column.label("place"))
        if not is_first:
            # The first half of it is for the index.
            reached = column >= place if sort == "due_at" else column <= place
            query = query.where(reached, or_(column != place, FollowUp.id > _LAST))
        firsts.append(query.order_by(*order).limit(limit).subquery())
    found = union_all(*(select(each.c.id, each.c.place) for each in firsts)).subquery()
    return select(found).order_by(*_order(found.c.place, found.c.id, sort)).limit(limit)


def _order(place: Any, key: Any, sort: str) -> tuple[Any, Any]:
    return (place if sort == "due_at" else place.desc()), key


def case_row(workspace_id: UUID, follow_up_id: UUID, *, reach: Reach) -> CaseRow:
    """One case as a list shows it. Raises NotFound."""
    found = db.session.execute(
        _joined(select(*_COLUMNS).select_from(FollowUp)).where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.id == follow_up_id,
            Survey.confidential.is_not(True),
            cases_within(reach, workspace_id),
        )
    ).one_or_none()
    if found is None:
        raise NotFound("No such follow-up.")
    return _row(found)


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


def most_counted(filters: Filters) -> int:
    """How far cases of a state are counted; themes and names have to be looked up one by one."""
    return 99 if filters.theme or filters.search else 999


def counts_by_state(
    workspace_id: UUID,
    filters: Filters,
    *,
    reach: Reach,
    now: datetime,
    wanted: Choice | None = None,
) -> dict[str, int]:
    """How many cases each state has under the other filters; those put off are SNOOZED.

    A state without any is left out. Of each no more than `most_counted` and one are counted: that
    many means that there are more. wanted: as for `queue`.
    """
    most = most_counted(filters) + 1
    wanted = wanted or choice(workspace_id, filters, reach)
    build = _counting(wanted)
    statement = wanted.once((build, most), lambda: build(wanted, most))
    counts = db.session.execute(statement, {"now": now}).mappings().one()
    return {state: min(most, count) for state, count in counts.items() if count}


def _counting(wanted: Choice) -> Callable[[Choice, int], Any]:
    if wanted.are_few:
        return _counts_at_once
    return _counts_of_many if wanted.are_of_many else _counts_apart


def _counts_apart(wanted: Choice, most: int) -> Any:
    """Each tab is counted by itself, no further than `most`."""
    tabs = {state: wanted.awake(state) for state in FOLLOW_UP_STATES}
    tabs[SNOOZED] = wanted.put_off(())
    return select(*(_count(parts, most).label(state) for state, parts in tabs.items() if parts))


def _counts_of_many(wanted: Choice, most: int) -> Any:
    """What has not ended is passed over once. What has ended is far more: each of its tabs is
    counted by itself, no further than `most`."""
    active = wanted.active().with_only_columns(*_columns_of_tabs(ACTIVE_STATES)).subquery()
    tabs = {state: active.c[state] for state in (*ACTIVE_STATES, SNOOZED)}
    for state in ENDED_STATES:
        if parts := wanted.awake(state):
            tabs[state] = _count(parts, most)
    if parts := wanted.put_off(ENDED_STATES):
        tabs[SNOOZED] += _count(parts, most)
    return select(*(count.label(state) for state, count in tabs.items()))


def _counts_at_once(wanted: Choice, _most: int) -> Any:
    """Each part is counted by itself, and not by groups: to put all rows together first takes half
    as long again, and to group them a third. The parts are then added up side by side: for a union
    of them PostgreSQL starts workers, which takes as long as counting does."""
    counts = _columns_of_tabs(FOLLOW_UP_STATES)
    first, *others = [part.with_only_columns(*counts).subquery() for part in wanted.whole()]
    together = reduce(lambda left, right: left.join(right, true()), others, first)
    tabs = (*FOLLOW_UP_STATES, SNOOZED)
    sums = (sum((each.c[state] for each in others), first.c[state]).label(state) for state in tabs)
    return select(*sums).select_from(together)


def _columns_of_tabs(states: tuple[str, ...]) -> list[Any]:
    """Of a statement on cases: how many each tab of these states has, and how many are put off."""
    tabs = {state: and_(FollowUp.state == state, is_awake(NOW)) for state in states}
    tabs[SNOOZED] = and_(FollowUp.state.in_(states), is_snoozed(NOW))
    return [func.count(case((holds, 1))).label(state) for state, holds in tabs.items()]


def _count(parts: Sequence[Any], most: int) -> Any:
    """Of the next part no more is read than the ones before it leave to be counted."""
    some = [part.with_only_columns(literal_column("1").label("one")) for part in parts]
    together: Any = union_all(*some) if len(some) > 1 else some[0]
    found = together.limit(most).subquery()
    return select(func.count()).select_from(found).scalar_subquery()


def cursor_of(row: CaseRow, sort: str) -> list[Any]:
    """Where a page ends, as JSON."""
    return [row.due_at.isoformat() if sort == "due_at" else row.priority, str(row.id)]


def after_of(cursor: Any, sort: str) -> tuple[Any, UUID]:
    """The counterpart of `cursor_of`."""
    value = datetime.fromisoformat(cursor[0]) if sort == "due_at" else float(cursor[0])
    return value, UUID(cursor[1])


def _joined(query: Any) -> Any:
    return (
        query.outerjoin(
            Response,
            (Response.workspace_id == FollowUp.workspace_id)
            & (Response.id == FollowUp.response_id),
        )
        .outerjoin(
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


# What a row shows and nothing else: facts and their history can be long.
_COLUMNS = (
    FollowUp.id, FollowUp.state, FollowUp.team, FollowUp.priority, FollowUp.reasons,
    FollowUp.rule_key, FollowUp.due_at, FollowUp.opened_at, FollowUp.first_contact_at,
    FollowUp.resolved_at, FollowUp.snoozed_until, FollowUp.outcome, FollowUp.root_cause,
    FollowUp.suggestion, FollowUp.version, FollowUp.merged_into_id,
    FollowUp.paused_at, FollowUp.escalated_at, FollowUp.acknowledged_at, FollowUp.news,
    FollowUp.news_at, FollowUp.response_id,
    FollowUp.owner_user_id, FollowUp.account_id, FollowUp.contact_id,
    Response.score, Response.answered_at, Response.locale, Survey.key, Survey.name,
    Survey.kind,
    Account.external_id, Account.name, Account.plan, Account.region, Account.mrr_minor,
    Account.currency, Account.renewal_on,
    Contact.name, Contact.email, Contact.external_id, Contact.phone, User.name, User.email,
)  # fmt: skip


def _row(found: Any) -> CaseRow:
    (
        id, state, team, priority, reasons, rule_key, due_at, opened_at, first_contact_at,
        resolved_at, snoozed_until, outcome, root_cause, suggestion, version,
        merged_into_id, paused_at, escalated_at, acknowledged_at, news, news_at, response_id,
        owner_id, account_id, contact_id, score, answered_at, locale,
        survey_key, survey_name, kind, *account, contact_name, contact_email, contact_key,
        contact_phone, owner_name, owner_email,
    ) = found  # fmt: skip
    return CaseRow(
        id=id,
        state=state,
        team=team,
        priority=priority,
        reasons=tuple(reasons),
        rule_key=rule_key,
        due_at=due_at,
        opened_at=opened_at,
        first_contact_at=first_contact_at,
        resolved_at=resolved_at,
        snoozed_until=snoozed_until,
        outcome=outcome,
        root_cause=root_cause,
        suggestion=suggestion,
        version=version,
        merged_into_id=merged_into_id,
        paused_at=paused_at,
        escalated_at=escalated_at,
        acknowledged_at=acknowledged_at,
        news=news,
        news_at=news_at,
        owner=Person(owner_id, owner_name, owner_email) if owner_id else None,
        account=AccountFacts(account_id, *account) if account_id else None,
        contact=Person(contact_id, contact_name, contact_email, contact_key, contact_phone)
        if contact_id
        else None,
        response_id=response_id,
        survey_key=survey_key,
        survey_name=survey_name,
        kind=kind,
        score=score,
        answered_at=answered_at or opened_at,
        locale=locale,
    )


# --- names --------------------------------------------------------------------------------


# Asked by every page of the queue, so that they are built once.
_THEMES = (
    select(Theme.key, Theme.label).where(Theme.workspace_id == OF_WORKSPACE).order_by(Theme.key)
)
_RULES = select(RoutingRule.key, RoutingRule.name).where(RoutingRule.workspace_id == OF_WORKSPACE)


def theme_labels(workspace_id: UUID) -> dict[str, dict[str, str]]:
    """Theme → its label by language, archived ones included: old cases name them."""
    rows = db.session.execute(_THEMES, {"workspace_id": workspace_id})
    return {key: dict(label) for key, label in rows}


def rule_names(workspace_id: UUID) -> dict[str, str]:
    """Rule → its stored name."""
    rows = db.session.execute(_RULES, {"workspace_id": workspace_id})
    return {key: name for key, name in rows}


def rule_row(workspace_id: UUID, rule_id: UUID) -> RoutingRule:
    """A stored rule. Raises NotFound."""
    found: RoutingRule | None = db.session.scalar(
        scoped(RoutingRule, workspace_id).where(RoutingRule.id == rule_id)
    )
    if found is None:
        raise NotFound("No such rule.")
    return found
