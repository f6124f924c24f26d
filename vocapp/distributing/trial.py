"""The mail of a survey to whoever is signed in, to see what people will get.

It asks nobody: there is no person, no invitation and no line of the ledger, and the page behind
its links stores nothing.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from uuid import UUID

from surveys.languages import best_language
from surveys.piping import filled
from vocapp import outbox
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.look.queries import look_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import SurveySummary, published_definition
from vocapp.database import snapshot, transaction, utcnow
from vocapp.distributing.mail import Letter, build
from vocapp.distributing.own_mails import own_mail
from vocapp.distributing.service import EMAIL, reason_not_to_mail
from vocapp.outbox import Pending
from vocapp.problems import BadInput
from vocapp.workspaces.models import User, Workspace

TRIAL_MAIL = "survey_trial"  # of `staff_mail`


def sample(
    survey: SurveySummary,
    *,
    workspace: str,
    name: str,
    address: str,
    locale: str,
    message_key: str = "",
) -> Letter:
    """The mail as somebody would get it whose answer is not kept; attributes have no value."""
    definition = filled(published_definition(survey), {})
    with snapshot() as session:
        kept = own_mail(session, survey.workspace_id, survey.id)
        look = look_of(survey.workspace_id, survey.id, session=session)
    return Letter(
        workspace_id=survey.workspace_id,
        workspace=workspace,
        definition=definition,
        language=best_language(locale, definition.languages),
        name=name,
        address=address,
        link=InvitationLink.of_trial(survey, channel=EMAIL),
        own=kept.mail,
        logo=kept.logo,
        look=look,
        message_key=message_key,
    )


def send_trial(survey: SurveySummary, *, user_id: UUID, now: datetime) -> None:
    """Have the mail sent to a member. Raises BadInput: survey, where it takes no answers; address,
    with the reason for which it is not written to."""
    if survey.state != "published":
        raise BadInput.of("survey", "it takes no answers")
    with transaction() as session:
        address = session.get_one(User, user_id).email
        reason = reason_not_to_mail(session, survey.workspace_id, address)
        if reason is not None:
            raise BadInput.of("address", reason)
        outbox.add(
            session, survey.workspace_id, "staff_mail", survey.id, now=now,
            detail={"about": TRIAL_MAIL, "user": str(user_id)},
        )  # fmt: skip
    outbox.ring("staff_mail")


def trial_mail(pending: Pending) -> EmailMessage | None:
    """The mail, to the member alone; None where survey or member are gone, or it takes no answers
    any more."""
    with snapshot() as session:
        row = session.get(Survey, (pending.workspace_id, pending.subject_id))
        workspace = session.get(Workspace, pending.workspace_id)
        person = session.get(User, UUID(pending.detail["user"]))
        if row is None or workspace is None or person is None or person.disabled_at:
            return None
        survey = SurveySummary.of(row)
    if survey.state != "published":
        return None
    letter = sample(
        survey, workspace=workspace.name, name=person.name, address=person.email,
        locale=person.locale or workspace.locale, message_key=f"survey-trial-{pending.id}",
    )  # fmt: skip
    return build(letter, now=utcnow())
