"""Pages: send a survey to people, see what became of it, the mailbox, and unsubscribing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, redirect, render_template, request, url_for

from surveys.languages import direction, first_fitting, fitting_language
from surveys.look import USUAL, Look
from surveys.own_mail import OwnMail
from vocapp.authoring.look.queries import look_of, sheet_url
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing import mail, mailbox, queries, reminding, service
from vocapp.distributing.asking import queries as asking_queries
from vocapp.distributing.asking.queries import AskingOf
from vocapp.distributing.mail import Letter
from vocapp.distributing.own_mails import own_mail
from vocapp.distributing.parsing import (
    MAX_LINES,
    BadLine,
    read_addresses,
    read_numbers,
    read_touchpoint,
)
from vocapp.distributing.service import NewInvitation
from vocapp.distributing.texts import invitation_texts
from vocapp.distributing.trial import sample, send_trial
from vocapp.distributing.wording import nobody_sends, not_open, reason_text
from vocapp.language_packs import interface_languages
from vocapp.mailing import mail_folder
from vocapp.people.facts import ContactFacts
from vocapp.problems import BadInput, NotFound, Problem
from vocapp.security import without_csrf
from vocapp.signing import BadToken
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.workspaces.access import anyone, current_user, current_workspace, signed_in
from vocapp.workspaces.office.places import country_of
from vocapp.workspaces.queries import workspace_settings

blueprint = Blueprint("distributing", __name__, template_folder="templates")
PAGE_SIZE = 50

# A mail's HTML has styles of its own and comes from outside: it is shown in a frame that may
# load nothing, run nothing and read nothing of ours; its links open in new tabs.
_MAIL_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; "
    "sandbox allow-popups allow-popups-to-escape-sandbox"
)

STATE_WORDS = {
    "scheduled": _l("Waiting to be sent"),
    "sending": _l("Being sent"),
    "sent": _l("Sent"),
    "unknown": _l("Perhaps sent"),
    "not_sent": _l("Not sent"),
    "answered": _l("Answered"),
    "bounced": _l("Came back"),
}
STATE_CHIPS = {"answered": "good", "bounced": "bad", "unknown": "warning", "not_sent": "warning"}


# --- sending ----------------------------------------------------------------------------


@blueprint.get("/surveys/<key>/invitations")
@signed_in("admin", "product", "success")
def invitations(key: str) -> Any:
    return _sending_page(survey_by_key(current_workspace.id, key))


@blueprint.post("/surveys/<key>/invitations")
@signed_in("admin", "product", "success")
def send(key: str) -> Any:
    """Ask everybody in the list, or nobody while a line is wrong."""
    survey = survey_by_key(current_workspace.id, key)
    channel = service.TEXT if request.form.get("channel") == service.TEXT else service.EMAIL
    typed = request.form.get("addresses", "")
    people, wrong = _read_people(channel, typed)
    error = _error(people, wrong, channel)
    if error:
        return _sending_page(survey, channel, typed=typed, error=error), 422
    try:
        touchpoint = read_touchpoint(request.form.get("touchpoint", ""))
    except BadInput:
        return _sending_page(survey, channel, typed=typed, touchpoint_error=_too_long()), 422
    try:
        states = [
            _invite(survey, person, touchpoint=touchpoint, channel=channel) for person in people
        ]
    except BadInput as problem:
        names = {each.field for each in problem.errors}
        error = nobody_sends() if "channel" in names else not_open()
        return _sending_page(survey, channel, typed=typed, error=error), 422
    asked = states.count("scheduled")
    if asked:
        notice(
            ngettext("%(num)s invitation goes out now.", "%(num)s invitations go out now.", asked)
        )
    if asked < len(states):
        left = len(states) - asked
        notice(
            ngettext(
                "%(num)s person is not written to; the list says why.",
                "%(num)s people are not written to; the list says why.",
                left,
            ),
            kind="warning",
        )
    return redirect(url_for("distributing.invitations", key=key), 303)


@blueprint.post("/surveys/<key>/invitations/test")
@signed_in("admin", "product", "success")
def send_to_myself(key: str) -> Any:
    """The mail as people get it, to the person who is signed in; it asks nobody."""
    survey = survey_by_key(current_workspace.id, key)
    try:
        send_trial(survey, user_id=current_user.id, now=utcnow())
    except BadInput as problem:
        (wrong,) = problem.errors
        error = not_open() if wrong.field == "survey" else reason_text(wrong.message)
        notice(error, kind="error")
    else:
        notice(
            _(
                "On its way to %(address)s. An answer to it is not saved.",
                address=current_user.email,
            )
        )
    return redirect(url_for("distributing.invitations", key=key), 303)


@blueprint.post("/surveys/<key>/invitations/remind")
@signed_in("admin", "product", "success")
def remind(key: str) -> Any:
    """Write once more to everybody who has not answered and was not reminded."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.state != "published":
        notice(not_open(), kind="error")
        return redirect(url_for(".invitations", key=key), 303)
    n = reminding.remind_now(
        current_workspace.id, survey.id, actor_user_id=current_user.id, now=utcnow()
    )
    if n:
        notice(ngettext("%(num)s reminder goes out now.", "%(num)s reminders go out now.", n))
    else:
        notice(_("There was nobody left to remind."), kind="info")
    return redirect(url_for(".invitations", key=key), 303)


