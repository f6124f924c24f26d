"""Use case: two records of one customer become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction, until_no_deadlock
from vocapp.people.account_stores import AccountMerge, account_stores, move_rows
from vocapp.people.events.service import hold_batches
from vocapp.people.events.subscriptions import move_accounts
from vocapp.people.fact_history import EVER, KEPT_FACTS, History, noted
from vocapp.people.figure_changes import note_change
from vocapp.people.health_changes import note_touched
from vocapp.people.merging.facts import Known, combined
from vocapp.people.models import Account, AccountAlias
from vocapp.people.parents import ancestors_of, lock_families
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.service import audit

FIELDS = ("name", "plan", "region", "mrr_minor", "currency", "started_on", "renewal_on")


def merge_accounts(
    workspace_id: UUID,
    *,
    keep: UUID,
    merge: UUID,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> None:
    """Make one account of two: all that `merge` said, did and has is from then on that of `keep`.

    Of each fact the newer one holds; revenue and terms follow from the events of both. The key
    of the merged account leads to the kept one ever after, so that no import and no API call
    brings it back. It cannot be undone: nothing tells afterwards what came under which record.

    Raises NotFound, and BadInput for one and the same account.
    """
    if keep == merge:
        raise BadInput.of("merge", "is the same account as keep")
    until_no_deadlock(lambda: _merge(workspace_id, keep, merge, actor_user_id, now))


def _merge(
    workspace_id: UUID, keep: UUID, merge: UUID, actor_user_id: UUID | None, now: datetime
) -> None:
    """1. wait for events that are being stored, and lock both, in the order in which batches of
    events do; 2. hand over what others keep; 3. facts, parents, keys; 4. remove; 5. have figures
    and health follow.
    """
    handed = AccountMerge(workspace_id, keep, merge, now)
    with transaction() as session:
        hold_batches(session, workspace_id)
        kept, merged = _both(session, workspace_id, keep, merge)
        for store in account_stores():
            store.hand_over(session, handed)
        former = merged.external_id
        _take_facts(kept, merged, now=now)
        _take_parents(session, kept, merged)
        move_rows(session, handed, AccountAlias)
        session.add(
            AccountAlias(
                workspace_id=workspace_id, external_id=former, account_id=keep, merged_at=now
            )
        )
        session.flush()
        session.execute(
            delete(Account).where(Account.workspace_id == workspace_id, Account.id == merge)
        )
        move_accounts(session, workspace_id, {keep}, now=now)
        for store in account_stores():
            if store.settle is not None:
                store.settle(session, handed)
        note_change(session, workspace_id, since=EVER, now=now)
        note_touched(session, workspace_id, [keep], now=now)
        audit(
            session, workspace_id, "account.merged", now=now, actor_user_id=actor_user_id,
            detail={"kept": str(keep), "merged": str(merge), "merged_key": former},
        )  # fmt: skip


def _both(session: Session, workspace_id: UUID, keep: UUID, merge: UUID) -> tuple[Account, Account]:
    """Both records, locked in the order in which everybody locks accounts."""
    found = {
        account.id: account
        for account in session.scalars(
            scoped(Account, workspace_id)
            .where(Account.id.in_((keep, merge)))
            .order_by(Account.external_id)
            .with_for_update()
        )
    }
    if found.keys() != {keep, merge}:
        raise NotFound("No such account.")
    return found[keep], found[merge]


def known_of(account: Account) -> Known:
    fields = {name: getattr(account, name) for name in FIELDS}
    return Known(fields, account.attributes, account.fact_as_of)


def _take_facts(kept: Account, merged: Account, *, now: datetime) -> None:
    history = combined_history(kept, merged)
    held = combined(known_of(kept), known_of(merged))
    for name, value in held.fields.items():
        setattr(kept, name, value)
    kept.attributes, kept.fact_as_of = dict(held.attributes), dict(held.since)
    kept.fact_history = dict(history)
    kept.owner_user_id = kept.owner_user_id or merged.owner_user_id
    kept.created_at = min(kept.created_at, merged.created_at)
    kept.updated_at = now


def combined_history(kept: Account, merged: Account) -> History:
    """What was said of either, each as of when; of one instant what was said of the kept one.

    A history has only changes. That what holds was said again later stands in `fact_as_of`.
    """
    history: History = {}
    for account in (merged, kept):
        for name, value, as_of in _statements(account):
            history = noted(history, name, value, as_of=as_of)
    return history


def _statements(account: Account) -> Iterator[tuple[str, Any, datetime]]:
    stored: Mapping[str, Any] = account.fact_history or {}
    for name, entries in stored.items():
        for since, value in entries:
            yield name, value, datetime.fromisoformat(since)
    for name, since in account.fact_as_of.items():
        attribute = name.removeprefix("attributes.")
        if name in KEPT_FACTS:
            value = getattr(account, name)
        elif attribute != name:
            value = account.attributes.get(attribute)
        else:
            continue
        if value is not None and name in stored:
            yield name, value, datetime.fromisoformat(since)


def _take_parents(session: Session, kept: Account, merged: Account) -> None:
    """Children of the merged account are the kept one's; it keeps its own parent where it has one.

    No account becomes its own parent thereby, over however many steps.
    """
    lock_families(session, kept.workspace_id)
    offered = kept.parent_account_id
    if offered is None or offered == merged.id:
        offered = merged.parent_account_id
    kept.parent_account_id = None
    session.flush()
    session.execute(
        update(Account)
        .where(
            Account.workspace_id == kept.workspace_id, Account.parent_account_id == merged.id,
            Account.id != kept.id,
        )
        .values(parent_account_id=kept.id)
    )  # fmt: skip
    if offered is None or offered == kept.id:
        return
    if kept.id not in ancestors_of(session, kept.workspace_id, offered):
        kept.parent_account_id = offered
