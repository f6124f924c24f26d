"""Pending work: a case opens on the score, may move once the themes are there.

What a person has touched, and what is older than seven days, is never opened, closed or moved
by what was understood later: it gets a suggestion that a person takes or dismisses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.assigning import Assigner, Wanted
from surveys.routing import Rule, first_match
from vocapp.database import insert_if_absent, scoped, utcnow, uuid7
from vocapp.following_up.changing import note_by_itself
from vocapp.following_up.channels import Why, channels_of, tell
from vocapp.following_up.facts import (
    Known,
    cases_of,
    known_of,
    priority_of,
)
from vocapp.following_up.models import (
    ACTIVE_STATES,
    FollowUp,
    FollowUpEntry,
    RoutingChannel,
)
from vocapp.following_up.owners import owners_of
from vocapp.following_up.ranking import RERANK, rank_cases
from vocapp.following_up.rule_segments import AskedSegments
from vocapp.following_up.rule_versions import latest_version
from vocapp.following_up.rules import enabled_rules, ensure_rules
from vocapp.following_up.snoozing import wake, wake_people
from vocapp.outbox import Pending
from vocapp.people.health_changes import note_touched
from vocapp.workspaces.nights import keep_nightly, time_zone_of
from vocapp.workspaces.office.clocks import Office

HANDS_OFF_AFTER = timedelta(days=7)


def follow_up(session: Session, rows: Sequence[Pending]) -> None:
    """Outbox effect: open a case, move it, or suggest to; detail {"stage": "scored"|"themed"}."""
    by_workspace: dict[UUID, list[Pending]] = defaultdict(list)
    for row in rows:
        by_workspace[row.workspace_id].append(row)
    for workspace_id in sorted(by_workspace):
        _Desk.of(session, workspace_id, now=utcnow()).work_off(by_workspace[workspace_id])


@dataclass
class _Desk:
    """One workspace's batch: its rules, its people, its clock.

    Most answers open no case, so people and what is told to whom are read where one opens or moves.
    """

    session: Session
    workspace_id: UUID
    now: datetime
    time_zone: str
    rules: list[Rule]
    version: int | None  # of the rules; None: they were never changed
    entries: dict[UUID, list[FollowUpEntry]] = field(default_factory=lambda: defaultdict(list))
    to_rank: set[UUID] = field(default_factory=set)

    @classmethod
    def of(cls, session: Session, workspace_id: UUID, *, now: datetime) -> _Desk:
        ensure_rules(session, workspace_id, now=now)
        return cls(
            session=session,
            workspace_id=workspace_id,
            now=now,
            time_zone=time_zone_of(session, workspace_id),
            rules=enabled_rules(session, workspace_id),
            version=latest_version(session, workspace_id),
        )

    @cached_property
    def segments(self) -> AskedSegments:
        return AskedSegments(self.session, self.workspace_id, self.rules)

    @cached_property
    def office(self) -> Office:
        return Office.of(self.session, self.workspace_id, now=self.now)

    @cached_property
    def owners(self) -> Assigner:
        return Assigner(owners_of(self.session, self.workspace_id, self.office))

    @cached_property
    def channels(self) -> Sequence[RoutingChannel]:
        return channels_of(self.session, self.workspace_id)

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
        rank_cases(self.session, self.workspace_id, self.to_rank, now=self.now)
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
        rule = first_match(self.rules, known.facts(self.segments))
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
        owner = self._owner(known, rule)
        return {
            "workspace_id": self.workspace_id,
            "id": case_id,
            "response_id": known.response.id,
            "contact_id": known.response.contact_id,
            "account_id": known.response.account_id,
            "state": "open",
            "team": rule.then.team,
            "owner_user_id": owner,
            "rule_key": rule.key,
            "priority": rank.points,
            "reasons": list(rank.reasons),
            "due_at": self.office.due_at(self.now, rule.then.sla_hours, owner),
            "opened_at": self.now,
        }

    def _owner(self, known: Known, rule: Rule) -> UUID | None:
        wanted = Wanted(rule.then.owner, known.account.owner_user_id if known.account else None)
        return self.owners.give(wanted).user

    # --- later ----------------------------------------------------------------------------

    def _reconsider(self, case: FollowUp, known: Known) -> None:
        """What is known has changed: rank anew; move the case, or only suggest to.

        What stands in another case only counts in how urgent that one is.
        """
        if case.merged_into_id is not None:
            self.to_rank.add(case.merged_into_id)
            return
        rule = first_match(self.rules, known.facts(self.segments))
        if rule is None:
            if not known.is_low and known.response.revision:
                self._suggest_closing(case, known)
        elif rule.key != case.rule_key and not self._was_here(case, rule.key):
            self._route(case, known, rule)
        self.to_rank.add(case.id)

    def _was_here(self, case: FollowUp, rule_key: str) -> bool:
        """Once per response and rule: what it was moved by, or proposed, is not repeated."""
        return any(entry.detail.get("rule") == rule_key for entry in self.entries[case.id])

    def _route(self, case: FollowUp, known: Known, rule: Rule) -> None:
        if self._is_settled(case):
            if case.state in ACTIVE_STATES:
                due_at = self.office.due_at(case.opened_at, rule.then.sla_hours, case.owner_user_id)
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
        case.rule_key, case.team = rule.key, rule.then.team
        case.due_at = self.office.due_at(case.opened_at, rule.then.sla_hours, case.owner_user_id)
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
        entry = note_by_itself(self.session, case, kind, detail, now=self.now)
        self.entries[case.id].append(entry)
