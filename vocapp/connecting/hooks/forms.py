"""Forms: a new address, and how its messages are read."""

from __future__ import annotations

from typing import Any

from flask_wtf import FlaskForm
from wtforms import PasswordField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from vocapp.translating import lazy_gettext as _l
from vocapp.ui.choices import choices_of

PROVIDER_NAMES = {"stripe": "Stripe", "segment": "Segment"}
_MOST_NAMES = 100


class NewSourceForm(FlaskForm):
    """Which provider, and what the address is called here."""

    provider = SelectField(_l("Service"), choices=choices_of(PROVIDER_NAMES.items()))
    name = StringField(_l("Name"), [InputRequired(_l("Enter a name.")), Length(max=100)])


class _SourceForm(FlaskForm):
    secret = PasswordField(
        _l("Signing secret"),
        [Optional(), Length(8, 500, _l("Paste the whole secret."))],
        render_kw={"autocomplete": "off"},
    )

    def options(self) -> dict[str, Any]:
        raise NotImplementedError

    @staticmethod
    def values(options: Any) -> dict[str, Any]:
        """What stands in the fields for saved options."""
        raise NotImplementedError


class StripeForm(_SourceForm):
    """How messages of Stripe are read."""

    account_field = StringField(_l("Field of the metadata with your account’s key"),
                                [Optional(), Length(max=40)])  # fmt: skip

    def options(self) -> dict[str, Any]:
        return {"account_field": (self.account_field.data or "").strip()}

    @staticmethod
    def values(options: Any) -> dict[str, Any]:
        return {"account_field": options.get("account_field", "")}


class SegmentForm(_SourceForm):
    """How messages of Segment are read."""

    logins = TextAreaField(_l("Events that are log-ins"), [Optional(), Length(max=5000)])
    milestones = TextAreaField(_l("Events that are milestones"), [Optional(), Length(max=5000)])

    def options(self) -> dict[str, Any]:
        return {"logins": _names(self.logins.data), "milestones": _names(self.milestones.data)}

    @staticmethod
    def values(options: Any) -> dict[str, Any]:
        return {
            "logins": "\n".join(options.get("logins", ["Signed In"])),
            "milestones": "\n".join(options.get("milestones", [])),
        }


FORM_OF: dict[str, type[_SourceForm]] = {"stripe": StripeForm, "segment": SegmentForm}


def _names(text: str | None) -> list[str]:
    """One a line."""
    lines = (line.strip() for line in (text or "").splitlines())
    return list(dict.fromkeys(filter(None, lines)))[:_MOST_NAMES]
