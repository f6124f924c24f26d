"""Page: the words of a survey's own in its e-mails."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage

from surveys.own_mail import (
    GAPS,
    MAX_INTRO,
    MAX_REMIND_DAYS,
    MAX_SENDER,
    MAX_SUBJECT,
    OwnMail,
    OwnWords,
    Problem,
    read,
)
from vocapp.authoring.queries import SurveySummary, published_definition, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.distributing.logos import MAX_PIXELS, MAX_UPLOAD_BYTES, BadLogo, Logo, read_logo
from vocapp.distributing.own_mails import KEEP, Kept, own_mail, save_own_mail, takes_replies
from vocapp.distributing.texts import invitation_texts
from vocapp.problems import Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

_WORDS = ("subject", "intro")
blueprint = Blueprint("own_mails", __name__, template_folder="templates")


@dataclass
class Form:
    """typed: by the name of a field; errors: in words, by the same names."""

    languages: Sequence[str]
    typed: Mapping[str, str]
    upload: FileStorage | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> OwnMail | None:
        """None where something is wrong, which `errors` then says."""
        typed = {name: self.typed.get(name, "") for name in ("sender", "reply_to")}
        words = {
            language: {name: self.typed.get(f"{name}-{language}", "") for name in _WORDS}
            for language in self.languages
        }
        document = typed | {"remind_after": self._days(), "words": words}
        mail, problems = read(document, self.languages, takes_mail=takes_replies)
        for problem in problems:
            self.errors[self._name_of(problem.field)] = _in_words(problem)
        return None if self.errors else mail

    def read_logo(self) -> Logo | object | None:
        """The one that was sent, None where there is to be none, else KEEP."""
        if self.upload is None or not self.upload.filename:
            return None if "no_logo" in self.typed else KEEP
        try:
            return read_logo(self.upload.stream.read(MAX_UPLOAD_BYTES + 1))
        except BadLogo as problem:
            self.errors["logo"] = _logo_in_words(problem.code)
            return KEEP

    def _days(self) -> int | str | None:
        """A number where one was typed; else what was typed, which is refused."""
        text = self.typed.get("remind_after", "").strip()
        return int(text) if re.fullmatch("[0-9]{1,4}", text) else text or None

    def _name_of(self, path: str) -> str:
        """The field of the form: "words.ja.intro" is typed as "intro-ja"."""
        _words, _dot, rest = path.rpartition("words.")
        language, dot, name = rest.rpartition(".")
        return f"{name}-{language}" if dot else path


def _logo_in_words(code: str) -> str:
    match code:
        case "too_large":
            return _("Choose a file of at most %(most)s MB.", most=MAX_UPLOAD_BYTES // 1_000_000)
        case "too_many_pixels":
            return _(
                "Choose a picture of at most %(most)s million pixels.", most=MAX_PIXELS // 1_000_000
            )
        case "too_detailed":
            return _("This picture has too much detail for every mail; choose a simpler one.")
        case _:
            return _("Choose a PNG, JPEG, GIF or WebP picture.")


def _in_words(problem: Problem) -> str:
    match problem.code:
        case "address":
            return _("This is no e-mail address.")
        case "not_whole":
            return _(
                "Enter a whole number from %(least)s to %(most)s.", least=1, most=MAX_REMIND_DAYS
            )
        case "lines":
            return _("Use one line, without control characters.")
        case "too_long":
            return _("Use at most %(most)s characters.", most=problem.values["most"])
        case "gap":
            return _(
                "%(gap)s is not filled here; there are %(known)s.",
                gap=f"{{{problem.values['gap']}}}", known=gaps_text(),
            )  # fmt: skip
        case _:
            return _("Some characters cannot be stored; type the text anew.")


def gaps_text() -> str:
    """The gaps that are filled, as somebody types them."""
    return ", ".join(f"{{{gap}}}" for gap in GAPS)


@blueprint.get("/surveys/<key>/invitations/mail")
@signed_in("admin", "product")
def edit(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    languages = published_definition(survey).languages
    with snapshot() as session:
        kept = own_mail(session, current_workspace.id, survey.id)
    return _page(survey, Form(languages, _typed(kept, languages)), kept.revision)


@blueprint.post("/surveys/<key>/invitations/mail")
@signed_in("admin", "product")
def save(key: str) -> Any:
    """Counts for every mail that goes out from now on, also those that wait."""
    survey = survey_by_key(current_workspace.id, key)
    form = Form(published_definition(survey).languages, request.form, request.files.get("logo"))
    revision = request.form.get("revision", "")
    after = int(revision) if revision.isascii() and revision.isdigit() else -1
    logo, mail = form.read_logo(), form.read()
    if mail is None:
        return _page(survey, form, after), 422
    try:
        save_own_mail(
            current_workspace.id, survey.id, mail, logo=logo, after=after,
            actor_user_id=current_user.id, now=utcnow(),
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
    with snapshot() as session:
        logo = own_mail(session, current_workspace.id, survey.id).logo
    return render_template(
        "distributing/own_mail.html",
        survey=survey,
        form=form,
        revision=revision,
        usual={language: invitation_texts(language) for language in form.languages},
        gaps=gaps_text(),
        logo=logo,
        most={"sender": MAX_SENDER, "subject": MAX_SUBJECT, "intro": MAX_INTRO},
    )
