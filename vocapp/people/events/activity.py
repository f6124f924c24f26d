"""Sums of activity: per account and UTC hour; per person, product and feature and UTC day."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Date, bindparam, case, delete, func, select, update
from sqlalchemy.orm import Session

from vocapp.database import Key, UtcDateTime, insert_into
from vocapp.people.account_stores import AccountMerge, drop_rows
from vocapp.people.events.models import (
    AccountEvent,
    ActiveDay,
    ActivityHour,
    FeatureDay,
    ProductDay,
)

Row = Mapping[str, Any]
_Hour = tuple[UUID, datetime]
_Day = tuple[date, UUID, UUID]
_OfProduct = tuple[UUID, str, date]
_OfFeature = tuple[UUID, date, str]
_FEATURE_KEY = ("account_id", "day", "name")


def add_up(
    session: Session, workspace_id: UUID, *, gained: Iterable[Row], lost: Iterable[Row]
) -> None:
    """Add events to the sums and take corrected ones out of them; the ledger has both already."""
    gained, lost = list(gained), list(lost)
    logins: Counter[_Hour] = Counter()
    uses: Counter[_Hour] = Counter()
    days: Counter[_Day] = Counter()
    in_products: dict[_OfProduct, Counter[str]] = defaultdict(Counter)
    for rows, sign in ((gained, 1), (lost, -1)):
        for row in rows:
            if row["type"] not in {"login", "usage"}:
                continue
            hour = (row["account_id"], hour_of(row["at"]))
            (logins if row["type"] == "login" else uses)[hour] += sign * row["count"]
            if row["contact_id"] is not None:
                days[hour[1].date(), row["account_id"], row["contact_id"]] += sign
            if row["product"] is not None:
                kind = "logins" if row["type"] == "login" else "uses"
                of_product = (row["account_id"], row["product"], hour[1].date())
                in_products[of_product][kind] += sign * row["count"]
    _apply(
        session, workspace_id, ActivityHour, ("account_id", "hour"),
        {key: {"logins": logins[key], "uses": uses[key]} for key in logins.keys() | uses.keys()},
    )  # fmt: skip
    add_days(session, workspace_id, days)
    _add_products(session, workspace_id, in_products)
    _add_features(session, workspace_id, _of_features(gained))
    _take_features(session, workspace_id, _of_features(lost))


def _of_features(rows: Iterable[Row]) -> dict[_OfFeature, tuple[int, datetime]]:
    """Account, UTC day and feature → uses, and the first of them."""
    found: dict[_OfFeature, tuple[int, datetime]] = {}
    for row in rows:
        if row["type"] == "usage":
            key = (row["account_id"], row["at"].astimezone(UTC).date(), row["name"])
            uses, first_at = found.get(key, (0, row["at"]))
            found[key] = (uses + row["count"], min(first_at, row["at"]))
    return found


def _add_features(
    session: Session, workspace_id: UUID, found: Mapping[_OfFeature, tuple[int, datetime]]
) -> None:
    if not found:
        return
    offered = insert_into(session, FeatureDay.__table__)
    new, known = offered.excluded, FeatureDay.__table__.c
    first_at = case((new.first_at < known.first_at, new.first_at), else_=known.first_at)
    session.connection().execute(
        offered.on_conflict_do_update(
            index_elements=["workspace_id", *_FEATURE_KEY],
            set_={"uses": known.uses + new.uses, "first_at": first_at},
        ),
        [
            {"workspace_id": workspace_id, **dict(zip(_FEATURE_KEY, key, strict=True)),
             "uses": uses, "first_at": at}
            for key, (uses, at) in found.items()
        ],
    )  # fmt: skip


def _take_features(
    session: Session, workspace_id: UUID, lost: Mapping[_OfFeature, tuple[int, datetime]]
) -> None:
    """After what was gained: so no day goes that a correction leaves its uses. Where the first use
    of a day went, the ledger of that day and account tells which is first now."""
    if not lost:
        return
    less = [
        {**{f"of_{name}": part for name, part in zip(_FEATURE_KEY, key, strict=True)},
         "less_uses": uses}
        for key, (uses, _first_at) in lost.items()
    ]  # fmt: skip
    _take_away(session, workspace_id, FeatureDay, _FEATURE_KEY, less)
    session.connection().execute(
        _FIRST_ANEW,
        [
            {"of_workspace": workspace_id, "of_account": account_id, "of_day": day,
             "of_name": name, "lost_at": at, "since": _midnight(day),
             "until": _midnight(day + timedelta(days=1))}
            for (account_id, day, name), (_uses, at) in lost.items()
        ],
    )  # fmt: skip


def _first_anew() -> Any:
    # Not by the names of columns, which an update takes for what it sets.
    workspace, account = (
        bindparam("of_workspace", type_=Key()),
        bindparam("of_account", type_=Key()),
    )
    table: Any = FeatureDay.__table__
    of_day, known = AccountEvent.__table__.c, table.c
    first_at = select(func.min(of_day.at)).where(
        of_day.workspace_id == workspace,
        of_day.account_id == account,
        of_day.at >= bindparam("since", type_=UtcDateTime()),
        of_day.at < bindparam("until", type_=UtcDateTime()),
        of_day.type == "usage",
        of_day.name == bindparam("of_name"),
        of_day.is_superseded.is_(False),
    )
    return (
        update(table)
        .where(
            known.workspace_id == workspace,
            known.account_id == account,
            known.day == bindparam("of_day", type_=Date),
            known.name == bindparam("of_name"),
            known.first_at == bindparam("lost_at", type_=UtcDateTime()),
        )
        .values(first_at=first_at.scalar_subquery())
    )


_FIRST_ANEW = _first_anew()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


def _add_products(
    session: Session, workspace_id: UUID, found: Mapping[_OfProduct, Mapping[str, int]]
) -> None:
    deltas = {
        key: {"logins": sums.get("logins", 0), "uses": sums.get("uses", 0)}
        for key, sums in found.items()
    }
    _apply(session, workspace_id, ProductDay, ("account_id", "product", "day"), deltas)


def add_days(session: Session, workspace_id: UUID, days: Mapping[_Day, int]) -> None:
    """Add to the sums of people: (UTC day, account, contact) → events."""
    _apply(
        session, workspace_id, ActiveDay, ("day", "account_id", "contact_id"),
        {key: {"events": n} for key, n in days.items()},
    )  # fmt: skip


def add_account(session: Session, merge: AccountMerge) -> None:
    """What the merged account did, hour by hour and day by day, the kept one did, too."""
    hours = session.execute(
        select(ActivityHour.hour, ActivityHour.logins, ActivityHour.uses).where(
            ActivityHour.workspace_id == merge.workspace_id,
            ActivityHour.account_id == merge.merged,
        )
    ).all()
    _apply(
        session, merge.workspace_id, ActivityHour, ("account_id", "hour"),
        {(merge.kept, row.hour): {"logins": row.logins, "uses": row.uses} for row in hours},
    )  # fmt: skip
    days = session.execute(
        select(ActiveDay.day, ActiveDay.contact_id, ActiveDay.events).where(
            ActiveDay.workspace_id == merge.workspace_id, ActiveDay.account_id == merge.merged
        )
    ).all()
    add_days(
        session, merge.workspace_id,
        {(row.day, merge.kept, row.contact_id): row.events for row in days},
    )  # fmt: skip
    in_products = session.execute(
        select(ProductDay.product, ProductDay.day, ProductDay.logins, ProductDay.uses).where(
            ProductDay.workspace_id == merge.workspace_id, ProductDay.account_id == merge.merged
        )
    ).all()
    _add_products(
        session, merge.workspace_id,
        {
            (merge.kept, row.product, row.day): {"logins": row.logins, "uses": row.uses}
            for row in in_products
        },
    )  # fmt: skip
    features = session.execute(
        select(FeatureDay.day, FeatureDay.name, FeatureDay.uses, FeatureDay.first_at).where(
            FeatureDay.workspace_id == merge.workspace_id, FeatureDay.account_id == merge.merged
        )
    ).all()
    _add_features(
        session, merge.workspace_id,
        {(merge.kept, row.day, row.name): (row.uses, row.first_at) for row in features},
    )  # fmt: skip
    drop_rows(session, merge, ActivityHour, ActiveDay, ProductDay, FeatureDay)


def hour_of(at: datetime) -> datetime:
    """The UTC hour in which an instant lies."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _apply(
    session: Session,
    workspace_id: UUID,
    model: type[Any],
    names: Sequence[str],
    deltas: Mapping[tuple[Any, ...], Mapping[str, int]],
) -> None:
    """Add differences to rows; rows that come to nothing go.

    Gains are inserted or added, losses come after: PostgreSQL checks a row that is offered
    before it looks for the one it conflicts with, so a loss cannot be offered.
    """
    more = [
        {"workspace_id": workspace_id, **dict(zip(names, key, strict=True)),
         **{name: max(n, 0) for name, n in delta.items()}}
        for key, delta in deltas.items()
        if any(n > 0 for n in delta.values())
    ]  # fmt: skip
    less = [
        {**{f"of_{name}": part for name, part in zip(names, key, strict=True)},
         **{f"less_{name}": max(-n, 0) for name, n in delta.items()}}
        for key, delta in deltas.items()
        if any(n < 0 for n in delta.values())
    ]  # fmt: skip
    if more:
        offered = insert_into(session, model.__table__)
        sums = [name for name in more[0] if name not in {"workspace_id", *names}]
        session.connection().execute(
            offered.on_conflict_do_update(
                index_elements=["workspace_id", *names],
                set_={name: model.__table__.c[name] + offered.excluded[name] for name in sums},
            ),
            more,
        )
    if less:
        _take_away(session, workspace_id, model, names, less)


def _take_away(
    session: Session,
    workspace_id: UUID,
    model: type[Any],
    names: Sequence[str],
    less: list[dict[str, Any]],
) -> None:
    table = model.__table__
    sums = [name.removeprefix("less_") for name in less[0] if name.startswith("less_")]
    these = [
        table.c.workspace_id == workspace_id,
        *(table.c[name] == bindparam(f"of_{name}") for name in names),
    ]
    connection = session.connection()
    connection.execute(
        update(table)
        .where(*these)
        .values({name: table.c[name] - bindparam(f"less_{name}") for name in sums}),
        less,
    )
    connection.execute(delete(table).where(*these, *(table.c[name] == 0 for name in sums)), less)
