"""What stands beside a case of its customer, told by whoever knows more of an account.

Health, goals and planned contacts belong to a later package, which registers how it tells them;
the page of a case has it for readers who may open the account.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Glance:
    """template: of the teller's own package; it gets the values as `glance`."""

    template: str
    values: Mapping[str, Any]


Look = Callable[[UUID, UUID, datetime], Glance]


@dataclass(slots=True)
class _Known:
    look: Look | None = None


_known = _Known()


def register_look(look: Look) -> None:
    """Say who tells: `look(workspace_id, account_id, now)`."""
    _known.look = look


def glance_at(workspace_id: UUID, account_id: UUID, *, now: datetime) -> Glance | None:
    """The account at a glance; None where nobody tells."""
    return _known.look(workspace_id, account_id, now) if _known.look else None
