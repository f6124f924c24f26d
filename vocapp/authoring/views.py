"""Pages: the list of surveys, a new one, one survey, its editor and its preview."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from babel import Locale, UnknownLocaleError
from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask_babel import force_locale, get_locale
from werkzeug.wrappers import Response

from surveys import survey_templates
from surveys.definitions import Definition, DefinitionError, from_json, to_json
from surveys.languages import best_language, direction
from surveys.limits import Quota
from surveys.piping import filled
from surveys.questions import Question, localised, wording
from surveys.survey_strings import completeness
from vocapp.authoring import activity, drafting, drafts, queries, service, versions
from vocapp.authoring.branch_wording import BranchWords
from vocapp.authoring.drafting import Draft
from vocapp.authoring.forms import NewSurveyForm
from vocapp.authoring.limiting.queries import is_closed, limits_of
from vocapp.authoring.links import page_url
from vocapp.authoring.look.queries import look_of, sheet_url
from vocapp.authoring.queries import SurveySummary
from vocapp.authoring.service import Journey
from vocapp.authoring.standard_questions import standard_words
from vocapp.database import utcnow
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in
from vocapp.workspaces.queries import public_key_of

blueprint = Blueprint("authoring", __name__, template_folder="templates")

_LIST = 200
_STAFF_LANGUAGES = ("en", "ja")


@dataclass(frozen=True, slots=True)
class LanguageName:
    """A survey's language as a page shows it."""

    tag: str
    name: str
    direction: str

    @classmethod
    def of(cls, tag: str) -> LanguageName:
        try:
            name = Locale.parse(tag, sep="-").get_language_name() or tag
        except (UnknownLocaleError, ValueError):
            name = tag
        return cls(tag, name, direction(tag))


def _languages(definition: Definition | Draft) -> list[LanguageName]:
    return [LanguageName.of(tag) for tag in definition.languages]


def _survey(key: str) -> SurveySummary:
    return queries.survey_by_key(current_workspace.id, key)


def _draft_definition(survey: SurveySummary) -> Definition:
    return from_json(queries.draft_of(survey.workspace_id, survey.id))


def _to_survey(key: str) -> Response:
    return redirect(url_for("authoring.show_survey", key=key), 303)


@blueprint.get("/surveys")
@signed_in()
def list_surveys() -> Any:
    """What we ask, and what came of it this week."""
    surveys = queries.list_surveys(current_workspace.id, limit=_LIST)
    week = activity.answers_since(current_workspace.id, utcnow() - timedelta(days=7))
    complete = queries.completeness_of_surveys(current_workspace.id, limit=_LIST)
    return render_template("authoring/list.html", surveys=surveys, week=week, complete=complete)


@blueprint.route("/surveys/new", methods=["GET", "POST"])
@signed_in("product")
def new_survey() -> Any:
    """A name and a kind are enough; sensible questions are filled in."""
    form = NewSurveyForm()
    if request.method == "GET":
        form.languages.data = [best_language(current_workspace.locale, _STAFF_LANGUAGES)]
    if not form.validate_on_submit():
        return _new_page(form, 422 if form.is_submitted() else 200)
    taken = {survey.key for survey in queries.list_surveys(current_workspace.id, limit=1000)}
    key = form.key.data or drafting.key_from_name(form.name.data, taken)
    try:
        new = _from_template(form, key)
        service.create_survey(
            current_workspace.id, new, actor_user_id=current_user.id, now=utcnow()
        )
    except Conflict as problem:
        form.key.errors = [_("Another survey has this key.")]
        return _new_page(form, problem.status)
    except BadInput as problem:
        form.other_languages.errors = [error.message for error in problem.errors]
        return _new_page(form, problem.status)
    except DefinitionError as problem:
        form.other_languages.errors = [problem.message]
        return _new_page(form, BadInput.status)
    notice(_("The survey has been created as a draft. Look through its questions."))
    return redirect(url_for("authoring.edit_survey", key=key), 303)


def _from_template(form: NewSurveyForm, key: str) -> service.NewSurvey:
    """The survey that was chosen in the gallery. Raises DefinitionError for a wrong language."""
    template = survey_templates.find(form.kind.data) or survey_templates.TEMPLATES[0]
    languages = form.chosen_languages()
    of_journey = template.key == survey_templates.JOURNEY
    definition = survey_templates.definition_of(template, languages, words_in=standard_words)
    return service.NewSurvey(
        key=key,
        name=form.name.data.strip(),
        kind=template.kind,
        languages=languages,
        confidential=form.confidential.data,
        publish=False,
        questions=None if of_journey else to_json(definition)["questions"],
        journey=Journey(form.brand.data or None) if of_journey else None,
    )


