"""Pending work: a case opens on the score, may move once the themes are there, is re-ranked.

What a person has touched, and what is older than seven days, is never opened, closed or moved
by what was understood later: it gets a suggestion that a person takes or dismisses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from surveys.routing import Rule, first_match
from vocapp.database import insert_if_absent, scoped, utcnow, uuid7
from vocapp.following_up.channels import Why, channels_of, tell
from vocapp.following_up.facts import (
    Known,
    cases_of,
    known_of,
    known_of_cases,
    priority_of,
)
from vocapp.following_up.models import (
    ACTIVE_STATES,
    FollowUp,
    FollowUpEntry,
    RoutingChannel,
)
from vocapp.following_up.rule_versions import latest_version
from vocapp.following_up.rules import enabled_rules, ensure_rules
from vocapp.following_up.snoozing import wake, wake_people
from vocapp.outbox import Pending
from vocapp.people.health_changes import note_touched
from vocapp.workspaces.models import Membership, User
from vocapp.workspaces.nights import keep_nightly, time_zone_of

RERANK = "rerank"
HANDS_OFF_AFTER = timedelta(days=7)
_NEVER = datetime.min.replace(tzinfo=UTC)


def follow_up(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: open a case, move it, or suggest to; detail {"stage": "scored"|"themed"}."""
    by_workspace: dict[UUID, list[Pending]] = defaultdict(list)
    for row in rows:
        by_workspace[row.workspace_id].append(row)
    for workspace_id in sorted(by_workspace):
        _Desk.of(session, workspace_id, now=utcnow()).work_off(by_workspace[workspace_id])


@dataclass(slots=True)
class _Turns:
    """Whose turn it is: who waits longest for a case, then has fewest, then by id."""

    last: dict[UUID, tuple[datetime, int]]

    def next(self, now: datetime) -> UUID | None:
        if not self.last:
            return None
        chosen = min(self.last, key=lambda user_id: (*self.last[user_id], user_id))
        self.last[chosen] = (now, self.last[chosen][1] + 1)
        return chosen


