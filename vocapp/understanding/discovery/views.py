"""The page of what is new in the comments: accept, merge, dismiss, take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, current_app, redirect, render_template, request, url_for

from nlp.discovery import FEWEST_COMMENTS
from surveys.periods import local_day
from vocapp import ui
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.understanding.discovery import queries, service, wording
from vocapp.understanding.discovery.reading import WINDOWS
from vocapp.understanding.queries import theme_choices
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("discovery", __name__)
_PAGE = "discovery.show"
_ANSWERS = "looking_into.answers"
_LANGUAGES = ("en", "ja")


@blueprint.get("/themes/discovery")
@signed_in("product")
def show() -> Any:
    """Groups of comments that are new, and what became of earlier ones."""
    return _page()


def _page(*, wrong: UUID | None = None, errors: Mapping[str, str] | None = None) -> Any:
    """wrong: the group whose form could not be taken; what was written stays in it."""
    found = queries.discovery_page(current_workspace.id, now=utcnow())
    choices = [(key, text_in_language(label)) for key, label in theme_choices(current_workspace.id)]
    return render_template(
        "understanding/discovery.html",
        page=found,
        wrong=wrong,
        errors=errors or {},
        form=request.form,
        theme_choices=[("", _("Choose a theme")), *sorted(choices, key=lambda each: each[1])],
        wording=wording,
        in_language=text_in_language,
        name=wording.name,
        keywords=_phrases,
        answers_url=_answers_url,
        fewest=FEWEST_COMMENTS,
        windows=WINDOWS,
    ), 422 if errors else 200


def _phrases(terms: Mapping[str, Sequence[str]], language: str) -> str:
    return "\n".join(terms.get(language, ()))


def _answers_url(survey_key: str, answered_at: datetime) -> str | None:
    """The answers of that day, on a page of a package that is not known here."""
    if _ANSWERS not in current_app.view_functions:
        return None
    day = local_day(answered_at, current_workspace.time_zone).isoformat()
    return url_for(_ANSWERS, key=survey_key, period="custom", since=day, until=day)


@blueprint.post("/themes/discovery")
@signed_in("product")
def look() -> Any:
    """Look now instead of tonight."""
    service.look_now(current_workspace.id, now=utcnow())
    ui.notice(_("New themes are being looked for. Load the page again in a moment."))
    return redirect(url_for(_PAGE))


def _decision(decide: Callable[[UUID], str]) -> Callable[[UUID], Any]:
    """A decision about a group, which gives the words for what it did.

    What cannot be taken is said at the form, which keeps what was written; that somebody else
    decided meanwhile, on top.
    """

    @wraps(decide)
    def answer(candidate_id: UUID) -> Any:
        try:
            words = decide(candidate_id)
        except BadInput as problem:
            errors = {error.field: error.message for error in problem.errors}
            return _page(wrong=candidate_id, errors=errors)
        except Conflict as problem:
            ui.notice(problem.detail, kind="error")
        else:
            ui.notice(words, undo_url=url_for("discovery.undo", candidate_id=candidate_id))
        return redirect(url_for(_PAGE))

    return answer


@blueprint.post("/themes/discovery/<uuid:candidate_id>/accept")
@signed_in("product")
@_decision
def accept(candidate_id: UUID) -> str:
    """Make it a theme."""
    label = {each: request.form.get(f"label_{each}", "") for each in _LANGUAGES}
    keywords = {each: _lines(request.form.get(f"keywords_{each}", "")) for each in _LANGUAGES}
    service.accept(
        current_workspace.id, candidate_id, label=label, keywords=keywords,
        response_ids=_chosen(), user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    return _("It is a theme now. New comments are judged by it, too.")


@blueprint.post("/themes/discovery/<uuid:candidate_id>/merge")
@signed_in("product")
@_decision
def merge(candidate_id: UUID) -> str:
    """Say that it belongs to a theme there is."""
    service.merge(
        current_workspace.id, candidate_id, request.form.get("theme", ""),
        response_ids=_chosen(), user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    return _("Its examples are labels of the theme now.")


@blueprint.post("/themes/discovery/<uuid:candidate_id>/dismiss")
@signed_in("product")
@_decision
def dismiss(candidate_id: UUID) -> str:
    """Not to be shown again, nor what is like it."""
    service.dismiss(current_workspace.id, candidate_id, user_id=current_user.id, now=utcnow())
    return _("Dismissed. It is not shown again, nor what is like it.")


@blueprint.post("/themes/discovery/<uuid:candidate_id>/undo")
@signed_in("product")
def undo(candidate_id: UUID) -> Any:
    """Take a decision back."""
    service.take_back(current_workspace.id, candidate_id, user_id=current_user.id, now=utcnow())
    ui.notice(_("Undone. It waits for a decision again."))
    return redirect(url_for(_PAGE))


def _chosen() -> list[UUID]:
    found = []
    for text in request.form.getlist("comment"):
        try:
            found.append(UUID(text))
        except ValueError:
            continue  # no box of this page has it
    return found


def _lines(text: str) -> list[str]:
    lines = (" ".join(line.split()) for line in text.splitlines())
    return list(dict.fromkeys(line for line in lines if line))
