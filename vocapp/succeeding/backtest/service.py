"""Pending work: the back-test of a workspace, every month and when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from surveys.health_backtest import backtest_rows
from surveys.health_months import months_of
from surveys.periods import day_bounds, local_day, period_end
from vocapp import outbox
from vocapp.database import insert_into, snapshot, transaction, utcnow
from vocapp.succeeding.backtest.models import HealthBacktest
from vocapp.succeeding.backtest.observing import Observed, observe
from vocapp.workspaces.nights import time_zone_of
from vocapp.workspaces.service import audit

BACKTEST = "health_backtest"


def ask_for_backtest(workspace_id: UUID, *, actor_user_id: UUID | None, now: datetime) -> None:
    """Have it worked out now; asking twice works it out once."""
    with transaction() as session:
        outbox.ask_now(
            session, workspace_id, BACKTEST, workspace_id, now=now, priority=outbox.BACKLOG
        )
        audit(session, workspace_id, "health_backtest.asked", actor_user_id=actor_user_id, now=now)
    outbox.ring(BACKTEST)


def see_to_backtest(workspace_id: UUID, *, now: datetime) -> None:
    """Have the first one worked out where nobody asked yet; from then on it is every month."""
    with snapshot() as session:
        if outbox.is_waiting(session, workspace_id, BACKTEST, workspace_id):
            return
    with transaction() as session:
        outbox.add(session, workspace_id, BACKTEST, workspace_id, now=now, priority=outbox.BACKLOG)
    outbox.ring(BACKTEST)


def work_out(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: how well the score of each workspace foretold who left."""
    return [_worked_out(row.workspace_id) for row in rows]


def _worked_out(workspace_id: UUID) -> outbox.Outcome:
    now = utcnow()
    say = partial(_say, workspace_id, began_at=now)
    observed = observe(workspace_id, now=now, say=say)
    return partial(_keep, workspace_id=workspace_id, result=result_of(observed), now=utcnow())


def _say(workspace_id: UUID, done: int, total: int, *, began_at: datetime) -> None:
    """How far it is, for whoever waits at the page."""
    values = {"began_at": began_at, "done": done, "total": total}
    with transaction() as session:
        offered = insert_into(session, HealthBacktest).values(workspace_id=workspace_id, **values)
        session.execute(offered.on_conflict_do_update(index_elements=["workspace_id"], set_=values))


def result_of(observed: Observed) -> dict[str, Any]:
    """Plain values, as they are stored: `backtest` as `surveys.health_backtest.Backtest` has it,
    `months` as `surveys.health_months.Month`, `learning` as `surveys.health_learning.Learning`
    without its model; days as ISO dates.
    """
    # Only a worker learns: scikit-learn is tens of megabytes.
    from surveys.health_learning import learn_rows

    found = backtest_rows(observed.rows, not_over=observed.not_over)
    learning = learn_rows(observed.rows)
    kept_since = observed.kept_since
    return {
        "until": observed.until.isoformat(),
        "late": observed.late,
        "kept_since": kept_since.isoformat() if kept_since else None,
        "backtest": asdict(found),
        "learning": {
            "verdict": learning.verdict,
            "weights": asdict(learning.weights) if learning.weights else None,
            "judged_from": learning.judged_from.isoformat() if learning.judged_from else None,
            "n": learning.n,
            "learnt": asdict(learning.learnt) if learning.learnt else None,
            "hand_set": asdict(learning.hand_set) if learning.hand_set else None,
            "difference": asdict(learning.difference) if learning.difference else None,
        },
        "months": [
            asdict(each) | {"month": each.month.isoformat()} for each in months_of(observed.rows)
        ],
    }


def _keep(session: Session, *, workspace_id: UUID, result: dict[str, Any], now: datetime) -> None:
    session.execute(
        update(HealthBacktest)
        .where(HealthBacktest.workspace_id == workspace_id)
        .values(result=result, computed_at=now)
    )
    if outbox.pending_count(session, workspace_id, BACKTEST) > 1:
        return  # somebody asked meanwhile: the next one plans the next month's
    zone = time_zone_of(session, workspace_id)
    outbox.add(
        session, workspace_id, BACKTEST, workspace_id, now=now, priority=outbox.BACKLOG,
        due_at=day_bounds(period_end(local_day(now, zone), "month"), zone)[0] + timedelta(hours=3),
    )  # fmt: skip
