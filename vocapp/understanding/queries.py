"""Reads: what is understood of a response; themes by volume, share and effect on the score."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import aliased

from surveys.effects import Effect, effect_on_score, growth_p_values
from surveys.inference import benjamini_hochberg
from surveys.periods import local_day
from surveys.scoring import category_of
from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.collecting.queries import (
    PEOPLE,
    StoredAnswers,
    account_in,
    answers_of,
    contact_in,
    of_responses,
    stored_response,
)
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.outbox import Pending
from vocapp.problems import Forbidden, NotFound
from vocapp.understanding.assigned import AssignedTheme, assigned_themes
from vocapp.understanding.models import SENTIMENTS, Analysis, Assignment, Theme
from vocapp.understanding.shown import is_copy_chosen, shown_text, themes_are_less_certain
from vocapp.understanding.theme_counts import (
    STEPS,
    Comments,
    ThemeCounts,
    asked_of,
    busiest_survey_of,
    comments_in,
    themes_in,
)

Copies = Literal["all", "once"] | UUID
_NOWHERE = ThemeCounts({}, 0, 0, 0, (0,) * STEPS)


def response_detail(workspace_id: UUID, response_id: UUID) -> dict[str, Any]:
    """A stored response with what was understood of it. Raises NotFound."""
    shown = stored_response(workspace_id, response_id)
    analysis = db.session.get(Analysis, (workspace_id, response_id))
    language = analysis.language if analysis else None
    content = analysis.content if analysis else None
    return shown | {
        "language": language,
        "less_certain": themes_are_less_certain(shown["comment"] or "", language, content),
        "content": content,
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
    found = assigned_themes(db.session(), workspace_id, response_ids)
    return {
        response_id: [_shown(theme, comments.get(response_id, "")) for theme in themes]
        for response_id, themes in found.items()
    }


def _shown(theme: AssignedTheme, comment: str) -> dict[str, Any]:
    return {
        "key": theme.key,
        "label": theme.label,
        "confidence": round(theme.confidence, 4),
        "sentiment": theme.sentiment,
        "source": theme.source,
        "evidence": comment[slice(*theme.evidence)],
    }


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
    asked = asked_of(workspace_id, survey_id, since=since, until=until)
    comments, found = comments_in(asked), themes_in(asked)
    kind = next(iter(comments.by_kind)) if len(comments.by_kind) == 1 else None
    rows = [
        _theme_row(theme, found.get(theme.id, _NOWHERE), comments, kind)
        for theme in db.session.scalars(
            scoped(Theme, workspace_id).where(Theme.archived_at.is_(None))
        )
    ]
    rows = _judged(rows, now=comments.n, before=comments.previous_n)
    rows.sort(key=lambda row: (-row.n, row.key))
    pending = outbox.pending_count(db.session(), workspace_id, "analyse")
    return ThemesPage(tuple(rows), kind, comments.n, pending, since, until)


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
    return busiest_survey_of(asked_of(workspace_id, None, since=since, until=until))


def _theme_row(theme: Theme, found: ThemeCounts, comments: Comments, kind: str | None) -> ThemeRow:
    n, analysed = sum(found.counts.values()), comments.n
    effect = None
    if kind is not None:
        totals = _at_least(found.counts, comments.by_kind[kind])
        effect = effect_on_score(kind, found.counts, totals)
    return ThemeRow(
        key=theme.key,
        label=dict(theme.label),
        description=dict(theme.description),
        n=n,
        share=n / analysed if analysed else 0.0,
        previous_n=found.previous_n,
        negative=found.negative,
        positive=found.positive,
        counts=dict(found.counts),
        effect=effect,
        trend=found.trend,
    )


def _at_least(counts: Mapping[str, int], totals: Mapping[str, int]) -> dict[str, int]:
    """The totals, but never below the counts: themes of those who were erased stay counted."""
    return {key: max(totals.get(key, 0), counts.get(key, 0)) for key in totals.keys() | counts}


def _judged(rows: Sequence[ThemeRow], *, now: int, before: int) -> list[ThemeRow]:
    """With false-discovery control over all themes of the page, for effects and for growth."""
    clear = benjamini_hochberg([row.effect.p_value if row.effect else None for row in rows])
    p_values = growth_p_values(
        [(row.n, max(now, row.n), row.previous_n, max(before, row.previous_n)) for row in rows]
    )
    rising = benjamini_hochberg(
        [p if row.n and before else None for row, p in zip(rows, p_values, strict=True)]
    )
    return [
        replace(row, is_clear=is_clear, is_rising=is_rising)
        for row, is_clear, is_rising in zip(rows, clear, rising, strict=True)
    ]


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
    account_owner_id: UUID | None
    content: str | None
    themes: tuple[dict[str, Any], ...]
    alike: int = 0  # copies that the list has beside it, and does not show


_OF_VERBATIM = (
    Response.id, Survey.key, Survey.kind, Response.score, Response.answered_at, Analysis.redacted,
    Analysis.language, Analysis.sentiment, Analysis.encoder, Analysis.model_version,
    Analysis.content, Analysis.likeness, *PEOPLE,
)  # fmt: skip


def theme_by_key(workspace_id: UUID, key: str) -> Theme:
    """Raises NotFound."""
    theme = db.session.scalar(scoped(Theme, workspace_id).where(Theme.key == key))
    if theme is None:
        raise NotFound(f"No theme with the key {key!r}.")
    return theme


def responses_about(workspace_id: UUID, key: str) -> Select[UUID]:
    """The ids of the responses with a theme."""
    return (
        select(Assignment.response_id)
        .join(
            Theme,
            (Theme.workspace_id == Assignment.workspace_id) & (Theme.id == Assignment.theme_id),
        )
        .where(Assignment.workspace_id == workspace_id, Theme.key == key)
    )


def verbatims_of_theme(
    workspace_id: UUID,
    key: str,
    *,
    limit: int = 50,
    before: tuple[datetime, UUID] | None = None,
    sentiment: str | None = None,
    survey_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    copies: Copies = "all",
) -> list[Verbatim]:
    """Comments with a theme of a time (half-open), newest first; none of confidential surveys.

    copies: "all" comments, "once" the newest of each copy that is asked for, with the number of
    the others; the id of a response: it and its copies. Raises NotFound.
    """
    theme = theme_by_key(workspace_id, key)
    asked = _Asked(
        workspace_id, theme.id, (sentiment,) if sentiment else SENTIMENTS, survey_id, since, until
    )
    ids = _newest(asked, copies, limit=limit, before=before)
    rows = db.session.execute(
        of_responses(workspace_id, *_OF_VERBATIM)
        .join(
            Analysis,
            (Analysis.workspace_id == Response.workspace_id)
            & (Analysis.response_id == Response.id),
        )
        .where(Response.id.in_(ids))
        .order_by(Response.answered_at.desc(), Response.id.desc())
    ).all()
    answers = answers_of(workspace_id, ids)
    comments = {key: answers.get(key, StoredAnswers()).comment or "" for key in ids}
    themes = themes_of(workspace_id, ids, comments)
    alike = _alike(asked, {row.likeness for row in rows}) if copies == "once" else {}
    return [_verbatim(row, comments, themes, alike.get(row.likeness, 0)) for row in rows]


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which comments of a theme are asked for. since <= answered_at < until."""

    workspace_id: UUID
    theme_id: UUID
    sentiments: tuple[str, ...]
    survey_id: UUID | None
    since: datetime | None
    until: datetime | None

    def narrow(self, columns: Any, found: Any, analysis: Any) -> Any:
        """The select from `found`, assignments or an alias of them, their responses, surveys and
        analyses, without confidential surveys and without what is not asked for."""
        response, survey = aliased(Response), aliased(Survey)
        query = (
            columns.select_from(found)
            .join(
                response,
                (response.workspace_id == found.workspace_id) & (response.id == found.response_id),
            )
            .join(
                survey,
                (survey.workspace_id == response.workspace_id) & (survey.id == response.survey_id),
            )
            .join(
                analysis,
                (analysis.workspace_id == found.workspace_id)
                & (analysis.response_id == found.response_id),
            )
            .where(
                found.workspace_id == self.workspace_id,
                found.theme_id == self.theme_id,
                survey.confidential.is_(False),
            )
        )
        if self.survey_id is not None:
            query = query.where(response.survey_id == self.survey_id)
        if self.since is not None:
            query = query.where(found.answered_at >= self.since)
        if self.until is not None:
            query = query.where(found.answered_at < self.until)
        return query


