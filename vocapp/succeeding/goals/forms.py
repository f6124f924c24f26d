"""The form of a goal; figures are taken as people write them."""

from __future__ import annotations

from math import isfinite
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, FloatField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import InputRequired, Length
from wtforms.widgets import HiddenInput

from vocapp.succeeding.goals import service
from vocapp.succeeding.goals.models import SuccessGoal
from vocapp.succeeding.goals.service import Aim
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l


def read_figure(text: str) -> float:
    """A number as typed: with thousands, spaces or full-width digits. Raises ValueError.

    >>> read_figure("1,200"), read_figure(" １２.5 ")
    (1200.0, 12.5)
    """
    figure = float("".join(text.replace("，", "").replace(",", "").replace("．", ".").split()))
    if not isfinite(figure) or abs(figure) > service.MAX_FIGURE:
        raise ValueError(text)
    return figure


class FigureField(FloatField):
    """What was typed stays typed where it cannot be read."""

    def process_formdata(self, valuelist: list[str]) -> None:
        if not valuelist:
            return
        try:
            self.data = read_figure(valuelist[0])
        except ValueError:
            if valuelist[0].strip():
                raise ValueError(_("Enter a number, such as 12 or 3.5.")) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return plain_figure(self.data)


def plain_figure(value: float | None) -> str:
    """A figure as a field shows it.

    >>> plain_figure(12.0), plain_figure(0.1 + 0.2), plain_figure(None)
    ('12', '0.3', '')
    """
    if value is None:
        return ""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


class GoalForm(FlaskForm):
    """A goal, and the version of it that the page showed."""

    words = TextAreaField(
        _l("What the customer wants to reach"),
        [
            InputRequired(_l("Write what the customer wants to reach, in their words.")),
            Length(max=service.MAX_WORDS),
        ],
    )
    measure = StringField(
        _l("Measured by"),
        [InputRequired(_l("Say by what it is measured.")), Length(max=service.MAX_MEASURE)],
    )
    unit = StringField(_l("Unit"), [Length(max=service.MAX_UNIT)])
    baseline = FigureField(
        _l("Value at the start"), [InputRequired(_l("Enter the value at the start."))]
    )
    target = FigureField(_l("Target"), [InputRequired(_l("Enter the value to reach."))])
    due_on = DateField(_l("Reached by"), [InputRequired(_l("Enter a day."))])
    version = IntegerField(widget=HiddenInput())

    def validate_target(self, field: FigureField) -> None:
        if field.data is not None and field.data == self.baseline.data:
            raise ValidationError(_("The target has to differ from the value at the start."))

    def validate_due_on(self, field: DateField) -> None:
        if field.data and not service.FIRST_DAY <= field.data <= service.LAST_DAY:
            raise ValidationError(_("Choose a day between 1900 and 2199."))

    def show(self, goal: SuccessGoal) -> None:
        """Write a stored goal into the fields."""
        for name in ("words", "measure", "unit", "baseline", "target", "due_on", "version"):
            self[name].data = getattr(goal, name)

    def aim(self) -> Aim:
        """What was typed, of a form that was validated."""
        values: dict[str, Any] = {
            name: self[name].data for name in ("words", "measure", "baseline", "target", "due_on")
        }
        return Aim(unit=self.unit.data or "", **values)
