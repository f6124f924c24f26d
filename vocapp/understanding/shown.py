"""Comments as pages show them: with personal data replaced, also before they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.redact import redact
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.understanding.models import Analysis
from vocapp.understanding.service import verbatims


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
    comments = verbatims(session, workspace_id, ids)
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
