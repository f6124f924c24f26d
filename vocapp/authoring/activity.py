"""How much a survey is answered: known further along, told here by whoever knows.

Responses belong to a later package, which registers a count; the list of surveys shows it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

AnswersSince = Callable[[UUID, datetime], Mapping[UUID, int]]


@dataclass(slots=True)
class _Known:
    count: AnswersSince | None = None


_known = _Known()


def register_activity(count: AnswersSince) -> None:
    """Say who counts: `count(workspace_id, since)` gives survey → answers since then."""
    _known.count = count


def answers_since(workspace_id: UUID, since: datetime) -> Mapping[UUID, int]:
    """Survey → answers given since an instant; surveys without any are left out."""
    return _known.count(workspace_id, since) if _known.count else {}
