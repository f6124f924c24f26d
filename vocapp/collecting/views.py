"""Respondent pages: the hosted page, the same in an iframe, and a link from an e-mail.

Two steps, both plain forms. The first asks the score and its button stores it; the
second asks for the rest and corrects the same response, so that the score is kept even
when somebody stops before the comment. Where the score may be left open and is not the
first question, all are asked in their order on one page. A GET never counts: mail scanners
open every link, and the better ones run scripts, so only a pressed button counts. That an
invited person's page was fetched is noted on the invitation, and is nowhere taken for an
answer. Some scanners press buttons, too: a press that no person is likely to have made is held
(`surveys/holding.py`), and whoever sits there is thanked all the same.

The forms carry no CSRF token: everybody may answer, there is no session to ride on, and
an iframe on another site gets no cookies. What a form may correct is decided by the
signed token in it, minted with the response id when the page was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Any
from uuid import UUID

from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from flask import Blueprint, render_template, request, url_for
from flask import Response as HttpResponse
from flask_babel import force_locale
from sqlalchemy.orm import Session

from surveys.branching import pages
from surveys.definitions import Definition
from surveys.holding import Fetch, Visit, reasons_to_hold
from surveys.languages import direction, first_fitting, fitting_language
from surveys.limits import Limits
from surveys.piping import filled, is_personal
from surveys.questions import Question, Value, localised, wording, words_of
from surveys.response_quality import marks_of_press, reading_ms
from surveys.scoring import categories, category_of
from vocapp.authoring.limiting.queries import Link, is_closed, limits_of, link_of_token
from vocapp.authoring.limiting.service import use_link
from vocapp.authoring.links import InvitationLink, read_invitation_token, read_place
from vocapp.authoring.look.queries import look_of, sheet_url
from vocapp.authoring.queries import SurveySummary, survey_by_id, survey_by_public_id
from vocapp.collecting import queries, service, visits
from vocapp.collecting.forms import (
    MAX_CHARS,
    Filled,
    field_name,
    parts_of,
    read_answers,
    read_score,
)
from vocapp.collecting.holding import keep_or_hold
from vocapp.collecting.letting_in import USED, GroupFull, closing_words
from vocapp.collecting.marking import mark, mark_pace, mark_same_text
from vocapp.collecting.parsing import answerable_version
from vocapp.collecting.public import edit_token, read_edit_token
from vocapp.collecting.seeing import fetches_of, note_afterwards
from vocapp.collecting.service import Submission
from vocapp.collecting.texts import respondent_texts, trial_note
from vocapp.database import utcnow, uuid7
from vocapp.extensions import db
from vocapp.language_packs import interface_languages
from vocapp.people.queries import contact
from vocapp.people.texts_about import facts_about
from vocapp.problems import BadInput, Forbidden, Gone, NotFound
from vocapp.rate_limits import limit_public
from vocapp.security import without_csrf
from vocapp.signing import BadToken, digest_of_json
from vocapp.workspaces.access import anyone
from vocapp.workspaces.queries import workspace_settings

blueprint = Blueprint("collecting", __name__, template_folder="templates")
limit_public(blueprint)
blueprint.app_template_global("respondent_texts")(respondent_texts)  # the preview of authors asks
UNSEEN_FIELD = "website"  # for what fills in whatever there is; people do not see it
_OF_ADDRESS = ("at", "score")  # beside the language
_LONGEST_MS = 24 * 60 * 60 * 1000  # whoever left the page open for longer was not answering
_COLOURS = ("promoter", "passive", "detractor")  # categories of every kind, best first


@dataclass(frozen=True, slots=True)
class SurveyLanguage:
    """What the page's shell needs to know of a language; any tag will do."""

    tag: str

    @property
    def text_direction(self) -> str:
        return direction(self.tag)

    @property
    def own_name(self) -> str:
        try:
            return Locale.parse(self.tag, sep="-").get_language_name() or self.tag
        except (UnknownLocaleError, ValueError):
            return self.tag

    def __str__(self) -> str:
        return self.tag


