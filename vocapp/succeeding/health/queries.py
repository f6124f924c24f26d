"""Reads: the health of the accounts of a list, of one account with what moved it, of my own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import aliased

from surveys.filters import Filter, to_json
from surveys.health import COMPONENTS, Band, Bands, Component, Health, Move, Weights, band, changed
from surveys.health_schemes import Scheme
from surveys.periods import day_bounds, local_day
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.models import Account
from vocapp.succeeding.health.keeping import whole
from vocapp.succeeding.health.models import BANDS, AccountHealth, HealthDay, HealthScheme
from vocapp.succeeding.health.schemes import scheme_in_force, versions
from vocapp.succeeding.health.segmenting import FACT_COLUMNS, facts_of, facts_then

UNKNOWN = "unknown"
CHOICES = (*BANDS, UNKNOWN)  # what a list may be narrowed to
HISTORY_DAYS, _MONTH_DAYS, _FALL_DAYS = 90, 28, 7


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands; score None: too little is known."""

    score: int | None
    band: str | None


@dataclass(frozen=True, slots=True)
class Step(Standing):
    """Where it has stood from this day on."""

    day: date


@dataclass(frozen=True, slots=True)
class Weighed:
    """The segment whose weights count: the number it has, of how many, and its filter; number 0
    and no filter: in none of them."""

    number: int
    of: int
    filter: Filter | None


@dataclass(frozen=True, slots=True)
class Change:
    """A day on which other weights, other limits of bands or both began to count."""

    day: date
    weights: bool
    bands: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """The health of an account as its page tells it.

    history: the score of each of the last 90 days, the oldest first, None where there was none.
    steps: the days on which it became another, the newest first. changes: of weights and bands
    among these 90 days, the newest first; bands: those that count. moves: what moved it in the
    last 28 days, None where it was not known then or is not now. weighed: by which segment's
    weights, None where there are no segments, or where the score is still that of other weights.
    """

    score: int | None
    band: str | None
    band_since: datetime
    coverage: float
    components: Sequence[Component]
    known: int
    computed_at: datetime
    history: Sequence[int | None]
    steps: Sequence[Step]
    before: int | None
    moves: Sequence[Move] | None
    changes: Sequence[Change]
    bands: Bands
    weighed: Weighed | None


@dataclass(frozen=True, slots=True)
class Fallen:
    """An account whose band is worse than a week ago."""

    account: Account
    score: int
    band: str
    before: str
    reason: str | None


COLUMNS = (AccountHealth.score, AccountHealth.band)


def standing(score: float | None, band: str | None) -> Standing:
    """From the two COLUMNS."""
    return Standing(whole(score), band)


def joined(query: Any) -> Any:
    """A statement over accounts, with the health of each where there is one."""
    return query.outerjoin(
        AccountHealth,
        (AccountHealth.workspace_id == Account.workspace_id)
        & (AccountHealth.account_id == Account.id),
    )


def is_in(band: str) -> ColumnElement[bool]:
    """Of a statement that is `joined`: accounts of a band, or without a score."""
    return AccountHealth.band.is_(None) if band == UNKNOWN else AccountHealth.band == band


def worst_first() -> ColumnElement[Any]:
    return AccountHealth.score.asc().nulls_last()


# --- one account --------------------------------------------------------------------------


def shown(workspace_id: UUID, account_id: UUID, *, time_zone: str, now: datetime) -> Shown | None:
    """The health of one account with its history; None where it was never worked out."""
    row = _row(workspace_id, account_id)
    if row is None or not row.components:
        return None
    today = local_day(now, time_zone)
    days = _days(workspace_id, account_id, since=today - timedelta(days=HISTORY_DAYS - 1))
    before = _on(days, today - timedelta(days=_MONTH_DAYS))
    components = _components(row)
    account = _account(workspace_id, account_id)
    changes = versions(db.session(), workspace_id)
    schemes = [*(Scheme.from_json(each.scheme) for each in changes), Scheme()]
    former = _weights_on(account, changes, before, time_zone)
    return Shown(
        score=whole(row.score),
        band=row.band,
        band_since=row.band_since,
        coverage=row.coverage,
        components=components,
        known=sum(each.points is not None for each in components),
        computed_at=row.computed_at,
        history=_history(days, today),
        steps=[Step(whole(each.score), each.band, each.day) for each in reversed(days)],
        before=whole(before.score) if before else None,
        moves=_moves(before, row, former),
        changes=_changes(schemes, [local_day(each.at, time_zone) for each in changes], today),
        bands=schemes[0].bands,
        weighed=_weighed(account, changes, row),
    )


def _account(workspace_id: UUID, account_id: UUID) -> Any:
    """By what it is told apart, now and before."""
    return db.session.execute(
        select(*FACT_COLUMNS, Account.fact_history).where(
            Account.workspace_id == workspace_id, Account.id == account_id
        )
    ).one()


def _weighed(account: Any, changes: Sequence[HealthScheme], row: AccountHealth) -> Weighed | None:
    scheme = Scheme.from_json(changes[0].scheme) if changes else Scheme()
    facts = facts_of(account)
    kept = [each["weight"] for each in row.components]
    if not scheme.segments or kept != list(scheme.weights_of(facts).shares()):
        return None
    place = scheme.place_of(facts)
    if place is None:
        return Weighed(0, len(scheme.segments), None)
    return Weighed(place + 1, len(scheme.segments), scheme.segments[place].filter)


def _row(workspace_id: UUID, account_id: UUID) -> AccountHealth | None:
    found: AccountHealth | None = db.session.scalar(
        scoped(AccountHealth, workspace_id).where(AccountHealth.account_id == account_id)
    )
    return found


