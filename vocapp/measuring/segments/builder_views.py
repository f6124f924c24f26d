"""Pages: a filter is built, for the results of a survey or as a segment that is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import redirect, render_template, request, url_for

from surveys.filter_drafts import Draft, draft_of
from surveys.filters import (
    MAX_COMPACT,
    Filter,
    FilterError,
    joined,
    parse_json,
    simplified,
    to_compact,
    to_json,
)
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import snapshot, utcnow
from vocapp.measuring import wording
from vocapp.measuring.asking import Ask
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.segments import queries, service
from vocapp.measuring.segments.building import Built, built, countable_surveys
from vocapp.measuring.segments.forms import SegmentForm, draft_sent
from vocapp.measuring.segments.narrowing import SAVERS
from vocapp.measuring.segments.queries import Segment
from vocapp.measuring.segments.service import ChangedMeanwhile, NameTaken, NewSegment
from vocapp.measuring.segments.views import blueprint
from vocapp.measuring.segments.wording import JOINS, OPERATORS
from vocapp.measuring.views import form_of, today_here
from vocapp.problems import BadInput, Conflict, Forbidden
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.ui.formats import word_list
from vocapp.workspaces.access import current_user, current_workspace, signed_in


@dataclass(frozen=True, slots=True)
class Bench:
    """Where a filter is built: for whose answers, beside what, and where the way leads back.

    applies: it can be used without being saved. segment: the one that is changed.
    within: a saved segment that is looked at meanwhile.
    """

    survey: SurveySummary | None
    ask: Ask
    back_url: str
    applies: bool = False
    segment: Segment | None = None
    within: Segment | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    def results_url(self, **changes: Any) -> str:
        """The results that are filtered."""
        assert self.survey is not None
        values = {**self.parameters, **changes}
        return url_for("measuring.survey_results", key=self.survey.key, **values)

    @property
    def default_action(self) -> str:
        return "apply" if self.applies else "save"


@blueprint.route("/results/<key>/filter", methods=["GET", "POST"])
@signed_in()
def filter_results(key: str) -> Any:
    """Which answers the results page shows; also the way to a new segment."""
    survey = survey_by_key(current_workspace.id, key)
    if survey.confidential:
        return render_template("measuring/segments/refused.html", survey=survey), BadInput.status
    form = form_of(survey)
    ask = form.ask(today_here())
    parameters: dict[str, Any] = form.parameters()
    back = url_for("measuring.survey_results", key=key, **parameters)
    parameters.pop("filter", None)
    bench = Bench(
        survey, ask, back, applies=True, within=form.chosen_segment, parameters=parameters
    )  # fmt: skip
    if request.method == "GET":
        warnings = [*form.filter.errors, *form.segment.errors]
        return _page(bench, _built(bench, draft_of(form.own_filter)), warnings=warnings)
    return _act(bench)


@blueprint.route("/segments/new", methods=["GET", "POST"])
@signed_in(*SAVERS)
def new_segment() -> Any:
    """A segment from nothing, or from a filter of the address."""
    bench = Bench(_survey_to_count(), Ask(), _list_url())
    if request.method == "POST":
        return _act(bench)
    return _page(bench, _built(bench, draft_of(None)))


@blueprint.route("/segments/<key>", methods=["GET", "POST"])
@signed_in(*SAVERS)
def edit_segment(key: str) -> Any:
    """A saved segment is changed."""
    segment = queries.segment_by_key(current_workspace.id, key)
    bench = Bench(_survey_to_count(), Ask(), _list_url(), segment=segment)
    if request.method == "POST":
        return _act(bench)
    return _page(bench, _built(bench, draft_of(segment.filter)), _form_of(segment))


def _survey_to_count() -> SurveySummary | None:
    """The survey of the address, else the newest with answers that may be counted."""
    found = countable_surveys()
    wanted = request.args.get("survey")
    return next((survey for survey in found if survey.key == wanted), found[0] if found else None)


def _list_url() -> str:
    return url_for(".list_segments", survey=request.args.get("survey"))


def _form_of(segment: Segment) -> SegmentForm:
    return SegmentForm(
        formdata=None, name=segment.name, description=segment.description,
        version=str(segment.version),
    )  # fmt: skip


def _built(bench: Bench, draft: Draft, *, show_faults: bool = False) -> Built:
    within = bench.within.filter if bench.within else None
    return built(draft, bench.survey, bench.ask, within=within, show_faults=show_faults)


# --- what a pressed button does ---------------------------------------------------------


def _act(bench: Bench) -> Any:
    """Apply, save, or show the draft as the button changed it. Nothing typed is lost."""
    action = request.form.get("do") or bench.default_action
    is_final = action == "save" or (action == "apply" and bench.applies)
    page = _built(bench, draft_sent(request.form), show_faults=is_final)
    form = SegmentForm()
    if not is_final:
        return _page(bench, page, form)
    if action == "save" and current_user.role not in SAVERS:
        raise Forbidden("This role does not save segments.")
    if page.read.faults:
        return _page(bench, page, form), BadInput.status
    return _apply(bench, page, form) if action == "apply" else _save(bench, page, form)


def _apply(bench: Bench, page: Built, form: SegmentForm) -> Any:
    """Back to the results, with the filter in their address."""
    text = to_compact(page.read.filter) if page.read.filter else None
    if text and len(text) > MAX_COMPACT:
        message = _("This filter is too long for an address. Save it as a segment instead.")
        return _page(bench, page, form, warnings=[message]), BadInput.status
    return redirect(bench.results_url(filter=text), 303)


def _save(bench: Bench, page: Built, form: SegmentForm) -> Any:
    is_valid = form.validate()
    filter_ = _filter_to_save(bench, page)
    if filter_ is None:
        message = (
            _("Together with the segment this filter is too large. Save it without the segment.")
            if page.read.filter
            else _("Nothing is asked yet. Add a condition.")
        )
        return _page(bench, page, form, warnings=[message]), BadInput.status
    if not is_valid:
        return _page(bench, page, form), BadInput.status
    new = NewSegment(form.name.data or "", filter_, form.description.data or "")
    try:
        key = _stored(bench, new, form)
    except NameTaken:
        form.name.errors = [_("Another segment has this name.")]
        return _page(bench, page, form), Conflict.status
    except ChangedMeanwhile as problem:
        form.version.data = str(problem.version)
        return _page(bench, page, form, warnings=[_changed_words(bench)]), Conflict.status
    except BadInput as problem:
        for error in problem.errors:
            form[error.field].errors = [_("This holds characters that cannot be kept.")]
        return _page(bench, page, form), BadInput.status
    except Conflict:
        message = _("There are too many segments. Remove one that is no longer used.")
        return _page(bench, page, form, warnings=[message]), Conflict.status
    notice(_("The segment “%(name)s” is saved.", name=" ".join(new.name.split())))
    return redirect(bench.results_url(segment=key) if bench.applies else bench.back_url, 303)


def _filter_to_save(bench: Bench, page: Built) -> Filter | None:
    """What the page shows: also of the segment that is looked at. None: nothing, or too large."""
    if page.read.filter is None or bench.within is None:
        return page.read.filter
    whole = joined([bench.within.filter, page.read.filter])
    assert whole is not None
    try:
        return parse_json(to_json(simplified(whole)))
    except FilterError:
        return None


def _stored(bench: Bench, new: NewSegment, form: SegmentForm) -> str:
    workspace_id, who, now = current_workspace.id, current_user.id, utcnow()
    if bench.segment is None:
        return service.save_segment(workspace_id, new, actor_user_id=who, now=now)
    text = form.version.data or ""
    service.change_segment(
        workspace_id, bench.segment.key, new,
        expected_version=int(text) if text.isdecimal() else bench.segment.version,
        actor_user_id=who, now=now,
    )  # fmt: skip
    return bench.segment.key


def _changed_words(bench: Bench) -> str:
    assert bench.segment is not None
    now = queries.segment_by_key(current_workspace.id, bench.segment.key)
    return _(
        "Somebody changed this segment meanwhile. It now is “%(name)s”: %(words)s. What you wrote "
        "stands below; saving again replaces theirs.",
        name=now.name, words=filter_in_words(now.filter),
    )  # fmt: skip


def _users(bench: Bench) -> str:
    """What goes by the segment that is changed, in words; "" of nothing."""
    if bench.segment is None:
        return ""
    with snapshot() as session:
        users = service.users_of(session, current_workspace.id, bench.segment.key)
    return word_list(users, "standard-narrow")


# --- the page ---------------------------------------------------------------------------


def _page(bench: Bench, page: Built, form: SegmentForm | None = None, *, warnings: Any = ()) -> str:
    ask = bench.ask
    return render_template(
        "measuring/segments/builder.html",
        bench=bench,
        page=page,
        form=form or SegmentForm(formdata=None),
        warnings=list(warnings),
        users=_users(bench),
        surveys=[] if bench.applies else [(s.key, s.name) for s in countable_surveys()],
        within_words=filter_in_words(bench.within.filter) if bench.within else "",
        may_save=current_user.role in SAVERS,
        days=wording.days_name(ask.since, ask.until),
        operators=OPERATORS,
        joins=JOINS,
    )
