"""Tokens that take an action back: for who did it, where, and for ten minutes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from vocapp.problems import Conflict
from vocapp.signing import BadToken, sign_timed, unsign_timed

UNDO_S = 600


def undo_token(of: str, workspace_id: UUID, user_id: UUID, **told: Any) -> str:
    """A token for this person alone. of: what kind of action; told: what takes it back, as JSON."""
    return sign_timed("undo", _whose(of, workspace_id, user_id) | told)


def read_undo(token: str, of: str, workspace_id: UUID, user_id: UUID, **same: Any) -> Any:
    """What was told. Raises Conflict: it is too late, it was another's, of another kind, or what
    was told is not the `same`.
    """
    try:
        told = unsign_timed("undo", token, max_age_s=UNDO_S)
    except BadToken as exc:
        raise Conflict("It is too late to undo this.") from exc
    mine = _whose(of, workspace_id, user_id) | same
    if any(told.get(name) != value for name, value in mine.items()):
        raise Conflict("This was not yours to undo.")
    return told


def _whose(of: str, workspace_id: UUID, user_id: UUID) -> dict[str, Any]:
    return {"of": of, "workspace": workspace_id.hex, "user": user_id.hex}
