"""The form of limits on asking."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, IntegerField, TimeField
from wtforms.validators import NumberRange, Optional

from surveys.fatigue import MAX_DAYS
from vocapp.distributing.asking.service import MAX_A_DAY, Wished
from vocapp.translating import lazy_gettext as _l

_DAYS = _l("Enter a number of days from 1 to %(most)s.", most=MAX_DAYS)
_A_DAY = _l("Enter a number from 1 to %(most)s.", most=MAX_A_DAY)


class LimitForm(FlaskForm):
    """A blank field is no limit."""

    person_days = IntegerField(
        _l("Days between two surveys of a person"),
        [Optional(), NumberRange(1, MAX_DAYS, _DAYS)],
        render_kw={"inputmode": "numeric", "min": 1, "max": MAX_DAYS},
    )
    account_a_day = IntegerField(
        _l("People of an account a day"),
        [Optional(), NumberRange(1, MAX_A_DAY, _A_DAY)],
        render_kw={"inputmode": "numeric", "min": 1, "max": MAX_A_DAY},
    )
    since = TimeField(_l("Mail goes out from"), [Optional()])
    until = TimeField(_l("Until"), [Optional()])
    working_days_only = BooleanField(_l("On working days only"))

    def read(self) -> Wished:
        return Wished(
            self.person_days.data, self.account_a_day.data, self.since.data, self.until.data,
            bool(self.working_days_only.data),
        )  # fmt: skip
