"""Use cases: an answer is held, and what a colleague decides about it.

A held answer is stored as safely as any other, and nowhere counted. It counts once somebody says
so, or gives way when the person answers without doubt: under one id, so never twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vocapp.collecting import service
from vocapp.collecting.models import HeldAnswer, Response
from vocapp.collecting.service import Submission
from vocapp.database import insert_into, scoped, transaction
from vocapp.people.identifying import contact_by_id
from vocapp.people.models import Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import NotFound
from vocapp.signing import digest_of_json
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit


def keep_or_hold(
    workspace_id: UUID, submission: Submission, reasons: Sequence[str], *, now: datetime
) -> bool:
    """Store the answer to an invitation: held where there are reasons for it (True), or counted,
    in which case what was held of the same person gives way. Raises NotFound."""
    if reasons:
        _hold(workspace_id, submission, reasons, now=now)
        return True
    service.keep_answer(workspace_id, submission, now=now)
    with transaction() as session:
        session.execute(
            update(HeldAnswer)
            .where(
                HeldAnswer.workspace_id == workspace_id,
                HeldAnswer.id == submission.id,
                HeldAnswer.state != "counted",
            )
            .values(state="overtaken", decided_at=now, decided_by_user_id=None)
        )
    return False


def _hold(
    workspace_id: UUID, submission: Submission, reasons: Sequence[str], *, now: datetime
) -> None:
    """The last press is what is held; that there were others is counted."""
    said = {
        "survey_version": submission.version,
        "locale": submission.locale,
        "score": submission.score,
        "answers": json.dumps(dict(submission.answers), ensure_ascii=False),
        "reasons": list(reasons),
        "pressed_at": now,
        "state": "held",
        "decided_at": None,
        "decided_by_user_id": None,
    }
    try:
        with transaction() as session:
            assert submission.contact_id is not None
            # Also one whose record was merged into another since the mail went out.
            contact = contact_by_id(session, workspace_id, submission.contact_id)
            offered = insert_into(session, HeldAnswer).values(
                workspace_id=workspace_id, id=submission.id, survey_id=submission.survey_id,
                invitation_id=submission.invitation_id,
                contact_id=contact.id if contact else submission.contact_id,
                touchpoint=submission.attributes.get("touchpoint"), presses=1, **said,
            )  # fmt: skip
            session.execute(
                offered.on_conflict_do_update(
                    index_elements=["workspace_id", "id"],
                    set_={name: offered.excluded[name] for name in said}
                    | {"presses": HeldAnswer.presses + 1},
                )
            )
    except IntegrityError as exc:
        raise NotFound("This invitation is no longer there.") from exc


# --- what a colleague decides -----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decided:
    """ids: those that were decided now; the others had been before, or the person answered."""

    ids: Sequence[UUID]


def let_count(
    workspace_id: UUID, ids: Collection[UUID], *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Decided:
    """Have held answers count, each from the moment when it was given. Repeatable.

    One that its person has answered since without doubt gives way. Raises NotFound where one is
    not there, or not within reach.
    """
    with transaction() as session:
        rows = [
            row
            for row in _within(session, workspace_id, ids, reach)
            if row.state in ("held", "put_aside")
        ]
        given_since = _given_since(session, workspace_id, rows)
        submissions = [(row.id, _submission(row)) for row in rows if row.id not in given_since]
    for _, submission in submissions:
        service.keep_answer(workspace_id, submission, now=now)
    counted = [held_id for held_id, _ in submissions]
    with transaction() as session:
        _decide(session, workspace_id, counted, "counted", actor_user_id, now)
        _decide(session, workspace_id, given_since, "overtaken", None, now)
    return Decided(counted)


def put_aside(
    workspace_id: UUID, ids: Collection[UUID], *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Decided:
    """Have held answers not count; they stay, and may count later. Raises NotFound."""
    return _move(workspace_id, ids, "held", "put_aside", reach, actor_user_id, now)


def take_back(
    workspace_id: UUID, ids: Collection[UUID], *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Decided:
    """The counterpart of `put_aside`. Raises NotFound."""
    return _move(workspace_id, ids, "put_aside", "held", reach, actor_user_id, now)


def _move(
    workspace_id: UUID, ids: Collection[UUID], before: str, after: str, reach: Reach,
    actor_user_id: UUID, now: datetime,
) -> Decided:  # fmt: skip
    with transaction() as session:
        rows = _within(session, workspace_id, ids, reach)
        moved = [row.id for row in rows if row.state == before]
        _decide(session, workspace_id, moved, after, actor_user_id, now)
    return Decided(moved)


def _within(
    session: Session, workspace_id: UUID, ids: Collection[UUID], reach: Reach
) -> Sequence[HeldAnswer]:
    rows = session.scalars(
        scoped(HeldAnswer, workspace_id)
        .join(
            Contact,
            (Contact.workspace_id == HeldAnswer.workspace_id)
            & (Contact.id == HeldAnswer.contact_id),
        )
        .where(HeldAnswer.id.in_(ids), of_accounts_within(reach, workspace_id, Contact.account_id))
        .order_by(HeldAnswer.pressed_at, HeldAnswer.id)
        .with_for_update(of=HeldAnswer)
    ).all()
    if len(rows) < len(set(ids)):
        raise NotFound("No such held answer.")
    return rows


def _given_since(session: Session, workspace_id: UUID, rows: Sequence[HeldAnswer]) -> list[UUID]:
    pressed = {row.id: row.pressed_at for row in rows}
    stored = session.execute(
        select(Response.id, Response.answered_at).where(
            Response.workspace_id == workspace_id, Response.id.in_(pressed)
        )
    )
    return [row.id for row in stored if row.answered_at > pressed[row.id]]


def _submission(row: HeldAnswer) -> Submission:
    answers = json.loads(row.answers)
    return Submission(
        survey_id=row.survey_id,
        version=row.survey_version,
        answers=answers,
        score=row.score,
        channel="email",
        answered_at=row.pressed_at,
        digest=digest_of_json([str(row.survey_id), row.survey_version, answers]),
        id=row.id,
        locale=row.locale,
        contact_id=row.contact_id,
        invitation_id=row.invitation_id,
        attributes={"touchpoint": row.touchpoint} if row.touchpoint else {},
    )


def _decide(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], state: str,
    actor_user_id: UUID | None, now: datetime,
) -> None:  # fmt: skip
    if not ids:
        return
    is_open = state == "held"
    session.execute(
        update(HeldAnswer)
        .where(HeldAnswer.workspace_id == workspace_id, HeldAnswer.id.in_(ids))
        .values(
            state=state,
            decided_at=None if is_open else now,
            decided_by_user_id=None if is_open else actor_user_id,
        )
        .execution_options(synchronize_session=False)
    )
    if actor_user_id is not None:
        audit(
            session, workspace_id, f"held_answers.{state}", now=now, actor_user_id=actor_user_id,
            detail={"answers": len(ids)},
        )  # fmt: skip
