"""What people are at their accounts, and what becomes known when they no longer are it.

A departure is kept of the account, so that what follows from it does not hang on the record of
the person, who may be at another account by then, or forgotten.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, delete, exists, func, select, update
from sqlalchemy.orm import Session

from surveys.contact_roles import CHAMPION, OFFERED, folded
from vocapp.database import transaction, utcnow, uuid7
from vocapp.people.account_stores import AccountMerge, move_rows
from vocapp.people.health_changes import note_touched
from vocapp.people.models import Account, Contact, ContactDeparture
from vocapp.people.personal_stores import Merge
from vocapp.people.reaching import contact_held
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody is, as what, and whether they have left."""

    account_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    has_left: bool = False


def standing(contact: Contact | None) -> Standing:
    """What holds now, to be compared with what holds after a change."""
    if contact is None:
        return Standing()
    return Standing(contact.account_id, frozenset(contact.roles or ()), contact.left_at is not None)


def is_champion() -> ColumnElement[bool]:
    """For statements on contacts: those who stand up for us and are still there."""
    return cast(Contact.roles, Text).contains(f'"{CHAMPION}"') & Contact.left_at.is_(None)


def has_role() -> ColumnElement[bool]:
    """For statements on contacts: those of whom any role was named."""
    return cast(Contact.roles, Text) != "[]"


# --- what follows from a change -------------------------------------------------------------


def note_departures(
    session: Session,
    contact: Contact,
    held: Standing,
    *,
    keeps_roles: bool = False,
    at: datetime,
    now: datetime,
) -> None:
    """Keep what a person no longer is at the account of `held`, in the caller's transaction.

    Roles are those at one account: somebody who is at another one has none there, but where they
    were told with it (keeps_roles), and has not left it. What is so again is no departure any more.
    """
    has_moved = contact.account_id != held.account_id and held.account_id is not None
    if has_moved and not keeps_roles and contact.roles:
        contact.roles = []
    if has_moved and held.has_left and contact.left_at is not None:
        contact.left_at = None
    holds = standing(contact)
    if holds == held:
        return
    lost: Iterable[str] = held.roles - holds.roles
    ending = "ended"
    if held.has_left:  # and so is nothing there already
        lost = ()
    elif has_moved:
        lost, ending = held.roles, "moved"
    elif holds.has_left:
        lost, ending = held.roles or {""}, "left"
    if holds.account_id is not None and not holds.has_left:
        back = holds.roles if held.has_left or has_moved else holds.roles - held.roles
        _forget_departures(session, contact, {*back, ""} if held.has_left else back)
    if held.account_id is not None:
        _add(session, contact, held.account_id, lost, ending, at)
    note_touched(session, contact.workspace_id, [held.account_id, holds.account_id], now=now)


def _add(
    session: Session, contact: Contact, account_id: UUID, roles: Iterable[str], ending: str,
    at: datetime,
) -> None:  # fmt: skip
    for role in sorted(roles):
        session.add(
            ContactDeparture(
                workspace_id=contact.workspace_id, id=uuid7(), account_id=account_id,
                contact_id=contact.id, role=role, ending=ending, at=at,
            )
        )  # fmt: skip


def _forget_departures(session: Session, contact: Contact, roles: Iterable[str]) -> None:
    wanted = sorted(roles)
    if wanted:
        session.execute(
            delete(ContactDeparture).where(
                ContactDeparture.workspace_id == contact.workspace_id,
                ContactDeparture.contact_id == contact.id,
                ContactDeparture.account_id == contact.account_id,
                ContactDeparture.role.in_(wanted),
            )
        )


# --- use cases ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Changed:
    """What held before; None where nothing changed."""

    roles: tuple[str, ...]
    has_left: bool


