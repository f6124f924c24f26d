"""Whether a score changed, or chance alone would look the same; and how many answers would tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Literal

from surveys.inference import (
    Difference,
    answers_needed,
    benjamini_hochberg,
    difference,
    is_enough,
)
from surveys.scoring import checked_counts

Verdict = Literal["rose", "fell", "same", "too_few"]
# As narrow as an interval has to be before a score is called known: half of it, in the
# metric's unit (points, percentage points, points of the mean).
PRECISION = {"nps": 5.0, "csat": 5.0, "ces": 0.2}


@dataclass(frozen=True, slots=True)
class Change:
    """A score now minus the score before, and what may be said of it.

    verdict: "rose" or "fell" only where the test says so; "same" where chance alone would give
    such a difference; "too_few" where one side has fewer answers than asked for.
    more_needed: further answers until the score of now is known to ±PRECISION, None where it is
    or where nobody answered.
    """

    n_now: int
    n_before: int
    difference: Difference
    verdict: Verdict
    more_needed: int | None


def judge_changes(
    kind: str,
    pairs: Sequence[tuple[Sequence[int], Sequence[int]]],
    *,
    min_n: int = 1,
    design_effects: tuple[float, float] = (1.0, 1.0),
    q: float = 0.05,
) -> list[Change]:
    """One Change for each pair of histograms (now, before), tested together as one family.

    Pairs with fewer than min_n answers on a side are not tested and do not count in the family
    (Benjamini and Hochberg; of those called changed at most q are false on average). min_n >= 1,
    ValueError otherwise. design_effects: of now and before, where answers are clustered.

    >>> judge_changes("csat", [([0, 0, 5, 0, 45], [0, 0, 15, 0, 35])])[0].verdict
    'rose'
    >>> [change.verdict for change in judge_changes("csat", [([0, 0, 5, 0, 5], [0, 0, 5, 0, 6])])]
    ['same']
    """
    if min_n < 1:
        raise ValueError(f"min_n: expected a whole number >= 1, got {min_n!r}")
    found = [difference(kind, *pair, design_effects=design_effects) for pair in pairs]
    enough = [min(sum(now), sum(before)) >= min_n for now, before in pairs]
    real = benjamini_hochberg(
        [each.p_value if tell else None for each, tell in zip(found, enough, strict=True)], q=q
    )
    return [
        Change(
            n_now=sum(now),
            n_before=sum(before),
            difference=each,
            verdict=_verdict(each, differs),
            more_needed=more_needed(kind, now, design_effect=design_effects[0]),
        )
        for (now, before), each, differs in zip(pairs, found, real, strict=True)
    ]


def _verdict(found: Difference, differs: bool | None) -> Verdict:
    if differs is None or found.value is None:
        return "too_few"
    if not differs:
        return "same"
    return "rose" if found.value > 0 else "fell"


def more_needed(kind: str, counts: Sequence[int], *, design_effect: float = 1.0) -> int | None:
    """Answers still missing until the score is known to ±PRECISION, if they fall as so far.

    None where there are enough, or none to go by. design_effect: clustered answers tell less, so
    that many times more are needed; below 1 counts as 1.

    >>> more_needed("nps", [0, 0, 0, 0, 0, 0, 20, 0, 30, 0, 50])
    867
    """
    answered = sum(checked_counts(kind, counts))
    known = answered // max(1.0, design_effect)
    if known and is_enough(kind, counts, known, half_width=PRECISION[kind]):
        return None  # most are, and searching for the number costs twenty times as much
    wanted = answers_needed(kind, counts, half_width=PRECISION[kind])
    missing = ceil((wanted or 0) * max(1.0, design_effect)) - answered
    return missing if missing > 0 and wanted else None


def may_share_answers(
    days_a: tuple[date | None, date | None],
    segment_a: Mapping[str, str | None],
    days_b: tuple[date | None, date | None],
    segment_b: Mapping[str, str | None],
) -> bool:
    """Whether an answer could be in both groups, which no test of a difference allows for.

    days: half-open, None for no bound. Groups are apart where their days are, or where an
    attribute has another value in each.

    >>> march, april = (date(2026, 3, 1), date(2026, 4, 1)), (date(2026, 4, 1), None)
    >>> may_share_answers(march, {}, april, {})
    False
    >>> may_share_answers(april, {"plan": "pro"}, april, {"plan": "free"})
    False
    >>> may_share_answers(april, {"plan": "pro"}, april, {"region": "jp"})
    True
    """
    (since_a, until_a), (since_b, until_b) = days_a, days_b
    starts = max(since_a or date.min, since_b or date.min)
    ends = min(until_a or date.max, until_b or date.max)
    common = segment_a.keys() & segment_b.keys()
    return starts < ends and all(segment_a[name] == segment_b[name] for name in common)
