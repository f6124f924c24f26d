"""The form of a routing rule."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from surveys.routing import MAX_SLA_HOURS
from vocapp.following_up.wording import OWNER_RULES, PRIORITIES, TEAMS
from vocapp.translating import lazy_gettext as _l
from vocapp.ui.choices import choices_of

KINDS = (("nps", "NPS"), ("csat", "CSAT"), ("ces", "CES"))
CATEGORY_WORDS = {
    "promoter": _l("Promoter"), "passive": _l("Passive"), "detractor": _l("Detractor"),
    "satisfied": _l("Satisfied"), "neutral": _l("Neutral"), "dissatisfied": _l("Dissatisfied"),
    "easy": _l("Easy"), "difficult": _l("Difficult"),
}  # fmt: skip
SENTIMENT_WORDS = {
    "positive": _l("Positive"), "neutral": _l("Neutral"), "negative": _l("Negative"),
    "mixed": _l("Mixed"),
}  # fmt: skip

_LISTS = ("kind", "category", "theme", "segment", "sentiment")  # of which one has to be the case


def _boxes(label: Any, choices: list[tuple[str, Any]] | None = None) -> SelectMultipleField:
    """Several of a few, as boxes to tick."""
    return SelectMultipleField(
        label, choices=choices_of(choices or ()), option_widget=widgets.CheckboxInput()
    )


class RuleForm(FlaskForm):
    """What has to hold, and what happens then. Blank conditions are not asked."""

    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=200)])
    kind = _boxes(_l("Kind of survey"), list(KINDS))
    category = _boxes(
        _l("Category of the score"), [(key, CATEGORY_WORDS[key]) for key in CATEGORY_WORDS]
    )
    score_at_most = IntegerField(_l("Score at most"), [Optional(), NumberRange(0, 10)])
    score_at_least = IntegerField(_l("Score at least"), [Optional(), NumberRange(0, 10)])
    theme = _boxes(_l("Themes, one of"))
    segment = _boxes(_l("Segments, one of"))
    sentiment = _boxes(_l("Sentiment of the comment"), list(SENTIMENT_WORDS.items()))
    text_any = TextAreaField(_l("Words in the comment, one of"), [Length(max=10_000)])
    attribute = TextAreaField(_l("Attributes, all of"), [Length(max=10_000)])
    team = SelectField(_l("Team"), choices=choices_of(TEAMS.items()))
    owner = SelectField(_l("Owner"))
    sla_hours = IntegerField(
        _l("Due within (hours)"),
        [InputRequired(_l("Enter a number of hours.")), NumberRange(1, MAX_SLA_HOURS)],
        default=24,
    )
    priority = SelectField(_l("Weight"), choices=choices_of(PRIORITIES.items()), default="normal")

    def offer(
        self,
        themes: list[tuple[str, str]],
        segments: list[tuple[str, str]],
        people: list[tuple[str, str]],
    ) -> None:
        """Fill the choices that a workspace brings: its themes, its segments, its people."""
        self.theme.choices = choices_of(themes)
        self.segment.choices = choices_of(segments)
        self.owner.choices = choices_of([("", _l("Nobody yet")), *OWNER_RULES.items(), *people])

    def show(self, name: str, when: Mapping[str, Any], then: Mapping[str, Any]) -> None:
        """Write a stored rule into the fields."""
        self.name.data = name
        for field in _LISTS:
            self[field].data = list(when.get(field, ()))
        self.score_at_most.data = when.get("score_at_most")
        self.score_at_least.data = when.get("score_at_least")
        self.text_any.data = "\n".join(when.get("text_any", ()))
        self.attribute.data = "\n".join(
            f"{key} = {', '.join(value or '' for value in values)}"
            for key, values in when.get("attribute", {}).items()
        )
        for field in ("team", "sla_hours", "priority"):
            self[field].data = then[field]
        self.owner.data = then.get("owner") or ""

    def as_rule(self, key: str) -> dict[str, Any]:
        """The fields as `surveys.routing.validate_rule` reads them."""
        when: dict[str, Any] = {name: list(self[name].data) for name in _LISTS if self[name].data}
        for name in ("score_at_most", "score_at_least"):
            if self[name].data is not None:
                when[name] = self[name].data
        words = [line.strip() for line in (self.text_any.data or "").splitlines() if line.strip()]
        if words:
            when["text_any"] = words
        attributes = read_attributes(self.attribute.data or "")
        if attributes:
            when["attribute"] = attributes
        then = {
            "team": self.team.data,
            "owner": self.owner.data or None,
            "sla_hours": self.sla_hours.data,
            "priority": self.priority.data,
        }
        return {"key": key, "when": when, "then": then}


def read_attributes(text: str) -> dict[str, list[str | None]]:
    """One attribute a line, its values after "="; no value means: not known.

    >>> read_attributes("plan = enterprise, pro\\nregion =")
    {'plan': ['enterprise', 'pro'], 'region': [None]}
    """
    found: dict[str, list[str | None]] = {}
    for line in text.splitlines():
        name, _sep, values = line.partition("=")
        if name.strip():
            found[name.strip()] = [value.strip() or None for value in re.split("[,、]", values)]
    return found
