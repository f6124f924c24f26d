"""Reads: precision and recall of themes, calibration and confusions as people have told them.

Two samples stand beside one another. The random one is made of comments that were drawn at
random and gone through completely: what it says holds for all comments. All corrections are more,
but people correct what is wrong and triage asks about what is hard, so that they make the model
look worse than it is; and what nobody looked at for its own sake says nothing about recall.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from nlp.reliability import Bin, Share, calibration_gap, reliability, share_of
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.understanding.models import Analysis, Doubt, Label, Review, Theme
from vocapp.understanding.triage.drawing import shown

ENOUGH = 10  # claims from which on a share of them is told
_MOST_REVIEWS = 5_000  # the newest; a page needs no more
_MOST_PAIRS = 15
_MOST_COMMENTS = 50


@dataclass(slots=True)
class _Counts:
    """right: given and true; wrong: given and not true; missed: true and not given."""

    right: int = 0
    wrong: int = 0
    missed: int = 0


@dataclass(frozen=True, slots=True)
class ThemeQuality:
    """A theme by the random sample; claims and cases: on how many each share stands, also where
    these are too few to tell it (None). corrected: of all corrections of what the model gave."""

    key: str
    label: Mapping[str, str]
    precision: Share | None
    claims: int
    recall: Share | None
    cases: int
    corrected: Share | None


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often people took one theme off a comment and put another on."""

    removed: str
    added: str
    n: int


@dataclass(frozen=True, slots=True)
class QualityPage:
    """sampled: comments of the random sample; labels: all corrections; versions: of the model in
    the sample; overall: the sample's sums over all themes; gap: expected calibration error."""

    themes: tuple[ThemeQuality, ...]
    overall: ThemeQuality
    sampled: int
    labels: int
    versions: int
    bins: tuple[Bin, ...]
    claims: int
    gap: float | None
    confusions: tuple[Confusion, ...]


@dataclass(slots=True)
class _Sample:
    counts: dict[str, _Counts] = field(default_factory=lambda: defaultdict(_Counts))
    said: list[float] = field(default_factory=list)
    true: list[bool] = field(default_factory=list)
    versions: set[str | None] = field(default_factory=set)
    n: int = 0


def quality_page(workspace_id: UUID, *, now: datetime, days: int) -> QualityPage:
    """What people said in the last days about what the model had said."""
    since = now - timedelta(days=days)
    sample = _sample(workspace_id, since=since)
    corrected, labels = _corrected(workspace_id, since=since)
    themes = db.session.execute(
        select(Theme.key, Theme.label).where(
            Theme.workspace_id == workspace_id, Theme.archived_at.is_(None)
        )
    ).all()
    rows = [
        _quality(key, label, sample.counts.get(key, _Counts()), corrected.get(key, _Counts()))
        for key, label in themes
    ]
    rows.sort(key=lambda row: (-(row.claims + row.cases), -_n(row.corrected), row.key))
    bins = reliability(sample.said, sample.true)
    return QualityPage(
        themes=tuple(rows),
        overall=_quality("", {}, _sum(sample.counts.values()), _sum(corrected.values())),
        sampled=sample.n,
        labels=labels,
        versions=len(sample.versions),
        bins=bins,
        claims=len(sample.said),
        gap=calibration_gap(bins),
        confusions=_confusions(workspace_id, since=since),
    )


def _n(share: Share | None) -> int:
    return share.n if share else 0


def _sum(counts: Iterable[_Counts]) -> _Counts:
    total = _Counts()
    for each in counts:
        total.right += each.right
        total.wrong += each.wrong
        total.missed += each.missed
    return total


def _quality(
    key: str, label: Mapping[str, str], sample: _Counts, corrected: _Counts
) -> ThemeQuality:
    claims, cases = sample.right + sample.wrong, sample.right + sample.missed
    told = corrected.right + corrected.wrong
    return ThemeQuality(
        key=key,
        label=dict(label),
        precision=share_of(sample.right, claims) if claims >= ENOUGH else None,
        claims=claims,
        recall=share_of(sample.right, cases) if cases >= ENOUGH else None,
        cases=cases,
        corrected=share_of(corrected.right, told),
    )


