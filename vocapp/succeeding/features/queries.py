"""Reads: the screen as it was last computed, and the accounts behind its numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy import select

from vocapp import outbox
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.problems import NotFound
from vocapp.succeeding.features.keeping import FEATURES
from vocapp.succeeding.features.models import FeatureFinding, FeatureScreen

Verdict = Literal["longer", "shorter", "unclear", "too_few"]
_ID = 16
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Point:
    """Days after the window: share still there, its interval, how many are watched from then on."""

    day: int
    survival: float
    low: float
    high: float
    at_risk: int


@dataclass(frozen=True, slots=True)
class Side:
    """Who used the feature in the window, or who did not. median: days until half have left."""

    n: int
    lost: int
    median: float | None
    points: tuple[Point, ...]

    def at(self, day: int) -> Point | None:
        return next((each for each in self.points if each.day == day), None)


@dataclass(frozen=True, slots=True)
class Feature:
    """What was found of a feature. ratio: how often its users leave for each time that the others
    do; low, high: its interval, high None for no limit; None of all where reason says why not."""

    name: str
    users: Side
    others: Side
    ratio: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: Verdict
    reason: str | None


@dataclass(frozen=True, slots=True)
class Screen:
    """The last screen of a window; n: accounts that were there at its end."""

    window_days: int
    computed_at: datetime
    usage_since: datetime | None
    n: int
    lost_before: int
    too_new: int
    unknown: int
    left_out: int
    features: tuple[Feature, ...]

    @property
    def compared(self) -> tuple[Feature, ...]:
        return tuple(each for each in self.features if each.reason is None)

    @property
    def not_compared(self) -> tuple[Feature, ...]:
        return tuple(each for each in self.features if each.reason is not None)


def screen_of(workspace_id: UUID, window_days: int) -> Screen | None:
    """None where nothing was computed yet."""
    row = db.session.get(FeatureScreen, (workspace_id, window_days))
    if row is None:
        return None
    findings = db.session.scalars(
        scoped(FeatureFinding, workspace_id)
        .where(FeatureFinding.window_days == window_days)
        .order_by(FeatureFinding.place)
    )
    told = row.told
    since = told["usage_since"]
    return Screen(
        window_days=window_days,
        computed_at=row.computed_at,
        usage_since=datetime.fromisoformat(since) if since else None,
        n=told["n"],
        lost_before=told["lost_before"],
        too_new=told["too_new"],
        unknown=told["unknown"],
        left_out=told["left_out"],
        features=tuple(_feature(each.feature, each.found) for each in findings),
    )


def is_computing(workspace_id: UUID, *, now: datetime) -> bool:
    """Whether newer figures are on their way."""
    waiting = outbox.waiting(select(Pending.id), workspace_id, FEATURES, workspace_id)
    return db.session.scalar(waiting.where(Pending.due_at <= now).limit(1)) is not None


def _feature(name: str, found: Mapping[str, Any]) -> Feature:
    ratio = found["ratio"] or {}
    return Feature(
        name=name,
        users=_side(found["users"]),
        others=_side(found["others"]),
        ratio=ratio.get("value"),
        low=ratio.get("low"),
        high=ratio.get("high"),
        p_value=ratio.get("p_value"),
        verdict=_verdict(found),
        reason=found["reason"],
    )


def _verdict(found: Mapping[str, Any]) -> Verdict:
    if found["reason"] or not found["ratio"]:
        return "too_few"
    if not found["differs"]:
        return "unclear"
    value = found["ratio"]["value"]
    return "longer" if value is not None and value < 1 else "shorter"


def _side(stored: Mapping[str, Any]) -> Side:
    points = (
        Point(int(day), survival, low, high, int(at_risk))
        for day, survival, low, high, at_risk in stored["points"]
    )
    return Side(stored["n"], stored["lost"], stored["median"], tuple(points))


# --- the accounts behind a number -----------------------------------------------------------

# By what a list is called: used it in the window, and left later; None: whichever.
LISTS: Mapping[str, tuple[bool | None, bool | None]] = {
    "all": (None, None),
    "used": (True, None),
    "used_lost": (True, True),
    "not_used": (False, None),
    "not_used_lost": (False, True),
    "not_used_here": (False, False),
}


@dataclass(frozen=True, slots=True)
class Behind:
    """An account of a list, as it is called and looked after now."""

    external_id: str
    name: str
    plan: str | None
    owner_user_id: UUID | None
    has_left: bool

    @property
    def shown(self) -> str:
        return self.name or self.external_id


def accounts_behind(
    workspace_id: UUID, window_days: int, feature: str | None, which: str
) -> list[Behind]:
    """The accounts of one of LISTS, by name; those that are no more are left out.

    feature None: of all that are compared. None before anything was computed. Raises NotFound for
    a feature that is not there.
    """
    screen = db.session.get(FeatureScreen, (workspace_id, window_days))
    if screen is None:
        return []
    ids = [UUID(bytes=screen.accounts[at : at + _ID]) for at in range(0, len(screen.accounts), _ID)]
    lost = _flags(screen.lost, len(ids))
    wanted = np.ones(len(ids), dtype=bool)
    wants_use, wants_loss = LISTS[which]
    if feature is not None:
        found = db.session.get(FeatureFinding, (workspace_id, window_days, feature))
        if found is None:
            raise NotFound("No such feature.")
        wanted &= _flags(found.compared, len(ids))
        if wants_use is not None:
            wanted &= _flags(found.used, len(ids)) == wants_use
    if wants_loss is not None:
        wanted &= lost == wants_loss
    chosen = {ids[place]: bool(lost[place]) for place in np.flatnonzero(wanted)}
    return sorted(_accounts(workspace_id, chosen), key=lambda each: (each.shown, each.external_id))


def _flags(packed: bytes, n: int) -> Any:
    return np.unpackbits(np.frombuffer(packed, dtype=np.uint8), count=n).astype(bool)


def _accounts(workspace_id: UUID, chosen: Mapping[UUID, bool]) -> list[Behind]:
    found = []
    keys: Sequence[UUID] = list(chosen)
    for start in range(0, len(keys), _CHUNK):
        rows = db.session.execute(
            select(
                Account.id, Account.external_id, Account.name, Account.plan, Account.owner_user_id
            ).where(
                Account.workspace_id == workspace_id, Account.id.in_(keys[start : start + _CHUNK])
            )
        )
        found += [
            Behind(row.external_id, row.name, row.plan, row.owner_user_id, chosen[row.id])
            for row in rows
        ]
    return found
