"""Under which name each subscription of a provider counts (see models.HookSubscription)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from vocapp.connecting.hooks.models import HookSource, HookSubscription
from vocapp.database import scoped, transaction

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Subscribed:
    """A product that a subscription of an account has."""

    account: str
    product: str
    subscription: str


def names_of_products(
    source: HookSource, told: Sequence[tuple[Subscribed, datetime, bool]]
) -> Mapping[Subscribed, str]:
    """told: what is subscribed, when, and whether it is over then.

    The first subscription of a product has the product's own name, and so has one that begins
    when the one before is over; one that runs beside it gets its id behind the name.
    """
    with transaction() as session:
        _one_after_the_other(session, source)
        return {each: _name(session, source, each, at, is_over) for each, at, is_over in told}


def _one_after_the_other(session: Session, source: HookSource) -> None:
    """Two messages at once must not both take the name."""
    session.execute(
        scoped(HookSource, source.workspace_id).where(HookSource.id == source.id).with_for_update()
    )


def _name(
    session: Session, source: HookSource, each: Subscribed, at: datetime, is_over: bool
) -> str:
    rows = session.scalars(
        scoped(HookSubscription, source.workspace_id).where(
            HookSubscription.account == each.account, HookSubscription.product == each.product
        )
    ).all()
    mine = next((row for row in rows if row.subscription == each.subscription), None)
    if mine is None:
        is_free = all(
            row.name != each.product or (row.ended_at is not None and row.ended_at <= at)
            for row in rows
        )
        beside = f"{each.product[: _LONGEST - len(each.subscription) - 3]} ({each.subscription})"
        mine = HookSubscription(
            workspace_id=source.workspace_id, account=each.account, product=each.product,
            subscription=each.subscription, name=each.product if is_free else beside,
        )  # fmt: skip
        session.add(mine)
    if is_over and (mine.ended_at is None or mine.ended_at < at):
        mine.ended_at = at
    session.flush()
    return mine.name
