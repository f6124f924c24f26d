"""Pages: sign in and out, the first page, language, workspaces, a person's own account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from vocapp.database import utcnow
from vocapp.problems import BadInput, TooMany
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces import home as first_page
from vocapp.workspaces import navigation, queries
from vocapp.workspaces import sign_in as sessions
from vocapp.workspaces.access import (
    anyone,
    clear_session_cookie,
    cookie_name,
    current_user,
    current_workspace,
    is_local_path,
    set_session_cookie,
    signed_in,
)
from vocapp.workspaces.blueprint import blueprint
from vocapp.workspaces.forms import ChangePasswordForm, NameForm, SignInForm
from vocapp.workspaces.service import LOCALES
from vocapp.workspaces.sign_in import Browser

_LANGUAGE_COOKIE = "voc_locale"
_A_YEAR_S = 365 * 24 * 3600

blueprint.app_context_processor(navigation.shell_values)
blueprint.app_template_global("page_exists")(navigation.page_exists)
blueprint.app_template_global("may_open")(navigation.may_open)


def this_browser() -> Browser:
    """Where this request comes from, as far as it can be known."""
    return Browser(request.remote_addr or "", request.user_agent.string)


def local_target(target: str | None) -> str:
    """Where to go next; an address of another site leads to the first page instead."""
    return target if target and is_local_path(target) else url_for("workspaces.home")


def to_local(target: str | None) -> Response:
    return redirect(local_target(target), 303)


@blueprint.route("/sign-in", methods=["GET", "POST"])
@anyone
def sign_in() -> Any:
    """The door. Somebody who is inside already is sent on."""
    form = SignInForm(next=request.args.get("next", ""))
    if request.method == "GET" and g.user is not None:
        return to_local(form.next.data)
    if not form.validate_on_submit():
        return _sign_in_page(form, 422 if form.is_submitted() else 200)
    try:
        begun = sessions.sign_in(
            form.email.data,
            form.password.data,
            browser=this_browser(),
            replaces=request.cookies.get(cookie_name(), ""),
            now=utcnow(),
        )
    except sessions.WrongSignIn as problem:
        form.form_errors.append(_("This e-mail and password do not belong together."))
        return _sign_in_page(form, problem.status)
    except sessions.NoWorkspace as problem:
        form.form_errors.append(_("You are no longer a member of any workspace."))
        return _sign_in_page(form, problem.status)
    except TooMany as problem:
        form.form_errors.append(
            _("Too many attempts. Wait a quarter of an hour, or set a new password.")
        )
        return _sign_in_page(form, problem.status)
    answer = _after_sign_in(begun, form.next.data)
    set_session_cookie(answer, begun.token)
    return answer


def _after_sign_in(begun: sessions.SignedIn, target: str | None) -> Any:
    if begun.workspaces > 1:
        return redirect(url_for("workspaces.choose_workspace", next=target or None), 303)
    return to_local(target)


def _sign_in_page(form: SignInForm, status: int) -> Any:
    answer = make_response(render_template("workspaces/sign_in.html", form=form), status)
    if status == TooMany.status:
        answer.headers["Retry-After"] = str(int(sessions.ATTEMPT_WINDOW.total_seconds()))
    return answer


@blueprint.post("/sign-out")
@anyone
def sign_out() -> Any:
    """For anyone: an old page's button must work after the session has ended, too."""
    sessions.sign_out(request.cookies.get(cookie_name(), ""), now=utcnow())
    answer = redirect(url_for("workspaces.sign_in"), 303)
    clear_session_cookie(answer)
    return answer


@blueprint.post("/language")
@anyone
def choose_language() -> Any:
    """Change the language of the interface and come back to the same page."""
    language = request.form.get("language", "")
    if language not in LOCALES:
        raise BadInput.of("language", f"one of {', '.join(LOCALES)}")
    if g.user is not None:
        sessions.choose_language(g.user.id, language)
    answer = to_local(request.form.get("next"))
    answer.set_cookie(_LANGUAGE_COOKIE, language, max_age=_A_YEAR_S, samesite="Lax")
    return answer


