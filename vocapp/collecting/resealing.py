"""Bringing stored texts under the key that seals now, a batch at a time.

For texts of before they were sealed, and after a change of SECRET_KEY. With VOC_SEAL_TEXTS=0
they are opened instead, for the way back to a version that knows of no seals.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Text, select, tuple_, type_coerce, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.collecting.models import Answer
from vocapp.database import transaction, utcnow
from vocapp.sealing import Unreadable, text_keys

RESEAL = "reseal"
_STEP = 500
as_stored = type_coerce(Answer.text, Text)  # as the database has it

Place = tuple[UUID, UUID]  # response and question


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a batch. last: where the next one begins, None where none was left."""

    looked_at: int
    rewritten: int
    unreadable: int
    last: Place | None


def reseal(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: one batch of a workspace, and a row of work for the next.

    It can die anywhere: what is right already is left as it is.
    """
    for row in rows:
        after = row.detail.get("after")
        place = (UUID(after[0]), UUID(after[1])) if after else None
        step = reseal_step(session, row.workspace_id, after=place)
        if step.last is not None:
            outbox.add(
                session, row.workspace_id, RESEAL, row.workspace_id, now=utcnow(),
                detail={"after": [str(each) for each in step.last]}, priority=outbox.BACKLOG,
            )  # fmt: skip


def reseal_workspace(workspace_id: UUID) -> Iterator[Step]:
    """All of a workspace, a transaction a step; may be broken off and begun again."""
    place: Place | None = None
    while True:
        with transaction() as session:
            step = reseal_step(session, workspace_id, after=place)
        yield step
        place = step.last
        if place is None:
            return


def reseal_step(session: Session, workspace_id: UUID, *, after: Place | None) -> Step:
    """Up to 500 texts in the order of their responses. A text that is edited meanwhile is left
    to the edit, one whose key is missing to whoever finds it."""
    query = select(Answer.response_id, Answer.question_id, as_stored.label("stored")).where(
        Answer.workspace_id == workspace_id, Answer.text.is_not(None)
    )
    if after is not None:
        # Said twice, so that the primary key leads there.
        query = query.where(
            Answer.response_id >= after[0],
            tuple_(Answer.response_id, Answer.question_id) > tuple_(*after),
        )
    found = session.execute(
        query.order_by(Answer.response_id, Answer.question_id).limit(_STEP)
    ).all()
    keys = text_keys()
    rewritten = unreadable = 0
    for response_id, question_id, stored in found:
        if keys.is_settled(stored):
            continue
        try:
            text = keys.open(stored)
        except Unreadable:
            unreadable += 1
            continue
        session.execute(
            update(Answer)
            .where(
                Answer.workspace_id == workspace_id,
                Answer.response_id == response_id,
                Answer.question_id == question_id,
                as_stored == stored,
            )
            .values(text=text)
            .execution_options(synchronize_session=False)
        )
        rewritten += 1
    last = (found[-1].response_id, found[-1].question_id) if len(found) == _STEP else None
    return Step(len(found), rewritten, unreadable, last)
