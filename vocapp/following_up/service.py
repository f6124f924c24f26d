"""Use cases of people: move a case on, assign it, set its due time, note, undo; forget somebody.

Every change raises the case's version and leaves one line a field in its timeline, with the
former and the new value. An undo token names the lines; what they say is put back. `reach`: a
case beyond it is as if absent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction
from vocapp.following_up.models import FOLLOW_UP_STATES, FollowUp, FollowUpEntry
from vocapp.following_up.reaching import cases_within
from vocapp.people.personal_stores import Merge
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.signing import BadToken, sign_timed, unsign_timed
from vocapp.workspaces.models import Membership
from vocapp.workspaces.reach import WHOLE_WORKSPACE, OwnAccounts, Reach
from vocapp.workspaces.service import audit

OUTCOMES = ("solved", "plan_agreed", "explained", "no_reply", "no_action", "leaving")
ROOT_CAUSES = (
    "defect", "missing_feature", "usability", "reliability", "support", "onboarding", "pricing",
    "expectations", "change_at_customer", "unclear",
)  # fmt: skip
UNDO_S = 600
MAX_BULK = 50  # as many as a page shows; the undo token has to fit into a cookie
MAX_NOTE = 10_000
_ENDED = ("resolved", "closed")
_INSTANTS = frozenset({"due_at", "first_contact_at", "resolved_at", "touched_at"})


@dataclass(frozen=True, slots=True)
class Change:
    """What to change; None leaves a field as it is. `unassign` takes the owner away."""

    state: str | None = None
    outcome: str | None = None
    root_cause: str | None = None
    owner_user_id: UUID | None = None
    unassign: bool = False
    due_at: datetime | None = None
    note: str | None = None

    @property
    def only_adds(self) -> bool:
        """A note collides with nobody's change."""
        return self == Change(note=self.note)


@dataclass(frozen=True, slots=True)
class Done:
    """changed: how many cases; undo: a token for `undo`, None where nothing was changed."""

    changed: int
    undo: str | None


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
    """Change one case. Raises NotFound, BadInput, Conflict (it was changed meanwhile)."""
    expected = {} if expected_version is None else {follow_up_id: expected_version}
    with transaction() as session:
        _check(session, workspace_id, change)
        cases = _locked(session, workspace_id, [follow_up_id], reach)
        if not cases:
            raise NotFound("No such follow-up.")
        return _change(session, cases, change, expected, actor_user_id=actor_user_id, now=now)


