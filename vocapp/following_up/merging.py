"""Several answers of one person are one case: the others stand in it until they are taken out.

Nobody is called twice because they answered twice. Each answer keeps its case, with its timeline;
one that stands in another is worked on there, and counts in how urgent that one is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.following_up.changing import CaseWriter, Done, locked_case, locked_cases
from vocapp.following_up.clock import real_due
from vocapp.following_up.models import ACTIVE_STATES, MERGED, FollowUp
from vocapp.following_up.ranking import rank_cases
from vocapp.following_up.service import MAX_BULK
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.reach import Reach


def merge_cases(
    workspace_id: UUID,
    ids: Sequence[UUID],
    *,
    reach: Reach,
    kept_id: UUID | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> tuple[UUID | None, Done]:
    """Let the active ones of these cases stand in one of them; which one that is, and what changed.

    kept_id: the one to go on with; None takes the most urgent. It is due when the first of them
    is. Ids that are not there, or have ended, are as if absent; with fewer than two left nothing
    is changed. Raises BadInput where the rest are not all of one known person.
    """
    if len(set(ids)) > MAX_BULK:
        raise BadInput.of("id", f"expected at most {MAX_BULK} follow-ups")
    with transaction() as session:
        writer = CaseWriter(session, actor_user_id, now)
        found = locked_cases(session, workspace_id, ids, reach)
        active = [case for case in found if case.state in ACTIVE_STATES]
        _refuse_strangers(active)
        chosen = [case for case in active if case.id == kept_id]
        if len(active) < 2 or (kept_id is not None and not chosen):
            return None, writer.done("follow_up.merged", workspace_id)
        kept = chosen[0] if chosen else min(active, key=lambda case: (-case.priority, case.id))
        _join(writer, kept, [case for case in active if case is not kept])
        rank_cases(session, workspace_id, [kept.id], now=now)
        return kept.id, writer.done("follow_up.merged", workspace_id)


def part_case(
    workspace_id: UUID, follow_up_id: UUID, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Done:
    """Let a case stand alone again, in the state that its contacts speak for.

    Raises NotFound, Conflict (it stands alone already).
    """
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        kept_id = case.merged_into_id
        if kept_id is None:
            raise Conflict("This follow-up stands alone.")
        state = "open" if case.first_contact_at is None else "contacted"
        writer = CaseWriter(session, actor_user_id, now)
        writer.put(case, "parted", {"state": state, "merged_into_id": None})
        rank_cases(session, workspace_id, [kept_id, case.id], now=now)
        return writer.done("follow_up.parted", workspace_id)


def _refuse_strangers(cases: Sequence[FollowUp]) -> None:
    people = {case.contact_id for case in cases}
    if len(cases) > 1 and (len(people) > 1 or None in people):
        raise BadInput.of("id", "expected follow-ups of one person")


def _join(writer: CaseWriter, kept: FollowUp, others: Sequence[FollowUp]) -> None:
    """The others into the kept one, with whatever stood in them."""
    # Before anything moves: a case that is joined does not wait any more.
    due_at = min(real_due(case.due_at, case.paused_at) for case in (kept, *others))
    inside = _standing_in(writer.session, kept.workspace_id, [case.id for case in others])
    for case in sorted((*others, *inside), key=lambda each: each.id):
        values: dict[str, Any] = {"state": MERGED, "merged_into_id": kept.id}
        values |= {"snoozed_until": None, "suggestion": None}
        writer.put(case, "merged", values)
    writer.write(kept, "merged", {"due_at": due_at}, answers=len(others) + len(inside))


def _standing_in(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[FollowUp]:
    return list(
        session.scalars(
            scoped(FollowUp, workspace_id)
            .where(FollowUp.merged_into_id.in_(ids))
            .order_by(FollowUp.id)
            .with_for_update()
        )
    )
