"""Comments as pages show them: with personal data replaced, also before they were read."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.redact import redact
from vocapp.understanding.models import Analysis
from vocapp.understanding.service import verbatims


def shown_text(redacted: str | None, comment: str) -> str:
    """As the analysis left it; where that is still to come, personal data is replaced here."""
    return redact(comment) if redacted is None else redacted


def shown_texts(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Comments by response, without personal data; answers without a comment are left out."""
    comments = verbatims(session, workspace_id, ids)
    rows = session.execute(
        select(Analysis.response_id, Analysis.redacted).where(
            Analysis.workspace_id == workspace_id, Analysis.response_id.in_(comments)
        )
    )
    redacted = {response_id: text for response_id, text in rows}
    return {key: shown_text(redacted.get(key), comment) for key, comment in comments.items()}
