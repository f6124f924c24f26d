"""Use cases: create a workspace, its people and its keys."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.database import scoped, transaction, uuid7
from vocapp.problems import BadInput, FieldError, NotFound
from vocapp.signing import digest_of_secret, new_secret
from vocapp.workspaces.models import ApiKey, AuditEntry, Membership, User, Workspace

LOCALES = ("en", "ja")
MIN_PASSWORD_LENGTH = 10
_hasher = PasswordHasher()


@dataclass(frozen=True, slots=True)
class NewWorkspace:
    workspace_id: UUID
    user_id: UUID
    email: str
    secret_key: str
    public_key: str


def create_workspace(
    *,
    name: str,
    email: str,
    password: str,
    now: datetime,
    locale: str = "en",
    time_zone: str = "UTC",
    is_demo: bool = False,
) -> NewWorkspace:
    """Create a workspace with an admin and a secret and a public key.

    An e-mail that already has a user joins with its existing password. Raises BadInput
    naming every wrong field.
    """
    normalised = checked_email(email)
    _check_workspace(name=name, locale=locale, time_zone=time_zone)
    with transaction() as session:
        workspace = Workspace(
            id=uuid7(),
            name=name.strip(),
            locale=locale,
            time_zone=time_zone,
            is_demo=is_demo,
            created_at=now,
        )
        session.add(workspace)
        user = find_or_create_user(
            session, email=normalised, name="", password=password, locale=locale, now=now
        )
        session.add(
            Membership(workspace_id=workspace.id, user_id=user.id, role="admin", created_at=now)
        )
        session.flush()
        secret = _add_secret_key(session, workspace.id, name="First key", now=now)
        public = _add_public_key(session, workspace.id, name="Widget", now=now)
        audit(session, workspace.id, "workspace.created", subject=workspace, now=now)
    return NewWorkspace(workspace.id, user.id, user.email, secret, public)


def _check_workspace(*, name: str, locale: str, time_zone: str) -> None:
    errors = []
    if not name.strip() or len(name) > 200:
        errors.append(FieldError("name", "needs 1 to 200 characters"))
    if locale not in LOCALES:
        errors.append(FieldError("locale", f"one of {', '.join(LOCALES)}, got {locale!r}"))
    if not is_time_zone(time_zone):
        message = f"an IANA zone such as Asia/Tokyo, got {time_zone!r}"
        errors.append(FieldError("time_zone", message))
    if errors:
        raise BadInput(*errors)


def is_time_zone(name: str) -> bool:
    """Whether this is an IANA zone name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return bool(name)


def checked_email(email: str) -> str:
    """The address in one form to compare by; raises BadInput."""
    try:
        found = validate_email(
            email.strip(),
            check_deliverability=False,
            allow_quoted_local=True,
            test_environment=True,
        )
    except EmailNotValidError as exc:
        raise BadInput.of("email", f"not an e-mail address: {exc}") from exc
    return found.normalized.casefold()


