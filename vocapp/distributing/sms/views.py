"""Pages: who sends text messages, and what they say; and the addresses that people and providers
call."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from surveys.languages import best_language
from surveys.phone_numbers import normalised, readable
from surveys.provider_events import timed_signed
from surveys.sms_text import GAPS, MAX_TEXT, OwnTexts, Problem, parts_of, read
from vocapp.api_documents import items_apart
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.queries import SurveySummary, published_definition, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing.mail import digest_reached, unsubscribe_url_of
from vocapp.distributing.models import Invitation
from vocapp.distributing.service import TEXT
from vocapp.distributing.sms import settings
from vocapp.distributing.sms.hearing import hear
from vocapp.distributing.sms.models import TextMessage
from vocapp.distributing.sms.provider import NotTaken, Refused
from vocapp.distributing.sms.trial import MOST_AN_HOUR, LeftAlone, code_of, send_trial, survey_of
from vocapp.distributing.sms.wording import (
    Kept,
    own_texts,
    said,
    save_own_texts,
    usual_text,
)
from vocapp.distributing.views import no_such_address, nothing_to_stop
from vocapp.distributing.wording import nobody_sends, not_open, reason_text, trouble_text
from vocapp.people.models import Contact
from vocapp.problems import BadInput, Conflict, Malformed, NotFound, TooMany
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import notice
from vocapp.workspaces.access import anyone, current_user, current_workspace, signed_in
from vocapp.workspaces.office.places import country_of

blueprint = Blueprint("sms", __name__, template_folder="templates")
SIGNATURE = "Voc-Signature"
_MOST_ITEMS = 1000


# --- for people who got a message -------------------------------------------------------------


@blueprint.get("/t/<code>")
@anyone
def open_link(code: str) -> Response:
    """On to the page of the invitation. Telephones look at links by themselves: nothing counts."""
    found = _invited(code)
    if found is None:
        tried = survey_of(code)
        if tried is None:
            return no_such_address(channel=TEXT)
        return _onward(InvitationLink.of_trial(tried, channel=TEXT).url())
    invitation, _digest = found
    link = InvitationLink(
        invitation.workspace_id, invitation.id, invitation.survey_id, invitation.contact_id,
        invitation.touchpoint, invitation.channel,
    )  # fmt: skip
    return _onward(link.url())


@blueprint.get("/t/<code>/stop")
@anyone
def stop(code: str) -> Response:
    """On to the page that asks whether such messages are to stop; opening it stops nothing. It is
    the number that got the message that stops, whatever the person's is by now."""
    found = _invited(code)
    if found is None:
        tried = survey_of(code)
        if tried is None:
            return no_such_address(channel=TEXT)
        return nothing_to_stop(tried.workspace_id, channel=TEXT)
    invitation, digest = found
    if digest is None:
        return no_such_address(channel=TEXT)
    return _onward(f"{unsubscribe_url_of(invitation.workspace_id, digest)}?of=sms")


def _invited(code: str) -> tuple[Invitation, str | None] | None:
    with snapshot() as session:
        row = session.execute(
            select(Invitation, TextMessage.number_digest, Contact.phone)
            .join(
                TextMessage,
                (TextMessage.workspace_id == Invitation.workspace_id)
                & (TextMessage.invitation_id == Invitation.id),
            )
            .join(
                Contact,
                (Contact.workspace_id == Invitation.workspace_id)
                & (Contact.id == Invitation.contact_id),
            )
            .where(TextMessage.code == code)
            .execution_options(voc_all_workspaces=True)
        ).one_or_none()
    if row is None:
        return None
    invitation, kept, phone = row
    return invitation, digest_reached(invitation.workspace_id, kept, phone)


def _onward(url: str) -> Response:
    response = redirect(url, 303)
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response


# --- for providers ----------------------------------------------------------------------------


@blueprint.post("/hooks/text-messages/<hook_id>")
@anyone
@items_apart("")
def take_in(hook_id: str) -> Any:
    """Receipts and replies, signed. 200 also where some were refused: sending them again changes
    nothing."""
    now = utcnow()
    with snapshot() as session:
        provider = settings.provider_of_hook(session, hook_id)
    if provider is None:
        raise NotFound("No such address.")
    header = request.headers.get(SIGNATURE, "")
    if not timed_signed(request.get_data(), header, provider.hook_secret, now=now):
        settings.note_heard(provider, is_signed=False, now=now)
        raise Malformed("The signature does not fit.")
    settings.note_heard(provider, is_signed=True, now=now)
    body = request.get_json()
    items = body if isinstance(body, list) else [body]
    if len(items) > _MOST_ITEMS:
        raise BadInput.of("body", f"at most {_MOST_ITEMS} items at once")
    heard = hear(provider.workspace_id, items, now=now)
    return {
        "received": len(heard),
        "rejected": [
            {"index": number, "field": error.field, "message": error.message}
            for number, each in enumerate(heard)
            if each.error is not None
            for error in each.error.errors[:1]
        ],
    }


