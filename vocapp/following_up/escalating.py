"""What is overdue for too long is told to somebody else, once, and marked until they know it.

For each team it is set after how many hours of work past the due time, and to whom. A row of the
outbox looks every quarter of an hour, as long as anything is set.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, transaction, utcnow
from vocapp.extensions import db
from vocapp.following_up.changing import CaseWriter, Done, locked_case, note_by_itself
from vocapp.following_up.choosing import is_awake
from vocapp.following_up.clock import RUNS
from vocapp.following_up.models import TEAMS, Escalation, FollowUp
from vocapp.following_up.reaching import cases_within
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.problems import BadInput, Conflict
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.office.clocks import Office
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit

ESCALATE = "escalate"
ESCALATED = "case_escalated"  # of `staff_mail`
LOOK_EVERY = timedelta(minutes=15)
MAX_HOURS = 720
_AT_ONCE = 200
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Rule:
    """After how many hours of work past the due time, to whom."""

    after_hours: int
    user_id: UUID


def rules_of(session: Session, workspace_id: UUID) -> dict[str, Rule]:
    """Team → its rule; without those that have none."""
    rows = session.scalars(scoped(Escalation, workspace_id))
    return {row.team: Rule(row.after_hours, row.user_id) for row in rows}


def save_rules(
    workspace_id: UUID, rules: Mapping[str, Rule], *, actor_user_id: UUID, now: datetime
) -> None:
    """Set the rules of all teams; a team without one passes nothing on. Raises BadInput with the
    team as its field."""
    for team, rule in rules.items():
        if team not in TEAMS or not 1 <= rule.after_hours <= MAX_HOURS:
            raise BadInput.of(team, f"expected 1 to {MAX_HOURS} hours")
    with transaction() as session:
        for team, rule in rules.items():
            if session.get(Membership, (workspace_id, rule.user_id)) is None:
                raise BadInput.of(team, "not a member of this workspace")
        session.execute(delete(Escalation).where(Escalation.workspace_id == workspace_id))
        for team, rule in sorted(rules.items()):
            session.add(
                Escalation(
                    workspace_id=workspace_id, team=team, after_hours=rule.after_hours,
                    user_id=rule.user_id,
                )
            )  # fmt: skip
        if rules and not outbox.pending_count(session, workspace_id, ESCALATE):
            outbox.add(session, workspace_id, ESCALATE, workspace_id, now=now)
        audit(
            session, workspace_id, "escalation.saved", now=now, actor_user_id=actor_user_id,
            detail={team: rule.after_hours for team, rule in rules.items()},
        )  # fmt: skip
    outbox.ring(ESCALATE)


def look(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: pass on what is overdue for too long, and look again later."""
    now = utcnow()
    for workspace_id in sorted({row.workspace_id for row in rows}):
        rules = rules_of(session, workspace_id)
        if not rules:
            continue
        escalate(session, workspace_id, rules, now=now)
        outbox.add(session, workspace_id, ESCALATE, workspace_id, now=now, due_at=now + LOOK_EVERY)


def escalate(
    session: Session, workspace_id: UUID, rules: Mapping[str, Rule], *, now: datetime
) -> int:
    """Mark the cases of each team that are overdue for too long, and have one mail a person sent;
    how many. One that was passed on is not passed on again."""
    office = Office.of(session, workspace_id, now=now)
    told: dict[UUID, list[UUID]] = defaultdict(list)
    for team, rule in sorted(rules.items()):
        for case in _overdue(session, workspace_id, team, rule, now):
            if office.due_at(case.due_at, rule.after_hours, case.owner_user_id) > now:
                continue
            case.escalated_at, case.escalated_user_id = now, rule.user_id
            case.version += 1
            detail = {"told": str(rule.user_id)}
            note_by_itself(session, case, "escalated", detail, now=now)
            told[rule.user_id].append(case.id)
    for user_id, cases in sorted(told.items()):
        mail = {
            "about": ESCALATED,
            "count": len(cases),
            "cases": [str(each) for each in cases[:_NAMED]],
        }  # fmt: skip
        outbox.add(session, workspace_id, "staff_mail", user_id, now=now, detail=mail)
    return sum(map(len, told.values()))


def _overdue(
    session: Session, workspace_id: UUID, team: str, rule: Rule, now: datetime
) -> Sequence[FollowUp]:
    """Those that may be; working hours pass no quicker than others, so that none is missed."""
    return session.scalars(
        scoped(FollowUp, workspace_id)
        .where(
            FollowUp.state.in_(RUNS),
            FollowUp.due_at < now - timedelta(hours=rule.after_hours),
            FollowUp.team == team,
            FollowUp.escalated_at.is_(None),
            is_awake(now),
        )
        .order_by(FollowUp.id)
        .limit(_AT_ONCE)
        .with_for_update()
    ).all()


def acknowledge(
    workspace_id: UUID, follow_up_id: UUID, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> Done:
    """Somebody knows that a case was passed on. Raises NotFound, Conflict (it was not)."""
    with transaction() as session:
        case = locked_case(session, workspace_id, follow_up_id, reach)
        if case.escalated_at is None or case.acknowledged_at is not None:
            raise Conflict("This follow-up is not passed on, or somebody knows it already.")
        writer = CaseWriter(session, actor_user_id, now)
        writer.put(case, "acknowledged", {"acknowledged_at": now})
        return writer.done("follow_up.acknowledged", workspace_id)


@dataclass(frozen=True, slots=True)
class PassedOn:
    """A case that was passed on. who: account and person; owner: a name."""

    case_id: UUID
    due_at: datetime
    who: str
    owner: str | None


def passed_on_to(workspace_id: UUID, user_id: UUID, *, reach: Reach) -> list[PassedOn]:
    """What was passed on to this person, is still overdue, and nobody has said to know, the
    longest overdue first."""
    rows = db.session.execute(
        select(FollowUp.id, FollowUp.due_at, User.name, Account.name, Contact.name)
        .outerjoin(User, User.id == FollowUp.owner_user_id)
        .outerjoin(
            Account,
            (Account.workspace_id == FollowUp.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == FollowUp.workspace_id) & (Contact.id == FollowUp.contact_id),
        )
        .where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.escalated_at.is_not(None),
            FollowUp.escalated_user_id == user_id,
            FollowUp.acknowledged_at.is_(None),
            FollowUp.state.in_(RUNS),
            cases_within(reach, workspace_id),
        )
        .order_by(FollowUp.due_at, FollowUp.id)
        .limit(_NAMED)
    )
    return [
        PassedOn(case_id, due_at, " · ".join(name for name in names if name), owner)
        for case_id, due_at, owner, *names in rows
    ]
