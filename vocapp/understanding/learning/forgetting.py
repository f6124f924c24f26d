"""What versions were taught by comments of a person who is forgotten."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vocapp.database import utcnow
from vocapp.understanding.learning.asking import ask_to_prepare
from vocapp.understanding.learning.lessons import digest_of_lessons
from vocapp.understanding.learning.models import ReplacedThemes, ThemeLesson, ThemeModel


def forget_lessons_of(session: Session, workspace_id: UUID, response_ids: Sequence[UUID]) -> None:
    """What versions were taught by these comments goes; those that know them are made again.

    The files of a version are named by its lessons, so what was made of the comments is not
    found any more, and removed when the new files are there.
    """
    if not response_ids:
        return
    session.execute(
        delete(ReplacedThemes).where(
            ReplacedThemes.workspace_id == workspace_id,
            ReplacedThemes.response_id.in_(response_ids),
        )
    )
    touched = session.scalars(
        delete(ThemeLesson)
        .where(ThemeLesson.workspace_id == workspace_id, ThemeLesson.response_id.in_(response_ids))
        .returning(ThemeLesson.model_id)
    ).all()
    for model_id in sorted(set(touched)):
        model = session.get_one(ThemeModel, (workspace_id, model_id))
        model.lessons_digest = _digest_kept(session, model)
    if touched:
        session.flush()
        ask_to_prepare(session, workspace_id, now=utcnow())


def _digest_kept(session: Session, model: ThemeModel) -> str:
    rows = session.execute(
        select(
            ThemeLesson.response_id, ThemeLesson.said, ThemeLesson.stands, ThemeLesson.complete,
            ThemeLesson.text_digest,
        ).where(
            ThemeLesson.workspace_id == model.workspace_id, ThemeLesson.model_id == model.id
        )
    )  # fmt: skip
    return digest_of_lessons([dict(row._mapping) for row in rows])
