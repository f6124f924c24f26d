"""Forms of the staff's own pages."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from vocapp.workspaces.service import MIN_PASSWORD_LENGTH

_EMAIL = {"autocomplete": "username", "inputmode": "email"}
_NEW_PASSWORD = {"autocomplete": "new-password", "minlength": MIN_PASSWORD_LENGTH}


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
        _l("E-mail"),
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