@dataclass(slots=True)
class _Desk:
    """One workspace's batch: its rules, its people, its clock."""

    session: Session
    workspace_id: UUID
    now: datetime
    time_zone: str
    rules: list[Rule]
    version: int | None  # of the rules; None: they were never changed
    channels: Sequence[RoutingChannel]
    members: frozenset[UUID]
    turns: _Turns
    entries: dict[UUID, list[FollowUpEntry]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, session: Session, workspace_id: UUID, *, now: datetime) -> _Desk:
        ensure_rules(session, workspace_id, now=now)
        members, turns = _people(session, workspace_id)
        return cls(
            session=session,
            workspace_id=workspace_id,
            now=now,
            time_zone=time_zone_of(session, workspace_id),
            rules=enabled_rules(session, workspace_id),
            version=latest_version(session, workspace_id),
            channels=channels_of(session, workspace_id),
            members=members,
            turns=turns,
        )

    def work_off(self, rows: Sequence[Pending]) -> None:
        ids = sorted({row.subject_id for row in rows})
        known = known_of(self.session, self.workspace_id, ids)
        cases = cases_of(self.session, self.workspace_id, ids)
        self._read_entries(cases.values())
        self._wake(rows, known, cases)
        for row in rows:
            found = known.get(row.subject_id)
            if found is None or found.confidential:
                continue  # erased meanwhile, or a survey that singles nobody out
            case = cases.get(row.subject_id)
            if case is None:
                case = self._open(found, stage=str(row.detail.get("stage")))
            else:
                self._reconsider(case, found)
            if case is not None:
                cases[row.subject_id] = case
        told = {each.response.account_id for each in known.values() if not each.confidential}
        note_touched(self.session, self.workspace_id, told, now=self.now)
        if cases:
            keep_nightly(self.session, self.workspace_id, RERANK, now=self.now)

    def _wake(
        self, rows: Sequence[Pending], known: dict[UUID, Known], cases: dict[UUID, FollowUp]
    ) -> None:
        """Who answers or corrects an answer has said something new, whatever the score."""
        said = {row.subject_id for row in rows if row.detail.get("stage") == "scored"}
        for response_id in said & cases.keys():
            wake(self.session, cases[response_id], why="answer", now=self.now)
        people = {
            each.response.contact_id
            for each in map(known.get, said)
            if each is not None and not each.confidential and each.response.contact_id is not None
        }
        if people:
            wake_people(self.session, self.workspace_id, people, now=self.now)

    def _read_entries(self, cases: Any) -> None:
        ids = [case.id for case in cases]
        if not ids:
            return
        for entry in self.session.scalars(
            scoped(FollowUpEntry, self.workspace_id).where(
                FollowUpEntry.follow_up_id.in_(ids),
                FollowUpEntry.kind.in_(("opened", "routed", "suggestion")),
            )
        ):
            self.entries[entry.follow_up_id].append(entry)

    # --- opening --------------------------------------------------------------------------

    def _open(self, known: Known, *, stage: str) -> FollowUp | None:
        rule = first_match(self.rules, known.facts())
        if rule is None or (stage == "themed" and not self._may_open_late(known)):
            return None
        case_id = uuid7()
        if not insert_if_absent(self.session, FollowUp, **self._first_values(case_id, known, rule)):
            # Another worker opened it between our look and our insert: it is there now.
            case = cases_of(self.session, self.workspace_id, [known.response.id])[known.response.id]
            self._read_entries([case])
            self._reconsider(case, known)
            return case
        case = self.session.get_one(FollowUp, (self.workspace_id, case_id))
        self._note(case, "opened", {"rule": rule.key, "stage": stage} | self._by_version())
        self._tell(case, known, "opened")
        return case

    def _may_open_late(self, known: Known) -> bool:
        """Themes found later open nothing for imported history or after seven days."""
        if known.response.channel == "import":
            return False
        return self.now - known.response.answered_at <= HANDS_OFF_AFTER

    def _first_values(self, case_id: UUID, known: Known, rule: Rule) -> dict[str, Any]:
        rank = priority_of(
            known, rule.then.priority, opened_at=self.now, time_zone=self.time_zone, now=self.now
        )
        return {
            "workspace_id": self.workspace_id,
            "id": case_id,
            "response_id": known.response.id,
            "contact_id": known.response.contact_id,
            "account_id": known.response.account_id,
            "state": "open",
            "team": rule.then.team,
            "owner_user_id": self._owner(known, rule),
            "rule_key": rule.key,
            "priority": rank.points,
            "reasons": list(rank.reasons),
            "due_at": self.now + timedelta(hours=rule.then.sla_hours),
            "opened_at": self.now,
        }

    def _owner(self, known: Known, rule: Rule) -> UUID | None:
        """Who the rule names; the account's owner, else whose turn it is, else nobody."""
        wanted = rule.then.owner
        if wanted is None:
            return None
        if wanted not in {"account_owner", "round_robin"}:
            named = UUID(wanted)
            return named if named in self.members else None
        if wanted == "account_owner" and known.account is not None:
            owner = known.account.owner_user_id
            if owner in self.members:
                return owner
        return self.turns.next(self.now)

    # --- later ----------------------------------------------------------------------------

    def _reconsider(self, case: FollowUp, known: Known) -> None:
        """What is known has changed: rank anew; move the case, or only suggest to."""
        rule = first_match(self.rules, known.facts())
        if rule is None:
            if not known.is_low and known.response.revision:
                self._suggest_closing(case, known)
        elif rule.key != case.rule_key and not self._was_here(case, rule.key):
            self._route(case, known, rule)
        _rank(case, known, self.rules, time_zone=self.time_zone, now=self.now)

    def _was_here(self, case: FollowUp, rule_key: str) -> bool:
        """Once per response and rule: what it was moved by, or proposed, is not repeated."""
        return any(entry.detail.get("rule") == rule_key for entry in self.entries[case.id])

    def _route(self, case: FollowUp, known: Known, rule: Rule) -> None:
        due_at = case.opened_at + timedelta(hours=rule.then.sla_hours)
        if self._is_settled(case):
            if case.state in ACTIVE_STATES:
                case.suggestion = {
                    "action": "route", "rule": rule.key, "team": rule.then.team,
                    "due_at": due_at.isoformat(),
                }  # fmt: skip
                case.version += 1
            self._note(case, "suggestion", {"rule": rule.key})
            return
        detail = {"rule": rule.key, "from": {"rule_key": case.rule_key, "team": case.team}}
        if rule.then.team != case.team or case.owner_user_id is None:
            case.owner_user_id = self._owner(known, rule)
        case.rule_key, case.team, case.due_at = rule.key, rule.then.team, due_at
        case.version += 1
        self._note(case, "routed", detail | self._by_version())
        self._tell(case, known, "routed")

    def _suggest_closing(self, case: FollowUp, known: Known) -> None:
        """The person thinks better of us now; whether that settles it, a colleague decides."""
        detail = {"score": known.response.score, "revision": known.response.revision}
        told = {entry.detail.get("revision") for entry in self.entries[case.id]}
        if known.response.revision in told:
            return
        if case.state in ACTIVE_STATES:
            case.suggestion = {"action": "close", "score": known.response.score}
            case.version += 1
        self._note(case, "suggestion", detail)

    def _is_settled(self, case: FollowUp) -> bool:
        return case.touched_at is not None or self.now - case.opened_at > HANDS_OFF_AFTER

    def _tell(self, case: FollowUp, known: Known, why: Why) -> None:
        """Nobody is told of imported history and of what is older than seven days."""
        if self._may_open_late(known):
            tell(self.session, self.channels, case, why, rule_key=case.rule_key, now=self.now)

    def _by_version(self) -> dict[str, int]:
        """By which version of the rules; nothing where they were never changed."""
        return {} if self.version is None else {"version": self.version}

    def _note(self, case: FollowUp, kind: str, detail: dict[str, Any]) -> None:
        entry = FollowUpEntry(
            workspace_id=self.workspace_id, follow_up_id=case.id, at=self.now, kind=kind,
            detail=detail,
        )  # fmt: skip
        self.session.add(entry)
        self.entries[case.id].append(entry)