def change_follow_ups(
    workspace_id: UUID,
    follow_up_ids: Sequence[UUID],
    change: Change,
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Change many; ids that are not of this workspace are as if absent. Raises BadInput."""
    if len(set(follow_up_ids)) > MAX_BULK:
        raise BadInput.of("id", f"expected at most {MAX_BULK} follow-ups")
    with transaction() as session:
        _check(session, workspace_id, change)
        cases = _locked(session, workspace_id, follow_up_ids, reach)
        return _change(session, cases, change, {}, actor_user_id=actor_user_id, now=now)


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
        cases = _locked(session, workspace_id, [follow_up_id], reach)
        if not cases:
            raise NotFound("No such follow-up.")
        (case,) = cases
        if case.suggestion is None:
            raise Conflict("There is no suggestion any more.")
        expected = {} if expected_version is None else {follow_up_id: expected_version}
        _refuse_stale(case, expected)
        values: dict[str, Any] = {"suggestion": None}
        if accept:
            values |= _suggested(case, now)
        writer = _Writer(session, actor_user_id, now)
        writer.put(case, "suggestion", values, accepted=accept)
        return writer.done("follow_up.suggestion", workspace_id)


def _suggested(case: FollowUp, now: datetime) -> dict[str, Any]:
    told = case.suggestion or {}
    if told["action"] == "close":
        return {"state": "closed", "resolved_at": now}
    return {
        "rule_key": told["rule"],
        "team": told["team"],
        "due_at": datetime.fromisoformat(told["due_at"]),
    }


# --- changing -----------------------------------------------------------------------------


def _check(session: Session, workspace_id: UUID, change: Change) -> None:
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
    if change.owner_user_id is not None:
        member = session.get(Membership, (workspace_id, change.owner_user_id))
        if member is None:
            raise BadInput.of("owner", "not a member of this workspace")


def _locked(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], reach: Reach
) -> list[FollowUp]:
    return list(
        session.scalars(
            scoped(FollowUp, workspace_id)
            .where(FollowUp.id.in_(ids), cases_within(reach, workspace_id))
            .order_by(FollowUp.id)
            .with_for_update()
        )
    )


def _refuse_stale(case: FollowUp, expected: Mapping[UUID, int]) -> None:
    if expected.get(case.id, case.version) != case.version:
        raise Conflict(
            "Somebody changed this follow-up meanwhile. Nothing of yours was saved; "
            "look at it as it is now and try again."
        )


class _Writer:
    """Changes cases and writes it down."""

    def __init__(self, session: Session, actor_user_id: UUID | None, now: datetime) -> None:
        self.session, self.actor_user_id, self.now = session, actor_user_id, now
        self.touched: dict[UUID, set[str]] = {}

    def put(self, case: FollowUp, kind: str, values: Mapping[str, Any], **more: Any) -> None:
        """Set columns that differ; one line of the timeline with what they were and are."""
        changed = {name: value for name, value in values.items() if getattr(case, name) != value}
        if not changed:
            return
        before = {name: _plain(getattr(case, name)) for name in changed}
        self._touch(case, set(changed))
        for name, value in changed.items():
            setattr(case, name, value)
        after = {name: _plain(value) for name, value in changed.items()}
        self.write(case, kind, {"from": before, "to": after, **more})

    def write(
        self, case: FollowUp, kind: str, detail: dict[str, Any], note: str | None = None
    ) -> None:
        self._touch(case, {kind})
        self.session.add(
            FollowUpEntry(
                workspace_id=case.workspace_id, follow_up_id=case.id, at=self.now,
                actor_user_id=self.actor_user_id, kind=kind, note=note,
                detail=detail | {"version": case.version},
            )
        )  # fmt: skip

    def _touch(self, case: FollowUp, names: set[str]) -> None:
        if case.id not in self.touched:
            case.version += 1
            case.touched_at = self.now
        self.touched.setdefault(case.id, set()).update(names)

    def done(self, action: str, workspace_id: UUID) -> Done:
        for case_id, names in self.touched.items():
            audit(
                self.session, workspace_id, action, now=self.now,
                actor_user_id=self.actor_user_id, actor="" if self.actor_user_id else "api",
                detail={"follow_up_id": str(case_id), "fields": sorted(names)},
            )  # fmt: skip
        token = None
        if self.touched and self.actor_user_id is not None:
            token = sign_timed(
                "undo",
                {
                    "of": "follow_up", "workspace": workspace_id.hex,
                    "user": self.actor_user_id.hex, "at": self.now.isoformat(),
                    "ids": [case_id.hex for case_id in self.touched],
                },
            )  # fmt: skip
        return Done(len(self.touched), token)


def _change(
    session: Session,
    cases: Sequence[FollowUp],
    change: Change,
    expected: Mapping[UUID, int],
    *,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    writer = _Writer(session, actor_user_id, now)
    for case in cases:
        if not change.only_adds:
            _refuse_stale(case, expected)
        if change.state is not None:
            writer.put(case, "state", _state_values(case, change.state, now))
        if change.outcome is not None or change.root_cause is not None:
            writer.put(case, "outcome", _outcome_values(change))
        if change.unassign or change.owner_user_id is not None:
            writer.put(case, "owner", {"owner_user_id": change.owner_user_id})
        if change.due_at is not None:
            writer.put(case, "due", {"due_at": change.due_at})
        if change.note is not None:
            writer.write(case, "note", {}, note=change.note.strip())
    workspace_id = cases[0].workspace_id if cases else None
    return writer.done("follow_up.changed", workspace_id) if workspace_id else Done(0, None)


def _state_values(case: FollowUp, state: str, now: datetime) -> dict[str, Any]:
    if state == case.state:
        return {}
    values: dict[str, Any] = {"state": state}
    if state in {"contacted", "waiting", "resolved"} and case.first_contact_at is None:
        values["first_contact_at"] = now
    if state in _ENDED:
        values["resolved_at"] = case.resolved_at or now
        if case.suggestion is not None:
            values["suggestion"] = None
    elif case.state in _ENDED:  # opened again: what it ended with stays in the timeline
        values |= {"resolved_at": None, "outcome": None, "root_cause": None}
    return values


def _outcome_values(change: Change) -> dict[str, Any]:
    given = {"outcome": change.outcome, "root_cause": change.root_cause}
    return {name: value for name, value in given.items() if value is not None}


def _plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _column_value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    return UUID(value) if name == "owner_user_id" else value


# --- undoing ------------------------------------------------------------------------------


def undo(
    workspace_id: UUID, token: str, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> int:
    """Put back what an action of this person changed; how many cases.

    Raises Conflict when it is too late (ten minutes), somebody changed a case since, or it went
    out of the person's reach: then nothing is put back. A case that they gave away themselves
    comes back.
    """
    try:
        told = unsign_timed("undo", token, max_age_s=UNDO_S)
    except BadToken as exc:
        raise Conflict("It is too late to undo this.") from exc
    mine = (told["of"], told["workspace"], told["user"])
    if mine != ("follow_up", workspace_id.hex, actor_user_id.hex):
        raise Conflict("This was not yours to undo.")
    ids = [UUID(each) for each in told["ids"]]
    with transaction() as session:
        within = {case.id for case in _locked(session, workspace_id, ids, reach)}
        cases = _locked(session, workspace_id, ids, WHOLE_WORKSPACE)
        lines = _lines(session, workspace_id, ids, actor_user_id, told["at"])
        writer = _Writer(session, actor_user_id, now)
        for case in cases:
            if case.id not in within and not _comes_back(lines.get(case.id, []), reach):
                raise Conflict("This follow-up is with somebody else now.")
            _put_back(writer, case, lines.get(case.id, []))
        writer.done("follow_up.undone", workspace_id)
    return len(writer.touched)


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


def _comes_back(lines: Sequence[FollowUpEntry], reach: Reach) -> bool:
    """Whether taking these changes back gives a case to the reader again."""
    return isinstance(reach, OwnAccounts) and any(
        line.detail.get("from", {}).get("owner_user_id") == str(reach.user_id) for line in lines
    )


def _put_back(writer: _Writer, case: FollowUp, lines: Sequence[FollowUpEntry]) -> None:
    if not lines or any(line.detail.get("version") != case.version for line in lines):
        raise Conflict("This follow-up was changed since, so it was left as it is.")
    values: dict[str, Any] = {}
    for line in lines:
        for name, value in line.detail.get("from", {}).items():
            values.setdefault(name, _column_value(name, value))
        if line.kind == "note":
            line.note = None
    kinds = sorted(line.kind for line in lines)
    writer.put(case, "undone", values, of=kinds)
    if case.id not in writer.touched:
        writer.write(case, "undone", {"of": kinds})


# --- forgetting ---------------------------------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """The case stays as a number; who it was about and what was noted of them goes."""
    of_person = (FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id)
    ids = select(FollowUp.id).where(*of_person)
    session.execute(
        update(FollowUpEntry)
        .where(FollowUpEntry.workspace_id == workspace_id, FollowUpEntry.follow_up_id.in_(ids))
        .values(note=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(update(FollowUp).where(*of_person).values(contact_id=None))


def hand_over(session: Session, merge: Merge) -> None:
    """Cases of the merged record are about the kept one."""
    session.execute(
        update(FollowUp)
        .where(FollowUp.workspace_id == merge.workspace_id, FollowUp.contact_id == merge.merged)
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )


def count_of_person(session: Session, workspace_id: UUID, contact_id: UUID) -> int:
    """How many cases are about a person."""
    query = select(func.count()).where(
        FollowUp.workspace_id == workspace_id, FollowUp.contact_id == contact_id
    )
    return session.scalar(query) or 0