def open_until(last_day: date | None, language: str) -> str:
    """The last day on which answers are taken, in a language; or nothing."""
    if last_day is None:
        return ""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    said = respondent_texts(language)["open_until"]
    return said.format(day=format_date(last_day, "long", locale))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One respondent's page: what is asked, in which language, about which response."""

    survey: SurveySummary
    sender: str
    version: int
    definition: Definition
    language: SurveyLanguage
    channel: str
    response_id: UUID
    invitation: InvitationLink | None = None
    single_use: Link | None = None
    visit: Visit | None = None
    last_day: date | None = None
    asks_choices: bool = False  # what is chosen before the score decides whether it is taken
    place: str | None = None  # where the public link hangs
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    answered_before: int | None = None
    retry: bool = False
    page: int = 0  # which of the pages of a survey with branches

    @property
    def texts(self) -> dict[str, str]:
        return respondent_texts(self.language.tag)

    @property
    def token(self) -> str:
        return edit_token(self.survey.workspace_id, self.response_id)

    @property
    def visit_token(self) -> str:
        """What the form carries of when its page was made, and of the visit."""
        now = utcnow()
        visit = self.visit or visits.begin(now)
        return visits.visit_token(self.response_id, visit, made_at=now)

    @property
    def until(self) -> str:
        """The last day on which answers are taken, in words; or nothing."""
        return open_until(self.last_day, self.language.tag)

    @property
    def is_trial(self) -> bool:
        """Whether nothing of it is stored."""
        return self.invitation is not None and self.invitation.is_trial

    @property
    def is_to_confirm(self) -> bool:
        """Whether the number that was chosen in the mail counts once a button is pressed."""
        return self.invitation is not None and not self.is_trial and self.score is not None

    @property
    def attributes(self) -> dict[str, str]:
        """What the invitation says of the answer."""
        touchpoint = self.invitation.touchpoint if self.invitation else self.place
        return {"touchpoint": touchpoint} if touchpoint else {}

    @property
    def score(self) -> int | None:
        return read_score(self.definition.primary, self.typed.get(self.definition.primary.key))

    @property
    def said_before(self) -> list[Question]:
        """What is to be read before the score is asked for."""
        before = takewhile(lambda each: each is not self.definition.primary, self.questions)
        return [question for question in before if question.kind == "statement"]

    @property
    def rest(self) -> list[Question]:
        said = [*self.said_before, self.definition.primary]
        return [question for question in self.questions if question not in said]

    @property
    def questions(self) -> Sequence[Question]:
        return self.definition.questions

    @property
    def has_branches(self) -> bool:
        """Whether what is asked next depends on answers: page by page."""
        return any(question.branches for question in self.questions)

    @property
    def answers(self) -> Mapping[str, Value]:
        """What is typed and fits."""
        typed = {f"q-{part}": text for part, text in self.typed.items()}
        return read_answers(self.questions, typed).answers

    @property
    def pages(self) -> list[list[Question]]:
        """Those of the path on which these answers lead."""
        found = pages(self.questions, self.answers, kind=self.definition.kind)
        return [[each for each in self.questions if each.key in page] for page in found]

    @property
    def asked(self) -> list[Question]:
        return self.pages[self.page]

    @property
    def not_asked(self) -> list[Question]:
        return [question for question in self.questions if question not in self.asked]

    @property
    def is_first(self) -> bool:
        return self.page == 0

    @property
    def is_last(self) -> bool:
        """Whether nothing can come after this page, whatever is answered on it."""
        last = self.asked[-1]
        return not last.branches and last is self.pages[-1][-1]

    def typed_of(self, questions: Iterable[Question]) -> list[tuple[str, str]]:
        """The fields of these questions in which something is typed, with their names."""
        parts = [part for question in questions for part in parts_of(question)]
        return [(f"q-{part}", self.typed[part]) for part in parts if self.typed.get(part)]

    @property
    def is_in_order(self) -> bool:
        """Whether all questions are asked at once: who need not give a score, and is to think of
        something else first, cannot begin with it; nor can who may be of a group that is full."""
        primary = self.definition.primary
        if self.asks_choices:
            return True
        return not primary.required and self.definition.questions[0] is not primary

    @property
    def colour(self) -> str:
        """The category of the chosen score, by the names that styles have for all kinds."""
        if self.score is None:
            return ""
        named = dict(zip(categories(self.definition.kind), _COLOURS, strict=True))
        return named[category_of(self.definition.kind, self.score)]

    @property
    def category(self) -> str | None:
        """Of the chosen score."""
        return None if self.score is None else category_of(self.definition.kind, self.score)

    @property
    def thanks(self) -> str:
        """The author's words for this score, or those of the product."""
        own = self.definition.thanks.words(self.category, language=self.language.tag)
        return own or self.texts["thanks_detail"]

    @property
    def thanks_link(self) -> str:
        """Where else somebody with this score is asked to go; empty: nowhere."""
        return self.definition.thanks.link_for(self.category, kind=self.definition.kind)

    @property
    def thanks_link_label(self) -> str:
        return self.say(self.definition.thanks.link_label) or self.thanks_link

    def say(self, texts: Mapping[str, str]) -> str:
        """A text of the author in the language of the page."""
        return localised(texts, language=self.language.tag)

    def ask(self, question: Question) -> str:
        """The wording of a question, which follows the score where the author wrote so."""
        return wording(question, language=self.language.tag, category=self.category)

    def problem(self, question: Question) -> str:
        """What is wrong with the answer to a question, or an empty text."""
        word = self.errors.get(question.key)
        if not word:
            return ""
        wanted = question.validation.to_json()
        name = word.replace("least_", "min_").replace("most_", "max_")
        return self.texts[word].format(limit=f"{wanted.get(name, MAX_CHARS):,}")

    def name(self, question: Question) -> str:
        return field_name(question)

    def other_languages(self) -> list[tuple[SurveyLanguage, str]]:
        """The survey's other languages, each with the address of this page in it."""
        # Of a query only what is ours: more of it would be arguments of `url_for`.
        kept = {name: request.args[name] for name in _OF_ADDRESS if name in request.args}
        arguments = dict(request.view_args or {}) | kept
        return [
            (SurveyLanguage(tag), url_for(request.endpoint or "", **arguments | {"lang": tag}))
            for tag in self.definition.languages
            if tag != self.language.tag
        ]


