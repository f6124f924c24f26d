"""Reads: the forecast and how true it was, by the values of an attribute of accounts.

What comes is split by what accounts have now; forecasts of the past by what was said of accounts
when their month began, as the figures are: what was said later must not tell good from bad.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from surveys.attributes import as_text
from surveys.subscriptions import Rates
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.people.reaching import accounts_within
from vocapp.problems import BadInput
from vocapp.succeeding.health.segmenting import FACT_COLUMNS, FACTS, facts_of
from vocapp.succeeding.renewals.queries import Told, Upcoming, told
from vocapp.succeeding.renewals.reading import AtStake, can_split
from vocapp.succeeding.renewals.recorded import HowTrue
from vocapp.workspaces.reach import Reach

MOST_PARTS = 200
_MOST_LOOKED_AT, _MOST_OFFERED, _MOST_VALUES = 500, 30, 50


@dataclass(frozen=True, slots=True)
class Part:
    """Renewals of accounts with one value, n of them. value None: of those without one. past:
    None where nothing of it was ever forecast, or is not to be seen."""

    value: str | None
    n: int
    told: Sequence[Told]
    past: HowTrue | None


def split(
    found: Upcoming,
    *,
    rates: Rates | None,
    past: Mapping[str | None, HowTrue],
    by_category: bool = False,
) -> list[Part]:
    """By the attribute `found.by`: the most renewals first, those without a value last. past: by
    value. by_category: with the forecast of each category, which takes as long again. Raises
    BadInput where there are more values than a table can hold."""
    by_value: dict[str | None, list[AtStake]] = defaultdict(list)
    for each in found.stakes:
        by_value[each.value].append(each)
    values = {*by_value, *past}
    if len(values) > MOST_PARTS:
        raise BadInput.of("by", f"{(found.by or '')[:100]!r} has more than {MOST_PARTS} values")
    parts = [
        Part(
            value,
            sum(len(each.amounts) for each in by_value[value]),
            told(by_value[value], found.chances, rates, by_category=by_category),
            past.get(value),
        )
        for value in values
    ]
    return sorted(parts, key=lambda part: (part.value is None, -part.n, part.value or ""))


def attributes_in_use(workspace_id: UUID, *, reach: Reach) -> list[str]:
    """By what it can be split, as some accounts have it whose renewal day is known: the facts,
    then what most of them have; not what nearly every account has a value of its own of."""
    rows = db.session.execute(
        select(*FACT_COLUMNS)
        .where(
            Account.workspace_id == workspace_id,
            Account.renewal_on.is_not(None),
            accounts_within(reach, workspace_id),
        )
        .order_by(Account.renewal_on.desc(), Account.id)
        .limit(_MOST_LOOKED_AT)
    )
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        for name, value in facts_of(row).items():
            text = as_text(value)
            if text is not None:
                counts[name][text] += 1
    found = [
        name
        for name, values in counts.items()
        if 2 <= len(values) <= _MOST_VALUES and can_split(name)
    ]
    found.sort(key=lambda name: (name not in FACTS, -counts[name].total(), name))
    return found[:_MOST_OFFERED]
