"""The form of what completes onboarding, and of how long stages last."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from surveys.fields import FieldError
from surveys.touchpoints import (
    MAX_DAYS,
    MAX_ONBOARDING_DAYS,
    TouchModel,
    model_to_json,
    validate_model,
)
from vocapp.succeeding.touchpoints.model_forms import NUMBER, required, whole
from vocapp.succeeding.touchpoints.model_versions import InForce
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

_MOST_LOGINS = 10_000
# Field → the least and the most that it may be.
_NUMBERS = {
    "milestone_days": (1, MAX_ONBOARDING_DAYS), "logins": (1, _MOST_LOGINS),
    "login_days": (1, MAX_ONBOARDING_DAYS),
    "adoption_days": (1, MAX_DAYS), "renewal_days": (0, MAX_DAYS), "grace_days": (0, MAX_DAYS),
}  # fmt: skip
_RULE = ("milestone", "milestone_days", "logins", "login_days")
_STAGES = ("adoption_days", "value_milestone", "renewal_days")
_MAY_BE_EMPTY = {"milestone", "logins", "value_milestone"}


class StagesForm(FlaskForm):
    """milestone, logins: at least one. value_milestone: empty where adoption ends by its days.
    base: the version looked at."""

    milestone = StringField(_l("Milestone"), [Length(max=200)])
    milestone_days = StringField(_l("Days from the start"), [required], render_kw=NUMBER)
    logins = StringField(_l("Number of log-ins"), render_kw=NUMBER)
    login_days = StringField(_l("Number of first days"), [required], render_kw=NUMBER)
    adoption_days = StringField(_l("Days until regular use"), [required],
                                render_kw=NUMBER)  # fmt: skip
    value_milestone = StringField(_l("Milestone of regular use"), [Length(max=200)])
    renewal_days = StringField(_l("Days before the renewal"), [required], render_kw=NUMBER)
    grace_days = StringField(_l("Days that a contact may be late"), [required], render_kw=NUMBER)
    base = HiddenField()

    def show(self, model: TouchModel, base: int) -> None:
        """Fill in what is stored."""
        self.base.data = str(base)
        known = model_to_json(model)
        lifecycle = known["lifecycle"]
        for name, value in {**lifecycle, **lifecycle["onboarding"], **known}.items():
            if name in _NUMBERS or name in _MAY_BE_EMPTY:
                self[name].data = "" if value is None else str(value)

    def read(self, in_force: InForce) -> TouchModel | None:
        """The model with what was typed; None where it cannot be, said at the field."""
        typed = {name: self._typed(name) for name in (*_NUMBERS, "milestone", "value_milestone")}
        if typed["milestone"] is None and not (self.logins.data or "").strip():
            self._say("milestone", _("Name a milestone, or enter a number of log-ins, or both."))
        if self.errors:
            return None
        model: dict[str, Any] = model_to_json(in_force.model)
        model["lifecycle"] |= {name: typed[name] for name in _STAGES}
        model["lifecycle"]["onboarding"] = {name: typed[name] for name in _RULE}
        model["grace_days"] = typed["grace_days"]
        try:
            return validate_model(model)
        except FieldError as problem:
            self._say(
                problem.field.rpartition(".")[2], _("Some of these characters cannot be stored.")
            )
            return None

    def _typed(self, name: str) -> str | int | None:
        text = (self[name].data or "").strip()
        if not text and name in _MAY_BE_EMPTY:
            return None
        if name not in _NUMBERS:
            return text
        (least, most), number = _NUMBERS[name], whole(text)
        if number is None or not least <= number <= most:
            self._say(
                name,
                _("Enter a whole number from %(least)s to %(most)s.", least=least, most=most),
            )
        return number

    def _say(self, field: str, words: str) -> None:
        self[field].errors = [*self[field].errors, words]
