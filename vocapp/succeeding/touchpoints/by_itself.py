"""Pending work: touchpoints of accounts that nobody looks after go out by themselves when due.

What is due becomes a sending with letters, which leave as those of playbooks do. Once one of them
is out the touchpoint is done; where none can be, it stays due with the reason, and is a person's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from surveys.periods import local_day
from surveys.touchpoints import Sends, TouchModel, Touchpoint
from vocapp import outbox
from vocapp.database import scoped, utcnow, uuid7
from vocapp.distributing.receiving import keep_looking
from vocapp.distributing.service import withdraw
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.succeeding.playbooks.models import PlaybookLetter, PlaybookSending
from vocapp.succeeding.playbooks.posting import Post
from vocapp.succeeding.playbooks.recipients import NOBODY, SURVEY_CLOSED, SWITCHED_OFF, people_of
from vocapp.succeeding.playbooks.sent_queries import letters_by_sending
from vocapp.succeeding.touchpoints.model_versions import model_in_force
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

RELEASE = "touchpoint_release"
BATCH = 20  # contacts in one transaction
# Invitations do not tell when they are out; they are looked at so often until they are.
_LOOK_AGAIN = timedelta(minutes=30)
TAKEN_OVER, PLANNED_AGAIN = "taken_over", "planned_again"
_OUT = ("sent", "answered", "unknown")
_NOT_OUT = ("not_sent", "bounced")


def ask_to_release(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """See to it that what is due goes out, in the caller's transaction."""
    outbox.ask_now(session, workspace_id, RELEASE, workspace_id, now=now, priority=outbox.BACKLOG)


