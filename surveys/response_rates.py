"""Of those asked, how many answered; and whether late answers differ from early ones.

A low response rate is no proof of bias and a high one no proof against it (Groves, Public Opinion
Quarterly 70(5), 2006); early against late hints at what those who never answered would have said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.inference import Difference, difference
from surveys.intervals import Estimate, estimate
from surveys.scoring import checked_counts

# In the order in which they happen. Opening is seen by a picture that mail programs load
# unasked, or never: shown, but no rate rests on it.
STAGES = ("invited", "delivered", "opened", "started", "answered")
_MAY_BE_UNKNOWN = ("opened", "started")


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of people in percent, 0..100, with its interval; all None of nobody."""

    count: int
    of: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Stage:
    """How many came this far, of all invited and of those who came as far as the stage before.

    of_before: None for the first stage, and where it is no part of the stage before (more
    starts than opens, when a mail program hides that it opened).
    """

    name: str
    count: int
    of_invited: Rate
    of_before: Rate | None


def rate(count: int, of: int, *, level: float = 0.95) -> Rate:
    """count of `of` in percent with Wilson's interval (Wilson, JASA 22, 1927).

    Whole numbers with 0 <= count <= of, ValueError otherwise.

    >>> found = rate(20, 100)
    >>> found.value, round(found.low, 1), round(found.high, 1)
    (20.0, 13.3, 28.9)
    >>> rate(0, 0)
    Rate(count=0, of=0, value=None, low=None, high=None)
    """
    if not 0 <= count <= of:
        raise ValueError(f"count: expected 0 to {of}, got {count!r}")
    # Top-two-box satisfaction is a share as well, and has the interval that we want.
    share = estimate("csat", [of - count, 0, 0, 0, count], level=level)
    return Rate(count=count, of=of, value=share.value, low=share.low, high=share.high)


def response_rate(
    *,
    complete: int,
    partial: int = 0,
    refused: int = 0,
    not_reached: int = 0,
    unknown: int = 0,
    level: float = 0.95,
) -> Rate:
    """AAPOR's response rate 1: complete answers among all who may have been eligible, in percent.

    partial: the score only. refused: opted out. not_reached: eligible, no answer. unknown:
    nobody knows whether the mail came to a person (bounced, address without an owner); RR1, the
    lowest of the rates, counts all of them as eligible. Whole numbers >= 0, ValueError otherwise.
    Source: AAPOR, Standard Definitions, 10th edition, 2023, RR1 = I / (I + P + R + NC + O + UH +
    UO). Excluded before: contacts never invited (suppressed, sampled out).

    >>> response_rate(complete=30, partial=10, refused=5, not_reached=45, unknown=10).value
    30.0
    """
    parts = {
        "complete": complete,
        "partial": partial,
        "refused": refused,
        "not_reached": not_reached,
        "unknown": unknown,
    }
    for name, count in parts.items():
        if count < 0:
            raise ValueError(f"{name}: expected a whole number >= 0, got {count!r}")
    return rate(complete, sum(parts.values()), level=level)


def funnel(counts: Mapping[str, int], *, level: float = 0.95) -> list[Stage]:
    """The way from invitation to answer, one Stage for each of STAGES in their order.

    counts: people per stage; every stage but "opened" and "started" must be there, none above
    "invited" (ValueError otherwise). Where opens or starts are unknown, the stage is left out.

    >>> found = funnel({"invited": 200, "delivered": 190, "started": 60, "answered": 50})
    >>> [(stage.name, stage.of_before and round(stage.of_before.value)) for stage in found]
    [('invited', None), ('delivered', 95), ('started', 32), ('answered', 83)]
    """
    missing = [name for name in STAGES if name not in counts and name not in _MAY_BE_UNKNOWN]
    unknown = sorted(set(counts) - set(STAGES))
    if missing or unknown:
        wrong = ", ".join([*missing, *unknown])
        raise ValueError(f"counts: expected the stages {', '.join(STAGES)}; check {wrong}")
    names = [name for name in STAGES if name in counts]
    stages: list[Stage] = []
    for name in names:
        count = counts[name]
        before = stages[-1].count if stages else None
        nested = before is not None and count <= before
        stages.append(
            Stage(
                name=name,
                count=count,
                of_invited=rate(count, counts["invited"], level=level),
                of_before=rate(count, before, level=level) if nested and before else None,
            )
        )
    return stages


@dataclass(frozen=True, slots=True)
class EarlyLate:
    """Scores of early and late responders, and late minus early with its test.

    cut: the first wave that is late, by its place.
    """

    early: Estimate
    late: Estimate
    change: Difference
    cut: int


def early_and_late(
    kind: str, waves: Sequence[Sequence[int]], *, level: float = 0.95
) -> EarlyLate | None:
    """The earlier half of the answers against the later half.

    waves: a histogram for each day since the invitation (or each reminder), first one first. They
    are split where the halves are most equal; the first such place. None where fewer than two
    waves have an answer. Late responders stand in for those who never answered: a hint, no proof
    (Armstrong and Overton, Journal of Marketing Research 14(3), 1977).

    >>> found = early_and_late("csat", [[0, 0, 0, 0, 40], [0, 0, 0, 0, 0], [0, 0, 20, 0, 20]])
    >>> found.early.value, found.late.value, found.change.value
    (100.0, 50.0, -50.0)
    >>> found.cut
    2
    """
    places = [place for place, wave in enumerate(waves) if any(wave)]
    answered = [list(waves[place]) for place in places]
    for wave in answered:
        checked_counts(kind, wave)
    if len(answered) < 2:
        return None
    sizes = [sum(wave) for wave in answered]
    cut = min(
        range(1, len(answered)), key=lambda place: abs(sum(sizes[:place]) - sum(sizes[place:]))
    )
    early, late = (
        [sum(column) for column in zip(*part, strict=True)]
        for part in (answered[:cut], answered[cut:])
    )
    return EarlyLate(
        early=estimate(kind, early, level=level),
        late=estimate(kind, late, level=level),
        change=difference(kind, late, early, level=level),
        cut=places[cut],
    )
