"""Use cases: sign in and out, sessions that can be revoked, and a brake on guessing.

A session's token is 256 random bits; the table holds its digest. It lives 30 days from its
last use (noted hourly at most), is new at every sign-in and change of workspace, and ends
when its row is revoked.

The brake counts in the database, so that it holds over all web processes: a try is noted
before the password is looked at and taken back when it was right.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from vocapp.database import snapshot, transaction, uuid7
from vocapp.problems import BadInput, NotFound, Problem, TooMany
from vocapp.signing import digest_of_secret, keyed_hash, new_secret
from vocapp.workspaces import service
from vocapp.workspaces.models import Membership, SignInAttempt, User, UserSession, Workspace

SESSION_LIFE = timedelta(days=30)
ATTEMPT_WINDOW = timedelta(minutes=15)
ATTEMPTS_BY_ADDRESS = 10
ATTEMPTS_BY_ORIGIN = 100  # an office may share one
_ATTEMPTS_KEPT = timedelta(days=1)
_USER_AGENT_CHARS = 300


class WrongSignIn(Problem):
    """No user has this address and this password; which of the two is not said."""

    status, title = 422, "Wrong e-mail or password"


class NoWorkspace(Problem):
    """The password is right, but the user is in no workspace any more."""

    status, title = 403, "No workspace"


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a request comes from."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the token goes to the browser and is kept nowhere else."""

    token: str
    user_id: UUID
    workspace_id: UUID
    workspaces: int


def sign_in(
    email: str, password: str, *, browser: Browser, replaces: str = "", now: datetime
) -> SignedIn:
    """Check the password and begin a session in the workspace used last.

    replaces: the token the browser still carries; its session ends. Raises WrongSignIn,
    NoWorkspace, TooMany.
    """
    user_id = prove_password(email, password, browser=browser, now=now)
    with transaction() as session:
        choices = _workspaces_by_use(session, user_id)
        if choices:
            _end(session, replaces, now=now)
            token = begin_session(session, user_id, choices[0], browser=browser, now=now)
    if not choices:
        raise NoWorkspace
    return SignedIn(token, user_id, choices[0], len(choices))


def prove_password(email: str, password: str, *, browser: Browser, now: datetime) -> UUID:
    """The user whom this address and password belong to. Raises WrongSignIn, TooMany."""
    address = _address(email)
    attempts = _admit(address, browser.address, now=now)
    user = _user_with_password(address, password)
    if user is None:
        raise WrongSignIn
    with transaction() as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_(attempts)))
    return user.id


def _address(email: str) -> str:
    try:
        return service.checked_email(email)
    except BadInput:
        return email.strip().casefold()[:320]  # belongs to nobody, and is counted all the same


def _admit(address: str, origin: str, *, now: datetime) -> list[UUID]:
    """Note a try for the address and for where it comes from. Raises TooMany."""
    limits = {
        keyed_hash("sign-in-address", address): ATTEMPTS_BY_ADDRESS,
        keyed_hash("sign-in-origin", origin): ATTEMPTS_BY_ORIGIN,
    }
    with transaction() as session:
        session.execute(delete(SignInAttempt).where(SignInAttempt.at < now - _ATTEMPTS_KEPT))
        for subject, limit in limits.items():
            count = session.scalar(
                select(func.count()).where(
                    SignInAttempt.subject == subject, SignInAttempt.at > now - ATTEMPT_WINDOW
                )
            )
            if (count or 0) >= limit:
                raise TooMany("Too many attempts. Wait a quarter of an hour and try again.")
        rows = [SignInAttempt(id=uuid7(), subject=subject, at=now) for subject in limits]
        session.add_all(rows)
    return [row.id for row in rows]


def _user_with_password(address: str, password: str) -> User | None:
    """Takes as long for an unknown address as for a wrong password."""
    with snapshot() as session:
        user = session.scalar(select(User).where(User.email_normalised == address))
    if user is None or user.disabled_at is not None:
        service.matches_nobody(password)
        return None
    return user if service.password_matches(user.password_hash, password) else None


def _workspaces_by_use(session: Session, user_id: UUID) -> list[UUID]:
    """Workspaces of a user, the one used last first."""
    last_used = (
        select(UserSession.workspace_id, func.max(UserSession.last_seen_at).label("at"))
        .where(UserSession.user_id == user_id)
        .group_by(UserSession.workspace_id)
        .subquery()
    )
    return list(
        session.scalars(
            select(Membership.workspace_id)
            .outerjoin(last_used, last_used.c.workspace_id == Membership.workspace_id)
            .where(Membership.user_id == user_id)
            .order_by(last_used.c.at.desc().nulls_last(), Membership.created_at)
            .execution_options(voc_all_workspaces=True)
        )
    )


