"""Use cases: invite colleagues, join, change roles, and choose a new password by mail.

A link's token is derived from its row's id with the installation's key, and the row keeps
only a digest: the pending mail carries ids, and neither table nor backup opens a door.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, transaction, uuid7
from vocapp.extensions import db
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.signing import digest_of_secret, sign
from vocapp.workspaces import service, sign_in
from vocapp.workspaces.grants import Grant
from vocapp.workspaces.models import (
    Membership,
    PasswordReset,
    StaffInvitation,
    User,
    Workspace,
)
from vocapp.workspaces.sign_in import Browser, SignedIn

MAIL_KIND = "staff_mail"
INVITATION_LIFE = timedelta(days=7)
RESET_LIFE = timedelta(hours=2)
RESETS_PER_HOUR = 3


class LinkUsed(NotFound):
    """The link was used, has expired, was withdrawn or never existed."""


def reset_token(reset_id: UUID) -> str:
    """The secret part of a password link."""
    return sign("password-reset", str(reset_id))


def invitation_token(invitation_id: UUID) -> str:
    """The secret part of an invitation link."""
    return sign("staff-invitation", str(invitation_id))


# --- a new password ------------------------------------------------------------------------


def request_reset(email: str, *, now: datetime) -> None:
    """Mail a link to choose a new password, if a user has this address.

    Says nothing of whether one has. At most `RESETS_PER_HOUR` mails an hour and user.
    """
    try:
        address = service.checked_email(email)
    except BadInput:
        return
    with transaction() as session:
        user = session.scalar(
            select(User).where(User.email_normalised == address, User.disabled_at.is_(None))
        )
        workspace_id = _any_workspace(session, user.id) if user else None
        if user is None or workspace_id is None or _asked_too_often(session, user.id, now=now):
            return
        reset = PasswordReset(
            id=uuid7(), user_id=user.id, created_at=now, expires_at=now + RESET_LIFE,
            token_digest="",
        )  # fmt: skip
        reset.token_digest = digest_of_secret(reset_token(reset.id))
        session.add(reset)
        outbox.add(session, workspace_id, MAIL_KIND, reset.id, now=now, detail={"about": "reset"})
    outbox.ring(MAIL_KIND)


def _any_workspace(session: Session, user_id: UUID) -> UUID | None:
    return session.scalar(
        select(Membership.workspace_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.created_at)
        .limit(1)
        .execution_options(voc_all_workspaces=True)
    )


def _asked_too_often(session: Session, user_id: UUID, *, now: datetime) -> bool:
    recent = session.scalar(
        select(func.count()).where(
            PasswordReset.user_id == user_id, PasswordReset.created_at > now - timedelta(hours=1)
        )
    )
    return (recent or 0) >= RESETS_PER_HOUR


def reset_is_open(token: str, *, now: datetime) -> bool:
    """Whether a link would still work; it is not used up by looking."""
    return db.session.scalar(_open_reset(token, now=now)) is not None


def _open_reset(token: str, *, now: datetime) -> Select[PasswordReset]:
    return select(PasswordReset).where(
        PasswordReset.token_digest == digest_of_secret(token),
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )


def reset_password(token: str, password: str, *, now: datetime) -> None:
    """Set a new password and sign the user out everywhere. Raises LinkUsed, BadInput."""
    hashed = service.hash_password(password)
    with transaction() as session:
        reset = session.scalar(_open_reset(token, now=now).with_for_update())
        if reset is None:
            raise LinkUsed
        session.get_one(User, reset.user_id).password_hash = hashed
        # This and every other open link of the user.
        session.execute(
            update(PasswordReset)
            .where(PasswordReset.user_id == reset.user_id, PasswordReset.used_at.is_(None))
            .values(used_at=now)
        )
        sign_in.revoke_sessions(session, reset.user_id, now=now)
        workspace_id = _any_workspace(session, reset.user_id)
        if workspace_id is not None:
            service.audit(
                session, workspace_id, "password.reset", actor_user_id=reset.user_id, now=now
            )


# --- invitations ---------------------------------------------------------------------------


def invite(
    workspace_id: UUID, *, email: str, grant: Grant, actor_user_id: UUID, now: datetime
) -> UUID:
    """Offer somebody a role and mail the link; an older open offer is replaced.

    Raises BadInput, Conflict when the address is a member already.
    """
    address = service.checked_email(email)
    with transaction() as session:
        if _member_with(session, workspace_id, address):
            raise Conflict("This address is a member already.")
        _withdraw_offers(session, workspace_id, address, now=now)
        invitation = StaffInvitation(
            workspace_id=workspace_id,
            id=uuid7(),
            email_normalised=address,
            **grant.columns,
            token_digest="",
            invited_by=actor_user_id,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )
        invitation.token_digest = digest_of_secret(invitation_token(invitation.id))
        session.add(invitation)
        outbox.add(
            session, workspace_id, MAIL_KIND, invitation.id, now=now,
            detail={"about": "invitation"},
        )  # fmt: skip
        service.audit(
            session, workspace_id, "staff.invited", subject=invitation, now=now,
            actor_user_id=actor_user_id, detail=grant.told,
        )  # fmt: skip
    outbox.ring(MAIL_KIND)
    return invitation.id


def _member_with(session: Session, workspace_id: UUID, address: str) -> bool:
    found = session.scalar(
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(Membership.workspace_id == workspace_id, User.email_normalised == address)
    )
    return found is not None


def _withdraw_offers(session: Session, workspace_id: UUID, address: str, *, now: datetime) -> None:
    session.execute(
        update(StaffInvitation)
        .where(
            StaffInvitation.workspace_id == workspace_id,
            StaffInvitation.email_normalised == address,
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.expires_at > now,
        )
        .values(expires_at=now)
    )


def withdraw_invitation(
    workspace_id: UUID, invitation_id: UUID, *, actor_user_id: UUID, now: datetime
) -> None:
    """From now on the link opens nothing. Raises NotFound."""
    with transaction() as session:
        invitation = session.scalar(
            scoped(StaffInvitation, workspace_id).where(StaffInvitation.id == invitation_id)
        )
        if invitation is None:
            raise NotFound("No such invitation.")
        invitation.expires_at = min(invitation.expires_at, now)
        service.audit(
            session, workspace_id, "staff.invitation_withdrawn", subject=invitation, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation link shows. has_account: the address signs in with its password."""

    email: str
    grant: Grant
    workspace_name: str
    has_account: bool


