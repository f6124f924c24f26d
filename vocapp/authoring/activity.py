"""How much a survey is answered: known further along, told here by whoever knows.

Responses belong to a later package, which registers its counts; the pages of surveys show them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from surveys.survey_diff import Given

AnswersSince = Callable[[UUID, datetime], Mapping[UUID, int]]
AnswersByVersion = Callable[[UUID, UUID], Mapping[int, int]]
AnswersGiven = Callable[[UUID, UUID], Given]


@dataclass(slots=True)
class _Known:
    count: AnswersSince | None = None
    by_version: AnswersByVersion | None = None
    given: AnswersGiven | None = None


_known = _Known()


def register_activity(count: AnswersSince) -> None:
    """Say who counts: `count(workspace_id, since)` gives survey → answers since then."""
    _known.count = count


def answers_since(workspace_id: UUID, since: datetime) -> Mapping[UUID, int]:
    """Survey → answers given since an instant; surveys without any are left out."""
    return _known.count(workspace_id, since) if _known.count else {}


def register_answers(by_version: AnswersByVersion, given: AnswersGiven) -> None:
    """Say who counts the answers of one survey: (workspace_id, survey_id) → by its versions, and
    by its questions and their options."""
    _known.by_version, _known.given = by_version, given


def answers_by_version(workspace_id: UUID, survey_id: UUID) -> Mapping[int, int]:
    """Version → answers given to it; versions without any are left out."""
    return _known.by_version(workspace_id, survey_id) if _known.by_version else {}


def answers_given(workspace_id: UUID, survey_id: UUID) -> Given:
    """Answers by question and option, as far as they are known."""
    return _known.given(workspace_id, survey_id) if _known.given else Given({}, {}, is_all=False)
