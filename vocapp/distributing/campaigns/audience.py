"""Who is in the audience of a campaign, and the days of their moments: read batch by batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from surveys.campaigns import GRACE_DAYS, Moment, Person, Plan
from surveys.filters import Filter, holds, parse_json
from surveys.periods import day_bounds, local_day
from vocapp.distributing.campaigns.models import Campaign, CampaignTurn
from vocapp.people.events.models import AccountEvent
from vocapp.people.models import Account, Contact

_DAY = timedelta(days=1)

# Days on which planned contacts of these accounts took place since a day, or, where it is asked
# for, are planned to: account → days.
TouchpointDays = Callable[
    [Session, UUID, str, Sequence[UUID], date, bool], Mapping[UUID, list[date]]
]
TouchpointKeys = Callable[[Session, UUID], Sequence[str]]
_touchpoints: list[tuple[TouchpointDays, TouchpointKeys]] = []


def register_touchpoints(days: TouchpointDays, keys: TouchpointKeys) -> None:
    """Let the package that plans contacts say when they took place, and which there are."""
    _touchpoints[:] = [(days, keys)]


def touchpoint_keys(session: Session, workspace_id: UUID) -> list[str]:
    """What there is to follow."""
    return [key for _days, keys in _touchpoints for key in keys(session, workspace_id)]


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who is looked at: what a filter asks, and what rules need."""

    contact_id: UUID
    account_id: UUID | None
    facts: Mapping[str, Any]
    started_on: date | None
    renewal_on: date | None
    place: int = 0

    @property
    def person(self) -> Person:
        account = str(self.account_id) if self.account_id else None
        return Person(str(self.contact_id), account, self.place)


def audience_of(campaign: Campaign) -> Filter | None:
    """None for everybody."""
    return parse_json(campaign.audience) if campaign.audience else None


def is_in(audience: Filter | None, candidate: Candidate) -> bool:
    return audience is None or holds(audience, candidate.facts)


FACT_COLUMNS = (
    Contact.id, Contact.account_id, Contact.attributes, Contact.locale,
    Account.attributes.label("account_attributes"), Account.plan, Account.region,
    Account.mrr_minor, Account.currency, Account.started_on, Account.renewal_on,
)  # fmt: skip


def candidates(workspace_id: UUID) -> Select[Any]:
    """All people, those who have left their company too, with what is known of their accounts."""
    return (
        select(*FACT_COLUMNS)
        .outerjoin(
            Account,
            and_(Account.workspace_id == Contact.workspace_id, Account.id == Contact.account_id),
        )
        .where(Contact.workspace_id == workspace_id)
    )


def as_candidate(row: Row[Any], place: int = 0) -> Candidate:
    return Candidate(row.id, row.account_id, facts_of(row), row.started_on, row.renewal_on, place)


def facts_of(row: Row[Any]) -> dict[str, Any]:
    """What a filter asks of a person, under the names that answers have: the person's own words
    stand before those of the account."""
    known = {
        "plan": row.plan, "region": row.region, "mrr": row.mrr_minor, "currency": row.currency,
        "started_on": row.started_on, "renewal_on": row.renewal_on,
    }  # fmt: skip
    said = {name: value for name, value in known.items() if value is not None}
    return {**(row.account_attributes or {}), **said, **row.attributes, "locale": row.locale}


def batch_after(
    session: Session, workspace_id: UUID, after: UUID | None, *, limit: int
) -> list[Candidate]:
    """The next people by id, each with their place at their account."""
    query = candidates(workspace_id).where(Contact.left_at.is_(None))
    if after is not None:
        query = query.where(Contact.id > after)
    rows = session.execute(query.order_by(Contact.id).limit(limit)).all()
    places = _places(session, workspace_id, {row.account_id for row in rows if row.account_id})
    return [as_candidate(row, places.get(row.id, 0)) for row in rows]