# --- for administrators -----------------------------------------------------------------------


@blueprint.get("/settings/text-messages")
@signed_in("admin")
def provider() -> str:
    """Who sends them, how that goes, and where the provider tells of replies."""
    return _provider_page({}, {})


@blueprint.post("/settings/text-messages")
@signed_in("admin")
def save_provider() -> Any:
    """What was typed stays where something is wrong; the token is never shown again, and a new one
    that was typed is asked for, or the former one would stay without a word."""
    typed = {name: request.form.get(name, "").replace("\0", " ") for name in ("url", "sender")}
    token = request.form.get("token", "").strip() or None
    try:
        settings.save_provider(
            current_workspace.id, token=token, actor_user_id=current_user.id, now=utcnow(), **typed
        )
    except BadInput as problem:
        errors = {error.field: _bad_words(error.field) for error in problem.errors}
        if token:
            errors.setdefault("token", _("Enter the token once more: it is never shown again."))
        return _provider_page(typed, errors), problem.status
    notice(_("Saved."))
    return redirect(url_for(".provider"), 303)


@blueprint.post("/settings/text-messages/remove")
@signed_in("admin")
def remove_provider() -> Response:
    if settings.remove_provider(current_workspace.id, actor_user_id=current_user.id, now=utcnow()):
        notice(_("Text messages are not sent any more. Those that waited are listed as not sent."))
    return redirect(url_for(".provider"), 303)


def _bad_words(field: str) -> str:
    if field == "url":
        return _("Enter an https address outside your network, at port 443 or one from 1024 up.")
    if field == "token":
        return _("Enter the token, without blanks. For another address it is needed anew.")
    return _("Enter up to 11 letters and digits, or a telephone number.")


