"""Reads: invitations and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from vocapp.authoring.links import InvitationLink
from vocapp.authoring.models import Survey
from vocapp.database import OF_WORKSPACE, scoped
from vocapp.distributing.asking.models import AskDecision
from vocapp.distributing.models import INVITATION_STATES, Invitation, Reminder
from vocapp.extensions import db
from vocapp.people.facts import ContactFacts, key_by_number
from vocapp.people.models import Contact
from vocapp.problems import NotFound

_CHUNK = 500  # values in one statement


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation as lists and the API show it. next_day: the first possible local day, as it
    was known when the person was left out."""

    id: UUID
    survey: str
    contact_id: UUID
    name: str
    email: str | None
    channel: str
    state: str
    reason: str | None
    touchpoint: str | None
    link: str
    send_at: datetime
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    answered_at: datetime | None
    bounced_at: datetime | None
    replied_at: datetime | None
    next_day: date | None
    reminder: Reminder | None = None
    phone: str | None = None

    @property
    def reminded_at(self) -> datetime | None:
        """When a reminder went out, where one did."""
        return self.reminder.sent_at if self.reminder else None


def people_by_number(workspace_id: UUID, numbers: Mapping[str, str | None]) -> list[ContactFacts]:
    """Who has these telephone numbers (E.164 → the name that was said with it, or None).

    Of several who share one, whoever was known first. Somebody who is known by a number alone has
    the key `tel:<number>`, so that asking again finds them, and who was forgotten stays so.
    """
    known: dict[str, ContactFacts] = {}
    wanted = list(numbers)
    for begin in range(0, len(wanted), _CHUNK):
        rows = db.session.execute(
            select(Contact.phone, Contact.external_id, Contact.email)
            .where(
                Contact.workspace_id == workspace_id,
                Contact.phone.in_(wanted[begin : begin + _CHUNK]),
            )
            .order_by(Contact.id)
        )
        for number, external_id, email in rows:
            assert number is not None
            known.setdefault(
                number, ContactFacts(external_id=external_id, email=email, phone=number)
            )
    return [
        replace(
            known.get(number) or ContactFacts(external_id=key_by_number(number), phone=number),
            name=name,
        )
        for number, name in numbers.items()
    ]


def invitation(workspace_id: UUID, invitation_id: UUID) -> InvitationRow:
    """Raises NotFound."""
    rows = _rows(workspace_id, Invitation.id == invitation_id)
    if not rows:
        raise NotFound("No such invitation.")
    return rows[0]


