"""Answers that stand aside: stored as safely as any other, and nowhere counted.

They wait for a colleague (`holding.py`): because a program may have pressed, or because the quota
of their group was full when they came.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select, update
from sqlalchemy.orm import Session

from surveys.questions import Value
from vocapp.collecting.models import HeldAnswer
from vocapp.database import insert_into, scoped, transaction
from vocapp.extensions import db

if TYPE_CHECKING:
    from vocapp.collecting.service import Submission


def set_aside(
    session: Session,
    workspace_id: UUID,
    submission: Submission,
    *,
    state: str,
    reasons: Sequence[str],
    of: Mapping[str, Any],
    at: datetime,
) -> None:
    """Keep an answer out of every number. The last press is what is kept; that there were others
    is counted. A press that may be a program's replaces no answer that is only over a quota; nor
    does the same that comes again what its person added since. of: id, contact_id and what else is
    known of its person and moment."""
    said = {
        **of,
        "survey_version": submission.version,
        "locale": submission.locale,
        "page": submission.page,
        "score": submission.score,
        "answers": json.dumps(dict(submission.answers), ensure_ascii=False),
        "digest": submission.digest,
        "reasons": list(reasons),
        "pressed_at": at,
        "state": state,
        "decided_at": None,
        "decided_by_user_id": None,
    }
    offered = insert_into(session, HeldAnswer).values(
        workspace_id=workspace_id, survey_id=submission.survey_id,
        invitation_id=submission.invitation_id, channel=submission.channel, presses=1,
        **said,
    )  # fmt: skip
    was_over_quota = HeldAnswer.state == "over_quota"
    is_repeated = and_(
        was_over_quota, HeldAnswer.revision > 0, HeldAnswer.digest == offered.excluded.digest
    )
    session.execute(
        offered.on_conflict_do_update(
            index_elements=["workspace_id", "id"],
            set_={name: offered.excluded[name] for name in said if name != "id"}
            | {"presses": HeldAnswer.presses + 1},
            where=~was_over_quota if state == "held" else is_repeated.is_not(True),
        )
    )


@dataclass(frozen=True, slots=True)
class Added:
    """What an answer had become by what its person added to it while it stood aside."""

    digest: str | None
    revision: int
    score: int | None
    answers: Mapping[str, Value]


def overtake(
    session: Session, workspace_id: UUID, ids: Collection[UUID], *, now: datetime
) -> dict[UUID, Added]:
    """What stands aside under these ids gives way to answers that count; those to which something
    was added, by their ids."""
    gone = session.execute(
        update(HeldAnswer)
        .where(
            HeldAnswer.workspace_id == workspace_id,
            HeldAnswer.id.in_(ids),
            HeldAnswer.state != "counted",
        )
        .values(state="overtaken", decided_at=now, decided_by_user_id=None)
        .returning(
            HeldAnswer.id,
            HeldAnswer.digest,
            HeldAnswer.revision,
            HeldAnswer.score,
            HeldAnswer.answers,
        )
        .execution_options(synchronize_session=False)
    ).all()
    return {
        row.id: Added(row.digest, row.revision, row.score, json.loads(row.answers))
        for row in gone
        if row.revision
    }


def over_quota(
    workspace_id: UUID, response_id: UUID, *, session: Session | None = None
) -> HeldAnswer | None:
    """The answer with this id that is kept over a quota."""
    return (session or db.session).scalar(_over_quota(workspace_id, response_id))


def add_over_quota(
    workspace_id: UUID,
    response_id: UUID,
    answers: Mapping[str, Value],
    *,
    revision: int,
    primary: str,
) -> bool:
    """What its person adds to an answer over a quota, or corrects; False where it was decided
    meanwhile. revision: as `service.revise_response` has it. primary: key of the question whose
    answer is the score."""
    with transaction() as session:
        row = session.scalar(_over_quota(workspace_id, response_id).with_for_update())
        if row is not None and revision > row.revision:
            said = json.loads(row.answers) | dict(answers)
            row.answers, row.score = json.dumps(said, ensure_ascii=False), said.get(primary)
            row.revision = revision
        return row is not None


def _over_quota(workspace_id: UUID, response_id: UUID) -> Select[HeldAnswer]:
    return scoped(HeldAnswer, workspace_id).where(
        HeldAnswer.id == response_id, HeldAnswer.state == "over_quota"
    )


def number_aside(session: Session, workspace_id: UUID, survey_id: UUID, state: str) -> int:
    """How many answers to a survey stand aside in a state."""
    query = select(func.count()).where(
        HeldAnswer.workspace_id == workspace_id,
        HeldAnswer.survey_id == survey_id,
        HeldAnswer.state == state,
    )
    return session.scalar(query) or 0
