"""Pages before there is a session: a new password, and joining by an invitation."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import get_locale

from vocapp.database import utcnow
from vocapp.problems import BadInput, TooMany
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces import joining
from vocapp.workspaces.access import anyone, cookie_name, set_session_cookie
from vocapp.workspaces.blueprint import blueprint
from vocapp.workspaces.forms import AskResetForm, JoinForm, JoinWithAccountForm, NewPasswordForm
from vocapp.workspaces.sign_in import WrongSignIn
from vocapp.workspaces.sign_in import sign_out as end_session
from vocapp.workspaces.views import this_browser, to_local


@blueprint.route("/forgot-password", methods=["GET", "POST"])
@anyone
def ask_reset() -> Any:
    """The answer is the same whether the address is known or not."""
    form = AskResetForm()
    if not form.validate_on_submit():
        page = render_template("workspaces/ask_reset.html", form=form, asked=False)
        return page, 422 if form.is_submitted() else 200
    joining.request_reset(form.email.data, now=utcnow())
    return render_template("workspaces/ask_reset.html", form=form, asked=True)


@blueprint.route("/reset/<token>", methods=["GET", "POST"])
@anyone
def reset_password(token: str) -> Any:
    """Looking at the link does not use it up: mail scanners look, too."""
    if not joining.reset_is_open(token, now=utcnow()):
        return _used_link()
    form = NewPasswordForm()
    if not form.validate_on_submit():
        page = render_template("workspaces/reset.html", form=form)
        return page, 422 if form.is_submitted() else 200
    try:
        joining.reset_password(token, form.password.data, now=utcnow())
    except joining.LinkUsed:
        return _used_link()
    notice(_("Your new password is set. Sign in with it."))
    return to_local("/sign-in")


@blueprint.route("/join/<token>", methods=["GET", "POST"])
@anyone
def join(token: str) -> Any:
    """Accept an invitation: with a new account, or with the password of the one there is."""
    try:
        offer = joining.open_offer(token, now=utcnow())
    except joining.LinkUsed:
        return _used_link()
    form = JoinWithAccountForm() if offer.has_account else JoinForm()
    if not form.validate_on_submit():
        return _join_page(form, offer, 422 if form.is_submitted() else 200)
    try:
        begun = joining.join(
            token,
            name="" if offer.has_account else form.name.data,
            password=form.password.data,
            locale=get_locale().language,
            browser=this_browser(),
            now=utcnow(),
        )
    except joining.LinkUsed:
        return _used_link()
    except (WrongSignIn, BadInput) as problem:
        form.password.errors = [_("This is not the password of this account.")]
        return _join_page(form, offer, problem.status)
    except TooMany as problem:
        form.password.errors = [_("Too many attempts. Wait a quarter of an hour and try again.")]
        return _join_page(form, offer, problem.status)
    end_session(request.cookies.get(cookie_name(), ""), now=utcnow())
    notice(_("Welcome to %(workspace)s.", workspace=offer.workspace_name))
    answer = to_local("/")
    set_session_cookie(answer, begun.token)
    return answer


def _join_page(form: Any, offer: joining.Offer, status: int) -> Any:
    return render_template("workspaces/join.html", form=form, offer=offer), status


def _used_link() -> Any:
    page = render_template(
        "error.html",
        title=_("This link does not work any more"),
        detail=_("It was used, replaced by a newer one, or is too old. Ask for a new one."),
        action_url="/sign-in",
        action_label=_("Sign in"),
    )
    return page, 404
