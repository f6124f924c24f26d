"""Use cases: set limits on asking, except somebody from all asking, and take that back."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from surveys.fatigue import MAX_DAYS
from vocapp.database import (
    insert_absent,
    insert_if_absent,
    scoped,
    transaction,
    until_no_deadlock,
)
from vocapp.distributing.asking.deciding import trim
from vocapp.distributing.asking.listing import Listed
from vocapp.distributing.asking.models import OUTCOMES, AskDecision, AskingLimit, NeverAsked
from vocapp.distributing.mail import address_digests
from vocapp.distributing.models import Suppression
from vocapp.distributing.service import TEXT
from vocapp.people.account_stores import AccountMerge, move_rows
from vocapp.people.identifying import people_called
from vocapp.people.models import Contact
from vocapp.people.personal_stores import Merge
from vocapp.people.reaching import contact_held, contacts_held
from vocapp.problems import BadInput, Conflict, FieldError
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit

MAX_A_DAY = 10_000


@dataclass(frozen=True, slots=True)
class Wished:
    """Limits on asking. person_days, account_a_day: None for none; since, until: local times of
    the recipient between which mail goes out, both or neither; an `until` of 00:00 is midnight.
    """

    person_days: int | None = None
    account_a_day: int | None = None
    since: time | None = None
    until: time | None = None
    working_days_only: bool = False


def save_limits(
    workspace_id: UUID, wished: Wished, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """They hold for what is decided from now on; what is planned already goes out as planned,
    but never in quiet hours. Raises BadInput naming every wrong field.
    """
    _check(wished)
    with transaction() as session:
        insert_if_absent(
            session, AskingLimit, workspace_id=workspace_id, working_days_only=False,
            changed_at=now,
        )  # fmt: skip
        row = session.scalars(scoped(AskingLimit, workspace_id).with_for_update()).one()
        row.person_days, row.account_a_day = wished.person_days, wished.account_a_day
        row.since = f"{wished.since:%H:%M}" if wished.since is not None else None
        row.until = f"{wished.until:%H:%M}" if wished.until is not None else None
        row.working_days_only, row.changed_at = wished.working_days_only, now
        audit(session, workspace_id, "asking_limits.saved", now=now, actor_user_id=actor_user_id)


def _check(wished: Wished) -> None:
    errors = []
    days, a_day = wished.person_days, wished.account_a_day
    if days is not None and not 1 <= days <= MAX_DAYS:
        errors.append(FieldError("person_days", f"expected 1 to {MAX_DAYS}, got {days}"))
    if a_day is not None and not 1 <= a_day <= MAX_A_DAY:
        errors.append(FieldError("account_a_day", f"expected 1 to {MAX_A_DAY}, got {a_day}"))
    if (wished.since is None) != (wished.until is None):
        missing = "since" if wished.since is None else "until"
        errors.append(FieldError(missing, "expected both times or neither"))
    elif wished.since and wished.until and time() != wished.until <= wished.since:
        errors.append(FieldError("until", f"expected a time after {wished.since:%H:%M}"))
    if errors:
        raise BadInput(*errors)


# --- never asked ------------------------------------------------------------------------


def never_ask(
    workspace_id: UUID, contact_id: UUID, *, reach: Reach, actor_user_id: UUID | None, now: datetime
) -> bool:
    """Except somebody from all asking; False where they were already. What is planned for them is
    stopped when it would go out. Raises NotFound.
    """
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=reach)
        is_new = insert_if_absent(
            session, NeverAsked, workspace_id=workspace_id, contact_id=contact.id,
            by_user_id=actor_user_id, since=now,
        )  # fmt: skip
        if is_new:
            _note(session, contact, "contact.never_asked", actor_user_id, now)
        return is_new


def ask_again(
    workspace_id: UUID, contact_id: UUID, *, reach: Reach, actor_user_id: UUID | None, now: datetime
) -> bool:
    """The counterpart; False where they were not excepted. Raises NotFound."""
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=reach)
        gone = session.execute(
            delete(NeverAsked)
            .where(NeverAsked.workspace_id == workspace_id, NeverAsked.contact_id == contact.id)
            .returning(NeverAsked.contact_id)
        ).first()
        if gone is not None:
            _note(session, contact, "contact.asked_again", actor_user_id, now)
        return gone is not None


@dataclass(frozen=True, slots=True)
class Excepted:
    """What became of a list. new: people excepted by it; already: people who were; unknown: its
    lines that name nobody within reach."""

    new: int
    already: int
    unknown: list[Listed]


def never_ask_listed(
    workspace_id: UUID,
    listed: Sequence[Listed],
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> Excepted:
    """Except all whom a list names; what names nobody stops none of the others."""
    return until_no_deadlock(
        lambda: _never_ask_listed(
            workspace_id, listed, reach=reach, actor_user_id=actor_user_id, now=now
        )
    )


def _never_ask_listed(
    workspace_id: UUID,
    listed: Sequence[Listed],
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> Excepted:
    with transaction() as session:
        names = {name for each in listed for name in each.names}
        called = people_called(session, workspace_id, names)
        ids = set().union(*called.values())
        held = contacts_held(session, workspace_id, ids, reach=reach)
        people = {contact.id: contact for contact in held}
        meant = [_meant(each, called, people) for each in listed]
        wanted = sorted(set().union(*meant))
        new = insert_absent(
            session, NeverAsked,
            [
                {"workspace_id": workspace_id, "contact_id": contact_id,
                 "by_user_id": actor_user_id, "since": now}
                for contact_id in wanted
            ],
            returning=(NeverAsked.contact_id,),
        )  # fmt: skip
        for (contact_id,) in new:
            _note(session, people[contact_id], "contact.never_asked", actor_user_id, now)
        unknown = [each for each, found in zip(listed, meant, strict=True) if not found]
        return Excepted(len(new), len(wanted) - len(new), unknown)


def _meant(
    listed: Listed, called: Mapping[tuple[str, str], set[UUID]], people: Container[UUID]
) -> set[UUID]:
    """Those within reach whom the first name of a line means that means any."""
    for name in listed.names:
        found = {each for each in called.get(name, ()) if each in people}
        if found:
            return found
    return set()


def take_back_listed(
    workspace_id: UUID, since: datetime, *, reach: Reach, actor_user_id: UUID, now: datetime
) -> None:
    """Let those be asked again whom somebody's list excepted at that instant, as far as nobody has
    yet. Raises Conflict where there is none."""
    with transaction() as session:
        of_list = (
            NeverAsked.workspace_id == workspace_id, NeverAsked.by_user_id == actor_user_id,
            NeverAsked.since == since,
        )  # fmt: skip
        ids = session.scalars(select(NeverAsked.contact_id).where(*of_list)).all()
        people = contacts_held(session, workspace_id, ids, reach=reach)
        if not people:
            raise Conflict("Nobody of this list is excepted any more.")
        session.execute(
            delete(NeverAsked).where(
                *of_list, NeverAsked.contact_id.in_([contact.id for contact in people])
            )
        )
        for contact in people:
            _note(session, contact, "contact.asked_again", actor_user_id, now)


def reach_again(
    workspace_id: UUID,
    contact_id: UUID,
    channel: str,
    *,
    reach: Reach,
    actor_user_id: UUID | None,
    now: datetime,
) -> bool:
    """Write again to the address or number (channel: email, sms) that a person has now, though a
    message came back from it; False where none did. What its owner wished holds. Raises NotFound.
    """
    with transaction() as session:
        contact = contact_held(session, workspace_id, contact_id, reach=reach)
        address = contact.phone if channel == TEXT else contact.email
        lifted = session.execute(
            delete(Suppression)
            .where(
                Suppression.workspace_id == workspace_id, Suppression.kind == "bounced",
                Suppression.address_digest.in_(address_digests(workspace_id, address or "")),
            )
            .returning(Suppression.kind)
        ).all()  # fmt: skip
        if lifted:
            _note(session, contact, "contact.reached_again", actor_user_id, now)
        return bool(lifted)


def _note(
    session: Session, contact: Contact, action: str, actor_user_id: UUID | None, now: datetime
) -> None:
    audit(
        session, contact.workspace_id, action, now=now, actor_user_id=actor_user_id,
        subject=contact,
    )  # fmt: skip


# --- people who go, or become one -------------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """What was decided for a person goes with them."""
    for model in (AskDecision, NeverAsked):
        session.execute(
            delete(model).where(model.workspace_id == workspace_id, model.contact_id == contact_id)
        )


def hand_over_account(session: Session, merge: AccountMerge) -> None:
    """Who was asked at the merged account was asked at the kept one."""
    move_rows(session, merge, AskDecision)


def hand_over(session: Session, merge: Merge) -> None:
    """Two records become one: what was asked of either was asked of the person, and who was never
    to be asked under one name is not under the other."""
    session.execute(
        update(AskDecision)
        .where(
            AskDecision.workspace_id == merge.workspace_id, AskDecision.contact_id == merge.merged
        )
        .values(contact_id=merge.kept)
        .execution_options(synchronize_session=False)
    )
    for outcome in OUTCOMES:
        trim(session, merge.workspace_id, merge.kept, outcome)
    former = session.execute(
        select(NeverAsked.by_user_id, NeverAsked.since).where(
            NeverAsked.workspace_id == merge.workspace_id, NeverAsked.contact_id == merge.merged
        )
    ).one_or_none()
    if former is None:
        return
    insert_if_absent(
        session, NeverAsked, workspace_id=merge.workspace_id, contact_id=merge.kept,
        by_user_id=former.by_user_id, since=former.since,
    )  # fmt: skip
    session.execute(
        delete(NeverAsked).where(
            NeverAsked.workspace_id == merge.workspace_id, NeverAsked.contact_id == merge.merged
        )
    )
