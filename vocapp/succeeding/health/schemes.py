"""Which weights and bands count in a workspace: versions, and taking the last change back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.health import Weights
from surveys.health_schemes import Scheme
from vocapp import outbox
from vocapp.database import scoped, transaction
from vocapp.people.health_changes import HEALTH_DAILY
from vocapp.problems import Conflict, NotFound
from vocapp.succeeding.health.models import HealthScheme
from vocapp.undo_tokens import read_undo, undo_token
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

_UNDO = "health_scheme"
Basis = Literal["learnt", "initial", "restored", "own"]


def scheme_in_force(session: Session, workspace_id: UUID) -> Scheme:
    """The last version; the weights of the product where nobody changed them."""
    last = _last(session, workspace_id)
    return Scheme() if last is None else Scheme.from_json(last.scheme)


def versions(session: Session, workspace_id: UUID, *, limit: int = 100) -> Sequence[HealthScheme]:
    """The newest first."""
    rows = scoped(HealthScheme, workspace_id).order_by(HealthScheme.number.desc()).limit(limit)
    return session.scalars(rows).all()


def use_learnt(
    workspace_id: UUID, weights: Weights, *, actor_user_id: UUID, now: datetime
) -> str | None:
    """Let learnt weights count for all accounts, bands as they are; a token that takes it back,
    None where they count already."""
    with transaction() as session:
        _lock(session, workspace_id)
        before = scheme_in_force(session, workspace_id)
        after = Scheme(weights, bands=before.bands)
        return _change(session, workspace_id, after, "learnt", actor_user_id, now)


def use_initial(workspace_id: UUID, *, actor_user_id: UUID, now: datetime) -> str | None:
    """Let the weights of the product count again for all; as `use_learnt`."""
    with transaction() as session:
        _lock(session, workspace_id)
        bands = scheme_in_force(session, workspace_id).bands
        after = Scheme(bands=bands)
        return _change(session, workspace_id, after, "initial", actor_user_id, now)


def use_own(
    workspace_id: UUID, scheme: Scheme, *, why: str, base: int, actor_user_id: UUID, now: datetime
) -> str | None:
    """Let weights that somebody set count; as `use_learnt`. base: the number of the version that
    they were looking at, 0 for none. Raises Conflict where it is no longer the last."""
    with transaction() as session:
        _lock(session, workspace_id)
        if number_of(session, workspace_id) != base:
            raise Conflict("The weights were changed since.")
        return _change(session, workspace_id, scheme, "own", actor_user_id, now, why=why)


def put_back(workspace_id: UUID, number: int, *, actor_user_id: UUID, now: datetime) -> str | None:
    """Let an earlier version count again; as `use_learnt`. Raises NotFound."""
    with transaction() as session:
        _lock(session, workspace_id)
        row = session.get(HealthScheme, (workspace_id, number))
        if row is None:
            raise NotFound("No such version.")
        scheme = Scheme.from_json(row.scheme)
        return _change(session, workspace_id, scheme, "restored", actor_user_id, now, why=row.why)


def number_of(session: Session, workspace_id: UUID) -> int:
    """The number of the version that counts; 0 where nobody changed the weights."""
    last = _last(session, workspace_id)
    return last.number if last else 0


def undo(workspace_id: UUID, token: str, *, actor_user_id: UUID, now: datetime) -> None:
    """Let what counted before count again. Raises Conflict: too late, or changed since."""
    told = read_undo(token, _UNDO, workspace_id, actor_user_id)
    with transaction() as session:
        _lock(session, workspace_id)
        known = versions(session, workspace_id)
        if not known or known[0].number != told["number"]:
            raise Conflict("The weights were changed since.")
        before = Scheme.from_json(known[1].scheme) if len(known) > 1 else Scheme()
        _change(session, workspace_id, before, "restored", actor_user_id, now)


def _lock(session: Session, workspace_id: UUID) -> None:
    """One change waits for another."""
    session.scalars(
        select(Workspace.id).where(Workspace.id == workspace_id).with_for_update()
    ).one()


def _last(session: Session, workspace_id: UUID) -> HealthScheme | None:
    found: HealthScheme | None = session.scalar(
        scoped(HealthScheme, workspace_id).order_by(HealthScheme.number.desc()).limit(1)
    )
    return found


def _change(
    session: Session,
    workspace_id: UUID,
    scheme: Scheme,
    basis: Basis,
    actor_user_id: UUID,
    now: datetime,
    *,
    why: str | None = None,
) -> str | None:
    """Write the next version, and have all accounts worked out anew."""
    if scheme == scheme_in_force(session, workspace_id):
        return None
    last = _last(session, workspace_id)
    number = last.number + 1 if last else 1
    session.add(
        HealthScheme(
            workspace_id=workspace_id, number=number, at=now, actor_user_id=actor_user_id,
            basis=basis, scheme=scheme.as_json(), why=why or None,
        )
    )  # fmt: skip
    outbox.ask_now(
        session, workspace_id, HEALTH_DAILY, workspace_id, now=now, detail={},
        priority=outbox.BACKLOG,
    )  # fmt: skip
    audit(
        session, workspace_id, "health_scheme.changed", actor_user_id=actor_user_id, now=now,
        detail={"number": number, "basis": basis},
    )  # fmt: skip
    return undo_token(_UNDO, workspace_id, actor_user_id, number=number)
