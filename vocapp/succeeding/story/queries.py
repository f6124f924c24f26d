"""Reads: the story of an account, one statement for each kind that is asked for.

Every kind is read newest first by its index and no further than a page, so that a story of
50,000 events costs what one of fifty does; use is told by what it did over weeks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Integer, bindparam, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from surveys.periods import day_bounds
from surveys.usage_changes import usage_changes
from vocapp.collecting.models import Response
from vocapp.database import OF_WORKSPACE, older_than
from vocapp.extensions import db
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.writing.models import IN, CaseMail
from vocapp.people.events import queries as events
from vocapp.people.events.models import InvoiceChange
from vocapp.people.models import OF_ACCOUNT, Account, Contact
from vocapp.people.reaching import of_accounts_within
from vocapp.succeeding.contacts.queries import departed
from vocapp.succeeding.goals.models import GoalEntry, SuccessGoal
from vocapp.succeeding.health.models import HealthDay
from vocapp.succeeding.playbooks.models import (
    Playbook,
    PlaybookLetter,
    PlaybookRun,
    PlaybookSending,
)
from vocapp.succeeding.playbooks.sent_queries import letter_row, letters
from vocapp.succeeding.queries import Score, score_of, scores, shown_of
from vocapp.succeeding.story.models import AccountNote, AccountNoteMention
from vocapp.succeeding.story.places import FILTERS, MAIN, Before, Place, before, order_of
from vocapp.succeeding.touchpoints.models import TouchpointPlan
from vocapp.understanding.shown import ShownComment, shown_comments
from vocapp.workspaces.models import User
from vocapp.workspaces.reach import Reach

_MOST_TOLD = 20


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the story; what there is of it depends on the kind of its place.

    row: what was read of it, as the words for the kind need it. who: a person at the customer,
    or a colleague for what we did. touch_key: of the touchpoint that sent a letter.
    """

    place: Place
    score: Score | None = None
    comment: ShownComment | None = None
    locale: str | None = None  # of the page that was answered on
    who: str | None = None
    row: Any = None
    about: str | None = None
    touch_key: str | None = None

    @property
    def at(self) -> datetime:
        return self.place.at

    @property
    def kind(self) -> str:
        return self.place.kind


@dataclass(frozen=True, slots=True)
class _Asked:
    workspace_id: UUID
    account_id: UUID
    limit: int
    time_zone: str
    weeks: Sequence[events.ActiveWeek]

    @property
    def mine(self) -> dict[str, Any]:
        """The parameters of a statement that is built once."""
        return {"workspace_id": self.workspace_id, "account_id": self.account_id}


def timeline(
    workspace_id: UUID,
    account_id: UUID,
    *,
    only: str | None = None,
    before_place: Place | None = None,
    weeks: Sequence[events.ActiveWeek] = (),
    time_zone: str,
    limit: int,
) -> list[Event]:
    """What an account said and did and what we did, newest first.

    only: of FILTERS; None for the main kinds. before_place: what follows it. weeks: of use, the
    oldest first, as the page shows them anyway: how use changed is told of them alone.
    """
    asked = _Asked(workspace_id, account_id, limit, time_zone, weeks)
    story: list[Event] = []
    for kind in FILTERS[only] if only else MAIN:
        story += _READERS[kind](asked, before(before_place, kind))
    # Stable: of one instant and kind, the order of the database stays.
    story.sort(key=lambda event: order_of(event.place))
    return sorted(story, key=lambda event: event.at, reverse=True)[:limit]


# --- the kinds of the story: statements that are built once, as building them takes longer than
# executing them


class _Kind:
    """Rows of one kind of an account, the newest first."""

    def __init__(
        self, query: Any, at: InstrumentedAttribute[Any], key: InstrumentedAttribute[Any]
    ) -> None:
        self._at, self._key = at, key
        self._newest = query.order_by(at.desc(), key.desc()).limit(
            bindparam("limit", type_=Integer)
        )

    def rows(self, asked: _Asked, since: Before) -> Sequence[Any]:
        """The first of them after a place."""
        query = self._newest
        if since is not None:
            query = query.where(older_than(self._at, self._key, since))
        return db.session.execute(query, asked.mine | {"limit": asked.limit}).all()


def _of(model: type[Any]) -> tuple[Any, ...]:
    return model.workspace_id == OF_WORKSPACE, model.account_id == OF_ACCOUNT


def _of_cases(model: type[Any]) -> tuple[Any, ...]:
    cases = select(FollowUp.id).where(*_of(FollowUp))
    return model.workspace_id == OF_WORKSPACE, model.follow_up_id.in_(cases)


def _whose(model: type[Any]) -> tuple[type[Contact], Any]:
    """For a join with the person at the customer."""
    return Contact, (Contact.workspace_id == model.workspace_id) & (Contact.id == model.contact_id)


_ANSWERS = _Kind(
    scores(OF_WORKSPACE)
    .add_columns(Response.locale, Contact.name.label("who"))
    .outerjoin(*_whose(Response))
    .where(*shown_of(OF_WORKSPACE, Response.account_id == OF_ACCOUNT)),
    Response.answered_at,
    Response.id,
)


