"""Use cases: teach a new version what people said, compare it, let it serve; or go back.

Teaching is cut into steps, each a row of work: five folds, a look at what serves, the comparison,
the model's files, the change. A worker that dies repeats one step; the version that serves goes
on serving until the last one.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from nlp.text import normalise
from nlp.training import Lesson, merged_lessons
from vocapp import outbox
from vocapp.database import insert_absent, insert_into, scoped, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.problems import BadInput, NotFound
from vocapp.understanding.analysers import (
    STATIC,
    Taught,
    analyser_for,
    files_of,
    folder_of,
    preferred_encoder,
    taught_now,
    taught_version,
)
from vocapp.understanding.kept_vectors import encoder_named
from vocapp.understanding.learning.asking import (
    LEARN,
    PREPARE,
    REFINE,
    ask_to_learn,
    ask_to_prepare,
    see_to_learning,
)
from vocapp.understanding.learning.lessons import (
    Kept,
    Told,
    digest_of_lessons,
    kept_lessons,
    told_now,
)
from vocapp.understanding.learning.models import LearningSetting, ThemeLesson, ThemeModel
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

log = structlog.get_logger()
FEWEST, FOLDS = 10, 5  # as in nlp.comparing, which imports SciPy: only workers need that
MOST_AFTER = 1000  # corrections a workspace may set

Given = dict[UUID, list[str]]


# --- the outbox -------------------------------------------------------------------------


def learn(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: begin a new version, or take one that was begun a step further."""
    return [
        _step(row.workspace_id, row.subject_id)
        if row.subject_id != row.workspace_id
        else partial(_begin, workspace_id=row.workspace_id, user=row.detail.get("user"))
        for row in rows
    ]


