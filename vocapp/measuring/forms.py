"""What is asked of a results page; all of it stands in the address."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from wtforms import DateField, Form, SelectField, StringField, ValidationError
from wtforms.validators import Optional

from surveys.attributes import DEFAULT, Reportables
from surveys.filters import Filter, FilterError, joined, parse_compact
from vocapp.measuring.asking import Ask
from vocapp.measuring.segments.queries import Segment
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.attribute_names import ATTRIBUTE_NAMES
from vocapp.ui.choices import choices_of

PAGE_MIN_N = 5
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
DEFAULT_PERIOD = "365"

PERIODS = (
    ("30", _l("Last 30 days")),
    ("90", _l("Last 90 days")),
    ("365", _l("Last 365 days")),
    ("all", _l("All time")),
    ("custom", _l("From … to …")),
)
BASES = (
    ("responses", _l("every answer")),
    ("people", _l("the latest of each person")),
    ("accounts", _l("the latest of each account")),
)
INTERVALS = (
    ("day", _l("By day")),
    ("week", _l("By week")),
    ("month", _l("By month")),
    ("quarter", _l("By quarter")),
)


class PeriodForm(Form):
    """A GET form: a wrong value is named beside its field and its default is used."""

    period = SelectField(_l("Period"), choices=choices_of(PERIODS), default=DEFAULT_PERIOD)
    since = DateField(_l("From"), validators=[Optional()])
    until = DateField(_l("To"), validators=[Optional()])

    def __init__(self, arguments: Any) -> None:
        super().__init__(arguments)
        # A field that is not in the address means its default, not nothing.
        for field in self:
            if field.name not in arguments and field.default is not None:
                field.data = field.default

    def validate_since(self, field: DateField) -> None:
        check_day(field.data)

    def validate_until(self, field: DateField) -> None:
        check_day(field.data)
        since = self.since.data
        if since and field.data and since > field.data:
            raise ValidationError(str(_l("This day lies before the first day.")))

    def days(self, today: date) -> tuple[date | None, date | None]:
        """First day, and the day after the last; None: no end. Wrong fields count as not given."""
        self.validate()
        return self._days(self._values(), today)

    def _values(self) -> dict[str, Any]:
        wrong = set(self.errors)
        return {field.name: field.default if field.name in wrong else field.data for field in self}

    @staticmethod
    def _days(value: dict[str, Any], today: date) -> tuple[date | None, date | None]:
        if value["period"] == "all":
            return None, None
        if value["period"] == "custom":
            until = value["until"]
            return value["since"], until + timedelta(days=1) if until else None
        return today - timedelta(days=int(value["period"]) - 1), None

    def parameters(self) -> dict[str, str]:
        """What the address carries: what differs from the defaults."""
        found: dict[str, str] = {}
        for field in self:
            if field.name in self.errors or not field.data or field.data == field.default:
                continue
            found[field.name] = str(field.data)
        if found.get("period") != "custom":
            found.pop("since", None)
            found.pop("until", None)
        return found


class ResultsForm(PeriodForm):
    """What is asked of a page of results."""

    basis = SelectField(_l("Count"), choices=choices_of(BASES), default="responses")
    interval = SelectField(_l("Interval"), choices=choices_of(INTERVALS), default="month")
    by = SelectField(_l("Split by"), default="")
    by2 = SelectField(_l("and by"), default="")
    filter = StringField(_l("Filter"), default="")
    segment = StringField(_l("Segment"), default="")

    def __init__(
        self,
        arguments: Any,
        reportable: Reportables = DEFAULT,
        *,
        confidential: bool = False,
        segment: Segment | None = None,
    ) -> None:
        """segment: the one that the address names, where there is one of this key."""
        super().__init__(arguments)
        self._confidential, self._segment = confidential, segment
        if confidential:  # one view of the answers only, or two could be subtracted
            self.basis.choices = choices_of(BASES[:1])
        attributes = [(item.name, ATTRIBUTE_NAMES.get(item.name, item.name)) for item in reportable]
        self.by.choices = choices_of([("", _l("nothing")), *attributes])
        self.by2.choices = choices_of([("", _l("nothing else")), *attributes])

    def validate_filter(self, field: StringField) -> None:
        if field.data and self._confidential:
            raise ValidationError(str(_l("A confidential survey cannot be filtered.")))
        try:
            parse_compact(field.data or "plan:empty")
        except FilterError as error:
            words = _l("The filter of this address cannot be read (%(where)s).", where=error.place)
            raise ValidationError(str(words)) from error

    def validate_segment(self, field: StringField) -> None:
        if field.data and self._confidential:
            raise ValidationError(str(_l("A confidential survey cannot be filtered.")))
        if field.data and self._segment is None:
            raise ValidationError(str(_l("The segment of this address is not there any more.")))

    def ask(self, today: date) -> Ask:
        """The question; fields that are wrong count as not given."""
        self.validate()
        value = self._values()
        since, until = self._days(value, today)
        names = (value["by"], value["by2"])
        return Ask(
            by=tuple(dict.fromkeys(name for name in names if name)),
            since=since,
            until=until,
            interval=value["interval"],
            min_n=PAGE_MIN_N,
            basis=value["basis"],
            filter=joined([each for each in (self.filter_of_segment, self.own_filter) if each]),
        )

    @property
    def chosen_segment(self) -> Segment | None:
        """The saved segment that is looked at; of a form that was validated."""
        return None if self.segment.errors else self._segment

    @property
    def filter_of_segment(self) -> Filter | None:
        return self.chosen_segment.filter if self.chosen_segment else None

    @property
    def own_filter(self) -> Filter | None:
        """The filter that stands in the address itself; of a form that was validated."""
        text = None if self.filter.errors else self.filter.data
        return parse_compact(text) if text else None


def check_day(day: date | None) -> None:
    """Raises ValidationError for days far beyond any answer."""
    if day is not None and not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError(str(_l("Choose a day between 1900 and 2199.")))
