"""Use cases: choosing the reporting currency and the margin, stating rates and taking them back.

Whatever moves a rate has the figures of the months that it converts computed anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.exchange import StatedRate, checked_rate
from vocapp import outbox
from vocapp.database import scoped, transaction
from vocapp.people.fact_history import EVER
from vocapp.people.figure_changes import FIGURES, note_change
from vocapp.people.money.models import ExchangeRate, MoneySetting
from vocapp.people.money.queries import BASIS_POINTS
from vocapp.people.parsing import is_currency
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.workspaces.service import audit

FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 12, 31)
MOST_RATES = 5_000


class Settings(NamedTuple):
    """Reporting currency and gross margin in hundredths of a percent; None: not said."""

    currency: str | None = None
    margin_basis_points: int | None = None


@dataclass(frozen=True, slots=True)
class Resettled:
    """What was chosen, and is now."""

    before: Settings
    after: Settings


def save_settings(
    workspace_id: UUID,
    *,
    currency: str | None,
    margin: Decimal | None,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> Resettled | None:
    """Choose the reporting currency (None: none) and the gross margin, a share (None: not said).

    Returns what differs, None where nothing does. Raises BadInput naming currency or margin.
    Rates that were stated of another reporting currency are kept and count again when it is chosen
    again.
    """
    if currency is not None and not is_currency(currency):
        raise BadInput.of("currency", "an ISO 4217 code such as JPY")
    points = None if margin is None else margin * BASIS_POINTS
    if points is not None and not (1 <= points <= BASIS_POINTS and points == int(points)):
        raise BadInput.of("margin", "expected 0.01 to 100 %, with two digits after the point")
    after = Settings(currency, None if points is None else int(points))
    with transaction() as session:
        before = _settings(session, workspace_id)
        if before == after:
            return None
        _settle(session, workspace_id, Resettled(before, after), actor_user_id, now)
    outbox.ring(FIGURES)
    return Resettled(before, after)


def take_back_settings(
    workspace_id: UUID, changed: Resettled, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Undo. Raises Conflict where something else was chosen since."""
    with transaction() as session:
        if _settings(session, workspace_id) != changed.after:
            raise Conflict("The settings were changed since.")
        back = Resettled(changed.after, changed.before)
        _settle(session, workspace_id, back, actor_user_id, now)
    outbox.ring(FIGURES)


def _settings(session: Session, workspace_id: UUID) -> Settings:
    row = session.get(MoneySetting, workspace_id, with_for_update=True)
    return Settings(row.currency, row.margin_basis_points) if row else Settings()


