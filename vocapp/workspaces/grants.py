"""What a member is given: a role, and whether it ends at accounts of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vocapp.problems import BadInput
from vocapp.workspaces.models import ROLES


@dataclass(frozen=True, slots=True)
class Grant:
    """A role as an administrator gives it. only_own_accounts: only with the role `success`."""

    role: str
    only_own_accounts: bool = False

    @property
    def key(self) -> str:
        """Its name in forms and links; the counterpart of `grant_of`."""
        return f"{self.role}_own" if self.only_own_accounts else self.role

    @property
    def columns(self) -> dict[str, Any]:
        """As memberships and invitations keep it."""
        return {"role": self.role, "only_own_accounts": self.only_own_accounts}

    @property
    def told(self) -> dict[str, Any]:
        """As the audit log tells it."""
        limit = {"only_own_accounts": True} if self.only_own_accounts else {}
        return {"role": self.role, **limit}


_GRANTS = {
    grant.key: grant for grant in (*map(Grant, ROLES), Grant("success", only_own_accounts=True))
}


def grant_of(key: str) -> Grant:
    """The grant of this name. Raises BadInput.

    >>> grant_of("success_own")
    Grant(role='success', only_own_accounts=True)
    """
    if key not in _GRANTS:
        raise BadInput.of("role", f"one of {', '.join(_GRANTS)}, got {key!r}")
    return _GRANTS[key]
