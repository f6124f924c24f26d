"""Who may call a route: said at its definition, enforced in one place, denied by default.

    @bp.get("/surveys")
    @signed_in("admin", "product")       # pages
    @signed_in(within_own_accounts=True) # pages that narrow what they show to the reader's reach
    @api.post("/surveys")
    @machine()                           # secret key
    @anyone                              # public pages; says so

A view without one of these answers 500 in every request, and a test walks all routes. A member
who is limited to own accounts opens only what says that it keeps to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from flask import Flask, after_this_request, current_app, g, redirect, request, url_for
from sqlalchemy import bindparam, select
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from vocapp.database import utcnow
from vocapp.extensions import db
from vocapp.problems import Forbidden, Problem, Unauthorized
from vocapp.signing import digest_of_secret
from vocapp.translating import lazy_gettext as _l
from vocapp.workspaces import service, sign_in
from vocapp.workspaces.models import (
    ROLES,
    ApiKey,
    Membership,
    User,
    UserSession,
    Workspace,
)
from vocapp.workspaces.reach import Reach, reach_of

F = TypeVar("F", bound=Callable[..., Any])
COOKIE = "voc_session"
_TOUCH_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class CurrentWorkspace:
    """The tenant of this request, as plain values."""

    id: UUID
    name: str
    locale: str
    time_zone: str
    allowed_origins: tuple[str, ...]
    is_demo: bool

    @classmethod
    def of(cls, row: Workspace) -> CurrentWorkspace:
        return cls(
            row.id, row.name, row.locale, row.time_zone, tuple(row.allowed_origins), row.is_demo
        )


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """The person of this request, with the role in the current workspace."""

    id: UUID
    name: str
    email: str
    locale: str
    role: str
    only_own_accounts: bool
    session_id: UUID

    @property
    def reach(self) -> Reach:
        """What queries and use cases may show and change for this person."""
        return reach_of(self.id, only_own_accounts=self.only_own_accounts)


class OutsideOwnAccounts(Forbidden):
    """The page tells of accounts of others, and this member sees only their own."""

    for_people = (
        _l("This page is not open to you"),
        _l(
            "You see only the accounts that you look after, and this page tells of others, too. "
            "An administrator can change that."
        ),
    )


@dataclass(frozen=True, slots=True)
class _Access:
    kind: str  # "user" | "machine" | "anyone"
    roles: tuple[str, ...] = ()
    within_own_accounts: bool = False

    def opens_to_role(self, role: str) -> bool:
        return role == "admin" or not self.roles or role in self.roles

    def opens_to(self, user: CurrentUser) -> bool:
        """Whether this person may call the route: by role, and by the limit if they have one."""
        return self.opens_to_role(user.role) and (
            self.within_own_accounts or not user.only_own_accounts
        )


def signed_in(*roles: str, within_own_accounts: bool = False) -> Callable[[F], F]:
    """A page for people; with roles, only for those (an admin may always).

    within_own_accounts: the view hands `current_user.reach` to whatever it reads or changes, or
    shows nothing of any account. Without it a member who is limited to own accounts is refused.
    """
    unknown = set(roles) - set(ROLES)
    if unknown:
        raise ValueError(f"unknown roles: {sorted(unknown)}")
    return _mark(_Access("user", roles, within_own_accounts))


def machine() -> Callable[[F], F]:
    """A route for the secret key."""
    return _mark(_Access("machine"))


def anyone(view: F) -> F:
    """A public route: it authenticates what it needs itself."""
    return _mark(_Access("anyone"))(view)


def _mark(access: _Access) -> Callable[[F], F]:
    def decorate(view: F) -> F:
        view.__voc_access__ = access  # type: ignore[attr-defined]
        return view

    return decorate


def access_of(app: Flask, endpoint: str) -> _Access | None:
    """What a route's definition says; static files are for anyone."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return _Access("anyone")
    return getattr(app.view_functions[endpoint], "__voc_access__", None)


def _the_workspace() -> CurrentWorkspace:
    found: CurrentWorkspace = g.workspace
    return found


def _the_user() -> CurrentUser:
    found: CurrentUser = g.user
    return found


current_workspace: CurrentWorkspace = LocalProxy(_the_workspace)  # type: ignore[assignment]
current_user: CurrentUser = LocalProxy(_the_user)  # type: ignore[assignment]


def init_app(app: Flask) -> None:
    app.before_request(_enforce)


