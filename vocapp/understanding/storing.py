"""What was found in comments, stored: batches of them, with a handful of statements each."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.collecting.models import Answer, Response
from vocapp.database import read_once, scoped, utcnow
from vocapp.understanding.discovery.asking import see_to_discovery
from vocapp.understanding.doubts import keep_doubts, settled_themes
from vocapp.understanding.drivers.service import see_to_drivers
from vocapp.understanding.learning.asking import REFINE
from vocapp.understanding.models import Analysis, Assignment, Label, Review, Theme
from vocapp.understanding.theme_cells import recount_many, uncount_many

if TYPE_CHECKING:
    from nlp.analysis import Analysis as Found


@dataclass(frozen=True, slots=True)
class Job:
    """A verbatim to be analysed, read before the work starts."""

    workspace_id: UUID
    response_id: UUID
    text: str | None
    locale: str | None
    digest: str | None
    known_encoder: str | None
    known_version: str | None
    known_digest: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be stored of a verbatim.

    found: None where it has no words, or where this version judged the same words before.
    """

    job: Job
    found: Found | None
    encoder: str | None
    model_version: str | None
    refine_after: timedelta | None = None  # None: nobody has a better word


def verbatims(
    session: Session, workspace_id: UUID, response_ids: Sequence[UUID]
) -> dict[UUID, str]:
    """The open text of each response: its first text answer, in question order."""
    rows = session.execute(
        select(Answer.response_id, Answer.text)
        .where(
            Answer.workspace_id == workspace_id,
            Answer.response_id.in_(response_ids),
            Answer.text.is_not(None),
        )
        .order_by(Answer.response_id, Answer.question_id)
    )
    found: dict[UUID, str] = {}
    for response_id, text in rows:
        found.setdefault(response_id, text or "")
    return found


def digest_of_text(text: str | None) -> str | None:
    return hashlib.sha256(text.encode()).hexdigest() if text else None


def theme_ids(session: Session, workspace_id: UUID) -> dict[str, UUID]:
    """Theme key → id, archived ones left out."""
    rows = session.execute(
        select(Theme.key, Theme.id).where(
            Theme.workspace_id == workspace_id, Theme.archived_at.is_(None)
        )
    )
    return {row.key: row.id for row in rows}


def store(session: Session, results: Sequence[Result]) -> None:
    """Keep what was found, move the theme cells, say that the themes are there."""
    by_workspace: dict[UUID, dict[UUID, Result]] = defaultdict(dict)
    for result in results:
        by_workspace[result.job.workspace_id][result.job.response_id] = result
    for workspace_id in sorted(by_workspace):
        _store_in(session, workspace_id, by_workspace[workspace_id], now=utcnow())


def _store_in(
    session: Session, workspace_id: UUID, results: dict[UUID, Result], *, now: datetime
) -> None:
    """Of one workspace, by response."""
    responses = session.scalars(
        scoped(Response, workspace_id)
        .where(Response.id.in_(list(results)))
        .order_by(Response.id)  # in one order for all, so that writers do not block in rings
        .with_for_update()
    ).all()
    texts = verbatims(session, workspace_id, [response.id for response in responses])
    silent, judged, work = [], [], []
    for response in responses:
        result = results[response.id]
        job = result.job
        see_to_drivers(session, workspace_id, response.survey_id, now=now)
        if job.text is not None:
            see_to_discovery(session, workspace_id, now=now)
        if digest_of_text(texts.get(response.id)) != job.digest:
            continue  # edited meanwhile: the edit left a row of work of its own
        if job.text is None and job.known_encoder is None:
            # Never had words, as half of all answers: no theme to move, nothing to route anew.
            silent.append((response, result))
            continue
        judged.append((response, result))
        work += _work_after(result, now=now)
    _store_analyses(session, workspace_id, silent, now=now)
    replace_findings(session, workspace_id, judged, now=now)
    outbox.add_all(session, workspace_id, work, now=now)


def replace_findings(
    session: Session,
    workspace_id: UUID,
    judged: Sequence[tuple[Response, Result]],
    *,
    now: datetime,
) -> None:
    """Keep what was found in comments in the place of what stood there; counts stay exact."""
    # Not of those that had been judged by the same version: what stands there holds.
    found = [pair for pair in judged if pair[1].found is not None or pair[1].job.text is None]
    _store_analyses(session, workspace_id, found, now=now)
    _store_assignments(session, workspace_id, found, now=now)
    keep_doubts(session, workspace_id, [(response, result.found) for response, result in found])
    recount_many(session, workspace_id, [response for response, _ in judged])