def _places(session: Session, workspace_id: UUID, accounts: set[UUID]) -> dict[UUID, int]:
    """Who came to an account before whom; who comes later stands behind, and moves nobody."""
    counted: dict[UUID, int] = defaultdict(int)
    found: dict[UUID, int] = {}
    rows = session.execute(
        select(Contact.id, Contact.account_id)
        .where(Contact.workspace_id == workspace_id, Contact.account_id.in_(accounts))
        .order_by(Contact.id)
    )
    for contact_id, account_id in rows:
        assert account_id is not None
        found[contact_id] = counted[account_id]
        counted[account_id] += 1
    return found


# --- moments ------------------------------------------------------------------------------


def moments_of(
    session: Session,
    workspace_id: UUID,
    plan: Plan,
    people: Sequence[Candidate],
    *,
    today: date,
    zone: str,
    planned: bool = False,
) -> dict[UUID, list[date]]:
    """Contact → local days of the moments that a campaign follows, none that are long over.

    planned: contacts that are only planned as well, for a look ahead.
    """
    moment = plan.moment
    assert moment is not None
    since = today - timedelta(days=max(moment.days, 0) + GRACE_DAYS + 1)
    if moment.kind in {"started", "renewal"}:
        days = {
            each.contact_id: each.started_on if moment.kind == "started" else each.renewal_on
            for each in people
        }
        return {key: [day] for key, day in days.items() if day is not None and day >= since}
    if moment.kind == "event":
        return _event_days(session, workspace_id, moment, people, since, zone)
    accounts = sorted({each.account_id for each in people if each.account_id})
    took_place: dict[UUID, list[date]] = defaultdict(list)
    for days_of, _keys in _touchpoints:
        found = days_of(session, workspace_id, moment.name or "", accounts, since, planned)
        for account_id, of_account in found.items():
            took_place[account_id] += of_account
    return {
        each.contact_id: took_place[each.account_id]
        for each in people
        if each.account_id in took_place
    }


def _event_days(
    session: Session,
    workspace_id: UUID,
    moment: Moment,
    people: Sequence[Candidate],
    since: date,
    zone: str,
) -> dict[UUID, list[date]]:
    """An event of a person is their own; one of an account without a person is everybody's."""
    rows = session.execute(
        select(AccountEvent.account_id, AccountEvent.contact_id, AccountEvent.at).where(
            AccountEvent.workspace_id == workspace_id,
            AccountEvent.account_id.in_({each.account_id for each in people if each.account_id}),
            AccountEvent.at >= day_bounds(since, zone)[0],
            AccountEvent.name == moment.name,
            AccountEvent.is_superseded.is_(False),
        )
    ).all()
    of_person: dict[UUID, list[date]] = defaultdict(list)
    of_account: dict[UUID, list[date]] = defaultdict(list)
    for account_id, contact_id, at in rows:
        of = of_account[account_id] if contact_id is None else of_person[contact_id]
        of.append(local_day(at, zone))
    return {
        each.contact_id: [
            *of_person.get(each.contact_id, ()),
            *(of_account.get(each.account_id, ()) if each.account_id else ()),
        ]
        for each in people
    }


# --- what is known of turns ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """occasions: that somebody had; last_asked: by this campaign."""

    occasions: Mapping[UUID, frozenset[str]]
    last_asked: Mapping[UUID, date]


def known_turns(
    session: Session, campaign: Campaign, contact_ids: Sequence[UUID] | None = None
) -> Known:
    """Of some people, or of all."""
    of_campaign = [
        CampaignTurn.workspace_id == campaign.workspace_id, CampaignTurn.campaign_id == campaign.id
    ]  # fmt: skip
    if contact_ids is not None:
        of_campaign.append(CampaignTurn.contact_id.in_(contact_ids))
    occasions: dict[UUID, set[str]] = defaultdict(set)
    for contact_id, occasion in session.execute(
        select(CampaignTurn.contact_id, CampaignTurn.occasion).where(*of_campaign)
    ):
        occasions[contact_id].add(occasion)
    asked = session.execute(
        select(CampaignTurn.contact_id, func.max(CampaignTurn.day))
        .where(*of_campaign, CampaignTurn.state == "asked")
        .group_by(CampaignTurn.contact_id)
    )
    return Known(
        {key: frozenset(found) for key, found in occasions.items()},
        {key: day for key, day in asked},
    )
