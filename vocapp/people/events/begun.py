"""Which events tell once more that a subscription began, under an id of their own.

A file with a line twice, or two systems that tell of the same: neither is a correction, and which
of the two holds would be chance. What can be known of that is told by product, account and
instant; a later start may follow an end that arrives late.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp.people.events.models import AccountEvent, SubscriptionChange
from vocapp.people.identifying import known_accounts
from vocapp.problems import BadInput

if TYPE_CHECKING:
    from vocapp.people.events.service import NewEvent


def begun_already(
    session: Session, workspace_id: UUID, events: Sequence[NewEvent]
) -> dict[str, BadInput]:
    """Id of each of these new events that is refused for that → why.

    What corrects another event, or is corrected, tells of no second subscription.
    """
    starts = [event for event in events if event.terms and event.terms.action == "started"]
    if not starts:
        return {}
    accounts = known_accounts(session, workspace_id, {event.account for event in starts})
    corrected = {event.supersedes for event in events if event.supersedes is not None}
    corrected |= _corrected(session, workspace_id, [event.id for event in starts])
    begun = {
        place: event_id
        for place, event_id in _begun(session, workspace_id, starts, accounts).items()
        if event_id not in corrected
    }
    refused = {}
    for event in starts:
        assert event.terms is not None
        if event.id in corrected:
            continue
        place = (accounts.get(event.account, event.account), event.terms.product, event.at)
        first = begun.setdefault(place, event.id)
        if first != event.id and event.supersedes is None:
            refused[event.id] = BadInput.of(
                "product", f"began at this time already, as event {first} told"
            )
    return refused


def _corrected(session: Session, workspace_id: UUID, ids: Collection[str]) -> set[str]:
    """Those of the ids that an event which was received before corrects."""
    named = session.scalars(
        select(AccountEvent.supersedes).where(
            AccountEvent.workspace_id == workspace_id, AccountEvent.supersedes.in_(ids)
        )
    )
    return {event_id for event_id in named if event_id is not None}


def _begun(
    session: Session,
    workspace_id: UUID,
    starts: Sequence[NewEvent],
    accounts: Mapping[str, UUID],
) -> dict[tuple[object, ...], str]:
    """Account, product and instant of what is known to have begun then → the event that told."""
    rows = session.execute(
        select(
            SubscriptionChange.account_id, SubscriptionChange.product, SubscriptionChange.at,
            SubscriptionChange.event_id,
        ).where(
            SubscriptionChange.workspace_id == workspace_id,
            SubscriptionChange.account_id.in_(set(accounts.values())),
            SubscriptionChange.at.in_({event.at for event in starts}),
            SubscriptionChange.action == "started",
            SubscriptionChange.is_superseded.is_(False),
        )
    )  # fmt: skip
    return {(row.account_id, row.product, row.at): row.event_id for row in rows}
