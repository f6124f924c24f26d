"""Weights learnt from who left, offered only where they foretell better than the hand-set ones.

Learnt on earlier months, judged on later ones, with so many days between that no outcome the
learning saw lies in the time it is judged on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from scipy.special import expit, logit, xlogy
from sklearn.linear_model import LogisticRegression

from surveys.auc import Auc, AucDifference, auc, auc_difference
from surveys.health import Weights, weighted_scores
from surveys.health_backtest import LEAST_ACCOUNTS, Tenth, churn_by_tenths, is_thin
from surveys.health_facts import COMPONENTS
from surveys.health_observations import HORIZON_DAYS, Floats, Observation, Rows, rows_of

STRENGTHS = (0.001, 0.01, 0.1, 1.0, 10.0)  # inverse: the smaller, the nearer to no weights at all
BLOCKS = 5
LEAST_IN_FOLD = 10  # accounts that left, to learn from
_SURE = 1e-6


@dataclass(frozen=True, slots=True)
class LearntComponent:
    """mean, spread: of its points where it was learnt. weight: by how much the log odds of leaving
    rise per spread; unknown: by how much where it is not known, 0 if it was always known.
    """

    key: str
    mean: float
    spread: float
    weight: float
    unknown: float


@dataclass(frozen=True, slots=True)
class LearntScore:
    """A logistic regression as plain numbers. base: log odds of an account of means.

    components: those that had anything to learn from.
    """

    base: float
    strength: float
    components: tuple[LearntComponent, ...]

    def risks(self, points: Floats) -> Floats:
        """Chances of leaving within the horizon, shape (n,).

        points: shape (n, 7), in the order of COMPONENTS, nan where not known: such a component
        adds what it added where it was learnt, and nothing where it was always known.
        """
        odds = np.full(len(points), self.base)
        for each in self.components:
            column = points[:, COMPONENTS.index(each.key)]
            moved = each.weight * (column - each.mean) / each.spread
            odds += np.where(np.isnan(column), each.unknown, moved)
        return np.asarray(expit(odds))

    def scores(self, points: Floats) -> Floats:
        """The same from 0 to 100, high where nobody leaves."""
        return 100 * (1 - self.risks(points))

    def codes(self) -> tuple[str, ...]:
        """What multiplies the odds of leaving, the strongest component first.

        ``odds_per_10_points:usage:0.72``; ``odds_unknown:usage:1.3``: against an account of the
        mean.
        """
        ordered = sorted(self.components, key=lambda each: -abs(each.weight))
        codes = []
        for each in ordered:
            times = np.exp(10 * each.weight / each.spread)
            codes.append(f"odds_per_10_points:{each.key}:{times:.3g}")
            if each.unknown:
                codes.append(f"odds_unknown:{each.key}:{np.exp(each.unknown):.3g}")
        return tuple(codes)

    def as_json(self) -> dict[str, Any]:
        """Plain values, to be stored; `from_json` reads them."""
        return asdict(self) | {"components": [asdict(each) for each in self.components]}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> LearntScore:
        """What `as_json` gave."""
        components = tuple(LearntComponent(**each) for each in stored["components"])
        return cls(stored["base"], stored["strength"], components)


@dataclass(frozen=True, slots=True)
class Learning:
    """A learnt score and how it did on later months.

    verdict: ``too_thin``; ``offered``: better than the hand-set one beyond chance; ``not_better``;
    ``worse``. weights: what the model says as weights of the score (`weights_of`); these are
    judged, as they are what would be used; None where there are none. learnt_until: the first day
    after the months learnt from. judged_from: the first month judged. n: rows judged. difference:
    AUC learnt less hand-set. brier: mean squared error of the chances; brier_of_rate: of saying
    the share that left before, for all. ece: mean distance of chances and shares over tenths. All
    None or empty where it is too thin.
    """

    verdict: str
    model: LearntScore | None = None
    weights: Weights | None = None
    learnt_until: date | None = None
    judged_from: date | None = None
    n: int = 0
    learnt: Auc | None = None
    hand_set: Auc | None = None
    difference: AucDifference | None = None
    brier: float | None = None
    brier_of_rate: float | None = None
    ece: float | None = None
    calibration: tuple[Tenth, ...] = ()


def learn(observations: Sequence[Observation], *, until: date, level: float = 0.95) -> Learning:
    """Learn weights from earlier months and judge them on later ones.

    until, level, and errors: as in `surveys.health_backtest.backtest`. The same observations give
    the same result; there is no chance in it.

    1. Rows without a score are left out, as the hand-set score could not be judged on them.
    2. The months are parted where the side with fewer accounts that left has the most; months
       whose 90 days reach into the later part are in neither. Fewer than 30 accounts that left,
       or stayed, on a side: too thin.
    3. L2 logistic regression on standardised points, unknown ones at the mean with an indicator
       (Hoerl and Kennard, Technometrics 12(1), 1970; le Cessie and van Houwelingen, Applied
       Statistics 41(1), 1992). Its strength is the one with the least log loss over blocks of
       months within the earlier part, each foretold from months before it, parted likewise.
    4. The model as weights of the score (`weights_of`). Offered where the interval of the
       difference of AUC on the later months lies above 0.
    """
    rows, _ = rows_of(observations, until=until)
    return learn_rows(rows, level=level)


def learn_rows(rows: Rows, *, level: float = 0.95) -> Learning:
    """`learn` from rows whose days are over."""
    rows = rows.where(~np.isnan(rows.score))
    start = _parting(rows)
    if start is None:
        return Learning("too_thin")
    earlier, later = _before(rows, start), rows.where(rows.month >= start)
    strength = _best_strength(earlier)
    if strength is None:
        return Learning("too_thin")
    return _judged(_fit(earlier, strength), earlier, later, level)


def weights_of(model: LearntScore) -> Weights | None:
    """Weights of the score by which a point counts as much as it lowers the log odds of leaving.

    They sum to 100. A component of which more points go with leaving sooner gets none: a score
    that falls where things get better could not be acted on. None where no component is left.
    """
    pulls = {each.key: max(0.0, -each.weight / each.spread) for each in model.components}
    total = sum(pulls.values())
    if not total:
        return None
    return Weights(**{key: 100 * pulls.get(key, 0.0) / total for key in COMPONENTS})


def _judged(model: LearntScore, earlier: Rows, later: Rows, level: float) -> Learning:
    weights = weights_of(model)
    scores = np.zeros(len(later))  # all alike, where there are no weights
    if weights is not None:
        shares = np.array(weights.shares())
        scores, _ = weighted_scores(later.points, shares, least_coverage=0.0)
    known = ~np.isnan(scores)
    later, scores = later.where(known), scores[known]
    if is_thin(later):
        return Learning("too_thin")
    risks = model.risks(later.points)
    events, accounts = later.churned, later.account
    difference = auc_difference(-scores, -later.score, events, accounts, level=level)
    calibration = churn_by_tenths(risks, events, accounts, level=level)
    distances = [each.n * abs(each.mean - each.share) for each in calibration]
    verdict = "offered" if weights is not None and difference.low > 0 else "not_better"
    return Learning(
        verdict="worse" if difference.high < 0 else verdict,
        model=model,
        weights=weights,
        learnt_until=_next_month(int(earlier.month.max())),
        judged_from=date.fromordinal(int(later.month.min())),
        n=len(later),
        learnt=auc(-scores, events, accounts, level=level),
        hand_set=auc(-later.score, events, accounts, level=level),
        difference=difference,
        brier=float(((risks - events) ** 2).mean()),
        brier_of_rate=float(((earlier.churned.mean() - events) ** 2).mean()),
        ece=sum(distances) / len(later),
        calibration=calibration,
    )


def _next_month(ordinal: int) -> date:
    first = date.fromordinal(ordinal)
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def _before(rows: Rows, start: int) -> Rows:
    """Rows whose days are over before `start`."""
    return rows.where(rows.month + HORIZON_DAYS <= start)


def _parting(rows: Rows) -> int | None:
    """The month from which on to judge; the later one of equally good ones. None: too thin."""
    best, best_month = LEAST_ACCOUNTS - 1, None
    for start in np.unique(rows.month).tolist():
        sides = _before(rows, start), rows.where(rows.month >= start)
        fewer = min(side.churned_accounts for side in sides)
        if fewer >= max(best, LEAST_ACCOUNTS) and not any(is_thin(side) for side in sides):
            best, best_month = fewer, start
    return best_month


def _best_strength(rows: Rows) -> float | None:
    folds = list(_folds(rows))
    if not folds:
        return None
    losses = [
        sum(_log_loss(_fit(known, strength), asked) for known, asked in folds)
        for strength in STRENGTHS
    ]
    return STRENGTHS[int(np.argmin(losses))]


def _folds(rows: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Blocks of months, and what was over before each."""
    blocks = np.array_split(np.unique(rows.month), BLOCKS)
    for block in blocks:
        if not len(block):
            continue
        known = _before(rows, int(block[0]))
        asked = rows.where((rows.month >= block[0]) & (rows.month <= block[-1]))
        if min(known.churned_accounts, known.staying_accounts) >= LEAST_IN_FOLD:
            yield known, asked