def _provider_page(typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    with snapshot() as session:
        found = settings.provider_of(session, current_workspace.id)
    base = current_app.config["SETTINGS"].base_url.rstrip("/")
    return render_template(
        "sms/provider.html",
        found=found,
        typed=typed or ({"url": found.url, "sender": found.sender} if found else {}),
        errors=errors,
        hook=found and base + url_for(".take_in", hook_id=found.hook_id),
        header=SIGNATURE,
        trouble_text=trouble_text,
    )


# --- what a survey says -----------------------------------------------------------------------


@dataclass
class Form:
    """typed: by language; errors: in words, by the name of the field."""

    languages: Sequence[str]
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> OwnTexts | None:
        """None where something is wrong, which `errors` then says."""
        texts, problems = read({each: self.typed[each] for each in self.languages}, self.languages)
        self.errors |= {f"text-{problem.field}": _in_words(problem) for problem in problems}
        return None if problems else texts


def _in_words(problem: Problem) -> str:
    match problem.code:
        case "too_long":
            return _("Use at most %(most)s characters.", most=problem.values["most"])
        case "gap":
            return _(
                "%(gap)s is not filled here; there are %(known)s.",
                gap=f"{{{problem.values['gap']}}}", known=_gaps_text(),
            )  # fmt: skip
        case "no_link":
            return _("Put {link} into the text: by it people answer.")
        case _:
            return _("Some characters cannot be stored; type the text anew.")


def _gaps_text() -> str:
    return ", ".join(f"{{{gap}}}" for gap in GAPS)


@blueprint.get("/surveys/<key>/invitations/text")
@signed_in("admin", "product")
def edit_texts(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    languages = published_definition(survey).languages
    kept = _kept(survey)
    typed = {language: kept.texts.words.get(language, "") for language in languages}
    return _texts_page(survey, Form(languages, typed), kept.revision)


@blueprint.post("/surveys/<key>/invitations/text")
@signed_in("admin", "product")
def save_texts(key: str) -> Any:
    """Counts for every message that goes out from now on; with `do=count` it is only counted."""
    survey = survey_by_key(current_workspace.id, key)
    languages = published_definition(survey).languages
    form = Form(languages, {each: request.form.get(f"text-{each}", "") for each in languages})
    after = _revision()
    trial = _trial_of(form, request.form)
    texts = form.read()
    if texts is None:
        return _texts_page(survey, form, after, trial), 422
    if request.form.get("do") == "count":
        return _texts_page(survey, form, after, trial)
    try:
        save_own_texts(
            current_workspace.id, survey.id, texts, after=after, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except Conflict:
        form.errors["revision"] = _(
            "Somebody changed this text meanwhile. Saving again replaces what they wrote."
        )
        return _texts_page(survey, form, _kept(survey).revision, trial), 409
    notice(_("Saved. Every text message that goes out from now on says so."))
    return redirect(url_for(".edit_texts", key=key), 303)


def _revision() -> int:
    """The one that was changed; -1: of none."""
    typed = request.form.get("revision", "")[:9]
    return int(typed) if typed.isascii() and typed.isdigit() else -1


def _kept(survey: SurveySummary) -> Kept:
    with snapshot() as session:
        return own_texts(session, survey.workspace_id, survey.id)


def _texts_page(
    survey: SurveySummary, form: Form, revision: int, trial: Trial | None = None
) -> str:
    """Each language as it would go to whoever is looking at it, and what it is paid as."""
    samples = {}
    for language in form.languages:
        text = _to_me(survey, OwnTexts({language: form.typed[language].strip()}), language)
        samples[language] = (text, parts_of(text))
    with snapshot() as session:
        has_provider = settings.provider_of(session, current_workspace.id) is not None
    return render_template(
        "sms/texts.html", survey=survey, form=form, revision=revision, samples=samples,
        usual={each: usual_text(each) for each in form.languages}, most=MAX_TEXT,
        gaps=_gaps_text(), has_provider=has_provider, trial=trial or _trial_of(form, {}),
    )  # fmt: skip


def _to_me(survey: SurveySummary, own: OwnTexts, language: str) -> str:
    """A text as whoever is signed in would get it; its link opens the survey as a trial."""
    return said(
        own, language, code=code_of(survey), name=current_user.name,
        workspace=current_workspace.name,
    )  # fmt: skip


# --- trying it --------------------------------------------------------------------------------


@dataclass
class Trial:
    """A trial as it was typed, and what became of it. attempt: see `send_trial`; is_wanted: it is
    what was pressed."""

    number: str
    language: str
    attempt: str
    became: str = ""
    kind: Literal["done", "warning", "error"] = "error"
    is_wanted: bool = False


@blueprint.post("/surveys/<key>/invitations/text/trial")
@signed_in("admin", "product")
def try_text(key: str) -> Any:
    """Send the text as it stands in the form, saved or not, to one number; nothing is saved, and
    what was typed stays."""
    survey = survey_by_key(current_workspace.id, key)
    languages = published_definition(survey).languages
    form = Form(languages, {each: request.form.get(f"text-{each}", "") for each in languages})
    trial = _trial_of(form, request.form)
    trial.is_wanted = True
    texts, number = form.read(), _read_number(trial, form)
    status = 422
    if texts is not None and number is not None:
        status = _send_trial(survey, texts, number, trial, form)
    return _texts_page(survey, form, _revision(), trial), status


def _trial_of(form: Form, typed: Mapping[str, str]) -> Trial:
    language = typed.get("language", "")
    if language not in form.languages:
        wanted = current_user.locale or current_workspace.locale
        language = best_language(wanted, form.languages)
    attempt = typed.get("attempt", "")[:40] or secrets.token_urlsafe(9)
    return Trial(typed.get("number", ""), language, attempt)


def _read_number(trial: Trial, form: Form) -> str | None:
    """In E.164; None where it is none, which `errors` then says."""
    try:
        return normalised(trial.number, region=country_of(current_workspace.time_zone))
    except ValueError:
        form.errors["number"] = _("Enter a telephone number such as +81 90-1234-5678.")
        return None


def _send_trial(
    survey: SurveySummary, texts: OwnTexts, number: str, trial: Trial, form: Form
) -> int:
    """The status of the page. Under a new attempt the next one is a message of its own; where
    nobody knows what became of this one, or nothing was tried, it is the same message."""
    text = _to_me(survey, texts, trial.language)
    try:
        send_trial(
            survey, number=number, text=text, attempt=trial.attempt,
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        (wrong,) = problem.errors
        if wrong.field == "number":
            form.errors["number"] = reason_text(wrong.message)
        else:
            trial.became = not_open() if wrong.field == "survey" else nobody_sends()
        return problem.status
    except TooMany as problem:
        trial.became = _(
            "%(most)s trials were sent within an hour. Nothing was sent; try again later.",
            most=MOST_AN_HOUR,
        )
        return problem.status
    except LeftAlone as problem:
        trial.kind = "warning"
        trial.became = ngettext(
            "For %(num)s more second the provider is left alone: it asked for that, or did not "
            "answer. Try again then.",
            "For %(num)s more seconds the provider is left alone: it asked for that, or did not "
            "answer. Try again then.",
            problem.seconds,
        )
        return TooMany.status
    except (NotTaken, Refused) as problem:
        return _not_sent(problem, trial, form)
    trial.attempt = secrets.token_urlsafe(9)
    trial.kind = "done"
    trial.became = _("The provider took it for %(number)s.", number=readable(number))
    return 200


def _not_sent(problem: NotTaken | Refused, trial: Trial, form: Form) -> int:
    if isinstance(problem, Refused):
        trial.attempt = secrets.token_urlsafe(9)
        if problem.is_bad_address:
            form.errors["number"] = reason_text(problem.reason)
            return 422
        trial.became = _("The provider refused it (%(said)s).", said=problem.reason)
    elif problem.may_be_out:
        trial.kind = "warning"
        trial.became = _(
            "Nobody knows whether it went out: %(said)s. Sent again as it is, it arrives once.",
            said=trouble_text(problem.reason),
        )
    else:
        trial.became = _(
            "The provider did not take it: %(said)s.",
            said=trouble_text(problem.reason),
        )
    return 200
