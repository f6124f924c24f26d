"""What is asked of a survey's scores, and what it is asked of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

import numpy as np
from sqlalchemy.orm import Session

from surveys.attributes import Reportables
from surveys.filters import Filter, attributes_of
from surveys.questions import scale_of
from vocapp.authoring.queries import SurveySummary
from vocapp.measuring import filtering
from vocapp.measuring.attributes import free_columns_tell, from_stored
from vocapp.measuring.models import CellState

Interval = Literal["day", "week", "month", "quarter"]
Basis = Literal["responses", "people", "accounts"]
Segment = tuple[str | None, ...]
Histogram = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked of a survey. Days are local and half-open: since <= day < until."""

    by: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    interval: Interval = "month"
    min_n: int = 1
    basis: Basis = "responses"
    filter: Filter | None = None
    today: datetime | None = None  # facts as they are at this moment, not as they were then

    @property
    def attributes(self) -> set[str]:
        """All attributes that are asked for."""
        return {*self.by, *(attributes_of(self.filter) if self.filter else ())}


@dataclass(slots=True)
class Source:
    """Where an answer is read from; `state` is None before anything was counted."""

    session: Session
    survey: SurveySummary
    question_id: UUID
    state: CellState | None
    zone: str

    @property
    def size(self) -> int:
        return len(scale_of(self.survey.kind) or ())

    @property
    def reportable(self) -> Reportables:
        """The attributes that the cells which are read now were counted with."""
        return from_stored(self.state.attributes if self.state else None)

    def needs_scan(self, ask: Ask) -> bool:
        """Whether neither cells nor columns can answer it."""
        known = {item.name for item in self.reportable}
        if ask.today or not known.issuperset(ask.attributes):
            return True
        if ask.filter is None or self.state is None:
            return False
        return not filtering.cells_can_tell(self.session, self.state, ask.filter)

    def columns_tell(self, ask: Ask) -> bool:
        """Whether columns can answer what needs a scan by name: free attributes have some, too.

        They hold what is counted, as cells do, where a scan of rows reads what is stored.
        """
        state = self.state
        if state is None or ask.today:
            return False
        known = {item.name for item in self.reportable}
        free = sorted(ask.attributes - known)
        if not free_columns_tell(self.session, state.workspace_id, state.generation, free):
            return False
        return ask.filter is None or filtering.cells_can_tell(self.session, state, ask.filter)