def release(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: the next contacts of a workspace, and what became of those before."""
    now = utcnow()
    for row in rows:
        workspace = session.scalars(
            select(Workspace).where(Workspace.id == row.workspace_id).with_for_update()
        ).one()  # one after the other, so that a day's number holds
        model = model_in_force(session, workspace.id).model
        _settle(session, workspace.id, model, now=now)
        more, begun = _begin(session, workspace, model, now=now)
        if more:
            outbox.add(
                session, workspace.id, RELEASE, workspace.id, now=now, priority=outbox.BACKLOG
            )
        elif begun or _under_way(session, workspace.id):
            _look_again(session, workspace.id, now=now)


def _look_again(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    if outbox.pending_count(session, workspace_id, RELEASE) <= 1:  # the one that is worked off
        outbox.add(
            session, workspace_id, RELEASE, workspace_id, now=now, due_at=now + _LOOK_AGAIN,
            priority=outbox.BACKLOG,
        )  # fmt: skip


# --- sending ------------------------------------------------------------------------------


def _begin(
    session: Session, workspace: Workspace, model: TouchModel, *, now: datetime
) -> tuple[bool, bool]:
    """Whether there may be more to do today, and whether anything was begun."""
    today = local_day(now, workspace.time_zone)
    room = {
        each.key: each.sends.a_day - _written_on(session, workspace.id, each.key, today)
        for each in model.touchpoints
        if each.sends is not None
    }
    by_key = {
        each.key: each for each in model.touchpoints if each.sends and room[each.key] > 0
    }  # fmt: skip
    post, begun = Post(session, workspace, today, now), False
    while True:
        due = _due(session, workspace.id, by_key, today, grace_days=model.grace_days)
        full = _send_all(post, due, by_key, room)
        begun = begun or bool(due)
        if not full or len(due) < BATCH:
            break
        # What waits for another day must not keep away the contacts of other touchpoints.
        by_key = {key: each for key, each in by_key.items() if key not in full}
    if begun:
        keep_looking(session, workspace.id, now=now)
    return len(due) == BATCH, begun


def _send_all(
    post: Post,
    due: Sequence[tuple[TouchpointPlan, Account]],
    by_key: Mapping[str, Touchpoint],
    room: dict[str, int],
) -> set[str]:
    """Send what there is room for today, and take it from the room; the keys without any left."""
    full: set[str] = set()
    for plan, account in due:
        if plan.touch_key in full:
            continue
        sends = by_key[plan.touch_key].sends
        assert sends is not None
        used = _send(post, plan, account, sends, room[plan.touch_key])
        if used is None:
            full.add(plan.touch_key)
        else:
            room[plan.touch_key] -= used
            post.session.flush()
    return full


def to_be_sent(by_key: Mapping[str, Touchpoint], since: date) -> Any:
    """What of the planned contacts goes out by itself, from a day on: nobody looks after the
    account, and nothing was tried yet. For a statement over plans and their accounts.

    What is older than the grace of the model is a person's: such a letter would come too late.
    """
    kinds = [
        and_(TouchpointPlan.touch_key == key, TouchpointPlan.kind == each.kinds["tech"])
        for key, each in by_key.items()
    ]
    tried = exists().where(
        PlaybookSending.workspace_id == TouchpointPlan.workspace_id,
        PlaybookSending.plan_id == TouchpointPlan.id,
    )
    return and_(
        TouchpointPlan.state == "planned", TouchpointPlan.due_on >= since,
        Account.owner_user_id.is_(None), or_(*kinds), ~tried,
    )  # fmt: skip


def _due(
    session: Session, workspace_id: UUID, by_key: Mapping[str, Touchpoint], today: date,
    *, grace_days: int,
) -> Sequence[tuple[TouchpointPlan, Account]]:  # fmt: skip
    if not by_key:
        return []
    query = (
        select(TouchpointPlan, Account)
        .join(
            Account,
            (Account.workspace_id == TouchpointPlan.workspace_id)
            & (Account.id == TouchpointPlan.account_id),
        )
        .where(
            TouchpointPlan.workspace_id == workspace_id, TouchpointPlan.due_on <= today,
            to_be_sent(by_key, today - timedelta(days=grace_days)),
        )
        .order_by(TouchpointPlan.due_on, TouchpointPlan.id)
        .limit(BATCH)
        .with_for_update(of=TouchpointPlan)
    )  # fmt: skip
    return [(plan, account) for plan, account in session.execute(query)]


def _written_on(session: Session, workspace_id: UUID, key: str, day: date) -> int:
    """How many people a touchpoint wrote to on a day."""
    return session.scalar(
        select(func.count())
        .select_from(PlaybookLetter)
        .join(
            PlaybookSending,
            (PlaybookSending.workspace_id == PlaybookLetter.workspace_id)
            & (PlaybookSending.id == PlaybookLetter.sending_id),
        )
        .where(
            PlaybookLetter.workspace_id == workspace_id, PlaybookLetter.day == day,
            PlaybookLetter.state != "not_sent", PlaybookSending.plan_id.is_not(None),
            PlaybookSending.step_key == key,
        )
    ) or 0  # fmt: skip


def _send(
    post: Post, plan: TouchpointPlan, account: Account, sends: Sends, left: int
) -> int | None:
    """How many people are written to; None where it waits for a day with more room."""
    outreach = sends.outreach
    people = people_of(post.session, account)
    most = people.most(outreach)
    if most > left:
        return None
    sending = PlaybookSending(
        workspace_id=plan.workspace_id, id=uuid7(), plan_id=plan.id, account_id=account.id,
        step_key=plan.touch_key, kind=plan.kind, due_on=plan.due_on, state="waiting",
        created_at=post.now,
    )  # fmt: skip
    post.session.add(sending)
    if outreach.survey is not None and not post.is_open(outreach.survey):
        return _drop(sending, SURVEY_CLOSED, now=post.now)
    if not most:
        return _drop(sending, NOBODY, now=post.now)
    post.session.flush()
    found = post.write(sending, outreach, account, people, person_days=sends.person_days)
    if not found.people:
        reason = found.left_out[0][1] if found.left_out else NOBODY
        return _drop(sending, reason, now=post.now)
    return len(found.people)


def _drop(sending: PlaybookSending, reason: str, *, now: datetime) -> int:
    sending.state, sending.reason, sending.decided_at = "dropped", reason[:60], now
    return 0


# --- what becomes of it -------------------------------------------------------------------


def why_not_now(session: Session, sending: PlaybookSending, plan: TouchpointPlan) -> str | None:
    """Why a letter that was made ready is not to go out after all."""
    if plan.decided_by_user_id is not None or sending.state == "dropped":
        return TAKEN_OVER
    touchpoint = model_in_force(session, plan.workspace_id).touchpoint(plan.touch_key)
    return SWITCHED_OFF if touchpoint is None or touchpoint.sends is None else None


def call_back(session: Session, plan: TouchpointPlan, reason: str) -> None:
    """A person does it: stop invitations that wait for their hour. Letters look by themselves."""
    waiting = session.scalars(
        scoped(PlaybookLetter, plan.workspace_id)
        .join(
            PlaybookSending,
            (PlaybookSending.workspace_id == PlaybookLetter.workspace_id)
            & (PlaybookSending.id == PlaybookLetter.sending_id),
        )
        .where(PlaybookSending.plan_id == plan.id, PlaybookLetter.state == "asked")
    )
    for letter in waiting.all():
        if withdraw(session, plan.workspace_id, letter.id, reason):
            letter.state, letter.reason = "not_sent", reason


def leave_to_a_person(session: Session, plan: TouchpointPlan, *, now: datetime) -> None:
    """What is planned again does not go out by itself a second time."""
    session.execute(
        update(PlaybookSending)
        .where(
            PlaybookSending.workspace_id == plan.workspace_id,
            PlaybookSending.plan_id == plan.id,
            PlaybookSending.state == "done",
        )
        .values(state="dropped", reason=PLANNED_AGAIN, decided_at=now)
    )


def _open_ones(workspace_id: UUID) -> Any:
    """Sendings of which nobody knows yet whether they are out, with their touchpoints."""
    return (
        select(PlaybookSending, TouchpointPlan)
        .join(
            TouchpointPlan,
            (TouchpointPlan.workspace_id == PlaybookSending.workspace_id)
            & (TouchpointPlan.id == PlaybookSending.plan_id),
        )
        .where(
            PlaybookSending.workspace_id == workspace_id, PlaybookSending.state == "done",
            TouchpointPlan.state == "planned",
        )
        .order_by(PlaybookSending.id)
    )  # fmt: skip


def _under_way(session: Session, workspace_id: UUID) -> bool:
    return session.execute(_open_ones(workspace_id).limit(1)).first() is not None


def _settle(session: Session, workspace_id: UUID, model: TouchModel, *, now: datetime) -> None:
    """Touchpoints of which a letter is out are done; those of which none will be are a person's."""
    on = {each.key for each in model.touchpoints if each.sends is not None}
    rows = session.execute(_open_ones(workspace_id).with_for_update(of=TouchpointPlan)).all()
    for _sending, plan in rows:
        if plan.touch_key not in on:
            call_back(session, plan, SWITCHED_OFF)
    session.flush()
    came = letters_by_sending(session, workspace_id, [sending.id for sending, _plan in rows])
    for sending, plan in rows:
        mine = came.get(sending.id, [])
        if any(letter.state in _OUT for letter in mine):
            _done(session, plan, now=now)
        elif all(letter.state in _NOT_OUT for letter in mine):
            reasons = [letter.reason for letter in mine if letter.reason]
            if set(reasons) == {SWITCHED_OFF}:
                session.delete(sending)  # so that it can be switched on again
            else:
                _drop(sending, reasons[0] if reasons else NOBODY, now=now)


def _done(session: Session, plan: TouchpointPlan, *, now: datetime) -> None:
    plan.state, plan.way, plan.decided_at, plan.updated_at = "done", "email", now, now
    plan.version += 1
    audit(
        session, plan.workspace_id, "touchpoint.sent", subject=plan, now=now,
        detail={"touchpoint": plan.touch_key},
    )  # fmt: skip