@blueprint.after_request
def keep_to_ourselves(response: HttpResponse) -> HttpResponse:
    """The address of such a page can be a key: it is told to nobody."""
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.route("/s/<public_id>", methods=["GET", "POST"])
@anyone
@without_csrf
def hosted(public_id: str) -> Any:
    return _visit_survey(public_id, channel="web")


# The name ends in "embed": security.py lets such pages be framed.
@blueprint.route("/embed/<public_id>", methods=["GET", "POST"])
@anyone
@without_csrf
def embed(public_id: str) -> Any:
    return _visit_survey(public_id, channel="embed")


@blueprint.route("/once/<token>", methods=["GET", "POST"])
@anyone
@without_csrf
def single_use(token: str) -> Any:
    """A link for one answer: the visit that answered may go on, nobody else gets in."""
    try:
        link = link_of_token(token)
        survey = survey_by_id(link.workspace_id, link.survey_id)
    except NotFound:
        return nowhere_page()
    now = utcnow()
    visit = visits.begin(now)
    if request.method == "POST":
        visit = visits.read_visit(link.id, request.form.get("visit", "")) or visit
    if link.used_by not in {"", visit.name}:
        language = page_language(survey.languages or ("en",))
        return message_page(language, "used", Gone.status, survey=survey)
    limits = limits_of(survey.workspace_id, survey.id)
    if survey.published_version is None:
        return nowhere_page()
    if is_closed(survey, limits, now=now) and not link.used_by:
        return closed_page(survey, limits)
    sheet = replace(
        _sheet(survey, channel="web", response_id=link.id),
        single_use=link, visit=visit, place=link.place or None, last_day=limits.last_day,
        asks_choices=limits.ask_choices,
    )  # fmt: skip
    return _ask(sheet) if request.method != "POST" else _take(sheet)


