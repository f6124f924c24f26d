"""What the address of a list says: that of the results page, and what the number was of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from flask import request

from surveys.response_quality import MARKS
from surveys.scoring import categories, category_of, scale
from vocapp.authoring.queries import SurveySummary
from vocapp.looking_into.selection import Selection
from vocapp.measuring.forms import FIRST_DAY, LAST_DAY, ResultsForm
from vocapp.measuring.journey.queries import asks_journey
from vocapp.measuring.journey.stages import PLACES
from vocapp.measuring.queries import MAX_CROSSED
from vocapp.measuring.views import form_of, today_here
from vocapp.problems import BadInput, NotFound
from vocapp.understanding.queries import theme_by_key
from vocapp.workspaces.access import current_workspace

MARKED = ("none", "any", *MARKS)
IN = "in."  # before an attribute: in.plan=pro; empty: the answers without one


@dataclass(frozen=True, slots=True)
class Asked:
    """The selection of an address, with the parts that it is made of."""

    selection: Selection
    form: ResultsForm
    category: str | None
    score: int | None
    parameters: Mapping[str, Any]

    def without(self, *names: str) -> dict[str, Any]:
        """The address with less asked for."""
        kept = {name: value for name, value in self.parameters.items() if name not in names}
        if "period" in names:
            kept = {key: kept[key] for key in kept if key not in {"since", "until"}}
            kept["period"] = "all"
        return kept


def asked_for(survey: SurveySummary) -> Asked:
    """Raises BadInput for a score, category, period or segment that cannot be."""
    form = form_of(survey)
    ask = form.ask(today_here())
    category, score = _category(survey.kind), _score(survey.kind)
    start, segment = _start(), _segment()
    theme, invited, received_by = _theme(), request.args.get("invited") == "1", _received_by()
    at, not_at = _stages("at", survey), _stages("not_at", survey)
    marked = _marked()
    parameters = {
        name: value for name, value in form.parameters().items() if name not in {"by", "by2"}
    }
    named = {
        "category": category, "score": score, "start": start.isoformat() if start else None,
        "theme": theme, "invited": "1" if invited else None,
        "received_by": received_by.isoformat() if received_by else None,
        "at": ",".join(at) or None, "not_at": ",".join(not_at) or None, "marked": marked,
    }  # fmt: skip
    parameters |= {name: str(value) for name, value in named.items() if value is not None}
    parameters |= {f"{IN}{name}": value or "" for name, value in segment.items()}
    selection = Selection(
        ask=replace(ask, by=()), segment=segment, places=_places(survey.kind, category, score),
        period=start, theme=theme, invited=invited, received_by=received_by,
        at=at, not_at=not_at, marked=marked,
    )  # fmt: skip
    return Asked(selection, form, category, score, parameters)


def _category(kind: str) -> str | None:
    given = request.args.get("category") or None
    if given is not None and given not in categories(kind):
        raise BadInput.of("category", f"expected one of {', '.join(categories(kind))}")
    return given


def _score(kind: str) -> int | None:
    given = request.args.get("score") or None
    if given is None:
        return None
    points = {str(point): point for point in scale(kind)}
    if given not in points:
        raise BadInput.of("score", f"expected {scale(kind).start} to {scale(kind).stop - 1}")
    return points[given]


def _places(kind: str, category: str | None, score: int | None) -> frozenset[int] | None:
    if category is None and score is None:
        return None
    points = scale(kind)
    return frozenset(
        point - points.start
        for point in points
        if score in {None, point} and category in {None, category_of(kind, point)}
    )


def _start() -> date | None:
    given = request.args.get("start") or None
    if given is None:
        return None
    try:
        day = date.fromisoformat(given)
    except ValueError as exc:
        raise BadInput.of("start", "expected a day such as 2026-01-31") from exc
    if not FIRST_DAY <= day <= LAST_DAY:
        raise BadInput.of("start", f"expected a day from {FIRST_DAY} to {LAST_DAY}")
    return day


def _stages(name: str, survey: SurveySummary) -> tuple[str, ...]:
    """Stages of the journey, of a survey that asks it."""
    given = tuple(filter(None, request.args.get(name, "").split(",")))
    if not given:
        return ()
    if not set(given) <= set(PLACES):
        raise BadInput.of(name, f"expected stages of {', '.join(PLACES)}, with commas between")
    if not asks_journey(survey):
        raise BadInput.of(name, "this survey does not ask the five A's")
    return given


def _marked() -> str | None:
    given = request.args.get("marked") or None
    if given is not None and given not in MARKED:
        raise BadInput.of("marked", f"expected one of {', '.join(MARKED)}")
    return given


def _theme() -> str | None:
    key = request.args.get("theme") or None
    if key is not None:
        try:
            theme_by_key(current_workspace.id, key)
        except NotFound as exc:
            raise BadInput.of("theme", "there is no such theme") from exc
    return key


def _received_by() -> datetime | None:
    given = request.args.get("received_by") or None
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as exc:
        raise BadInput.of("received_by", "expected an instant") from exc
    if moment.tzinfo is None or not FIRST_DAY <= moment.date() <= LAST_DAY:
        raise BadInput.of("received_by", "expected an instant with its offset, 1900 to 2199")
    return moment


def _segment() -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for parameter, values in request.args.lists():
        if not parameter.startswith(IN):
            continue
        name = parameter.removeprefix(IN)
        if len(values) > 1:
            raise BadInput.of(parameter, "given more than once")
        if not 0 < len(name) <= 100:
            raise BadInput.of(parameter, "attribute names have 1 to 100 characters")
        found[name] = values[0] or None
    if len(found) > MAX_CROSSED:
        raise BadInput.of(f"{IN}{list(found)[-1]}", f"at most {MAX_CROSSED} attributes")
    return found