def _invite(
    survey: SurveySummary,
    person: ContactFacts,
    *,
    touchpoint: str | None = None,
    channel: str = service.EMAIL,
) -> str:
    new = NewInvitation(
        survey_id=survey.id,
        contact=person,
        touchpoint=touchpoint,
        cause="campaign",
        channel=channel,
    )
    return service.invite(current_workspace.id, new, now=utcnow()).state


def _read_people(channel: str, typed: str) -> tuple[list[ContactFacts], list[BadLine]]:
    if channel == service.EMAIL:
        return read_addresses(typed)
    numbers, wrong = read_numbers(typed, region=country_of(current_workspace.time_zone))
    return queries.people_by_number(current_workspace.id, numbers), wrong


def _too_long() -> str:
    return _("At most 100 characters. Nothing was sent.")


def _error(people: list[ContactFacts], wrong: list[BadLine], channel: str) -> str:
    by_text = channel == service.TEXT
    if wrong:
        shown = ", ".join(f"{line.number}: “{line.text}”" for line in wrong[:5])
        if by_text:
            return _("No telephone number in line %(lines)s. Nothing was sent.", lines=shown)
        return _("No e-mail address in line %(lines)s. Nothing was sent.", lines=shown)
    if not people:
        if by_text:
            return _("Enter at least one telephone number.")
        return _("Enter at least one e-mail address.")
    if len(people) > MAX_LINES:
        return _("At most %(limit)s addresses at once. Nothing was sent.", limit=MAX_LINES)
    return ""


def _sending_page(
    survey: SurveySummary,
    channel: str = service.EMAIL,
    *,
    typed: str = "",
    error: str = "",
    touchpoint_error: str = "",
) -> str:
    state = request.args.get("state")
    state = state if state in STATE_WORDS else None
    rows = queries.invitations(
        current_workspace.id,
        survey.id,
        state=state,
        before=_uuid(request.args.get("before")),
        limit=PAGE_SIZE + 1,
    )
    return render_template(
        "distributing/invitations.html",
        survey=survey,
        rows=rows[:PAGE_SIZE],
        next_before=rows[PAGE_SIZE - 1].id if len(rows) > PAGE_SIZE else None,
        counts=queries.counts_by_state(current_workspace.id, survey.id),
        state=state,
        state_words=STATE_WORDS,
        state_chips=STATE_CHIPS,
        reason_text=reason_text,
        left_out=asking_queries.left_out(current_workspace.id, survey.id),
        limits=asking_queries.limits_of(current_workspace.id),
        silent=reminding.number_to_remind(current_workspace.id, survey.id, now=utcnow()),
        most_reminded=reminding.MOST_AT_ONCE,
        most_days=reminding.FORGOTTEN.days,
        remind_after=_own_mail(survey).remind_after,
        sends_texts=_sends_texts(),
        channel=channel,
        typed=typed,
        error=error,
        touchpoint=request.form.get("touchpoint", ""),
        touchpoint_error=touchpoint_error,
        in_folder=_folder() is not None,
    )


def _sends_texts() -> bool:
    with snapshot() as session:
        return service.sends_texts(session, current_workspace.id)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


# --- how the mail looks -----------------------------------------------------------------


@blueprint.get("/surveys/<key>/invitations/preview")
@signed_in("admin", "product", "success")
def preview(key: str) -> Any:
    """The mail as it would go to the person looking at it, or to a contact by their address."""
    survey = survey_by_key(current_workspace.id, key)
    address = request.args.get("to", "").strip()
    person = asking_queries.by_address(
        current_workspace.id, address, reach=current_user.reach, now=utcnow()
    )
    letter = _sample(survey, person)
    to = address if person is not None else None
    return render_template(
        "distributing/preview.html",
        survey=survey,
        language=letter.language,
        languages=letter.definition.languages,
        subject=mail.said_in(letter)["subject"],
        text=mail.text_part(letter),
        html_url=url_for("distributing.preview_html", key=key, lang=letter.language, to=to),
        address=address,
        to=to,
        person=person,
        reason_text=reason_text,
    )