@blueprint.get("/")
@signed_in(within_own_accounts=True)
def home() -> Any:
    """What needs this person today; in an empty workspace, how to begin."""
    user, workspace_id, now = g.user, current_workspace.id, utcnow()
    empty = first_page.is_empty(workspace_id)
    return render_template(
        "workspaces/home.html",
        cards=[] if empty else first_page.cards_for(workspace_id, user, now=now),
        first_steps=first_page.first_steps_for(workspace_id, user, now=now) if empty else [],
    )


# --- workspaces ----------------------------------------------------------------------------


@blueprint.get("/workspaces")
@signed_in(within_own_accounts=True)
def choose_workspace() -> Any:
    return render_template(
        "workspaces/choose.html",
        workspaces=queries.workspaces_of(current_user.id),
        target=local_target(request.args.get("next")),
    )


@blueprint.post("/workspaces/<uuid:workspace_id>")
@signed_in(within_own_accounts=True)
def enter_workspace(workspace_id: UUID) -> Any:
    token = sessions.enter_workspace(
        current_user.id,
        workspace_id,
        browser=this_browser(),
        replaces=request.cookies[cookie_name()],
        now=utcnow(),
    )
    answer = to_local(request.form.get("next"))
    set_session_cookie(answer, token)
    return answer


@blueprint.post("/demo")
@signed_in(within_own_accounts=True)
def open_demo() -> Any:
    """Look around in invented data; the own workspace stays as it is."""
    demo = sessions.join_demo(current_user.id, current_user.role, now=utcnow())
    notice(_("This is the demo workspace. Everything in it is invented."), kind="info")
    return enter_workspace(demo)


# --- a person's own account ----------------------------------------------------------------


@blueprint.get("/account")
@signed_in(within_own_accounts=True)
def account() -> Any:
    return _account_page()


def _account_page(
    name_form: NameForm | None = None,
    password_form: ChangePasswordForm | None = None,
    status: int = 200,
) -> Any:
    page = render_template(
        "workspaces/account.html",
        name_form=name_form or NameForm(formdata=None, name=current_user.name),
        password_form=password_form or ChangePasswordForm(formdata=None),
        sessions=queries.open_sessions(current_user.id, now=utcnow()),
    )
    return page, status


@blueprint.post("/account/name")
@signed_in(within_own_accounts=True)
def rename() -> Any:
    form = NameForm()
    if not form.validate():
        return _account_page(name_form=form, status=422)
    try:
        sessions.rename_user(current_user.id, form.name.data)
    except BadInput:
        form.name.errors = [_("Enter a name.")]
        return _account_page(name_form=form, status=422)
    notice(_("Your name has been changed."))
    return redirect(url_for("workspaces.account"), 303)


@blueprint.post("/account/password")
@signed_in(within_own_accounts=True)
def change_password() -> Any:
    form = ChangePasswordForm()
    if not form.validate():
        return _account_page(password_form=form, status=422)
    try:
        sessions.change_password(
            current_user.id,
            current=form.current.data,
            new=form.password.data,
            keep_session=current_user.session_id,
            now=utcnow(),
        )
    except BadInput:
        form.current.errors = [_("This is not your current password.")]
        return _account_page(password_form=form, status=422)
    notice(_("Your password has been changed. Other browsers were signed out."))
    return redirect(url_for("workspaces.account"), 303)


@blueprint.post("/account/sessions/<uuid:session_id>/revoke")
@signed_in(within_own_accounts=True)
def revoke_session(session_id: UUID) -> Any:
    sessions.revoke_session(current_user.id, session_id, now=utcnow())
    if session_id == current_user.session_id:
        return sign_out()
    notice(_("That browser has been signed out."))
    return redirect(url_for("workspaces.account", _anchor="sessions"), 303)
