"""Pages: who sends text messages, and what they say; and the addresses that people and providers
call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from surveys.provider_events import timed_signed
from surveys.sms_text import GAPS, MAX_TEXT, OwnTexts, Problem, parts_of, read
from vocapp.api_documents import items_apart
from vocapp.authoring.links import InvitationLink
from vocapp.authoring.queries import SurveySummary, published_definition, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing.mail import digest_reached, unsubscribe_url_of
from vocapp.distributing.models import Invitation
from vocapp.distributing.sms import settings
from vocapp.distributing.sms.hearing import hear
from vocapp.distributing.sms.models import TextMessage
from vocapp.distributing.sms.wording import (
    Kept,
    new_code,
    own_texts,
    said,
    save_own_texts,
    usual_text,
)
from vocapp.distributing.wording import trouble_text
from vocapp.people.models import Contact
from vocapp.problems import BadInput, Conflict, Malformed, NotFound
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import anyone, current_user, current_workspace, signed_in

blueprint = Blueprint("sms", __name__, template_folder="templates")
SIGNATURE = "Voc-Signature"
_MOST_ITEMS = 1000


# --- for people who got a message -------------------------------------------------------------


@blueprint.get("/t/<code>")
@anyone
def open_link(code: str) -> Response:
    """On to the page of the invitation. Telephones look at links by themselves: nothing counts."""
    invitation, _digest = _invited(code)
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
    invitation, digest = _invited(code)
    if digest is None:
        raise NotFound("No such address.")
    return _onward(f"{unsubscribe_url_of(invitation.workspace_id, digest)}?of=sms")


def _invited(code: str) -> tuple[Invitation, str | None]:
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
        raise NotFound("No such address.")
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
    revision = request.form.get("revision", "")[:9]
    after = int(revision) if revision.isascii() and revision.isdigit() else -1
    texts = form.read()
    if texts is None:
        return _texts_page(survey, form, after), 422
    if request.form.get("do") == "count":
        return _texts_page(survey, form, after)
    try:
        save_own_texts(
            current_workspace.id, survey.id, texts, after=after, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except Conflict:
        form.errors["revision"] = _(
            "Somebody changed this text meanwhile. Saving again replaces what they wrote."
        )
        return _texts_page(survey, form, _kept(survey).revision), 409
    notice(_("Saved. Every text message that goes out from now on says so."))
    return redirect(url_for(".edit_texts", key=key), 303)


def _kept(survey: SurveySummary) -> Kept:
    with snapshot() as session:
        return own_texts(session, survey.workspace_id, survey.id)


def _texts_page(survey: SurveySummary, form: Form, revision: int) -> str:
    """Each language as it would go to whoever is looking at it, and what it is paid as."""
    code, samples = new_code(), {}
    for language in form.languages:
        own = OwnTexts({language: form.typed[language].strip()})
        text = said(
            own, language, code=code, name=current_user.name, workspace=current_workspace.name
        )
        samples[language] = (text, parts_of(text))
    return render_template(
        "sms/texts.html", survey=survey, form=form, revision=revision, samples=samples,
        usual={each: usual_text(each) for each in form.languages}, most=MAX_TEXT,
        gaps=_gaps_text(),
    )  # fmt: skip