def invitations(
    workspace_id: UUID,
    survey_id: UUID,
    *,
    state: str | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[InvitationRow]:
    """Invitations to a survey, newest first."""
    conditions = [Invitation.survey_id == survey_id]
    if state:
        conditions.append(Invitation.state == state)
    if before is not None:
        # Ids made from a sender's key are in no order, so the creation time leads.
        created = scoped(Invitation, workspace_id).where(Invitation.id == before)
        row = db.session.scalar(created)
        if row is not None:
            conditions.append(
                (Invitation.created_at < row.created_at)
                | ((Invitation.created_at == row.created_at) & (Invitation.id < row.id))
            )
    return list(_rows(workspace_id, *conditions, limit=limit))


def counts_by_state(workspace_id: UUID, survey_id: UUID) -> dict[str, int]:
    """Every state with its number of invitations to a survey, zeros included."""
    rows = db.session.execute(
        select(Invitation.state, func.count())
        .where(Invitation.workspace_id == workspace_id, Invitation.survey_id == survey_id)
        .group_by(Invitation.state)
    )
    return dict.fromkeys(INVITATION_STATES, 0) | dict(rows.all())


_invited_at = func.coalesce(Invitation.sent_at, Invitation.send_at)
_answered = Invitation.answered_at.is_not(None)


def _invited(workspace_id: Any, survey_id: Any) -> list[Any]:
    return [
        Invitation.workspace_id == workspace_id,
        Invitation.survey_id == survey_id,
        Invitation.state.not_in(("scheduled", "not_sent")),
    ]


def _within(since: datetime | None, until: datetime | None) -> list[Any]:
    bounds: list[Any] = [_invited_at >= since] if since else []
    return [*bounds, _invited_at < until] if until else bounds


def _reached() -> Select[Any]:
    arrived = or_(Invitation.sent_at.is_not(None), _answered)
    stages = {
        "invited": Invitation.id.is_not(None),
        "delivered": arrived & (Invitation.state != "bounced") & Invitation.bounced_at.is_(None),
        "opened": Invitation.opened_at.is_not(None),
        "started": or_(Invitation.clicked_at.is_not(None), _answered),
        "answered": _answered,
    }
    counts: list[Any] = [func.count().filter(of).label(name) for name, of in stages.items()]
    return select(*counts)


def _outcomes() -> Select[Any]:
    returned = Invitation.bounced_at.is_not(None) | (Invitation.state == "bounced")
    unclear = Invitation.state.in_(("unknown", "sending"))
    kind = case(
        (_answered, "answered"), (returned, "returned"), (unclear, "unclear"), else_="silent"
    )
    return select(kind, func.count()).group_by(kind)


# Of every results page: building them takes longer than executing them.
_OF_SURVEY = _invited(OF_WORKSPACE, bindparam("survey_id"))
_REACHED = _reached().where(*_OF_SURVEY)
_OUTCOMES = _outcomes().where(*_OF_SURVEY)
_EVER_SEEN = select(func.count(Invitation.opened_at), func.count(Invitation.clicked_at)).where(
    *_OF_SURVEY
)


def stages_reached(
    session: Session,
    workspace_id: UUID,
    survey_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """How many of those invited in a period (half-open) came to each stage of the funnel.

    Invited: an invitation was due and nothing kept us from sending it. Delivered: the mail server
    took it, or the person answered, and it did not come back. Started: the page behind the link
    was fetched, or answered; scanners of mail fetch it, too, so this is an upper bound. Opened and
    started are left out where no invitation of the survey has ever had them recorded: unknown is
    not zero.
    """
    mine = {"workspace_id": workspace_id, "survey_id": survey_id}
    counts = session.execute(
        _REACHED.where(*_within(since, until)),
        mine,
    ).one()
    opens, clicks = session.execute(_EVER_SEEN, mine).one()
    unknown = {name for name, seen in (("opened", opens), ("started", clicks)) if not seen}
    return {name: count for name, count in counts._mapping.items() if name not in unknown}


def outcomes(
    session: Session,
    workspace_id: UUID,
    survey_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """What became of those invited in a period (half-open): answered, returned, unclear, silent.

    returned: the mail came back. unclear: it may or may not have gone out. Nobody stands twice;
    those not invited after all are left out.
    """
    mine = {"workspace_id": workspace_id, "survey_id": survey_id}
    rows = session.execute(_OUTCOMES.where(*_within(since, until)), mine)
    return dict.fromkeys(("answered", "returned", "unclear", "silent"), 0) | dict(rows.all())


def answered_invitations(
    workspace_id: UUID,
    survey_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Select[UUID]:
    """The ids of the invitations of a period (half-open) that the funnel counts as answered."""
    return select(Invitation.id).where(
        *_invited(workspace_id, survey_id),
        *_within(since, until),
        Invitation.answered_at.is_not(None),
    )


def invited_at_of(
    session: Session, workspace_id: UUID, invitation_ids: Collection[UUID]
) -> dict[UUID, datetime]:
    """When those were invited whose invitation this is."""
    rows = session.execute(
        select(Invitation.id, _invited_at).where(
            Invitation.workspace_id == workspace_id, Invitation.id.in_(invitation_ids)
        )
    )
    return {invitation_id: at for invitation_id, at in rows}


def _rows(workspace_id: UUID, *conditions: object, limit: int = 1) -> Sequence[InvitationRow]:
    found = db.session.execute(
        select(
            Invitation,
            Survey.key,
            Contact.name,
            Contact.email,
            Contact.phone,
            AskDecision.next_day,
            Reminder,
        )
        .join(
            Survey,
            (Survey.workspace_id == Invitation.workspace_id) & (Survey.id == Invitation.survey_id),
        )
        .join(
            Contact,
            (Contact.workspace_id == Invitation.workspace_id)
            & (Contact.id == Invitation.contact_id),
        )
        .outerjoin(
            AskDecision,
            (AskDecision.workspace_id == Invitation.workspace_id)
            & (AskDecision.id == Invitation.id),
        )
        .outerjoin(
            Reminder,
            (Reminder.workspace_id == Invitation.workspace_id)
            & (Reminder.invitation_id == Invitation.id),
        )
        .where(Invitation.workspace_id == workspace_id, *conditions)  # type: ignore[arg-type]
        .order_by(Invitation.created_at.desc(), Invitation.id.desc())
        .limit(limit)
    )
    return [_row(*each) for each in found]


def _row(
    row: Invitation, key: str, name: str, email: str | None, phone: str | None,
    next_day: date | None, reminder: Reminder | None,
) -> InvitationRow:  # fmt: skip
    link = InvitationLink(
        row.workspace_id, row.id, row.survey_id, row.contact_id, row.touchpoint, row.channel
    )  # fmt: skip
    return InvitationRow(
        row.id, key, row.contact_id, name, email, row.channel, row.state, row.reason,
        row.touchpoint, link.url(), row.send_at, row.created_at, row.sent_at, row.delivered_at,
        row.opened_at, row.clicked_at, row.answered_at, row.bounced_at, row.replied_at,
        next_day, reminder, phone,
    )  # fmt: skip
