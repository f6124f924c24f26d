"""How far a reader sees: over the whole workspace, or no further than accounts of their own.

Worked out here and nowhere else, and handed to queries and use cases as a value: none of them
has a default, so that a caller has to say for whom it asks.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class WholeWorkspace:
    """Everything of the workspace: most people, and machines, whose keys are the workspace's."""


@dataclass(frozen=True, slots=True)
class OwnAccounts:
    """The accounts that this user looks after now, as the owner or as one of the team (account
    manager, support), and the cases of these or given to the user."""

    user_id: UUID


Reach = WholeWorkspace | OwnAccounts

WHOLE_WORKSPACE = WholeWorkspace()


def reach_of(user_id: UUID, *, only_own_accounts: bool) -> Reach:
    """What a member sees.

    >>> reach_of(UUID(int=1), only_own_accounts=False)
    WholeWorkspace()
    >>> reach_of(UUID(int=1), only_own_accounts=True).user_id.int
    1
    """
    return OwnAccounts(user_id) if only_own_accounts else WHOLE_WORKSPACE
