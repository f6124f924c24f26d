"""The form of a goal; figures are taken as people write them."""

from __future__ import annotations

from datetime import date, timedelta
from math import isfinite
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, FloatField, IntegerField, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional
from wtforms.widgets import HiddenInput

from vocapp.succeeding.attribute_lines import attribute_lines, parse_attributes
from vocapp.succeeding.goals import goal_templates, service
from vocapp.succeeding.goals.models import GoalTemplate, SuccessGoal
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
        self.data = None  # what was emptied has no value, whatever it had
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


class _Words(FlaskForm):
    """What a goal says, and by what it is measured."""

    words = TextAreaField(
        _l("What the customer wants to reach"),
        [
            DataRequired(_l("Write what the customer wants to reach, in their words.")),
            Length(max=service.MAX_WORDS),
        ],
    )
    measure = StringField(
        _l("Measured by"),
        [DataRequired(_l("Say by what it is measured.")), Length(max=service.MAX_MEASURE)],
    )
    unit = StringField(_l("Unit"), [Length(max=service.MAX_UNIT)])


class GoalForm(_Words):
    """A goal, and the version of it that the page showed."""

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

    def begin_with(self, template: GoalTemplate, *, today: date) -> None:
        """Write what a template says into the fields."""
        for name in ("words", "measure", "unit", "target"):
            self[name].data = getattr(template, name)
        self.due_on.data = today + timedelta(days=template.due_in_days)

    def aim(self) -> Aim:
        """What was typed, of a form that was validated."""
        values: dict[str, Any] = {
            name: self[name].data for name in ("words", "measure", "baseline", "target", "due_on")
        }
        return Aim(unit=self.unit.data or "", **values)


class TemplateForm(_Words):
    """A template of goals, and which accounts it is for."""

    target = FigureField(_l("Target"), [Optional()])
    due_in_days = IntegerField(
        _l("Reached within so many days"),
        [
            InputRequired(_l("Enter in how many days it is to be reached.")),
            NumberRange(
                1, goal_templates.MAX_DAYS,
                _l("Enter a whole number from %(least)s to %(most)s.",
                   least=1, most=goal_templates.MAX_DAYS),
            ),
        ],
    )  # fmt: skip
    attributes = TextAreaField(_l("Only for accounts with these attributes"))

    def validate_attributes(self, field: TextAreaField) -> None:
        try:
            parse_attributes(field.data or "")
        except ValueError as problem:
            raise ValidationError(str(problem)) from None

    @staticmethod
    def shown(template: GoalTemplate) -> dict[str, Any]:
        """What the fields of a stored template show."""
        names = ("words", "measure", "unit", "target", "due_in_days")
        lines = "\n".join(attribute_lines(template.attributes))
        return {name: getattr(template, name) for name in names} | {"attributes": lines}

    def wanted(self) -> goal_templates.Wanted:
        """What was typed, of a form that was validated."""
        return goal_templates.Wanted(
            words=self.words.data or "", measure=self.measure.data or "",
            unit=self.unit.data or "", target=self.target.data,
            due_in_days=self.due_in_days.data or 0,
            attributes=parse_attributes(self.attributes.data or ""),
        )  # fmt: skip
