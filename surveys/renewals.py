"""Renewals: what became of past ones, the chance of a coming one, and its forecast category.

The chance is that of accounts whose health was alike: renewals that were kept in the same band,
drawn towards the workspace's own rate where there are few. It needs counts alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from scipy.special import betaincinv

from surveys.health import Band

Category = Literal["commit", "likely", "risk"]
Outcome = Literal["renewed", "lost"]
OUTCOMES: tuple[Outcome, ...] = ("renewed", "lost")
CATEGORIES: tuple[Category, ...] = ("risk", "likely", "commit")  # the worst first

# Judgement, as are the names, which are those of sales forecasts.
COMMIT_FROM, LIKELY_FROM = 0.9, 0.7
# So many renewals does the workspace's rate weigh in a band (see `chance_of`).
PRIOR_RENEWALS = 4
# With fewer past renewals in all, the band of the health decides the category.
ENOUGH_PAST = 20
# The band that counts is that of so many days before it was decided: a health that fell because
# the customer gave notice would foretell what was known already.
BAND_DAYS_BEFORE = 30
# A word was said of a renewal day; it holds on while that day moves by no more than this.
WORD_HOLDS_DAYS = 60


# --- what became of past ones -------------------------------------------------------------


class TermStep(NamedTuple):
    """What holds of a product from a local day on; term_ends_on None: not said."""

    product: str
    action: str
    on: date
    mrr_minor: int
    currency: str | None
    term_ends_on: date | None


@dataclass(frozen=True, slots=True)
class PastRenewal:
    """Terms of an account that ended on one day, and what became of them.

    outcome: lost where nothing of them goes on. due, kept: MRR by currency in minor units, as it
    was before, and of that what was kept; more than before is expansion and not counted here.
    """

    due_on: date
    decided_on: date
    outcome: Outcome
    due: Mapping[str, int]
    kept: Mapping[str, int]


class _Closed(NamedTuple):
    on: date
    is_kept: bool
    currency: str
    before: int
    after: int


def past_renewals(steps: Iterable[TermStep]) -> list[PastRenewal]:
    """The decided renewals of one account, by day; steps in order, corrected ones left out.

    A term is decided by the next `renewed` or `cancelled` of its product. One that is over with
    nothing told is not decided, and a product that costs nothing has no renewal. Who moves to
    another currency keeps all.

    >>> day = date(2026, 3, 31)
    >>> steps = [TermStep("core", "started", date(2025, 4, 1), 900, "EUR", day),
    ...          TermStep("core", "renewed", day, 700, "EUR", date(2027, 3, 31))]
    >>> [(each.outcome, each.due, each.kept) for each in past_renewals(steps)]
    [('renewed', {'EUR': 900}, {'EUR': 700})]
    """
    held: dict[str, TermStep] = {}
    closed: dict[date, dict[str, _Closed]] = {}
    for step in steps:
        before = held.pop(step.product, None)
        if (
            before is not None
            and before.term_ends_on is not None
            and before.currency is not None
            and before.mrr_minor > 0
            and step.action in {"renewed", "cancelled"}
        ):
            has_moved = step.mrr_minor > 0 and step.currency not in {before.currency, None}
            after = before.mrr_minor if has_moved else min(before.mrr_minor, step.mrr_minor)
            closed.setdefault(before.term_ends_on, {})[step.product] = _Closed(
                step.on, step.mrr_minor > 0, before.currency, before.mrr_minor, after
            )
        if step.action != "cancelled":
            goes_on = before.term_ends_on if before and step.action == "changed" else None
            held[step.product] = step._replace(term_ends_on=step.term_ends_on or goes_on)
    return [_together(day, closed[day].values()) for day in sorted(closed)]


def _together(day: date, parts: Iterable[_Closed]) -> PastRenewal:
    own = list(parts)
    due: dict[str, int] = {}
    kept: dict[str, int] = {}
    for part in own:
        due[part.currency] = due.get(part.currency, 0) + part.before
        kept[part.currency] = kept.get(part.currency, 0) + part.after
    outcome: Outcome = "renewed" if any(part.is_kept for part in own) else "lost"
    return PastRenewal(day, max(part.on for part in own), outcome, due, kept)


# --- the chance ---------------------------------------------------------------------------


class Counts(NamedTuple):
    """How many past renewals were kept, and how many lost."""

    renewed: int
    lost: int

    @property
    def n(self) -> int:
        return self.renewed + self.lost


@dataclass(frozen=True, slots=True)
class Chance:
    """The share of such renewals that is kept: value with its interval, in 0..1.

    n: past renewals of the same group; n_all: of all groups. renewed_weight, lost_weight: the
    parameters of the Beta distribution behind it.
    """

    value: float
    low: float
    high: float
    n: int
    n_all: int
    renewed_weight: float
    lost_weight: float

    @property
    def is_thin(self) -> bool:
        """Whether there are too few past renewals to tell."""
        return self.n_all < ENOUGH_PAST


def chance_of(
    group: str | None, past: Mapping[str | None, Counts], *, level: float = 0.95
) -> Chance:
    """The chance of a renewal whose account is in this group, from past renewals by group.

    1. The rate of all: Jeffreys' prior Beta(1/2, 1/2) with all renewals (Brown, Cai and DasGupta,
       Statistical Science 16(2), 2001).
    2. The chance: the mean of the group's rate, whose Beta prior has the mean of 1. and weighs as
       much as PRIOR_RENEWALS renewals, or as there are in all (empirical Bayes: Gelman et al.,
       Bayesian Data Analysis, 3rd ed., section 5.1; the weight is judgement).
    3. The interval: Jeffreys' of the group's own renewals alone, with equal tails, stretched to
       the chance. One drawn towards all would be too sure of a small group that is unlike the
       rest (measured in tests/surveys/test_renewals.py).

    The interval is that of the rate; of a single renewal it says no more than the rate itself.

    >>> past = {"good": Counts(57, 3), "risk": Counts(6, 4)}
    >>> found = chance_of("risk", past)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2), found.n
    (0.68, 0.3, 0.85, 10)
    >>> chance_of("good", {}).value
    0.5
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level!r}")
    for name, counts in past.items():
        if min(counts) < 0:
            raise ValueError(f"past: expected counts >= 0, got {counts} of {name!r}")
    own = past.get(group, Counts(0, 0))
    n_all = sum(each.n for each in past.values())
    overall = (sum(each.renewed for each in past.values()) + 0.5) / (n_all + 1)
    weight = min(PRIOR_RENEWALS, n_all + 1)
    renewed, lost = own.renewed + weight * overall, own.lost + weight * (1 - overall)
    jeffreys, tail = (own.renewed + 0.5, own.lost + 0.5), (1 - level) / 2
    value = renewed / (renewed + lost)
    return Chance(
        value=value,
        low=min(value, float(betaincinv(*jeffreys, tail))),
        high=max(value, float(betaincinv(*jeffreys, 1 - tail))),
        n=own.n,
        n_all=n_all,
        renewed_weight=renewed,
        lost_weight=lost,
    )