def _newest(
    asked: _Asked, copies: Copies, *, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[UUID]:
    """The newest responses with a theme that may be shown: read, and so with their redacted text.

    The newest of each sentiment, and of these the newest: so the index gives them in order, and
    ends after `limit` of each.
    """
    newest_first = (Assignment.answered_at.desc(), Assignment.response_id.desc())
    query = asked.narrow(
        select(Assignment.response_id, Assignment.answered_at), Assignment, Analysis
    )
    if copies == "once":
        query = query.where(is_copy_chosen(_newest_alike(asked)))
    elif copies != "all":
        likeness = select(Analysis.likeness).where(
            Analysis.workspace_id == asked.workspace_id, Analysis.response_id == copies
        )
        query = query.where(
            (Analysis.likeness == likeness.scalar_subquery()) | (Assignment.response_id == copies)
        )
    if before is not None:
        at, last = before
        # Said twice, so that an index begins there.
        query = query.where(
            Assignment.answered_at <= at,
            (Assignment.answered_at < at) | (Assignment.response_id < last),
        )
    parts = [
        query.where(Assignment.sentiment == sentiment)
        .order_by(*newest_first)
        .limit(limit)
        .subquery()
        for sentiment in asked.sentiments
    ]
    found = union_all(*map(select, parts)).subquery()
    return db.session.scalars(
        select(found.c.response_id)
        .order_by(found.c.answered_at.desc(), found.c.response_id.desc())
        .limit(limit)
    ).all()


def _newest_alike(asked: _Asked) -> Any:
    """The newest copy of a comment that is asked for, too; by the index of copies, as it has a
    limit and so is joined with nothing."""
    found, copy = aliased(Assignment), aliased(Analysis)
    return (
        asked.narrow(select(found.response_id), found, copy)
        .where(
            copy.workspace_id == Analysis.workspace_id,
            copy.likeness == Analysis.likeness,
            found.sentiment.in_(asked.sentiments),
        )
        .order_by(copy.answered_at.desc(), copy.response_id.desc())
        .limit(1)
        .correlate(Analysis)
        .scalar_subquery()
    )


def _alike(asked: _Asked, likenesses: Collection[str | None]) -> dict[str | None, int]:
    """How many others are asked for that are like the one that is shown."""
    rows = db.session.execute(
        asked.narrow(select(Analysis.likeness, func.count().label("n")), Assignment, Analysis)
        .where(
            Analysis.likeness.in_([each for each in likenesses if each is not None]),
            Assignment.sentiment.in_(asked.sentiments),
        )
        .group_by(Analysis.likeness)
    )
    return {row.likeness: row.n - 1 for row in rows}


def _verbatim(
    row: Any, comments: dict[UUID, str], themes: dict[UUID, list[dict[str, Any]]], alike: int
) -> Verbatim:
    return Verbatim(
        response_id=row.id,
        survey_key=row.key,
        kind=row.kind,
        score=row.score,
        category=category_of(row.kind, row.score) if row.score is not None else None,
        answered_at=row.answered_at,
        text=shown_text(row.redacted, comments[row.id]),
        language=row.language,
        sentiment=row.sentiment,
        encoder=row.encoder,
        model_version=row.model_version,
        contact=contact_in(row),
        account=account_in(row),
        account_external_id=row.account_external_id,
        account_owner_id=row.account_owner_id,
        content=row.content,
        themes=tuple(themes.get(row.id, [])),
        alike=alike,
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