def change_standing(
    workspace_id: UUID,
    contact_id: UUID,
    *,
    roles: tuple[str, ...] | None = None,
    has_left: bool | None = None,
    reach: Reach,
    actor_user_id: UUID,
    now: datetime,
) -> Changed | None:
    """Say what a person is at the account (all of it), or that they left; None: not said.

    What held before, None where it was so already. Raises NotFound.
    """
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=reach)
        held = standing(contact)
        before = Changed(tuple(contact.roles), held.has_left)
        if roles is not None and set(roles) != held.roles:
            contact.roles = list(roles)
            contact.fact_as_of = {**contact.fact_as_of, "roles": now.isoformat()}
        if has_left is not None and has_left != held.has_left:
            contact.left_at = now if has_left else None
            contact.fact_as_of = {**contact.fact_as_of, "left_at": now.isoformat()}
        if standing(contact) == held:
            return None
        contact.updated_at = now
        note_departures(session, contact, held, at=now, now=now)
        audit(
            session, workspace_id, "contact.standing_changed", subject=contact, now=now,
            actor_user_id=actor_user_id, detail={"has_left": contact.left_at is not None},
        )  # fmt: skip
        return before


# --- people who are forgotten, or become one --------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """That somebody with an offered role is gone stays with the account; who it was does not."""
    session.execute(
        update(ContactDeparture)
        .where(
            ContactDeparture.workspace_id == workspace_id,
            ContactDeparture.contact_id == contact_id,
        )
        .values(contact_id=None)
        .execution_options(synchronize_session=False)
    )
    session.execute(  # own words may name somebody
        delete(ContactDeparture)
        .where(
            ContactDeparture.workspace_id == workspace_id,
            ContactDeparture.contact_id.is_(None),
            ContactDeparture.role.not_in(("", *OFFERED)),
        )
        .execution_options(synchronize_session=False)
    )
    contact = session.get(Contact, (workspace_id, contact_id))
    if contact is None or contact.account_id is None or contact.left_at is not None:
        return
    now = utcnow()
    gone = [role for role in contact.roles if role in OFFERED]
    for role in gone:
        session.add(
            ContactDeparture(
                workspace_id=workspace_id, id=uuid7(), account_id=contact.account_id,
                contact_id=None, role=role, ending="erased", at=now,
            )
        )  # fmt: skip
    if gone:
        note_touched(session, workspace_id, [contact.account_id], now=now)


def hand_over(session: Session, merge: Merge) -> None:
    """What the merged record no longer is, the kept one no longer is."""
    session.execute(
        update(ContactDeparture)
        .where(
            ContactDeparture.workspace_id == merge.workspace_id,
            ContactDeparture.contact_id == merge.merged,
        )
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """Who left the merged account left the kept one."""
    move_rows(session, merge, ContactDeparture)


@dataclass(frozen=True, slots=True)
class Champions:
    """left_at: when the last one was no longer there, None for never. there: whether one is."""

    left_at: datetime | None
    there: bool


def champions_of(
    session: Session, workspace_id: UUID, account_ids: Iterable[UUID], *, now: datetime
) -> dict[UUID, Champions]:
    """Account → who stands up for us there, and when somebody no longer did; one statement."""
    left_at = (
        select(func.max(ContactDeparture.at))
        .where(
            ContactDeparture.workspace_id == workspace_id,
            ContactDeparture.account_id == Account.id,
            ContactDeparture.role == CHAMPION,
            ContactDeparture.at <= now,
        )
        .correlate(Account)
        .scalar_subquery()
    )
    there = exists().where(
        Contact.workspace_id == workspace_id, Contact.account_id == Account.id, is_champion()
    )
    rows = session.execute(
        select(Account.id, left_at, there).where(
            Account.workspace_id == workspace_id, Account.id.in_(list(account_ids))
        )
    )
    return {account_id: Champions(left, bool(is_there)) for account_id, left, is_there in rows}


def left_since(
    session: Session, workspace_id: UUID, account_ids: Iterable[UUID], *, now: datetime
) -> dict[UUID, dict[str, datetime]]:
    """Account → role as it is compared → when somebody was last no longer it; one statement."""
    rows = session.execute(
        select(ContactDeparture.account_id, ContactDeparture.role, func.max(ContactDeparture.at))
        .where(
            ContactDeparture.workspace_id == workspace_id,
            ContactDeparture.account_id.in_(list(account_ids)),
            ContactDeparture.role != "",
            ContactDeparture.at <= now,
        )
        .group_by(ContactDeparture.account_id, ContactDeparture.role)
    )
    found: dict[UUID, dict[str, datetime]] = defaultdict(dict)
    for account_id, role, at in rows:
        own = found[account_id]
        own[folded(role)] = max(at, own.get(folded(role), at))
    return found
