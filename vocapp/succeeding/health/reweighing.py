"""What other weights would make of the health of all accounts, before anybody saves them.

From the points of components as they are stored: nothing is read anew, and nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.health import Band, band, weighted_scores
from surveys.health_schemes import Scheme
from vocapp.people.models import Account
from vocapp.succeeding.health.models import BANDS, AccountHealth

_FIRST = 10


@dataclass(frozen=True, slots=True)
class Mover:
    """An account that would be in another band."""

    external_id: str
    name: str
    before: str | None
    after: str | None
    score_before: float | None
    score_after: float | None


@dataclass(frozen=True, slots=True)
class Preview:
    """counted: accounts with a health. moves: (band now, band then) → accounts, None: not known.

    first: some of those that would move, the largest change of the score first.
    """

    counted: int
    moves: Sequence[tuple[str | None, str | None, int]]
    first: Sequence[Mover]

    @property
    def moved(self) -> int:
        return sum(n for before, after, n in self.moves if before != after)


def preview(
    session: Session, workspace_id: UUID, scheme: Scheme, facts: Mapping[UUID, Mapping[str, Any]]
) -> Preview:
    """Which accounts would change their band. facts: of all accounts, by what they are told apart;
    not needed without segments."""
    rows = session.execute(
        select(
            Account.id, Account.external_id, Account.name,
            AccountHealth.score, AccountHealth.band, AccountHealth.last_band,
            AccountHealth.components,
        )
        .join(
            AccountHealth,
            (AccountHealth.workspace_id == Account.workspace_id)
            & (AccountHealth.account_id == Account.id),
        )
        .where(Account.workspace_id == workspace_id)
    ).all()  # fmt: skip
    rows = [row for row in rows if row.components]
    if not rows:
        return Preview(0, (), ())
    points = np.array(
        [[_or_nan(each["points"]) for each in row.components] for row in rows], dtype=float
    )
    # The last is that of the accounts in no segment.
    own = np.array([each.shares() for each in (*(s.weights for s in scheme.segments),
                                               scheme.weights)])  # fmt: skip
    places = [scheme.place_of(facts.get(row.id, {})) for row in rows]
    shares = own[[-1 if place is None else place for place in places]]
    scores, _ = weighted_scores(points, shares)
    movers, moves = [], Counter[tuple[str | None, str | None]]()
    for row, found in zip(rows, scores.tolist(), strict=True):
        score = None if np.isnan(found) else found
        previous = cast("Band | None", row.last_band)
        after = None if score is None else band(score, previous, bands=scheme.bands)
        moves[row.band, after] += 1
        if after != row.band:
            movers.append(Mover(row.external_id, row.name, row.band, after, row.score, score))
    movers.sort(key=lambda each: (-_distance(each), each.external_id))
    order = [*BANDS, None]
    listed = [(*pair, n) for pair, n in moves.items()]
    listed.sort(key=lambda each: (order.index(each[0]), order.index(each[1])))
    return Preview(len(rows), listed, movers[:_FIRST])


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _distance(mover: Mover) -> float:
    if mover.score_before is None or mover.score_after is None:
        return 100.0
    return abs(mover.score_after - mover.score_before)
