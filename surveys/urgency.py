"""Which case first: the revenue that a contact is expected to save, as points from 0 to 100.

Expected loss = revenue at risk x how much likelier than usual it is lost. What is known of a
case multiplies it by factors, each of which only ever rises with how bad a fact is; points are
its logarithm, so that each factor adds its own points and a person can follow why one case
stands above another. The factors are set by reasoning, to be checked against which cases turned
out to matter; what they bring in simulated queues is in docs/adr/0016-priority-of-the-queue.md.
They are chosen so that of two cases that are alike otherwise an urgent one of a customer of
2,000 US dollars a month stands above a normal one of the largest customer, whose theme weighs
nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import log

from surveys.exchange import comparable
from surveys.scoring import is_low, scale
from surveys.subscriptions import Rates

# Detractors of whom 71 % renew leave at 8 % a quarter; who says that they leave, does so perhaps
# every other time. "high" is what a rule singles out without such a word: half-way between.
RULE_PRIORITIES = {"urgent": 6.0, "high": 2.5, "normal": 1.0, "low": 0.5}

# Complaints after which customers rather leave, of the starter packs' themes: what breaks trust,
# then what fails in daily use or costs more than it seems worth, then what is not understood yet.
THEME_FACTORS: Mapping[str, float] = {
    **dict.fromkeys(("security", "trust", "fraud"), 2.0),
    **dict.fromkeys(("reliability", "performance", "support", "customer_service"), 1.6),
    **dict.fromkeys(("contact_centre", "staff", "product_quality", "claims"), 1.6),
    **dict.fromkeys(("pricing", "billing", "price", "fees", "value"), 1.5),
    **dict.fromkeys(("onboarding", "account_management", "integrations", "advisers"), 1.3),
}
MAX_THEME_FACTOR = 3.0

# Revenue a month, in units of the magnitude of one US dollar. Above the most, a customer stands
# high in any case, and everybody else still needs a chance; an unknown one counts as middling.
_LEAST_REVENUE, _NEUTRAL_REVENUE, _MOST_REVENUE = 10.0, 300.0, 10_000.0
# The worst answer beside the best. Between the middles of detractors and promoters, 5.6 points
# apart, churn differs about fourfold (29 % and 7 % a year): 4 ** (10 / 5.6).
_SCORE_FACTOR = 12.0
_FALL_FACTOR = 3.0  # from the best to the worst: something has happened
# A renewal today beside one in half a year: before it, a contract is hardly ever left.
_RENEWAL_FACTOR = 10.0
_RENEWAL_HORIZON_DAYS = 180
# Unknown facts that every case has: the middle of the scale; a contract that may be left any
# month is likelier lost than one that binds, and less likely than one that ends today.
_NEUTRAL_SHARE = 0.5
_SILENCE_FACTOR = 2.0  # nothing heard for half a year
_SILENCE_FROM_DAYS, _SILENCE_UNTIL_DAYS = 30, 180
_CONTACT_FACTOR = 1.5  # who asks for a call can be helped by one
_AGE_FACTOR = 1.5  # what waits gets harder to save, and nobody waits for ever
_FULL_AGE_DAYS = 14

_LEAST = log(_LEAST_REVENUE) + log(min(RULE_PRIORITIES.values()))
_MOST = log(_MOST_REVENUE) + sum(
    map(
        log,
        (
            *(max(RULE_PRIORITIES.values()), _SCORE_FACTOR, _FALL_FACTOR, _RENEWAL_FACTOR),
            *(_SILENCE_FACTOR, _CONTACT_FACTOR, _AGE_FACTOR),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Priority:
    """points: 0..100, more is sooner; 4.1 more are about twice the expected loss.

    reasons: codes with their numbers, that first which moves the points most, up or down, from
    where they would be were it unknown: ``score_low:2`` or ``score:7``; ``score_fell:8:3``;
    ``revenue:120000:JPY`` (a month, minor units); ``renewal_in_days:41``; ``silent_days:45``;
    ``theme_risk:reliability``; ``rule_priority:urgent``; ``wants_contact``; ``waiting_days:3``.
    Score, revenue, renewal and rule always give a reason where they are known, the others where
    they raise the points.
    """

    points: float
    reasons: tuple[str, ...]


def priority(
    *,
    score: int | None,
    kind: str,
    mrr_minor: int | None,
    currency: str | None,
    days_to_renewal: int | None,
    outcome_priority: str,
    wants_contact: bool,
    age_days: float,
    previous_score: int | None = None,
    silent_days: float | None = None,
    themes: Collection[str] = (),
    theme_factors: Mapping[str, float] = THEME_FACTORS,
    rates: Rates | None = None,
) -> Priority:
    """How urgent a case is, explained.

    previous_score: the same person's last answer before, on the same scale. silent_days: since
    the account last answered, used the product or was spoken to. themes: keys of what is
    complained about, in any order. theme_factors: how much likelier a loss is for each, 1 to
    MAX_THEME_FACTOR; a theme that has none counts as 1, and of several the largest counts. rates:
    by which revenue is compared; a currency without one goes by its magnitude.

    1. Revenue a month, from 10 to 10,000 US dollars (or as much in another currency, by its
       stated rate, else by its magnitude); 300 where unknown.
    2. Times 12 ** (part of the scale below the best answer), and 10 ** (part of the last 180 days
       before renewal that is over); half of either where unknown, or the renewal is past.
    3. Times 3 ** (part of the scale that the score fell since before), up to 2 for silence (from
       30 days to 180), 1.5 for a wish to be contacted, up to 1.5 for 14 days of waiting.
    4. Times 6 for an urgent rule, 2.5 for high, 1/2 for low; or the factor of the theme where it
       is larger, as a rule often says the same as the theme by which it matched.
    5. Points are 100 x the logarithm's place between the least and the most that can be.

    Unknown facts (None) leave the points where they are. ValueError for an unknown kind, score
    or rule priority, or a theme factor out of range.

    >>> priority(score=2, kind="nps", mrr_minor=120_000, currency="JPY", days_to_renewal=41,
    ...          outcome_priority="normal", wants_contact=False, age_days=0)
    Priority(points=55.1, reasons=('revenue:120000:JPY', 'score_low:2', 'renewal_in_days:41', \
'rule_priority:normal'))
    """
    if outcome_priority not in RULE_PRIORITIES:
        expected = ", ".join(RULE_PRIORITIES)
        raise ValueError(f"outcome_priority: expected one of {expected}, got {outcome_priority!r}")
    moves = [
        _from_revenue(mrr_minor, currency, rates),
        _from_score(kind, score),
        _from_fall(kind, previous_score, score),
        _from_renewal(days_to_renewal),
        _from_silence(silent_days),
        _from_themes(themes, theme_factors, RULE_PRIORITIES[outcome_priority]),
        (log(RULE_PRIORITIES[outcome_priority]), f"rule_priority:{outcome_priority}"),
        (log(_CONTACT_FACTOR), "wants_contact") if wants_contact else _NOTHING,
        _from_age(age_days),
    ]
    telling = sorted((move for move in moves if move[1]), key=lambda move: -abs(move[0]))
    usual = log(_NEUTRAL_REVENUE) + _NEUTRAL_SHARE * log(_SCORE_FACTOR * _RENEWAL_FACTOR)
    # In the order of the facts: a sum in another would round otherwise.
    log_loss = usual + sum(size for size, _ in moves)
    points = round(100 * (log_loss - _LEAST) / (_MOST - _LEAST), 1)
    return Priority(points=min(100.0, max(0.0, points)), reasons=tuple(code for _, code in telling))


# Each gives by how much the logarithm of the loss moves from where it would be unknown, and why.

_NOTHING = (0.0, "")


def _from_revenue(
    mrr_minor: int | None, currency: str | None, rates: Rates | None
) -> tuple[float, str]:
    if not currency or mrr_minor is None:
        return _NOTHING
    dollars = comparable(mrr_minor, currency, rates)
    bounded = min(_MOST_REVENUE, max(_LEAST_REVENUE, dollars))
    return log(bounded / _NEUTRAL_REVENUE), f"revenue:{mrr_minor}:{currency}"


def _from_score(kind: str, score: int | None) -> tuple[float, str]:
    points = scale(kind)
    if score is None:
        return _NOTHING
    code = "score_low" if is_low(kind, score) else "score"
    fallen = (points[-1] - score) / (points[-1] - points[0])
    return (fallen - _NEUTRAL_SHARE) * log(_SCORE_FACTOR), f"{code}:{score}"


def _from_fall(kind: str, before: int | None, score: int | None) -> tuple[float, str]:
    if before is None or score is None:
        return _NOTHING
    points = scale(kind)
    if before not in points:
        raise ValueError(f"previous_score: expected {points[0]} to {points[-1]}, got {before!r}")
    return _raised(
        _FALL_FACTOR, (before - score) / (points[-1] - points[0]), f"score_fell:{before}:{score}"
    )


def _from_renewal(days: int | None) -> tuple[float, str]:
    if days is None or days < 0:
        return _NOTHING
    over = max(0.0, 1 - days / _RENEWAL_HORIZON_DAYS)
    return (over - _NEUTRAL_SHARE) * log(_RENEWAL_FACTOR), f"renewal_in_days:{days}"


def _from_silence(days: float | None) -> tuple[float, str]:
    if days is None:
        return _NOTHING
    share = (days - _SILENCE_FROM_DAYS) / (_SILENCE_UNTIL_DAYS - _SILENCE_FROM_DAYS)
    return _raised(_SILENCE_FACTOR, share, f"silent_days:{int(days)}")


def _from_themes(
    themes: Collection[str], factors: Mapping[str, float], rule: float
) -> tuple[float, str]:
    known = sorted((factors[key], key) for key in themes if key in factors)
    if not known:
        return _NOTHING
    for factor, key in known:
        if not 1 <= factor <= MAX_THEME_FACTOR:
            raise ValueError(
                f"theme_factors.{key}: expected 1 to {MAX_THEME_FACTOR:g}, got {factor!r}"
            )
    factor, key = known[-1]
    return _raised(max(1.0, factor / max(1.0, rule)), 1.0, f"theme_risk:{key}")


def _from_age(days: float) -> tuple[float, str]:
    return _raised(_AGE_FACTOR, days / _FULL_AGE_DAYS, f"waiting_days:{int(days)}")


def _raised(factor: float, share: float, code: str) -> tuple[float, str]:
    """factor ** share, share bounded to 0..1; no reason where that is 1."""
    size = min(1.0, max(0.0, share)) * log(factor)
    return (size, code) if size > 0 else _NOTHING
