"""An alarm for a watched score: looked at every day, and yet rarely wrong in a whole year.

A test at 5 % that is repeated daily is wrong sooner or later. Here the evidence is a test
martingale: without a change it hardly ever grows large, however often one looks.
Why this method: docs/adr/0009-alarms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from surveys.intervals import point_values
from surveys.scoring import checked_counts

YEAR = 365

# Falls that are looked for, in standard deviations of one answer, and the weight of each. Fifteen
# NPS points are about 0.2.
_FALLS = np.array([0.2, 0.4])
_WEIGHTS = np.array([0.75, 0.25])
# Ville's bound is for ever; in a year no more than this part of it is used up, as simulated.
_USED_IN_A_YEAR = 0.5
# Spread over the scale, so that answers which never varied yet can begin to.
_SMOOTHING = 4

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alarm:
    """What a watched score has said so far.

    day: index of the first day on which the evidence reached the threshold, or None. since:
    index of the day from which on the score most probably is lower, as seen on that day, always
    one with answers; None without an alarm. evidence: of each day, >= 0, about 1 where nothing
    speaks for a fall. threshold: 0.5 / false_alarms.
    """

    day: int | None
    since: int | None
    evidence: tuple[float, ...]
    threshold: float


def watch(
    kind: str,
    baseline: Sequence[int],
    days: Sequence[Sequence[int]],
    *,
    false_alarms: float = 0.05,
    design_effect: float = 1.0,
) -> Alarm:
    """Has the score fallen below what it was, on any of the days watched?

    baseline: histogram of the time before (about 90 days; may be empty: then the first days
    are compared with later ones). days: a histogram per day, at most YEAR of them; a day without
    an answer changes nothing. false_alarms: the share of unchanged years with an alarm, in 0..1,
    exclusive. design_effect: where answers are clustered, each counts as that much less (below 1
    counts as 1). ValueError for wrong shapes, more days than YEAR, or figures out of range.

    1. For a fall on day k, answers since k are compared with all before it, baseline included:
       W = r S_new - (1 - r) S_old with sums S and r = n_old / n, so that the error of the
       baseline is part of the test.
    2. Its likelihood ratio for a tilt t is exp(t W - K(t)), K the cumulant of W when all answers
       so far come from one distribution; not s²t²/2, as rare bad answers are far from normal.
    3. The ratios are averaged over falls of 0.2 and 0.4 standard deviations and over all days of
       the year, those to come counting 1. By Ville's inequality this average ever reaches c
       with chance 1 / c at most. Within a year it is about half of that, as simulated: the
       alarm is at 0.5 / false_alarms; what is proven is twice the rate of false_alarms.

    Sources: Robbins, Annals of Mathematical Statistics 41, 1970 (mixtures); Howard, Ramdas,
    McAuliffe, Sekhon, Annals of Statistics 49, 2021 (cumulants, any day); Pérez-Ortiz, Lardy, de
    Heide, Grünwald, Annals of Statistics 52, 2024 (unknown baseline); Shin, Ramdas, Rinaldo, New
    England Journal of Statistics in Data Science 2, 2024 (sums over days of change). The bound
    is exact for normal answers of known variance; here the distribution is estimated, and
    the rate is confirmed by simulation.

    >>> steady, worse = [0, 0, 4, 0, 16], [0, 0, 12, 0, 8]
    >>> found = watch("csat", [0, 0, 360, 0, 1440], [steady] * 10 + [worse] * 10)
    >>> found.day, found.since
    (11, 10)
    >>> watch("csat", [0, 0, 360, 0, 1440], [steady] * 20).day is None
    True
    """
    if not 0 < false_alarms < 1:
        raise ValueError(f"false_alarms: expected a number between 0 and 1, got {false_alarms!r}")
    if not design_effect > 0:
        raise ValueError(f"design_effect: expected a number above 0, got {design_effect!r}")
    if len(days) > YEAR:
        raise ValueError(f"days: expected at most {YEAR}, got {len(days)}")
    checked = [checked_counts(kind, counts) for counts in (baseline, *days)]
    values, table = _by_value(kind, np.array(checked, dtype=float) / max(1.0, design_effect))
    threshold = _USED_IN_A_YEAR / false_alarms
    evidence = []
    day = since = None
    for today in range(len(days)):
        log_ratios = _log_ratios(values, table[: today + 2])
        found = _average(log_ratios)
        evidence.append(found)
        if day is None and found >= threshold:
            # Days without answers before it are as likely as the day itself.
            has_answers = table[1 : today + 2].any(axis=1)
            day, since = today, int(np.argmax(np.where(has_answers, log_ratios, -np.inf)))
    return Alarm(day=day, since=since, evidence=tuple(evidence), threshold=threshold)


def answers_missing(n: int, *, false_alarms: float = 0.05, design_effect: float = 1.0) -> int:
    """How many more answers before a fall it takes for a fall of 0.2 standard deviations to be
    noticed at all; >= 0.

    n: the answers so far, >= 0. A fall of d deviations between n before and m after it has a log
    ratio of n m / (n + m) d² / 2 in the mean, which stays below n d² / 2 whatever m. The alarm
    takes log(threshold YEAR) less the log of the fall's weight. With just as many answers the
    fall is noticed late; a larger one is noticed with fewer.

    >>> answers_missing(0), answers_missing(300), answers_missing(1800)
    (425, 125, 0)
    """
    effect = max(1.0, design_effect)
    evidence = np.log(_USED_IN_A_YEAR / false_alarms * YEAR / _WEIGHTS[0])
    return max(0, int(np.ceil(2 * evidence / _FALLS[0] ** 2 * effect)) - n)


def _by_value(kind: str, table: Floats) -> tuple[Floats, Floats]:
    """Columns of scale points that count alike become one: quicker, and the same sums."""
    values, column = np.unique(point_values(kind), return_inverse=True)
    merged = np.zeros((len(table), len(values)))
    np.add.at(merged.T, column, table.T)
    return values, merged


def _log_ratios(values: Floats, table: Floats) -> Floats:
    """Log likelihood ratio of a fall on each day so far against none; table: baseline, days."""
    old = np.cumsum(table, axis=0)[:-1]
    everything = table.sum(axis=0)
    new = everything - old
    n = everything.sum()
    if n == 0:
        return np.zeros(len(old))
    smoothed = everything + _SMOOTHING / len(values)
    shares = smoothed / smoothed.sum()
    centred = values - shares @ values
    tilts = -_FALLS / np.sqrt(shares @ centred**2)
    n_old, n_new = old.sum(axis=1)[:, None], new.sum(axis=1)[:, None]
    w = n_old / n * (new @ centred)[:, None] - n_new / n * (old @ centred)[:, None]
    cumulant = n_new * _cumulant(n_old / n * tilts, centred, shares) + n_old * _cumulant(
        -n_new / n * tilts, centred, shares
    )
    return np.asarray(np.logaddexp.reduce(w * tilts - cumulant + np.log(_WEIGHTS), axis=1))


def _average(log_ratios: Floats) -> float:
    """Over all days of the year; finite however much the score fell."""
    to_come = YEAR - len(log_ratios)
    started = np.logaddexp.reduce(log_ratios)
    total = np.logaddexp(started, np.log(to_come)) if to_come else started
    return float(np.exp(min(total - np.log(YEAR), 700.0)))


def _cumulant(tilts: Floats, centred: Floats, shares: Floats) -> Floats:
    return np.asarray(np.logaddexp.reduce(tilts[..., None] * centred + np.log(shares), axis=-1))