def prepare(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: make the files of the serving version that are not there, remove old ones."""
    for row in rows:
        with snapshot() as session:
            taught = taught_now(session, row.workspace_id)
            encoders = encoders_of(session, row.workspace_id)
        for encoder in encoders:
            analyser_for(taught.taxonomy, encoder=encoder, teaching=taught.teaching)
        _tidy(row.workspace_id)
    return [partial(_refine_now, workspace_id=row.workspace_id) for row in rows]


def _refine_now(session: Session, *, workspace_id: UUID) -> None:
    """The models are there that comments wait for."""
    outbox.bring_forward(session, workspace_id, REFINE, now=utcnow())


def _nothing(_session: Session) -> None:
    """All was done in the work itself."""


def encoders_of(session: Session, workspace_id: UUID) -> tuple[str, ...]:
    """The encoders that judge comments of a workspace; the last has the last word."""
    is_demo = session.scalar(select(Workspace.is_demo).where(Workspace.id == workspace_id))
    return tuple(dict.fromkeys((STATIC, STATIC if is_demo else preferred_encoder())))


# --- beginning --------------------------------------------------------------------------


def ask(workspace_id: UUID, *, user_id: UUID | None, now: datetime) -> None:
    """Have the model learn now instead of tonight."""
    with transaction() as session:
        ask_to_learn(session, workspace_id, now=now, user_id=user_id)
    outbox.ring(LEARN)


def _begin(session: Session, *, workspace_id: UUID, user: str | None) -> None:
    """Keep what is to be taught as a new version; nothing where it would be the last one again."""
    now = utcnow()
    if not _is_free(session, workspace_id, now=now):
        return
    session.execute(
        delete(Pending).where(
            Pending.workspace_id == workspace_id,
            Pending.kind == LEARN,
            Pending.set_aside_at.is_not(None),
        )
    )
    told = told_now(session, workspace_id)
    if len(told) < FEWEST:
        return
    rows = [_lesson_row(each) for each in told]
    digest = digest_of_lessons(rows)
    encoder = encoders_of(session, workspace_id)[-1]
    taught = taught_now(session, workspace_id)
    taxonomy_digest = taught.taxonomy.digest
    last = session.scalars(
        scoped(ThemeModel, workspace_id).order_by(ThemeModel.number.desc()).limit(1)
    ).first()
    same = (digest, encoder, taxonomy_digest)
    if (
        last
        and last.reason != "broken"
        and same == (last.lessons_digest, last.encoder, last.taxonomy_digest)
    ):
        return
    model = ThemeModel(
        workspace_id=workspace_id, id=uuid7(), number=(last.number if last else 0) + 1,
        state="challenger", encoder=encoder, taxonomy_digest=taxonomy_digest,
        lessons_digest=digest, comments=len(told),
        corrections=sum(len(each.lesson.said) for each in told),
        rival_id=taught.teaching.model_id, plan=_plan(session, taught, encoder), step=0,
        asked_at=now, asked_by=UUID(user) if user else None,
    )  # fmt: skip
    session.add(model)
    session.flush()
    insert_absent(
        session, ThemeLesson,
        [
            row | {
                "workspace_id": workspace_id, "model_id": model.id, "foretold": None,
                "served": None,
            }
            for row in rows
        ],
    )  # fmt: skip
    _go_on(session, model, now=now)


def _is_free(session: Session, workspace_id: UUID, *, now: datetime) -> bool:
    """Whether no version is being taught; one whose work was set aside is given up."""
    challenger = session.scalar(
        scoped(ThemeModel, workspace_id).where(ThemeModel.state == "challenger").with_for_update()
    )
    if challenger is None:
        return True
    alive = session.scalar(
        select(Pending.id)
        .where(
            Pending.workspace_id == workspace_id,
            Pending.kind == LEARN,
            Pending.subject_id == challenger.id,
            Pending.set_aside_at.is_(None),
        )
        .limit(1)
    )
    if alive is None:
        _reject(challenger, "broken", now=now)
        session.flush()
    return alive is None


def _lesson_row(told: Told) -> dict[str, Any]:
    lesson = told.lesson
    return {
        "response_id": told.response_id, "said": dict(lesson.said),
        "stands": list(lesson.stands), "complete": lesson.complete,
        "text_digest": told.text_digest,
    }  # fmt: skip


def _plan(session: Session, taught: Taught, encoder: str) -> list[str]:
    """The steps. What serves is asked as it is about comments that it was not taught; about the
    others there is what was foretold of them, unless themes or encoder have changed since."""
    folds = [f"teach:{fold}" for fold in range(FOLDS)]
    asked = ["ask"]
    if taught.teaching.model_id is not None:
        rival = session.get_one(
            ThemeModel, (taught.teaching.workspace_id, taught.teaching.model_id)
        )
        if (rival.taxonomy_digest, rival.encoder) != (taught.taxonomy.digest, encoder):
            asked = [f"ask:{fold}" for fold in range(FOLDS)]
    return [*folds, *asked, "compare"]


# --- step by step -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a step needs, read before it starts."""

    model: ThemeModel
    taught: Taught
    lessons: list[Kept]
    rival: list[Kept]
    encoders: tuple[str, ...]


def _step(workspace_id: UUID, model_id: UUID) -> outbox.Outcome:
    """Do the next step of a version without a transaction; give how to keep its result."""
    with snapshot() as session:
        model = session.get(ThemeModel, (workspace_id, model_id))
        if model is None or model.state != "challenger":
            return _nothing
        rival = kept_lessons(session, workspace_id, model.rival_id) if model.rival_id else []
        desk = _Desk(
            model,
            taught_now(session, workspace_id),
            kept_lessons(session, workspace_id, model_id),
            rival,
            encoders_of(session, workspace_id),
        )
    is_stale = desk.taught.taxonomy.digest != model.taxonomy_digest
    keep = _begin_anew if is_stale else _work_of(desk)
    return partial(_keep, workspace_id=workspace_id, model_id=model_id, step=model.step, keep=keep)


def _work_of(desk: _Desk) -> Callable[[Session, ThemeModel], None]:
    name, _colon, which = desk.model.plan[desk.model.step].partition(":")
    if name == "teach":
        given = _foretell(desk, [each.lesson for each in desk.lessons], fold=int(which))
        return partial(_keep_given, column="foretold", given=given)
    if name == "ask" and which:
        given = _foretell(desk, [each.lesson for each in desk.rival], fold=int(which))
        return partial(_keep_given, column="served", given=given)
    if name == "ask":
        return partial(_keep_given, column="served", given=_ask_what_serves(desk))
    if name == "compare":
        return _compared(desk)
    if name == "prepare":
        teaching = taught_version(desk.model)
        analyser_for(desk.taught.taxonomy, encoder=which, teaching=teaching)
        return _as_planned
    return _promote


def _as_planned(_session: Session, _model: ThemeModel) -> None:
    """The files are there; nothing changes but the step."""


def _foretell(desk: _Desk, lessons: Sequence[Lesson], *, fold: int) -> Given:
    """What a model that was taught the other folds gives to the comments of this one."""
    from nlp.analysis import train_analyser
    from nlp.comparing import fold_of

    asked = [each for each in desk.lessons if fold_of(each.lesson.text) == fold]
    if not asked:
        return {}
    others = [lesson for lesson in lessons if fold_of(lesson.text) != fold]
    analyser = train_analyser(
        desk.taught.taxonomy, lessons=others, encoder=encoder_named(desk.model.encoder)
    )
    return _themes_given(analyser, asked)


def _ask_what_serves(desk: _Desk) -> Given:
    """What the serving version gives to comments it has not seen; of the others, what was
    foretold when it was taught."""
    analyser = analyser_for(
        desk.taught.taxonomy, encoder=desk.model.encoder, teaching=desk.taught.teaching
    )
    foretold = {
        normalise(each.lesson.text).text: list(each.foretold)
        for each in desk.rival
        if each.foretold is not None
    }
    unseen = [each for each in desk.lessons if normalise(each.lesson.text).text not in foretold]
    given = _themes_given(analyser, unseen)
    return given | {
        each.response_id: foretold[normalise(each.lesson.text).text]
        for each in desk.lessons
        if each.response_id not in given
    }


def _themes_given(analyser: Any, asked: Sequence[Kept]) -> Given:
    """The themes an analyser finds in the comments of these lessons."""
    found = analyser.analyse(
        [each.lesson.text for each in asked], hints=[each.lesson.language for each in asked]
    )
    return {
        each.response_id: [theme.key for theme in result.themes]
        for each, result in zip(asked, found, strict=True)
    }


def _compared(desk: _Desk) -> Callable[[Session, ThemeModel], None]:
    from nlp.comparing import as_json, compare

    merged = merged_lessons([each.lesson for each in desk.lessons])
    by_words = {normalise(each.lesson.text).text: each for each in desk.lessons}
    rows = [
        (lesson, by_words[words].served or (), by_words[words].foretold or ())
        for words, lesson in merged.items()
    ]
    found = compare(
        [lesson for lesson, _, _ in rows],
        [served for _, served, _ in rows],
        [foretold for _, _, foretold in rows],
        themes=desk.taught.taxonomy.keys,
    )
    return partial(_decide, report=as_json(found), reason=found.reason, encoders=desk.encoders)


def _keep(
    session: Session,
    *,
    workspace_id: UUID,
    model_id: UUID,
    step: int,
    keep: Callable[[Session, ThemeModel], None],
) -> None:
    """Keep the result of a step, unless another worker was quicker, and go on."""
    model = session.scalar(
        scoped(ThemeModel, workspace_id).where(ThemeModel.id == model_id).with_for_update()
    )
    if model is None or model.state != "challenger" or model.step != step:
        return
    model.step += 1
    keep(session, model)
    if model.state == "challenger":
        _go_on(session, model, now=utcnow())


def _go_on(session: Session, model: ThemeModel, *, now: datetime) -> None:
    outbox.add(
        session, model.workspace_id, LEARN, model.id, now=now, priority=outbox.BACKLOG,
        detail={"step": model.step},
    )  # fmt: skip


def _keep_given(session: Session, model: ThemeModel, *, column: str, given: Given) -> None:
    for response_id, keys in given.items():
        session.execute(
            update(ThemeLesson)
            .where(
                ThemeLesson.workspace_id == model.workspace_id,
                ThemeLesson.model_id == model.id,
                ThemeLesson.response_id == response_id,
            )
            .values({column: keys})
        )


def _begin_anew(session: Session, model: ThemeModel) -> None:
    """The themes changed meanwhile: what was learnt so far is about others."""
    now = utcnow()
    _reject(model, "themes_changed", now=now)
    _forget_lessons(session, model)
    session.flush()
    ask_to_learn(session, model.workspace_id, now=now, user_id=model.asked_by)


def _decide(
    session: Session,
    model: ThemeModel,
    *,
    report: dict[str, Any],
    reason: str,
    encoders: Sequence[str],
) -> None:
    model.report, model.reason = report, reason
    if reason == "better":
        model.plan = [*model.plan, *(f"prepare:{encoder}" for encoder in encoders), "promote"]
        return
    _reject(model, reason, now=utcnow())
    _forget_lessons(session, model)


def _reject(model: ThemeModel, reason: str, *, now: datetime) -> None:
    model.state, model.reason, model.decided_at = "rejected", reason, now


def _forget_lessons(session: Session, model: ThemeModel) -> None:
    """A version that will never serve is not made again: its lessons stand in the labels."""
    session.execute(
        delete(ThemeLesson).where(
            ThemeLesson.workspace_id == model.workspace_id, ThemeLesson.model_id == model.id
        )
    )


# --- serving ----------------------------------------------------------------------------


def _promote(session: Session, model: ThemeModel) -> None:
    now = utcnow()
    model.decided_at = now
    _let_serve(session, model.workspace_id, model, now=now)
    audit(
        session, model.workspace_id, "theme_model.promoted", subject=model, now=now,
        actor_user_id=model.asked_by, detail={"number": model.number},
    )  # fmt: skip


def _let_serve(
    session: Session, workspace_id: UUID, model: ThemeModel | None, *, now: datetime
) -> None:
    """model: None for what the themes alone teach."""
    session.execute(
        update(ThemeModel)
        .where(ThemeModel.workspace_id == workspace_id, ThemeModel.state == "champion")
        .values(state="retired", retired_at=now)
    )
    if model is not None:
        model.state, model.promoted_at, model.retired_at = "champion", now, None
    session.flush()


def serve_version(workspace_id: UUID, number: int, *, user_id: UUID | None, now: datetime) -> int:
    """Let a former version serve again, 0 for what the themes alone teach; gives the number of
    the one that served. Comments that come from now on are judged by it.

    Raises NotFound where there is no such version, BadInput where it never served.
    """
    with transaction() as session:
        serving = session.scalar(
            scoped(ThemeModel, workspace_id).where(ThemeModel.state == "champion").with_for_update()
        )
        before = serving.number if serving else 0
        model = None
        if number:
            model = session.scalar(
                scoped(ThemeModel, workspace_id)
                .where(ThemeModel.number == number)
                .with_for_update()
            )
            if model is None:
                raise NotFound(f"There is no version {number}.")
            if model.state not in {"champion", "retired"}:
                raise BadInput.of("number", f"a version that served, got {number}")
        if number == before:
            return before
        _let_serve(session, workspace_id, model, now=now)
        audit(
            session, workspace_id, "theme_model.rolled_back", subject=model, now=now,
            actor_user_id=user_id, detail={"number": number, "instead_of": before},
        )  # fmt: skip
        ask_to_prepare(session, workspace_id, now=now)
    outbox.ring(PREPARE)
    return before


def set_when_to_learn(
    workspace_id: UUID, *, nightly: bool, after: int | None, user_id: UUID | None, now: datetime
) -> None:
    """Raises BadInput on a number of corrections that is none."""
    if after is not None and not 1 <= after <= MOST_AFTER:
        raise BadInput.of("after", f"a number from 1 to {MOST_AFTER}, got {after}")
    with transaction() as session:
        session.execute(
            insert_into(session, LearningSetting)
            .values(workspace_id=workspace_id, nightly=nightly, after=after)
            .on_conflict_do_update(
                index_elements=["workspace_id"], set_={"nightly": nightly, "after": after}
            )
        )
        audit(
            session, workspace_id, "theme_model.setting_changed", now=now, actor_user_id=user_id,
            detail={"nightly": nightly, "after": after},
        )  # fmt: skip
        see_to_learning(session, workspace_id, now=now)


# --- files ------------------------------------------------------------------------------


def _tidy(workspace_id: UUID) -> None:
    """Remove files of models that no version leads to any more."""
    folder = folder_of(workspace_id)
    if not folder.exists():
        return
    with snapshot() as session:
        wanted = files_of(session, workspace_id)
    for path in folder.iterdir():
        if path.name not in wanted and not path.name.startswith("."):
            shutil.rmtree(path, ignore_errors=True)
            log.info("model.removed", path=path.name)
