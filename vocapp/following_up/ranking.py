"""How urgent cases are, kept current: by events, and for each day that begins.

Ranking is not a change that people could collide with: a case's version stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.orm import Session

from surveys.routing import Priority
from vocapp.database import scoped, utcnow
from vocapp.following_up.facts import (
    Known,
    known_of,
    known_of_cases,
    priority_of,
    priority_of_reply,
)
from vocapp.following_up.models import ACTIVE_STATES, MERGED, FollowUp
from vocapp.following_up.owners import hand_over
from vocapp.following_up.rules import BY_REPLY, enabled_rules
from vocapp.outbox import Pending
from vocapp.people.models import Account
from vocapp.people.money.queries import money_of
from vocapp.workspaces.nights import keep_nightly, time_zone_of

RERANK = "rerank"


def rank_cases(session: Session, workspace_id: UUID, ids: Iterable[UUID], *, now: datetime) -> None:
    """Rank some cases anew, each by the most pressing of the answers that stand in it."""
    wanted = sorted(set(ids))
    if not wanted:
        return
    rows = session.scalars(
        scoped(FollowUp, workspace_id).where(
            or_(FollowUp.id.in_(wanted), FollowUp.merged_into_id.in_(wanted))
        )
    ).all()
    answers = [row.response_id for row in rows if row.response_id is not None]
    known = known_of(session, workspace_id, answers)
    _rank_by_answers(session, workspace_id, rows, known, now=now)


def rerank(session: Session, workspace_id: UUID, *, now: datetime) -> int:
    """Rank all cases that wait for somebody anew; how many there are."""
    states = (*ACTIVE_STATES, MERGED)
    known = known_of_cases(session, workspace_id, states)
    rows = session.scalars(
        scoped(FollowUp, workspace_id)
        .where(FollowUp.state.in_(states))
        .order_by(FollowUp.id)
        .with_for_update()
    ).all()
    return _rank_by_answers(session, workspace_id, rows, known, now=now)


def _rank_by_answers(
    session: Session,
    workspace_id: UUID,
    rows: Sequence[FollowUp],
    known: Mapping[UUID, Known],
    *,
    now: datetime,
) -> int:
    """rows: cases with all that stand in them; how many have a rank of their own."""
    weights = {rule.key: rule.then.priority for rule in enabled_rules(session, workspace_id)}
    time_zone = time_zone_of(session, workspace_id)
    found: dict[UUID, list[Priority]] = defaultdict(list)
    for row in rows:
        if row.response_id is None or row.response_id not in known:
            continue
        rank = priority_of(
            known[row.response_id], weights.get(row.rule_key, "low"), opened_at=row.opened_at,
            time_zone=time_zone, now=now,
        )  # fmt: skip
        found[row.merged_into_id or row.id].append(rank)
    replied = [row for row in rows if row.response_id is None]
    for row, rank in _ranks_of_replies(session, replied, weights, time_zone=time_zone, now=now):
        found[row.merged_into_id or row.id].append(rank)
    standing_alone = [row for row in rows if row.merged_into_id is None]
    for case in standing_alone:
        _rank(case, found[case.id])
    return len(standing_alone)


def _ranks_of_replies(
    session: Session,
    rows: Sequence[FollowUp],
    weights: Mapping[str, str],
    *,
    time_zone: str,
    now: datetime,
) -> Iterator[tuple[FollowUp, Priority]]:
    if not rows:
        return
    workspace_id = rows[0].workspace_id
    accounts = {
        account.id: account
        for account in session.scalars(
            scoped(Account, workspace_id).where(Account.id.in_({row.account_id for row in rows}))
        )
    }
    rates = money_of(session, workspace_id).rates
    for row in rows:
        account = accounts.get(row.account_id) if row.account_id else None
        weight = weights.get(row.rule_key, BY_REPLY.then.priority)
        yield (
            row,
            priority_of_reply(
                account, rates, weight, opened_at=row.opened_at, time_zone=time_zone, now=now
            ),
        )


def _rank(case: FollowUp, found: Sequence[Priority]) -> None:
    """Set a case's points and reasons to those of the most pressing that stands in it, if any."""
    if not found:
        return
    most = max(found, key=lambda each: each.points)
    if (case.priority, case.reasons) != (most.points, list(most.reasons)):
        case.priority, case.reasons = most.points, list(most.reasons)


def rerank_daily(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: hand over what absent colleagues cannot answer in time, and rank a workspace's
    cases for the day that begins; then wait for the next."""
    now = utcnow()
    for workspace_id in sorted({row.workspace_id for row in rows}):
        hand_over(session, workspace_id, now=now)
        rerank(session, workspace_id, now=now)
        keep_nightly(
            session, workspace_id, RERANK, now=now,
            done=sum(row.workspace_id == workspace_id for row in rows),
        )  # fmt: skip