def _new_page(form: NewSurveyForm, status: int) -> Any:
    mine = best_language(str(get_locale() or "en"), _STAFF_LANGUAGES)
    templates = [
        (option, template, survey_templates.definition_of(template, [mine]))
        for option, template in zip(form.kind, survey_templates.TEMPLATES, strict=True)
    ]
    page = render_template(
        "authoring/new.html", form=form, templates=templates, say=_in_staff_language
    )
    return page, status


@blueprint.post("/surveys/start")
@signed_in("product")
def start_survey() -> Any:
    """One press to a first survey that takes answers: NPS in both languages."""
    taken = {survey.key for survey in queries.list_surveys(current_workspace.id, limit=1000)}
    mine = best_language(current_workspace.locale, _STAFF_LANGUAGES)
    new = service.NewSurvey(
        key=drafting.free_key("nps", taken),
        name=_("Would you recommend us?"),
        kind="nps",
        languages=sorted(_STAFF_LANGUAGES, key=lambda tag: tag != mine),
    )
    service.create_survey(current_workspace.id, new, actor_user_id=current_user.id, now=utcnow())
    notice(_("The survey takes answers now. Send it to yourself to see it."))
    return redirect(url_for("workspaces.home"), 303)


@blueprint.get("/surveys/<key>")
@signed_in()
def show_survey(key: str) -> Any:
    """One survey: how to send it out, what it asks, its versions."""
    survey = _survey(key)
    definition = _draft_definition(survey)
    base = current_app.config["BASE_URL"]
    limits = limits_of(survey.workspace_id, survey.id)
    return render_template(
        "authoring/survey.html",
        limits=limits,
        is_over=is_closed(survey, limits, now=utcnow()),
        survey=survey,
        definition=definition,
        languages=_languages(definition),
        versions=versions.versions_of(survey),
        draft_differs=queries.draft_differs(survey),
        page_url=page_url(survey),
        embed_url=f"{base}/embed/{survey.public_id}",
        snippet=widget_tag(survey),
        allowed_origins=current_workspace.allowed_origins,
        quota_words=partial(_quota_in_words, definition),
        say=_in_staff_language,
    )


def _quota_in_words(definition: Definition, quota: Quota) -> str:
    """Of whom there are at most so many. An option that the draft has no more is called by keys."""
    for question in definition.questions:
        for option in question.options if question.key == quota.question else ():
            if option.key == quota.value:
                return f"{_in_staff_language(question.text)} {_in_staff_language(option.label)}"
    return f"{quota.attribute or quota.question} = {quota.value}"


def _in_staff_language(texts: Any) -> str:
    return localised(texts, language=str(get_locale() or "en"))


def widget_tag(survey: SurveySummary) -> str:
    """The tag that shows this survey on any page; empty without a public key."""
    key = public_key_of(survey.workspace_id)
    base = current_app.config["BASE_URL"]
    return (
        f'<script async src="{base}/widget.js"\n'
        f'        data-key="{key}"\n'
        f'        data-survey="{survey.public_id}"></script>'
        if key
        else ""
    )


@blueprint.post("/surveys/<key>/publish")
@signed_in("product")
def publish_survey(key: str) -> Any:
    survey = _survey(key)
    try:
        _publish(survey, seen=request.form.get("seen"))
    except Conflict:
        notice(_("The draft was changed meanwhile. This is what changes now."), kind="warning")
        return redirect(url_for("versions.review", key=key), 303)
    except BadInput:
        draft = drafting.draft_from(_draft_definition(survey), name=survey.name)
        drafting.find_flaws(draft)
        return editor(survey, draft), BadInput.status
    return _to_survey(key)


def _publish(survey: SurveySummary, *, seen: str | None = None) -> None:
    number = service.publish_survey(
        survey.workspace_id, survey.id, seen=seen, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("Version %(number)s is open for answers.", number=number))


@blueprint.post("/surveys/<key>/close")
@signed_in("product")
def close_survey(key: str) -> Any:
    survey = _survey(key)
    service.close_survey(
        survey.workspace_id, survey.id, actor_user_id=current_user.id, now=utcnow()
    )
    notice(
        _("The survey takes no more answers."),
        undo_url=url_for("authoring.publish_survey", key=key),
    )
    return _to_survey(key)


# --- the editor ----------------------------------------------------------------------------


@blueprint.get("/surveys/<key>/edit")
@signed_in("product")
def edit_survey(key: str) -> Any:
    survey = _survey(key)
    draft = drafting.draft_from(_draft_definition(survey), name=survey.name)
    return editor(survey, draft)


