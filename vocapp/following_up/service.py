"""Use cases of people: move a case on, assign it, set its due time, put it off, note something.

`reach`: a case beyond it is as if absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import transaction
from vocapp.following_up import snoozing
from vocapp.following_up.changing import (
    CaseWriter,
    Done,
    locked_case,
    locked_cases,
    refuse_merged,
    refuse_stale,
)
from vocapp.following_up.models import ENDED_STATES, FOLLOW_UP_STATES, FollowUp
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.models import Membership
from vocapp.workspaces.reach import Reach

OUTCOMES = ("solved", "plan_agreed", "explained", "no_reply", "no_action", "leaving")
ROOT_CAUSES = (
    "defect", "missing_feature", "usability", "reliability", "support", "onboarding", "pricing",
    "expectations", "change_at_customer", "unclear",
)  # fmt: skip
MAX_BULK = 50  # as many as a page shows; the undo token has to fit into a cookie
MAX_NOTE = 10_000


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None leaves a field as it is.

    `unassign` takes the owner away, `wake` ends a snooze.
    """

    state: str | None = None
    outcome: str | None = None
    root_cause: str | None = None
    owner_user_id: UUID | None = None
    unassign: bool = False
    due_at: datetime | None = None
    snooze_until: datetime | None = None
    wake: bool = False
    note: str | None = None

    @property
    def only_adds(self) -> bool:
        """A note collides with nobody's change."""
        return self == Change(note=self.note)


def change_follow_up(
    workspace_id: UUID,
    follow_up_id: UUID,
    change: Change,
    *,
    reach: Reach,
    expected_version: int | None = None,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Change one case. Raises NotFound, BadInput, Conflict (it was changed meanwhile, or stands
    in another one)."""
    with transaction() as session:
        _check(session, workspace_id, change, now)
        case = locked_case(session, workspace_id, follow_up_id, reach)
        refuse_merged(case)
        if not change.only_adds:
            refuse_stale(case, expected_version)
        writer = CaseWriter(session, actor_user_id, now)
        _change(writer, case, change)
        return writer.done("follow_up.changed", workspace_id)


def change_follow_ups(
    workspace_id: UUID,
    follow_up_ids: Sequence[UUID],
    change: Change,
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Change many; ids that are not of this workspace, or stand in another case, are as if absent.

    Raises BadInput.
    """
    if len(set(follow_up_ids)) > MAX_BULK:
        raise BadInput.of("id", f"expected at most {MAX_BULK} follow-ups")
    with transaction() as session:
        _check(session, workspace_id, change, now)
        writer = CaseWriter(session, actor_user_id, now)
        for case in locked_cases(session, workspace_id, follow_up_ids, reach):
            if case.merged_into_id is None:
                _change(writer, case, change)
        return writer.done("follow_up.changed", workspace_id)


def take_suggestion(
    workspace_id: UUID,
    follow_up_id: UUID,
    *,
    reach: Reach,
    accept: bool,
    expected_version: int | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> Done:
    """Do what was suggested, or dismiss it. Raises NotFound, Conflict."""
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        if case.suggestion is None:
            raise Conflict("There is no suggestion any more.")
        refuse_stale(case, expected_version)
        values: dict[str, Any] = {"suggestion": None}
        if accept:
            values |= _suggested(case, now)
        writer = CaseWriter(session, actor_user_id, now)
        writer.put(case, "suggestion", values, accepted=accept)
        return writer.done("follow_up.suggestion", workspace_id)


def _suggested(case: FollowUp, now: datetime) -> dict[str, Any]:
    told: Mapping[str, Any] = case.suggestion or {}
    if told["action"] == "close":
        return {"state": "closed", "resolved_at": now, "snoozed_until": None}
    return {
        "rule_key": told["rule"],
        "team": told["team"],
        "due_at": datetime.fromisoformat(told["due_at"]),
    }


# --- changing -----------------------------------------------------------------------------


def _check(session: Session, workspace_id: UUID, change: Change, now: datetime) -> None:
    if change.state is not None and change.state not in FOLLOW_UP_STATES:
        raise BadInput.of("state", f"expected one of {', '.join(FOLLOW_UP_STATES)}")
    if change.state == "resolved" and change.outcome is None:
        raise BadInput.of("outcome", f"resolving needs one of {', '.join(OUTCOMES)}")
    for name, value, known in (
        ("outcome", change.outcome, OUTCOMES), ("root_cause", change.root_cause, ROOT_CAUSES),
    ):  # fmt: skip
        if value is not None and value not in known:
            raise BadInput.of(name, f"expected one of {', '.join(known)}")
    if change.note is not None and not 1 <= len(change.note.strip()) <= MAX_NOTE:
        raise BadInput.of("note", f"expected 1 to {MAX_NOTE} characters")
    if change.snooze_until is not None:
        snoozing.check(change.snooze_until, now)
    if change.owner_user_id is not None:
        member = session.get(Membership, (workspace_id, change.owner_user_id))
        if member is None:
            raise BadInput.of("owner", "not a member of this workspace")


def _change(writer: CaseWriter, case: FollowUp, change: Change) -> None:
    if change.state is not None:
        writer.put(case, "state", state_values(case, change.state, writer.now))
    if change.outcome is not None or change.root_cause is not None:
        writer.put(case, "outcome", _outcome_values(change))
    if change.unassign or change.owner_user_id is not None:
        writer.put(case, "owner", {"owner_user_id": change.owner_user_id})
    if change.due_at is not None:
        writer.put(case, "due", {"due_at": change.due_at})
    if change.snooze_until is not None or change.wake:
        snoozing.snooze(writer, case, change.snooze_until)
    if change.note is not None:
        writer.write(case, "note", note=change.note.strip())


def state_values(case: FollowUp, state: str, now: datetime) -> dict[str, Any]:
    """What a case's columns become when it is moved to a state."""
    if state == case.state:
        return {}
    values: dict[str, Any] = {"state": state}
    if state in {"contacted", "waiting", "resolved"} and case.first_contact_at is None:
        values["first_contact_at"] = now
    if state in ENDED_STATES:
        values["resolved_at"] = case.resolved_at or now
        values |= {"suggestion": None, "snoozed_until": None}
    elif case.state in ENDED_STATES:  # opened again: what it ended with stays in the timeline
        values |= {"resolved_at": None, "outcome": None, "root_cause": None}
    return values


def _outcome_values(change: Change) -> dict[str, Any]:
    given = {"outcome": change.outcome, "root_cause": change.root_cause}
    return {name: value for name, value in given.items() if value is not None}
