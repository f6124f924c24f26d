"""Reads: which answers a filter holds of, from cells or answer by answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.attributes import OTHER, Reportable, Reportables, value_of
from surveys.filters import Condition, Filter, attributes_of, conditions_of, holds
from vocapp.database import scoped
from vocapp.measuring.attributes import MAX_VALUES, from_stored
from vocapp.measuring.models import AttributeValue, CellState
from vocapp.people.models import Account, Contact
from vocapp.people.queries import present_account

_OF_THE_ANSWER = ("channel", "locale", "touchpoint")
_OF_THE_ACCOUNT = ("plan", "region", "mrr", "currency", "started_on", "renewal_on")


def cells_can_tell(session: Session, state: CellState, filter_: Filter) -> bool:
    """Whether values in cells decide every condition on a reportable attribute.

    They do not where a number was put into a band, nor where a value may lie in "(other)".
    """
    reportable = {item.name: item for item in from_stored(state.attributes)}
    known: dict[str, set[str]] = {name: set() for name in attributes_of(filter_)}
    rows = session.scalars(
        scoped(AttributeValue, state.workspace_id).where(
            AttributeValue.generation == state.generation, AttributeValue.attribute.in_(known)
        )
    )
    for row in rows:
        known[row.attribute].add(row.value)
    return all(
        _can_tell(condition, reportable[condition.attribute], known[condition.attribute])
        for condition in conditions_of(filter_)
        if condition.attribute in reportable
    )


def _can_tell(condition: Condition, item: Reportable, known: set[str]) -> bool:
    all_known = len(known) < MAX_VALUES
    if condition.operator == "between":
        return all_known and not item.edges
    if condition.operator in {"in", "not_in"}:
        return all_known or known.union([OTHER]).issuperset(condition.values)
    return True


class Given:
    """A filter, asked of answers one by one.

    Attributes in bands are asked by their band, as in cells; those that any condition asks by
    `between` are asked as they were given.
    """

    def __init__(self, filter_: Filter | None, reportable: Reportables) -> None:
        self._filter = filter_
        conditions = list(conditions_of(filter_)) if filter_ else []
        as_given = {c.attribute for c in conditions if c.operator == "between"}
        banded = {item.name: item for item in reportable if item.name not in as_given}
        self._asked = [
            banded.get(name) or Reportable(name)
            for name in dict.fromkeys(c.attribute for c in conditions)
        ]

    def holds(self, attributes: Mapping[str, Any], moment: datetime) -> bool:
        if self._filter is None:
            return True
        values = {item.name: value_of(item, attributes, moment) for item in self._asked}
        return holds(self._filter, values)


class Facts:
    """The attributes of answers: as they were then, or as contact and account are today.

    Today's facts replace all of then, but for what belongs to the answer itself. An answer
    without person and account keeps its own.
    """

    def __init__(self, session: Session, workspace_id: UUID, today: datetime | None) -> None:
        self._is_today = today is not None
        self._accounts: dict[UUID, dict[str, Any]] = {}
        self._contacts: dict[UUID, dict[str, Any]] = {}
        if self._is_today:
            accounts = session.scalars(scoped(Account, workspace_id))
            self._accounts = {account.id: _account_facts(account) for account in accounts}
            rows = session.execute(
                select(Contact.id, Contact.attributes).where(Contact.workspace_id == workspace_id)
            )
            self._contacts = {contact_id: attributes for contact_id, attributes in rows}

    def of(self, row: Any) -> Mapping[str, Any]:
        """row: a response's attributes, contact_id and account_id."""
        then: Mapping[str, Any] = row.attributes
        if not self._is_today or not (row.contact_id or row.account_id):
            return then
        own = {name: then[name] for name in _OF_THE_ANSWER if name in then}
        account = self._accounts.get(row.account_id, {})
        return account | self._contacts.get(row.contact_id, {}) | own


def _account_facts(account: Account) -> dict[str, Any]:
    shown = present_account(account)
    return account.attributes | {
        name: shown[name] for name in _OF_THE_ACCOUNT if shown[name] is not None
    }
