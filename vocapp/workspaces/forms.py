"""Forms of the staff's own pages."""

from __future__ import annotations

from zoneinfo import available_timezones

from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from vocapp.translating import lazy_gettext as _l
from vocapp.ui import LANGUAGES
from vocapp.ui.choices import choices_of
from vocapp.workspaces.service import MIN_PASSWORD_LENGTH

_EMAIL = {"autocomplete": "username", "inputmode": "email"}
_NEW_PASSWORD = {"autocomplete": "new-password", "minlength": MIN_PASSWORD_LENGTH}

_ZONES = [(zone, zone) for zone in sorted(available_timezones())]


def _password_rules() -> list[object]:
    return [
        InputRequired(_l("Enter a password.")),
        Length(
            min=MIN_PASSWORD_LENGTH,
            max=1000,
            message=_l("The password needs at least %(min)d characters."),
        ),
    ]


class SignInForm(FlaskForm):
    next = HiddenField()
    email = StringField(
        _l("E-mail address"),
        [InputRequired(_l("Enter your e-mail address.")), Length(max=320)],
        render_kw=_EMAIL,
    )
    password = PasswordField(
        _l("Password"),
        [InputRequired(_l("Enter your password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class NameForm(FlaskForm):
    name = StringField(
        _l("Name"),
        [InputRequired(_l("Enter a name.")), Length(max=200)],
        render_kw={"autocomplete": "name"},
    )


class ChangePasswordForm(FlaskForm):
    current = PasswordField(
        _l("Current password"),
        [InputRequired(_l("Enter your password."))],
        render_kw={"autocomplete": "current-password"},
    )
    password = PasswordField(_l("New password"), _password_rules(), render_kw=_NEW_PASSWORD)


class AskResetForm(FlaskForm):
    email = StringField(
        _l("E-mail address"),
        [InputRequired(_l("Enter your e-mail address.")), Length(max=320)],
        render_kw=_EMAIL,
    )


class NewPasswordForm(FlaskForm):
    password = PasswordField(_l("New password"), _password_rules(), render_kw=_NEW_PASSWORD)


class JoinForm(FlaskForm):
    """Somebody new says a name and a password."""

    name = StringField(
        _l("Your name"),
        [InputRequired(_l("Enter a name.")), Length(max=200)],
        render_kw={"autocomplete": "name"},
    )
    password = PasswordField(_l("Choose a password"), _password_rules(), render_kw=_NEW_PASSWORD)


class JoinWithAccountForm(FlaskForm):
    """Somebody who has an account proves to be that person."""

    password = PasswordField(
        _l("Your password"),
        [InputRequired(_l("Enter your password."))],
        render_kw={"autocomplete": "current-password"},
    )


class WorkspaceForm(FlaskForm):
    name = StringField(
        _l("Name of the workspace"), [InputRequired(_l("Enter a name.")), Length(max=200)]
    )
    locale = SelectField(_l("Language of mail to staff"), choices=choices_of(LANGUAGES))
    time_zone = SelectField(_l("Time zone"), choices=choices_of(_ZONES))
    allowed_origins = TextAreaField(
        _l("Pages that may show the widget"),
        [Length(max=10_000)],
        render_kw={"rows": 4, "placeholder": "https://www.example.com", "spellcheck": "false"},
    )


class KeyForm(FlaskForm):
    name = StringField(_l("What is it for?"), [InputRequired(_l("Enter a name.")), Length(max=200)])
    kind = RadioField(
        _l("Kind"),
        choices=[
            SelectChoice("secret", _l("Secret: for your own servers, may read and write")),
            SelectChoice("public", _l("Public: stands in a page's widget, may only send answers")),
        ],
        default="secret",
        validators=[InputRequired(_l("Choose one."))],
    )


# By the keys of `grants`.
ROLE_CHOICES = [
    ("admin", _l("Administrator")),
    ("product", _l("Product manager")),
    ("success", _l("Customer success")),
    ("success_own", _l("Own accounts only (customer success)")),
    ("viewer", _l("Viewer")),
]


class InviteForm(FlaskForm):
    email = StringField(
        _l("E-mail address"),
        [InputRequired(_l("Enter an e-mail address.")), Length(max=320)],
        render_kw={"inputmode": "email", "autocomplete": "off"},
    )
    role = SelectField(_l("Role"), choices=choices_of(ROLE_CHOICES), default="viewer")
