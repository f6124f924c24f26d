"""By what accounts are told apart for their weights: what is said of them, now and before."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.filters import Filter, holds
from vocapp.measuring.segments.offers import Offers, offers_of_facts
from vocapp.people.fact_history import History, value_at
from vocapp.people.models import Account

# Not what they pay: of an imported history only the end of it is known, which would let the
# back-test peek at who left.
FACTS = ("plan", "region")
FACT_COLUMNS = (Account.plan, Account.region, Account.attributes)


def facts_of(row: Any) -> dict[str, Any]:
    """What segments are told by, of an account or a row with these FACT_COLUMNS."""
    return {**row.attributes, **{name: getattr(row, name) for name in FACTS}}


def fact_name(attribute: str) -> str:
    """By which an attribute is kept in the history of an account."""
    return attribute if attribute in FACTS else f"attributes.{attribute}"


def facts_then(history: History, names: Iterable[str], instant: datetime) -> dict[str, Any]:
    """The same as it was said to be at an instant, of some names."""
    return {name: value_at(history, fact_name(name), instant) for name in names}


def facts_by_account(
    session: Session, workspace_id: UUID, account_ids: Collection[UUID] | None = None
) -> dict[UUID, dict[str, Any]]:
    """Of these accounts, or of all."""
    query = select(Account.id, *FACT_COLUMNS).where(Account.workspace_id == workspace_id)
    if account_ids is not None:
        query = query.where(Account.id.in_(account_ids))
    rows = session.execute(query)
    return {row.id: facts_of(row) for row in rows}


def offers_of(accounts: Sequence[Mapping[str, Any]]) -> Offers:
    """What a filter may ask of accounts."""
    return offers_of_facts(accounts, first=FACTS)


def count_matching(accounts: Sequence[Mapping[str, Any]], filter_: Filter | None) -> int:
    """Of how many accounts a filter holds; of all where nothing is asked."""
    return sum(filter_ is None or holds(filter_, facts) for facts in accounts)


def counts_by_segment(
    accounts: Sequence[Mapping[str, Any]], filters: Sequence[Filter]
) -> tuple[list[tuple[int, int]], int]:
    """Of each segment how many accounts are in it, and how many more its filter holds of that are
    in an earlier one; and how many are in none."""
    counted, earlier = [0] * len(filters), [0] * len(filters)
    others = 0
    for facts in accounts:
        matching = [place for place, each in enumerate(filters) if holds(each, facts)]
        if not matching:
            others += 1
            continue
        counted[matching[0]] += 1
        for place in matching[1:]:
            earlier[place] += 1
    return list(zip(counted, earlier, strict=True)), others