def begin_session(
    session: Session, user_id: UUID, workspace_id: UUID, *, browser: Browser, now: datetime
) -> str:
    """Add a session to the caller's transaction; returns its token.

    Sessions of the user that ended long ago go.
    """
    session.execute(
        delete(UserSession)
        .where(UserSession.user_id == user_id, UserSession.expires_at < now - SESSION_LIFE)
        .execution_options(voc_all_workspaces=True)
    )
    token = new_secret()
    row = UserSession(
        id=uuid7(),
        token_digest=digest_of_secret(token),
        user_id=user_id,
        workspace_id=workspace_id,
        user_agent=browser.user_agent[:_USER_AGENT_CHARS],
        created_at=now,
        last_seen_at=now,
        expires_at=now + SESSION_LIFE,
    )
    session.add(row)
    session.flush()
    service.audit(
        session, workspace_id, "session.begun", subject=row, actor_user_id=user_id, now=now
    )
    return token


def _end(session: Session, token: str, *, now: datetime) -> None:
    if token:
        session.execute(
            update(UserSession)
            .where(
                UserSession.token_digest == digest_of_secret(token),
                UserSession.revoked_at.is_(None),
            )
            .values(revoked_at=now)
            .execution_options(voc_all_workspaces=True)
        )


def sign_out(token: str, *, now: datetime) -> None:
    """End the session of this token; without one nothing happens."""
    with transaction() as session:
        _end(session, token, now=now)


def touch_session(session_id: UUID, *, now: datetime) -> None:
    """A session in use lives on."""
    with transaction() as session:
        session.execute(
            update(UserSession)
            .where(UserSession.id == session_id, UserSession.revoked_at.is_(None))
            .values(last_seen_at=now, expires_at=now + SESSION_LIFE)
            .execution_options(voc_all_workspaces=True)
        )


def enter_workspace(
    user_id: UUID, workspace_id: UUID, *, browser: Browser, replaces: str, now: datetime
) -> str:
    """Change to another workspace of the user: a new session takes the old one's place.

    Raises NotFound for a workspace that the user is not in, as for an absent one.
    """
    with transaction() as session:
        if session.get(Membership, (workspace_id, user_id)) is None:
            raise NotFound("No such workspace.")
        _end(session, replaces, now=now)
        return begin_session(session, user_id, workspace_id, browser=browser, now=now)


def revoke_session(user_id: UUID, session_id: UUID, *, now: datetime) -> None:
    """Sign one of the user's own browsers out. Raises NotFound."""
    with transaction() as session:
        row = session.scalar(
            select(UserSession)
            .where(UserSession.id == session_id, UserSession.user_id == user_id)
            .execution_options(voc_all_workspaces=True)
        )
        if row is None:
            raise NotFound("No such session.")
        row.revoked_at = row.revoked_at or now
        service.audit(
            session, row.workspace_id, "session.revoked", subject=row, actor_user_id=user_id,
            now=now,
        )  # fmt: skip


def revoke_sessions(
    session: Session, user_id: UUID, *, now: datetime, keep: UUID | None = None
) -> None:
    """Sign a user out everywhere, in the caller's transaction; one session may stay."""
    chosen = update(UserSession).where(
        UserSession.user_id == user_id, UserSession.revoked_at.is_(None)
    )
    if keep is not None:
        chosen = chosen.where(UserSession.id != keep)
    session.execute(chosen.values(revoked_at=now).execution_options(voc_all_workspaces=True))


# --- a user's own settings ---------------------------------------------------------------


def choose_language(user_id: UUID, locale: str) -> None:
    """The language of the interface for this person. Raises BadInput."""
    if locale not in service.LOCALES:
        raise BadInput.of("language", f"one of {', '.join(service.LOCALES)}")
    with transaction() as session:
        session.get_one(User, user_id).locale = locale


def rename_user(user_id: UUID, name: str) -> None:
    """Change the name shown to colleagues. Raises BadInput."""
    if not name.strip() or len(name) > 200:
        raise BadInput.of("name", "needs 1 to 200 characters")
    with transaction() as session:
        session.get_one(User, user_id).name = name.strip()


def change_password(
    user_id: UUID, *, current: str, new: str, keep_session: UUID, now: datetime
) -> None:
    """Replace the password; every other browser is signed out. Raises BadInput."""
    with snapshot() as session:
        user = session.get_one(User, user_id)
    if not service.password_matches(user.password_hash, current):
        raise BadInput.of("current", "not the current password")
    hashed = service.hash_password(new)
    with transaction() as session:
        session.get_one(User, user_id).password_hash = hashed
        revoke_sessions(session, user_id, keep=keep_session, now=now)


# --- the demo ------------------------------------------------------------------------------


def join_demo(user_id: UUID, role: str, *, now: datetime) -> UUID:
    """Make the user a member of the demo workspace and return its id. Raises NotFound.

    Its data are invented. Nobody becomes its admin this way, so that colleagues of other
    workspaces do not see one another in its settings.
    """
    with transaction() as session:
        demo = session.scalar(
            select(Workspace.id).where(Workspace.is_demo).order_by(Workspace.created_at).limit(1)
        )
        if demo is None:
            raise NotFound("There is no demo workspace here.")
        if session.get(Membership, (demo, user_id)) is None:
            role = "success" if role == "admin" else role
            session.add(Membership(workspace_id=demo, user_id=user_id, role=role, created_at=now))
    return demo