def _answers(asked: _Asked, since: Before) -> list[Event]:
    rows = _ANSWERS.rows(asked, since)
    comments = shown_comments(db.session(), asked.workspace_id, [row.id for row in rows])
    return [
        Event(
            Place(row.answered_at, "answer", row.id),
            score=score_of(row),
            comment=comments.get(row.id),
            locale=row.locale,
            who=row.who,
        )
        for row in rows
    ]


_CASES = _Kind(
    select(FollowUp.id, FollowUp.opened_at, FollowUp.state, Contact.name.label("who"))
    .outerjoin(*_whose(FollowUp))
    .where(*_of(FollowUp)),
    FollowUp.opened_at,
    FollowUp.id,
)


def _cases(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(row.opened_at, "case", row.id), who=row.who, row=row.state)
        for row in _CASES.rows(asked, since)
    ]


_CASE_NOTES = _Kind(
    select(FollowUpEntry, User.name)
    .outerjoin(User, User.id == FollowUpEntry.actor_user_id)
    .where(
        *_of_cases(FollowUpEntry), FollowUpEntry.kind == "note", FollowUpEntry.note.is_not(None)
    ),
    FollowUpEntry.at,
    FollowUpEntry.id,
)


def _case_notes(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(entry.at, "case_note", entry.id), who=who, row=entry)
        for entry, who in _CASE_NOTES.rows(asked, since)
    ]


_LETTERS = _Kind(
    select(
        CaseMail.id, CaseMail.at, CaseMail.direction, CaseMail.follow_up_id,
        Contact.name.label("who"),
    )
    .outerjoin(*_whose(CaseMail))
    # What a playbook sent is told as such, whether a case has it or not.
    .where(
        *_of_cases(CaseMail), or_(CaseMail.direction == IN, CaseMail.entry_id.is_not(None))
    ),
    CaseMail.at,
    CaseMail.id,
)  # fmt: skip


def _letters(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(row.at, "letter", row.id), who=row.who, row=row)
        for row in _LETTERS.rows(asked, since)
    ]


_RUNS = _Kind(
    select(PlaybookRun, Playbook.name)
    .join(
        Playbook,
        (Playbook.workspace_id == PlaybookRun.workspace_id)
        & (Playbook.id == PlaybookRun.playbook_id),
    )
    .where(*_of(PlaybookRun)),
    PlaybookRun.fired_at,
    PlaybookRun.id,
)


def _runs(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(run.fired_at, "run", run.id), row=run, about=name)
        for run, name in _RUNS.rows(asked, since)
    ]


# Not whom they left out.
_SENT = _Kind(
    letters()
    .add_columns(Playbook.name.label("playbook"), PlaybookSending.step_key)
    .join(
        PlaybookSending,
        (PlaybookSending.workspace_id == PlaybookLetter.workspace_id)
        & (PlaybookSending.id == PlaybookLetter.sending_id),
    )
    .outerjoin(
        Playbook,
        (Playbook.workspace_id == PlaybookLetter.workspace_id)
        & (Playbook.id == PlaybookLetter.playbook_id),
    )
    .where(*_of(PlaybookLetter), PlaybookLetter.state != "not_sent"),
    PlaybookLetter.at,
    PlaybookLetter.id,
)


def _sent(asked: _Asked, since: Before) -> list[Event]:
    """What playbooks and touchpoints wrote by themselves."""
    return [
        Event(
            Place(row.at, "sent", row.id), who=row.name or row.email, row=letter_row(row),
            about=row.playbook, touch_key=None if row.playbook else row.step_key,
        )
        for row in _SENT.rows(asked, since)
    ]  # fmt: skip


def _changes(asked: _Asked, since: Before) -> list[Event]:
    found = events.subscription_changes(
        asked.workspace_id, asked.account_id, before=since, limit=asked.limit
    )
    return [Event(Place(each.at, "change", each.received), row=each) for each in found]


def _milestones(asked: _Asked, since: Before) -> list[Event]:
    found = events.milestones(asked.workspace_id, asked.account_id, before=since, limit=asked.limit)
    return [Event(Place(each.at, "milestone", each.event_id), row=each) for each in found]


def _departures(asked: _Asked, since: Before) -> list[Event]:
    found = departed(asked.workspace_id, asked.account_id, before=since, limit=asked.limit)
    return [Event(Place(row.at, "departure", row.id), who=who, row=row) for row, who in found]


_NOTES = _Kind(
    select(AccountNote, User.name)
    .outerjoin(User, User.id == AccountNote.author_user_id)
    .where(*_of(AccountNote), AccountNote.removed_at.is_(None)),
    AccountNote.at,
    AccountNote.id,
)


def _notes(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(note.at, "note", note.id), who=who, row=note)
        for note, who in _NOTES.rows(asked, since)
    ]


_TOUCHPOINTS = _Kind(
    select(TouchpointPlan, User.name)
    .outerjoin(User, User.id == TouchpointPlan.decided_by_user_id)
    .where(*_of(TouchpointPlan), TouchpointPlan.decided_at.is_not(None)),
    TouchpointPlan.decided_at,
    TouchpointPlan.id,
)


