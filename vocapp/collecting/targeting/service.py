"""Use cases: add, change, order, pause and remove a targeting rule."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.questions import storable_problem
from vocapp.authoring.models import Survey
from vocapp.collecting.targeting.models import DISPLAYS, MAX_DAYS, MAX_DELAY_S, TargetingRule
from vocapp.database import scoped, transaction
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

MAX_RULES = 50
MAX_PATHS = 20
MAX_PATH_CHARS = 200
MAX_NAME_CHARS = 100


@dataclass(frozen=True, slots=True)
class Wished:
    """A rule as somebody wants it. survey: its key. event: "" for the page itself."""

    name: str
    survey: str
    display: str = "popover"
    paths: tuple[str, ...] = ()
    event: str = ""
    delay_s: int = 0
    share: int = 100
    days_between: int = 0
    only_identified: bool = False
    paused: bool = False


def add_rule(
    workspace_id: UUID,
    wished: Wished,
    *,
    actor_user_id: UUID | None,
    now: datetime,
    at: int | None = None,
) -> UUID:
    """Add a rule below the others, or at a place counted from 0. Raises BadInput naming every
    wrong field; Conflict beyond `MAX_RULES`.
    """
    _check(wished)
    with transaction() as session:
        rules = _locked_rules(session, workspace_id)
        if len(rules) >= MAX_RULES:
            raise Conflict(f"A workspace has at most {MAX_RULES} targeting rules.")
        row = TargetingRule(workspace_id=workspace_id, position=len(rules), created_at=now)
        _take_over(session, row, wished)
        session.add(row)
        session.flush()
        rules.insert(len(rules) if at is None else at, row)
        _number(rules)
        _note(session, row, "targeting_rule.added", actor_user_id, now)
        return row.id


def change_rule(
    workspace_id: UUID, rule_id: UUID, wished: Wished, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Replace what a rule says. Raises BadInput, NotFound."""
    _check(wished)
    with transaction() as session:
        row = _one(_locked_rules(session, workspace_id), rule_id)
        _take_over(session, row, wished)
        _note(session, row, "targeting_rule.changed", actor_user_id, now)


