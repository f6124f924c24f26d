"""Forms: a targeting rule, and a visit to try the rules with."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import BooleanField, Form, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from vocapp.collecting.targeting.models import MAX_DAYS, MAX_DELAY_S
from vocapp.collecting.targeting.service import MAX_NAME_CHARS, MAX_PATH_CHARS, Wished
from vocapp.translating import lazy_gettext as _l

_NAME = _l("Enter a name of at most %(most)s characters.", most=MAX_NAME_CHARS)
_TOO_LONG = _l("Enter at most %(most)s characters.", most=MAX_NAME_CHARS)


def _number(label: object, most: int, *, default: int) -> IntegerField:
    words = _l("Enter a number from 0 to %(most)s.", most=most)
    return IntegerField(
        label,
        [InputRequired(words), NumberRange(0, most, words)],
        default=default,
        render_kw={"inputmode": "numeric", "min": 0, "max": most},
    )


class RuleForm(FlaskForm):
    name = StringField(
        _l("Name"), [InputRequired(_NAME), Length(max=MAX_NAME_CHARS, message=_NAME)]
    )
    survey = SelectField(_l("Survey"))
    display = SelectField(
        _l("Shown as"),
        choices=[
            ("popover", _l("Box in the corner")),
            ("modal", _l("Box over the page")),
            ("tab", _l("Tab at the edge")),
        ],
    )
    paths = TextAreaField(_l("On pages"))
    event = StringField(_l("After the event"), [Length(max=MAX_NAME_CHARS, message=_TOO_LONG)])
    delay_s = _number(_l("Seconds to wait"), MAX_DELAY_S, default=0)
    share = _number(_l("Share of visitors, percent"), 100, default=100)
    days_between = _number(_l("Days between two surveys of a visitor"), MAX_DAYS, default=30)
    only_identified = BooleanField(_l("Only people whom your server names by a signed token"))

    def offer(self, surveys: list[tuple[str, str]]) -> None:
        self.survey.choices = surveys

    def show(self, wished: Wished) -> None:
        """Fill in what a rule says."""
        for name in ("name", "survey", "display", "event", "delay_s", "share", "days_between"):
            self[name].data = getattr(wished, name)
        self.only_identified.data = wished.only_identified
        self.paths.data = "\n".join(wished.paths)

    def read(self, *, paused: bool) -> Wished:
        lines = (self.paths.data or "").splitlines()
        return Wished(
            self.name.data or "", self.survey.data, self.display.data,
            tuple(line.strip() for line in lines if line.strip()), self.event.data or "",
            self.delay_s.data or 0, self.share.data or 0, self.days_between.data or 0,
            bool(self.only_identified.data), paused,
        )  # fmt: skip


class VisitForm(Form):
    """What is tried: a page, and what happens on it."""

    path = StringField(_l("On the page"), [Length(max=MAX_PATH_CHARS)], default="/")
    event = StringField(_l("After the event"), [Length(max=MAX_NAME_CHARS)])
    identified = BooleanField(_l("Somebody whom your server names"))