def _enforce() -> Any:
    """Before every view: find out who calls, and whether they may."""
    g.workspace = g.user = None
    if request.endpoint is None:
        return None  # 404 or 405, formatted elsewhere
    access = access_of(current_app, request.endpoint)
    if access is None:
        raise Problem(f"route {request.endpoint} does not say who may call it")
    if access.kind == "machine":
        _authenticate_machine()
        return None
    if request.endpoint.endswith(".static"):
        return None
    if access.kind == "user" or cookie_name() in request.cookies:
        _authenticate_user()
    if access.kind == "user":
        if g.user is None:
            return redirect(url_for("workspaces.sign_in", next=_here()))
        if not access.opens_to_role(g.user.role):
            raise Forbidden("Your role in this workspace does not open this page.")
        if not access.opens_to(g.user):
            raise OutsideOwnAccounts("You are limited to the accounts that you look after.")
    return None


def _here() -> str:
    """This page as a local address, for coming back after signing in."""
    if request.method != "GET":
        return "/"
    return request.full_path.rstrip("?")


def is_local_path(target: str) -> bool:
    """Whether a redirect target stays on this site.

    >>> [is_local_path(t) for t in ("/surveys", "//evil", "/\\\\evil", "https:evil", "/a\\tb")]
    [True, False, False, False, False]
    """
    if not target.startswith("/") or target.startswith(("//", "/\\")):
        return False
    if any(ord(ch) < 0x21 or ch == "\\" for ch in target):
        return False
    parts = urlsplit(target)
    return not parts.scheme and not parts.netloc


def _authenticate_machine() -> None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthorized("Send the secret key: Authorization: Bearer <secret_key>.")
    authenticate_key(secret.strip())


_OF_KEY = (
    select(ApiKey, Workspace)
    .join(Workspace, Workspace.id == ApiKey.workspace_id)
    .where(
        ApiKey.token_digest == bindparam("digest"),
        ApiKey.kind == "secret",
        ApiKey.revoked_at.is_(None),
    )
    .execution_options(voc_all_workspaces=True)
)


def authenticate_key(secret: str) -> None:
    """Set the workspace of a secret key; raises Unauthorized."""
    row = db.session.execute(_OF_KEY, {"digest": digest_of_secret(secret)}).one_or_none()
    if row is None:
        raise Unauthorized("Unknown or revoked key.")
    key, workspace = row
    g.workspace = CurrentWorkspace.of(workspace)
    now = utcnow()
    if key.last_used_at is None or now - key.last_used_at > _TOUCH_EVERY:
        service.touch_api_key(key.id, key.workspace_id, now=now)


def workspace_of_public_key(public_key: str) -> CurrentWorkspace | None:
    """The workspace that a public key names, or None."""
    row = db.session.scalar(
        select(Workspace)
        .join(ApiKey, ApiKey.workspace_id == Workspace.id)
        .where(
            ApiKey.token_digest == digest_of_secret(public_key),
            ApiKey.kind == "public",
            ApiKey.revoked_at.is_(None),
        )
        .execution_options(voc_all_workspaces=True)
    )
    return CurrentWorkspace.of(row) if row else None


_OF_SESSION = (
    select(UserSession, User, Workspace, Membership.role, Membership.only_own_accounts)
    .join(User, User.id == UserSession.user_id)
    .join(Workspace, Workspace.id == UserSession.workspace_id)
    .join(
        Membership,
        (Membership.workspace_id == UserSession.workspace_id)
        & (Membership.user_id == UserSession.user_id),
    )
    .where(
        UserSession.token_digest == bindparam("digest"),
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > bindparam("now"),
        User.disabled_at.is_(None),
    )
    .execution_options(voc_all_workspaces=True)
)


def _authenticate_user() -> None:
    token = request.cookies.get(cookie_name(), "")
    if not token:
        return
    row = db.session.execute(
        _OF_SESSION, {"digest": digest_of_secret(token), "now": utcnow()}
    ).one_or_none()
    if row is None:
        return
    session, user, workspace, role, limited = row
    g.workspace = CurrentWorkspace.of(workspace)
    g.user = CurrentUser(user.id, user.name, user.email, user.locale, role, limited, session.id)
    now = utcnow()
    if now - session.last_seen_at > _TOUCH_EVERY:
        sign_in.touch_session(session.id, now=now)

        @after_this_request
        def _slide(response: Response) -> Response:
            if not any(cookie_name() in value for value in response.headers.getlist("Set-Cookie")):
                set_session_cookie(response, token)
            return response


# --- the cookie of a signed-in browser ---------------------------------------------------


def cookie_name() -> str:
    """On https with the prefix that binds a cookie to this host (RFC 6265bis, 4.1.3.2)."""
    return f"__Host-{COOKIE}" if current_app.config["SETTINGS"].is_https else COOKIE


def set_session_cookie(response: Response, token: str) -> None:
    """Keep a session's token in the browser, for as long as the session lasts unused."""
    response.set_cookie(
        cookie_name(),
        token,
        max_age=sign_in.SESSION_LIFE,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SETTINGS"].is_https,
    )


def clear_session_cookie(response: Response) -> None:
    response.delete_cookie(
        cookie_name(),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SETTINGS"].is_https,
    )
