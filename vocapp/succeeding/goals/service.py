"""Use cases: add a goal, change it, record how far it is, close it, reopen it, undo.

Every change raises the goal's version and leaves one line in its history, with the former and
the new values. An undo token names the line; what it says is put back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from math import isfinite
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from vocapp.database import scoped, transaction, uuid7
from vocapp.people.account_names import is_called
from vocapp.people.health_changes import note_touched
from vocapp.people.models import Account
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.succeeding.goals.models import GOAL_STATES, GoalEntry, SuccessGoal
from vocapp.succeeding.notes import note_errors
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.service import audit

MAX_WORDS, MAX_MEASURE, MAX_UNIT = 500, 120, 30
MAX_FIGURE = 1e12
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
CLOSED = tuple(state for state in GOAL_STATES if state != "open")


@dataclass(frozen=True, slots=True)
class Aim:
    """What a goal says, as far as people write it."""

    words: str
    measure: str
    baseline: float
    target: float
    due_on: date
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """undo: a token for `undo`, None where nothing was changed."""

    goal_id: UUID
    undo: str | None


def add_goal(
    workspace_id: UUID,
    external_id: str,
    aim: Aim,
    *,
    today: date,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Write down what an account wants to reach, from today on. Raises NotFound, BadInput."""
    aim = _checked(aim)
    with transaction() as session:
        account = session.scalar(
            scoped(Account, workspace_id).where(is_called(workspace_id, external_id))
        )
        if account is None:
            raise NotFound("No account with this external_id.")
        goal = SuccessGoal(
            workspace_id=workspace_id, id=uuid7(), account_id=account.id, begins_on=today,
            state="open", version=1, created_at=now, updated_at=now, **asdict(aim),
        )  # fmt: skip
        session.add(goal)
        session.flush()
        return _Writer(session, actor_user_id, now).write(goal, "added", {})


