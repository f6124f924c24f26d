"""Which comments come into a round: those that teach most, and a share drawn at random.

The first come from the most doubtful of the workspace by nlp.triage.pick. Being hard cases they
say nothing about how good the model is, so every fifth comment is drawn at random from all: the
model's quality is told from these alone. A comment that was drawn and had been reviewed before
counts as drawn without being asked again; else the sample would lack what triage had asked.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from nlp.triage import pick
from nlp.vectors import load_encoder
from vocapp.collecting.models import Response
from vocapp.understanding.models import Analysis, Doubt, Review, TriageTurn
from vocapp.understanding.shown import is_first_alike, said_comments

ROUND = 20
_RANDOM_EVERY = 5
CANDIDATES = 500  # most doubtful ones that diversity is sought among
_TRIES = 100  # places looked at for comments drawn at random
SKIPPED_FOR = timedelta(days=30)
ABANDONED_AFTER = timedelta(hours=4)  # then a round is nobody's any more


@dataclass(frozen=True, slots=True)
class Drawn:
    """A round. turns: (response, how it was drawn) in the order of asking. sampled: drawn at
    random, and reviewed long ago."""

    turns: tuple[tuple[UUID, str], ...]
    sampled: tuple[UUID, ...]


def draw_round(
    session: Session, workspace_id: UUID, user_id: UUID, *, now: datetime, draw: Random
) -> Drawn:
    """Choose the comments of a person's next round; at most 20, fewer where there are not so
    many. draw: where chance comes from."""
    away = _away(session, workspace_id, user_id, now=now)
    random, sampled = _at_random(
        session, workspace_id, away, most=ROUND // _RANDOM_EVERY, draw=draw
    )
    doubtful = _doubtful(session, workspace_id, {*away, *random}, most=ROUND - len(random))
    turns: list[tuple[UUID, str]] = []
    waiting, by_chance = list(doubtful), list(random)
    while waiting or by_chance:
        is_chance = len(turns) % _RANDOM_EVERY == _RANDOM_EVERY // 2
        if by_chance and (is_chance or not waiting):
            turns.append((by_chance.pop(0), "random"))
        else:
            turns.append((waiting.pop(0), "doubt"))
    return Drawn(tuple(turns), tuple(sampled))


def _away(session: Session, workspace_id: UUID, user_id: UUID, *, now: datetime) -> set[UUID]:
    """What this person skipped lately, and what lies before somebody else just now."""
    of_others = (
        (TriageTurn.user_id != user_id)
        & (TriageTurn.begun_at > now - ABANDONED_AFTER)
        & TriageTurn.decided_at.is_(None)
        & TriageTurn.skipped_at.is_(None)
    )
    skipped = (TriageTurn.user_id == user_id) & (TriageTurn.skipped_at > now - SKIPPED_FOR)
    return set(
        session.scalars(
            select(TriageTurn.response_id).where(
                TriageTurn.workspace_id == workspace_id, of_others | skipped
            )
        )
    )


def shown(query: Any) -> Any:
    """Doubts of comments that may be shown and say something; of copies those of the first."""
    return (
        said_comments(query)
        .join(
            Doubt,
            (Doubt.workspace_id == Response.workspace_id) & (Doubt.response_id == Response.id),
        )
        .where(is_first_alike())
    )


def _is_reviewed() -> Any:
    return exists().where(
        Review.workspace_id == Doubt.workspace_id, Review.response_id == Doubt.response_id
    )


def _doubtful(
    session: Session, workspace_id: UUID, away: Collection[UUID], *, most: int
) -> list[UUID]:
    """The most doubtful, no two alike. Those put aside are few, so they are left out here and
    not in the statement, which then is the same each time."""
    query = (
        select(Doubt.response_id, Doubt.themes, Analysis.redacted)
        .where(Doubt.workspace_id == workspace_id, ~_is_reviewed())
        .order_by(Doubt.uncertainty.desc())
        .limit(CANDIDATES + len(away))
    )
    rows = [row for row in session.execute(shown(query)) if row.response_id not in away]
    if not rows:
        return []
    vectors = load_encoder("static").encode([row.redacted for row in rows])
    chances = _chances([row.themes for row in rows])
    return [rows[place].response_id for place in pick(chances, vectors, most=most)]


def _chances(found: Sequence[Sequence[Sequence[Any]]]) -> npt.NDArray[np.float64]:
    """Probability of each theme in each comment that has it or nearly: (n, t)."""
    column_of: dict[str, int] = {}
    for doubts in found:
        for key, *_ in doubts:
            column_of.setdefault(key, len(column_of))
    chances = np.zeros((len(found), len(column_of)))
    for row, doubts in enumerate(found):
        for key, chance, *_ in doubts:
            chances[row, column_of[key]] = chance
    return chances


def _at_random(
    session: Session, workspace_id: UUID, away: Collection[UUID], *, most: int, draw: Random
) -> tuple[list[UUID], list[UUID]]:
    """Comments drawn at random that are still to be asked, and those that were asked before."""
    asked: list[UUID] = []
    known: list[UUID] = []
    for _ in range(_TRIES):
        found = _next_lot(session, workspace_id, draw.random())
        if found is None:
            break
        response_id, reviewed = found
        if response_id in asked or response_id in known:
            continue  # it may come twice, and is asked once
        if reviewed:
            known.append(response_id)
        elif response_id not in away:
            asked.append(response_id)
        if len(asked) == most:
            break
    return asked, known


def _next_lot(session: Session, workspace_id: UUID, lot: float) -> tuple[UUID, bool] | None:
    """The comment with the next higher lot, else that with the lowest; whether it is reviewed."""
    query = shown(
        select(Doubt.response_id, _is_reviewed().label("reviewed"))
        .where(Doubt.workspace_id == workspace_id)
        .order_by(Doubt.lot)
        .limit(1)
    )
    row = session.execute(query.where(Doubt.lot >= lot)).first() or session.execute(query).first()
    return (row.response_id, row.reviewed) if row else None
