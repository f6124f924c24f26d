"""Forms of working hours and absences."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from flask_babel import get_locale
from flask_wtf import FlaskForm
from holidays import list_supported_countries
from wtforms import DateField, Field, SelectField, StringField
from wtforms.validators import InputRequired, Length

from surveys.weekly_hours import read_hours, written
from surveys.working_time import Hours
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.choices import choices_of
from vocapp.workspaces.office.places import country_of
from vocapp.workspaces.office.storing import WEEKDAYS, Week

_ZONES = [(zone, zone) for zone in sorted(available_timezones())]
_USUAL = {day: read_hours("9-18") for day in range(5)}


def _day(weekday: int) -> StringField:
    return StringField(
        validators=[Length(max=100)],
        render_kw={"placeholder": _l("Day off"), "autocomplete": "off", "data-weekday": weekday},
    )


class WeekForm(FlaskForm):
    """A week, a text of hours for each day; blank for a day off."""

    day_0, day_1, day_2, day_3 = _day(0), _day(1), _day(2), _day(3)
    day_4, day_5, day_6 = _day(4), _day(5), _day(6)
    time_zone = SelectField(_l("Time zone"), choices=choices_of(_ZONES))
    country = SelectField(_l("Public holidays of"))
    subdivision = StringField(_l("Part of the country"), [Length(max=10)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        locale = get_locale()
        names = locale.days["stand-alone"]["wide"]
        for day in WEEKDAYS:
            self.of_day(day).label.text = names[day]
        known = sorted(
            (locale.territories.get(code, code), code)
            for code in list_supported_countries(include_aliases=False)
        )
        choices = [("", _("No public holidays")), *((code, name) for name, code in known)]
        self.country.choices = choices_of(choices)

    def of_day(self, day: int) -> Field:
        return self[f"day_{day}"]

    def show(self, week: Week | None, time_zone: str) -> None:
        """Fill in what is stored, else what is usual."""
        for day in WEEKDAYS:
            hours = (week.hours if week else _USUAL).get(day, ())
            self.of_day(day).data = written(hours)
        self.time_zone.data = week.time_zone if week else time_zone
        self.country.data = week.country if week else country_of(time_zone)
        self.subdivision.data = week.subdivision if week else ""

    def read(self) -> Week | None:
        """What was typed; None where hours cannot be read, said at the day."""
        hours: dict[int, tuple[Hours, ...]] = {}
        for day in WEEKDAYS:
            try:
                hours[day] = read_hours(self.of_day(day).data or "")
            except ValueError:
                self.of_day(day).errors = [_("Write hours such as 9:00-12:00, 13:00-18:00.")]
        if self.errors:
            return None
        subdivision = (self.subdivision.data or "").strip().upper()
        return Week(hours, self.time_zone.data, self.country.data or "", subdivision)


class AbsenceForm(FlaskForm):
    """Days away, both inclusive."""

    first_day = DateField(_l("First day"), [InputRequired(_l("Choose a day."))])
    last_day = DateField(_l("Last day"), [InputRequired(_l("Choose a day."))])
    stand_in = SelectField(_l("Who stands in"))

    def offer(self, people: list[tuple[str, str]]) -> None:
        self.stand_in.choices = choices_of([("", _("Nobody in particular")), *people])
