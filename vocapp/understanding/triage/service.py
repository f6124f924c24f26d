"""Use cases: begin a round, say all themes of a comment at once, skip it, take the last back."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import insert_into, scoped, snapshot, transaction
from vocapp.problems import BadInput, NotFound
from vocapp.understanding.learning.asking import see_to_learning
from vocapp.understanding.models import Analysis, Assignment, Doubt, Label, Review, TriageTurn
from vocapp.understanding.service import drop_label, judge_again, set_label
from vocapp.understanding.storing import theme_ids
from vocapp.understanding.theme_cells import recount_themes
from vocapp.understanding.triage.drawing import draw_round

_OF_LABEL = ("verdict", "user_id", "at", "model_gave", "model_confidence", "model_version")


def begin_round(workspace_id: UUID, user_id: UUID, *, now: datetime, draw: Random) -> int:
    """Put the next comments before a person; how many. draw: where chance comes from."""
    with snapshot() as session:
        drawn = draw_round(session, workspace_id, user_id, now=now, draw=draw)
    with transaction() as session:
        for place, (response_id, how) in enumerate(drawn.turns):
            values = {
                "begun_at": now, "place": place, "drawn": how,
                "decided_at": None, "skipped_at": None,
            }  # fmt: skip
            statement = insert_into(session, TriageTurn).values(
                workspace_id=workspace_id, user_id=user_id, response_id=response_id, **values
            )
            session.execute(
                statement.on_conflict_do_update(
                    index_elements=list(TriageTurn.__table__.primary_key), set_=values
                )
            )
        session.execute(
            update(Review)
            .where(
                Review.workspace_id == workspace_id,
                Review.response_id.in_(drawn.sampled),
                Review.sampled_at.is_(None),
            )
            .values(sampled_at=now)
        )
    return len(drawn.turns)


def review_comment(
    workspace_id: UUID,
    response_id: UUID,
    keys: Collection[str],
    *,
    user_id: UUID,
    now: datetime,
) -> None:
    """This comment has these themes and no others.

    Themes that the model gave become confirmed or removed, others added; all as labels, which
    hold over every later version of the model. Raises NotFound, BadInput on a theme that is not
    in use.
    """
    with transaction() as session:
        response = _locked(session, workspace_id, response_id)
        themes = theme_ids(session, workspace_id)
        for key in keys:
            if key not in themes:
                raise BadInput.of("theme", f"a theme in use, got {key!r}")
        key_of = {theme_id: key for key, theme_id in themes.items()}
        wanted = {themes[key] for key in keys}
        labels = _labels(session, response)
        rows = {
            row.theme_id: row for row in _assignments(session, response) if row.theme_id in key_of
        }
        before: dict[str, Any] = {}
        said = _said(session, response, rows, key_of)
        for theme_id in sorted(wanted | set(rows)):
            verdict = _verdict(theme_id in wanted, rows.get(theme_id), labels.get(theme_id))
            if verdict is None:
                continue
            before[str(theme_id)] = _kept(labels.get(theme_id))
            set_label(session, response, theme_id, verdict, user_id=user_id, now=now)
        _keep_review(session, response, user_id, before=before, said=said, now=now)
        recount_themes(session, response)
        see_to_learning(session, workspace_id, now=now)


def _verdict(wanted: bool, row: Assignment | None, label: Label | None) -> str | None:
    """What a person said by that, None where it is known already."""
    if not wanted:
        return "remove" if row is not None else None
    if row is None:
        return "add"
    return None if row.source == "person" and label is not None else "confirm"


def _keep_review(
    session: Session,
    response: Response,
    user_id: UUID,
    *,
    before: dict[str, Any],
    said: list[Any],
    now: datetime,
) -> None:
    """A comment that is reviewed once more keeps what was before the first time."""
    turn = session.get(TriageTurn, (response.workspace_id, user_id, response.id))
    review = session.get(Review, (response.workspace_id, response.id))
    if review is None:
        drawn = turn.drawn if turn else "doubt"
        analysis = session.get(Analysis, (response.workspace_id, response.id))
        review = Review(
            workspace_id=response.workspace_id, response_id=response.id, drawn=drawn,
            sampled_at=now if drawn == "random" else None, said=said, before={},
            model_version=analysis.model_version if analysis else None,
        )  # fmt: skip
    review.user_id, review.at, review.before = user_id, now, before | review.before
    session.add(review)
    if turn is not None:
        turn.decided_at, turn.skipped_at = now, None


def skip_comment(workspace_id: UUID, response_id: UUID, *, user_id: UUID, now: datetime) -> None:
    """Not now: it does not come back to this person for a while. Raises NotFound."""
    with transaction() as session:
        turn = session.get(TriageTurn, (workspace_id, user_id, response_id))
        if turn is None:
            raise NotFound("The comment is not in your queue.")
        turn.skipped_at = now


def take_back(workspace_id: UUID, user_id: UUID, *, now: datetime) -> UUID | None:
    """Undo the last decision of a person's round, and the one before when asked again.

    The labels are as they were; the model says anew what nobody has spoken about. None: there
    is nothing to undo.
    """
    with transaction() as session:
        turn = session.scalar(_last_turn(workspace_id, user_id))
        if turn is None:
            return None
        was_decided = turn.decided_at is not None
        turn.decided_at = turn.skipped_at = None
        review = session.get(Review, (workspace_id, turn.response_id)) if was_decided else None
        if review is not None:
            response = _locked(session, workspace_id, turn.response_id)
            _restore(session, response, review, now=now)
    if review is not None:
        outbox.ring("analyse")
    return turn.response_id


def _last_turn(workspace_id: UUID, user_id: UUID) -> Any:
    newest = (
        select(func.max(TriageTurn.begun_at))
        .where(TriageTurn.workspace_id == workspace_id, TriageTurn.user_id == user_id)
        .scalar_subquery()
    )
    done_at = func.coalesce(TriageTurn.skipped_at, TriageTurn.decided_at)
    return (
        scoped(TriageTurn, workspace_id)
        .where(TriageTurn.user_id == user_id, TriageTurn.begun_at == newest, done_at.is_not(None))
        .order_by(done_at.desc(), TriageTurn.place.desc())
        .limit(1)
    )


def _restore(session: Session, response: Response, review: Review, *, now: datetime) -> None:
    labels = {str(key): label for key, label in _labels(session, response).items()}
    for theme_id, kept in review.before.items():
        label = labels.get(theme_id)
        if label is None:
            continue
        if kept is None:
            drop_label(session, label)
            continue
        user = UUID(kept["user_id"]) if kept["user_id"] else None
        set_label(session, response, label.theme_id, kept["verdict"], user_id=user,
                  now=datetime.fromisoformat(kept["at"]))  # fmt: skip
    session.delete(review)
    session.flush()
    judge_again(session, response, now=now)


def _kept(label: Label | None) -> dict[str, Any] | None:
    """What is needed to put a label back; what the model had said stays on it."""
    if label is None:
        return None
    user_id = str(label.user_id) if label.user_id else None
    return {"verdict": label.verdict, "user_id": user_id, "at": label.at.isoformat()}


def _said(
    session: Session,
    response: Response,
    rows: dict[UUID, Assignment],
    key_of: dict[UUID, str],
) -> list[Any]:
    """[key, probability, whether given] of what the model says now."""
    said = {
        key_of[theme_id]: [key_of[theme_id], row.confidence, True]
        for theme_id, row in rows.items()
        if row.source != "person"
    }
    doubt = session.get(Doubt, (response.workspace_id, response.id))
    for key, chance, cut, *_ in doubt.themes if doubt else ():
        if key in key_of.values():
            said.setdefault(key, [key, chance, chance >= cut])
    return [said[key] for key in sorted(said)]


def _locked(session: Session, workspace_id: UUID, response_id: UUID) -> Response:
    response = session.scalar(
        scoped(Response, workspace_id).where(Response.id == response_id).with_for_update()
    )
    if response is None:
        raise NotFound("No such response.")
    return response


def _labels(session: Session, response: Response) -> dict[UUID, Label]:
    rows = session.scalars(
        scoped(Label, response.workspace_id).where(Label.response_id == response.id)
    )
    return {row.theme_id: row for row in rows}


def _assignments(session: Session, response: Response) -> list[Assignment]:
    return list(
        session.scalars(
            scoped(Assignment, response.workspace_id).where(Assignment.response_id == response.id)
        )
    )
