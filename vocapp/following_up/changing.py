"""How a case is changed: locked, refused where it was changed meanwhile, and written down.

Every change raises the case's version and leaves one line in its timeline, with the former and
the new values. An undo token names the lines; what they say is put back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import read_once, scoped
from vocapp.following_up.asking_again.models import AskAgainRule
from vocapp.following_up.clock import with_clock
from vocapp.following_up.mentioning import remember
from vocapp.following_up.models import FollowUp, FollowUpEntry
from vocapp.following_up.reaching import cases_within
from vocapp.people.health_changes import note_touched
from vocapp.problems import Conflict, NotFound
from vocapp.undo_tokens import undo_token
from vocapp.workspaces.reach import Reach
from vocapp.workspaces.service import audit

ASK_AGAIN = "ask_again"  # outbox kind: look whether the person of a case is to be asked again
_INSTANTS = frozenset(
    {"due_at", "first_contact_at", "resolved_at", "touched_at", "snoozed_until", "news_at",
     "paused_at", "acknowledged_at"}
)  # fmt: skip
# Whoever does one of these has dealt with what was new; a note or another owner has not.
_DEALS_WITH_NEWS = frozenset({"state", "mail", "call", "outcome", "snoozed", "seen"})
_KEYS = frozenset({"owner_user_id", "merged_into_id"})


@dataclass(frozen=True, slots=True)
class Done:
    """changed: how many cases; undo: a token for `undo`, None where nothing was changed."""

    changed: int
    undo: str | None


def locked_cases(
    session: Session, workspace_id: UUID, ids: Sequence[UUID], reach: Reach
) -> list[FollowUp]:
    """Those that are there and within reach, in the order of their ids, so that two who want
    them cannot wait for each other."""
    return list(
        session.scalars(
            scoped(FollowUp, workspace_id)
            .where(FollowUp.id.in_(ids), cases_within(reach, workspace_id))
            .order_by(FollowUp.id)
            .with_for_update()
        )
    )


def locked_case(session: Session, workspace_id: UUID, follow_up_id: UUID, reach: Reach) -> FollowUp:
    """One case. Raises NotFound."""
    found = locked_cases(session, workspace_id, [follow_up_id], reach)
    if not found:
        raise NotFound("No such follow-up.")
    return found[0]


def refuse_merged(case: FollowUp) -> None:
    """Raises Conflict where a case stands in another one: there is where work goes on."""
    if case.merged_into_id is not None:
        raise Conflict("This follow-up stands in another one of the same person.")


def refuse_stale(case: FollowUp, expected_version: int | None) -> None:
    """Raises Conflict where somebody saved after the given version was read."""
    if expected_version not in (None, case.version):
        raise Conflict(
            "Somebody changed this follow-up meanwhile. Nothing of yours was saved; "
            "look at it as it is now and try again."
        )


def note_by_itself(
    session: Session, case: FollowUp, kind: str, detail: Mapping[str, Any], *, now: datetime
) -> FollowUpEntry:
    """A line of the timeline of what happened without a person: nobody has touched the case by
    that."""
    entry = FollowUpEntry(
        workspace_id=case.workspace_id, follow_up_id=case.id, at=now, kind=kind,
        detail=dict(detail),
    )  # fmt: skip
    session.add(entry)
    return entry


class CaseWriter:
    """Changes cases for one person (or a machine) and writes it down."""

    def __init__(self, session: Session, actor_user_id: UUID | None, now: datetime) -> None:
        self.session, self.actor_user_id, self.now = session, actor_user_id, now
        self.touched: dict[UUID, set[str]] = {}

    def put(self, case: FollowUp, kind: str, values: Mapping[str, Any], **more: Any) -> None:
        """Set columns; a line of the timeline where any of them differs."""
        if any(getattr(case, name) != value for name, value in values.items()):
            self.write(case, kind, values, **more)

    def write(
        self,
        case: FollowUp,
        kind: str,
        values: Mapping[str, Any] | None = None,
        *,
        note: str | None = None,
        contact_id: UUID | None = None,
        **more: Any,
    ) -> FollowUpEntry:
        """Set columns; one line of the timeline with what they were and are, and with `more`.

        contact_id: whom at the customer it was with.
        """
        values = dict(values or {})
        if kind in _DEALS_WITH_NEWS and case.news is not None:
            values |= {"news": None, "news_at": None}
        values = with_clock(self.session, case, values, self.now)
        changed = {name: value for name, value in values.items() if getattr(case, name) != value}
        before = {name: plain(getattr(case, name)) for name in changed}
        self._touch(case, {kind, *changed})
        for name, value in changed.items():
            setattr(case, name, value)
        detail = dict(more) | {"version": case.version}
        if changed:
            after = {name: plain(value) for name, value in changed.items()}
            detail |= {"from": before, "to": after}
        entry = FollowUpEntry(
            workspace_id=case.workspace_id, follow_up_id=case.id, at=self.now,
            actor_user_id=self.actor_user_id, kind=kind, note=note, detail=detail,
            contact_id=contact_id,
        )  # fmt: skip
        self.session.add(entry)
        remember(self.session, entry)
        return entry

    def _touch(self, case: FollowUp, names: set[str]) -> None:
        if case.id not in self.touched:
            case.version += 1
            case.touched_at = self.now
            note_touched(self.session, case.workspace_id, [case.account_id], now=self.now)
        self.touched.setdefault(case.id, set()).update(names)

    def done(self, action: str, workspace_id: UUID) -> Done:
        """Note who did what, and give the token that takes it back."""
        for case_id, names in self.touched.items():
            if "state" in names and _asks_again(self.session, workspace_id):
                outbox.add(self.session, workspace_id, ASK_AGAIN, case_id, now=self.now)
            audit(
                self.session, workspace_id, action, now=self.now,
                actor_user_id=self.actor_user_id, actor="" if self.actor_user_id else "api",
                detail={"follow_up_id": str(case_id), "fields": sorted(names)},
            )  # fmt: skip
        token = None
        if self.touched and self.actor_user_id is not None:
            token = undo_token(
                "follow_up", workspace_id, self.actor_user_id, at=self.now.isoformat(),
                ids=[case_id.hex for case_id in self.touched],
            )  # fmt: skip
        return Done(len(self.touched), token)


def _asks_again(session: Session, workspace_id: UUID) -> bool:
    """Whether any survey asks again after cases are resolved; in most workspaces none does."""

    def read() -> bool:
        row = select(AskAgainRule.survey_id).where(AskAgainRule.workspace_id == workspace_id)
        return session.scalar(row.limit(1)) is not None

    return read_once(session, ("asks_again", workspace_id), read)


def plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def column_value(name: str, value: Any) -> Any:
    """The counterpart of `plain`."""
    if value is None:
        return None
    if name in _INSTANTS:
        return datetime.fromisoformat(value)
    return UUID(value) if name in _KEYS else value
