"""Why a score changed: because segments score differently, or because others answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np

from surveys.inference import Difference, difference
from surveys.intervals import point_values, quantile
from surveys.scoring import checked_counts, scale, score
from surveys.shares import Floats


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a change, in the unit of the metric, with its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class SegmentPart:
    """What one segment adds to a change.

    n, share (0..1) and score before and after; a score is None where nobody of it answered.
    within, mix: in the unit of the metric.
    """

    segment: str
    n_before: int
    n_after: int
    share_before: float
    share_after: float
    score_before: float | None
    score_after: float | None
    within: float
    mix: float


@dataclass(frozen=True, slots=True)
class MixShift:
    """change.value = within.value + mix.value, and each the sum over segments.

    within: from scores that changed inside segments; mix: from other shares of segments among
    those who answered. Segments: by the size of what they add, the largest first.
    """

    change: Difference
    within: Part
    mix: Part
    segments: tuple[SegmentPart, ...]


def mix_shift(
    kind: str,
    before: Mapping[str, Sequence[int]],
    after: Mapping[str, Sequence[int]],
    *,
    design_effects: tuple[float, float] = (1.0, 1.0),
    level: float = 0.95,
) -> MixShift | None:
    """Split the change of a score into change inside segments and change of their mix.

    before, after: one histogram per segment, for two periods or any two groups of answers; a
    missing segment is one without answers. design_effects: of after and before, where answers
    are clustered. None where nobody answered on one side. ValueError for wrong counts, for a level
    outside of 0..1 and for design effects that are not above 0.

    1. With w a segment's share of the answers, s its score, S the score of all, 0 before and
       1 after: within = (w0 + w1)/2 * (s1 - s0); mix = (w1 - w0) * ((s0 + s1)/2 - (S0 + S1)/2).
       Midpoints share out the interaction equally, so that looking from the other side only
       turns the signs (Kitagawa, JASA 50, 1955; as Oaxaca 1973 and Blinder 1973 with pooled
       halves). Taking off the mean of S moves no sum, and makes a growing segment add to the
       score only where it scores above it.
    2. A segment on one side only has no score to change: all that it adds is mix.
    3. Intervals of both parts by the delta method, shares of segments being as uncertain as
       scores in them. To a segment's answers one is added, spread as all answers are, or a
       segment of one would claim to be certain. That of the whole change is `difference`.

    >>> found = mix_shift("csat", {"a": [0, 0, 5, 0, 45], "b": [0, 0, 30, 0, 20]},
    ...                   {"a": [0, 0, 2, 0, 18], "b": [0, 0, 48, 0, 32]})
    >>> found.change.value, found.within.value, found.mix.value
    (-15.0, 0.0, -15.0)
    """
    z = quantile(level)
    names = sorted({*before, *after})
    sides = [
        np.array([checked_counts(kind, side.get(name, [0] * len(scale(kind)))) for name in names])
        for side in (before, after)
    ]
    if not all(side.sum() for side in sides):
        return None
    totals = [[int(count) for count in side.sum(axis=0)] for side in sides]
    # Raises, too, for what is wrong in level and design effects.
    change = difference(kind, totals[1], totals[0], level=level, design_effects=design_effects)
    shape = _Shape.of(kind, sides[0], sides[1])
    within, mix = shape.within(), shape.mix()
    segments = [
        SegmentPart(
            segment=name,
            n_before=int(sides[0][at].sum()),
            n_after=int(sides[1][at].sum()),
            share_before=float(shape.shares[0, at]),
            share_after=float(shape.shares[1, at]),
            score_before=score(kind, sides[0][at].tolist()),
            score_after=score(kind, sides[1][at].tolist()),
            within=float(within[at]),
            mix=float(mix[at]),
        )
        for at, name in enumerate(names)
        if sides[0][at].any() or sides[1][at].any()
    ]
    segments.sort(key=lambda part: (-abs(part.within + part.mix), part.segment))
    errors = shape.errors(design_effects[::-1])
    return MixShift(
        change=change,
        within=_part(within, z * errors[0]),
        mix=_part(mix, z * errors[1]),
        segments=tuple(segments),
    )


def _part(values: Floats, half: float) -> Part:
    value = float(values.sum())
    return Part(value, value - half, value + half)


@dataclass(frozen=True, slots=True)
class _Shape:
    """Two sides by segment; the first axis is the side, before and after."""

    n: Floats  # (2,)
    shares: Floats  # (2, segments)
    scores: Floats  # (2, segments), the other side's where one side has none
    on_both: Floats  # (segments,), 1 where both sides have answers, else 0
    variances: Floats  # (2, segments), of single answers
    overall: float  # midpoint of the scores of all

    @classmethod
    def of(cls, kind: str, before: Floats, after: Floats) -> _Shape:
        counts = np.stack([before, after]).astype(float)  # (2, segments, scale)
        values = np.array(point_values(kind))
        n = counts.sum(axis=(1, 2))
        answers = counts.sum(axis=2)
        known = answers > 0
        own = (counts @ values) / np.where(known, answers, 1.0)
        scores = np.where(known, own, own[::-1])
        return cls(
            n=n,
            shares=answers / n[:, None],
            scores=scores,
            on_both=known.all(axis=0).astype(float),
            variances=_variances(counts, values),
            overall=float(((counts.sum(axis=1) @ values) / n).mean()),
        )

    def within(self) -> Floats:
        return self.shares.mean(axis=0) * (self.scores[1] - self.scores[0])

    def mix(self) -> Floats:
        return (self.shares[1] - self.shares[0]) * (self.scores.mean(axis=0) - self.overall)

    def errors(self, design_effects: tuple[float, float]) -> tuple[float, float]:
        """Standard errors of the sums of both parts, by what one answer more moves in them.

        An answer of a segment moves its share by 1 and its score by (answer - score) / share.
        Where one side alone has answers, its score enters the mix whole, and nothing else.
        design_effects, of before and after, make a side's n as small as its answers tell.
        """
        within = mix = 0.0
        middle = self.shares.mean(axis=0) * self.on_both
        moved = (self.shares[1] - self.shares[0]) * (1 - self.on_both / 2)
        apart = (self.scores[1] - self.scores[0]) / 2
        level = self.scores.mean(axis=0) - self.overall
        effective = self.n / np.array(design_effects)
        for n, shares, variances in zip(effective, self.shares, self.variances, strict=True):
            inner = np.divide(variances, shares, out=np.zeros_like(shares), where=shares > 0)
            within += (_variance(shares, apart) + float(middle**2 @ inner)) / n
            mix += (_variance(shares, level) + float(moved**2 @ inner)) / n
        return sqrt(within), sqrt(mix)


def _variance(shares: Floats, values: Floats) -> float:
    mean = shares @ values
    return float(shares @ (values - mean) ** 2)


def _variances(counts: Floats, values: Floats) -> Floats:
    """Of single answers in each segment, with one added that is spread as all answers are."""
    everybody = counts.sum(axis=(0, 1)) + 4 / len(values)
    smoothed = counts + everybody / everybody.sum()
    n = smoothed.sum(axis=2)
    mean = (smoothed @ values) / n
    return np.asarray((smoothed @ values**2) / n - mean**2)