def change_goal(
    workspace_id: UUID,
    goal_id: UUID,
    aim: Aim,
    *,
    expected_version: int | None = None,
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Say it otherwise. Raises NotFound, BadInput, Conflict (it was changed meanwhile)."""
    aim = _checked(aim)
    with transaction() as session:
        goal = _locked(session, workspace_id, goal_id)
        if expected_version is not None and expected_version != goal.version:
            raise Conflict("Somebody changed this goal meanwhile. Nothing of yours was saved.")
        return _Writer(session, actor_user_id, now).put(goal, "changed", asdict(aim))


def record_progress(
    workspace_id: UUID,
    goal_id: UUID,
    current: float,
    *,
    note: str = "",
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """Put down how far it is, with a note. Raises NotFound, BadInput, Conflict (it is closed)."""
    errors = [*figure_errors("current", current), *note_errors(note)]
    if errors:
        raise BadInput(*errors)
    with transaction() as session:
        goal = _locked(session, workspace_id, goal_id)
        if goal.state != "open":
            raise Conflict("This goal is closed; reopen it first.")
        writer = _Writer(session, actor_user_id, now)
        return writer.put(goal, "progress", {"current": current}, note=note.strip() or None)


def close_goal(
    workspace_id: UUID,
    goal_id: UUID,
    state: str,
    *,
    note: str = "",
    actor_user_id: UUID | None,
    now: datetime,
) -> Done:
    """It is met, missed or dropped. Raises NotFound, BadInput, Conflict (it is closed)."""
    errors = note_errors(note)
    if state not in CLOSED:
        errors.append(FieldError("state", f"expected one of {', '.join(CLOSED)}"))
    if errors:
        raise BadInput(*errors)
    with transaction() as session:
        goal = _locked(session, workspace_id, goal_id)
        if goal.state != "open":
            raise Conflict("This goal is closed already.")
        values = {"state": state, "closed_at": now}
        writer = _Writer(session, actor_user_id, now)
        return writer.put(goal, "closed", values, note=note.strip() or None)


def reopen_goal(
    workspace_id: UUID, goal_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> Done:
    """It is on its way again; may be repeated. Raises NotFound."""
    with transaction() as session:
        goal = _locked(session, workspace_id, goal_id)
        writer = _Writer(session, actor_user_id, now)
        return writer.put(goal, "reopened", {"state": "open", "closed_at": None})


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> UUID:
    """Put back what an action of this person changed; the account it was about.

    Raises Conflict when it is too late (ten minutes) or somebody changed the goal since, or it is
    gone, as when it was added and that was taken back already.
    """
    told = read_undo(token, "goal", workspace_id, actor_user_id)
    with transaction() as session:
        try:
            goal = _locked(session, workspace_id, UUID(told["goal"]))
        except NotFound as exc:
            raise Conflict("This goal is gone.") from exc
        entry = session.get_one(GoalEntry, (workspace_id, UUID(told["entry"])))
        if entry.detail.get("version") != goal.version:
            raise Conflict("This goal was changed since, so it was left as it is.")
        account_id = goal.account_id
        _put_back(_Writer(session, actor_user_id, now), goal, entry)
        return account_id


def _put_back(writer: _Writer, goal: SuccessGoal, entry: GoalEntry) -> None:
    if entry.kind == "added":
        audit(
            writer.session, goal.workspace_id, "success_goal.removed", subject=goal,
            actor_user_id=writer.actor_user_id, now=writer.now,
        )  # fmt: skip
        note_touched(writer.session, goal.workspace_id, [goal.account_id], now=writer.now)
        writer.session.delete(goal)
        return
    before = entry.detail.get("from", {})
    entry.note = None
    writer.put(goal, "undone", {name: _column_value(name, before[name]) for name in before})


# --- writing ------------------------------------------------------------------------------


class _Writer:
    """Changes a goal and writes it down."""

    def __init__(self, session: Session, actor_user_id: UUID | None, now: datetime) -> None:
        self.session, self.actor_user_id, self.now = session, actor_user_id, now

    def put(
        self, goal: SuccessGoal, kind: str, values: Mapping[str, Any], note: str | None = None
    ) -> Done:
        """Set columns that differ; one line of the history with what they were and are."""
        changed = {name: value for name, value in values.items() if getattr(goal, name) != value}
        if not changed and note is None and kind != "undone":
            return Done(goal.id, None)
        before = {name: _plain(getattr(goal, name)) for name in changed}
        for name, value in changed.items():
            setattr(goal, name, value)
        goal.version += 1
        goal.updated_at = self.now
        after = {name: _plain(value) for name, value in changed.items()}
        return self.write(goal, kind, {"from": before, "to": after}, note=note)

    def write(
        self, goal: SuccessGoal, kind: str, detail: dict[str, Any], note: str | None = None
    ) -> Done:
        entry = GoalEntry(
            workspace_id=goal.workspace_id, id=uuid7(), goal_id=goal.id, at=self.now, kind=kind,
            actor_user_id=self.actor_user_id, note=note, detail=detail | {"version": goal.version},
        )  # fmt: skip
        self.session.add(entry)
        note_touched(self.session, goal.workspace_id, [goal.account_id], now=self.now)
        audit(
            self.session, goal.workspace_id, f"success_goal.{kind}", subject=goal,
            actor_user_id=self.actor_user_id, actor="" if self.actor_user_id else "api",
            now=self.now, detail={"fields": sorted(detail.get("to", {}))},
        )  # fmt: skip
        return Done(goal.id, self._token(goal, entry))

    def _token(self, goal: SuccessGoal, entry: GoalEntry) -> str | None:
        if self.actor_user_id is None:
            return None
        return undo_token(
            "goal", goal.workspace_id, self.actor_user_id, goal=goal.id.hex, entry=entry.id.hex
        )


def _locked(session: Session, workspace_id: UUID, goal_id: UUID) -> SuccessGoal:
    goal = session.scalar(
        scoped(SuccessGoal, workspace_id).where(SuccessGoal.id == goal_id).with_for_update()
    )
    if goal is None:
        raise NotFound("No such goal.")
    return goal


def _plain(value: Any) -> Any:
    """A column's value as JSON keeps it."""
    return value.isoformat() if isinstance(value, date) else value


def _column_value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "closed_at":
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name == "due_on" else value


# --- checking -----------------------------------------------------------------------------


def _checked(aim: Aim) -> Aim:
    """The same without spaces around. Raises BadInput, which names each wrong field."""
    texts, errors = read_texts(aim.words, aim.measure, aim.unit)
    errors += figure_errors("baseline", aim.baseline)
    errors += figure_errors("target", aim.target)
    if aim.target == aim.baseline:
        errors.append(FieldError("target", "expected another value than the baseline"))
    if not FIRST_DAY <= aim.due_on <= LAST_DAY:
        errors.append(FieldError("due_on", "expected a day between 1900 and 2199"))
    if errors:
        raise BadInput(*errors)
    return Aim(**texts, baseline=float(aim.baseline), target=float(aim.target), due_on=aim.due_on)


def read_texts(words: str, measure: str, unit: str) -> tuple[dict[str, str], list[FieldError]]:
    """The texts of a goal without spaces around, and what is wrong with them."""
    texts = {"words": words.strip(), "measure": measure.strip(), "unit": unit.strip()}
    errors = [
        FieldError(name, f"expected {least} to {most} characters")
        for name, least, most in (
            ("words", 1, MAX_WORDS), ("measure", 1, MAX_MEASURE), ("unit", 0, MAX_UNIT),
        )
        if not least <= len(texts[name]) <= most
    ]  # fmt: skip
    return texts, errors


def figure_errors(name: str, value: float) -> list[FieldError]:
    """What is wrong with a figure, if anything."""
    if isfinite(value) and abs(value) <= MAX_FIGURE:
        return []
    return [FieldError(name, f"expected a number of at most {MAX_FIGURE:.0f}")]
