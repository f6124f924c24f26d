"""The form of a campaign: its fields, beside the conditions of its audience."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, FloatField, HiddenField, IntegerField, SelectField, StringField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from surveys.campaigns import MAX_A_DAY, MAX_OFFSET, MAX_PERIOD, MIN_PERIOD
from surveys.filters import Filter
from vocapp.distributing.campaigns.models import Campaign
from vocapp.distributing.campaigns.service import MAX_NAME, Wished
from vocapp.distributing.campaigns.wording import KIND_WORDS, MOMENT_WORDS
from vocapp.distributing.wording import CHANNEL_WORDS
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.choices import choices_of


def _whole(least: int, most: int) -> NumberRange:
    return NumberRange(
        least, most,
        _l("Enter a whole number from %(least)s to %(most)s.", least=least, most=most),
    )  # fmt: skip


_BEFORE = "renewal_before"
MOMENTS = {
    "started": MOMENT_WORDS["started"],
    "event": MOMENT_WORDS["event"],
    _BEFORE: _l("Before the renewal of the account"),
    "renewal": _l("After the renewal of the account"),
    "touchpoint": MOMENT_WORDS["touchpoint"],
}


class CampaignForm(FlaskForm):
    """Shares are typed as percent; days before a renewal are a choice of their own."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=MAX_NAME)])
    survey = SelectField(_l("Survey"))
    channel = SelectField(_l("By"), choices=choices_of(CHANNEL_WORDS.items()))
    kind = SelectField(_l("Kind"), choices=choices_of(KIND_WORDS.items()))
    starts_on = DateField(_l("First day"), [InputRequired(_l("Enter a day."))])
    ends_on = DateField(_l("Last day"), [Optional()])
    period_days = IntegerField(
        _l("Everybody once in so many days"), [Optional(), _whole(MIN_PERIOD, MAX_PERIOD)]
    )
    moment = SelectField(_l("Which moment"), choices=choices_of(MOMENTS.items()))
    moment_days = IntegerField(_l("So many days from it"), [Optional(), _whole(0, MAX_OFFSET)])
    moment_name = StringField(_l("Name of the event or contact"), [Length(max=200)])
    repeat_days = IntegerField(_l("Not again within days"), [Optional(), _whole(1, MAX_PERIOD)])
    sample = FloatField(
        _l("Sample, percent"),
        [InputRequired(_l("Enter a number.")), NumberRange(0.1, 100, _l("Enter 0.1 to 100."))],
    )
    held_out = FloatField(
        _l("Held out, percent"),
        [InputRequired(_l("Enter a number.")), NumberRange(0, 99, _l("Enter 0 to 99."))],
    )
    a_day = IntegerField(_l("People a day at most"), [Optional(), _whole(1, MAX_A_DAY)])
    hour = IntegerField(
        _l("Begins at this hour"), [InputRequired(_l("Enter a number.")), _whole(0, 23)]
    )
    revision = HiddenField()

    @classmethod
    def of(
        cls, campaign: Campaign | None, survey: str, surveys: Sequence[tuple[str, str]], today: date
    ) -> CampaignForm:
        """What is stored, or where a new one begins."""
        values: Mapping[str, Any] = {
            "starts_on": today, "kind": "recurring", "period_days": 90, "sample": 100,
            "held_out": 0, "hour": 9, "channel": "email", "moment_days": 7,
            "repeat_days": 90, "survey": survey,
        }  # fmt: skip
        if campaign is not None:
            days = campaign.moment_days
            is_before = days is not None and days < 0
            values = {
                "name": campaign.name, "survey": survey, "kind": campaign.kind,
                "channel": campaign.channel,
                "starts_on": campaign.starts_on, "ends_on": campaign.ends_on,
                "period_days": campaign.period_days, "repeat_days": campaign.repeat_days,
                "moment": _BEFORE if is_before else campaign.moment,
                "moment_days": abs(days) if days is not None else None,
                "moment_name": campaign.moment_name, "a_day": campaign.a_day,
                "sample": _percent(campaign.sample), "held_out": _percent(campaign.held_out),
                "hour": campaign.hour, "revision": campaign.revision,
            }  # fmt: skip
        form = cls(data=values)
        form.survey.choices = list(surveys)
        return form

    def wished(self, audience: Filter | None) -> Wished:
        """Of what was typed and found right."""
        moment, days = self.moment.data, self.moment_days.data
        if moment == _BEFORE:
            moment, days = "renewal", -(days or 0)
        return Wished(
            name=self.name.data or "", survey=self.survey.data or "", kind=self.kind.data or "",
            channel=self.channel.data or "email",
            starts_on=self.starts_on.data, ends_on=self.ends_on.data,
            period_days=self.period_days.data, moment=moment, moment_days=days,
            moment_name=self.moment_name.data, repeat_days=self.repeat_days.data or 90,
            sample=round((self.sample.data or 0) / 100, 6),
            held_out=round((self.held_out.data or 0) / 100, 6),
            a_day=self.a_day.data, hour=self.hour.data or 0, audience=audience,
        )  # fmt: skip

    def complete(self) -> bool:
        """Whether what its kind needs is there; says what is missing at its field."""
        needed: dict[str, bool] = {
            "period_days": self.kind.data == "recurring",
            "moment_days": self.kind.data == "moment",
            "moment_name": self.kind.data == "moment"
            and self.moment.data in {"event", "touchpoint"},
        }
        missing = [n for n, is_needed in needed.items() if is_needed and _is_blank(self[n].data)]
        for name in missing:
            self[name].errors = [_("Enter a value.")]
        if self.ends_on.data and self.starts_on.data and self.ends_on.data < self.starts_on.data:
            self.ends_on.errors = [_("Enter a day that is not before the first one.")]
            missing.append("ends_on")
        return not missing


def _is_blank(value: Any) -> bool:
    return value is None or not str(value).strip()


def _percent(share: float) -> float:
    """
    >>> _percent(0.1), _percent(0.125)
    (10, 12.5)
    """
    percent = round(share * 100, 4)
    return int(percent) if percent.is_integer() else percent
