"""The cases behind a figure of the closed loop, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, and_, select

from surveys.closed_loop import OUTCOMES
from vocapp.extensions import db
from vocapp.following_up.closing_loop.cases import Asked, cases_of, groups_of
from vocapp.following_up.closing_loop.next_answers import Alike, next_answers
from vocapp.following_up.closing_loop.passing import facts_in, passing_of
from vocapp.following_up.models import FollowUp
from vocapp.people.models import Account, Contact
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

CASE_LISTS = ("all", "contacted", "not_contacted", "in_time", "late", "resolved")
# Next answers after a contact, without one until then, and of those after one what was asked for
# and what was not.
GROUPS = ("after", "without", "asked", "unasked")
LISTS = (*CASE_LISTS, *(f"{group}_{outcome}" for group in GROUPS for outcome in OUTCOMES))
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Behind:
    """One case. before, after: scores, only of lists of next answers."""

    id: UUID
    state: str
    account: str | None
    contact: str | None
    owner: str | None
    opened_at: datetime
    first_contact_at: datetime | None
    resolved_at: datetime | None
    kind: str | None = None
    before: int | None = None
    after: int | None = None

    @property
    def who(self) -> str:
        return " · ".join(name for name in (self.account, self.contact) if name)


def cases_behind(
    workspace_id: UUID,
    asked: Asked,
    which: str,
    *,
    value: str | None = None,
    is_split: bool = False,
    reach: Reach,
    now: datetime,
) -> list[Behind]:
    """All cases of a list; with is_split only those of the value that `asked.by` splits by."""
    if which in CASE_LISTS:
        passing = passing_of(workspace_id, asked.filter)
        cases = cases_of(
            workspace_id, asked, reach, passing=passing, split=is_split, with_answers=False
        )  # fmt: skip
        wanted = select(cases.c.id, cases.c.value, *facts_in(cases)).where(
            _condition(cases, which, now)
        )
        if is_split or passing:
            groups = groups_of(workspace_id, asked.by if is_split else None)
            ids = [
                case_id
                for case_id, group, *facts in db.session.execute(wanted)
                if (not is_split or value in groups(group))
                and (passing is None or passing.holds(facts))
            ]
            return sorted(_of_cases(workspace_id, ids), key=_newest_first)
        rows = _rows(workspace_id, FollowUp.id.in_(wanted.with_only_columns(cases.c.id)))
        return sorted(rows, key=_newest_first)
    group, _, outcome = which.partition("_")
    found = {
        case_id: each
        for case_id, each in next_answers(workspace_id, asked, reach, split=is_split)
        if each.outcome == outcome
        and _is_in(each, group)
        and (not is_split or value in each.groups)
    }
    return sorted(_of_answers(workspace_id, found), key=_newest_first)


def _is_in(answer: Alike, group: str) -> bool:
    return {
        "after": answer.contacted,
        "without": not answer.contacted,
        "asked": answer.asked_for,
        "unasked": answer.contacted and not answer.asked_for,
    }[group]


def _newest_first(row: Behind) -> tuple[float, str]:
    return -row.opened_at.timestamp(), str(row.id)


def _condition(cases: Subquery, which: str, now: datetime) -> Any:
    at, due = cases.c.first_contact_at, cases.c.due_at
    in_time = and_(at.is_not(None), at <= due)
    return {
        "all": cases.c.id.is_not(None),
        "contacted": at.is_not(None),
        "not_contacted": at.is_(None),
        "in_time": and_(due <= now, in_time),
        "late": and_(due <= now, (at.is_(None) | (at > due))),
        "resolved": cases.c.state == "resolved",
    }[which]


def _of_answers(workspace_id: UUID, found: dict[UUID, Alike]) -> Iterator[Behind]:
    for row in _of_cases(workspace_id, list(found)):
        answer = found[row.id]
        yield replace(row, kind=answer.kind, before=answer.before, after=answer.after)


def _of_cases(workspace_id: UUID, ids: Sequence[UUID]) -> Iterator[Behind]:
    for start in range(0, len(ids), _AT_ONCE):
        yield from _rows(workspace_id, FollowUp.id.in_(ids[start : start + _AT_ONCE]))


def _rows(workspace_id: UUID, condition: Any) -> Sequence[Behind]:
    rows = db.session.execute(
        select(
            FollowUp.id, FollowUp.state, Account.name, Account.external_id, Contact.name,
            Contact.email, User.name, FollowUp.opened_at, FollowUp.first_contact_at,
            FollowUp.resolved_at,
        )
        .outerjoin(
            Account,
            (Account.workspace_id == FollowUp.workspace_id) & (Account.id == FollowUp.account_id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == FollowUp.workspace_id) & (Contact.id == FollowUp.contact_id),
        )
        .outerjoin(User, User.id == FollowUp.owner_user_id)
        .where(FollowUp.workspace_id == workspace_id, condition)
    )  # fmt: skip
    return [
        Behind(id_, state, name or key, person or email, owner, opened, contacted, resolved)
        for id_, state, name, key, person, email, owner, opened, contacted, resolved in rows
    ]
