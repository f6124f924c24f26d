"""Use cases: judge the past by the version that serves; look first, stop, and take it back.

A batch of rows of work with a cursor: a step judges some comments without a transaction and keeps
them in one, so that a worker that dies repeats a step. Fresh comments go first: while one waits,
no step is done. What stood on a comment that came out differently is kept for undo. A person's
word is never touched, and cases only as `following_up` allows: none that a person touched and
none older than a week is moved.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.authoring.models import Survey
from vocapp.collecting.models import Response
from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.outbox import Pending
from vocapp.problems import Conflict, NotFound
from vocapp.understanding.analysers import Taught, taught_now, version_now
from vocapp.understanding.doubts import settled_themes
from vocapp.understanding.drivers.service import see_to_drivers
from vocapp.understanding.learning.asking import RETHEME
from vocapp.understanding.learning.lessons import themes_by_model
from vocapp.understanding.learning.models import ReplacedThemes, Retheming
from vocapp.understanding.learning.service import encoders_of
from vocapp.understanding.models import Analysis, Assignment, Label, Review, Theme
from vocapp.understanding.service import Rejudged, judged_by, keep_judgement
from vocapp.understanding.theme_cells import recount_themes, uncount
from vocapp.workspaces.service import audit

SAMPLE = 500  # newest comments that a look judges
EXAMPLES = 3  # comments shown for each theme and direction
KEPT_FOR = timedelta(days=30)
_STEP = 50  # comments kept in one transaction; it holds SQLite's writer so long
_GIVE_WAY = timedelta(seconds=1)

Keep = Callable[[Session, Retheming], None]


# --- what people ask for ----------------------------------------------------------------


def look(workspace_id: UUID, *, user_id: UUID | None, now: datetime) -> UUID:
    """Have it shown what judging the past anew would change. Raises Conflict while another one
    is under way."""
    with transaction() as session:
        taught = taught_now(session, workspace_id)
        encoder = encoders_of(session, workspace_id)[-1]
        row = Retheming(
            workspace_id=workspace_id, id=uuid7(), state="looking",
            model_id=taught.teaching.model_id, encoder=encoder,
            model_version=version_now(taught, encoder=encoder), asked_at=now, asked_by=user_id,
            total=0, done=0, changed=0,
        )  # fmt: skip
        try:
            with session.begin_nested():
                session.add(row)
        except IntegrityError as exc:
            raise Conflict("The past is being judged anew already.") from exc
        _add_work(session, row, now=now)
    outbox.ring(RETHEME)
    return row.id


def start(workspace_id: UUID, retheming_id: UUID, *, user_id: UUID | None, now: datetime) -> None:
    """Judge the past anew after a look, or go on where it was stopped or failed for good.

    What earlier ones replaced is forgotten. Raises NotFound, Conflict.
    """
    with transaction() as session:
        row = _held(session, workspace_id, retheming_id)
        if row.state in {"looked", "stopped"}:
            _move(session, row, "running")
            row.keep_until = None
            if row.started_at is None:
                row.started_at = now
                _forget_replaced_before(session, row)
                audit(
                    session, workspace_id, "theme_model.rethemed", subject=row, now=now,
                    actor_user_id=user_id, detail={"comments": row.total},
                )  # fmt: skip
        elif row.state not in {"looking", "running", "undoing"} or _is_alive(session, row):
            raise Conflict("There is nothing to go on with.")
        _add_work(session, row, now=now)
    outbox.ring(RETHEME)


def stop(workspace_id: UUID, retheming_id: UUID, *, now: datetime) -> None:
    """Stop where it is, or give up a look; what was judged so far stays, and can be taken back.

    Raises NotFound.
    """
    with transaction() as session:
        row = _held(session, workspace_id, retheming_id)
        if row.state == "running":
            _end(session, row, "stopped", now=now)
        elif row.state in {"looking", "looked"}:
            session.delete(row)


def undo(workspace_id: UUID, retheming_id: UUID, *, user_id: UUID | None, now: datetime) -> None:
    """Put back what was replaced. Raises NotFound; Conflict where it is not kept any more."""
    with transaction() as session:
        row = _held(session, workspace_id, retheming_id)
        if row.state == "running":
            _end(session, row, "stopped", now=now)
        if row.state not in {"done", "stopped"} or row.keep_until is None:
            raise Conflict("What was replaced is not kept any more.")
        _move(session, row, "undoing")
        audit(
            session, workspace_id, "theme_model.retheming_undone", subject=row, now=now,
            actor_user_id=user_id, detail={"comments": row.changed},
        )  # fmt: skip
        _add_work(session, row, now=now)
    outbox.ring(RETHEME)


def _held(session: Session, workspace_id: UUID, retheming_id: UUID) -> Retheming:
    row = session.scalar(
        scoped(Retheming, workspace_id).where(Retheming.id == retheming_id).with_for_update()
    )
    if row is None:
        raise NotFound("There is no such judging anew.")
    return row


def _move(session: Session, row: Retheming, state: str) -> None:
    """To a state that only one may be in. Raises Conflict."""
    try:
        with session.begin_nested():
            row.state = state
            session.flush()
    except IntegrityError as exc:
        raise Conflict("The past is being judged anew already.") from exc


def _end(session: Session, row: Retheming, state: str, *, now: datetime) -> None:
    row.state, row.finished_at, row.keep_until = state, now, now + KEPT_FOR
    outbox.add(
        session, row.workspace_id, RETHEME, row.id, now=now, due_at=row.keep_until,
        detail={"forget": True}, priority=outbox.BACKLOG,
    )  # fmt: skip


def _add_work(
    session: Session, row: Retheming, *, now: datetime, after: timedelta = timedelta(0)
) -> None:
    outbox.add(
        session, row.workspace_id, RETHEME, row.id, now=now, priority=outbox.BACKLOG,
        due_at=now + after,
    )  # fmt: skip


def _is_alive(session: Session, row: Retheming) -> bool:
    """Whether work waits for it that has not failed for good."""
    waiting = session.scalars(
        scoped(Pending, row.workspace_id).where(
            Pending.kind == RETHEME, Pending.subject_id == row.id, Pending.set_aside_at.is_(None)
        )
    )
    return any("forget" not in each.detail for each in waiting)


def _forget_replaced_before(session: Session, row: Retheming) -> None:
    session.execute(
        delete(ReplacedThemes).where(
            ReplacedThemes.workspace_id == row.workspace_id, ReplacedThemes.retheming_id != row.id
        )
    )
    session.execute(
        update(Retheming)
        .where(Retheming.workspace_id == row.workspace_id, Retheming.id != row.id)
        .values(keep_until=None)
    )


# --- the outbox -------------------------------------------------------------------------


def retheme(rows: Sequence[outbox.Pending]) -> list[outbox.Outcome]:
    """Outbox work: a step of each, whatever it is at."""
    return [_step(row) for row in rows]


def _step(pending: outbox.Pending) -> outbox.Outcome:
    workspace_id, retheming_id = pending.workspace_id, pending.subject_id
    if pending.detail.get("forget"):
        return partial(_forget, workspace_id=workspace_id, retheming_id=retheming_id)
    with snapshot() as session:
        row = session.get(Retheming, (workspace_id, retheming_id))
        if row is None or row.state not in {"looking", "running", "undoing"}:
            return _nothing
        gives_way = row.state != "looking" and _fresh_waits(session)
        taught = taught_now(session, workspace_id)
    keep: Keep = _give_way if gives_way else _work_of(row, taught)
    return partial(
        _keep, workspace_id=workspace_id, retheming_id=retheming_id, at=(row.state, row.cursor),
        keep=keep,
    )  # fmt: skip


def _nothing(_session: Session) -> None:
    """It was given up or is over."""


def _fresh_waits(session: Session) -> bool:
    """Whether a comment that just came, in any workspace, waits for its themes."""
    found = session.scalar(
        select(Pending.id)
        .where(
            Pending.kind == "analyse",
            Pending.set_aside_at.is_(None),
            Pending.priority == outbox.FRESH,
            Pending.due_at <= utcnow(),
        )
        .limit(1)
        .execution_options(voc_all_workspaces=True)
    )
    return found is not None


def _give_way(session: Session, row: Retheming) -> None:
    _add_work(session, row, now=utcnow(), after=_GIVE_WAY)


def _keep(
    session: Session,
    *,
    workspace_id: UUID,
    retheming_id: UUID,
    at: tuple[str, UUID | None],
    keep: Keep,
) -> None:
    """Keep a step, unless it was stopped meanwhile or another worker was quicker."""
    row = session.scalar(
        scoped(Retheming, workspace_id).where(Retheming.id == retheming_id).with_for_update()
    )
    if row is not None and (row.state, row.cursor) == at:
        keep(session, row)


def _work_of(row: Retheming, taught: Taught) -> Keep:
    if row.state == "undoing":
        return _put_back_some
    if version_now(taught, encoder=row.encoder) != row.model_version:
        return _stop_outdated
    if row.state == "looking":
        return _look(row, taught)
    return _judge_some(row, taught)


def _stop_outdated(session: Session, row: Retheming) -> None:
    """Themes or version changed since: the rest would be judged by another one."""
    if row.state == "looking":
        session.delete(row)
    else:
        _end(session, row, "stopped", now=utcnow())


# --- looking ----------------------------------------------------------------------------


@dataclass(slots=True)
class _Moves:
    """Of one theme: comments that would get it, and those that would lose it."""

    added: list[UUID]
    removed: list[UUID]


def _look(row: Retheming, taught: Taught) -> Keep:
    """Judge the newest comments of surveys that may be shown, and compare."""
    with snapshot() as session:
        total = session.scalar(
            select(func.count()).where(
                Analysis.workspace_id == row.workspace_id, Analysis.text_digest.is_not(None)
            )
        )
        ids = session.scalars(
            select(Analysis.response_id)
            .join(
                Response,
                (Response.workspace_id == Analysis.workspace_id)
                & (Response.id == Analysis.response_id),
            )
            .join(
                Survey,
                (Survey.workspace_id == Response.workspace_id) & (Survey.id == Response.survey_id),
            )
            .where(
                Analysis.workspace_id == row.workspace_id,
                Analysis.text_digest.is_not(None),
                Survey.confidential.is_(False),
            )
            .order_by(Response.answered_at.desc(), Response.id.desc())
            .limit(SAMPLE)
        ).all()
        before = themes_by_model(session, row.workspace_id, ids)
        labelled = _labelled(session, row.workspace_id, ids)
    moves: dict[str, _Moves] = defaultdict(lambda: _Moves([], []))
    changed = 0
    for each in judged_by(row.workspace_id, ids, taught, encoder=row.encoder):
        said = labelled.get(each.response_id, frozenset())
        old = before.get(each.response_id, frozenset())
        new = frozenset(each.themes) - said
        changed += old != new
        for key in new - old:
            moves[key].added.append(each.response_id)
        for key in old - new:
            moves[key].removed.append(each.response_id)
    preview = {"sampled": len(ids), "changed": changed, "themes": _as_json(moves)}
    return partial(_keep_look, preview=preview, total=total or 0)


def _as_json(moves: Mapping[str, _Moves]) -> dict[str, Any]:
    return {
        key: {
            "added": len(each.added), "removed": len(each.removed),
            "gained_by": [str(id_) for id_ in each.added[:EXAMPLES]],
            "lost_by": [str(id_) for id_ in each.removed[:EXAMPLES]],
        }
        for key, each in moves.items()
    }  # fmt: skip


def _keep_look(session: Session, row: Retheming, *, preview: dict[str, Any], total: int) -> None:
    del session
    row.preview, row.total, row.state = preview, total, "looked"


def _labelled(
    session: Session, workspace_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, frozenset[str]]:
    """Keys of the themes of which a person spoke, by comment; all that there were where somebody
    went through the whole comment."""
    rows = session.execute(
        select(Label.response_id, Theme.key)
        .join(Theme, (Theme.workspace_id == Label.workspace_id) & (Theme.id == Label.theme_id))
        .where(Label.workspace_id == workspace_id, Label.response_id.in_(ids))
    )
    gone_through = session.execute(
        select(Review.response_id, Theme.key)
        .join(Theme, Theme.workspace_id == Review.workspace_id)
        .where(
            Review.workspace_id == workspace_id,
            Review.response_id.in_(ids),
            Theme.created_at <= Review.at,
        )
    )
    return _grouped([*rows, *gone_through])


def _grouped(rows: Any) -> dict[UUID, frozenset[str]]:
    found: dict[UUID, set[str]] = defaultdict(set)
    for response_id, key in rows:
        found[response_id].add(key)
    return {response_id: frozenset(keys) for response_id, keys in found.items()}


# --- judging ----------------------------------------------------------------------------


def _judge_some(row: Retheming, taught: Taught) -> Keep:
    """The next comments in the order of their ids."""
    with snapshot() as session:
        query = select(Analysis.response_id).where(
            Analysis.workspace_id == row.workspace_id, Analysis.text_digest.is_not(None)
        )
        if row.cursor is not None:
            query = query.where(Analysis.response_id > row.cursor)
        ids = session.scalars(query.order_by(Analysis.response_id).limit(_STEP)).all()
    judged = judged_by(row.workspace_id, ids, taught, encoder=row.encoder) if ids else []
    return partial(_keep_some, ids=ids, judged=judged)


def _keep_some(
    session: Session, row: Retheming, *, ids: Sequence[UUID], judged: Sequence[Rejudged]
) -> None:
    now = utcnow()
    by_id = {each.response_id: each for each in judged}
    for response in _hold(session, row.workspace_id, list(by_id)):
        before = _written(session, response)
        analysis = session.get_one(Analysis, (row.workspace_id, response.id))
        was = {
            "model_version": analysis.model_version, "encoder": analysis.encoder,
            "text_digest": analysis.text_digest,
        }  # fmt: skip
        if keep_judgement(session, by_id[response.id], now=now) and _differ(
            before, _written(session, response)
        ):
            row.changed += 1
            session.add(
                ReplacedThemes(
                    workspace_id=row.workspace_id, retheming_id=row.id, response_id=response.id,
                    assignments=before, analysis=was,
                )
            )  # fmt: skip
            _tell(session, response, now=now)
    if not ids:
        row.done = row.total
        _end(session, row, "done", now=now)
        return
    row.cursor = ids[-1]
    row.done += len(ids)
    row.total = max(row.total, row.done)
    _add_work(session, row, now=now)


def _hold(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[Response]:
    """Lock responses in one order for all, as everybody does who counts their themes."""
    return list(
        session.scalars(
            scoped(Response, workspace_id)
            .where(Response.id.in_(ids))
            .order_by(Response.id)
            .with_for_update()
        )
    )


_COLUMNS = (
    "confidence", "sentiment", "source", "evidence_start", "evidence_end", "encoder",
    "model_version",
)  # fmt: skip


def _written(session: Session, response: Response) -> list[dict[str, Any]]:
    """What stands on a comment by no person, as it is kept for undo."""
    rows = session.scalars(
        scoped(Assignment, response.workspace_id)
        .where(Assignment.response_id == response.id, Assignment.source != "person")
        .order_by(Assignment.theme_id)
    )
    return [
        {"theme_id": str(row.theme_id), "assigned_at": row.assigned_at.isoformat()}
        | {name: getattr(row, name) for name in _COLUMNS}
        for row in rows
    ]


def _differ(before: Sequence[dict[str, Any]], after: Sequence[dict[str, Any]]) -> bool:
    """Whether what is counted differs: the themes, or how people feel about one."""
    return [(row["theme_id"], row["sentiment"]) for row in before] != [
        (row["theme_id"], row["sentiment"]) for row in after
    ]


def _tell(session: Session, response: Response, *, now: datetime) -> None:
    """Drivers of the survey tonight; a case only as the rules for late themes allow."""
    see_to_drivers(session, response.workspace_id, response.survey_id, now=now)
    outbox.add(
        session, response.workspace_id, "follow_up", response.id, now=now,
        detail={"stage": "themed"}, priority=outbox.BACKLOG,
    )  # fmt: skip


# --- putting back -----------------------------------------------------------------------


def _put_back_some(session: Session, row: Retheming) -> None:
    now = utcnow()
    replaced = {
        each.response_id: each
        for each in session.scalars(
            scoped(ReplacedThemes, row.workspace_id)
            .where(ReplacedThemes.retheming_id == row.id)
            .order_by(ReplacedThemes.response_id)
            .limit(_STEP)
        )
    }
    if not replaced:
        row.state, row.keep_until, row.finished_at = "undone", None, now
        return
    themes = set(
        session.scalars(
            select(Theme.id).where(
                Theme.workspace_id == row.workspace_id, Theme.archived_at.is_(None)
            )
        )
    )
    for response in _hold(session, row.workspace_id, list(replaced)):
        _put_back(session, row, response, replaced[response.id], themes)
        _tell(session, response, now=now)
    for each in replaced.values():
        session.delete(each)
    _add_work(session, row, now=now)


def _put_back(
    session: Session, row: Retheming, response: Response, kept: ReplacedThemes, themes: set[UUID]
) -> None:
    """The former themes of one comment, unless it was edited or judged again since."""
    analysis = session.get(Analysis, (response.workspace_id, response.id))
    if analysis is None or (analysis.text_digest, analysis.model_version) != (
        kept.analysis["text_digest"], row.model_version
    ):  # fmt: skip
        return
    labelled = set(
        session.scalars(
            select(Label.theme_id).where(
                Label.workspace_id == response.workspace_id, Label.response_id == response.id
            )
        )
    )
    labelled |= settled_themes(session, response, edited=False)
    former = {UUID(each["theme_id"]): each for each in kept.assignments}
    former = {id_: each for id_, each in former.items() if id_ in themes - labelled}
    present = {
        each.theme_id: each
        for each in session.scalars(
            scoped(Assignment, response.workspace_id).where(
                Assignment.response_id == response.id, Assignment.source != "person"
            )
        )
    }
    for theme_id, assignment in present.items():
        if theme_id not in former and theme_id not in labelled:
            uncount(session, assignment)
            session.delete(assignment)
    for theme_id, values in former.items():
        assignment = present.get(theme_id) or Assignment(
            workspace_id=response.workspace_id, response_id=response.id, theme_id=theme_id,
            answered_at=response.answered_at,
        )  # fmt: skip
        for name in _COLUMNS:
            setattr(assignment, name, values[name])
        assignment.assigned_at = datetime.fromisoformat(values["assigned_at"])
        session.add(assignment)
    analysis.model_version = kept.analysis["model_version"]
    analysis.encoder = kept.analysis["encoder"]
    session.flush()
    recount_themes(session, response)


def _forget(session: Session, *, workspace_id: UUID, retheming_id: UUID) -> None:
    """After thirty days it cannot be taken back any more."""
    row = session.scalar(
        scoped(Retheming, workspace_id).where(Retheming.id == retheming_id).with_for_update()
    )
    if row is None or row.keep_until is None or row.keep_until > utcnow():
        return
    session.execute(
        delete(ReplacedThemes).where(
            ReplacedThemes.workspace_id == workspace_id,
            ReplacedThemes.retheming_id == retheming_id,
        )
    )
    row.keep_until = None