def _sample(workspace_id: UUID, *, since: datetime) -> _Sample:
    """The comments drawn at random and gone through, newest first, against their labels."""
    reviews = db.session.scalars(
        scoped(Review, workspace_id)
        .where(Review.at >= since, Review.sampled_at.is_not(None))
        .order_by(Review.at.desc())
        .limit(_MOST_REVIEWS)
    ).all()
    labels = _labels_on(workspace_id, [review.response_id for review in reviews])
    found = _Sample(n=len(reviews), versions={review.model_version for review in reviews})
    for review in reviews:
        truth = {key for key, verdict in labels.get(review.response_id, ()) if verdict != "remove"}
        given = {key for key, _, is_given in review.said if is_given}
        for key in given | truth:
            counts = found.counts[key]
            counts.right += key in given and key in truth
            counts.wrong += key in given and key not in truth
            counts.missed += key not in given and key in truth
        found.said += [chance for _, chance, _ in review.said]
        found.true += [key in truth for key, _, _ in review.said]
    return found


def _labels_on(workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, str]]]:
    """(Theme, verdict) by comment."""
    found: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for start in range(0, len(ids), 1000):
        rows = db.session.execute(
            select(Label.response_id, Theme.key, Label.verdict)
            .join(Theme, (Theme.workspace_id == Label.workspace_id) & (Theme.id == Label.theme_id))
            .where(
                Label.workspace_id == workspace_id,
                Label.response_id.in_(ids[start : start + 1000]),
            )
        )
        for response_id, key, verdict in rows:
            found[response_id].append((key, verdict))
    return found


def _corrected(workspace_id: UUID, *, since: datetime) -> tuple[dict[str, _Counts], int]:
    """All corrections of what is known to have been said, by theme; how many labels there are."""
    rows = db.session.execute(
        select(Theme.key, Label.verdict, Label.model_gave, func.count())
        .join(Theme, (Theme.workspace_id == Label.workspace_id) & (Theme.id == Label.theme_id))
        .where(Label.workspace_id == workspace_id, Label.at >= since)
        .group_by(Theme.key, Label.verdict, Label.model_gave)
    )
    found: dict[str, _Counts] = defaultdict(_Counts)
    total = 0
    for key, verdict, gave, n in rows:
        total += n
        if gave:
            found[key].right += n if verdict != "remove" else 0
            found[key].wrong += n if verdict == "remove" else 0
        elif gave is not None and verdict != "remove":
            found[key].missed += n
    return found, total


# --- what is taken for what -----------------------------------------------------------------


def _pairs(workspace_id: UUID, *, since: datetime) -> Any:
    """Comments off which one theme was taken that the model gave, and to which one was added."""
    off, on = aliased(Label), aliased(Label)
    one, other = aliased(Theme), aliased(Theme)
    query = (
        select(off.response_id)
        .join(on, (on.workspace_id == off.workspace_id) & (on.response_id == off.response_id))
        .join(one, (one.workspace_id == off.workspace_id) & (one.id == off.theme_id))
        .join(other, (other.workspace_id == on.workspace_id) & (other.id == on.theme_id))
        .where(
            off.workspace_id == workspace_id,
            off.at >= since,
            off.verdict == "remove",
            off.model_gave.is_(True),
            on.verdict == "add",
        )
    )
    return query, off, one, other


def _confusions(workspace_id: UUID, *, since: datetime) -> tuple[Confusion, ...]:
    query, _off, one, other = _pairs(workspace_id, since=since)
    rows = db.session.execute(
        query.with_only_columns(one.key, other.key, func.count().label("n"))
        .group_by(one.key, other.key)
        .order_by(func.count().desc(), one.key, other.key)
        .limit(_MOST_PAIRS)
    )
    return tuple(Confusion(*row) for row in rows)


def confused_comments(
    workspace_id: UUID, removed: str, added: str, *, now: datetime, days: int
) -> list[Any]:
    """The comments of a pair that may be shown, newest first: response_id, redacted, language."""
    query, off, one, other = _pairs(workspace_id, since=now - timedelta(days=days))
    ids = db.session.scalars(
        query.where(one.key == removed, other.key == added)
        .order_by(off.at.desc())
        .limit(_MOST_COMMENTS)
    ).all()
    rows = db.session.execute(
        shown(
            select(Doubt.response_id, Analysis.redacted, Analysis.language).where(
                Doubt.workspace_id == workspace_id, Doubt.response_id.in_(ids)
            )
        )
    )
    by_id = {row.response_id: row for row in rows}
    return [by_id[response_id] for response_id in ids if response_id in by_id]
