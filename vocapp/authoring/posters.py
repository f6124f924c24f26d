"""Pages: a survey by a public link, as a QR code and as a poster to print.

A link can say where it hangs. That place becomes the touchpoint of its answers and is signed, so
that nobody who has the link can make up others.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import segno
from flask import Blueprint, Response, abort, render_template, request, send_file, url_for

from surveys.definitions import Definition
from surveys.languages import best_language, direction
from surveys.piping import filled
from surveys.questions import wording
from vocapp.authoring.links import MAX_PLACE, kiosk_url, page_url
from vocapp.authoring.poster_words import not_settable
from vocapp.authoring.queries import SurveySummary, definition_of, survey_by_key
from vocapp.language_packs import register_words, words_in
from vocapp.problems import NotFound
from vocapp.translating import gettext as _
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("posters", __name__, template_folder="templates")

# A smudge or a fold may cover a fifth of the code, and a phone still reads it.
_ERROR_CORRECTION = "q"
_QUIET_ZONE = 4  # modules of white around it, as ISO/IEC 18004 asks
_PNG_SCALE = 16
_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
_SIZES = ("a4", "a6")
_WORDS = {
    "en": {
        "heading": "Please tell us what you think",
        "how": "Scan the code with your phone’s camera.",
        "either": "or open",
    },
    "ja": {
        "heading": "ご意見をお聞かせください",
        "how": "スマートフォンのカメラで読み取ってください。",
        "either": "または",
    },
}
register_words("poster", _WORDS["en"])


@blueprint.get("/surveys/<key>/poster")
@signed_in("admin", "product", "success")
def poster(key: str) -> Any:
    """The sheet as it is printed, and above it what can be chosen."""
    survey, definition = _published(key)
    language, place, error = _language(definition), _place(), None
    if place is None:
        error, place = _("At most 100 characters, without control characters."), ""
    chosen: dict[str, Any] = {"key": key, "lang": language, "place": place or None}
    page = render_template(
        "authoring/poster.html",
        survey=survey,
        language=language,
        languages=definition.languages,
        text_direction=direction(language),
        typed=request.args.get("place", ""),
        error=error,
        url=page_url(survey, language=language, place=place),
        kiosk_url=kiosk_url(survey, language=language, place=place),
        **(words := _words(survey, definition, language)),
        pdf=url_for(".pdf", **chosen, size="a4"),
        small_pdf=url_for(".pdf", **chosen, size="a6"),
        not_in_pdf=not_settable("".join(words.values()), language),
        image=url_for(".qr", **chosen, ending="svg"),
        files=[(ending.upper(), url_for(".qr", **chosen, ending=ending)) for ending in _TYPES],
    )
    return (page, 422) if error else page


@blueprint.get("/surveys/<key>/poster/qr.<ending>")
@signed_in("admin", "product", "success")
def qr(key: str, ending: str) -> Response:
    """The code as a file; black on white in every scheme of colours, as scanners expect it."""
    survey, definition = _published(key)
    language, place = _language(definition), _place()
    if ending not in _TYPES or place is None:
        abort(404)
    code = _code(page_url(survey, language=language, place=place))
    file = BytesIO()
    scale = _PNG_SCALE if ending == "png" else 4
    code.save(file, kind=ending, scale=scale, border=_QUIET_ZONE, light="white")
    response = Response(file.getvalue(), mimetype=_TYPES[ending])
    response.headers["Content-Disposition"] = f'inline; filename="{survey.key}-{language}.{ending}"'
    return response


@blueprint.get("/surveys/<key>/poster/<size>.pdf")
@signed_in("admin", "product", "success")
def pdf(key: str, size: str) -> Response:
    """The sheet as a file: one of A4, or four of A6 on one; 404 where its words cannot be set."""
    # Takes a while and some memory, which no other page needs.
    from vocapp.authoring.poster_pdf import Sheet, drawn

    survey, definition = _published(key)
    language, place = _language(definition), _place()
    words = _words(survey, definition, language)
    if size not in _SIZES or place is None:
        abort(404)
    if not_settable("".join(words.values()), language):
        raise NotFound("The poster has characters that its PDF cannot show.")
    url = page_url(survey, language=language, place=place)
    modules = tuple(tuple(row) for row in _code(url).matrix_iter(border=_QUIET_ZONE))
    sheet = Sheet(language=language, **words, code_url=url, code=modules)
    parts = (survey.key, "poster", re.sub(r"\W+", "-", place).strip("-"), language, size)
    return send_file(
        BytesIO(drawn(sheet, four_to_a_sheet=size == "a6")),
        mimetype="application/pdf",
        as_attachment=True,
        download_name="-".join(filter(None, parts)) + ".pdf",
    )


def _words(survey: SurveySummary, definition: Definition, language: str) -> dict[str, str]:
    """What can be read on the sheet, from above."""
    return {
        "sender": current_workspace.name,
        "question": wording(filled(definition, {}).primary, language=language),
        **words_in("poster", language, _WORDS),
        "short_url": page_url(survey),
    }


def _code(url: str) -> segno.QRCode:
    return segno.make_qr(url, error=_ERROR_CORRECTION)


def _language(definition: Definition) -> str:
    return best_language(request.args.get("lang") or current_user.locale, definition.languages)


def _place() -> str | None:
    """Where it is to hang, empty for nowhere in particular; None: no place can be called so."""
    place = " ".join(request.args.get("place", "").split())
    return place if len(place) <= MAX_PLACE and place.isprintable() else None


def _published(key: str) -> tuple[SurveySummary, Definition]:
    survey = survey_by_key(current_workspace.id, key)
    if survey.published_version is None:
        raise NotFound("The survey is not published.")
    return survey, definition_of(survey.workspace_id, survey.id, survey.published_version)
