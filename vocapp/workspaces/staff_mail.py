"""Mail to staff: links to join and to choose a new password, and what other packages tell them
(work of kind `staff_mail`).

The pending row names a row; the words are made here, in the language of the one who gets
them, and leave the process with no transaction open. The Message-ID is derived from the row,
so that a mail sent twice can be told to be one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from config import Settings
from vocapp.database import snapshot, utcnow
from vocapp.mailing import Mailer, Refused, address_of, compose, one_line, open_mailer
from vocapp.outbox import Never, Pending
from vocapp.translating import gettext as _
from vocapp.workspaces import joining
from vocapp.workspaces.models import PasswordReset, StaffInvitation, User, Workspace

Outcome = Callable[[Session], None] | Exception
Compose = Callable[[Pending], EmailMessage | None]


def send_staff_mail(rows: Sequence[Pending]) -> list[Outcome]:
    """Send each pending mail; one that is no longer wanted is done without being sent."""
    with open_mailer(_settings()) as mailer:
        return [_send(mailer, row) for row in rows]


def _send(mailer: Mailer, row: Pending) -> Outcome:
    compose = _COMPOSERS[row.detail["about"]]
    try:
        message = compose(row)
        if message is not None:
            mailer.send(message)
    except Refused as exc:
        return Never(f"{exc.code} {exc.enhanced}".strip())
    except Exception as exc:  # noqa: BLE001 - handed to the outbox, which records it on the row
        return exc
    return _nothing_more


def _nothing_more(_: Session) -> None:
    """Deleting the pending row is all that is left to do."""


def _reset_mail(pending: Pending) -> EmailMessage | None:
    reset_id = pending.subject_id
    with snapshot() as session:
        row = session.execute(
            select(PasswordReset, User)
            .join(User, User.id == PasswordReset.user_id)
            .where(PasswordReset.id == reset_id, PasswordReset.used_at.is_(None))
        ).one_or_none()
    if row is None or row[0].expires_at <= utcnow():
        return None
    _reset, user = row
    with force_locale(user.locale):
        text = render_template(
            "workspaces/mail/reset.txt", name=user.name,
            link=_address(f"/reset/{joining.reset_token(reset_id)}"),
        )  # fmt: skip
        # Without the workspace's mark: an administrator of this workspace, reading the
        # mailbox of a trial installation, must not become this user in others.
        return compose(
            settings=_settings(),
            to=address_of(one_line(user.name), user.email),
            subject=_("Choose a new password"),
            text=text,
            message_key=f"reset-{reset_id}",
            now=utcnow(),
        )


def _invitation_mail(pending: Pending) -> EmailMessage | None:
    invitation_id = pending.subject_id
    with snapshot() as session:
        row = session.execute(
            select(StaffInvitation, Workspace, User)
            .join(Workspace, Workspace.id == StaffInvitation.workspace_id)
            .outerjoin(User, User.id == StaffInvitation.invited_by)
            .where(StaffInvitation.id == invitation_id, StaffInvitation.accepted_at.is_(None))
            .execution_options(voc_all_workspaces=True)
        ).one_or_none()
    if row is None or row[0].expires_at <= utcnow():
        return None
    invitation, workspace, inviter = row
    with force_locale(workspace.locale):
        text = render_template(
            "workspaces/mail/invitation.txt",
            workspace=workspace.name,
            inviter=inviter.name if inviter else "",
            link=_address(f"/join/{joining.invitation_token(invitation_id)}"),
        )
        return compose(
            settings=_settings(),
            to=address_of("", invitation.email_normalised),
            subject=_("Invitation to %(workspace)s", workspace=one_line(workspace.name)),
            text=text,
            message_key=f"staff-invitation-{invitation_id}",
            now=utcnow(),
            workspace_id=workspace.id,
        )


_COMPOSERS: dict[str, Compose] = {
    "reset": _reset_mail,
    "invitation": _invitation_mail,
}


def register_mail(about: str, compose: Compose) -> None:
    """Have another package write the mails of pending rows whose detail says `about`.

    compose: in the language of the one who gets it; None: it is no longer wanted.
    """
    _COMPOSERS[about] = compose


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _address(path: str) -> str:
    return f"{current_app.config['BASE_URL']}{path}"
