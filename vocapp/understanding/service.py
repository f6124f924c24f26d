"""Use cases: analyse verbatims, keep theme cells exact, take a person's correction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nlp.taxonomy import Taxonomy, starter_pack
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import (
    insert_if_absent,
    scoped,
    snapshot,
    transaction,
    utcnow,
    uuid7,
)
from vocapp.problems import BadInput, NotFound
from vocapp.understanding.analysers import (
    STATIC,
    Taught,
    analyser_for,
    is_trained,
    preferred_encoder,
    taught_now,
)
from vocapp.understanding.doubts import (
    forget_doubts,
    model_said,
)
from vocapp.understanding.learning.asking import (
    PREPARE,
    ask_to_prepare,
    see_to_learning,
)
from vocapp.understanding.learning.forgetting import forget_lessons_of
from vocapp.understanding.learning.lessons import NOTHING
from vocapp.understanding.models import (
    LABEL_VERDICTS,
    Analysis,
    Assignment,
    Label,
    Theme,
)
from vocapp.understanding.storing import (
    Job,
    Result,
    digest_of_text,
    replace_findings,
    store,
    theme_ids,
    verbatims,
)
from vocapp.understanding.theme_cells import (
    recount_themes,
    uncount,
    uncount_comments,
)
from vocapp.workspaces.models import Workspace

if TYPE_CHECKING:
    pass

# Above this many waiting comments the quick encoder goes first, and the better one refines:
# about a second of it, so that the next comment does not wait long for a batch to end.
FLOOD = 32
# That a comment waits for a model to be there, unless it is told sooner (`learning.prepare`).
_FOR_PREPARING = timedelta(minutes=2)
# After which a worker makes the model itself: files that another machine made may not be here.
_PATIENCE = timedelta(minutes=10)


def ensure_themes(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Give a workspace without themes the starter pack."""
    if session.scalar(select(Theme.id).where(Theme.workspace_id == workspace_id).limit(1)):
        return
    add_pack(session, workspace_id, starter_pack(), now=now)


def add_pack(session: Session, workspace_id: UUID, pack: Taxonomy, *, now: datetime) -> list[str]:
    """Add the themes of a starter pack whose keys are free; their keys. Nothing is changed."""
    return [
        theme.key
        for theme in pack.themes
        if insert_if_absent(
            session,
            Theme,
            workspace_id=workspace_id,
            id=uuid7(),
            key=theme.key,
            label=dict(theme.label),
            description=dict(theme.description),
            keywords={language: list(words) for language, words in theme.keywords.items()},
            pack=pack.name,
            created_at=now,
        )
    ]


def make_sure_of_themes(workspace_id: UUID, *, now: datetime) -> None:
    """The same in a transaction of its own, where there is need of one."""
    with snapshot() as session:
        if session.scalar(select(Theme.id).where(Theme.workspace_id == workspace_id).limit(1)):
            return
    with transaction() as session:
        ensure_themes(session, workspace_id, now=now)


# --- the pipeline -----------------------------------------------------------------------


_Outcomes = dict[UUID, "Result | outbox.NotYet"]
_WithoutModel = Literal["make_do", "wait", "learn"]


