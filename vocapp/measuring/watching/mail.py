"""The mail to somebody who watches a score that fell."""

from __future__ import annotations

from email.message import EmailMessage
from uuid import UUID

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import and_, select

from vocapp.authoring.models import Survey
from vocapp.database import snapshot, utcnow
from vocapp.mailing import address_of, compose, one_line
from vocapp.measuring.watching import links
from vocapp.measuring.watching.models import ScoreFall, ScoreWatcher
from vocapp.measuring.watching.wording import fall_words
from vocapp.outbox import Pending
from vocapp.translating import gettext as _
from vocapp.workspaces.models import Membership, User, Workspace


def fall_mail(row: Pending) -> EmailMessage | None:
    """None where the person does not watch the score any more, or may no longer see it."""
    fall_id, user_id = row.subject_id, UUID(row.detail["user"])
    with snapshot() as session:
        found = session.execute(
            select(ScoreFall, Survey, User, Workspace)
            .join(Survey, and_(Survey.workspace_id == ScoreFall.workspace_id,
                               Survey.id == ScoreFall.survey_id))
            .join(ScoreWatcher, and_(ScoreWatcher.workspace_id == ScoreFall.workspace_id,
                                     ScoreWatcher.survey_id == ScoreFall.survey_id))
            .join(Membership, and_(Membership.workspace_id == ScoreWatcher.workspace_id,
                                   Membership.user_id == ScoreWatcher.user_id))
            .join(User, User.id == ScoreWatcher.user_id)
            .join(Workspace, Workspace.id == ScoreFall.workspace_id)
            .where(
                ScoreFall.workspace_id == row.workspace_id, ScoreFall.id == fall_id,
                User.id == user_id, User.disabled_at.is_(None), Survey.confidential.is_(False),
                Membership.only_own_accounts.is_(False),
            )
        ).one_or_none()  # fmt: skip
    if found is None:
        return None
    fall, survey, user, workspace = found
    base = current_app.config["BASE_URL"]
    with force_locale(user.locale):
        text = render_template(
            "measuring/mail/fall.txt",
            name=user.name,
            survey=survey.name,
            workspace=workspace.name,
            words=fall_words(survey.kind, fall),
            fall=fall,
            compare_link=base + links.compare_path(survey.key, fall),
            answers_link=base + links.answers_path(survey.key, fall),
            results_link=base + links.results_path(survey.key),
        )
        return compose(
            settings=current_app.config["SETTINGS"],
            to=address_of(one_line(user.name), user.email),
            subject=_("The score of %(survey)s has fallen", survey=one_line(survey.name)),
            text=text,
            message_key=f"score-fall-{fall_id}-{user_id}",
            now=utcnow(),
            workspace_id=workspace.id,
        )
