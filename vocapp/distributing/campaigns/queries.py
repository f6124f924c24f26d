"""Reads: campaigns, what became of their turns, and the people behind each number."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from surveys.periods import local_day
from vocapp.authoring.models import Survey
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.distributing.campaigns.stopping import FAILED, given_up
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.problems import NotFound

# What became of a turn. Whoever is not asked by the mail server's word was not asked.
GROUPS = ("asked", "answered", "waiting", "not_asked")
NEXT_DAYS = 7
MOST = 500
_DID_NOT_ARRIVE = ("not_sent", "bounced")


@dataclass(frozen=True, slots=True)
class Counts:
    """People by what became of their turns. asked: those who answered included. waiting: reason →
    how many, "" for those whose day simply has not come."""

    asked: int = 0
    answered: int = 0
    waiting: Mapping[str, int] = field(default_factory=dict)
    not_asked: Mapping[str, int] = field(default_factory=dict)

    @property
    def total_waiting(self) -> int:
        return sum(self.waiting.values())

    @property
    def failed(self) -> int:
        """Those who were not asked because something went wrong."""
        return sum(n for reason, n in self.not_asked.items() if reason.startswith(FAILED))

    @property
    def total_not_asked(self) -> int:
        return sum(self.not_asked.values())


@dataclass(frozen=True, slots=True)
class Stuck:
    """Work that was given up. error: of the last row; since: of the first."""

    rows: int
    error: str
    since: datetime


@dataclass(frozen=True, slots=True)
class CampaignRow:
    """A campaign in a list. next_days: how many turns are planned on each of the next days, what
    is overdue on the first. stuck: None where nothing was given up."""

    campaign: Campaign
    survey_key: str
    survey_name: str
    survey_state: str
    counts: Counts
    next_days: Sequence[tuple[date, int]]
    stuck: Stuck | None


def campaigns(workspace_id: UUID, *, now: datetime, zone: str) -> list[CampaignRow]:
    """The newest first; those that have ended last."""
    rows = db.session.execute(
        _with_survey(workspace_id)
        .order_by(Campaign.state == "ended", Campaign.created_at.desc(), Campaign.id.desc())
        .limit(MOST)
    ).all()
    return _rows(workspace_id, rows, local_day(now, zone))


def campaign(workspace_id: UUID, campaign_id: UUID, *, now: datetime, zone: str) -> CampaignRow:
    """Raises NotFound."""
    rows = db.session.execute(_with_survey(workspace_id).where(Campaign.id == campaign_id)).all()
    if not rows:
        raise NotFound("No such campaign.")
    return _rows(workspace_id, rows, local_day(now, zone))[0]


def _with_survey(workspace_id: UUID) -> Select[Any, Any, Any, Any]:
    return (
        select(Campaign, Survey.key, Survey.name, Survey.state)
        .join(
            Survey,
            and_(Survey.workspace_id == Campaign.workspace_id, Survey.id == Campaign.survey_id),
        )
        .where(Campaign.workspace_id == workspace_id)
    )


def _rows(workspace_id: UUID, rows: Sequence[Any], today: date) -> list[CampaignRow]:
    ids = [row[0].id for row in rows]
    counts = _counts(workspace_id, ids)
    days = _next_days(workspace_id, ids, today)
    stuck = _stuck(workspace_id, ids)
    return [
        CampaignRow(
            each, key, name, state, counts.get(each.id, Counts()), days[each.id],
            stuck.get(each.id),
        )
        for each, key, name, state in rows
    ]  # fmt: skip


def _stuck(workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Stuck]:
    rows = db.session.execute(
        select(Pending.subject_id, Pending.last_error, Pending.set_aside_at)
        .where(*given_up(workspace_id), Pending.subject_id.in_(ids))
        .order_by(Pending.set_aside_at)
        .limit(MOST)
    )
    found: dict[UUID, Stuck] = {}
    for campaign_id, error, since in rows:
        assert since is not None
        before = found.get(campaign_id)
        found[campaign_id] = Stuck(
            before.rows + 1 if before else 1, error or "", before.since if before else since
        )
    return found


def _of_invitation() -> ColumnElement[bool]:
    return and_(
        Invitation.workspace_id == CampaignTurn.workspace_id,
        Invitation.id == CampaignTurn.invitation_id,
    )


def _became() -> ColumnElement[str]:
    """One of GROUPS but for "asked", which those who answered are, too."""
    return case(
        (CampaignTurn.state == "planned", "waiting"),
        (CampaignTurn.state == "not_asked", "not_asked"),
        (Invitation.state.in_(_DID_NOT_ARRIVE), "not_asked"),
        (Invitation.state == "answered", "answered"),
        else_="asked",
    )


def _why() -> ColumnElement[str]:
    """The reason that is counted; what a mail server said is one reason, "bounced"."""
    return case(
        (CampaignTurn.state != "asked", func.coalesce(CampaignTurn.reason, "")),
        (Invitation.state == "bounced", "bounced"),
        (Invitation.state == "not_sent", func.coalesce(Invitation.reason, "")),
        else_="",
    )


def _counts(workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Counts]:
    became, why = _became().label("became"), _why().label("why")
    rows = db.session.execute(
        select(CampaignTurn.campaign_id, became, why, func.count())
        .outerjoin(Invitation, _of_invitation())
        .where(CampaignTurn.workspace_id == workspace_id, CampaignTurn.campaign_id.in_(ids))
        .group_by(CampaignTurn.campaign_id, became, why)
    )
    found: dict[UUID, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for campaign_id, group, reason, count in rows:
        found[campaign_id][group][reason] += count
    return {
        key: Counts(
            asked=each["asked"].total() + each["answered"].total(),
            answered=each["answered"].total(),
            waiting=_most_first(each["waiting"]), not_asked=_most_first(each["not_asked"]),
        )
        for key, each in found.items()
    }  # fmt: skip


def _most_first(counted: Counter[str]) -> dict[str, int]:
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _next_days(
    workspace_id: UUID, ids: Sequence[UUID], today: date
) -> dict[UUID, list[tuple[date, int]]]:
    days = [today + timedelta(days=number) for number in range(NEXT_DAYS)]
    rows = db.session.execute(
        select(CampaignTurn.campaign_id, CampaignTurn.day, func.count())
        .where(
            CampaignTurn.workspace_id == workspace_id, CampaignTurn.campaign_id.in_(ids),
            CampaignTurn.state == "planned", CampaignTurn.day <= days[-1],
        )
        .group_by(CampaignTurn.campaign_id, CampaignTurn.day)
    )  # fmt: skip
    found: dict[UUID, Counter[date]] = defaultdict(Counter)
    for campaign_id, day, count in rows:
        found[campaign_id][max(day, today)] += count
    return {key: [(day, found[key][day]) for day in days] for key in ids}


# --- people -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A person's turn. group: one of GROUPS; state: that of the invitation, where there is one."""

    id: UUID
    contact_id: UUID
    name: str
    email: str | None
    account: str
    occasion: str
    day: date
    group: str
    reason: str | None
    state: str | None