def _people(session: Session, workspace_id: UUID) -> tuple[frozenset[UUID], _Turns]:
    """Who can own cases, and since when each of the success team has none."""
    roles = {
        user_id: role
        for user_id, role in session.execute(
            select(Membership.user_id, Membership.role)
            .join(User, User.id == Membership.user_id)
            .where(Membership.workspace_id == workspace_id, User.disabled_at.is_(None))
        )
    }
    last = {user_id: (_NEVER, 0) for user_id, role in roles.items() if role == "success"}
    if last:
        for user_id, at, count in session.execute(
            select(FollowUp.owner_user_id, func.max(FollowUp.opened_at), func.count())
            .where(FollowUp.workspace_id == workspace_id, FollowUp.owner_user_id.in_(last))
            .group_by(FollowUp.owner_user_id)
        ):
            if user_id is not None:
                last[user_id] = (at, count)
    return frozenset(roles), _Turns(last)


# --- ranking ------------------------------------------------------------------------------


def _rank(
    case: FollowUp, known: Known, rules: Sequence[Rule], *, time_zone: str, now: datetime
) -> None:
    """Not a change that people could collide with: the version stays."""
    weight = next((rule.then.priority for rule in rules if rule.key == case.rule_key), "low")
    rank = priority_of(known, weight, opened_at=case.opened_at, time_zone=time_zone, now=now)
    if (case.priority, case.reasons) != (rank.points, list(rank.reasons)):
        case.priority, case.reasons = rank.points, list(rank.reasons)


def rerank(session: Session, workspace_id: UUID, *, now: datetime) -> int:
    """Rank all cases that wait for somebody anew; how many there are."""
    known = known_of_cases(session, workspace_id, ACTIVE_STATES)
    rules = enabled_rules(session, workspace_id)
    time_zone = time_zone_of(session, workspace_id)
    cases = session.scalars(
        scoped(FollowUp, workspace_id)
        .where(FollowUp.state.in_(ACTIVE_STATES))
        .order_by(FollowUp.id)
        .with_for_update()
    ).all()
    for case in cases:
        if case.response_id in known:
            _rank(case, known[case.response_id], rules, time_zone=time_zone, now=now)
    return len(cases)


def rerank_daily(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: rank a workspace's cases for the day that begins, then wait for the next."""
    now = utcnow()
    for workspace_id in sorted({row.workspace_id for row in rows}):
        rerank(session, workspace_id, now=now)
        keep_nightly(
            session, workspace_id, RERANK, now=now,
            done=sum(row.workspace_id == workspace_id for row in rows),
        )  # fmt: skip
