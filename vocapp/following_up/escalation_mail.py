"""The mail to whom overdue follow-ups are passed on: how many, and where they are."""

from __future__ import annotations

from email.message import EmailMessage

from flask import current_app, render_template
from flask_babel import force_locale

from vocapp.database import snapshot, utcnow
from vocapp.mailing import address_of, compose, one_line
from vocapp.outbox import Pending
from vocapp.translating import ngettext
from vocapp.workspaces.models import User


def escalated_mail(pending: Pending) -> EmailMessage | None:
    """One for all that were passed on together; nothing to who has left."""
    with snapshot() as session:
        person = session.get(User, pending.subject_id)
    if person is None or person.disabled_at is not None:
        return None
    base, count = current_app.config["BASE_URL"], pending.detail["count"]
    with force_locale(person.locale):
        subject = ngettext("%(num)s follow-up is overdue", "%(num)s follow-ups are overdue", count)
        text = render_template(
            "following_up/mail/escalated.txt", name=person.name, count=count,
            links=[f"{base}/follow-ups/{each}" for each in pending.detail["cases"]],
        )  # fmt: skip
        return compose(
            settings=current_app.config["SETTINGS"],
            to=address_of(one_line(person.name), person.email),
            subject=str(subject),
            text=text,
            message_key=f"case-escalated-{pending.id}",
            now=utcnow(),
            workspace_id=pending.workspace_id,
        )
