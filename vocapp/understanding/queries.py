"""Reads: what is understood of a response; themes by volume, share and effect on the score."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, select

from surveys.periods import day_bounds, local_day
from surveys.scoring import categories, category_of
from vocapp.authoring.models import Question, Survey
from vocapp.collecting.models import Response
from vocapp.collecting.queries import StoredAnswers, answers_of, stored_response
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.problems import NotFound
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
    """A theme in a period. share: of the analysed responses; effect: points that the score
    would be higher if the responses with this theme had scored like the others (negative:
    the theme lifts the score). Associated, not caused."""

    key: str
    label: dict[str, str]
    description: dict[str, str]
    n: int
    share: float
    previous_n: int
    negative: int
    positive: int
    counts: dict[str, int]
    effect: float | None
    trend: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ThemesPage:
    rows: tuple[ThemeRow, ...]
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
    """Themes of the last days, by number of responses; the trend has twelve equal steps."""
    until = local_day(now, time_zone) + timedelta(days=1)
    since = until - timedelta(days=days)
    questions = _primary_questions(workspace_id, survey_id)
    cells = _theme_cells(workspace_id, questions, since - timedelta(days=days), until)
    totals = _category_totals(workspace_id, survey_id, since, until, time_zone)
    rows = [
        _theme_row(theme, cells.get(theme.id, []), totals, since=since, until=until)
        for theme in db.session.scalars(
            scoped(Theme, workspace_id).where(Theme.archived_at.is_(None))
        )
    ]
    rows.sort(key=lambda row: (-row.n, row.key))
    pending = db.session.scalar(
        select(func.count()).where(
            Pending.workspace_id == workspace_id,
            Pending.kind == "analyse",
            Pending.set_aside_at.is_(None),
        )
    )
    return ThemesPage(tuple(rows), sum(totals.values()), pending or 0, since, until)


def _primary_questions(workspace_id: UUID, survey_id: UUID | None) -> list[UUID] | None:
    if survey_id is None:
        return None
    return list(
        db.session.scalars(
            select(Question.id).where(
                Question.workspace_id == workspace_id, Question.survey_id == survey_id
            )
        )
    )


def _theme_cells(
    workspace_id: UUID, questions: list[UUID] | None, since: date, until: date
) -> dict[UUID, list[Any]]:
    query = scoped(ThemeCell, workspace_id).where(
        ThemeCell.local_day >= since, ThemeCell.local_day < until, ThemeCell.n != 0
    )
    if questions is not None:
        query = query.where(ThemeCell.question_id.in_(questions))
    found: dict[UUID, list[Any]] = defaultdict(list)
    for cell in db.session.scalars(query):
        found[cell.theme_id].append(cell)
    return found


def _category_totals(
    workspace_id: UUID, survey_id: UUID | None, since: date, until: date, time_zone: str
) -> dict[str, int]:
    """Responses with a comment by category of their score: what shares are shares of."""
    query = (
        select(Survey.kind, Response.score, func.count())
        .join(
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
        .group_by(Survey.kind, Response.score)
    )
    if survey_id is not None:
        query = query.where(Response.survey_id == survey_id)
    totals: dict[str, int] = defaultdict(int)
    for kind, score, n in db.session.execute(query):
        totals[UNSCORED if score is None else category_of(kind, score)] += n
    return dict(totals)


def _theme_row(
    theme: Theme, cells: Sequence[Any], totals: dict[str, int], *, since: date, until: date
) -> ThemeRow:
    now_cells = [cell for cell in cells if cell.local_day >= since]
    counts: dict[str, int] = defaultdict(int)
    for cell in now_cells:
        counts[cell.category] += cell.n
    n = sum(counts.values())
    analysed = sum(totals.values())
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
        effect=_effect(counts, totals),
        trend=_trend(now_cells, since, until),
    )


def _effect(counts: dict[str, int], totals: dict[str, int]) -> float | None:
    """By how many points the score of all differs from the score without this theme."""
    rest = {key: totals.get(key, 0) - counts.get(key, 0) for key in totals}
    all_score, rest_score = _net(totals), _net(rest)
    if all_score is None or rest_score is None:
        return None
    return all_score - rest_score


def _net(counts: dict[str, int]) -> float | None:
    """Share of the best minus share of the worst category, in points, over all scales."""
    scored = {key: n for key, n in counts.items() if key != UNSCORED}
    total = sum(scored.values())
    if total <= 0:
        return None
    best = {categories(kind)[0] for kind in ("nps", "csat", "ces")}
    worst = {categories(kind)[-1] for kind in ("nps", "csat", "ces")}
    up = sum(n for key, n in scored.items() if key in best)
    down = sum(n for key, n in scored.items() if key in worst)
    return 100 * (up - down) / total


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
    since: datetime | None = None,
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
    if since:
        query = query.where(Response.answered_at >= since)
    return _verbatims(workspace_id, query, limit=limit, before=before)


def _verbatim_rows(workspace_id: UUID) -> Any:
    return (
        select(Response, Survey, Analysis, Contact, Account)
        .join(
            Survey,
            (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
        )
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .outerjoin(
            Contact,
            (Contact.workspace_id == Response.workspace_id) & (Contact.id == Response.contact_id),
        )
        .outerjoin(
            Account,
            (Account.workspace_id == Response.workspace_id) & (Account.id == Response.account_id),
        )
        .where(Response.workspace_id == workspace_id, Survey.confidential.is_(False))
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
    response, survey, analysis, contact, account = row
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
    workspace_id: UUID, key: str, *, time_zone: str, now: datetime, days: int
) -> tuple[ThemeRow, ThemesPage]:
    """One theme's row and the page it is from. Raises NotFound."""
    theme_by_key(workspace_id, key)
    page = themes_page(workspace_id, time_zone=time_zone, now=now, days=days)
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
