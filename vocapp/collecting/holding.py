"""Use cases: an answer is held, and what a colleague decides about it.

A held answer is stored as safely as any other, and nowhere counted. It counts once somebody says
so, or gives way when the person answers without doubt: under one id, so never twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vocapp.collecting import service
from vocapp.collecting.aside import overtake, set_aside
from vocapp.collecting.held_queries import ACCOUNT
from vocapp.collecting.models import HeldAnswer
from vocapp.collecting.service import Also, Submission
from vocapp.database import scoped, transaction
from vocapp.people.identifying import contact_by_id
from vocapp.people.models import Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import NotFound
from vocapp.signing import digest_of_json
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit


def keep_or_hold(
    workspace_id: UUID, submission: Submission, reasons: Sequence[str], *, also: Also, now: datetime
) -> bool:
    """Store the answer to an invitation: held where there are reasons for it (True), or counted,
    in which case what was held of the same person gives way. also: done in the transaction of one
    that counts. Raises NotFound."""
    if reasons:
        _hold(workspace_id, submission, reasons, now=now)
        return True

    def count(session: Session) -> None:
        assert submission.id is not None
        overtake(session, workspace_id, [submission.id], now=now)
        also(session)

    service.keep_answer(workspace_id, submission, also=count, now=now)
    return False


def _hold(
    workspace_id: UUID, submission: Submission, reasons: Sequence[str], *, now: datetime
) -> None:
    try:
        with transaction() as session:
            assert submission.contact_id is not None
            # Also one whose record was merged into another since the mail went out.
            contact = contact_by_id(session, workspace_id, submission.contact_id)
            of = {
                "id": submission.id,
                "contact_id": contact.id if contact else submission.contact_id,
                "touchpoint": submission.attributes.get("touchpoint"),
            }
            set_aside(
                session, workspace_id, submission, state="held", reasons=reasons, of=of, at=now
            )
    except IntegrityError as exc:
        raise NotFound("This invitation is no longer there.") from exc


# --- what a colleague decides -----------------------------------------------------------


_UNDECIDED = ("held", "over_quota", "put_aside")


class _DecidedMeanwhile(Exception):
    """Its person has answered without doubt or said more, or a colleague was quicker."""


def let_count(
    workspace_id: UUID,
    ids: Collection[UUID],
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> list[UUID]:
    """Have held answers count, each from the moment when it was given. Repeatable.

    Returns those that count now: not those that were decided before, nor that gave way to what
    the person answered since, nor to which they add something at this moment. Raises NotFound where
    one is not there, or not within reach.
    """
    with transaction() as session:
        rows = _within(session, workspace_id, ids, reach)
        submissions = [_submission(row) for row in rows if row.state in _UNDECIDED]
    return [
        submission.id
        for submission in submissions
        if submission.id and _count(workspace_id, submission, actor_user_id, now=now)
    ]


def _count(
    workspace_id: UUID, submission: Submission, actor_user_id: UUID | None, *, now: datetime
) -> bool:
    """The answer and what is noted of it are stored together, or neither."""
    assert submission.id is not None
    held_id = submission.id

    def decide(session: Session) -> None:
        row = session.get(HeldAnswer, (workspace_id, held_id), with_for_update=True)
        is_as_read = row is not None and _submission(row) == submission
        if not is_as_read or not _decide(
            session, workspace_id, [held_id], "counted", actor_user_id, now
        ):
            raise _DecidedMeanwhile

    try:
        service.keep_answer(workspace_id, submission, also=decide, now=now)
    except _DecidedMeanwhile:
        return False
    return True


def put_aside(
    workspace_id: UUID,
    ids: Collection[UUID],
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> list[UUID]:
    """Have held answers not count; they stay, and may count later. Raises NotFound."""
    return _move(workspace_id, ids, "held", "put_aside", reach, actor_user_id, now)


def take_back(
    workspace_id: UUID,
    ids: Collection[UUID],
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> list[UUID]:
    """The counterpart of `put_aside`. Raises NotFound."""
    return _move(workspace_id, ids, "put_aside", "held", reach, actor_user_id, now)


def _move(
    workspace_id: UUID, ids: Collection[UUID], before: str, after: str, reach: Reach,
    actor_user_id: UUID | None, now: datetime,
) -> list[UUID]:  # fmt: skip
    with transaction() as session:
        rows = _within(session, workspace_id, ids, reach)
        moved = [row.id for row in rows if row.state == before]
        _decide(session, workspace_id, moved, after, actor_user_id, now)
    return moved


def _within(
    session: Session, workspace_id: UUID, ids: Collection[UUID], reach: Reach
) -> Sequence[HeldAnswer]:
    rows = session.scalars(
        scoped(HeldAnswer, workspace_id)
        .outerjoin(
            Contact,
            (Contact.workspace_id == HeldAnswer.workspace_id)
            & (Contact.id == HeldAnswer.contact_id),
        )
        .where(HeldAnswer.id.in_(ids), of_accounts_within(reach, workspace_id, ACCOUNT))
        .order_by(HeldAnswer.pressed_at, HeldAnswer.id)
        .with_for_update(of=HeldAnswer)
    ).all()
    if len(rows) < len(set(ids)):
        raise NotFound("No such held answer.")
    return rows


def _submission(row: HeldAnswer) -> Submission:
    answers = json.loads(row.answers)
    return Submission(
        survey_id=row.survey_id,
        version=row.survey_version,
        answers=answers,
        score=row.score,
        channel=row.channel,
        answered_at=row.pressed_at,
        digest=row.digest or digest_of_json([str(row.survey_id), row.survey_version, answers]),
        id=row.id,
        locale=row.locale,
        page=row.page,
        contact_id=row.contact_id,
        account_id=row.account_id,
        invitation_id=row.invitation_id,
        attributes={"touchpoint": row.touchpoint} if row.touchpoint else row.attributes,
        revision=row.revision,
        is_admitted=True,
    )


def _decide(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], state: str,
    actor_user_id: UUID | None, now: datetime,
) -> bool:  # fmt: skip
    """Of those that are undecided; whether there was one."""
    is_open = state == "held"
    moved = session.scalars(
        update(HeldAnswer)
        .where(
            HeldAnswer.workspace_id == workspace_id,
            HeldAnswer.id.in_(ids),
            HeldAnswer.state.in_(_UNDECIDED),
        )
        .values(
            state=state,
            decided_at=None if is_open else now,
            decided_by_user_id=None if is_open else actor_user_id,
        )
        .returning(HeldAnswer.id)
        .execution_options(synchronize_session=False)
    ).all()
    if not moved:
        return False
    audit(
        session, workspace_id, f"held_answers.{state}", now=now, actor_user_id=actor_user_id,
        detail={"answers": len(moved)},
    )  # fmt: skip
    return True