@blueprint.post("/surveys/<key>/edit")
@signed_in("product")
def change_survey(key: str) -> Any:
    """Save, or only rearrange what was typed and show it again."""
    survey = _survey(key)
    languages = drafting.read_languages(request.form, survey.languages)
    draft = drafting.read_draft(request.form, kind=survey.kind, languages=languages)
    draft.confidential = survey.confidential
    action = request.form.get("action", "save")
    if action == "language":
        drafting.add_language(draft, request.form.get("new_language", ""))
        return editor(survey, draft, unsaved=True)
    if action not in {"save", "publish"}:
        taken = queries.question_identities(survey.workspace_id, survey.id)
        focus = drafting.rearrange(draft, action, taken=taken)
        return editor(survey, draft, focus=focus, unsaved=True)
    definition = drafting.checked(draft)
    if action == "publish" and not draft.errors:
        drafting.find_flaws(draft)
        definition = None if draft.errors else definition
    if definition is None:
        return editor(survey, draft, unsaved=True), BadInput.status
    try:
        service.save_draft(
            survey.workspace_id, survey.id, definition, name=draft.name,
            seen=request.form.get("seen"), actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict as problem:
        draft.errors[""] = somebody_else(survey)
        return editor(survey, draft), problem.status
    if action == "publish":
        if survey.published_version is not None and queries.draft_differs(survey):
            return redirect(url_for("versions.review", key=key), 303)
        _publish(survey)
        return _to_survey(key)
    notice(_("The draft has been saved. What is published stays as it is."))
    return redirect(url_for("authoring.edit_survey", key=key), 303)


def somebody_else(survey: SurveySummary) -> str:
    """Who saved the draft meanwhile, and what to do."""
    who = drafts.steps_of(survey).saved_by
    return (
        _("%(who)s saved this draft while you were writing. Saving again replaces it with what "
          "stands here.", who=who)
        if who
        else _("The draft was saved while you were writing. Saving again replaces it with what "
               "stands here.")
    )  # fmt: skip


def editor(
    survey: SurveySummary, draft: Draft, *, focus: int | None = None, unsaved: bool = False
) -> str:
    """The page of the editor. focus: the question to look at. unsaved: what stands there is not
    stored."""
    stored = queries.draft_of(survey.workspace_id, survey.id)
    return render_template(
        "authoring/edit.html",
        survey=survey,
        draft=drafting.with_blank_options(draft),
        branches=BranchWords(draft),
        added_kinds=drafting.ADDED_KINDS,
        languages=_languages(draft),
        complete=completeness(stored),
        # What is typed is a change of what it was opened with; after a warning, of what is there.
        seen=(request.form.get("seen") if unsaved else None) or service.digest_of(stored),
        steps=drafts.steps_of(survey),
        focus=focus,
        moved=request.form.get("action", "").partition(":")[0],
        unsaved=unsaved,
    )


@blueprint.get("/surveys/<key>/preview")
@signed_in()
def preview_survey(key: str) -> Any:
    """The draft, or a version, as a respondent sees it, in one language; nothing is stored."""
    survey = _survey(key)
    version = request.args.get("version", type=int)
    definition = (
        _draft_definition(survey)
        if version is None
        else queries.definition_of(survey.workspace_id, survey.id, version)
    )
    wanted = request.args.get("language") or current_user.locale
    language = best_language(wanted, definition.languages)
    with force_locale(best_language(language, _STAFF_LANGUAGES)):
        return render_template(
            "authoring/preview.html",
            survey=survey,
            brand_css_url=sheet_url(look_of(survey.workspace_id, survey.id)),
            definition=filled(definition, {}),
            version=version,
            language=LanguageName.of(language),
            languages=_languages(definition),
            survey_locale=PreviewLocale(language),
            preview=partial(PreviewSheet, language),
            say=lambda texts: localised(texts, language=language),
            ask=lambda question, category=None: wording(
                question, language=language, category=category
            ),
        )


@dataclass(frozen=True, slots=True)
class PreviewSheet:
    """What the controls of questions ask of a respondent's page, where nothing is answered."""

    language: str
    texts: Mapping[str, str]
    typed: Mapping[str, str] = field(default_factory=dict)

    def say(self, texts: Mapping[str, str]) -> str:
        return localised(texts, language=self.language)

    def ask(self, question: Question) -> str:
        return wording(question, language=self.language)

    def name(self, question: Question) -> str:
        return f"q-{question.key}"

    def problem(self, question: Question) -> str:  # noqa: ARG002
        return ""


@dataclass(frozen=True, slots=True)
class PreviewLocale:
    """What the respondent's shell reads of a language."""

    tag: str

    @property
    def text_direction(self) -> str:
        return direction(self.tag)

    def __str__(self) -> str:
        return self.tag