@blueprint.route("/e/<token>", methods=["GET", "POST"])
@anyone
@without_csrf
def invited(token: str) -> Any:
    """A rating link: shows the score as chosen; a pressed button counts, once per invitation."""
    try:
        link = read_invitation_token(token)
        survey = survey_by_id(link.workspace_id, link.survey_id)
        if not link.is_trial:
            contact(link.workspace_id, link.contact_id)  # nothing is kept of somebody forgotten
    except (BadToken, NotFound):
        return nowhere_page()
    now = utcnow()
    limits = limits_of(survey.workspace_id, survey.id)
    if survey.published_version is None or (
        is_closed(survey, limits, now=now) and not _goes_on(survey, link.invitation_id)
    ):
        return closed_page(survey, limits)
    if link.is_trial:  # nothing is stored under its id; the browser keeps what is typed by it
        sheet = _sheet(survey, channel=link.channel, response_id=survey.id)
    else:
        sheet = _sheet(survey, channel=link.channel, response_id=link.invitation_id, link=link)
    sheet = replace(sheet, last_day=limits.last_day, asks_choices=limits.ask_choices)
    if request.method == "POST":
        visit = visits.read_visit(sheet.response_id, request.form.get("visit", ""))
        return _take(replace(sheet, invitation=link, visit=visit))
    clicked = read_score(sheet.definition.primary, request.args.get("score"))
    sheet = replace(sheet, invitation=link, visit=visits.begin(now))
    sheet = _chosen(sheet, clicked)
    is_new = request.method == "GET" and sheet.answered_before is None
    if not link.is_trial:
        note_afterwards(link, Fetch(now, clicked), shows_a_page=is_new)
    return _ask(sheet)


@blueprint.get("/e/<token>/more")
@anyone
def unseen(token: str) -> Any:
    """A link that people do not see, in the mail and on its page: who follows it is a program."""
    try:
        link = read_invitation_token(token)
        if link.is_trial:
            return "", 204
        contact(link.workspace_id, link.contact_id)
    except (BadToken, NotFound):
        return nowhere_page()
    fetch = Fetch(utcnow(), hidden=True, visit=request.args.get("visit", "")[:32] or None)
    note_afterwards(link, fetch, shows_a_page=False)
    return "", 204


def _visit_survey(public_id: str, *, channel: str) -> Any:
    try:
        survey = survey_by_public_id(public_id)
    except NotFound:
        return nowhere_page()
    limits = limits_of(survey.workspace_id, survey.id)
    response_id = _named_response(survey)
    if is_closed(survey, limits, now=utcnow()) and not _goes_on(survey, response_id):
        return closed_page(survey, limits)
    if survey.published_version is None:
        return nowhere_page()
    if limits.only_single_use:
        return only_links_page(survey)
    sheet = _sheet(survey, channel=channel, response_id=response_id or uuid7())
    place = read_place(survey.id, request.args.get("at", ""))
    sheet = replace(sheet, place=place, last_day=limits.last_day, asks_choices=limits.ask_choices)
    if request.method != "POST":
        return _ask(sheet)
    if response_id is None:
        # Cut off or from another page: nothing is stored under a name that we did not give.
        filled = read_answers(sheet.definition.questions, request.form)
        return _ask(replace(sheet, typed=filled.typed, retry=True), status=422)
    visit = visits.read_visit(response_id, request.form.get("visit", ""))
    return _take(replace(sheet, visit=visit))


def _named_response(survey: SurveySummary) -> UUID | None:
    """The response that a sent form is about; None where it does not tell, or nothing was sent."""
    try:
        return read_edit_token(request.form.get("token", ""), survey.workspace_id)
    except Forbidden:
        return None


