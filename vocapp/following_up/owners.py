"""Who can own cases, and whose cases others take over."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.assigning import Assigner, Person
from surveys.periods import day_bounds
from vocapp.database import scoped
from vocapp.following_up.changing import note_by_itself
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.office.clocks import Office


def owners_of(session: Session, workspace_id: UUID, office: Office) -> list[Person]:
    """The members of a workspace; those of customer success take turns.

    A case counts as a turn whenever it was opened for somebody, by a turn or not.
    """
    roles = {
        user_id: role
        for user_id, role in session.execute(
            select(Membership.user_id, Membership.role)
            .join(User, User.id == Membership.user_id)
            .where(Membership.workspace_id == workspace_id, User.disabled_at.is_(None))
        )
    }
    cases = {
        user_id: (last, active)
        for user_id, last, active in session.execute(
            select(
                FollowUp.owner_user_id,
                func.max(FollowUp.opened_at),
                func.count().filter(FollowUp.state.in_(ACTIVE_STATES)),
            )
            .where(FollowUp.workspace_id == workspace_id, FollowUp.owner_user_id.in_(roles))
            .group_by(FollowUp.owner_user_id)
        )
    }
    found = []
    for user_id, role in roles.items():
        last, active = cases.get(user_id, (None, 0))
        absence = office.absence_of(user_id)
        found.append(
            Person(
                user_id,
                takes_turns=role == "success",
                open_cases=active,
                capacity=office.capacity_of(user_id),
                last_turn_at=last,
                absent=absence is not None,
                stand_in=absence.stand_in_user_id if absence else None,
            )
        )
    return found


def hand_over(session: Session, workspace_id: UUID, *, now: datetime) -> int:
    """Give away what nobody has answered yet and becomes due before its owner is back; how many.

    To who stands in, else in turn; where nobody can take a case over it stays.
    """
    office = Office.of(session, workspace_id, now=now)
    people = owners_of(session, workspace_id, office)
    back = {
        each.user: day_bounds(absence.last_day, office.time_zone)[1]
        for each in people
        if each.absent and (absence := office.absence_of(each.user)) is not None
    }
    if not back:
        return 0
    cases = session.scalars(
        scoped(FollowUp, workspace_id)
        .where(FollowUp.owner_user_id.in_(back), FollowUp.state == "open")
        .order_by(FollowUp.priority.desc(), FollowUp.id)
        .with_for_update()
    ).all()
    assigner, given_away = Assigner(people), 0
    for case in cases:
        if case.owner_user_id is None or case.due_at >= back[case.owner_user_id]:
            continue
        given = assigner.take_over(case.owner_user_id)
        if given is None or given.user is None:
            continue
        detail = {"to": {"owner_user_id": str(given.user)}, "away": str(case.owner_user_id)}
        case.owner_user_id = given.user
        case.version += 1
        note_by_itself(session, case, "owner", detail, now=now)
        given_away += 1
    return given_away
