"""Reads: the answers of a selection, in its order; for a list with no more than it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from surveys.definitions import Definition
from surveys.questions import Value
from vocapp.collecting.models import Answer, Response
from vocapp.connecting.exporting.queries import NOT_ATTRIBUTES, Answers, keys_of

Batches = Callable[[], Iterator[list[UUID]]]


class SelectedAnswers(Answers):
    """Answers by id, with all that is known of them.

    batches: gives all ids, a few at a time; it is asked twice where the file needs to know
    beforehand which attributes there are, so that nothing is kept in memory.
    """

    def __init__(
        self, session: Session, workspace_id: UUID, survey_id: UUID | None, batches: Batches
    ) -> None:
        super().__init__(session, workspace_id, survey_id)
        self._ids = batches

    def _attribute_names(self) -> tuple[str, ...]:
        of_row = keys_of(self._session, Response.attributes)
        found: set[str] = set()
        for ids in self._ids():
            query = (
                select(of_row.c[0])
                .select_from(Response)
                .join(of_row, true())
                .where(Response.workspace_id == self._workspace_id, Response.id.in_(ids))
                .distinct()
            )
            found.update(self._session.scalars(query))
        return tuple(sorted(found - NOT_ATTRIBUTES))

    def _batches(self) -> Iterator[Sequence[Any]]:
        for ids in self._ids():
            rows = self._session.execute(self._rows().where(Response.id.in_(ids)))
            by_id = {row.Response.id: row for row in rows}
            yield [by_id[each] for each in ids if each in by_id]


class ChosenAnswers(SelectedAnswers):
    """The same for those who use the product: comments are redacted, and contact details and
    further open texts, which nobody has read for personal data, are left out.
    """

    def _answers(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, Value]]:
        return self._values(ids, Answer.text, Answer.personal)

    def _record(
        self,
        row: Any,
        definition: Definition,
        answers: Mapping[str, Value],
        themes: list[dict[str, Any]],
    ) -> dict[str, Any]:
        record = super()._record(row, definition, answers, themes)
        return record | {"comment": row.Analysis.redacted if row.Analysis else None}
