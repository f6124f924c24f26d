"""Reply templates of a workspace: kept, changed, taken away, and the ones that are offered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from surveys.languages import fitting_language
from surveys.letters import unknown_gaps
from vocapp.database import scoped, snapshot, transaction, uuid7
from vocapp.following_up.writing.models import ReplyTemplate
from vocapp.following_up.writing.offered import OFFERED
from vocapp.problems import BadInput, Conflict, FieldError, NotFound
from vocapp.workspaces.service import audit

MAX_TEMPLATES = 100
MAX_NAME, MAX_SUBJECT, MAX_BODY = 100, 200, 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """A template as a person wrote it."""

    name: str
    language: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Template:
    """One to choose from. key: a stored one's id, or the place of an offered one ("offered-3")."""

    key: str
    name: str
    language: str
    subject: str
    body: str


def stored_templates(session: Session, workspace_id: UUID) -> Sequence[ReplyTemplate]:
    """By language and name."""
    ordered = (
        scoped(ReplyTemplate, workspace_id)
        .where(ReplyTemplate.removed_at.is_(None))
        .order_by(ReplyTemplate.language, ReplyTemplate.name, ReplyTemplate.id)
        .limit(MAX_TEMPLATES)
    )
    return session.scalars(ordered).all()


def choosable(session: Session, workspace_id: UUID, language: str | None) -> list[Template]:
    """Those of the workspace, or while it has none the offered ones; the language's own first."""
    found = [
        Template(str(each.id), each.name, each.language, each.subject, each.body)
        for each in stored_templates(session, workspace_id)
    ] or [
        Template(f"offered-{place}", each.name, each.language, each.subject, each.body)
        for place, each in enumerate(OFFERED)
    ]
    fitting = fitting_language(language, sorted({each.language for each in found}))
    return sorted(found, key=lambda each: each.language != fitting)


def template_of(workspace_id: UUID, template_id: UUID) -> ReplyTemplate:
    """One that is there. Raises NotFound."""
    with snapshot() as session:
        return _there(session, workspace_id, template_id)


def save_template(
    workspace_id: UUID,
    wanted: Wanted,
    *,
    template_id: UUID | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> UUID:
    """Add one, or change the named one. Raises BadInput, NotFound, Conflict (too many)."""
    _check(wanted)
    try:
        with transaction() as session:
            if template_id is None:
                _refuse_more(session, workspace_id, 1)
                row = ReplyTemplate(workspace_id=workspace_id, id=uuid7(), created_at=now)
            else:
                row = _there(session, workspace_id, template_id)
            row.name, row.language = wanted.name.strip(), wanted.language
            row.subject, row.body = wanted.subject.strip(), _plain_lines(wanted.body)
            row.updated_at = now
            session.add(row)
            session.flush()
            audit(
                session, workspace_id, "reply_template.saved", now=now, subject=row,
                actor_user_id=actor_user_id,
            )  # fmt: skip
            return row.id
    except IntegrityError as exc:
        raise BadInput.of("name", "another template of this language has this name") from exc


def add_offered(workspace_id: UUID, *, actor_user_id: UUID, now: datetime) -> int:
    """Take over the offered ones whose name is free; how many. Raises Conflict."""
    with transaction() as session:
        names = {(row.language, row.name) for row in stored_templates(session, workspace_id)}
        new = [each for each in OFFERED if (each.language, each.name) not in names]
        _refuse_more(session, workspace_id, len(new))
        for each in new:
            session.add(
                ReplyTemplate(
                    workspace_id=workspace_id, id=uuid7(), created_at=now, updated_at=now,
                    name=each.name, language=each.language, subject=each.subject, body=each.body,
                )
            )  # fmt: skip
        if new:
            audit(
                session, workspace_id, "reply_template.offered_taken", now=now,
                actor_user_id=actor_user_id, detail={"count": len(new)},
            )  # fmt: skip
        return len(new)


def remove_template(
    workspace_id: UUID, template_id: UUID, *, actor_user_id: UUID, now: datetime
) -> None:
    """Take one away; it can be put back. Raises NotFound."""
    with transaction() as session:
        row = _there(session, workspace_id, template_id)
        row.removed_at = now
        audit(
            session, workspace_id, "reply_template.removed", now=now, subject=row,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def put_back(workspace_id: UUID, template_id: UUID, *, actor_user_id: UUID, now: datetime) -> None:
    """The counterpart of `remove_template`. Raises NotFound, Conflict (its name is taken)."""
    try:
        with transaction() as session:
            row = session.scalar(
                scoped(ReplyTemplate, workspace_id).where(ReplyTemplate.id == template_id)
            )
            if row is None:
                raise NotFound("No such template.")
            row.removed_at = None
            session.flush()
            audit(
                session, workspace_id, "reply_template.put_back", now=now, subject=row,
                actor_user_id=actor_user_id,
            )  # fmt: skip
    except IntegrityError as exc:
        raise Conflict("Another template of this language has this name now.") from exc


def _there(session: Session, workspace_id: UUID, template_id: UUID) -> ReplyTemplate:
    row = session.scalar(
        scoped(ReplyTemplate, workspace_id).where(
            ReplyTemplate.id == template_id, ReplyTemplate.removed_at.is_(None)
        )
    )
    if row is None:
        raise NotFound("No such template.")
    return row


def _refuse_more(session: Session, workspace_id: UUID, more: int) -> None:
    if len(stored_templates(session, workspace_id)) + more > MAX_TEMPLATES:
        raise Conflict(f"A workspace has at most {MAX_TEMPLATES} reply templates.")


def _check(wanted: Wanted) -> None:
    wrong = []
    for name, text, most in (
        ("name", wanted.name, MAX_NAME), ("subject", wanted.subject, MAX_SUBJECT),
        ("body", wanted.body, MAX_BODY),
    ):  # fmt: skip
        if not 1 <= len(text.strip()) <= most:
            wrong.append(FieldError(name, f"expected 1 to {most} characters"))
        elif name != "name" and (unknown := unknown_gaps(text)):
            wrong.append(FieldError(name, f"unknown: {{{unknown[0]}}}"))
    if not wanted.language.replace("-", "").isalnum() or len(wanted.language) > 20:
        wrong.append(FieldError("language", "expected a language such as en or pt-BR"))
    if wrong:
        raise BadInput(*wrong)


def _plain_lines(text: str) -> str:
    """As browsers send lines → as they are kept."""
    return text.replace("\r\n", "\n").strip()
