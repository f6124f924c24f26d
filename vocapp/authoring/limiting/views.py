"""Pages: a survey's limits, and links for one answer each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask import stream_with_context as streamed
from flask_babel import get_locale

from surveys.definitions import from_json
from surveys.limits import (
    MAX_NAME,
    MAX_VALUE,
    MAX_WORDS,
    MOST_ANSWERS,
    MOST_QUOTAS,
    Limits,
    LimitsError,
    Quota,
    checked,
    options_before_score,
)
from surveys.questions import Option, Question, localised
from vocapp.authoring.limiting import queries, service
from vocapp.authoring.limiting.service import MOST_LINKS
from vocapp.authoring.links import MAX_PLACE
from vocapp.authoring.queries import (
    SurveySummary,
    draft_of,
    published_definition,
    survey_by_key,
)
from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.spreadsheets import csv_lines
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("limiting", __name__, template_folder="../templates")

_BLANK_QUOTAS = 2


@dataclass(frozen=True, slots=True)
class Choice:
    """An option of a question before the score. is_leaving: it is asked until the draft, which has
    it no more, is published."""

    question: Question
    option: Option
    is_leaving: bool = False

    @property
    def field(self) -> str:
        return choice_field(self.question.key, self.option.key)


@dataclass
class Form:
    """typed: by the name of a field; offered: what a quota may hold for; errors: in words, by the
    names of fields."""

    typed: Mapping[str, str]
    offered: Sequence[Choice] = ()
    errors: dict[str, str] = field(default_factory=dict)

    def read(self, languages: tuple[str, ...]) -> Limits | None:
        """None where something is wrong, which `errors` then says."""
        day = self._day("last_day")
        most = self._number("most")
        quotas = [quota for at in range(self.rows) if (quota := self._quota(at))]
        quotas += [
            Quota("", each.option.key, of_option, question=each.question.key)
            for each in self.offered
            if (of_option := self._number(each.field))
        ]
        words = {
            language: text
            for language in languages
            if (text := self._text(f"words-{language}", MAX_WORDS))
        }
        limits = Limits(day, most, tuple(quotas), "only_single_use" in self.typed, words)
        if not self.errors:
            try:
                checked(limits)
            except LimitsError as exc:
                self.errors[_field_of(exc.field)] = _(
                    "This cannot be stored: %(why)s", why=exc.message
                )
        return None if self.errors else limits

    @property
    def rows(self) -> int:
        """How many lines of quotas there are, some of them empty."""
        filled = [at for at in range(MOST_QUOTAS) if self.typed.get(f"attribute-{at}", "").strip()]
        return min(MOST_QUOTAS, (filled[-1] + 1 if filled else 0) + _BLANK_QUOTAS)

    def _quota(self, at: int) -> Quota | None:
        attribute = self._text(f"attribute-{at}", MAX_NAME)
        value, most = self._text(f"value-{at}", MAX_VALUE), self._number(f"most-{at}")
        if not (attribute or value or most):
            return None
        if not (attribute and value and most):
            self.errors.setdefault(
                f"attribute-{at}", _("A group needs an attribute, a value and a number.")
            )
            return None
        return Quota(attribute, value, most)

    def _text(self, name: str, most: int) -> str:
        text = self.typed.get(name, "").replace("\r\n", "\n").strip()
        if len(text) > most:
            self.errors[name] = _("Use at most %(most)s characters.", most=most)
        return text

    def _number(self, name: str) -> int | None:
        text = self.typed.get(name, "").strip()
        if not text:
            return None
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MOST_ANSWERS:
            return int(text)
        self.errors[name] = _(
            "Enter a whole number from %(least)s to %(most)s.", least=1, most=f"{MOST_ANSWERS:,}"
        )
        return None

    def _day(self, name: str) -> date | None:
        text = self.typed.get(name, "").strip()
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            self.errors[name] = _("Enter a day such as 2026-11-30.")
            return None


def choice_field(question: str, option: str) -> str:
    """The name of the field that says how many may choose an option."""
    return f"choice-{question}-{option}"


def _field_of(name: str) -> str:
    """`quotas.1.value` of the rules is `value-1` of the page."""
    first, *rest = name.split(".")
    if first == "quotas" and len(rest) == 2:
        return f"{rest[1]}-{rest[0]}"
    return f"words-{rest[0]}" if first == "closing_words" else first


def _typed(limits: Limits) -> dict[str, str]:
    typed = {
        "last_day": limits.last_day.isoformat() if limits.last_day else "",
        "most": str(limits.most or ""),
        **{f"words-{language}": text for language, text in limits.closing_words.items()},
        **({"only_single_use": "1"} if limits.only_single_use else {}),
    }
    of_choices = [quota for quota in limits.quotas if quota.question]
    typed |= {choice_field(each.question, each.value): str(each.most) for each in of_choices}
    for at, quota in enumerate(quota for quota in limits.quotas if quota.attribute):
        typed[f"attribute-{at}"], typed[f"value-{at}"] = quota.attribute, quota.value
        typed[f"most-{at}"] = str(quota.most)
    return typed


@blueprint.get("/surveys/<key>/limits")
@signed_in("product")
def limits(key: str) -> Any:
    """Until when the survey takes answers, how many, and by which links."""
    survey = survey_by_key(current_workspace.id, key)
    stored = queries.limits_of(survey.workspace_id, survey.id)
    return _limits_page(survey, Form(_typed(stored), _offered(survey, stored)))


@blueprint.post("/surveys/<key>/limits")
@signed_in("product")
def change_limits(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    stored = queries.limits_of(survey.workspace_id, survey.id)
    form = Form(request.form, _offered(survey, stored))
    wanted = form.read(survey.languages)
    if wanted is None:
        return _limits_page(survey, form), BadInput.status
    service.limit_answers(
        survey.workspace_id, survey.id, wanted, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The limits have been saved."))
    return redirect(url_for("authoring.show_survey", key=key), 303)


def _offered(survey: SurveySummary, stored: Limits) -> list[Choice]:
    """Those of the draft; and those with a quota that are only asked until it is published."""
    draft = from_json(draft_of(survey.workspace_id, survey.id))
    offered = [Choice(*each) for each in options_before_score(draft)]
    if survey.published_version is None:
        return offered
    fields = {each.field for each in offered}
    asked = [
        Choice(*each, is_leaving=True)
        for each in options_before_score(published_definition(survey))
    ]
    limited = {choice_field(each.question, each.value) for each in stored.quotas if each.question}
    return offered + [each for each in asked if each.field in limited - fields]


def _limits_page(survey: SurveySummary, form: Form) -> str:
    return render_template(
        "authoring/limits.html",
        survey=survey,
        form=form,
        in_language=partial(localised, language=str(get_locale() or "en")),
        most_words=MAX_WORDS,
    )


# --- links for one answer each ----------------------------------------------------------------


@blueprint.get("/surveys/<key>/single-use")
@signed_in("product")
def links(key: str) -> Any:
    """The batches that were made, and how many of their links brought an answer."""
    return _links_page(survey_by_key(current_workspace.id, key), {}, {})


@blueprint.post("/surveys/<key>/single-use")
@signed_in("product")
def make_links(key: str) -> Any:
    survey = survey_by_key(current_workspace.id, key)
    typed = {name: request.form.get(name, "").strip() for name in ("name", "count", "touchpoint")}
    count = typed["count"]
    number = int(count[:7]) if count.isascii() and count.isdigit() else 0
    try:
        service.make_links(
            survey.workspace_id, survey.id, name=typed["name"], number=number,
            place=typed["touchpoint"], actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        said = {
            "name": _("A name has 1 to %(most)s characters.", most=MAX_PLACE),
            "count": _(
                "Enter a whole number from %(least)s to %(most)s.", least=1, most=f"{MOST_LINKS:,}"
            ),
            "touchpoint": _("At most 100 characters, without control characters."),
        }
        errors = {error.field: said[error.field] for error in problem.errors}
        return _links_page(survey, typed, errors), problem.status
    notice(_("The links have been made. Take them as a file from the list."))
    return redirect(url_for(".links", key=key), 303)


def _links_page(survey: SurveySummary, typed: Mapping[str, str], errors: Mapping[str, str]) -> str:
    return render_template(
        "authoring/single_use.html",
        survey=survey,
        batches=queries.batches_of(survey.workspace_id, survey.id),
        only=queries.limits_of(survey.workspace_id, survey.id).only_single_use,
        typed=typed,
        errors=errors,
        most_links=MOST_LINKS,
    )


@blueprint.get("/surveys/<key>/single-use/<uuid:batch_id>.csv")
@signed_in("product")
def links_file(key: str, batch_id: UUID) -> Response:
    """One line a link: its number, the address, and when it was used."""
    survey = survey_by_key(current_workspace.id, key)
    batch = queries.batch_of_survey(survey.workspace_id, survey.id, batch_id)
    return Response(
        streamed(csv_lines(_lines(batch.workspace_id, batch.id), bom=True)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{survey.key}-links.csv"'},
    )


def _lines(workspace_id: UUID, batch_id: UUID) -> Iterator[list[Any]]:
    yield ["number", "link", "used_at"]
    for link in queries.all_links(workspace_id, batch_id):
        yield [link.number, link.url, link.used_at.isoformat() if link.used_at else ""]
