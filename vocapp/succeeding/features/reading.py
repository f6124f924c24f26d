"""Reads: how long each account stayed, and when it first used which feature.

Who began before usage was sent used features that nobody knows of, and is left out: taken as
"never used", they would say of every feature that it keeps nobody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.stays import Stay, stay_of
from surveys.survival import FeatureUse
from vocapp.people.events.models import AccountEvent, FeatureDay
from vocapp.people.fact_history import value_at
from vocapp.people.models import Account
from vocapp.succeeding.figures.business import read_business

_BATCH = 200
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Customers:
    """Accounts whose first days are known, in the order of their beginnings.

    stays[i], plans[i]: of accounts[i]; the plan is that of the beginning of the stay. uses:
    feature → place of the account → first use in days since the beginning, 0 where it was used
    before. first_seen: feature → when anybody first used it. unknown: accounts that began before
    usage was sent.
    """

    accounts: Sequence[UUID]
    stays: Sequence[Stay]
    plans: Sequence[str]
    uses: Mapping[str, Mapping[int, float]]
    first_seen: Mapping[str, datetime]
    usage_since: datetime | None
    unknown: int
    now: datetime

    @property
    def days(self) -> Any:
        """How long each was there so far, shape (n,)."""
        return np.array([stay.days(self.now) for stay in self.stays], dtype=float)

    @property
    def lost(self) -> Any:
        return np.array([stay.left_at is not None for stay in self.stays], dtype=bool)

    @property
    def strata(self) -> list[Any]:
        """Plan and year of the beginning: only customers alike in both are compared."""
        return [
            np.array(list(self.plans), dtype=str),
            np.array([stay.began_at.year for stay in self.stays], dtype=np.int64),
        ]

    def features(self, window_days: int, *, most: int) -> list[FeatureUse]:
        """The features that most used within the window. Who had gone through the window before
        anybody ever used a feature could not, and is not compared."""
        used = {
            name: sum(day < window_days for day in by_place.values())
            for name, by_place in self.uses.items()
        }
        began = np.array([stay.began_at.timestamp() for stay in self.stays])
        found = []
        for name in sorted(used, key=lambda each: (-used[each], each))[:most]:
            first = np.full(len(self.accounts), np.nan)
            for place, day in self.uses[name].items():
                first[place] = day
            seen = self.first_seen[name].timestamp()
            found.append(FeatureUse(name, first, began + window_days * 86_400 > seen))
        return found


@dataclass(slots=True)
class _Found:
    uses: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    first_seen: dict[str, datetime] = field(default_factory=dict)


def read_customers(
    session: Session, workspace_id: UUID, *, window_days: int, time_zone: str, now: datetime
) -> Customers:
    """window_days: the longest window that will be asked for; later use is not read."""
    usage_since = _usage_since(session, workspace_id, now=now)
    stays = _stays(session, workspace_id, time_zone=time_zone, now=now)
    known = sorted(
        ((stay, account) for account, stay in stays.items()
         if usage_since is not None and stay.began_at >= usage_since),
        key=lambda each: (each[0].began_at, each[1]),
    )  # fmt: skip
    accounts = [account for _stay, account in known]
    found = _Found()
    for start in range(0, len(known), _BATCH):
        batch = known[start : start + _BATCH]
        _read_uses(session, workspace_id, batch, start, window_days * _DAY, found)
    return Customers(
        accounts=accounts,
        stays=[stay for stay, _account in known],
        plans=list(_plans(session, workspace_id, known)),
        uses=found.uses,
        first_seen=found.first_seen,
        usage_since=usage_since,
        unknown=len(stays) - len(known),
        now=now,
    )


def _usage_since(session: Session, workspace_id: UUID, *, now: datetime) -> datetime | None:
    """The first use of anything by anybody."""
    found: datetime | None = session.scalar(
        select(AccountEvent.at)
        .where(
            AccountEvent.workspace_id == workspace_id, AccountEvent.type == "usage",
            AccountEvent.is_superseded.is_(False), AccountEvent.at <= now,
        )
        .order_by(AccountEvent.at)
        .limit(1)
    )  # fmt: skip
    return found


def _stays(
    session: Session, workspace_id: UUID, *, time_zone: str, now: datetime
) -> dict[UUID, Stay]:
    business = read_business(session, workspace_id, time_zone=time_zone, now=now)
    stays = ((each, stay_of(own, now=now)) for each, own in business.histories.items())
    return {account: stay for account, stay in stays if stay is not None}


def _read_uses(
    session: Session,
    workspace_id: UUID,
    batch: Sequence[tuple[Stay, UUID]],
    start: int,
    window: timedelta,
    found: _Found,
) -> None:
    """First uses within the window of some accounts that began about the same time."""
    place = {account: start + number for number, (_stay, account) in enumerate(batch)}
    began = {account: stay.began_at for stay, account in batch}
    until = batch[-1][0].began_at + window
    rows = session.execute(
        select(FeatureDay.account_id, FeatureDay.name, func.min(FeatureDay.first_at))
        .where(
            FeatureDay.workspace_id == workspace_id,
            FeatureDay.account_id.in_(place),
            FeatureDay.day <= until.astimezone(UTC).date(),
            FeatureDay.first_at < until,
        )
        .group_by(FeatureDay.account_id, FeatureDay.name)
    )
    for account, name, at in rows:
        found.first_seen[name] = min(at, found.first_seen.get(name, at))
        if at < began[account] + window:
            found.uses[name][place[account]] = max(0.0, (at - began[account]) / _DAY)


def _plans(
    session: Session, workspace_id: UUID, known: Sequence[tuple[Stay, UUID]]
) -> Iterator[str]:
    """What the plan was at the beginning, as far as that was ever said."""
    rows = session.execute(
        select(Account.id, Account.plan, Account.fact_history).where(
            Account.workspace_id == workspace_id
        )
    )
    told = {row.id: (row.plan, row.fact_history or {}) for row in rows}
    for stay, account in known:
        plan, history = told.get(account, (None, {}))
        yield str(value_at(history, "plan", stay.began_at) or plan or "")
