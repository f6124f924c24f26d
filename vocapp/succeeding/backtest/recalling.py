"""What was known of accounts at past instants: facts by the time they came in, not by their date.

The counterpart of `vocapp.succeeding.health.reading` for the past; a test holds both against one
another. All that was ever told of a batch of accounts is read once, and asked of many instants.
Who looked after an account is not kept over time, so it is not known of the past.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from surveys.activity_known import ActivityKnown, Flags, LedgerEvent, known_until
from surveys.health_facts import ANSWER_FRESH_DAYS, ANSWER_STALE_DAYS, HealthFacts, LastScore
from surveys.known import Known, as_known, rewound
from surveys.lifecycle import OnboardingRule
from surveys.periods import day_bounds, local_day
from surveys.scoring import METRICS
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import scoped
from vocapp.following_up.changing import column_value
from vocapp.following_up.models import ACTIVE_STATES, FollowUp, FollowUpEntry
from vocapp.people.events.invoices import overdue_days
from vocapp.people.events.models import AccountEvent, InvoiceChange, SubscriptionChange
from vocapp.people.models import Account
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.goals.queries import standing_counts
from vocapp.succeeding.health.measures import (
    DOWNGRADE,
    PERIOD_DAYS,
    PERIODS_BEFORE,
    TOUCHES,
    before_per_period,
    days_since,
    days_since_start,
    pays_less,
)
from vocapp.succeeding.onboarding import rule_of
from vocapp.understanding.models import Analysis

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Told:
    """What the workspace told of anybody by an instant; see `vocapp.succeeding.health.reading`."""

    uses: bool
    logins: bool
    people: bool
    set_ups: bool
    since: datetime | None


def told_at(
    session: Session, workspace_id: UUID, instant: datetime, *, by_date: bool = False
) -> Told:
    """What had come in by then, or with by_date what is dated before, whenever it came in; of
    uses, log-ins and people in the last 28 days."""
    known = [AccountEvent.workspace_id == workspace_id, AccountEvent.at <= instant]
    if not by_date:
        known.append(AccountEvent.received_at <= instant)
    late = (*known, AccountEvent.at >= instant - PERIOD_DAYS * _DAY)
    is_active = AccountEvent.type.in_(("login", "usage"))
    active, set_ups, since = session.execute(
        select(
            exists().where(*late, is_active),
            or_(*(exists().where(*known, each) for each in _ways(rule_of(session, workspace_id)))),
            select(func.min(AccountEvent.at)).where(*known).scalar_subquery(),
        )
    ).one()  # fmt: skip
    if not active:  # each of them would look through all events of the time
        return Told(False, False, False, set_ups, since)
    uses, logins, people = session.execute(
        select(
            exists().where(*late, AccountEvent.type == "usage"),
            exists().where(*late, AccountEvent.type == "login"),
            exists().where(*late, is_active, AccountEvent.contact_id.is_not(None)),
        )
    ).one()
    return Told(uses, logins, people, set_ups, since)


def _ways(rule: OnboardingRule) -> list[ColumnElement[bool]]:
    """Events by which onboarding is completed."""
    ways: list[ColumnElement[bool]] = []
    if rule.milestone is not None:
        ways.append(and_(AccountEvent.type == "milestone", AccountEvent.name == rule.milestone))
    if rule.logins is not None:
        ways.append(AccountEvent.type == "login")
    return ways


@dataclass(frozen=True, slots=True)
class _Answer:
    id: UUID
    contact_id: UUID | None
    kind: str
    score: int | None
    sentiment: str | None


@dataclass(frozen=True, slots=True)
class _Changing:
    """A row whose fields changed over time: what they hold now, and what each change replaced."""

    values: Mapping[str, Any]
    began_at: datetime
    changes: Sequence[tuple[datetime, Mapping[str, Any]]]

    def at(self, instant: datetime) -> dict[str, Any] | None:
        """None where it was not there yet."""
        if self.began_at > instant:
            return None
        return rewound(self.values, self.changes, instant)


@dataclass(frozen=True, slots=True)
class Past:
    """All that was told of a batch of accounts, each with when it came in."""

    ids: Sequence[UUID]
    time_zone: str
    rule: OnboardingRule
    started: Mapping[UUID, date | None]
    activity: ActivityKnown
    answers: Mapping[UUID, Sequence[Known[_Answer]]]
    subscriptions: Mapping[UUID, Sequence[tuple[SubscriptionChange, datetime, datetime | None]]]
    invoices: Mapping[UUID, Sequence[tuple[InvoiceChange, datetime, datetime | None]]]
    cases: Mapping[UUID, Sequence[_Changing]]
    touches: Mapping[UUID, Sequence[datetime]]
    goals: Mapping[UUID, Sequence[_Changing]]

    def facts(self, instant: datetime, told: Told) -> dict[UUID, HealthFacts]:
        """Account → what was known of it then."""
        today = local_day(instant, self.time_zone)
        periods = {"days": PERIOD_DAYS, "periods_before": PERIODS_BEFORE}
        uses = self.activity.uses(instant, **periods) if told.uses else None
        people = self.activity.people(instant, **periods) if told.people else None
        logins = self.activity.last_login_hours(instant) if told.logins else None
        reached = self._completed(instant) if told.set_ups else None
        found = {}
        for place, account_id in enumerate(self.ids):
            started_on = self.started[account_id]
            known: dict[str, Any] = {}
            for name, each in (("uses", uses), ("active", people)):
                if each is not None:
                    before = before_per_period(int(each.before[place]), started_on, today)
                    known |= {f"{name}_28_days": int(each.now[place]), f"{name}_before": before}
            if logins is not None:
                known["days_since_login"] = _silence(
                    logins[place], days_since_start(started_on, today), told, instant
                )
            if reached is not None:
                known |= {
                    "is_set_up": bool(reached[place]),
                    "days_since_start": days_since_start(started_on, today),
                }
            known |= self._said(account_id, instant)
            known |= self._between_us(account_id, instant)
            known |= self._goals(account_id, instant, today)
            known |= self._paid(account_id, instant, today)
            found[account_id] = HealthFacts(**known)
        return found

    def _completed(self, instant: datetime) -> Flags:
        """Which accounts had completed onboarding then, by the rule of today."""
        found = self.activity.reached(instant)
        if self.rule.logins is None:
            return found
        starts = (self.started[account_id] for account_id in self.ids)
        since = [day_bounds(each, self.time_zone)[0] if each else None for each in starts]
        return found | self.activity.logged_in(instant, since, self.rule.logins)

    def _said(self, account_id: UUID, instant: datetime) -> dict[str, Any]:
        series = as_known(self.answers.get(account_id, ()), instant)
        answers = [each for each in series if each.at > instant - ANSWER_STALE_DAYS * _DAY]
        answers.sort(key=lambda each: (each.at, each.value.id))
        scores = (_last_score(answers, kind, instant) for kind in sorted(METRICS))
        known: dict[str, Any] = {"last_scores": tuple(each for each in scores if each)}
        fresh = instant - ANSWER_FRESH_DAYS * _DAY
        moods = [each.value.sentiment for each in answers if each.at > fresh]
        if moods := [mood for mood in moods if mood]:
            known["negative_comment_share"] = moods.count("negative") / len(moods)
        return known

    def _between_us(self, account_id: UUID, instant: datetime) -> dict[str, Any]:
        known: dict[str, Any] = {}
        cases = [each.at(instant) for each in self.cases.get(account_id, ())]
        if there := [case for case in cases if case is not None]:
            active = [case for case in there if case["state"] in ACTIVE_STATES]
            oldest = min((case["opened_at"] for case in active), default=None)
            known = {
                "open_cases": len(active),
                "overdue_cases": sum(case["due_at"] < instant for case in active),
                "oldest_open_days": days_since(oldest, instant) if oldest else None,
            }
        touches = [at for at in self.touches.get(account_id, ()) if at <= instant]
        if touches:
            known["days_since_touch"] = days_since(max(touches), instant)
        return known

    def _goals(self, account_id: UUID, instant: datetime, today: date) -> dict[str, Any]:
        rows = [each.at(instant) for each in self.goals.get(account_id, ())]
        counts = standing_counts([row for row in rows if row is not None], today=today)
        if counts is None:
            return {}
        on_track, behind, met, missed = counts
        return {
            "goals_met": met, "goals_on_track": on_track, "goals_behind": behind,
            "goals_missed": missed,
        }  # fmt: skip

    def _paid(self, account_id: UUID, instant: datetime, today: date) -> dict[str, Any]:
        known: dict[str, Any] = {}
        if changes := _counted(self.subscriptions.get(account_id, ()), instant):
            known["downgraded_lately"] = pays_less(changes, instant - DOWNGRADE)
        invoices = _counted(self.invoices.get(account_id, ()), instant)
        known["overdue_invoice_days"] = overdue_days(invoices, today=today)
        return known


def _silence(
    hour: datetime | None, since_start: int | None, told: Told, instant: datetime
) -> int | None:
    if hour is not None:
        return days_since(hour, instant)
    if since_start is None or told.since is None:
        return since_start
    return min(since_start, days_since(told.since, instant))


def _last_score(
    answers: Sequence[Known[_Answer]], kind: str, instant: datetime
) -> LastScore | None:
    own = [each for each in answers if each.value.kind == kind and each.value.score is not None]
    if not own:
        return None
    last = own[-1]
    score, person = last.value.score, last.value.contact_id
    assert score is not None
    before = [each.value.score for each in own[:-1] if each.value.contact_id == person]
    earlier = before[-1] if before and person is not None else None
    change = None if earlier is None else score - earlier
    return LastScore(kind, score, days_ago=days_since(last.at, instant), change=change)


def _counted(told: Sequence[tuple[Any, datetime, datetime | None]], instant: datetime) -> list[Any]:
    """In the order of (at, received), what was known and not corrected yet."""
    known = [
        row
        for row, since, until in told
        if row.at <= instant and since <= instant and (until is None or instant < until)
    ]
    return sorted(known, key=lambda row: (row.at, row.received))


# --- reading ------------------------------------------------------------------------------


def read_past(
    session: Session,
    workspace_id: UUID,
    account_ids: Sequence[UUID],
    *,
    time_zone: str,
    kept_since: datetime | None,
) -> Past:
    """Eleven statements. kept_since: when events that came in before arrival was kept count as
    known; None: events and answers count from their date on, whenever they came in.
    """
    started = {
        row.id: row.started_on
        for row in session.execute(
            select(Account.id, Account.started_on).where(
                Account.workspace_id == workspace_id, Account.id.in_(account_ids)
            )
        )
    }
    ids = sorted(started)
    rule = rule_of(session, workspace_id)
    events, named = _events(session, workspace_id, ids, kept_since, rule.milestone)
    ends = dict(zip((each.id for each in events), known_until(events), strict=True))
    since = {each.id: each.received_at for each in events}
    shown = [each for each in events if each.type != "milestone" or each.id in named]
    return Past(
        ids, time_zone, rule, started,
        ActivityKnown.of(shown, accounts=len(ids)),
        _answers(session, workspace_id, ids, by_date=kept_since is None),
        _details(session, workspace_id, ids, SubscriptionChange, since, ends),
        _details(session, workspace_id, ids, InvoiceChange, since, ends),
        *_cases(session, workspace_id, ids),
        _goal_rows(session, workspace_id, ids),
    )  # fmt: skip


def _events(
    session: Session,
    workspace_id: UUID,
    ids: Sequence[UUID],
    kept_since: datetime | None,
    milestone: str | None,
) -> tuple[list[LedgerEvent], set[str]]:
    """All events, and those that say this milestone was reached."""
    places = {account_id: place for place, account_id in enumerate(ids)}
    people: dict[UUID | None, int] = {None: -1}
    rows = session.execute(
        select(
            AccountEvent.id, AccountEvent.type, AccountEvent.account_id, AccountEvent.contact_id,
            AccountEvent.count.label("times"), AccountEvent.at, AccountEvent.received,
            AccountEvent.received_at, AccountEvent.supersedes, AccountEvent.name,
        ).where(AccountEvent.workspace_id == workspace_id, AccountEvent.account_id.in_(ids))
    )  # fmt: skip
    events, set_ups = [], set()
    for row in rows:
        person = people.setdefault(row.contact_id, len(people) - 1)
        known_at = row.at if kept_since is None else row.received_at or kept_since
        events.append(
            LedgerEvent(
                row.id, row.type, places[row.account_id], person, row.times, row.at, row.received,
                known_at, row.supersedes,
            )
        )  # fmt: skip
        if row.type == "milestone" and row.name == milestone:
            set_ups.add(row.id)
    return events, set_ups


def _details(
    session: Session,
    workspace_id: UUID,
    ids: Sequence[UUID],
    model: type[Any],
    since: Mapping[str, datetime],
    ends: Mapping[str, datetime | None],
) -> dict[UUID, list[tuple[Any, datetime, datetime | None]]]:
    found: dict[UUID, list[tuple[Any, datetime, datetime | None]]] = defaultdict(list)
    for row in session.scalars(scoped(model, workspace_id).where(model.account_id.in_(ids))):
        found[row.account_id].append((row, since[row.event_id], ends[row.event_id]))
    return found


def _answers(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], *, by_date: bool
) -> dict[UUID, list[Known[_Answer]]]:
    """Not of confidential surveys, which single nobody out."""
    rows = session.execute(
        select(
            Response.account_id, Response.id, Response.contact_id, Survey.kind, Response.score,
            Response.answered_at, Response.received_at, Analysis.sentiment,
        )
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .outerjoin(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(
            Response.workspace_id == workspace_id,
            Response.account_id.in_(ids),
            Response.survey_id.not_in(confidential_surveys(workspace_id)),
        )
    )  # fmt: skip
    found: dict[UUID, list[Known[_Answer]]] = defaultdict(list)
    for row in rows:
        answer = _Answer(row.id, row.contact_id, row.kind, row.score, row.sentiment)
        known_at = row.answered_at if by_date else row.received_at
        found[row.account_id].append(Known(answer, row.answered_at, known_at))
    return found


def _cases(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> tuple[dict[UUID, list[_Changing]], dict[UUID, list[datetime]]]:
    """Cases with what was changed, and when a colleague did something with them."""
    rows = session.execute(
        select(
            FollowUp.id, FollowUp.account_id, FollowUp.state, FollowUp.due_at, FollowUp.opened_at
        ).where(FollowUp.workspace_id == workspace_id, FollowUp.account_id.in_(ids))
    ).all()
    owner = {row.id: row.account_id for row in rows}
    entries = session.execute(
        select(
            FollowUpEntry.follow_up_id, FollowUpEntry.at, FollowUpEntry.detail,
            FollowUpEntry.kind, FollowUpEntry.actor_user_id, FollowUpEntry.note.is_not(None),
        )
        .join(
            FollowUp,
            (FollowUp.workspace_id == FollowUpEntry.workspace_id)
            & (FollowUp.id == FollowUpEntry.follow_up_id),
        )
        .where(FollowUpEntry.workspace_id == workspace_id, FollowUp.account_id.in_(ids))
        .order_by(FollowUpEntry.at, FollowUpEntry.id)
    )  # fmt: skip
    changes: dict[UUID, list[tuple[datetime, Mapping[str, Any]]]] = defaultdict(list)
    touches: dict[UUID, list[datetime]] = defaultdict(list)
    for case_id, at, detail, kind, actor, has_note in entries:
        before = detail.get("from")
        if isinstance(before, Mapping):
            values = {name: column_value(name, value) for name, value in before.items()}
            changes[case_id].append((at, values))
        if actor is not None and (kind in TOUCHES or has_note):
            touches[owner[case_id]].append(at)
    cases: dict[UUID, list[_Changing]] = defaultdict(list)
    for row in rows:
        values = {"state": row.state, "due_at": row.due_at, "opened_at": row.opened_at}
        cases[row.account_id].append(_Changing(values, row.opened_at, changes[row.id]))
    return cases, touches


_GOAL_FIELDS = ("state", "baseline", "target", "current", "begins_on", "due_on")


def _goal_rows(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[_Changing]]:
    changes: dict[UUID, list[tuple[datetime, Mapping[str, Any]]]] = defaultdict(list)
    entries = session.execute(
        select(GoalEntry.goal_id, GoalEntry.at, GoalEntry.detail)
        .join(
            SuccessGoal,
            (SuccessGoal.workspace_id == GoalEntry.workspace_id)
            & (SuccessGoal.id == GoalEntry.goal_id),
        )
        .where(GoalEntry.workspace_id == workspace_id, SuccessGoal.account_id.in_(ids))
        .order_by(GoalEntry.at, GoalEntry.id)
    )
    for goal_id, at, detail in entries:
        before = {
            name: date.fromisoformat(value) if name == "due_on" else value
            for name, value in detail.get("from", {}).items()
        }
        changes[goal_id].append((at, before))
    found: dict[UUID, list[_Changing]] = defaultdict(list)
    for goal in session.scalars(
        scoped(SuccessGoal, workspace_id).where(SuccessGoal.account_id.in_(ids))
    ):
        values = {name: getattr(goal, name) for name in _GOAL_FIELDS}
        found[goal.account_id].append(_Changing(values, goal.created_at, changes[goal.id]))
    return found
