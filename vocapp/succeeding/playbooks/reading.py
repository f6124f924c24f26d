"""What playbooks are told of many accounts at once, in a fixed number of statements.

What a workspace tells of nobody is not known of anybody, see `vocapp.succeeding.health.reading`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.orm import Session

from surveys.contact_roles import CHAMPION
from surveys.periods import local_day
from surveys.playbooks import Facts, Playbook, usual
from surveys.scoring import METRICS, is_low
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.people.events.activity import hour_of
from vocapp.people.events.models import ActivityHour, FeatureDay, Milestone
from vocapp.people.models import Account
from vocapp.people.roles import left_since
from vocapp.succeeding.attribute_lines import attributes_of
from vocapp.succeeding.health.models import AccountHealth, HealthDay
from vocapp.succeeding.onboarding import completed, is_told, rule_of

CHAMPION_LEFT = "champion_left"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
# Health is compared with that of four weeks before; use of four weeks with three times as many.
_PERIOD_DAYS, _PERIODS = 28, 4
_ANSWER_DAYS = 90

ByAccount = dict[UUID, dict[str, Any]]


class _Asked:
    """Whose facts, as of when."""

    def __init__(
        self, session: Session, workspace_id: UUID, accounts: Sequence[Account], zone: str,
        now: datetime,
    ) -> None:  # fmt: skip
        self.session, self.workspace_id, self.accounts = session, workspace_id, accounts
        self.zone, self.now, self.today = zone, now, local_day(now, zone)

    def of(self, model: type[Any]) -> ColumnElement[bool]:
        ids = [account.id for account in self.accounts]
        return and_(model.workspace_id == self.workspace_id, model.account_id.in_(ids))

    def is_told(self, *conditions: ColumnElement[bool]) -> bool:
        return bool(self.session.scalar(select(exists().where(*conditions))))


def read_facts(
    session: Session,
    accounts: Sequence[Account],
    playbooks: Iterable[Playbook],
    *,
    time_zone: str,
    now: datetime,
) -> dict[UUID, Facts]:
    """Account → what these playbooks ask of it; what none of them asks stays unknown."""
    if not accounts:
        return {}
    asked = _Asked(session, accounts[0].workspace_id, accounts, time_zone, now)
    triggers = [playbook.trigger for playbook in playbooks]
    kinds = {trigger.kind for trigger in triggers}
    readers = {
        "health_drop": _health, "onboarding_stalled": _onboarded, "usage_down": _usage,
        "detractor": _low_answers, "champion_left": _left,
    }  # fmt: skip
    parts = [read(asked) for kind, read in readers.items() if kind in kinds]
    features = {str(each.settings["feature"]) for each in triggers if "feature" in each.settings}
    if features:
        parts.append(_features(asked, features))
    found = {}
    for account in accounts:
        known: dict[str, Any] = {}
        for part in parts:
            known |= part.get(account.id, {})
        found[account.id] = replace(_basics(account, asked.today), **known)
    return found


def _basics(account: Account, today: date) -> Facts:
    """Who has an owner is looked after by a person, as touchpoints have it."""
    return Facts(
        account=str(account.id),
        today=today,
        touch="high" if account.owner_user_id else "tech",
        attributes=attributes_of(account),
        started_on=account.started_on,
        renewal_on=account.renewal_on,
    )


def _health(asked: _Asked) -> ByAccount:
    """Now, and as it was 28 days ago: a day is kept only where it became another."""
    before = (
        select(HealthDay.account_id, func.max(HealthDay.day).label("day"))
        .where(asked.of(HealthDay), HealthDay.day <= asked.today - _PERIOD_DAYS * _DAY)
        .group_by(HealthDay.account_id)
        .subquery()
    )
    then = asked.session.execute(
        select(HealthDay.account_id, HealthDay.score)
        .join(
            before, (before.c.account_id == HealthDay.account_id) & (before.c.day == HealthDay.day)
        )
        .where(HealthDay.workspace_id == asked.workspace_id)
    )
    scores = {row.account_id: row.score for row in then}
    now = asked.session.execute(
        select(AccountHealth.account_id, AccountHealth.score, AccountHealth.band).where(
            asked.of(AccountHealth)
        )
    )
    return {
        account_id: {
            "health": score, "health_band": band, "health_before": scores.get(account_id),
        }
        for account_id, score, band in now
    }  # fmt: skip


def _onboarded(asked: _Asked) -> ByAccount:
    rule = rule_of(asked.session, asked.workspace_id)
    if not is_told(asked.session, asked.workspace_id, rule):
        return {}
    done = completed(
        asked.session, asked.workspace_id, rule,
        {account.id: account.started_on for account in asked.accounts},
        time_zone=asked.zone, now=asked.now,
    )  # fmt: skip
    return {account.id: {"onboarded": account.id in done} for account in asked.accounts}


def _usage(asked: _Asked) -> ByAccount:
    """Uses a day in the last 28 days, and in the median of the three times 28 days before."""
    until = hour_of(asked.now) + _HOUR
    starts = [until - _PERIOD_DAYS * (back + 1) * _DAY for back in range(_PERIODS)]
    of_workspace = ActivityHour.workspace_id == asked.workspace_id
    if not asked.is_told(of_workspace, ActivityHour.hour >= starts[0], ActivityHour.uses > 0):
        return {}  # the sender is silent, and not the customers
    period = case(*((ActivityHour.hour >= start, back) for back, start in enumerate(starts)))
    rows = asked.session.execute(
        select(ActivityHour.account_id, period.label("back"), func.sum(ActivityHour.uses))
        .where(asked.of(ActivityHour), ActivityHour.hour >= starts[-1], ActivityHour.hour < until)
        .group_by(ActivityHour.account_id, "back")
    )
    uses: dict[UUID, list[float]] = defaultdict(lambda: [0.0] * _PERIODS)
    for account_id, back, n in rows:
        uses[account_id][back] = int(n) / _PERIOD_DAYS
    was_there = asked.today - _PERIOD_DAYS * _PERIODS * _DAY
    found = {}
    for account in asked.accounts:
        means = uses[account.id]
        began = account.started_on <= was_there if account.started_on else means[-1] > 0
        if began:
            found[account.id] = {"usage": means[0], "usual_usage": usual(means[1:])}
    return found


def _low_answers(asked: _Asked) -> ByAccount:
    """The latest low answer; not of confidential surveys, which single nobody out."""
    rows = asked.session.execute(
        select(Response.account_id, Survey.kind, Response.score, Response.answered_at)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .where(
            asked.of(Response),
            Response.answered_at > asked.now - _ANSWER_DAYS * _DAY,
            Response.answered_at <= asked.now,
            Response.score.is_not(None),
            Survey.kind.in_(METRICS),
            Response.survey_id.not_in(confidential_surveys(asked.workspace_id)),
        )
        .order_by(Response.answered_at)
    )
    return {
        row.account_id: {"low_answer_on": local_day(row.answered_at, asked.zone)}
        for row in rows
        if is_low(row.kind, row.score)
    }


def _left(asked: _Asked) -> ByAccount:
    """As the roles of people tell, and milestones of senders who know no roles."""
    ids = [account.id for account in asked.accounts]
    left = left_since(asked.session, asked.workspace_id, ids, now=asked.now)
    rows = asked.session.execute(
        select(Milestone.account_id, func.max(Milestone.at))
        .where(
            asked.of(Milestone), Milestone.name == CHAMPION_LEFT, Milestone.at <= asked.now,
            Milestone.is_superseded.is_(False),
        )
        .group_by(Milestone.account_id)
    )  # fmt: skip
    for account_id, at in rows:
        own = left.setdefault(account_id, {})
        own[CHAMPION] = max(at, own.get(CHAMPION, at))
    return {
        account_id: {"left_on": {role: local_day(at, asked.zone) for role, at in own.items()}}
        for account_id, own in left.items()
    }


def _features(asked: _Asked, features: Collection[str]) -> ByAccount:
    """Of these features; one that nobody used of late is not told of: nobody is known to use
    it, and nobody not to."""
    late = asked.now.astimezone(UTC).date() - _PERIOD_DAYS * _DAY
    told = {
        feature
        for feature in features
        if asked.is_told(Account.workspace_id == asked.workspace_id, _uses(feature, since=late))
    }
    used: Mapping[UUID, set[str]] = defaultdict(set)
    ids = [account.id for account in asked.accounts]
    for feature in told:
        for account_id in asked.session.scalars(
            select(Account.id).where(
                Account.workspace_id == asked.workspace_id, Account.id.in_(ids), _uses(feature)
            )
        ):
            used[account_id].add(feature)
    unknown = set(features) - told
    # A feature that is not told of counts as used: its playbook then never fires.
    return {
        account.id: {"used_features": frozenset(used[account.id] | unknown)}
        for account in asked.accounts
    }


def _uses(feature: str, *, since: date = date.min) -> ColumnElement[bool]:
    """That an account did on a day (in UTC) since then: the index finds it for each at once."""
    return exists().where(
        FeatureDay.workspace_id == Account.workspace_id,
        FeatureDay.name == feature,
        FeatureDay.account_id == Account.id,
        FeatureDay.day >= since,
    )
