"""What the model was unsure of: kept with each analysis, forgotten with the person."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import insert_into, read_once
from vocapp.understanding.models import Analysis, Assignment, Doubt, Review, Theme, TriageTurn

if TYPE_CHECKING:
    from nlp.analysis import Analysis as Found
    from nlp.triage import Certainty


def lot_of(response_id: UUID) -> float:
    """A number 0…1 that says nothing about a response, and is always the same.

    >>> lot_of(UUID(int=1)) == lot_of(UUID(int=1)), 0 <= lot_of(UUID(int=2)) < 1
    (True, True)
    """
    digest = hashlib.sha256(response_id.bytes).digest()
    return float(int.from_bytes(digest[:6], "big")) / 2**48


def keep_doubts(
    session: Session, workspace_id: UUID, found: Sequence[tuple[Response, Found | None]]
) -> None:
    """Remember how sure the model is of comments of a workspace.

    Not of confidential ones, nor of what says nothing: a person would learn nothing to say of it.
    """
    rows, without = [], []
    for response, each in found:
        certainty = each.certainty if each and each.content == "said" else None
        if certainty is None or _is_confidential(session, response):
            without.append(response.id)
        else:
            rows.append(_row(response, certainty))
    if without:
        session.execute(
            delete(Doubt).where(Doubt.workspace_id == workspace_id, Doubt.response_id.in_(without))
        )
    if rows:
        insert = insert_into(session, Doubt)
        columns = set(rows[0]) - {"workspace_id", "response_id"}
        session.execute(
            insert.on_conflict_do_update(
                index_elements=[Doubt.workspace_id, Doubt.response_id],
                set_={name: insert.excluded[name] for name in columns},
            ),
            rows,
        )


def _row(response: Response, certainty: Certainty) -> dict[str, Any]:
    return {
        "workspace_id": response.workspace_id,
        "response_id": response.id,
        "uncertainty": certainty.uncertainty,
        "lot": lot_of(response.id),
        "top": certainty.top,
        "unseen": certainty.unseen,
        "themes": [
            [each.key, round(each.probability, 4), round(each.threshold, 4), each.start, each.end]
            for each in certainty.doubts
        ],
    }


def _is_confidential(session: Session, response: Response) -> bool:
    key = (response.workspace_id, response.survey_id)
    return bool(
        read_once(
            session,
            ("confidential", *key),
            lambda: session.scalar(
                select(Survey.confidential).where(
                    Survey.workspace_id == key[0], Survey.id == key[1]
                )
            ),
        )
    )


def model_said(
    session: Session, response: Response, theme_id: UUID, row: Assignment | None
) -> dict[str, Any]:
    """What the model says of a theme now, as the columns of a first label; row: as it stands.

    Nothing where a person has spoken before, or no model yet.
    """
    if row is not None:
        if row.source == "person":
            return {}
        return {
            "model_gave": True,
            "model_confidence": row.confidence,
            "model_version": row.model_version,
        }
    analysis = session.get(Analysis, (response.workspace_id, response.id))
    if analysis is None or analysis.model_version is None:
        return {}
    doubt = session.get(Doubt, (response.workspace_id, response.id))
    theme = session.get(Theme, (response.workspace_id, theme_id))
    chances = {each[0]: each[1] for each in doubt.themes} if doubt else {}
    return {
        "model_gave": False,
        "model_confidence": chances.get(theme.key) if theme else None,
        "model_version": analysis.model_version,
    }


def forget_doubts(session: Session, workspace_id: UUID, ids: Collection[UUID]) -> None:
    """What was doubted and decided of comments that are erased goes with them."""
    for model in (Doubt, Review, TriageTurn):
        session.execute(
            delete(model).where(model.workspace_id == workspace_id, model.response_id.in_(ids))
        )


def settled_themes(session: Session, response: Response, *, edited: bool) -> set[UUID]:
    """Themes of which a person has spoken by going through all of a comment, whether on it or not.

    Not those that came into use later; none once the comment was edited, which ends a review.
    """
    review = session.get(Review, (response.workspace_id, response.id))
    if review is None:
        return set()
    if edited:
        session.delete(review)
        return set()
    themes = select(Theme.id).where(
        Theme.workspace_id == response.workspace_id, Theme.created_at <= review.at
    )
    return set(session.scalars(themes))


def reviewed_completely(session: Session, workspace_id: UUID) -> dict[UUID, datetime]:
    """When a person went through all themes of a comment: what is not on it is not in it.

    For learning: elsewhere a theme without a label says nothing.
    """
    rows = session.execute(
        select(Review.response_id, Review.at).where(Review.workspace_id == workspace_id)
    )
    return {row.response_id: row.at for row in rows}