def _work_after(result: Result, *, now: datetime) -> list[outbox.Work]:
    """What is to be done once the themes of a comment are there."""
    response_id = result.job.response_id
    work = [outbox.Work("follow_up", response_id, {"stage": "themed"})]
    if result.refine_after is not None:
        due_at = now + result.refine_after
        work.append(outbox.Work(REFINE, response_id, priority=outbox.BACKLOG, due_at=due_at))
    return work


def _store_analyses(
    session: Session,
    workspace_id: UUID,
    results: Sequence[tuple[Response, Result]],
    *,
    now: datetime,
) -> None:
    known = {
        row.response_id: row
        for row in session.scalars(
            scoped(Analysis, workspace_id).where(
                Analysis.response_id.in_([response.id for response, _ in results])
            )
        )
    }
    for response, result in results:
        row = known.get(response.id)
        if row is None:
            row = Analysis(workspace_id=workspace_id, response_id=response.id)
            session.add(row)
        found = result.found
        row.state, row.text_digest = "done", result.job.digest
        row.language = found.language if found else None
        row.content = found.content if found else None
        row.sentiment = found.sentiment if found else None
        row.sentiment_score = found.sentiment_score if found else None
        row.redacted = found.redacted if found else None
        row.likeness = found.likeness if found else None
        row.answered_at, row.analysed_at = response.answered_at, now
        row.encoder, row.model_version = result.encoder, result.model_version
    session.flush()


def _store_assignments(
    session: Session,
    workspace_id: UUID,
    results: Sequence[tuple[Response, Result]],
    *,
    now: datetime,
) -> None:
    """Replace what the model said before; what a person said stays."""
    ids = [response.id for response, _ in results]
    themes = read_once(session, ("themes", workspace_id), lambda: theme_ids(session, workspace_id))
    settled = _settled(session, workspace_id, results)
    present: dict[UUID, dict[UUID, Assignment]] = defaultdict(dict)
    for row in session.scalars(
        scoped(Assignment, workspace_id).where(Assignment.response_id.in_(ids))
    ):
        present[row.response_id][row.theme_id] = row
    gone: list[Assignment] = []
    for response, result in results:
        labelled, rows = settled.get(response.id, set()), present[response.id]
        found = {
            themes[theme.key]: theme
            for theme in (result.found.themes if result.found else ())
            if theme.key in themes and themes[theme.key] not in labelled
        }
        gone += _no_longer(rows, result, kept=found.keys() | labelled, in_use=set(themes.values()))
        for theme_id, theme in found.items():
            row = rows.get(theme_id) or Assignment(
                workspace_id=workspace_id, response_id=response.id, theme_id=theme_id,
                answered_at=response.answered_at,
            )  # fmt: skip
            row.confidence, row.sentiment = theme.confidence, theme.sentiment
            row.source, row.assigned_at = theme.source, now
            row.evidence_start, row.evidence_end = theme.start, theme.end
            row.encoder, row.model_version = result.encoder, result.model_version
            session.add(row)
    uncount_many(session, workspace_id, gone)
    for row in gone:
        session.delete(row)
    session.flush()


def _settled(
    session: Session, workspace_id: UUID, results: Sequence[tuple[Response, Result]]
) -> dict[UUID, set[UUID]]:
    """Response → themes of which a person has spoken, whether it has them or not."""
    ids = [response.id for response, _ in results]
    settled: dict[UUID, set[UUID]] = defaultdict(set)
    for response_id, theme_id in session.execute(
        select(Label.response_id, Label.theme_id).where(
            Label.workspace_id == workspace_id, Label.response_id.in_(ids)
        )
    ):
        settled[response_id].add(theme_id)
    reviewed = set(
        session.scalars(
            select(Review.response_id).where(
                Review.workspace_id == workspace_id, Review.response_id.in_(ids)
            )
        )
    )
    for response, result in results:
        if response.id in reviewed:
            edited = result.job.known_digest not in {None, result.job.digest}
            settled[response.id] |= settled_themes(session, response, edited=edited)
    return settled


def _no_longer(
    rows: Mapping[UUID, Assignment], result: Result, *, kept: Set[UUID], in_use: Set[UUID]
) -> Iterator[Assignment]:
    """Assignments by a model that it would not make now."""
    same_words = result.job.known_digest == result.job.digest
    for theme_id, row in rows.items():
        if theme_id in kept or row.source == "person":
            continue
        if theme_id not in in_use and same_words:
            continue  # the past of an archived theme comes back with it
        yield row