def _touchpoints(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(plan.decided_at, "touchpoint", plan.id), who=who, row=plan)
        for plan, who in _TOUCHPOINTS.rows(asked, since)
    ]


_GOALS = _Kind(
    select(GoalEntry, SuccessGoal, User.name)
    .join(
        SuccessGoal,
        (SuccessGoal.workspace_id == GoalEntry.workspace_id)
        & (SuccessGoal.id == GoalEntry.goal_id),
    )
    .outerjoin(User, User.id == GoalEntry.actor_user_id)
    .where(*_of(SuccessGoal)),
    GoalEntry.at,
    GoalEntry.id,
)


def _goals(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(entry.at, "goal", entry.id), who=who, row=entry, about=goal.words)
        for entry, goal, who in _GOALS.rows(asked, since)
    ]


_INVOICES = _Kind(
    select(InvoiceChange).where(*_of(InvoiceChange), InvoiceChange.is_superseded.is_(False)),
    InvoiceChange.at,
    InvoiceChange.received,
)


def _invoices(asked: _Asked, since: Before) -> list[Event]:
    return [
        Event(Place(row.at, "invoice", row.received), row=row)
        for (row,) in _INVOICES.rows(asked, since)
    ]


@dataclass(frozen=True, slots=True)
class BandChange:
    """A day on which the health came into another band; before None: it was not known."""

    day: date
    score: float | None
    band: str | None
    before: str | None


def _health(asked: _Asked, since: Before) -> list[Event]:
    """Of the history, which holds the days on which anything changed, those of another band."""
    days = select(
        HealthDay.day, HealthDay.score, HealthDay.band,
        func.lag(HealthDay.band).over(order_by=HealthDay.day).label("before"),
        func.row_number().over(order_by=HealthDay.day).label("place"),
    ).where(*_of(HealthDay)).subquery()  # fmt: skip
    query = select(days).where(days.c.place > 1, days.c.band.is_distinct_from(days.c.before))
    if since is not None:
        query = query.where(days.c.day <= since[0].date() + timedelta(days=1))
    newest_first = query.order_by(days.c.day.desc()).limit(asked.limit + 2)
    rows = db.session.execute(newest_first, asked.mine)
    found = [BandChange(row.day, row.score, row.band, row.before) for row in rows]
    return list(_after(since, (_of_day(asked, "health", each.day, each) for each in found)))


def _of_day(asked: _Asked, kind: str, day: date, row: Any) -> Event:
    at = day_bounds(day, asked.time_zone)[0].astimezone(UTC)
    return Event(Place(at, kind, day.isoformat()), row=row)


def _after(since: Before, story: Iterable[Event]) -> Iterable[Event]:
    """Of what has no statement of its own for it, what comes after a place."""
    for event in story:
        if since is None or (event.at, event.place.id) < (since[0], since[1] or ""):
            yield event


@dataclass(frozen=True, slots=True)
class UseChanged:
    """A week in which log-ins and uses were much fewer or more than usual, in percent."""

    start: date
    percent: int


def _use(asked: _Asked, since: Before) -> list[Event]:
    whole = [week for week in asked.weeks if not week.is_open]
    found = [
        UseChanged(whole[each.week].start, each.percent)
        for each in usage_changes([week.logins + week.uses for week in whole])
    ]
    told = (_of_day(asked, "use", each.start + timedelta(days=7), each) for each in found)
    return list(_after(since, told))


_READERS: dict[str, Callable[[_Asked, Before], list[Event]]] = {
    "answer": _answers, "case": _cases, "run": _runs, "sent": _sent, "change": _changes,
    "milestone": _milestones, "departure": _departures, "note": _notes,
    "case_note": _case_notes, "letter": _letters, "touchpoint": _touchpoints, "goal": _goals,
    "invoice": _invoices, "health": _health, "use": _use,
}  # fmt: skip


# --- where I was mentioned ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """A note on an account that mentions somebody; by: a name."""

    id: UUID
    at: datetime
    by: str | None
    note: str
    account: Account


def unseen(workspace_id: UUID, user_id: UUID, *, reach: Reach) -> list[Told]:
    """Notes that mention this person and were not seen yet, newest first."""
    rows = db.session.execute(
        select(AccountNote, User.name, Account)
        .join(
            AccountNoteMention,
            (AccountNoteMention.workspace_id == AccountNote.workspace_id)
            & (AccountNoteMention.note_id == AccountNote.id),
        )
        .join(
            Account,
            (Account.workspace_id == AccountNote.workspace_id)
            & (Account.id == AccountNote.account_id),
        )
        .outerjoin(User, User.id == AccountNote.author_user_id)
        .where(
            AccountNoteMention.workspace_id == workspace_id,
            AccountNoteMention.user_id == user_id,
            AccountNoteMention.seen_at.is_(None),
            AccountNote.removed_at.is_(None),
            of_accounts_within(reach, workspace_id, AccountNote.account_id),
        )
        .order_by(AccountNote.at.desc(), AccountNote.id.desc())
        .limit(_MOST_TOLD)
    )
    return [Told(note.id, note.at, by, note.note, account) for note, by, account in rows]
