"""Pages: the answers behind a number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import starmap
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from flask_babel import get_locale
from markupsafe import Markup, escape

from vocapp.api_documents import PAGE_SIZE, moment_and_id, read_cursor
from vocapp.authoring import queries as authoring
from vocapp.authoring.queries import SurveySummary
from vocapp.collecting.marked_queries import is_any_marked
from vocapp.collecting.marked_wording import SHORT_WORDS
from vocapp.database import utcnow
from vocapp.looking_into.finding import count_answers, find_answers
from vocapp.looking_into.originals import look_at_original
from vocapp.looking_into.other_answers import other_in_words
from vocapp.looking_into.parameters import IN, Asked, asked_for
from vocapp.looking_into.queries import answers_shown
from vocapp.looking_into.selection import Found, Place
from vocapp.looking_into.wording import marked_choices, parts_in_words
from vocapp.measuring.queries import reading
from vocapp.problems import Forbidden
from vocapp.signing import sign
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("looking_into", __name__, template_folder="templates")
_OF_THE_NUMBER = frozenset(
    ("category", "score", "start", "theme", "invited", "received_by", "at", "not_at", "marked")
)
_FILES = (("csv", "exporting.export_csv"), ("jsonl", "exporting.export_jsonl"))


@blueprint.get("/results/<key>/answers")
@signed_in()
def answers(key: str) -> str:
    """The answers that a number of the results was counted from, newest first."""
    survey = survey_to_look_into(key)
    asked = asked_for(survey)
    cursor = read_cursor(request.args.get("cursor"), moment_and_id)
    before = Place(*cursor) if cursor else None
    with reading(survey, time_zone=current_workspace.time_zone, now=utcnow()) as opened:
        n = count_answers(opened, asked.selection)
        found = find_answers(opened, asked.selection, before=before, limit=PAGE_SIZE)
        pending, zone = opened.pending, opened.zone
    return render_template(
        "looking_into/answers.html",
        survey=survey,
        n=n,
        found=found,
        other_in_words=partial(other_in_words, language=str(get_locale() or "en")),
        answers=answers_shown(current_workspace.id, found.ids),
        parts=[
            (words, url_for(".answers", key=key, **asked.without(*names)))
            for words, names in parts_in_words(survey.kind, asked)
        ],
        marked=asked.selection.marked,
        marked_choices=marked_choices() if is_any_marked(survey) else [],
        mark_words=SHORT_WORDS,
        kept=asked.without("marked"),
        filter_errors=[*asked.form.filter.errors, *asked.form.segment.errors],
        pending=pending,
        time_zone=zone,
        is_first=before is None,
        first_url=url_for(".answers", key=key, **asked.parameters),
        next_url=_next_url(key, asked, found),
        all_url=url_for(".answers", key=key, period="all"),
        results_url=_results_url(survey, asked),
        files=_files(key, asked),
        in_language=text_in_language,
        # The same few words and addresses stand with every answer.
        theme_url=cache(_theme_url),
        url_of_account=cache(_url_of_account),
        facts=_facts(),
    )


@blueprint.post("/responses/<uuid:response_id>/original")
@signed_in("success", within_own_accounts=True)
def original(response_id: UUID) -> Response:
    """A comment as it was written, once; nothing on the way may keep it."""
    text = look_at_original(
        current_workspace.id,
        response_id,
        user_id=current_user.id,
        role=current_user.role,
        now=utcnow(),
    )
    answer = make_response(render_template("looking_into/original.html", text=text))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def survey_to_look_into(key: str) -> SurveySummary:
    """Raises NotFound, and Forbidden where single answers are shown to nobody."""
    survey = authoring.survey_by_key(current_workspace.id, key)
    if survey.confidential:
        raise Forbidden("Single answers of a confidential survey are not shown.")
    return survey


def _next_url(key: str, asked: Asked, found: Found) -> str | None:
    if found.next is None:
        return None
    cursor = sign("cursor", [found.next.answered_at.isoformat(), str(found.next.id)])
    return url_for(".answers", key=key, **asked.parameters, cursor=cursor)


def _results_url(survey: SurveySummary, asked: Asked) -> str:
    """The page that the number stood on, split by the attributes of the segment."""
    kept = {
        name: value
        for name, value in asked.parameters.items()
        if not name.startswith(IN) and name not in _OF_THE_NUMBER
    }
    names: dict[str, Any] = dict(zip(("by", "by2"), asked.selection.segment, strict=False))
    return url_for("measuring.survey_results", key=survey.key, **kept, **names)


def _files(key: str, asked: Asked) -> list[tuple[str, str]]:
    """This list as files, for those who work with the answers; a package above makes them."""
    if current_user.role == "viewer":
        return []
    return [
        (name, url_for(endpoint, key=key, **asked.parameters))
        for name, endpoint in _FILES
        if endpoint in current_app.view_functions
    ]


def _facts() -> Callable[[Sequence[tuple[str, str]]], Markup]:
    """Writes attributes with their values in words, each pair once: a page of fifty answers has
    more than a thousand of them, mostly the same."""

    @cache
    def term(name: str) -> str:
        return f"<dt>{escape(attribute_name(name))}</dt>"

    @cache
    def fact(name: str, value: str) -> str:
        return f"{term(name)}<dd>{escape(value_name(name, value))}</dd>"

    return lambda attributes: Markup("".join(starmap(fact, attributes)))  # noqa: S704 - `fact` escapes


def _theme_url(key: str, survey_key: str) -> str:
    return url_for("understanding.theme", key=key, survey=survey_key)


def _url_of_account(external_id: str | None) -> str | None:
    if external_id is None or "succeeding.account" not in current_app.view_functions:
        return None
    return url_for("succeeding.account", external_id=external_id)