def people(
    workspace_id: UUID,
    campaign_id: UUID,
    *,
    group: str | None = None,
    reason: str | None = None,
    after: UUID | None = None,
    contact_ids: Sequence[UUID] | None = None,
    limit: int,
) -> list[TurnRow]:
    """The people behind a number, by id of their turns; reason: "" for none."""
    query = (
        select(
            CampaignTurn, Contact.name, Contact.email, Account.name, Account.external_id,
            _became(), Invitation.state, Invitation.reason,
        )
        .join(
            Contact,
            and_(Contact.workspace_id == CampaignTurn.workspace_id,
                 Contact.id == CampaignTurn.contact_id),
        )
        .outerjoin(
            Account,
            and_(Account.workspace_id == Contact.workspace_id, Account.id == Contact.account_id),
        )
        .outerjoin(Invitation, _of_invitation())
        .where(CampaignTurn.workspace_id == workspace_id, CampaignTurn.campaign_id == campaign_id)
    )  # fmt: skip
    if group is not None:
        wanted = ("asked", "answered") if group == "asked" else (group,)
        query = query.where(_became().in_(wanted))
    if reason is not None:
        query = query.where(_why() == reason)
    if contact_ids is not None:
        query = query.where(CampaignTurn.contact_id.in_(contact_ids))
    if after is not None:
        query = query.where(CampaignTurn.id > after)
    return [
        TurnRow(
            turn.id, turn.contact_id, name, email, account or key or "", turn.occasion, turn.day,
            became, (said if state in _DID_NOT_ARRIVE else None) or turn.reason, state,
        )
        for turn, name, email, account, key, became, state, said in db.session.execute(
            query.order_by(CampaignTurn.id).limit(limit)
        )
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sought:
    """Somebody who was looked for from a campaign. turns: none where the campaign has none."""

    contact_id: UUID
    name: str
    email: str | None
    turns: list[TurnRow]


def who_is(workspace_id: UUID, campaign_id: UUID, email: str) -> list[Sought]:
    """People with this address, with what this campaign did about them."""
    found = db.session.execute(
        select(Contact.id, Contact.name, Contact.email)
        .where(
            Contact.workspace_id == workspace_id,
            or_(func.lower(Contact.email) == email.strip().lower(),
                Contact.email == email.strip()),
        )
        .limit(5)
    ).all()  # fmt: skip
    turns = people(workspace_id, campaign_id, contact_ids=[row.id for row in found], limit=100)
    return [
        Sought(row.id, row.name, row.email, [t for t in turns if t.contact_id == row.id])
        for row in found
    ]
