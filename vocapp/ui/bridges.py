"""Geometry of a bridge: how an amount became another, step by step, as bars on one scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

StepKind = Literal["total", "gain", "loss"]


@dataclass(frozen=True)
class Step:
    """One step: an amount >= 0 that stands, is added or goes. text: the amount as it is shown;
    url: where it is told what it is made of.
    """

    key: str
    label: str
    kind: StepKind
    amount: float
    text: str
    url: str | None = None


@dataclass(frozen=True)
class PlacedStep:
    """Where the bar of a step lies, in percent of the width.

    is_cut: it is a total of which the beginning is left out, so that the steps can be seen.
    """

    left: float
    width: float
    source: Step
    is_cut: bool = False


# Where all that happens is less than this part of the whole, totals are cut.
_LEAST_SHARE = 0.5
_ROOM = 0.3  # before the lowest step, in parts of what happens


def picture(steps: Sequence[Step]) -> tuple[PlacedStep, ...]:
    """Place the steps one after the other; a total stands on its own and begins anew.

    >>> placed = picture([Step("start", "Start", "total", 80, "80"), Step("new", "New", "gain", 20,
    ...                   "+20"), Step("lost", "Lost", "loss", 50, "-50")])
    >>> [(each.left, each.width) for each in placed]
    [(0.0, 80.0), (80.0, 20.0), (50.0, 50.0)]
    >>> placed = picture([Step("start", "Start", "total", 990, "990"),
    ...                   Step("new", "New", "gain", 10, "+10")])
    >>> [(each.left, each.width, each.is_cut) for each in placed]  # 987 to 1,000
    [(0.0, 23.077, True), (23.077, 76.923, False)]
    """
    at, spans = 0.0, []
    for step in steps:
        before = 0.0 if step.kind == "total" else at
        at = before - step.amount if step.kind == "loss" else before + step.amount
        spans.append((min(before, at), max(before, at)))
    most = max((high for _, high in spans), default=0.0) or 1.0
    base = _base(steps, spans, most)
    scale = 100 / (most - base)
    return tuple(
        PlacedStep(
            round(scale * max(0.0, low - base), 3),
            round(scale * (high - max(low, base)), 3),
            step,
            is_cut=step.kind == "total" and base > 0,
        )
        for step, (low, high) in zip(steps, spans, strict=True)
    )


def _base(steps: Sequence[Step], spans: Sequence[tuple[float, float]], most: float) -> float:
    """Where the scale begins: at 0 unless nothing could be seen then."""
    if not steps:
        return 0.0
    lowest = min(
        high if step.kind == "total" else low
        for step, (low, high) in zip(steps, spans, strict=True)
    )
    happens = most - lowest
    if not happens or happens >= _LEAST_SHARE * most:
        return 0.0
    return max(0.0, lowest - _ROOM * happens)
