"""The form of a new survey; the editor's own form is in drafting.py."""

from __future__ import annotations

import re
from typing import ClassVar

from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    RadioField,
    SelectMultipleField,
    StringField,
    ValidationError,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp

from surveys.languages import is_language_tag
from surveys.survey_templates import TEMPLATES
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l

_TAGS = re.compile(r"[,、\s]+")


class SomeLanguage:
    """At least one language, here or among the others."""

    field_flags: ClassVar[dict[str, bool]] = {"required": True}

    def __call__(self, form: NewSurveyForm, field: SelectMultipleField) -> None:  # noqa: ARG002
        if not form.chosen_languages():
            raise ValidationError(_("Choose at least one language."))


class NewSurveyForm(FlaskForm):
    name = StringField(
        _l("Name"),
        [InputRequired(_l("Enter a name.")), Length(max=200)],
        description=_l("Only your colleagues see it."),
    )
    kind = RadioField(
        _l("What do you want to know?"),
        # Their names and what they are for come from the templates, in the reader's language.
        choices=[SelectChoice(template.key, template.key) for template in TEMPLATES],
        default="nps",
        validators=[InputRequired(_l("Choose one."))],
    )
    brand = StringField(
        _l("Brand of a competitor"),
        [Length(max=100)],
        description=_l(
            "Only for a 5A journey. Left empty, it asks about you; a survey for each competitor "
            "lets you compare."
        ),
    )
    languages = SelectMultipleField(
        _l("Languages"),
        [SomeLanguage()],
        choices=[SelectChoice("en", "English"), SelectChoice("ja", "日本語")],
        default=["en"],
        option_widget=widgets.CheckboxInput(),
        widget=widgets.ListWidget(prefix_label=False),
    )
    other_languages = StringField(
        _l("Other languages"),
        [Length(max=200)],
        description=_l(
            "Codes such as fr or pt-BR. You write their wording yourself, but for standard "
            "questions that a language pack has."
        ),
    )
    key = StringField(
        _l("Key"),
        [
            Optional(),
            Length(max=100),
            Regexp(
                r"^[A-Za-z0-9][A-Za-z0-9._-]*$",
                message=_l("Only letters a–z, digits, dot, hyphen and underscore."),
            ),
        ],
        description=_l("Your systems name the survey by it. Left empty, it follows the name."),
    )
    confidential = BooleanField(
        _l("Confidential"),
        description=_l("No result for fewer than five people, no single answers, no drill-down."),
    )

    def validate_other_languages(self, field: StringField) -> None:
        wrong = [tag for tag in _TAGS.split(field.data or "") if tag and not is_language_tag(tag)]
        if wrong:
            raise ValidationError(_("Not a language code: %(codes)s", codes=", ".join(wrong)))

    def chosen_languages(self) -> list[str]:
        """Every language once, in the order of the page."""
        typed = _TAGS.split(self.other_languages.data or "")
        found: dict[str, str] = {}
        for tag in (*(self.languages.data or []), *typed):
            if tag:
                found.setdefault(tag.lower(), tag)
        return list(found.values())
