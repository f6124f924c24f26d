"""What the text message of an invitation says, and the short addresses in it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from surveys.sms_text import OwnTexts, fill, shortened, to_json
from vocapp.authoring.models import Survey
from vocapp.database import insert_if_absent, scoped, transaction
from vocapp.distributing.sms.models import SurveyText
from vocapp.distributing.texts import text_message
from vocapp.problems import Conflict
from vocapp.workspaces.service import audit

# Without letters and digits that look alike, and nothing at which a telephone ends a link.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz"
CODE_LENGTH = 11  # of these make 63 random bits


def new_code() -> str:
    """What stands in the address of a message."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def short_url(code: str) -> str:
    """Where the person answers: it leads on to the page of the invitation."""
    return f"{current_app.config['BASE_URL']}/t/{code}"


def said(own: OwnTexts, language: str, *, code: str, name: str, workspace: str) -> str:
    """The text in one language, with what is known put in."""
    text = own.words.get(language) or usual_text(language)
    url = short_url(code)
    values = {"link": url, "stop": f"{url}/stop", "name": name, "workspace": workspace}
    return shortened(fill(text, values))


def usual_text(language: str) -> str:
    """What a survey without words of its own says."""
    return text_message(language)


# --- a survey's own words -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Kept:
    """revision: 0 where nobody has changed anything yet."""

    texts: OwnTexts
    revision: int


def own_texts(session: Session, workspace_id: UUID, survey_id: UUID) -> Kept:
    """What a survey says by text message; nothing of its own where nobody has said so."""
    row = session.scalar(scoped(SurveyText, workspace_id).where(SurveyText.survey_id == survey_id))
    return Kept(OwnTexts(row.words), row.revision) if row else Kept(OwnTexts(), 0)


def save_own_texts(
    workspace_id: UUID,
    survey_id: UUID,
    texts: OwnTexts,
    *,
    after: int,
    actor_user_id: UUID,
    now: datetime,
) -> None:
    """after: the revision that was changed. Raises Conflict where it is no longer the last."""
    with transaction() as session:
        row = session.scalar(
            scoped(SurveyText, workspace_id)
            .where(SurveyText.survey_id == survey_id)
            .with_for_update()
        )
        last = row.revision if row else 0
        changed: dict[str, Any] = {
            "words": to_json(texts), "revision": last + 1, "updated_at": now,
        }  # fmt: skip
        if after != last:
            raise Conflict("The text was changed since.")
        if row is not None:
            for name, value in changed.items():
                setattr(row, name, value)
        elif not insert_if_absent(
            session, SurveyText, workspace_id=workspace_id, survey_id=survey_id, **changed
        ):
            raise Conflict("The text was changed since.")
        audit(
            session, workspace_id, "survey.text_changed", now=now, actor_user_id=actor_user_id,
            subject=session.get_one(Survey, (workspace_id, survey_id)),
        )  # fmt: skip