def move_rule(
    workspace_id: UUID, rule_id: UUID, to: int, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """Put a rule at a place counted from 0; beyond the ends is at the end. Raises NotFound."""
    with transaction() as session:
        rules = _locked_rules(session, workspace_id)
        row = _one(rules, rule_id)
        rules.remove(row)
        rules.insert(max(to, 0), row)
        _number(rules)
        _note(session, row, "targeting_rule.moved", actor_user_id, now)


def pause_rule(
    workspace_id: UUID, rule_id: UUID, *, paused: bool, actor_user_id: UUID | None, now: datetime
) -> None:
    """Let a rule rest, or work again. Raises NotFound."""
    with transaction() as session:
        row = _one(_locked_rules(session, workspace_id), rule_id)
        row.paused = paused
        kind = "targeting_rule.paused" if paused else "targeting_rule.resumed"
        _note(session, row, kind, actor_user_id, now)


def remove_rule(
    workspace_id: UUID, rule_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """Remove a rule; what `restore_rule` takes. Raises NotFound."""
    with transaction() as session:
        rules = _locked_rules(session, workspace_id)
        row = _one(rules, rule_id)
        survey = session.scalars(scoped(Survey, workspace_id).where(Survey.id == row.survey_id))
        told = asdict(wished_of(row, survey.one().key)) | {"at": rules.index(row)}
        _note(session, row, "targeting_rule.removed", actor_user_id, now)
        session.delete(row)
        rules.remove(row)
        _number(rules)
        return told


def restore_rule(
    workspace_id: UUID, told: dict[str, Any], *, actor_user_id: UUID | None, now: datetime
) -> UUID:
    """Put a removed rule back where it was, under a new id. Raises Conflict where it cannot be."""
    values = {name: value for name, value in told.items() if name != "at"}
    wished = Wished(**values | {"paths": tuple(values["paths"])})
    try:
        return add_rule(
            workspace_id, wished, actor_user_id=actor_user_id, now=now, at=int(told["at"])
        )
    except BadInput as exc:
        raise Conflict("The survey of this rule is not there any more.") from exc


def wished_of(row: TargetingRule, survey_key: str) -> Wished:
    """The rule as somebody would ask for it."""
    return Wished(
        row.name, survey_key, row.display, tuple(row.paths), row.event or "", row.delay_s,
        row.share, row.days_between, row.only_identified, row.paused,
    )  # fmt: skip


def _locked_rules(session: Session, workspace_id: UUID) -> list[TargetingRule]:
    """All rules in order; one change at a time, as each may number them anew."""
    session.execute(select(Workspace.id).where(Workspace.id == workspace_id).with_for_update())
    query = scoped(TargetingRule, workspace_id).order_by(TargetingRule.position, TargetingRule.id)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def _one(rules: list[TargetingRule], rule_id: UUID) -> TargetingRule:
    for row in rules:
        if row.id == rule_id:
            return row
    raise NotFound("No such targeting rule.")


def _number(rules: list[TargetingRule]) -> None:
    for position, row in enumerate(rules):
        row.position = position


def _take_over(session: Session, row: TargetingRule, wished: Wished) -> None:
    survey_id = session.scalar(
        select(Survey.id).where(
            Survey.workspace_id == row.workspace_id, Survey.key == wished.survey
        )
    )
    if survey_id is None:
        raise BadInput.of("survey", "no such survey")
    row.survey_id = survey_id
    row.name, row.display = wished.name.strip(), wished.display
    row.paths = [clean_path(each) for each in wished.paths]
    row.event = wished.event.strip() or None
    row.delay_s, row.share, row.days_between = wished.delay_s, wished.share, wished.days_between
    row.only_identified, row.paused = wished.only_identified, wished.paused


def clean_path(path: str) -> str:
    """A path as people write it: not percent-encoded, as the browser compares it."""
    return unquote(path.strip())


def _check(wished: Wished) -> None:
    errors = []
    if not 1 <= len(wished.name.strip()) <= MAX_NAME_CHARS or storable_problem(wished.name):
        errors.append(FieldError("name", f"expected 1 to {MAX_NAME_CHARS} characters"))
    if wished.display not in DISPLAYS:
        errors.append(FieldError("display", f"expected one of {', '.join(DISPLAYS)}"))
    if len(wished.paths) > MAX_PATHS:
        errors.append(FieldError("paths", f"expected at most {MAX_PATHS} patterns"))
    errors += [
        FieldError("paths", problem) for each in wished.paths if (problem := _path_problem(each))
    ][:1]
    if len(wished.event.strip()) > MAX_NAME_CHARS or storable_problem(wished.event):
        errors.append(FieldError("event", f"expected at most {MAX_NAME_CHARS} characters"))
    for name, value, most in (
        ("delay_s", wished.delay_s, MAX_DELAY_S),
        ("share", wished.share, 100),
        ("days_between", wished.days_between, MAX_DAYS),
    ):
        if not 0 <= value <= most:
            errors.append(FieldError(name, f"expected 0 to {most}, got {value}"))
    if errors:
        raise BadInput(*errors)


def _path_problem(path: str) -> str | None:
    cleaned = clean_path(path)
    if not cleaned.removeprefix("!").startswith(("/", "*")):
        return "expected patterns of paths, such as /app/* or !/app/billing"
    if len(cleaned) > MAX_PATH_CHARS or storable_problem(cleaned):
        return f"expected at most {MAX_PATH_CHARS} characters in a pattern"
    return None


def _note(
    session: Session, row: TargetingRule, kind: str, actor_user_id: UUID | None, now: datetime
) -> None:
    audit(session, row.workspace_id, kind, now=now, actor_user_id=actor_user_id, subject=row)
