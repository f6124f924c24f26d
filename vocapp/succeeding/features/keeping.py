"""Pending work: every night, and when asked, the screen of features for each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import delete
from sqlalchemy.orm import Session

from surveys.survival import Association, Curve, Group, Screening, screen_features, survival_at
from vocapp import outbox
from vocapp.database import insert_absent, snapshot, transaction, utcnow
from vocapp.outbox import Pending
from vocapp.succeeding.features.models import FeatureFinding, FeatureScreen
from vocapp.succeeding.features.reading import Customers, read_customers
from vocapp.workspaces.nights import keep_nightly, time_zone_of

FEATURES = "features"
WINDOWS = (30, 60, 90)  # days after the beginning in which a feature is used or not
MOST_FEATURES = 60
STEP_DAYS = 30  # between the points of a curve that are kept
_MOST_STEPS = 60


@dataclass(frozen=True, slots=True)
class _Screen:
    window_days: int
    screening: Screening
    rows: list[dict[str, Any]]
    row: dict[str, Any]


def see_to_keeping(workspace_id: UUID, *, now: datetime) -> None:
    """Begin where nobody has begun; from then on it goes on by itself."""
    with snapshot() as session:
        if outbox.is_waiting(session, workspace_id, FEATURES, workspace_id):
            return
    with transaction() as session:
        outbox.add(session, workspace_id, FEATURES, workspace_id, now=now, priority=outbox.BACKLOG)
    outbox.ring(FEATURES)


def ask_for_screen(workspace_id: UUID, *, now: datetime) -> None:
    """Have it computed now instead of tonight; asking twice computes once."""
    with transaction() as session:
        outbox.ask_now(session, workspace_id, FEATURES, workspace_id, now=now)
    outbox.ring(FEATURES)


def compute_screens(rows: Sequence[Pending]) -> list[outbox.Outcome]:
    """Outbox work: the screens of these workspaces, as of now."""
    return [_outcome(row.workspace_id, now=utcnow()) for row in rows]


def _outcome(workspace_id: UUID, *, now: datetime) -> outbox.Outcome:
    with snapshot() as session:
        customers = read_customers(
            session, workspace_id, window_days=max(WINDOWS),
            time_zone=time_zone_of(session, workspace_id), now=now,
        )  # fmt: skip
    screens = [_screen(customers, window_days) for window_days in WINDOWS]
    return partial(_keep, workspace_id=workspace_id, screens=screens, now=now)


def _keep(
    session: Session, *, workspace_id: UUID, screens: Sequence[_Screen], now: datetime
) -> None:
    for table in (FeatureFinding, FeatureScreen):
        session.execute(delete(table).where(table.workspace_id == workspace_id))
    of = {"workspace_id": workspace_id}
    insert_absent(
        session, FeatureScreen, [of | {"computed_at": now} | each.row for each in screens]
    )
    insert_absent(session, FeatureFinding, [of | row for each in screens for row in each.rows])
    keep_nightly(session, workspace_id, FEATURES, now=now, done=1, priority=outbox.BACKLOG)


def _screen(customers: Customers, window_days: int) -> _Screen:
    features = customers.features(window_days, most=MOST_FEATURES)
    days, lost = customers.days, customers.lost
    screening = screen_features(
        days, lost, features, landmark_days=window_days, strata=customers.strata
    )
    here = days > window_days
    by_key = {each.key: each for each in features}
    rows = []
    for place, found in enumerate(screening.associations):
        feature = by_key[found.key]
        rows.append(
            {
                "window_days": window_days, "feature": found.key, "place": place,
                "found": stored(found),
                "compared": _bits(feature.among(here)[here]),
                "used": _bits(feature.first_used[here] < window_days),
            }
        )  # fmt: skip
    row = {
        "window_days": window_days,
        "told": {
            "n": screening.n, "lost_before": screening.lost_before, "too_new": screening.too_new,
            "strata": screening.strata, "unknown": customers.unknown,
            "left_out": max(0, len(customers.uses) - MOST_FEATURES),
            "usage_since": customers.usage_since and customers.usage_since.isoformat(),
        },
        "accounts": b"".join(
            account.bytes
            for account, is_here in zip(customers.accounts, here, strict=True) if is_here
        ),
        "lost": _bits(lost[here]),
    }  # fmt: skip
    return _Screen(window_days, screening, rows, row)


def _bits(flags: Any) -> bytes:
    return np.packbits(flags).tobytes()


# --- what is kept of a finding --------------------------------------------------------------


def stored(found: Association) -> dict[str, Any]:
    """A finding in JSON values; infinite limits are null."""
    ratio = found.hazard_ratio
    return {
        "users": _group(found.users),
        "others": _group(found.others),
        "ratio": ratio
        and {
            "value": _finite(ratio.value), "low": ratio.low, "high": _finite(ratio.high),
            "p_value": ratio.p_value,
        },
        "differs": found.differs,
        "reason": found.reason,
    }  # fmt: skip


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _group(group: Group) -> dict[str, Any]:
    return {
        "n": group.n,
        "lost": group.lost,
        "median": group.median.value,
        "points": _points(group.curve),
    }


def _points(curve: Curve) -> list[list[float]]:
    """[day, survival, low, high, at risk] every STEP_DAYS, as far as anybody is watched."""
    points = []
    for step in range(_MOST_STEPS + 1):
        point = survival_at(curve, step * STEP_DAYS)
        if point is None or not point.at_risk:
            break
        points.append(
            [step * STEP_DAYS, point.survival, point.low, point.high, float(point.at_risk)]
        )
    return points