def analyse(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: what these responses say, by the encoder that the backlog allows."""
    encoder = preferred_encoder()
    if encoder != STATIC and outbox.more_are_due("analyse", FLOOD, now=utcnow()):
        encoder = STATIC
    return _work(rows, encoder=encoder, without_model="make_do")


def refine(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: the same once more with the better encoder, after a flood."""
    now = utcnow()
    patient = all(now - row.created_at < _PATIENCE for row in rows)
    without_model: _WithoutModel = "wait" if patient else "learn"
    return _work(rows, encoder=preferred_encoder(), without_model=without_model)


def _work(
    rows: Sequence[outbox.Pending], *, encoder: str, without_model: _WithoutModel
) -> list[outbox.Outcome]:
    jobs = _read_jobs(rows)
    by_workspace: dict[UUID, list[Job]] = defaultdict(list)
    for job in jobs.values():
        by_workspace[job.workspace_id].append(job)
    results: _Outcomes = {}
    for workspace_id, mine in by_workspace.items():
        results |= _analyse_workspace(
            workspace_id, mine, encoder=encoder, without_model=without_model
        )
    return [_outcome(results.get(row.subject_id)) for row in rows]


def _outcome(result: Result | outbox.NotYet | None) -> outbox.Outcome:
    if isinstance(result, Result):
        return outbox.Together(store, result)
    return result or _gone


def _gone(_session: Session) -> None:
    """The response was erased meanwhile: there is nothing to store."""


def _read_jobs(rows: Sequence[outbox.Pending]) -> dict[UUID, Job]:
    by_workspace: dict[UUID, list[UUID]] = defaultdict(list)
    for row in rows:
        by_workspace[row.workspace_id].append(row.subject_id)
    jobs: dict[UUID, Job] = {}
    with snapshot() as session:
        for workspace_id, ids in by_workspace.items():
            jobs |= {job.response_id: job for job in _jobs_of(session, workspace_id, ids)}
    return jobs


def _jobs_of(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[Job]:
    texts = verbatims(session, workspace_id, ids)
    known = {
        row.response_id: row
        for row in session.scalars(
            scoped(Analysis, workspace_id).where(Analysis.response_id.in_(ids))
        )
    }
    return [
        _job(response, texts.get(response.id), known.get(response.id))
        for response in session.scalars(scoped(Response, workspace_id).where(Response.id.in_(ids)))
    ]


def _job(response: Response, text: str | None, known: Analysis | None) -> Job:
    return Job(
        workspace_id=response.workspace_id,
        response_id=response.id,
        text=text,
        locale=response.locale,
        digest=digest_of_text(text),
        known_encoder=known.encoder if known else None,
        known_version=known.model_version if known else None,
        known_digest=known.text_digest if known else None,
    )


def _analyse_workspace(
    workspace_id: UUID, jobs: Sequence[Job], *, encoder: str, without_model: _WithoutModel
) -> _Outcomes:
    """without_model: a fresh comment makes do with what is there, the quick encoder or the themes
    alone, and is refined later. Refining waits for the model, which is learnt elsewhere: that
    takes minutes, in which this worker reads fresh comments.

    In a demo workspace the quick encoder has the last word: thousands of invented comments
    are not worth minutes of a machine that somebody is just getting to know.
    """
    make_sure_of_themes(workspace_id, now=utcnow())
    with snapshot() as session:
        taught = taught_now(session, workspace_id)
        is_demo = bool(
            session.scalar(select(Workspace.is_demo).where(Workspace.id == workspace_id))
        )
    if is_demo:
        encoder = STATIC
    with_text = [job for job in jobs if job.text]
    results: _Outcomes = {
        job.response_id: Result(job, None, None, None) for job in jobs if not job.text
    }
    if not with_text:
        return results
    taxonomy, teaching = taught.taxonomy, taught.teaching
    is_there = is_trained(taxonomy, encoder=encoder, teaching=teaching)
    if not is_there and without_model == "wait":
        _have_prepared(workspace_id)
        later = outbox.NotYet(utcnow() + _FOR_PREPARING)
        return results | {job.response_id: later for job in with_text}
    if not is_there and without_model == "make_do":
        encoder = STATIC
        if teaching != NOTHING and not is_trained(taxonomy, encoder=encoder, teaching=teaching):
            _have_prepared(workspace_id)
            teaching = NOTHING
    analyser = analyser_for(taxonomy, encoder=encoder, teaching=teaching)
    fresh = [job for job in with_text if not _is_done(job, analyser.model_version)]
    found = analyser.analyse([job.text or "" for job in fresh], hints=[job.locale for job in fresh])
    by_id = {job.response_id: result for job, result in zip(fresh, found, strict=True)}
    refine_after = None
    if encoder == STATIC and teaching != taught.teaching:
        refine_after = _FOR_PREPARING
    elif encoder == STATIC and not is_demo and preferred_encoder() != STATIC:
        refine_after = timedelta(0)
    for job in with_text:
        mine = by_id.get(job.response_id)
        results[job.response_id] = Result(
            job, mine, encoder, analyser.model_version, refine_after if mine else None
        )
    return results


def _have_prepared(workspace_id: UUID) -> None:
    """Have the files of a workspace's models made, where this worker found none."""
    with transaction() as session:
        ask_to_prepare(session, workspace_id, now=utcnow())
    outbox.ring(PREPARE)


def _is_done(job: Job, model_version: str) -> bool:
    """The same words were already judged by this version, or by the better encoder."""
    if job.known_digest != job.digest:
        return False
    return job.known_version == model_version or job.known_encoder not in {None, STATIC}


# --- judging anew -----------------------------------------------------------------------


def judged_by(
    workspace_id: UUID, response_ids: Sequence[UUID], taught: Taught, *, encoder: str
) -> list[Rejudged]:
    """What the serving version says of these comments now; nothing is stored.

    Comments that it judged already, and those that are gone, are left out.
    """
    analyser = analyser_for(taught.taxonomy, encoder=encoder, teaching=taught.teaching)
    version = analyser.model_version
    with snapshot() as session:
        jobs = [
            job
            for job in _jobs_of(session, workspace_id, response_ids)
            if job.text and (job.known_encoder, job.known_version) != (encoder, version)
        ]
    found = analyser.analyse([job.text or "" for job in jobs], hints=[job.locale for job in jobs])
    return [
        Rejudged(
            job.response_id,
            tuple(theme.key for theme in each.themes),
            Result(job, each, encoder, version),
        )
        for job, each in zip(jobs, found, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Rejudged:
    """The themes that a version finds in a comment, to be kept by `keep_judgement`."""

    response_id: UUID
    themes: tuple[str, ...]
    result: Result


def keep_judgement(session: Session, judged: Rejudged, *, now: datetime) -> bool:
    """Replace what the model said of a comment, whose row the caller holds; counts stay exact.

    What a person said stays. False where the comment was edited meanwhile: then it is judged by
    the edit's own row of work.
    """
    job = judged.result.job
    response = session.get_one(Response, (job.workspace_id, job.response_id))
    text = verbatims(session, job.workspace_id, [job.response_id]).get(job.response_id)
    if digest_of_text(text) != job.digest:
        return False
    replace_findings(session, job.workspace_id, [(response, judged.result)], now=now)
    return True


# --- a person's word --------------------------------------------------------------------


def correct_theme(
    workspace_id: UUID,
    response_id: UUID,
    theme_key: str,
    verdict: str,
    *,
    user_id: UUID | None,
    now: datetime,
) -> None:
    """Add, remove or confirm a theme on a verbatim; kept as a label to learn from.

    A person's word holds over every later version of the model. Raises NotFound,
    BadInput.
    """
    if verdict not in LABEL_VERDICTS:
        raise BadInput.of("verdict", f"one of {', '.join(LABEL_VERDICTS)}, got {verdict!r}")
    with transaction() as session:
        response, theme_id = _corrected(session, workspace_id, response_id, theme_key)
        set_label(session, response, theme_id, verdict, user_id=user_id, now=now)
        recount_themes(session, response)
        see_to_learning(session, workspace_id, now=now)


def set_label(
    session: Session,
    response: Response,
    theme_id: UUID,
    verdict: str,
    *,
    user_id: UUID | None,
    now: datetime,
) -> None:
    """A person's word about a theme on a locked response; the caller counts themes anew."""
    row = session.get(Assignment, (response.workspace_id, response.id, theme_id))
    label = session.scalar(_label(response.workspace_id, response.id, theme_id))
    if label is None:
        label = Label(
            workspace_id=response.workspace_id, id=uuid7(), response_id=response.id,
            theme_id=theme_id, **model_said(session, response, theme_id, row),
        )  # fmt: skip
    label.verdict, label.user_id, label.at = verdict, user_id, now
    session.add(label)
    if verdict != "remove":
        session.add(_by_person(session, row, response, theme_id, now=now))
    elif row is not None:
        uncount(session, row)
        session.delete(row)
    session.flush()


def withdraw_correction(
    workspace_id: UUID, response_id: UUID, theme_key: str, *, now: datetime
) -> None:
    """Undo: forget the label and let the model judge again."""
    with transaction() as session:
        response, theme_id = _corrected(session, workspace_id, response_id, theme_key)
        label = session.scalar(_label(workspace_id, response_id, theme_id))
        if label is None:
            return
        drop_label(session, label)
        judge_again(session, response, now=now)
    outbox.ring("analyse")


def drop_label(session: Session, label: Label) -> None:
    """Forget a label and what was assigned because of it."""
    key = (label.workspace_id, label.response_id, label.theme_id)
    row = session.get(Assignment, key)
    session.delete(label)
    if row is not None and row.source == "person":
        uncount(session, row)
        session.delete(row)
    session.flush()


def judge_again(session: Session, response: Response, *, now: datetime) -> None:
    """Let the model say once more what a comment is about, after labels went; ring `analyse`."""
    session.execute(
        update(Analysis)
        .where(Analysis.workspace_id == response.workspace_id, Analysis.response_id == response.id)
        .values(model_version=None, encoder=None)
    )
    recount_themes(session, response)
    see_to_learning(session, response.workspace_id, now=now)
    outbox.add(session, response.workspace_id, "analyse", response.id, now=now)


def _corrected(
    session: Session, workspace_id: UUID, response_id: UUID, theme_key: str
) -> tuple[Response, UUID]:
    response = session.scalar(
        scoped(Response, workspace_id).where(Response.id == response_id).with_for_update()
    )
    theme_id = theme_ids(session, workspace_id).get(theme_key)
    if response is None or theme_id is None:
        raise NotFound("No such response or theme.")
    return response, theme_id


def _label(workspace_id: UUID, response_id: UUID, theme_id: UUID) -> Any:
    return scoped(Label, workspace_id).where(
        Label.response_id == response_id, Label.theme_id == theme_id
    )


def _by_person(
    session: Session,
    row: Assignment | None,
    response: Response,
    theme_id: UUID,
    *,
    now: datetime,
) -> Assignment:
    """The assignment as a person's word: the whole comment is its evidence unless one was found."""
    if row is None:
        text = verbatims(session, response.workspace_id, [response.id]).get(response.id, "")
        analysis = session.get(Analysis, (response.workspace_id, response.id))
        row = Assignment(
            workspace_id=response.workspace_id,
            response_id=response.id,
            theme_id=theme_id,
            answered_at=response.answered_at,
            sentiment=(analysis.sentiment if analysis else None) or "neutral",
            evidence_start=0,
            evidence_end=len(text),
        )
    row.source, row.confidence, row.assigned_at = "person", 1.0, now
    row.encoder = row.model_version = None
    return row


# --- forgetting -------------------------------------------------------------------------


def forget_person(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """The redacted copy and the labels of a person's verbatims go; counts stay, nameless."""
    ids = session.scalars(
        select(Response.id)
        .where(Response.workspace_id == workspace_id, Response.contact_id == contact_id)
        .order_by(Response.id)
        .with_for_update()  # whoever counts these comments does so before or after
    ).all()
    analyses = session.scalars(scoped(Analysis, workspace_id).where(Analysis.response_id.in_(ids)))
    forgotten = analyses.all()
    uncount_comments(session, forgotten)
    for analysis in forgotten:
        analysis.redacted = analysis.text_digest = analysis.likeness = None
    session.flush()
    session.execute(
        delete(Label).where(Label.workspace_id == workspace_id, Label.response_id.in_(ids))
    )
    forget_lessons_of(session, workspace_id, ids)
    forget_doubts(session, workspace_id, ids)
    session.execute(
        update(Assignment)
        .where(Assignment.workspace_id == workspace_id, Assignment.response_id.in_(ids))
        .values(evidence_start=0, evidence_end=0)
    )
