"""Reads: the goals of an account, one goal with its history, how accounts stand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from vocapp.database import scoped, scoped_statement
from vocapp.extensions import db
from vocapp.people.models import OF_ACCOUNT, Account
from vocapp.problems import NotFound
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.goals.standing import Standing, share_reached, standing
from vocapp.workspaces.models import User

MOST_SHOWN = 100
_HISTORY = 200
_COUNTED: tuple[Standing, ...] = ("open_on_track", "open_behind", "met", "missed")


@dataclass(frozen=True, slots=True)
class Shown:
    """A goal as it stands today; reached: share of the way, None where nothing was measured."""

    goal: SuccessGoal
    standing: Standing
    reached: float | None
    is_overdue: bool

    @property
    def filled(self) -> float:
        """How much of its bar is filled, in 0..100."""
        return round(100 * min(max(self.reached or 0.0, 0.0), 1.0), 1)

    @classmethod
    def of(cls, goal: SuccessGoal, today: date) -> Shown:
        is_late = goal.state == "open" and today > goal.due_on
        reached = share_reached(goal.baseline, goal.target, goal.current)
        return cls(goal, _standing(goal, today), reached, is_late)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a goal's history."""

    at: datetime
    kind: str
    who: str | None
    detail: dict[str, Any]
    note: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    shown: Shown
    account: Account
    history: Sequence[Line]


def _standing(goal: Any, today: date) -> Standing:
    return standing(
        goal.state, baseline=goal.baseline, target=goal.target, current=goal.current,
        begins_on=goal.begins_on, due_on=goal.due_on, today=today,
    )  # fmt: skip


_GOALS = (
    scoped_statement(SuccessGoal)
    .where(SuccessGoal.account_id == OF_ACCOUNT)
    .order_by(case((SuccessGoal.state == "open", 0), else_=1), SuccessGoal.due_on, SuccessGoal.id)
    .limit(MOST_SHOWN)
)


def goals_of(workspace_id: UUID, account_id: UUID, *, today: date) -> list[Shown]:
    """The goals of an account: open ones first, the first due on top; one statement."""
    rows = db.session.scalars(_GOALS, {"workspace_id": workspace_id, "account_id": account_id})
    return [Shown.of(goal, today) for goal in rows]


def goal_detail(workspace_id: UUID, goal_id: UUID, *, today: date) -> Detail:
    """One goal with what was done to it, newest first. Raises NotFound."""
    goal = db.session.scalar(scoped(SuccessGoal, workspace_id).where(SuccessGoal.id == goal_id))
    if goal is None:
        raise NotFound("No such goal.")
    rows = db.session.execute(
        select(GoalEntry, User.name)
        .outerjoin(User, User.id == GoalEntry.actor_user_id)
        .where(GoalEntry.workspace_id == workspace_id, GoalEntry.goal_id == goal_id)
        .order_by(GoalEntry.at.desc(), GoalEntry.id.desc())
        .limit(_HISTORY)
    )
    return Detail(
        Shown.of(goal, today),
        db.session.get_one(Account, (workspace_id, goal.account_id)),
        [Line(entry.at, entry.kind, who, entry.detail, entry.note) for entry, who in rows],
    )


def goal_standing(
    session: Session,
    workspace_id: UUID,
    account_ids: Collection[UUID] | None,
    *,
    today: date,
) -> dict[UUID, tuple[int, int, int, int]]:
    """Account → how many goals are (open and on track, open and behind, met, missed).

    account_ids: None for all of the workspace. One statement; accounts without goals that count
    are left out, and so are goals that were dropped.
    """
    query = select(
        SuccessGoal.account_id, SuccessGoal.state, SuccessGoal.baseline, SuccessGoal.target,
        SuccessGoal.current, SuccessGoal.begins_on, SuccessGoal.due_on,
    ).where(SuccessGoal.workspace_id == workspace_id, SuccessGoal.state != "dropped")  # fmt: skip
    if account_ids is not None:
        query = query.where(SuccessGoal.account_id.in_(account_ids))
    goals: dict[UUID, list[Any]] = {}
    for row in session.execute(query).mappings():
        goals.setdefault(row["account_id"], []).append(row)
    counts = {key: standing_counts(rows, today=today) for key, rows in goals.items()}
    return {key: found for key, found in counts.items() if found is not None}


def standing_counts(
    goals: Sequence[Mapping[str, Any]], *, today: date
) -> tuple[int, int, int, int] | None:
    """How many goals are (open and on track, open and behind, met, missed); None where no goal
    counts. Dropped ones do not."""
    found = Counter(
        standing(
            goal["state"], baseline=goal["baseline"], target=goal["target"],
            current=goal["current"], begins_on=goal["begins_on"], due_on=goal["due_on"],
            today=today,
        )
        for goal in goals
    )  # fmt: skip
    on_track, behind, met, missed = (found[each] for each in _COUNTED)
    return (on_track, behind, met, missed) if on_track + behind + met + missed else None
