"""Page: the words of a survey's own in its e-mails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for

from surveys.own_mail import (
    GAPS,
    MAX_ADDRESS,
    MAX_INTRO,
    MAX_REMIND_DAYS,
    MAX_SENDER,
    MAX_SUBJECT,
    OwnMail,
    OwnWords,
    strange_gaps,
)
from surveys.questions import storable_problem
from vocapp.authoring.queries import SurveySummary, definition_of, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing.own_mails import Kept, own_mail, save_own_mail
from vocapp.distributing.texts import invitation_texts
from vocapp.mailing import address_of
from vocapp.people.parsing import is_address
from vocapp.problems import Conflict, NotFound
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("own_mails", __name__, template_folder="templates")


@dataclass
class Form:
    """typed: by the name of a field; errors: in words, by the same names."""

    languages: Sequence[str]
    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> OwnMail | None:
        """None where something is wrong, which `errors` then says."""
        sender, reply_to = self._line("sender", MAX_SENDER), self._line("reply_to", MAX_ADDRESS)
        if reply_to and not _takes_replies(reply_to):
            self.errors["reply_to"] = _("This is no e-mail address.")
        words = {
            language: OwnWords(
                self._line(f"subject-{language}", MAX_SUBJECT),
                self._text(f"intro-{language}", MAX_INTRO),
            )
            for language in self.languages
        }
        remind_after = self._days("remind_after")
        return None if self.errors else OwnMail(sender, reply_to, remind_after, words)

    def _days(self, name: str) -> int | None:
        text = self.typed.get(name, "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MAX_REMIND_DAYS:
            return int(text)
        self.errors[name] = _(
            "Enter a whole number from %(least)s to %(most)s.", least=1, most=MAX_REMIND_DAYS
        )
        return None

    def _line(self, name: str, most: int) -> str:
        text = self._text(name, most)
        if not text.isprintable():
            self.errors[name] = _("Use one line, without control characters.")
        return text

    def _text(self, name: str, most: int) -> str:
        text = self.typed.get(name, "").replace("\r\n", "\n").strip()
        if len(text) > most:
            self.errors[name] = _("Use at most %(most)s characters.", most=most)
        elif storable_problem(text):
            self.errors[name] = _("Some characters cannot be stored; type the text anew.")
        elif name not in ("sender", "reply_to") and (strange := strange_gaps(text)):
            self.errors[name] = _(
                "%(gap)s is not filled here; there are %(known)s.",
                gap=f"{{{strange[0]}}}", known=gaps_text(),
            )  # fmt: skip
        return text


def _takes_replies(address: str) -> bool:
    """Whether every mail program can write to it. One that no header holds would stop all mails
    of the survey."""
    try:
        address_of("", address)
    except ValueError:
        return False
    return is_address(address) and address.rpartition("@")[0].isascii()


def gaps_text() -> str:
    """The gaps that are filled, as somebody types them."""
    return ", ".join(f"{{{gap}}}" for gap in GAPS)


@blueprint.get("/surveys/<key>/invitations/mail")
@signed_in("admin", "product")
def edit(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    languages = _languages(survey)
    with snapshot() as session:
        kept = own_mail(session, current_workspace.id, survey.id)
    return _page(survey, Form(languages, _typed(kept, languages)), kept.revision)


@blueprint.post("/surveys/<key>/invitations/mail")
@signed_in("admin", "product")
def save(key: str) -> Any:
    """Counts for every mail that goes out from now on, also those that wait."""
    survey = survey_by_key(current_workspace.id, key)
    form = Form(_languages(survey), request.form)
    revision = request.form.get("revision", "")
    after = int(revision) if revision.isascii() and revision.isdigit() else -1
    mail = form.read()
    if mail is None:
        return _page(survey, form, after), 422
    try:
        save_own_mail(
            current_workspace.id, survey.id, mail, after=after, actor_user_id=current_user.id,
            now=utcnow(),
        )  # fmt: skip
    except Conflict:
        return _changed_meanwhile(survey, form)
    notice(_("Saved. Every e-mail that goes out from now on says so."))
    return redirect(url_for("distributing.preview", key=key), 303)


def _changed_meanwhile(survey: SurveySummary, form: Form) -> Any:
    """What was typed stays, and saving again writes over what somebody else saved."""
    with snapshot() as session:
        kept = own_mail(session, current_workspace.id, survey.id)
    form.errors["revision"] = _(
        "Somebody changed this mail meanwhile. Saving again replaces what they wrote."
    )
    return _page(survey, form, kept.revision), 409


def _languages(survey: SurveySummary) -> Sequence[str]:
    if survey.published_version is None:
        raise NotFound("The survey is not published.")
    return definition_of(survey.workspace_id, survey.id, survey.published_version).languages


def _typed(kept: Kept, languages: Sequence[str]) -> dict[str, str]:
    days = kept.mail.remind_after
    typed = {
        "sender": kept.mail.sender, "reply_to": kept.mail.reply_to,
        "remind_after": "" if days is None else str(days),
    }  # fmt: skip
    for language in languages:
        words = kept.mail.words.get(language, OwnWords())
        typed |= {f"subject-{language}": words.subject, f"intro-{language}": words.intro}
    return typed


def _page(survey: SurveySummary, form: Form, revision: int) -> str:
    return render_template(
        "distributing/own_mail.html",
        survey=survey,
        form=form,
        revision=revision,
        usual={language: invitation_texts(language) for language in form.languages},
        gaps=gaps_text(),
        most={"sender": MAX_SENDER, "subject": MAX_SUBJECT, "intro": MAX_INTRO},
    )
