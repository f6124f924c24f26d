"""Closing the loop: how soon people are contacted, and what they answer next.

Who complains scores better the next time whether anybody calls or not: a low score is low by
chance as well (regression to the mean: Bland and Altman, BMJ 308, 1994). Therefore nothing is said
of before and after alone; people who were contacted stand beside like people who were not yet.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

import numpy as np

from surveys.hazards import Floats
from surveys.ratios import Figure, share, weighted_share
from surveys.scoring import categories, category_of, scale
from surveys.survival import Curve, Median, kaplan_meier, median_survival, survival_at

LEAST_COMPARED = 20  # of each group, counted as answers of equal weight
NOT_AN_EXPERIMENT = "not_an_experiment"
ASKED_FOR_APART = "asked_for_apart"

OutcomeName = Literal["recovered", "unchanged", "worse"]
OUTCOMES: tuple[OutcomeName, ...] = ("recovered", "unchanged", "worse")


# --- how soon -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Timing:
    """Time until something is done. n: cases; done: of them; median: hours, None where less than
    half are done so far; curve: the share not done yet, in hours."""

    n: int
    done: int
    median: Median
    curve: Curve

    def within(self, hours: float) -> Figure | None:
        """The share done within so many hours of opening, 0..1; None where nobody is watched
        so long. n: cases in all."""
        point = survival_at(self.curve, hours)
        if point is None:
            return None
        is_beyond = not point.at_risk and hours > self.curve.days[-1]
        if is_beyond and point.survival:
            return None
        return Figure(1 - point.survival, self.n, 1 - point.high, 1 - point.low)


def timing(hours: Sequence[float], done: Sequence[bool], counts: Sequence[int]) -> Timing:
    """Time to first contact, or to resolution, of cases of which some are still open.

    hours: shape (n,), above 0, from opening to what is waited for, or so long as it is waited for
    in vain. done: which of the two. counts: how many cases are so; 0 or more. A case that still
    waits is censored, not left out: it says that it takes longer than that (Kaplan and Meier,
    JASA 53, 1958). A case that ended without it waits on until now: then the curve is one minus
    the share of all cases with whom it happened, and not that of a world in which nobody gives
    up (Fine and Gray, JASA 94, 1999, with all times of censoring known). Of no cases the curve is
    empty and the median None.

    >>> found = timing([2, 30, 5], [True, True, False], [3, 1, 1])
    >>> found.n, found.done, found.median.value, round(found.within(24).value, 2)
    (5, 4, 2.0, 0.6)
    """
    often = np.asarray(counts, dtype=np.int64)
    ends = np.repeat(np.asarray(hours, dtype=float), often)
    events = np.repeat(np.asarray(done, dtype=bool), often)
    curve = kaplan_meier(ends, events)
    return Timing(len(ends), int(events.sum()), median_survival(curve), curve)


# --- what they answer next ----------------------------------------------------------------


def lowest_scores(kind: str) -> tuple[int, ...]:
    """Points of the scale that are in its lowest category.

    >>> lowest_scores("csat"), lowest_scores("nps")[-1]
    ((1, 2), 6)
    """
    worst = categories(kind)[-1]
    return tuple(point for point in scale(kind) if category_of(kind, point) == worst)


def outcome_of(kind: str, before: int, after: int) -> OutcomeName:
    """What became of somebody whose answer was in the lowest category.

    recovered: out of it; worse: a lower score than before. ValueError for a score off the scale,
    or a first one that is not in the lowest category.

    >>> [outcome_of("nps", 4, after) for after in (7, 6, 4, 3)]
    ['recovered', 'unchanged', 'unchanged', 'worse']
    """
    worst = categories(kind)[-1]
    if category_of(kind, before) != worst:
        raise ValueError(f"before: expected a score of the lowest category, got {before!r}")
    if category_of(kind, after) != worst:
        return "recovered"
    return "worse" if after < before else "unchanged"


@dataclass(frozen=True, slots=True)
class Next:
    """The first answer of somebody after the one that opened their case.

    contacted: before that next answer; what came after it is not looked at. like: what has to be
    alike for two to be compared, the first score among it. count: how many are so. asked_for:
    whether they were asked for it because their case was resolved; then they were contacted.
    """

    outcome: OutcomeName
    contacted: bool
    like: Hashable
    count: int = 1
    asked_for: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """How many recovered, stayed and got worse."""

    n: int
    recovered: Figure
    unchanged: Figure
    worse: Figure


@dataclass(frozen=True, slots=True)
class Compared:
    """People who were contacted beside like people who were not yet.

    contacted, others: all of them, whoever they are like; asked_for, of_themselves: those of
    `contacted` who were asked for the answer after their case was resolved, and the rest.
    asked_difference: the share of recovery among the former less that among the latter, of like
    people, with limits; value None where there are too few to tell.
    The rest is of answers that nobody was asked for in that way. like_contacted, like_others:
    shares of recovery with the same weight to each kind of people in both; value None where no
    two are alike. difference: the former less the latter, in -1..1, with limits; value None where
    there are too few to tell. caveats: codes for the reader's language, always NOT_AN_EXPERIMENT,
    and ASKED_FOR_APART where some answers were asked for.
    """

    contacted: Spread
    others: Spread
    asked_for: Spread
    of_themselves: Spread
    like_contacted: Figure
    like_others: Figure
    difference: Figure
    asked_difference: Figure
    caveats: tuple[str, ...] = (NOT_AN_EXPERIMENT,)


def compare(answers: Iterable[Next], *, level: float = 0.95) -> Compared:
    """Do people who were contacted recover more often than like people who were not yet?

    1. Each case counts once, by the first answer after the one that opened it, as contacted or
       not by what had happened until then. Nobody is first counted as contacted because they
       lived to be contacted later (immortal time: Suissa, American Journal of Epidemiology 167,
       2008), and a later answer that somebody gave because of the contact is not picked out.
    2. Within each `like`, the first score being the same, regression to the mean is the same.
    3. Both shares weigh a stratum by n1 n0 / (n1 + n0): their difference is the risk difference
       of Mantel and Haenszel (Cochran, Biometrics 10, 1954; Greenland and Robins, Biometrics 41,
       1985). A stratum without one of the groups has no weight.
    4. Each share has Wilson's interval at the number of answers of equal weight that would tell
       as much, (Σw)² / Σ(w² / n) (Kish, Survey Sampling, 1965); the difference has that made of
       both (Newcombe, Statistics in Medicine 17, 1998, method 10; with weights Yan and Su,
       Statistics in Biopharmaceutical Research 2, 2010).

    5. Answers that people were asked for because their case was resolved are left out of 2 to 4:
       nobody of the others could be asked so, and who is asked answers sooner, and when somebody
       has just been kind to them. They stand apart, compared in the same way with what people who
       were contacted said of themselves.

    Too few to tell: fewer than 20 answers of equal weight in either group.

    >>> people = [Next("recovered", True, 3, 30), Next("unchanged", True, 3, 30),
    ...           Next("recovered", False, 3, 15), Next("worse", False, 3, 45)]
    >>> found = compare(people)
    >>> round(found.difference.value, 2), round(found.difference.low, 2)
    (0.25, 0.08)
    >>> compare([]).difference
    Figure(value=None, n=0, low=None, high=None)
    """
    told = list(answers)
    asked = [each for each in told if each.asked_for]
    if not all(each.contacted for each in asked):
        raise ValueError("asked_for: expected only people who were contacted")
    contacted = [each for each in told if each.contacted and not each.asked_for]
    others = [each for each in told if not each.contacted]
    like_contacted, like_others = _like(contacted, others, level)
    return Compared(
        contacted=_spread([*contacted, *asked], level),
        others=_spread(others, level),
        asked_for=_spread(asked, level),
        of_themselves=_spread(contacted, level),
        like_contacted=like_contacted,
        like_others=like_others,
        difference=_difference(like_contacted, like_others),
        asked_difference=_difference(*_like(asked, contacted, level)),
        caveats=(NOT_AN_EXPERIMENT, *((ASKED_FOR_APART,) if asked else ())),
    )


def _like(here: Sequence[Next], there: Sequence[Next], level: float) -> tuple[Figure, Figure]:
    """Shares of recovery of two groups, with the same weight to each kind of people in both."""
    strata: dict[Hashable, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for place, group in ((0, here), (2, there)):
        for each in group:
            strata[each.like][place] += each.count
            strata[each.like][place + 1] += each.count * (each.outcome == "recovered")
    table = np.array(list(strata.values()), dtype=float).reshape(-1, 4)
    both = table[(table[:, 0] > 0) & (table[:, 2] > 0)]
    weights = both[:, 0] * both[:, 2] / (both[:, 0] + both[:, 2])
    return (
        _weighed_share(weights, both[:, 0], both[:, 1], level),
        _weighed_share(weights, both[:, 2], both[:, 3], level),
    )


def _spread(group: Sequence[Next], level: float) -> Spread:
    counts: Counter[str] = Counter()
    for each in group:
        counts[each.outcome] += each.count
    n = counts.total()
    return Spread(n, *(share(counts[name], n, level=level) for name in OUTCOMES))


def _weighed_share(weights: Floats, n: Floats, recovered: Floats, level: float) -> Figure:
    if not len(weights):
        return Figure(None, 0)
    value = float((weights * recovered / n).sum() / weights.sum())
    effective = float(weights.sum() ** 2 / (weights**2 / n).sum())
    return weighted_share(min(1.0, value), effective, level=level)


def _difference(contacted: Figure, others: Figure) -> Figure:
    n = min(contacted.n, others.n)
    if n < LEAST_COMPARED:
        return Figure(None, n)
    (here, here_low, here_high), (there, there_low, there_high) = map(_limits, (contacted, others))
    value = here - there
    low = sqrt((here - here_low) ** 2 + (there_high - there) ** 2)
    high = sqrt((here_high - here) ** 2 + (there - there_low) ** 2)
    return Figure(value, n, max(-1.0, value - low), min(1.0, value + high))


def _limits(figure: Figure) -> tuple[float, float, float]:
    """Of a figure that has them."""
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    return figure.value, figure.low, figure.high
