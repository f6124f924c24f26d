"""Reads: how much of a difference comes from scores in segments, how much from who answered.

A confidential survey hides small segments, and those by which they could be had. What is hidden
on either side is put together into one segment here. Its numbers on a side are the total of that
side less the segments that are shown, so they say nothing that the two tables do not say already,
and with fewer than `CONFIDENTIAL_FLOOR` answers there is no split at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from surveys.mix_shift import MixShift, Part, SegmentPart, mix_shift
from vocapp.measuring.asking import Ask
from vocapp.measuring.confidential import CONFIDENTIAL_FLOOR
from vocapp.measuring.queries import Figure, Reading, metrics_of

Value = str | None
Values = tuple[Value, ...]  # of an attribute: one, or several that are put together


@dataclass(frozen=True, slots=True)
class MixSegment:
    """What one segment adds. values: its one value, or all of those that are put together."""

    values: Values
    part: SegmentPart


@dataclass(frozen=True, slots=True)
class Mix:
    """A difference a - b split by an attribute; segments by what they add, the largest first."""

    by: str
    shift: MixShift
    segments: tuple[MixSegment, ...]


def split_by(
    opened: Reading,
    by: str,
    design_effects: tuple[float, float],
    *sides: tuple[Ask, Mapping[str, Value]],
) -> Mix | None:
    """The split of the difference of two sides (a, then b) whose own figures are shown.

    Each side is what is asked for (its `by` does not count) and the segment it is of. None where
    nobody answered on a side, or where there are not two groups that may be told apart.
    """
    tables = [_table(opened, by, ask, segment) for ask, segment in sides]
    hidden = {value for table in tables for value, figure in table.items() if figure.hidden}
    together = tuple(sorted(hidden, key=lambda value: (value is None, value or "")))
    now, before = (_groups(table, together) for table in tables)
    if any(0 < sum(groups.get(together, ())) < CONFIDENTIAL_FLOOR for groups in (now, before)):
        return None  # cannot be while what is hidden is hidden well
    # The split names its segments by text, and a value may be any text.
    names = {values: str(place) for place, values in enumerate({**now, **before})}
    values_of = {name: values for values, name in names.items()}
    if len(names) < 2:
        return None
    shift = mix_shift(
        opened.survey.kind,
        *({names[values]: counts for values, counts in side.items()} for side in (before, now)),
        design_effects=design_effects,
    )
    if shift is None:
        return None
    segments = (MixSegment(values_of[part.segment], part) for part in shift.segments)
    return Mix(by, shift, tuple(segments))


def _table(opened: Reading, by: str, ask: Ask, segment: Mapping[str, Value]) -> dict[Value, Figure]:
    """The figures of a side by the values of the attribute."""
    metrics = metrics_of(opened, replace(ask, by=tuple(sorted({*segment, by}))))
    return {
        figure.by[by]: figure
        for figure in metrics.segments
        if all(figure.by[name] == value for name, value in segment.items())
    }


def _groups(table: Mapping[Value, Figure], together: Values) -> dict[Values, list[int]]:
    """Histograms by value, with those that must not be told apart as one."""
    groups: dict[Values, list[int]] = {
        (value,): list(figure.counts) for value, figure in table.items() if value not in together
    }
    apart = [table[value].counts for value in together if value in table]
    if apart:
        groups[together] = np.sum(apart, axis=0).tolist()
    return groups


def present_mix(found: Mix) -> dict[str, Any]:
    """The API's document."""
    return {
        "by": found.by,
        "within": _present_part(found.shift.within),
        "mix": _present_part(found.shift.mix),
        "segments": [
            {
                "values": list(each.values),
                "a": {"n": each.part.n_after, "share": each.part.share_after,
                      "value": each.part.score_after},
                "b": {"n": each.part.n_before, "share": each.part.share_before,
                      "value": each.part.score_before},
                "within": each.part.within,
                "mix": each.part.mix,
            }
            for each in found.segments
        ],
    }  # fmt: skip


def _present_part(part: Part) -> dict[str, float]:
    return {"value": part.value, "low": part.low, "high": part.high}
