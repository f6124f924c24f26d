"""Each member's coming weeks: tasks, planned contacts and cases that are due, in hours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select

from surveys.periods import local_day, period_start
from surveys.workload import Load, Task, weekly_load
from vocapp.database import insert_into, scoped, transaction
from vocapp.extensions import db
from vocapp.following_up.models import ACTIVE_STATES, FollowUp
from vocapp.people.models import Account
from vocapp.problems import BadInput, NotFound
from vocapp.succeeding.playbooks.models import PlaybookTask, WorkCapacity
from vocapp.succeeding.service import OWNER_ROLES
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.models import Membership
from vocapp.workspaces.office.clocks import Office
from vocapp.workspaces.queries import Member, members

WEEKS = 6
# What nobody said the length of; judgement, and said on the page.
CASE_MINUTES = 20
TOUCH_MINUTES = {"call": 30, "email": 15, "survey": 5, "task": 30}
MAX_HOURS = 100


@dataclass(frozen=True, slots=True)
class Weeks:
    """member None: work of accounts and cases that nobody owns. hours: in a usual week, as somebody
    said (then is_said), else by the working hours; None: neither is known.
    """

    member: Member | None
    hours: float | None
    is_said: bool
    loads: Sequence[Load]


def coming_weeks(workspace_id: UUID, *, time_zone: str, now: datetime) -> list[Weeks]:
    """Those who look after accounts, by name, then work that is nobody's; eight statements.

    Time there is comes from working hours less holidays and absences. Where somebody said
    otherwise, it is what they said, less the same part of a week.
    """
    today = local_day(now, time_zone)
    last = period_start(today, "week") + timedelta(weeks=WEEKS) - timedelta(days=1)
    work = [
        *_tasks(workspace_id, last),
        *_contacts(workspace_id, last),
        *_cases(workspace_id, last, time_zone),
    ]
    said = {
        row.user_id: row.minutes for row in db.session.scalars(scoped(WorkCapacity, workspace_id))
    }
    team = [each for each in members(workspace_id) if each.role in OWNER_ROLES]
    # Whoever left the team, or is no owner any more, no longer does it.
    known = {str(each.user_id) for each in team}
    own = [each if each.csm in known else Task(None, each.due_on, each.minutes) for each in work]
    office = Office.of(db.session(), workspace_id, now=now)
    times = {each.user_id: _Time(each.user_id, said.get(each.user_id), office) for each in team}
    # Everybody gets every week; what is not known is taken out of the answer again.
    usual = {str(user_id): each.usual or 0 for user_id, each in times.items()}
    horizon = [Task(csm, last, 0) for csm in (*usual, None)]
    mondays = [period_start(today, "week") + timedelta(weeks=ahead) for ahead in range(WEEKS)]
    otherwise = {
        (str(user_id), monday): each.in_week(monday)
        for user_id, each in times.items()
        for monday in mondays
    }
    loads = weekly_load([*own, *horizon], usual, today=today, exceptions=otherwise)
    found = [_weeks(each, times[each.user_id], loads) for each in team]
    return found + ([_weeks(None, None, loads)] if any(each.csm is None for each in own) else [])


@dataclass(frozen=True, slots=True)
class _Time:
    """The minutes that a member has. said: in a usual week, by somebody."""

    user_id: UUID
    said: int | None
    office: Office

    @property
    def usual(self) -> int | None:
        return self.office.minutes_a_week(self.user_id) if self.said is None else self.said

    def in_week(self, monday: date) -> int:
        """0 where it is not known."""
        works, there = self.office.minutes_a_week(self.user_id), self.usual or 0
        if not works:
            return there
        return round(there * (self.office.minutes_of_week(self.user_id, monday) or 0) / works)


def _weeks(member: Member | None, time: _Time | None, loads: Sequence[Load]) -> Weeks:
    csm = str(member.user_id) if member else None
    minutes = time.usual if time else None
    return Weeks(
        member, None if minutes is None else minutes / 60,
        is_said=time is not None and time.said is not None,
        loads=[each for each in loads if each.csm == csm],
    )  # fmt: skip


def _tasks(workspace_id: UUID, last: date) -> list[Task]:
    due = func.coalesce(PlaybookTask.snoozed_until, PlaybookTask.due_on)
    rows = db.session.execute(
        select(Account.owner_user_id, due, PlaybookTask.minutes)
        .join(
            Account,
            (Account.workspace_id == PlaybookTask.workspace_id)
            & (Account.id == PlaybookTask.account_id),
        )
        .where(PlaybookTask.workspace_id == workspace_id, PlaybookTask.state == "open", due <= last)
    )
    return [Task(_csm(owner), day, minutes) for owner, day, minutes in rows]


def _contacts(workspace_id: UUID, last: date) -> list[Task]:
    rows = db.session.execute(
        select(Account.owner_user_id, TouchpointPlan.due_on, TouchpointPlan.kind)
        .join(
            Account,
            (Account.workspace_id == TouchpointPlan.workspace_id)
            & (Account.id == TouchpointPlan.account_id),
        )
        .where(
            TouchpointPlan.workspace_id == workspace_id, TouchpointPlan.state == "planned",
            TouchpointPlan.due_on <= last,
        )
    )  # fmt: skip
    return [Task(_csm(owner), day, TOUCH_MINUTES[kind]) for owner, day, kind in rows]


def _cases(workspace_id: UUID, last: date, time_zone: str) -> list[Task]:
    due = func.coalesce(FollowUp.snoozed_until, FollowUp.due_at, type_=FollowUp.due_at.type)
    rows = db.session.execute(
        select(FollowUp.owner_user_id, due).where(
            FollowUp.workspace_id == workspace_id, FollowUp.state.in_(ACTIVE_STATES)
        )
    )
    days = [(owner, local_day(at, time_zone)) for owner, at in rows]
    return [Task(_csm(owner), day, CASE_MINUTES) for owner, day in days if day <= last]


def _csm(owner: UUID | None) -> str | None:
    return str(owner) if owner else None


def set_hours(
    workspace_id: UUID, user_id: UUID, hours: float | None, *, actor_user_id: UUID
) -> str:
    """Say how many hours a week a member has, None: their working hours; a token for `undo_hours`.

    Raises NotFound, BadInput.
    """
    if hours is not None and not 0 <= hours <= MAX_HOURS:
        raise BadInput.of("hours", f"expected a number from 0 to {MAX_HOURS}")
    with transaction() as session:
        member = session.get(Membership, (workspace_id, user_id))
        if member is None or member.role not in OWNER_ROLES:
            raise NotFound("No such member.")
        row = session.get(WorkCapacity, (workspace_id, user_id))
        before = row.minutes / 60 if row else None
        if hours is None:
            session.execute(
                delete(WorkCapacity).where(
                    WorkCapacity.workspace_id == workspace_id, WorkCapacity.user_id == user_id
                )
            )
        else:
            values = {
                "workspace_id": workspace_id,
                "user_id": user_id,
                "minutes": round(hours * 60),
            }
            offered = insert_into(session, WorkCapacity).values(**values)
            session.execute(
                offered.on_conflict_do_update(
                    index_elements=["workspace_id", "user_id"],
                    set_={"minutes": offered.excluded.minutes},
                )
            )
    return undo_token("capacity", workspace_id, actor_user_id, member=user_id.hex, before=before)


def undo_hours(workspace_id: UUID, token: str, *, actor_user_id: UUID) -> None:
    """As it was before. Raises Conflict: too late (ten minutes); NotFound."""
    told = read_undo(token, "capacity", workspace_id, actor_user_id)
    set_hours(workspace_id, UUID(told["member"]), told["before"], actor_user_id=actor_user_id)
