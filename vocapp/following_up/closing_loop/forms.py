"""What the address of the closed loop may ask."""

from __future__ import annotations

from typing import Any

from wtforms import StringField, ValidationError

from vocapp.measuring.forms import PeriodForm
from vocapp.measuring.segments.queries import Segment
from vocapp.translating import lazy_gettext as _l


class LoopForm(PeriodForm):
    """A period and a saved segment."""

    segment = StringField(_l("Segment"), default="")

    def __init__(self, arguments: Any, *, segment: Segment | None) -> None:
        """segment: the one that the address names, where there is one of this key."""
        super().__init__(arguments)
        self._segment = segment

    def validate_segment(self, field: StringField) -> None:
        if field.data and self._segment is None:
            raise ValidationError(str(_l("The segment of this address is not there any more.")))

    @property
    def chosen(self) -> Segment | None:
        return self._segment
