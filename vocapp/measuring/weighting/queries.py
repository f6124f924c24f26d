"""Reads: a score weighted to known shares, beside the raw one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.orm import Session

from surveys.intervals import Estimate
from surveys.weighting import estimate_weighted_groups, rake
from vocapp.authoring.queries import SurveySummary
from vocapp.database import scoped_statement, snapshot
from vocapp.measuring.asking import Ask
from vocapp.measuring.histograms import by_each_attribute, counts_of
from vocapp.measuring.queries import Reading
from vocapp.measuring.weighting.models import TargetShare

Targets = Mapping[str, Mapping[str, float]]
_MOST_OFFERED = 30


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """A score as it would be if the answers had the shares of all customers.

    weighted None: `missing` names the groups that nobody answered from (attribute, value), or
    nobody answered at all. left_out: answers that belong to none of the groups. converged: every
    share is met; else the cap on weights forbids it. capped: answers with the largest weight.
    """

    targets: Targets
    weighted: Estimate | None
    effective_n: float
    left_out: int
    missing: tuple[tuple[str, str], ...] = ()
    converged: bool = True
    capped: int = 0


_TARGETS = (
    scoped_statement(TargetShare)
    .where(TargetShare.survey_id == bindparam("survey_id"))
    .order_by(TargetShare.attribute, TargetShare.share.desc(), TargetShare.value)
)


def targets_of(session: Session, survey: SurveySummary) -> dict[str, dict[str, float]]:
    """Attribute → value → share in percent, largest first; empty: the score is not weighted."""
    mine = {"workspace_id": survey.workspace_id, "survey_id": survey.id}
    rows = session.scalars(_TARGETS, mine)
    found: dict[str, dict[str, float]] = {}
    for row in rows:
        found.setdefault(row.attribute, {})[row.value] = row.share
    return found


def known_shares(survey: SurveySummary) -> dict[str, dict[str, float]]:
    """The same, in a snapshot of its own."""
    with snapshot() as session:
        return targets_of(session, survey)


def weighted_score(opened: Reading, ask: Ask) -> WeightedScore | None:
    """The weighted score of a question; None where no shares are known, or where a filter asks
    for some of the customers. Never of a confidential survey, also where shares were given
    before it became one."""
    if opened.survey.confidential or opened.source is None or ask.filter is not None:
        return None
    targets = targets_of(opened.session, opened.survey)
    if not targets:
        return None
    names = tuple(targets)
    counts, _ = counts_of(opened.source, replace(ask, by=names))
    inside, left_out = [], 0
    for key, histogram in counts.segments.items():
        n = int(histogram.sum())
        values = dict(zip(names, key, strict=True))
        if all(values[name] in targets[name] for name in names):
            inside.append((values, n, [int(count) for count in histogram]))
        else:
            left_out += n
    missing = tuple(
        (name, value)
        for name in names
        for value in targets[name]
        if not any(values[name] == value for values, _, _ in inside)
    )
    if missing or not inside:
        return WeightedScore(targets, None, 0.0, left_out, missing)
    found = rake(
        [{name: str(values[name]) for name in names} for values, _, _ in inside],
        targets,
        counts=[n for _, n, _ in inside],
    )
    score = estimate_weighted_groups(
        opened.survey.kind, [histogram for _, _, histogram in inside], found.weights
    )
    return WeightedScore(
        targets, score.weighted, score.effective_n, left_out,
        converged=found.converged, capped=found.capped,
    )  # fmt: skip


def present_weighted(found: WeightedScore) -> dict[str, Any]:
    """The API's document; value, low and high are null where a group has no answer."""
    score = found.weighted
    return {
        "value": score.value if score else None,
        "low": score.low if score else None,
        "high": score.high if score else None,
        "n": score.n if score else 0,
        "effective_n": found.effective_n,
        "left_out": found.left_out,
        "missing": [{"attribute": name, "value": value} for name, value in found.missing],
        "converged": found.converged,
        "capped": found.capped,
        "targets": {name: dict(shares) for name, shares in found.targets.items()},
    }


def values_answered(opened: Reading, attribute: str) -> list[tuple[str, int]]:
    """The values of an attribute that answers have, with their number, most answers first."""
    if opened.source is None:
        return []
    found = by_each_attribute(opened.source, Ask(), (attribute,)).get(attribute, {})
    sizes = [(value, int(histogram.sum())) for value, histogram in found.items()]
    return sorted(sizes, key=lambda each: (-each[1], each[0]))[:_MOST_OFFERED]
