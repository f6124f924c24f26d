"""Use cases: what the e-mails of a survey say in words of its own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.own_mail import OwnMail, from_json, to_json
from vocapp.authoring.models import Survey
from vocapp.database import insert_if_absent, scoped, transaction
from vocapp.distributing.logos import Logo
from vocapp.distributing.models import SurveyMail
from vocapp.distributing.reminding import call_off
from vocapp.mailing import address_of
from vocapp.people.parsing import is_address
from vocapp.problems import Conflict
from vocapp.workspaces.service import audit


@dataclass(frozen=True, slots=True)
class Kept:
    """revision: 0 where nobody has changed anything yet."""

    mail: OwnMail
    revision: int
    logo: Logo | None = None


# Instead of a logo: the one that is there stays.
KEEP = object()


def own_mail(session: Session, workspace_id: UUID, survey_id: UUID) -> Kept:
    """What a survey's e-mails say; nothing of its own where nobody has said so."""
    row = session.scalars(
        scoped(SurveyMail, workspace_id).where(SurveyMail.survey_id == survey_id)
    ).one_or_none()
    return Kept(_read(row.mail), row.revision, _logo(row)) if row else Kept(OwnMail(), 0)


def _logo(row: SurveyMail) -> Logo | None:
    if row.logo is None:
        return None
    return Logo(row.logo, row.logo_width or 0, row.logo_height or 0)


def _read(document: dict[str, Any]) -> OwnMail:
    # Also words in languages that the survey has given up since.
    return from_json(document, document.get("words", {}))


def save_own_mail(
    workspace_id: UUID,
    survey_id: UUID,
    mail: OwnMail,
    *,
    logo: Logo | object | None = KEEP,
    after: int | None,
    actor_user_id: UUID | None,
    now: datetime,
) -> None:
    """after: the revision that was changed, None for whichever it is. Raises Conflict where it is
    no longer the last. actor_user_id: None for a machine."""
    with transaction() as session:
        row = session.scalars(
            scoped(SurveyMail, workspace_id)
            .where(SurveyMail.survey_id == survey_id)
            .with_for_update()
        ).one_or_none()
        last = row.revision if row else 0
        if after is not None and after != last:
            raise Conflict("The mail was changed since.")
        reminded = row is not None and _read(row.mail).remind_after is not None
        said = {"mail": to_json(mail), "revision": last + 1, "updated_at": now}
        if logo is None or isinstance(logo, Logo):
            said |= _logo_columns(logo)
        if row is not None:
            for name, value in said.items():
                setattr(row, name, value)
        elif not insert_if_absent(
            session, SurveyMail, workspace_id=workspace_id, survey_id=survey_id, **said
        ):
            raise Conflict("The mail was changed since.")
        if reminded and mail.remind_after is None:  # else those that wait were asked for by hand
            call_off(session, workspace_id, survey_id)
        audit(
            session, workspace_id, "survey.mail_changed", now=now, actor_user_id=actor_user_id,
            actor="" if actor_user_id else "api",
            subject=session.get_one(Survey, (workspace_id, survey_id)),
        )  # fmt: skip


def _logo_columns(logo: Logo | None) -> dict[str, Any]:
    of_logo = (logo.png, logo.width, logo.height) if logo else (None, None, None)
    return dict(zip(("logo", "logo_width", "logo_height"), of_logo, strict=True))


def takes_replies(address: str) -> bool:
    """Whether every mail program can write to it. One that no header holds would stop all mails
    of the survey."""
    try:
        address_of("", address)
    except ValueError:
        return False
    return is_address(address) and address.rpartition("@")[0].isascii()
