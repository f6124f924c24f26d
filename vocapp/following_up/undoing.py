"""Taking back what an action changed, for a while and as long as nobody changed it since."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.following_up.changing import CaseWriter, column_value, locked_cases
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.ranking import rank_cases
from vocapp.following_up.writing.service import recall
from vocapp.problems import Conflict
from vocapp.undo_tokens import read_undo
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts, Reach


def undo(
    workspace_id: UUID, token: str, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> int:
    """Put back what an action of this person changed; how many cases.

    Raises Conflict when it is too late (ten minutes), somebody changed a case since, or it went
    out of the person's reach: then nothing is put back. A case that they gave away themselves
    comes back.
    """
    told = read_undo(token, "follow_up", workspace_id, actor_user_id)
    ids = [UUID(each) for each in told["ids"]]
    with transaction() as session:
        within = {case.id for case in locked_cases(session, workspace_id, ids, reach)}
        cases = locked_cases(session, workspace_id, ids, WHOLE_WORKSPACE)
        lines = _lines(session, workspace_id, ids, actor_user_id, told["at"])
        writer = CaseWriter(session, actor_user_id, now)
        for case in cases:
            if case.id not in within and not _comes_back(lines.get(case.id, []), reach):
                raise Conflict("This follow-up is with somebody else now.")
            _put_back(writer, case, lines.get(case.id, []))
        rank_cases(session, workspace_id, ids, now=now)
        writer.done("follow_up.undone", workspace_id)
    return len(writer.touched)


def _comes_back(lines: Sequence[FollowUpEntry], reach: Reach) -> bool:
    """Whether taking these changes back gives a case to the reader again."""
    return isinstance(reach, OwnAccounts) and any(
        line.detail.get("from", {}).get("owner_user_id") == str(reach.user_id) for line in lines
    )


def _lines(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], actor: UUID, at: str
) -> dict[UUID, list[FollowUpEntry]]:
    rows = session.scalars(
        scoped(FollowUpEntry, workspace_id).where(
            FollowUpEntry.follow_up_id.in_(ids),
            FollowUpEntry.at == datetime.fromisoformat(at),
            FollowUpEntry.actor_user_id == actor,
        )
    )
    found: dict[UUID, list[FollowUpEntry]] = {}
    for row in rows:
        found.setdefault(row.follow_up_id, []).append(row)
    return found


def _put_back(writer: CaseWriter, case: FollowUp, lines: Sequence[FollowUpEntry]) -> None:
    if not lines or any(line.detail.get("version") != case.version for line in lines):
        raise Conflict("This follow-up was changed since, so it was left as it is.")
    values: dict[str, Any] = {}
    for line in lines:
        if line.kind == "mail":
            recall(writer.session, case, UUID(line.detail["mail"]), now=writer.now)
        for name, value in line.detail.get("from", {}).items():
            values.setdefault(name, column_value(name, value))
        line.note = None
    # What was put down is what the columns held, due times of a clock that stands included.
    values.setdefault("paused_at", case.paused_at)
    writer.write(case, "undone", values, of=sorted(line.kind for line in lines))
