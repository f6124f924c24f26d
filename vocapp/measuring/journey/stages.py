"""Which surveys ask the five A's, and which of their answers are at which stage.

The page counts, and the list behind each of its numbers finds, by the same conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, true
from sqlalchemy.orm import Session

from surveys.journey import STAGES
from surveys.journey_survey import ASKS, means
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import Answer, Response
from vocapp.database import scoped

ASKED = "asked"  # everybody who answered, also who does not know the brand
PLACES = (ASKED, *STAGES)
_MOST_BRANDS = 20


@dataclass(frozen=True, slots=True)
class Stages:
    """The questions of a survey that tell the stages; questions: stage → question."""

    questions: Mapping[str, UUID]

    def is_at(self, place: str) -> ColumnElement[bool]:
        """Whether a response (of an outer statement) is at a stage; `asked` always is.

        Who is at a later stage knows the brand, whatever was said of that.
        """
        if place == ASKED:
            return true()
        if place == "aware":
            return or_(*map(self.says, STAGES))
        return self.says(place)

    def are_at(self, places: Iterable[str], without: Iterable[str]) -> ColumnElement[bool]:
        """At all of the first, and at none of the others."""
        return and_(true(), *map(self.is_at, places), *(~self.is_at(each) for each in without))

    def says(self, stage: str) -> ColumnElement[bool]:
        """Whether the answer to this question itself puts somebody at the stage."""
        column = Answer.number if ASKS[stage] == "nps" else Answer.option
        return exists().where(
            Answer.workspace_id == Response.workspace_id,
            Answer.response_id == Response.id,
            Answer.question_id == self.questions[stage],
            column.in_(means(stage)),
        )


def stages_asked(session: Session, workspace_id: UUID, survey_id: UUID) -> Stages | None:
    """None for a survey that does not ask all five."""
    rows = session.scalars(scoped(Question, workspace_id).where(Question.survey_id == survey_id))
    return _stages(rows)


def brands_asked(session: Session, workspace_id: UUID) -> list[tuple[Survey, Stages]]:
    """The surveys that ask the five A's, the newest first; not confidential ones."""
    advocate = (
        scoped(Question, workspace_id)
        .where(Question.key == "advocate", Question.kind == ASKS["advocate"])
        .with_only_columns(Question.survey_id)
    )
    surveys = session.scalars(
        scoped(Survey, workspace_id)
        .where(Survey.id.in_(advocate), Survey.confidential.is_(False))
        .order_by(Survey.id.desc())
        .limit(_MOST_BRANDS)
    ).all()
    found = [(survey, stages_asked(session, workspace_id, survey.id)) for survey in surveys]
    return [(survey, stages) for survey, stages in found if stages is not None]


def _stages(questions: Iterable[Question]) -> Stages | None:
    found = {each.key: each.id for each in questions if ASKS.get(each.key) == each.kind}
    return Stages(found) if len(found) == len(ASKS) else None