def _goes_on(survey: SurveySummary, response_id: UUID | None) -> bool:
    """Whether somebody finishes or corrects what was taken while the survey was open."""
    if response_id is None or request.method != "POST":
        return False
    stored = queries.find_response(survey.workspace_id, response_id)
    return stored is not None and stored.survey_id == survey.id


# --- reading ----------------------------------------------------------------------------


def _sheet(
    survey: SurveySummary, *, channel: str, response_id: UUID, link: InvitationLink | None = None
) -> Sheet:
    version, definition = _version_seen(survey)
    if is_personal(definition):
        facts = {}
        if link is not None and not survey.confidential:
            facts = facts_about(db.session(), link.workspace_id, link.contact_id)
        definition = filled(definition, facts)
    return Sheet(
        survey=survey,
        sender=workspace_settings(survey.workspace_id)["name"],
        version=version,
        definition=definition,
        language=page_language(definition.languages),
        channel=channel,
        response_id=response_id,
    )


def _version_seen(survey: SurveySummary) -> tuple[int, Definition]:
    """The version on the page that was sent; a new page shows the published one."""
    sent = request.form.get("version", "")
    if sent.isascii() and sent.isdigit() and 0 < len(sent) < 6:
        try:
            return answerable_version(survey, int(sent))
        except BadInput:
            pass  # no such version: the published one is asked again
    return answerable_version(survey, None)


def page_language(offered: tuple[str, ...]) -> SurveyLanguage:
    chosen = fitting_language(request.args.get("lang"), offered)
    return SurveyLanguage(chosen or first_fitting(list(request.accept_languages.values()), offered))


def _chosen(sheet: Sheet, clicked: int | None) -> Sheet:
    """The score of the link as chosen; else the one that was given before."""
    stored = None
    if not sheet.is_trial:
        stored = queries.find_response(sheet.survey.workspace_id, sheet.response_id)
    before = stored.score if stored is not None else None
    chosen = clicked if clicked is not None else before
    typed = {} if chosen is None else {sheet.definition.primary.key: str(chosen)}
    return replace(sheet, typed=typed, answered_before=before)


def _take(sheet: Sheet) -> Any:
    """A sent form: store what belongs to its step, or show it again with what is wrong."""
    step = request.form.get("step", "score")
    primary = read_answers([sheet.definition.primary], request.form)
    others = read_answers(sheet.rest, request.form)
    sheet = replace(sheet, typed={**primary.typed, **others.typed})
    if sheet.has_branches:
        return _take_page(sheet, step)
    if sheet.is_in_order:
        return _ask(sheet) if step == "change" else _take_whole(sheet, primary, others)
    if step == "change":
        return _ask(sheet)
    if primary.errors:
        return _ask(replace(sheet, errors=primary.errors), status=422)
    if step == "rest" and others.errors:
        return _ask_rest(replace(sheet, errors=others.errors), status=422)
    try:
        sheet = _keep(sheet, primary, others if step == "rest" else None)
    except NotFound:
        return nowhere_page()
    except Gone as problem:
        return _too_late(sheet, problem)
    return _ask_rest(sheet) if step == "score" and sheet.rest else _thank(sheet)


def _take_page(sheet: Sheet, step: str) -> Any:
    """A page of a survey with branches: what was answered up to it is stored, and the next one
    follows from it. Answers to questions that it leads past are not stored."""
    if step == "change":
        return _ask(sheet)
    sent = request.form.get("page", "")
    keys = [[question.key for question in page] for page in sheet.pages]
    at = next((number for number, page in enumerate(keys) if sent in page), 0)
    if step == "back":
        return _ask(replace(sheet, page=max(0, at - 1)))
    path = [question for page in sheet.pages[: at + 1] for question in page]
    filled = read_answers(path, {f"q-{part}": text for part, text in sheet.typed.items()})
    if filled.errors:
        wrong = next(n for n, page in enumerate(keys) if set(page) & set(filled.errors))
        return _ask(replace(sheet, page=wrong, errors=filled.errors), status=422)
    is_last = at + 1 == len(keys)
    if is_last or (sheet.score is not None and sheet.definition.primary in path):
        on_path = {key for page in keys for key in page}
        passed_by = {question.key for question in sheet.questions} - on_path
        try:
            sheet = _store(sheet, filled.answers, passed_by)
        except NotFound:
            return nowhere_page()
        except Gone as problem:
            return _too_late(sheet, problem)
    return _thank(sheet) if is_last else _ask(replace(sheet, page=at + 1))


