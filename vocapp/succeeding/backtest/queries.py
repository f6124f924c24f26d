"""Reads: the back-test of a workspace as its page shows it, and as the API does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select

from surveys.auc import Auc, AucDifference
from surveys.health import Weights
from surveys.health_backtest import Backtest, ComponentFinding, Lift, RuleComparison, Tenth
from surveys.health_months import Month
from surveys.health_schemes import Scheme
from vocapp import outbox
from vocapp.database import snapshot
from vocapp.outbox import Pending
from vocapp.succeeding.backtest.models import HealthBacktest
from vocapp.succeeding.backtest.service import BACKTEST
from vocapp.succeeding.health.models import HealthScheme
from vocapp.succeeding.health.schemes import scheme_in_force, versions
from vocapp.workspaces.models import User


@dataclass(frozen=True, slots=True)
class Learnt:
    """Whether weights learnt from who left do better; see `surveys.health_learning.Learning`."""

    verdict: str
    weights: Weights | None
    judged_from: date | None
    n: int
    learnt: Auc | None
    hand_set: Auc | None
    difference: AucDifference | None


@dataclass(frozen=True, slots=True)
class Result:
    """The last back-test that was done. until: the first day of which nothing was known.

    late: events that came in before arrival was kept; they count as known from kept_since on.
    """

    computed_at: datetime
    until: date
    late: int
    kept_since: datetime | None
    backtest: Backtest
    months: Sequence[Month]
    learning: Learnt | None


@dataclass(frozen=True, slots=True)
class Shown:
    """is_computing: one is due or being worked out; done, total: accounts, 0 before it began."""

    is_computing: bool
    done: int
    total: int
    result: Result | None


def shown(workspace_id: UUID, *, now: datetime) -> Shown:
    """The last result, and how far the next is."""
    with snapshot() as session:
        row = session.get(HealthBacktest, workspace_id)
        waiting = session.scalars(
            outbox.waiting(select(Pending), workspace_id, BACKTEST, workspace_id)
        ).all()
    is_computing = any(each.lease_token is not None or each.due_at <= now for each in waiting)
    is_begun = any(each.lease_token is not None for each in waiting) and row is not None
    return Shown(
        is_computing=is_computing,
        done=row.done if row and is_begun else 0,
        total=row.total if row and is_begun else 0,
        result=_result(row) if row and row.result is not None else None,
    )


@dataclass(frozen=True, slots=True)
class Weighing:
    """Shares of the components, in the order of COMPONENTS: in force, and learnt if there are.

    segments: how many have weights of their own; those in force are then those of all others.
    changes: the newest first, with who made them.
    """

    now: Sequence[float]
    learnt: Sequence[float] | None
    is_initial: bool
    is_learnt: bool
    segments: int
    changes: Sequence[tuple[HealthScheme, str | None]]


def weighing(workspace_id: UUID, learnt: Learnt | None) -> Weighing:
    """Which weights count, which were learnt, and how they changed."""
    with snapshot() as session:
        scheme = scheme_in_force(session, workspace_id)
        changes = versions(session, workspace_id)
        names = {
            row.id: row.name
            for row in session.execute(
                select(User.id, User.name).where(
                    User.id.in_({each.actor_user_id for each in changes})
                )
            )
        }
    weights = learnt.weights if learnt else None
    return Weighing(
        now=scheme.weights.shares(),
        learnt=weights.shares() if weights else None,
        is_initial=scheme == Scheme(bands=scheme.bands),
        is_learnt=weights == scheme.weights and not scheme.segments,
        segments=len(scheme.segments),
        changes=[(each, names.get(each.actor_user_id)) for each in changes],
    )


def offered_weights(workspace_id: UUID) -> Weights | None:
    """The learnt weights of the last back-test, if it offers them."""
    with snapshot() as session:
        row = session.get(HealthBacktest, workspace_id)
    stored = (row.result or {}).get("learning") if row else None
    if not stored or stored["verdict"] != "offered":
        return None
    return Weights(**stored["weights"])


def _result(row: HealthBacktest) -> Result:
    stored = row.result or {}
    assert row.computed_at is not None
    return Result(
        computed_at=row.computed_at,
        until=date.fromisoformat(stored["until"]),
        late=stored["late"],
        kept_since=datetime.fromisoformat(stored["kept_since"]) if stored["kept_since"] else None,
        backtest=_backtest(stored["backtest"]),
        months=[
            Month(**(each | {"month": date.fromisoformat(each["month"])}))
            for each in stored["months"]
        ],
        # A result of an earlier version of the product says nothing of it.
        learning=_learnt(stored["learning"]) if "learning" in stored else None,
    )


def _learnt(stored: Mapping[str, Any]) -> Learnt:
    judged_from = stored["judged_from"]
    return Learnt(
        stored["verdict"],
        Weights(**stored["weights"]) if stored["weights"] else None,
        date.fromisoformat(judged_from) if judged_from else None,
        stored["n"],
        _auc(stored["learnt"]),
        _auc(stored["hand_set"]),
        _difference(stored["difference"]),
    )


def _backtest(stored: Mapping[str, Any]) -> Backtest:
    return Backtest(
        **{
            **stored,
            "verdict": tuple(stored["verdict"]),
            "auc": _auc(stored["auc"]),
            "calibration": tuple(Tenth(**each) for each in stored["calibration"]),
            "lift": Lift(**stored["lift"]) if stored["lift"] else None,
            "components": tuple(
                ComponentFinding(**(each | {"difference": _difference(each["difference"])}))
                for each in stored["components"]
            ),
            "rules": tuple(
                RuleComparison(
                    each["rule"], each["n"], _auc(each["score"]), _auc(each["alone"]),
                    _difference(each["difference"]),
                )
                for each in stored["rules"]
            ),
        }
    )  # fmt: skip


def _auc(stored: Mapping[str, Any] | None) -> Auc | None:
    return Auc(**stored) if stored else None


def _difference(stored: Mapping[str, Any] | None) -> AucDifference | None:
    return AucDifference(**stored) if stored else None


def present(workspace_id: UUID, *, now: datetime) -> dict[str, Any]:
    """The same for machines: the result as it is stored."""
    found = shown(workspace_id, now=now)
    with snapshot() as session:
        row = session.get(HealthBacktest, workspace_id)
    stored = row.result if row else None
    return {
        "is_computing": found.is_computing,
        "computed_at": row.computed_at.isoformat() if row and row.computed_at else None,
        "interval_level": 0.95,
        "until": stored["until"] if stored else None,
        "backtest": stored["backtest"] if stored else None,
        "months": stored["months"] if stored else [],
        "learning": stored.get("learning") if stored else None,
    }