def _components(row: AccountHealth) -> list[Component]:
    return [
        Component(each["key"], each["points"], tuple(each["reasons"])) for each in row.components
    ]


def _days(workspace_id: UUID, account_id: UUID, *, since: date) -> list[HealthDay]:
    """Of the history what is since then, with the last before it, the oldest first."""
    own = (HealthDay.workspace_id == workspace_id, HealthDay.account_id == account_id)
    first = select(func.max(HealthDay.day)).where(*own, HealthDay.day <= since).scalar_subquery()
    rows = db.session.scalars(
        select(HealthDay)
        .where(*own, or_(HealthDay.day >= since, HealthDay.day == first))
        .order_by(HealthDay.day)
    )
    return list(rows)


def _on(days: Sequence[HealthDay], day: date) -> HealthDay | None:
    """What held at the end of a day."""
    return next((each for each in reversed(days) if each.day <= day), None)


def _history(days: Sequence[HealthDay], today: date) -> list[int | None]:
    if not days:
        return []
    first = max(days[0].day, today - timedelta(days=HISTORY_DAYS - 1))
    found = []
    for back in range((today - first).days, -1, -1):
        held = _on(days, today - timedelta(days=back))
        found.append(whole(held.score) if held else None)
    return found


def _changes(schemes: Sequence[Scheme], days: Sequence[date], today: date) -> list[Change]:
    """schemes: from these days on, the newest first, and what counted before all of them."""
    found = [
        Change(
            day,
            weights=(now.weights, now.segments) != (before.weights, before.segments),
            bands=now.bands != before.bands,
        )
        for day, (now, before) in zip(days, pairwise(schemes), strict=True)
    ]
    return [each for each in found if each.day > today - timedelta(days=HISTORY_DAYS)]


def _weights_on(
    account: Any, changes: Sequence[HealthScheme], before: HealthDay | None, time_zone: str
) -> Weights | None:
    """Those that counted for an account on a past day; None where nobody ever changed them, or
    where there was no such day."""
    if before is None or not changes:
        return None
    held = [each for each in changes if local_day(each.at, time_zone) <= before.day]
    scheme = Scheme.from_json(held[0].scheme) if held else Scheme()
    end = day_bounds(before.day, time_zone)[1]
    said = facts_then(account.fact_history or {}, scheme.attributes, end)
    known = {name: value for name, value in said.items() if value is not None}
    return scheme.weights_of(facts_of(account) | known)


def _moves(
    before: HealthDay | None, row: AccountHealth, former: Weights | None
) -> Sequence[Move] | None:
    """former: the weights that counted before, None where they are those of today."""
    if before is None or before.score is None or row.score is None:
        return None
    weights = Weights(**{each["key"]: each["weight"] for each in row.components})
    points = [each["points"] for each in row.components]
    return changed(
        _as_health(before.score, before.points, former or weights),
        _as_health(row.score, points, weights),
    )


def _as_health(score: float, points: Sequence[float | None], weights: Weights) -> Health:
    """As much of it as what moved it follows from."""
    parts = zip(COMPONENTS, points, strict=True)
    components = tuple(Component(key, value, ()) for key, value in parts)
    return Health(score, None, 1.0, components, (), weights)


def present(workspace_id: UUID, account_id: UUID) -> Mapping[str, Any] | None:
    """The health of an account as the API shows it; None while it was not worked out."""
    row = _row(workspace_id, account_id)
    if row is None or not row.components:
        return None
    return {
        "score": row.score,
        "band": row.band,
        "coverage": row.coverage,
        "components": row.components,
        "reasons": row.reasons,
        "segment": _present_weighed(workspace_id, row),
        "computed_at": row.computed_at.isoformat(),
    }


def _present_weighed(workspace_id: UUID, row: AccountHealth) -> dict[str, Any] | None:
    changes = versions(db.session(), workspace_id, limit=1)
    found = _weighed(_account(workspace_id, row.account_id), changes, row) if changes else None
    if found is None:
        return None
    return {
        "number": found.number or None, "of": found.of,
        "filter": to_json(found.filter) if found.filter else None,
    }  # fmt: skip


# --- whose health fell --------------------------------------------------------------------


def fallen(
    workspace_id: UUID, owner: UUID, *, time_zone: str, now: datetime, limit: int
) -> list[Fallen]:
    """Accounts of an owner whose band is worse than a week ago, the lowest first. By the limits of
    today for then, too: other limits are no fall."""
    then = local_day(now, time_zone) - timedelta(days=_FALL_DAYS)
    limits = scheme_in_force(db.session(), workspace_id).bands
    past, newer = aliased(HealthDay), aliased(HealthDay)
    newest = (
        select(func.max(newer.day))
        .where(
            newer.workspace_id == Account.workspace_id,
            newer.account_id == Account.id,
            newer.day <= then,
            newer.band.is_not(None),
        )
        .correlate(Account)
        .scalar_subquery()
    )
    rows = db.session.execute(
        joined(select(Account, AccountHealth, past.score, past.band))
        .join(
            past,
            (past.workspace_id == Account.workspace_id)
            & (past.account_id == Account.id)
            & (past.day == newest),
        )
        .where(
            Account.workspace_id == workspace_id,
            Account.owner_user_id == owner,
            AccountHealth.band.in_(BANDS[:-1]),
            AccountHealth.band_since >= now - timedelta(days=_FALL_DAYS + 1),
        )
        .order_by(AccountHealth.score, Account.id)
    )
    found = [
        (account, row, band(score, cast("Band", held), bands=limits))
        for account, row, score, held in rows
    ]
    return [
        Fallen(account, int(row.score), row.band, former, next(iter(row.reasons), None))
        for account, row, former in found
        if BANDS.index(row.band) < BANDS.index(former)
    ][:limit]