def _open_offer(token: str, *, now: datetime) -> Select[StaffInvitation, Workspace, User | None]:
    return (
        select(StaffInvitation, Workspace, User)
        .join(Workspace, Workspace.id == StaffInvitation.workspace_id)
        .outerjoin(User, User.email_normalised == StaffInvitation.email_normalised)
        .where(
            StaffInvitation.token_digest == digest_of_secret(token),
            StaffInvitation.accepted_at.is_(None),
            StaffInvitation.expires_at > now,
        )
        .execution_options(voc_all_workspaces=True)
    )


def open_offer(token: str, *, now: datetime) -> Offer:
    """What the link offers. Raises LinkUsed."""
    row = db.session.execute(_open_offer(token, now=now)).one_or_none()
    if row is None:
        raise LinkUsed
    invitation, workspace, user = row
    return Offer(invitation.email_normalised, _grant(invitation), workspace.name, user is not None)


def _grant(row: StaffInvitation | Membership) -> Grant:
    return Grant(row.role, row.only_own_accounts)


def join(
    token: str, *, name: str, password: str, locale: str, browser: Browser, now: datetime
) -> SignedIn:
    """Accept an offer and begin a session; the password proves an existing user.

    Raises LinkUsed, BadInput (a password that is too short), sign_in.WrongSignIn, TooMany.
    """
    offer = open_offer(token, now=now)
    if offer.has_account:
        sign_in.prove_password(offer.email, password, browser=browser, now=now)
    with transaction() as session:
        row = session.execute(
            _open_offer(token, now=now).with_for_update(of=StaffInvitation)
        ).one_or_none()
        if row is None:
            raise LinkUsed
        invitation, workspace, user = row
        if user is None:
            user = service.find_or_create_user(
                session, email=invitation.email_normalised, name=name.strip(), password=password,
                locale=locale, now=now,
            )  # fmt: skip
        elif not offer.has_account:
            raise LinkUsed  # an account came into being meanwhile: the link must be opened anew
        invitation.accepted_at = now
        _add_member(session, workspace.id, user.id, _grant(invitation), now=now)
        begun = sign_in.begin_session(session, user.id, workspace.id, browser=browser, now=now)
    return SignedIn(begun, user.id, workspace.id, 1)