def hash_password(password: str) -> str:
    """Argon2id hash; raises BadInput on a password that is too short."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise BadInput.of("password", f"at least {MIN_PASSWORD_LENGTH} characters")
    if len(password) > 1000:
        raise BadInput.of("password", "at most 1000 characters")
    return _hasher.hash(password)


def password_matches(password_hash: str, password: str) -> bool:
    """Whether the password belongs to the hash; a broken hash matches nothing."""
    try:
        return _hasher.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False


def matches_nobody(password: str) -> bool:
    """Spend the time of a check where there is no user, so that the answer tells nothing."""
    return password_matches(_nobodys_hash(_hasher), password) and False


@lru_cache(maxsize=4)
def _nobodys_hash(hasher: PasswordHasher) -> str:
    return hasher.hash(new_secret())


def find_or_create_user(
    session: Session, *, email: str, name: str, password: str, locale: str, now: datetime
) -> User:
    """The user of a normalised address; created with the password when new."""
    user = session.scalar(select(User).where(User.email_normalised == email))
    if user is None:
        user = User(
            id=uuid7(),
            email=email,
            email_normalised=email,
            name=name or email.split("@")[0],
            password_hash=hash_password(password),
            locale=locale,
            created_at=now,
        )
        session.add(user)
        session.flush()
    return user


# --- keys -------------------------------------------------------------------------------


def create_api_key(
    workspace_id: UUID, *, kind: str, name: str, actor_user_id: UUID | None, now: datetime
) -> str:
    """Create a key and return it; a secret is shown this once and stored as a hash."""
    with transaction() as session:
        make = _add_secret_key if kind == "secret" else _add_public_key
        key = make(session, workspace_id, name=name, now=now)
        audit(
            session,
            workspace_id,
            "api_key.created",
            now=now,
            actor_user_id=actor_user_id,
            detail={"kind": kind},
        )
    return key


def revoke_api_key(
    workspace_id: UUID, key_id: UUID, *, actor_user_id: UUID | None, now: datetime
) -> None:
    """From now on the key opens nothing. Raises NotFound."""
    with transaction() as session:
        key = session.scalar(scoped(ApiKey, workspace_id).where(ApiKey.id == key_id))
        if key is None:
            raise NotFound("No such key.")
        key.revoked_at = key.revoked_at or now
        audit(
            session, workspace_id, "api_key.revoked", subject=key, now=now,
            actor_user_id=actor_user_id,
        )  # fmt: skip


def _add_secret_key(session: Session, workspace_id: UUID, *, name: str, now: datetime) -> str:
    secret = new_secret("voc_sk_")
    session.add(
        ApiKey(
            workspace_id=workspace_id,
            kind="secret",
            name=name,
            prefix=secret[:12],
            token_digest=digest_of_secret(secret),
            created_at=now,
        )
    )
    return secret


def _add_public_key(session: Session, workspace_id: UUID, *, name: str, now: datetime) -> str:
    public = "voc_pk_" + secrets.token_urlsafe(18)
    session.add(
        ApiKey(
            workspace_id=workspace_id,
            kind="public",
            name=name,
            prefix=public[:12],
            token_digest=digest_of_secret(public),
            public_value=public,
            created_at=now,
        )
    )
    return public


# --- settings ---------------------------------------------------------------------------


def update_workspace(
    workspace_id: UUID,
    changes: dict[str, Any],
    *,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> None:
    """Change name, locale, time_zone or allowed_origins. Raises BadInput."""
    with transaction() as session:
        workspace = session.get_one(Workspace, workspace_id)
        merged = {
            field: changes.get(field, getattr(workspace, field))
            for field in ("name", "locale", "time_zone")
        }
        _check_workspace(**merged)
        if merged["time_zone"] != workspace.time_zone:
            # Local days have other borders: whoever counts by them has to begin anew.
            for kind in ("recount", "theme_days"):
                outbox.add(session, workspace_id, kind, workspace_id, now=now)
        for field, value in merged.items():
            setattr(workspace, field, value)
        if "allowed_origins" in changes:
            workspace.allowed_origins = [checked_origin(o) for o in changes["allowed_origins"]]
        audit(
            session,
            workspace_id,
            "workspace.changed",
            subject=workspace,
            now=now,
            actor_user_id=actor_user_id,
            detail={"fields": sorted(changes)},
        )


def checked_origin(origin: str) -> str:
    """An origin as browsers send it (scheme://host[:port]); raises BadInput.

    >>> checked_origin("https://Shop.example.com/")
    'https://shop.example.com'
    """
    parts = urlsplit(origin.strip().rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query:
        raise BadInput.of(
            "allowed_origins", f"expected an origin such as https://example.com, got {origin!r}"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


# --- audit ------------------------------------------------------------------------------


def audit(
    session: Session,
    workspace_id: UUID,
    action: str,
    *,
    now: datetime,
    subject: Any = None,
    actor_user_id: UUID | None = None,
    actor: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Note in the caller's transaction who did what; ids and field names only."""
    session.add(
        AuditEntry(
            workspace_id=workspace_id,
            at=now,
            actor_user_id=actor_user_id,
            actor=actor or ("user" if actor_user_id else "system"),
            action=action,
            subject_type=subject.__tablename__ if subject is not None else "",
            subject_id=str(subject.id) if subject is not None else "",
            detail=detail or {},
        )
    )


def touch_api_key(key_id: UUID, workspace_id: UUID, *, now: datetime) -> None:
    """Remember that a key is in use (to the hour: not a write a request)."""
    with transaction() as session:
        session.execute(
            update(ApiKey)
            .where(ApiKey.workspace_id == workspace_id, ApiKey.id == key_id)
            .values(last_used_at=now)
        )
