"""The demo's cases of the past, written as work on them left them.

They cannot be opened by what opens cases, whose clock is the present.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy.orm import Session

from surveys.routing import Rule, first_match
from vocapp.database import insert_absent, transaction
from vocapp.demo.progress import Progress
from vocapp.demo.progressing import NOTES
from vocapp.demo.tending import Tended
from vocapp.following_up.changing import plain
from vocapp.following_up.facts import Known, known_of, priority_of
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.rule_segments import AskedSegments
from vocapp.following_up.rules import enabled_rules, ensure_rules
from vocapp.people.health_changes import note_touched
from vocapp.workspaces.office.clocks import Office

_BATCH = 150


def write(
    workspace_id: UUID, tended: Sequence[Tended], *, time_zone: str, now: datetime
) -> Iterator[Progress]:
    """Write those that are missing, where the rules want a case of the answer."""
    for start in range(0, len(tended), _BATCH):
        batch = tended[start : start + _BATCH]
        with transaction() as session:
            _write(session, workspace_id, batch, time_zone=time_zone, now=now)
        yield Progress("past follow-ups", start + len(batch), len(tended))


def _write(
    session: Session, workspace_id: UUID, batch: Sequence[Tended], *, time_zone: str, now: datetime
) -> None:
    ensure_rules(session, workspace_id, now=now)
    rules = enabled_rules(session, workspace_id)
    segments = AskedSegments(session, workspace_id, rules)
    office = Office.of(session, workspace_id, now=now)
    known = known_of(session, workspace_id, [each.answer for each in batch])
    cases: list[dict[str, Any]] = []
    entries: list[dict[str, Any]] = []
    for each in batch:
        answer = known[each.answer]
        rule = first_match(rules, answer.facts(segments))
        if rule is None:
            continue
        case = _case(each, answer, rule, office, time_zone)
        cases.append(case)
        entries.extend(_entries(each, case, answer.response.locale))
    insert_absent(session, FollowUp, cases)
    insert_absent(session, FollowUpEntry, entries)
    note_touched(session, workspace_id, {case["account_id"] for case in cases}, now=now)


def _case(
    tended: Tended, known: Known, rule: Rule, office: Office, time_zone: str
) -> dict[str, Any]:
    at, account = known.response.answered_at, known.account
    owner = account.owner_user_id if account else None
    rank = priority_of(known, rule.then.priority, opened_at=at, time_zone=time_zone, now=at)
    return {
        "workspace_id": known.response.workspace_id,
        "id": uuid5(tended.answer, "case"),
        "response_id": tended.answer,
        "contact_id": known.response.contact_id,
        "account_id": known.response.account_id,
        "state": "resolved" if tended.outcome else "closed",
        "team": rule.then.team,
        "owner_user_id": owner,
        "rule_key": rule.key,
        "priority": rank.points,
        "reasons": list(rank.reasons),
        "due_at": office.due_at(at, rule.then.sla_hours, owner),
        "opened_at": at,
        "touched_at": tended.ended_at,
        "first_contact_at": tended.contacted_at,
        "resolved_at": tended.ended_at,
        "outcome": tended.outcome,
        "root_cause": tended.root_cause,
    }


def _entries(tended: Tended, case: dict[str, Any], locale: str | None) -> Iterator[dict[str, Any]]:
    """The timeline of such a case, oldest first."""

    def entry(kind: str, at: datetime, *, by_itself: bool = False, **more: Any) -> dict[str, Any]:
        return {
            "workspace_id": case["workspace_id"], "follow_up_id": case["id"],
            "id": uuid5(tended.answer, f"{kind}:{at.isoformat()}"),
            "at": at, "kind": kind, "actor_user_id": None if by_itself else case["owner_user_id"],
            "contact_id": None, "note": None, "detail": {}, **more,
        }  # fmt: skip

    def changed(**columns: tuple[Any, Any]) -> dict[str, Any]:
        return {
            side: {name: plain(values[place]) for name, values in columns.items()}
            for place, side in enumerate(("from", "to"))
        }

    opened = {"rule": case["rule_key"], "stage": "scored"}
    yield entry("opened", case["opened_at"], by_itself=True, detail=opened)
    state, contacted_at, ended_at = "open", tended.contacted_at, tended.ended_at
    if contacted_at is not None:
        note = NOTES["resolved" if tended.outcome != "no_reply" else "contacted"]
        yield entry("note", contacted_at, note=note["ja" if locale == "ja" else "en"])
        detail = changed(state=("open", "contacted"), first_contact_at=(None, contacted_at))
        yield entry("state", contacted_at, detail=detail)
        state = "contacted"
    detail = changed(state=(state, case["state"]), resolved_at=(None, ended_at))
    yield entry("state", ended_at, detail=detail)
    if tended.outcome:
        said = changed(outcome=(None, tended.outcome), root_cause=(None, tended.root_cause))
        yield entry("outcome", ended_at, detail=said)