def _settle(
    session: Session,
    workspace_id: UUID,
    changed: Resettled,
    actor_user_id: UUID | None,
    now: datetime,
) -> None:
    session.merge(MoneySetting(workspace_id=workspace_id, **changed.after._asdict()))
    if changed.before.currency != changed.after.currency:
        note_change(session, workspace_id, since=EVER, now=now)
    audit(
        session, workspace_id, "money.settings_changed", now=now, actor_user_id=actor_user_id,
        detail=changed.after._asdict(),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Restated:
    """What a currency had from a day on, and has now; None: nothing of its own."""

    base: str
    currency: str
    since: date
    before: Decimal | None
    after: Decimal | None


def state_rates(
    workspace_id: UUID,
    rates: Sequence[StatedRate],
    *,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> list[Restated]:
    """State rates of the reporting currency; one that was stated of the same day is replaced.

    All or none. Returns what differs. Raises BadInput naming rates[i].currency, .since or .rate,
    or currency where there is no reporting currency yet.
    """
    with transaction() as session:
        base = _base(session, workspace_id)
        _check(base, rates)
        known = {
            (row.currency, row.since): row
            for row in session.scalars(
                scoped(ExchangeRate, workspace_id)
                .where(ExchangeRate.base == base)
                .with_for_update()
            )
        }
        changed = []
        for each in rates:
            row, rate = known.get((each.currency, each.since)), checked_rate(each.rate)
            before = Decimal(row.rate) if row else None
            if before == rate:
                continue
            if row is None:
                row = ExchangeRate(
                    workspace_id=workspace_id, base=base, currency=each.currency,
                    since=each.since,
                )  # fmt: skip
                known[each.currency, each.since] = row
                session.add(row)
            row.rate, row.stated_at = f"{rate:f}", now
            changed.append(Restated(base, each.currency, each.since, before, rate))
        if len(known) > MOST_RATES:
            raise BadInput.of("rates", f"a workspace has at most {MOST_RATES} rates")
        _note(session, workspace_id, changed, "money.rates_stated", actor_user_id, now)
    outbox.ring(FIGURES)
    return changed


def remove_rate(
    workspace_id: UUID,
    currency: str,
    since: date,
    *,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> Restated:
    """The rate before it holds on. Raises NotFound."""
    with transaction() as session:
        base = _base(session, workspace_id)
        row = session.get(ExchangeRate, (workspace_id, base, currency, since), with_for_update=True)
        if row is None:
            raise NotFound("No such rate.")
        changed = Restated(base, currency, since, Decimal(row.rate), None)
        session.delete(row)
        _note(session, workspace_id, [changed], "money.rate_removed", actor_user_id, now)
    outbox.ring(FIGURES)
    return changed


def take_back(
    workspace_id: UUID, changed: Sequence[Restated], *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Undo all of it. Raises Conflict where one of the rates was stated otherwise since."""
    with transaction() as session:
        for each in changed:
            _put_back(session, workspace_id, each, now)
        _note(session, workspace_id, changed, "money.rate_taken_back", actor_user_id, now)
    outbox.ring(FIGURES)


def _put_back(session: Session, workspace_id: UUID, changed: Restated, now: datetime) -> None:
    key = (workspace_id, changed.base, changed.currency, changed.since)
    row = session.get(ExchangeRate, key, with_for_update=True)
    if (Decimal(row.rate) if row else None) != changed.after:
        raise Conflict("The rate was changed since.")
    if row is not None and changed.before is None:
        session.delete(row)
    elif changed.before is not None:
        session.merge(
            ExchangeRate(
                workspace_id=workspace_id, base=changed.base, currency=changed.currency,
                since=changed.since, rate=f"{changed.before:f}", stated_at=now,
            )
        )  # fmt: skip


def _base(session: Session, workspace_id: UUID) -> str:
    row = session.get(MoneySetting, workspace_id)
    if row is None or row.currency is None:
        raise BadInput.of("currency", "choose the reporting currency first")
    return row.currency


def _check(base: str, rates: Sequence[StatedRate]) -> None:
    errors: list[FieldError] = []
    seen: set[tuple[str, date]] = set()
    for place, each in enumerate(rates):
        field = f"rates[{place}]"
        if not is_currency(each.currency):
            errors.append(FieldError(f"{field}.currency", "an ISO 4217 code such as JPY"))
        elif each.currency == base:
            errors.append(FieldError(f"{field}.currency", f"{base} is the reporting currency"))
        if not FIRST_DAY <= each.since <= LAST_DAY:
            errors.append(FieldError(f"{field}.since", "the year is out of range"))
        elif (each.currency, each.since) in seen:
            errors.append(FieldError(f"{field}.since", "comes twice"))
        seen.add((each.currency, each.since))
        try:
            checked_rate(each.rate)
        except ValueError as exc:
            errors.append(FieldError(f"{field}.rate", str(exc).removeprefix("rate: ")))
    if errors:
        raise BadInput(*errors)


def _note(
    session: Session,
    workspace_id: UUID,
    changed: Sequence[Restated],
    action: str,
    actor_user_id: UUID | None,
    now: datetime,
) -> None:
    if not changed:
        return
    since = min(each.since for each in changed)
    note_change(session, workspace_id, since=datetime.combine(since, time(), UTC), now=now)
    audit(
        session, workspace_id, action, now=now, actor_user_id=actor_user_id,
        detail={
            "rates": [
                f"{each.currency} {each.since}: {each.before or '–'} → {each.after or '–'}"
                for each in changed[:20]
            ],
            "count": len(changed),
        },
    )  # fmt: skip