@blueprint.get("/surveys/<key>/invitations/preview/html")
@signed_in("admin", "product", "success")
def preview_html(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    person = asking_queries.by_address(
        current_workspace.id, request.args.get("to", ""), reach=current_user.reach, now=utcnow()
    )
    return framed(mail.html_part(_sample(survey, person)))


def _sample(survey: SurveySummary, person: AskingOf | None) -> Letter:
    """person: None for whoever is looking at it."""
    read_by = person.contact if person else current_user
    return sample(
        survey,
        workspace=current_workspace.name,
        name=read_by.name,
        address=read_by.email or "",
        locale=request.args.get("lang") or read_by.locale or current_workspace.locale,
    )


def _own_mail(survey: SurveySummary) -> OwnMail:
    with snapshot() as session:
        return own_mail(session, survey.workspace_id, survey.id).mail


def framed(html: str) -> Response:
    """HTML of a mail for a sandboxed frame of our own pages."""
    response = Response(html.replace("<head>", '<head><base target="_blank">', 1))
    response.headers["Content-Security-Policy"] = _MAIL_POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


# --- the mailbox ------------------------------------------------------------------------


@blueprint.get("/settings/mailbox")
@signed_in("admin")
def mailbox_list() -> Any:
    folder = _folder()
    if folder is None:
        return render_template("distributing/mailbox.html", mails=None)
    mails = mailbox.list_mails(folder, current_workspace.id, unnamed=_unnamed())
    return render_template("distributing/mailbox.html", mails=mails)


@blueprint.get("/settings/mailbox/<name>")
@signed_in("admin")
def mailbox_mail(name: str) -> Any:
    return render_template("distributing/mail.html", mail=_mail(name))


@blueprint.get("/settings/mailbox/<name>/html")
@signed_in("admin")
def mailbox_html(name: str) -> Any:
    return framed(_mail(name).html)


def _mail(name: str) -> mailbox.Mail:
    folder = _folder()
    if folder is None:
        raise NotFound("Mail is not kept in a folder here.")
    return mailbox.read_mail(folder, name, current_workspace.id, unnamed=_unnamed())


def _folder() -> Any:
    return mail_folder(current_app.config["SETTINGS"])


def _unnamed() -> bool:
    return bool(current_app.config["ENVIRONMENT"] == "development")


# --- unsubscribing ----------------------------------------------------------------------


@blueprint.get("/u/<token>")
@anyone
def ask_to_unsubscribe(token: str) -> Any:
    """Asks; opening a link never unsubscribes, because mail scanners open every link."""
    return _unsubscribing(token, lambda _: None, "ask")


# Mail programs post here without cookies (RFC 8058), so there is no CSRF token; the link
# itself is the secret, and all that it can do is to stop mail.
@blueprint.post("/u/<token>")
@anyone
@without_csrf
def unsubscribe(token: str) -> Any:
    return _unsubscribing(token, lambda who: service.unsubscribe(who, now=utcnow()), "done")


def _unsubscribing(token: str, do: Callable[[service.Unsubscription], None], word: str) -> Any:
    channel = request.args.get("of", service.EMAIL)
    try:
        who = service.read_unsubscribe_token(token)
        if not who.address_digest:
            return nothing_to_stop(who.workspace_id, channel=channel)
        workspace = workspace_settings(who.workspace_id)["name"]
        do(who)
    except (BadToken, Problem):
        return no_such_address(channel=channel)
    return _respond(word, channel, workspace, look_of(who.workspace_id))


def nothing_to_stop(workspace_id: UUID, *, channel: str) -> Response:
    """What stands behind the link to stop in a message that somebody only tries."""
    workspace = workspace_settings(workspace_id)["name"]
    return _respond("trial", channel, workspace, look_of(workspace_id))


def no_such_address(*, channel: str) -> Response:
    """What somebody who got a message is told where its link leads nowhere, in their language."""
    response = _respond("missing", channel, "")
    response.status_code = 404
    return response


def _language_of_reader() -> str:
    offered = interface_languages()
    return fitting_language(request.args.get("lang"), offered) or first_fitting(
        list(request.accept_languages.values()), offered
    )


def _respond(word: str, channel: str, workspace: str, look: Look = USUAL) -> Response:
    language = _language_of_reader()
    texts = invitation_texts(language)
    if channel == service.TEXT:
        texts |= {
            f"unsubscribe_{name}": texts[f"stop_texts_{name}"]
            for name in ("ask", "detail", "confirm", "done", "done_detail", "trial", "trial_detail")
        }
    page = render_template(
        "distributing/unsubscribe.html",
        word=word,
        survey_locale=_Shell(language),
        brand_css_url=sheet_url(look),
        t={key: text.replace("{workspace}", workspace) for key, text in texts.items()},
    )
    response = Response(page)
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


class _Shell(str):
    """A language tag as the respondent's shell reads it."""

    @property
    def text_direction(self) -> str:
        return direction(self)
