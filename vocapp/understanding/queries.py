"""Reads: what is understood of a response; themes by volume, share and effect on the score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from surveys.effects import Effect, effect_on_score, growth_p_value
from surveys.inference import benjamini_hochberg
from surveys.periods import day_bounds, local_day
from surveys.scoring import category_of
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import Response
from vocapp.collecting.queries import (
    StoredAnswers,
    answers_of,
    responses_with_people,
    stored_response,
)
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.problems import Forbidden, NotFound
from vocapp.understanding.models import Analysis, Assignment, Theme, ThemeCell
from vocapp.understanding.theme_cells import UNSCORED


def response_detail(workspace_id: UUID, response_id: UUID) -> dict[str, Any]:
    """A stored response with what was understood of it. Raises NotFound."""
    shown = stored_response(workspace_id, response_id)
    analysis = db.session.get(Analysis, (workspace_id, response_id))
    return shown | {
        "language": analysis.language if analysis else None,
        "sentiment": analysis.sentiment if analysis else None,
        "analysis": "done" if analysis else _analysis_state(workspace_id, response_id),
        "encoder": analysis.encoder if analysis else None,
        "model_version": analysis.model_version if analysis else None,
        "themes": themes_of(workspace_id, [response_id], {response_id: shown["comment"] or ""}).get(
            response_id, []
        ),
    }


def _analysis_state(workspace_id: UUID, response_id: UUID) -> str:
    """`failed` when the work was set aside, else `pending`."""
    set_aside = db.session.scalar(
        scoped(Pending, workspace_id)
        .where(
            Pending.kind == "analyse",
            Pending.subject_id == response_id,
            Pending.set_aside_at.is_not(None),
        )
        .limit(1)
    )
    return "failed" if set_aside else "pending"


def themes_of(
    workspace_id: UUID, response_ids: Sequence[UUID], comments: dict[UUID, str]
) -> dict[UUID, list[dict[str, Any]]]:
    """Themes by response, surest first; evidence is cut from the comment."""
    rows = db.session.execute(
        select(Assignment, Theme)
        .join(
            Theme,
            (Theme.workspace_id == Assignment.workspace_id) & (Theme.id == Assignment.theme_id),
        )
        .where(Assignment.workspace_id == workspace_id, Assignment.response_id.in_(response_ids))
        .order_by(Assignment.confidence.desc(), Theme.key)
    )
    found: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for assignment, theme in rows:
        comment = comments.get(assignment.response_id, "")
        found[assignment.response_id].append(
            {
                "key": theme.key,
                "label": theme.label,
                "confidence": round(assignment.confidence, 4),
                "sentiment": assignment.sentiment,
                "source": assignment.source,
                "evidence": comment[assignment.evidence_start : assignment.evidence_end],
            }
        )
    return dict(found)


# --- themes -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ThemeRow:
    """A theme in a period. share: of the analysed responses. effect: on the score, None where
    scores of several metrics would have to be mixed; is_clear: whether it is more than chance
    would give; is_rising: whether it comes up more often than in the period before beyond
    chance; both with all themes of the page taken together (None: not tested)."""

    key: str
    label: dict[str, str]
    description: dict[str, str]
    n: int
    share: float
    previous_n: int
    negative: int
    positive: int
    counts: dict[str, int]
    effect: Effect | None
    trend: tuple[int, ...]
    is_clear: bool | None = None
    is_rising: bool | None = None


@dataclass(frozen=True, slots=True)
class ThemesPage:
    """kind: the one metric that all comments of the page go with, None where there are several."""

    rows: tuple[ThemeRow, ...]
    kind: str | None
    analysed: int
    pending: int
    since: date
    until: date


def themes_page(
    workspace_id: UUID,
    *,
    time_zone: str,
    now: datetime,
    days: int = 90,
    survey_id: UUID | None = None,
) -> ThemesPage:
    """Themes of the last days, by number of responses; the trend has twelve equal steps.

    Confidential surveys are in no figure here, as a theme may be that of one person. Raises
    Forbidden where one is asked for by itself.
    """
    if survey_id is not None:
        refuse_confidential_survey(workspace_id, survey_id)
    until = local_day(now, time_zone) + timedelta(days=1)
    since = until - timedelta(days=days)
    cells = _theme_cells(workspace_id, survey_id, since - timedelta(days=days), until)
    by_kind = _category_totals(workspace_id, survey_id, since, until, time_zone)
    kind = next(iter(by_kind)) if len(by_kind) == 1 else None
    rows = [
        _theme_row(theme, cells.get(theme.id, []), by_kind, kind, since=since, until=until)
        for theme in db.session.scalars(
            scoped(Theme, workspace_id).where(Theme.archived_at.is_(None))
        )
    ]
    before = _category_totals(
        workspace_id, survey_id, since - timedelta(days=days), since, time_zone
    )
    rows = _judged(rows, now=_analysed(by_kind), before=_analysed(before))
    rows.sort(key=lambda row: (-row.n, row.key))
    pending = db.session.scalar(
        select(func.count()).where(
            Pending.workspace_id == workspace_id,
            Pending.kind == "analyse",
            Pending.set_aside_at.is_(None),
        )
    )
    return ThemesPage(tuple(rows), kind, _analysed(by_kind), pending or 0, since, until)


def refuse_confidential_survey(workspace_id: UUID, survey_id: UUID) -> None:
    """What was written in a confidential survey is shown to nobody. Raises Forbidden."""
    survey = db.session.get(Survey, (workspace_id, survey_id))
    if survey is not None and survey.confidential:
        raise Forbidden(
            "Themes of a confidential survey are not shown: one may be that of a single person."
        )


def busiest_survey(workspace_id: UUID, *, time_zone: str, now: datetime, days: int) -> UUID | None:
    """The survey with the most comments in the last days that may be shown: to begin with."""
    until = local_day(now, time_zone) + timedelta(days=1)
    since = until - timedelta(days=days)
    return db.session.scalar(
        _commented(select(Response.survey_id), workspace_id, since, until, time_zone)
        .where(Survey.confidential.is_(False))
        .group_by(Response.survey_id)
        .order_by(func.count().desc(), Response.survey_id)
        .limit(1)
    )


def _theme_cells(
    workspace_id: UUID, survey_id: UUID | None, since: date, until: date
) -> dict[UUID, list[Any]]:
    query = (
        scoped(ThemeCell, workspace_id)
        .join(
            Question,
            (Question.workspace_id == ThemeCell.workspace_id)
            & (Question.id == ThemeCell.question_id),
        )
        .join(
            Survey,
            (Survey.workspace_id == Question.workspace_id) & (Survey.id == Question.survey_id),
        )
        .where(
            ThemeCell.local_day >= since,
            ThemeCell.local_day < until,
            ThemeCell.n != 0,
            Survey.confidential.is_(False),
        )
    )
    if survey_id is not None:
        query = query.where(Question.survey_id == survey_id)
    found: dict[UUID, list[Any]] = defaultdict(list)
    for cell in db.session.scalars(query):
        found[cell.theme_id].append(cell)
    return found


def _commented(
    query: Select[*tuple[Any, ...]], workspace_id: UUID, since: date, until: date, time_zone: str
) -> Any:
    """The query over responses with a comment that was read, on these local days; with surveys."""
    return (
        query.join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .join(
            Analysis,
            and_(
                Analysis.workspace_id == Response.workspace_id,
                Analysis.response_id == Response.id,
                Analysis.text_digest.is_not(None),
            ),
        )
        .where(
            Response.workspace_id == workspace_id,
            Response.answered_at >= day_bounds(since, time_zone)[0],
            Response.answered_at < day_bounds(until, time_zone)[0],
        )
    )


def _category_totals(
    workspace_id: UUID, survey_id: UUID | None, since: date, until: date, time_zone: str
) -> dict[str, dict[str, int]]:
    """Responses with a comment by metric and category of score: what shares are shares of."""
    query = _commented(
        select(Survey.kind, Response.score, func.count()).select_from(Response),
        workspace_id,
        since,
        until,
        time_zone,
    )
    query = query.where(Survey.confidential.is_(False)).group_by(Survey.kind, Response.score)
    if survey_id is not None:
        query = query.where(Response.survey_id == survey_id)
    totals: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, score, n in db.session.execute(query):
        totals[kind][UNSCORED if score is None else category_of(kind, score)] += n
    return totals


def _analysed(by_kind: Mapping[str, Mapping[str, int]]) -> int:
    return sum(sum(counts.values()) for counts in by_kind.values())


def _theme_row(
    theme: Theme,
    cells: Sequence[Any],
    by_kind: Mapping[str, Mapping[str, int]],
    kind: str | None,
    *,
    since: date,
    until: date,
) -> ThemeRow:
    now_cells = [cell for cell in cells if cell.local_day >= since]
    counts: dict[str, int] = defaultdict(int)
    for cell in now_cells:
        counts[cell.category] += cell.n
    n = sum(counts.values())
    analysed = _analysed(by_kind)
    return ThemeRow(
        key=theme.key,
        label=dict(theme.label),
        description=dict(theme.description),
        n=n,
        share=n / analysed if analysed else 0.0,
        previous_n=sum(cell.n for cell in cells if cell.local_day < since),
        negative=sum(cell.n for cell in now_cells if cell.sentiment == "negative"),
        positive=sum(cell.n for cell in now_cells if cell.sentiment == "positive"),
        counts=dict(counts),
        effect=effect_on_score(kind, counts, _at_least(counts, by_kind[kind])) if kind else None,
        trend=_trend(now_cells, since, until),
    )


def _at_least(counts: Mapping[str, int], totals: Mapping[str, int]) -> dict[str, int]:
    """The totals, but never below the counts: cells may be a moment ahead of what is read here."""
    return {key: max(totals.get(key, 0), counts.get(key, 0)) for key in totals.keys() | counts}


def _judged(rows: Sequence[ThemeRow], *, now: int, before: int) -> list[ThemeRow]:
    """With false-discovery control over all themes of the page, for effects and for growth."""
    clear = benjamini_hochberg([row.effect.p_value if row.effect else None for row in rows])
    rising = benjamini_hochberg(
        [
            growth_p_value(row.n, max(now, row.n), row.previous_n, max(before, row.previous_n))
            if row.n and before
            else None
            for row in rows
        ]
    )
    return [
        replace(row, is_clear=is_clear, is_rising=is_rising)
        for row, is_clear, is_rising in zip(rows, clear, rising, strict=True)
    ]


def _trend(cells: Sequence[Any], since: date, until: date, steps: int = 12) -> tuple[int, ...]:
    length = (until - since).days
    sums = [0] * steps
    for cell in cells:
        sums[min(steps - 1, (cell.local_day - since).days * steps // length)] += cell.n
    return tuple(sums)


# --- the sentences behind a theme -------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Verbatim:
    """One comment with a theme, ready to show; text is redacted."""

    response_id: UUID
    survey_key: str
    kind: str
    score: int | None
    category: str | None
    answered_at: datetime
    text: str
    language: str | None
    sentiment: str | None
    encoder: str | None
    model_version: str | None
    contact: str | None
    account: str | None
    account_external_id: str | None
    themes: tuple[dict[str, Any], ...]


def theme_by_key(workspace_id: UUID, key: str) -> Theme:
    """Raises NotFound."""
    theme = db.session.scalar(scoped(Theme, workspace_id).where(Theme.key == key))
    if theme is None:
        raise NotFound(f"No theme with the key {key!r}.")
    return theme


def verbatims_of_theme(
    workspace_id: UUID,
    key: str,
    *,
    limit: int = 50,
    before: tuple[datetime, UUID] | None = None,
    sentiment: str | None = None,
    survey_id: UUID | None = None,
) -> list[Verbatim]:
    """Comments with a theme, newest first; none of confidential surveys. Raises NotFound."""
    theme = theme_by_key(workspace_id, key)
    query = (
        _verbatim_rows(workspace_id)
        .join(
            Assignment,
            (Assignment.workspace_id == Response.workspace_id)
            & (Assignment.response_id == Response.id),
        )
        .where(Assignment.theme_id == theme.id)
    )
    if sentiment:
        query = query.where(Assignment.sentiment == sentiment)
    if survey_id:
        query = query.where(Response.survey_id == survey_id)
    return _verbatims(workspace_id, query, limit=limit, before=before)


def _verbatim_rows(workspace_id: UUID) -> Any:
    return (
        responses_with_people(workspace_id, Analysis)
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Survey.confidential.is_(False))
    )


def _verbatims(
    workspace_id: UUID, query: Any, *, limit: int, before: tuple[datetime, UUID] | None
) -> list[Verbatim]:
    if before is not None:
        at, last = before
        query = query.where(
            (Response.answered_at < at) | ((Response.answered_at == at) & (Response.id < last))
        )
    rows = db.session.execute(
        query.order_by(Response.answered_at.desc(), Response.id.desc()).limit(limit)
    ).all()
    ids = [row[0].id for row in rows]
    answers = answers_of(workspace_id, ids)
    comments = {key: answers.get(key, StoredAnswers()).comment or "" for key in ids}
    themes = themes_of(workspace_id, ids, comments)
    return [_verbatim(row, comments, themes) for row in rows]


def _verbatim(
    row: Any, comments: dict[UUID, str], themes: dict[UUID, list[dict[str, Any]]]
) -> Verbatim:
    response, survey, contact, account, analysis = row
    return Verbatim(
        response_id=response.id,
        survey_key=survey.key,
        kind=survey.kind,
        score=response.score,
        category=category_of(survey.kind, response.score) if response.score is not None else None,
        answered_at=response.answered_at,
        text=analysis.redacted if analysis.redacted is not None else comments[response.id],
        language=analysis.language,
        sentiment=analysis.sentiment,
        encoder=analysis.encoder,
        model_version=analysis.model_version,
        contact=contact.name or contact.email or contact.external_id if contact else None,
        account=account.name or account.external_id if account else None,
        account_external_id=account.external_id if account else None,
        themes=tuple(themes.get(response.id, [])),
    )


def theme_summary(
    workspace_id: UUID,
    key: str,
    *,
    time_zone: str,
    now: datetime,
    days: int,
    survey_id: UUID | None = None,
) -> tuple[ThemeRow, ThemesPage]:
    """One theme's row and the page it is from. Raises NotFound."""
    theme_by_key(workspace_id, key)
    page = themes_page(workspace_id, time_zone=time_zone, now=now, days=days, survey_id=survey_id)
    row = next((row for row in page.rows if row.key == key), None)
    if row is None:
        raise NotFound(f"The theme {key!r} is archived.")
    return row, page


def theme_choices(workspace_id: UUID) -> list[tuple[str, dict[str, str]]]:
    """Key and label of every theme in use, for choosing one."""
    rows = db.session.execute(
        select(Theme.key, Theme.label)
        .where(Theme.workspace_id == workspace_id, Theme.archived_at.is_(None))
        .order_by(Theme.key)
    )
    return [(key, dict(label)) for key, label in rows]


def marked(verbatim: Verbatim, key: str) -> list[tuple[str, bool]]:
    """The comment in pieces, those that decided about the theme marked True.

    Evidence is found by its words, because the text shown is redacted and offsets are
    those of the original.
    """
    evidence = next((t["evidence"] for t in verbatim.themes if t["key"] == key), "")
    start = verbatim.text.find(evidence) if evidence else -1
    if start < 0 or evidence == verbatim.text:
        return [(verbatim.text, False)]
    end = start + len(evidence)
    pieces = [
        (verbatim.text[:start], False), (evidence, True), (verbatim.text[end:], False),
    ]  # fmt: skip
    return [(text, mark) for text, mark in pieces if text]