def _log_loss(model: LearntScore, rows: Rows) -> float:
    risks = model.risks(rows.points).clip(_SURE, 1 - _SURE)
    each = xlogy(rows.churned, risks) + xlogy(~rows.churned, 1 - risks)
    return float(-each.sum())


def _fit(rows: Rows, strength: float) -> LearntScore:
    known = ~np.isnan(rows.points)
    use = [at for at, column in enumerate(known.T) if _varies(rows.points[column, at])]
    if not use:
        return LearntScore(float(logit(rows.churned.mean())), strength, ())
    points = rows.points[:, use]
    means, spreads = np.nanmean(points, axis=0), np.nanstd(points, axis=0)
    unknown = np.isnan(points)
    table = np.column_stack([np.nan_to_num((points - means) / spreads), unknown])
    model = LogisticRegression(C=strength, solver="newton-cholesky", max_iter=200)
    model.fit(table, rows.churned)
    weights, of_unknown = model.coef_[0].reshape(2, len(use))
    figures = zip(
        means, spreads, weights, np.where(unknown.any(axis=0), of_unknown, 0), strict=True
    )
    return LearntScore(
        base=float(model.intercept_[0]),
        strength=strength,
        components=tuple(
            LearntComponent(COMPONENTS[at], *(float(figure) for figure in each))
            for at, each in zip(use, figures, strict=True)
        ),
    )


def _varies(points: Floats) -> bool:
    return len(points) > 1 and bool(np.ptp(points) > 0)
