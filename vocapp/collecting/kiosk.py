"""A kiosk: a device that stands somewhere and asks one person after the other.

The page brings the survey in all of its languages and draws it with the widget's card, so that it
goes on without a network (`widget/src/kiosk/`). Each answer is sent whole, under an id that the
device mints once: sent again it is the same answer. Its channel is `web`, as that of every public
link; the place that the link was made for is its touchpoint.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, render_template, request, url_for
from flask import Response as HttpResponse
from pydantic import BaseModel, ConfigDict, Field

from surveys.definitions import Definition
from surveys.languages import LOCALE
from surveys.limits import Limits, closes_at
from surveys.piping import filled
from vocapp.api_documents import MAX_PUBLIC_BYTES, refuse_unstorable
from vocapp.authoring.limiting.queries import is_closed, limits_of, time_zone_of
from vocapp.authoring.links import read_place
from vocapp.authoring.queries import SurveySummary, published_at, survey_by_public_id
from vocapp.collecting import service
from vocapp.collecting.letting_in import GroupFull, closing_words
from vocapp.collecting.parsing import answerable_version, in_one_order
from vocapp.collecting.public import present_survey
from vocapp.collecting.service import Submission, checked_answers
from vocapp.collecting.texts import respondent_texts
from vocapp.collecting.views import (
    SurveyLanguage,
    brand_css_url,
    closed_page,
    nowhere_page,
    only_links_page,
    open_until,
    page_language,
)
from vocapp.collecting.widget import DIST, script_file
from vocapp.database import utcnow
from vocapp.extensions import db
from vocapp.language_packs import register_words, words_in
from vocapp.problems import BadInput, NotFound
from vocapp.rate_limits import limit_public
from vocapp.security import without_csrf
from vocapp.signing import digest_of_json
from vocapp.workspaces.access import anyone
from vocapp.workspaces.queries import workspace_settings

blueprint = Blueprint("kiosk", __name__, template_folder="templates")
limit_public(blueprint)

_SCRIPT, _WORKER = DIST / "kiosk.js", DIST / "kiosk-worker.js"
_LONGEST_WAY = timedelta(days=366)  # so late may an answer of a device come
_LOOK_AGAIN_S = 300
_WORDS = {
    "en": {
        "again": "Start again",
        "full_screen": "Full screen",
        "kept": "There is no connection. Your answer is kept on this device and will be sent.",
        "waiting": "No connection. Answers kept on this device, to be sent: {count}",
        "ready": "Also works without a connection.",
        "soon": "This starts again for the next person. Touch the screen to stay.",
        "still_there": "Are you still there?",
        "otherwise": "Otherwise this starts again, and what you entered is no longer shown.",
        "go_on": "Go on",
        "language": "Language",
    },
    "ja": {
        "again": "最初から",
        "full_screen": "全画面で表示",
        "kept": "接続できません。ご回答はこの端末に保存されており、後で送信されます。",
        "waiting": "接続できません。この端末に保存されている未送信の回答：{count}件",
        "ready": "接続がなくても回答できます。",
        "soon": "まもなく次の方の画面に戻ります。画面に触れると止まります。",
        "still_there": "回答を続けますか。",
        "otherwise": "操作がない場合は最初の画面に戻り、入力した内容は表示されなくなります。",
        "go_on": "続ける",
        "language": "言語",
    },
}
register_words("kiosk", _WORDS["en"])


class KioskBody(BaseModel):
    """One answer. `answered_at` and `sent_at`: ms since 1970 by the clock of the device."""

    model_config = ConfigDict(extra="forbid")

    id: UUID
    survey_version: int = Field(ge=1, le=2**31 - 1, strict=True)
    locale: str = Field(max_length=20, pattern=f"^{LOCALE}$")
    answered_at: int = Field(ge=0, le=2**53, strict=True)
    sent_at: int = Field(ge=0, le=2**53, strict=True)
    answers: dict[str, Any] = Field(max_length=100)


@blueprint.get("/kiosk/<public_id>")
@anyone
def show(public_id: str) -> Any:
    """The page; where it asks nothing, it looks again by itself after some minutes."""
    try:
        survey = survey_by_public_id(public_id)
    except NotFound:
        return _later(nowhere_page())
    limits = limits_of(survey.workspace_id, survey.id)
    if is_closed(survey, limits, now=utcnow()):
        return _later(closed_page(survey, limits))
    if survey.published_version is None:
        return _later(nowhere_page())
    if limits.only_single_use:
        return _later(only_links_page(survey))
    _, definition = answerable_version(survey, None)
    language, look = page_language(definition.languages), brand_css_url(survey)
    return render_template(
        "collecting/kiosk.html",
        survey_locale=language,
        sender=workspace_settings(survey.workspace_id)["name"],
        languages=[SurveyLanguage(tag) for tag in definition.languages],
        words=words_in("kiosk", language.tag, _WORDS),
        # The sheet is told to the script as well: with another one a device loads the page anew.
        kiosk=_all_of(survey, filled(definition, {}), limits)
        | {"first": language.tag, "look": look},
        brand_css_url=look,
    )


@blueprint.post("/kiosk/<public_id>")
@anyone
@without_csrf
def take(public_id: str) -> Any:
    """Store an answer of a device, however often it is sent."""
    request.max_content_length = MAX_PUBLIC_BYTES
    survey = survey_by_public_id(public_id)
    raw = request.get_json()
    if not isinstance(raw, Mapping):
        raise BadInput.of("body", "expected an object")
    refuse_unstorable(raw)
    now = utcnow()
    place = read_place(survey.id, request.args.get("at", ""))
    submission = _submission(KioskBody.model_validate(raw), survey, place, now=now)
    try:
        recorded = service.record_response(survey.workspace_id, submission, now=now)
    except GroupFull:  # it is kept, and the next person answers
        return {"id": str(submission.id)}, 202
    return {"id": str(recorded.id)}, 201 if recorded.created else 200


@blueprint.get("/kiosk/app.js")
@anyone
def script() -> HttpResponse:
    return script_file(_SCRIPT, cache="public, no-cache")


# Its folder is what it may answer for: every kiosk's page and no other.
@blueprint.get("/kiosk/worker.js")
@anyone
def worker() -> HttpResponse:
    return script_file(_WORKER, cache="public, no-cache")


def _later(answer: tuple[str, int]) -> Any:
    return *answer, {"Refresh": str(_LOOK_AGAIN_S)}


def _submission(
    body: KioskBody, survey: SurveySummary, place: str | None, *, now: datetime
) -> Submission:
    """When it was answered is counted back from now: the clock of the device may be wrong. Nobody
    answered a version before there was one."""
    version, definition = answerable_version(survey, body.survey_version)
    answers = checked_answers(definition, body.answers)
    score = answers.get(definition.primary.key)
    ago = timedelta(milliseconds=body.sent_at - body.answered_at)
    earliest = published_at(survey.workspace_id, survey.id, version)
    sent = body.model_dump(mode="json", exclude={"sent_at"})
    return Submission(
        survey_id=survey.id,
        version=version,
        answers=answers,
        score=score if isinstance(score, int) else None,
        channel="web",
        answered_at=max(now - min(max(ago, timedelta(0)), _LONGEST_WAY), earliest),
        digest=digest_of_json(in_one_order(sent, definition)),
        id=body.id,
        locale=body.locale,
        attributes={"touchpoint": place} if place else {},
    )


def _all_of(survey: SurveySummary, definition: Definition, limits: Limits) -> dict[str, Any]:
    """What the script needs, the survey in each of its languages."""
    over = None
    if limits.last_day is not None:
        time_zone = time_zone_of(db.session(), survey.workspace_id)
        over = int(closes_at(limits.last_day, time_zone).timestamp() * 1000)
    return {
        "surveys": [
            present_survey(survey, definition, tag)
            | {
                "words": words_in("kiosk", tag, _WORDS),
                "until": open_until(limits.last_day, tag),
                "closed": closing_words(limits, tag) or respondent_texts(tag)["closed"],
            }
            for tag in definition.languages
        ],
        "over": over,
        "worker": url_for(".worker"),
        # Another script is another page: devices that look for a new one load it.
        "build": hashlib.sha256(_SCRIPT.read_bytes()).hexdigest()[:12] if _SCRIPT.exists() else "",
    }