def _take_whole(sheet: Sheet, primary: Filled, others: Filled) -> Any:
    errors = {**primary.errors, **others.errors}
    if errors:
        return _ask(replace(sheet, errors=errors), status=422)
    try:
        sheet = _keep(sheet, primary, others)
    except NotFound:
        return nowhere_page()
    except Gone as problem:
        return _too_late(sheet, problem)
    return _thank(sheet)


def _too_late(sheet: Sheet, problem: Gone) -> Any:
    """The last place was taken, or the link was used, while the page was open. Whose group is full
    is thanked: what they answered is kept."""
    if isinstance(problem, GroupFull):
        return message_page(sheet.language, "group_full", 200, survey=sheet.survey)
    if sheet.single_use and link_of_token(sheet.single_use.token).used_by:
        return message_page(sheet.language, "used", Gone.status)
    return closed_page(sheet.survey, limits_of(sheet.survey.workspace_id, sheet.survey.id))


def _keep(sheet: Sheet, primary: Filled, others: Filled | None) -> Sheet:
    """Store what was pressed; the sheet of the next step."""
    return _store(sheet, {**primary.answers, **(others.answers if others else {})})


def _store(sheet: Sheet, answers: Mapping[str, Value], passed_by: Set[str] = frozenset()) -> Sheet:
    now = utcnow()
    workspace_id, link = sheet.survey.workspace_id, sheet.invitation
    if sheet.is_trial:
        return sheet
    submission = Submission(
        survey_id=sheet.survey.id,
        version=sheet.version,
        answers=answers,
        score=sheet.score,
        channel=sheet.channel,
        answered_at=now,
        digest=digest_of_json([str(sheet.survey.id), sheet.version, answers]),
        id=sheet.response_id,
        locale=sheet.language.tag,
        contact_id=link.contact_id if link else None,
        invitation_id=link.invitation_id if link else None,
        used_by=sheet.visit.name if sheet.single_use and sheet.visit else "",
        attributes=sheet.attributes,
        passed_by=frozenset(passed_by),
    )
    if link is None:
        return _keep_of_anybody(sheet, submission, now=now)
    opened = fetches_of(workspace_id, link.invitation_id)
    reasons = reasons_to_hold(sheet.visit, opened, pressed_at=now)

    def note(session: Session) -> None:
        _mark_pace(session, sheet, submission, now=now)

    is_held = keep_or_hold(workspace_id, submission, reasons, also=note, now=now)
    visit = sheet.visit or visits.begin(now)
    return replace(sheet, visit=replace(visit, is_cleared=not is_held))


def _keep_of_anybody(sheet: Sheet, submission: Submission, *, now: datetime) -> Sheet:
    """Store what came by a link that no name stands behind, and what is to be said of the press."""
    marks = marks_of_press(
        sheet.visit, hidden_field=request.form.get(UNSEEN_FIELD, ""), pressed_at=now
    )

    def note(session: Session) -> None:
        assert submission.id is not None
        link, visit = sheet.single_use, sheet.visit
        if (
            link
            and visit
            and not use_link(session, link.workspace_id, link.id, by=visit.name, now=now)
        ):
            raise Gone(USED)
        mark(session, sheet.survey.workspace_id, submission.id, marks, now=now)
        _mark_pace(session, sheet, submission, now=now)
        _mark_texts(session, sheet, submission, now=now)

    service.keep_answer(sheet.survey.workspace_id, submission, also=note, now=now)
    return sheet