def _add_member(
    session: Session, workspace_id: UUID, user_id: UUID, grant: Grant, *, now: datetime
) -> None:
    member = session.get(Membership, (workspace_id, user_id))
    if member is None:
        session.add(
            Membership(workspace_id=workspace_id, user_id=user_id, **grant.columns, created_at=now)
        )
        session.flush()
    service.audit(
        session, workspace_id, "staff.joined", actor_user_id=user_id, now=now,
        detail=grant.told,
    )  # fmt: skip


# --- roles ---------------------------------------------------------------------------------


class ChangedSince(Conflict):
    """The member has another role by now than the one that is to be taken back."""


def change_role(
    workspace_id: UUID,
    user_id: UUID,
    grant: Grant,
    *,
    instead_of: Grant | None = None,
    actor_user_id: UUID,
    now: datetime,
) -> Grant:
    """Give a member a role; it holds from their next request on. Returns the one before.

    instead_of: only where this is the role they have, else ChangedSince. Raises NotFound,
    Conflict when the workspace would lose its last admin.
    """
    with transaction() as session:
        member = _locked_member(session, workspace_id, user_id)
        before = _grant(member)
        if instead_of is not None and before != instead_of:
            raise ChangedSince
        if grant.role != "admin":
            _keep_an_admin(session, workspace_id, member)
        member.role, member.only_own_accounts = grant.role, grant.only_own_accounts
        service.audit(
            session, workspace_id, "staff.role_changed", actor_user_id=actor_user_id, now=now,
            detail={"user_id": str(user_id), **grant.told},
        )  # fmt: skip
    return before


def remove_member(workspace_id: UUID, user_id: UUID, *, actor_user_id: UUID, now: datetime) -> None:
    """Take somebody out; the sessions in this workspace go with the membership.

    Raises NotFound, Conflict for the last admin.
    """
    with transaction() as session:
        member = _locked_member(session, workspace_id, user_id)
        _keep_an_admin(session, workspace_id, member)
        session.delete(member)
        service.audit(
            session, workspace_id, "staff.removed", actor_user_id=actor_user_id, now=now,
            detail={"user_id": str(user_id)},
        )  # fmt: skip


def _locked_member(session: Session, workspace_id: UUID, user_id: UUID) -> Membership:
    # The admins, too: of two who demote each other at once, the second must see the first.
    session.scalars(
        scoped(Membership, workspace_id).where(Membership.role == "admin").with_for_update()
    ).all()
    member = session.scalar(
        scoped(Membership, workspace_id).where(Membership.user_id == user_id).with_for_update()
    )
    if member is None:
        raise NotFound("No such member.")
    return member


def _keep_an_admin(session: Session, workspace_id: UUID, leaving: Membership) -> None:
    others = session.scalar(
        select(func.count()).where(
            Membership.workspace_id == workspace_id,
            Membership.role == "admin",
            Membership.user_id != leaving.user_id,
        )
    )
    if leaving.role == "admin" and not others:
        raise Conflict("A workspace keeps at least one administrator.")