# --- the category -------------------------------------------------------------------------

_BY_BAND: Mapping[str | None, Category] = {"good": "commit", "watch": "likely", "risk": "risk"}


def category_of(chance: Chance, band: Band | str | None) -> Category:
    """Commit, likely or at risk, as figures and health have it; a person's word goes before.

    From COMMIT_FROM on commit, from LIKELY_FROM on likely. Whose health is at risk is at best
    likely, and whose health is not known never commit. With too few past renewals the health
    alone decides; who has none is likely.

    >>> past = {"good": Counts(57, 3), "risk": Counts(19, 1)}
    >>> [category_of(chance_of(band, past), band) for band in ("good", "risk", None)]
    ['commit', 'likely', 'likely']
    >>> category_of(chance_of("risk", {}), "risk")
    'risk'
    """
    if chance.is_thin:
        return _BY_BAND.get(band, "likely")
    if chance.value < LIKELY_FROM:
        return "risk"
    if chance.value < COMMIT_FROM or band in {"risk", None}:
        return "likely"
    return "commit"


def word_holds(said_of: date, renewal_on: date | None) -> bool:
    """Whether what was said of a renewal still is about the one that comes.

    >>> [word_holds(date(2026, 5, 1), each) for each in (date(2026, 5, 9), date(2027, 5, 1), None)]
    [True, False, False]
    """
    return renewal_on is not None and abs((renewal_on - said_of).days) <= WORD_HOLDS_DAYS