def _mark_pace(session: Session, sheet: Sheet, submission: Submission, *, now: datetime) -> None:
    """How long the page took somebody, beside others of the survey; of confidential ones nothing.
    Who came by an e-mail has read there how the score is asked for, and mostly chosen it."""
    survey, visit = sheet.survey, sheet.visit
    read_before = {sheet.definition.primary.key} if sheet.channel == "email" else set()
    read_here = submission.answers.keys() - read_before
    if survey.confidential or visit is None or not read_here:
        return
    assert submission.id is not None
    asked = [each for each in sheet.questions if each.key in read_here]
    said = [text for each in asked for text in words_of(each, sheet.language.tag)]
    taken_ms = (now - visit.began_at) // timedelta(milliseconds=1)
    mark_pace(
        session, survey.workspace_id, survey.id, submission.id,
        taken_ms=min(taken_ms, _LONGEST_MS), reading_ms=reading_ms(said), now=now,
    )  # fmt: skip


def _mark_texts(session: Session, sheet: Sheet, submission: Submission, *, now: datetime) -> None:
    """Whether others wrote the same; of confidential surveys nothing."""
    if sheet.survey.confidential:
        return
    assert submission.id is not None
    texts = [
        str(submission.answers[each.key])
        for each in sheet.questions
        if each.kind == "text" and each.key in submission.answers
    ]
    survey = sheet.survey
    mark_same_text(session, survey.workspace_id, survey.id, submission.id, texts, now=now)


# --- showing ----------------------------------------------------------------------------


def _ask(sheet: Sheet, *, status: int = 200) -> Any:
    template = "in_order" if sheet.is_in_order else "score"
    template = "flow" if sheet.has_branches else template
    return _page(f"collecting/{template}.html", sheet, status)


def _ask_rest(sheet: Sheet, *, status: int = 200) -> Any:
    return _page("collecting/rest.html", sheet, status)


def _thank(sheet: Sheet) -> Any:
    return _page("collecting/thanks.html", sheet, 200)


def _page(template: str, sheet: Sheet, status: int) -> Any:
    arguments = dict(request.view_args or {})
    # The shared macros speak the languages of the interface; what they lack comes in English.
    with force_locale("ja" if sheet.language.tag.lower().startswith("ja") else "en"):
        page = render_template(
            template,
            sheet=sheet,
            t=sheet.texts,
            survey_locale=sheet.language,
            trial_note=trial_note(sheet.language.tag) if sheet.is_trial else "",
            embedded=sheet.channel == "embed",
            brand_css_url=brand_css_url(sheet.survey),
            action=url_for(
                request.endpoint or "",
                **arguments,
                lang=sheet.language.tag,
                at=request.args.get("at") if sheet.place else None,
            ),
        )
    return page, status


def brand_css_url(survey: SurveySummary) -> str:
    """Where the style sheet of the survey's look is; empty for the usual one."""
    return sheet_url(look_of(survey.workspace_id, survey.id))


def closed_page(survey: SurveySummary, limits: Limits) -> Any:
    """The survey takes no answers any more: gone, and said in a sentence, its own if it has one."""
    language = page_language(survey.languages or ("en",))
    words = closing_words(limits, language.tag)
    return message_page(language, "closed", Gone.status, detail=words, survey=survey)


def only_links_page(survey: SurveySummary) -> Any:
    """The survey lets in nobody who comes by the link that all have."""
    language = page_language(survey.languages or ("en",))
    return message_page(language, "only_links", Forbidden.status, survey=survey)


def nowhere_page() -> Any:
    return message_page(page_language(interface_languages()), "not_found", 404)


def message_page(
    language: SurveyLanguage, word: str, status: int, *, detail: str = "",
    survey: SurveySummary | None = None,
) -> Any:  # fmt: skip
    texts = respondent_texts(language.tag)
    page = render_template(
        "collecting/message.html",
        survey_locale=language,
        heading=texts[word],
        detail=detail or texts[f"{word}_detail"],
        embedded=request.endpoint == "collecting.embed",
        brand_css_url=brand_css_url(survey) if survey else "",
    )
    return page, status
