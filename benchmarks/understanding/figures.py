"""A figure beside what was aimed at, and the table of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    baseline: of plain n-grams, as the issue has it or, with its spread, as measured beside.
    static, e5: what is aimed at with each encoder. at_most: smaller is better.
    spread: standard deviation over seeds. note: what else there is to know.
    """

    what: str
    measured: float
    baseline: float | None = None
    static: float | None = None
    e5: float | None = None
    at_most: bool = False
    spread: float | None = None
    baseline_spread: float | None = None
    note: str = ""

    def target(self, encoder: str) -> float | None:
        """What is aimed at with this encoder; None where the figure is only printed."""
        return {"static": self.static, "e5": self.e5}[encoder]

    def met(self, encoder: str) -> bool | None:
        """Whether the target is reached; None without one."""
        target = self.target(encoder)
        if target is None:
            return None
        return self.measured <= target if self.at_most else self.measured >= target

    def as_json(self, encoder: str) -> dict[str, Any]:
        """Unrounded."""
        return {
            "what": self.what,
            "baseline": self.baseline,
            "baseline_spread": self.baseline_spread,
            "target": self.target(encoder),
            "at_most": self.at_most,
            "measured": self.measured,
            "spread": self.spread,
            "met": self.met(encoder),
            "note": self.note,
        }


def table(figures: Sequence[Figure], encoder: str) -> list[str]:
    """The lines of a Markdown table; a target that is missed is said to be."""
    lines = ["| what | baseline | target | measured | |", "|---|---|---|---|---|"]
    for figure in figures:
        target = figure.target(encoder)
        aim = "" if target is None else f"{'≤' if figure.at_most else '≥'} {number(target)}"
        said = " · ".join(
            part for part in ("**missed**" if figure.met(encoder) is False else "", figure.note)
            if part
        )  # fmt: skip
        baseline = _with_spread(figure.baseline, figure.baseline_spread)
        measured = _with_spread(figure.measured, figure.spread)
        lines.append(f"| {figure.what} | {baseline} | {aim} | {measured} | {said} |")
    return lines


def _with_spread(value: float | None, spread: float | None) -> str:
    if value is None:
        return ""
    return number(value) if spread is None else f"{number(value)} ± {number(spread)}"


def number(value: float) -> str:
    """Three digits after the point below ten, none above.

    >>> number(0.76543), number(2143.7)
    ('0.765', '2,144')
    """
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"
