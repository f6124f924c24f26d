"""Comments as pages show them: with personal data replaced, also before they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, case, select, true
from sqlalchemy.orm import Session, aliased

from nlp.language import is_less_certain
from nlp.redact import redact
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.understanding.models import Analysis
from vocapp.understanding.storing import verbatims


def themes_are_less_certain(text: str, language: str | None, content: str | None) -> bool:
    """Whether what is found in a comment is a hint, by its language; what says nothing has none."""
    return content in (None, "said") and is_less_certain(text, language)


def said_comments(columns: Any) -> Any:
    """A select from responses, their surveys and analyses: comments that may be shown and say
    something.

    They were read, are not erased and not of a confidential survey. What was read before its
    content was told apart (null) counts as said.
    """
    return (
        columns.select_from(Response)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(
            Survey.confidential.is_(False),
            Analysis.redacted.is_not(None),
            Analysis.redacted != "",
            Analysis.content.is_(None) | (Analysis.content == "said"),
        )
    )


def is_first_alike() -> ColumnElement[bool]:
    """For `said_comments`: of copies of a comment only the first that may be shown."""
    copy, response, survey = aliased(Analysis), aliased(Response), aliased(Survey)
    # With a limit, so that each comment looks into the index and no plan joins all with all.
    first = (
        select(copy.response_id)
        .join(
            response,
            (response.workspace_id == copy.workspace_id) & (response.id == copy.response_id),
        )
        .join(
            survey,
            (survey.workspace_id == response.workspace_id) & (survey.id == response.survey_id),
        )
        .where(
            copy.workspace_id == Analysis.workspace_id,
            copy.likeness == Analysis.likeness,
            survey.confidential.is_(False),
        )
        .order_by(copy.answered_at, copy.response_id)
        .limit(1)
        .correlate(Analysis)
        .scalar_subquery()
    )
    return is_copy_chosen(first)


def is_copy_chosen(chosen: Any) -> ColumnElement[bool]:
    """Whether an analysis is the chosen one of its copies; it is where it has none.

    chosen: the select of its id. As a case and not as an "or": of that PostgreSQL believes that
    hardly any comment passes, and then looks at all there are instead of at the first of an index.
    """
    return case((Analysis.likeness.is_(None), true()), else_=Analysis.response_id == chosen)


def shown_text(redacted: str | None, comment: str) -> str:
    """As the analysis left it; where that is still to come, personal data is replaced here."""
    return redact(comment) if redacted is None else redacted


@dataclass(frozen=True, slots=True)
class ShownComment:
    """A comment without personal data. language, content: None where it is still to be read."""

    text: str
    language: str | None = None
    content: str | None = None


def shown_comments(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, ShownComment]:
    """Comments by response; answers without a comment are left out."""
    comments = verbatims(session, workspace_id, ids) if ids else {}
    if not comments:
        return {}
    rows = session.execute(
        select(Analysis.response_id, Analysis.redacted, Analysis.language, Analysis.content).where(
            Analysis.workspace_id == workspace_id, Analysis.response_id.in_(comments)
        )
    )
    read = {row.response_id: row for row in rows}
    return {key: _shown(read.get(key), comment) for key, comment in comments.items()}


def _shown(row: Any, comment: str) -> ShownComment:
    """row: None where it is still to be read."""
    if row is None:
        return ShownComment(shown_text(None, comment))
    return ShownComment(shown_text(row.redacted, comment), row.language, row.content)
