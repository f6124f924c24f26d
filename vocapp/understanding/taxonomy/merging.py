"""Use cases: merge one theme into another, and take it back; both in steps that survive a kill.

The source is archived at once, so that nothing new is assigned to it; its comments follow in
batches of responses, in the order of their ids. What stood on each response is kept, so that
undoing brings back exactly that, except where a person has spoken since.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, union
from sqlalchemy.orm import Session

from nlp.taxonomy import LANGUAGES, MAX_PHRASES
from vocapp import outbox
from vocapp.collecting.models import Response
from vocapp.database import scoped, transaction, utcnow, uuid7
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.translating import gettext as _
from vocapp.understanding.learning.asking import PREPARE
from vocapp.understanding.models import Analysis, Assignment, Label, Theme
from vocapp.understanding.taxonomy.drafts import phrases_of
from vocapp.understanding.taxonomy.models import MergedResponse, ThemeMerge
from vocapp.understanding.taxonomy.service import (
    Tree,
    hold_tree,
    keep_revision,
    put_away,
    see_to_model,
)
from vocapp.understanding.theme_cells import recount_many, uncount_many
from vocapp.workspaces.service import audit

MERGE = "theme_merge"
STEP = 200  # responses of one transaction
_FOLLOWING = ("keywords", "rules")  # exclusions would take away what the target had


@dataclass(frozen=True, slots=True)
class Overlap:
    """What a merge would move. both: responses that have the two themes already."""

    source: int
    target: int
    both: int
    labels: int


def overlap_of(session: Session, workspace_id: UUID, source: Theme, target: Theme) -> Overlap:
    """Counts for the preview of a merge."""

    def having(theme_id: UUID) -> Any:
        return select(Assignment.response_id).where(
            Assignment.workspace_id == workspace_id, Assignment.theme_id == theme_id
        )

    def count(query: Any) -> int:
        return session.scalar(select(func.count()).select_from(query.subquery())) or 0

    both = having(source.id).where(Assignment.response_id.in_(having(target.id)))
    labels = select(Label.id).where(Label.workspace_id == workspace_id, Label.theme_id == source.id)
    return Overlap(count(having(source.id)), count(having(target.id)), count(both), count(labels))


def merge_themes(
    workspace_id: UUID,
    source_key: str,
    target_key: str,
    *,
    source_revision: int,
    user_id: UUID | None,
    now: datetime,
) -> UUID:
    """Begin to move all of a theme's comments to another; the id of the merge.

    The target takes over keywords, rules and the themes below. Raises BadInput, NotFound,
    ChangedMeanwhile, Conflict while either is being merged.
    """
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        source = tree.read_at(source_key, source_revision)
        target = tree.by_key.get(target_key)
        if target is None or target is source or target.archived_at is not None:
            raise BadInput.of("target", _("Choose another theme that is in use."))
        if source.archived_at is not None:
            raise Conflict(_("An archived theme cannot be merged."))
        _refuse_while_moving(session, workspace_id, {source.id, target.id})
        before = _join_trees(tree, source, target, user_id=user_id, now=now)
        put_away(tree, source, user_id=user_id, now=now)
        source.merged_into_id = target.id
        merge = ThemeMerge(
            workspace_id=workspace_id, id=uuid7(), source_id=source.id, target_id=target.id,
            state="moving", total=_themed(session, workspace_id, source.id), moved=0,
            before=before, started_at=now, user_id=user_id,
        )  # fmt: skip
        session.add(merge)
        audit(
            session, workspace_id, "theme.merged", subject=merge, actor_user_id=user_id, now=now,
            detail={"from": source_key, "into": target_key},
        )  # fmt: skip
        session.flush()
        outbox.add(session, workspace_id, MERGE, merge.id, now=now, priority=outbox.BACKLOG)
        see_to_model(session, workspace_id, now=now)
        merge_id = merge.id
    outbox.ring(MERGE, PREPARE)
    return merge_id


def undo_merge(workspace_id: UUID, merge_id: UUID, *, user_id: UUID | None, now: datetime) -> None:
    """Bring the theme and its comments back. Raises NotFound, Conflict.

    It may be asked for while the merge is still moving: what was not moved stays where it is.
    """
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        merge = session.scalar(
            scoped(ThemeMerge, workspace_id).where(ThemeMerge.id == merge_id).with_for_update()
        )
        if merge is None:
            raise NotFound("No such merge.")
        source = tree.by_id[merge.source_id]
        if merge.state not in {"moving", "done"} or source.merged_into_id != merge.target_id:
            raise Conflict(_("This merge was undone already."))
        _refuse_while_moving(session, workspace_id, {source.id, merge.target_id}, but=merge.id)
        _refuse_before_later(session, merge)
        _part_trees(tree, merge, user_id=user_id, now=now)
        merge.state, merge.moved = "undoing", 0
        merge.total = _kept(session, merge)
        audit(
            session, workspace_id, "theme.merge_undone", subject=merge, actor_user_id=user_id,
            now=now, detail={"from": source.key, "into": tree.by_id[merge.target_id].key},
        )  # fmt: skip
        outbox.add(session, workspace_id, MERGE, merge.id, now=now, priority=outbox.BACKLOG)
        see_to_model(session, workspace_id, now=now)
    outbox.ring(MERGE, PREPARE)


def _refuse_while_moving(
    session: Session, workspace_id: UUID, theme_ids: set[UUID], *, but: UUID | None = None
) -> None:
    busy = session.scalars(
        scoped(ThemeMerge, workspace_id).where(
            ThemeMerge.state.in_(["moving", "undoing"]),
            ThemeMerge.source_id.in_(theme_ids) | ThemeMerge.target_id.in_(theme_ids),
        )
    )
    if any(merge.id != but for merge in busy):
        raise Conflict(_("Comments of this theme are still being moved. Wait until that is done."))


def _refuse_before_later(session: Session, merge: ThemeMerge) -> None:
    """What a later merge brought to the target, or took on from it, could not be told apart."""
    later = session.scalar(
        select(ThemeMerge.id)
        .where(
            ThemeMerge.workspace_id == merge.workspace_id,
            ThemeMerge.id > merge.id,
            ThemeMerge.state != "undone",
            (ThemeMerge.target_id == merge.target_id) | (ThemeMerge.source_id == merge.target_id),
        )
        .limit(1)
    )
    if later is not None:
        raise Conflict(_("Another merge of the same theme came later. Undo that one first."))


def _join_trees(
    tree: Tree, source: Theme, target: Theme, *, user_id: UUID | None, now: datetime
) -> dict[str, Any]:
    """Give the target words and children of the source; what that changed."""
    before: dict[str, Any] = {
        "children": [each.key for each in tree.below(source) if each is not target],
        "target_parent": tree.parent_key(target),
        "words": {name: getattr(target, name) for name in _FOLLOWING},
    }
    keep_revision(tree, target, user_id=user_id, now=now)
    if source in tree.above(target):
        # The branch that holds the target takes the place of the source.
        top = next(each for each in [target, *tree.above(target)] if each.parent_id == source.id)
        before["lifted"] = top.key
        if top is not target:
            keep_revision(tree, top, user_id=user_id, now=now)
        top.parent_id = source.parent_id
    for child in tree.below(source):
        keep_revision(tree, child, user_id=user_id, now=now)
        child.parent_id = target.id
    for name in _FOLLOWING:
        old, more = getattr(target, name), getattr(source, name)
        joined = {
            each: list(phrases_of([*old.get(each, ()), *more.get(each, ())]))[:MAX_PHRASES]
            for each in LANGUAGES
        }
        setattr(target, name, joined)
    before["target_revision"] = target.revision
    return before


def _part_trees(tree: Tree, merge: ThemeMerge, *, user_id: UUID | None, now: datetime) -> None:
    """The source is back with its children; the target's words only where nobody changed them
    since."""
    source, target = tree.by_id[merge.source_id], tree.by_id[merge.target_id]
    before = merge.before
    keep_revision(tree, source, user_id=user_id, now=now)
    source.archived_at = source.merged_into_id = None
    if target.revision == before["target_revision"]:
        keep_revision(tree, target, user_id=user_id, now=now)
        for name in _FOLLOWING:
            setattr(target, name, before["words"][name])
    lifted = tree.by_key.get(before.get("lifted") or "")
    if lifted is not None and lifted.parent_id == source.parent_id and lifted is not source:
        keep_revision(tree, lifted, user_id=user_id, now=now)
        lifted.parent_id = source.id
    for key in before["children"]:
        child = tree.by_key.get(key)
        if child is not None and child.parent_id == target.id and child is not source:
            keep_revision(tree, child, user_id=user_id, now=now)
            child.parent_id = source.id


def _touched(workspace_id: UUID, theme_id: UUID, after: UUID | None) -> Any:
    """Responses with an assignment or a label of a theme, after one of them."""
    parts = []
    for model in (Assignment, Label):
        query = select(model.response_id).where(
            model.workspace_id == workspace_id, model.theme_id == theme_id
        )
        parts.append(query.where(model.response_id > after) if after is not None else query)
    return union(*parts).subquery()


def _themed(session: Session, workspace_id: UUID, theme_id: UUID) -> int:
    touched = _touched(workspace_id, theme_id, None)
    return session.scalar(select(func.count()).select_from(touched)) or 0


def _kept(session: Session, merge: ThemeMerge) -> int:
    return (
        session.scalar(
            select(func.count())
            .select_from(MergedResponse)
            .where(
                MergedResponse.workspace_id == merge.workspace_id,
                MergedResponse.merge_id == merge.id,
            )
        )
        or 0
    )


# --- the steps --------------------------------------------------------------------------


def move_merged(session: Session, rows: Sequence[outbox.Pending]) -> None:
    """Outbox effect: one batch of a merge or of its undoing; leaves a row of work for the next.

    Which responses are still to be moved is read from the tables themselves, so a step that is
    repeated, or two chains at once, move each response once.
    """
    for row in rows:
        merge = session.scalar(
            scoped(ThemeMerge, row.workspace_id)
            .where(ThemeMerge.id == row.subject_id)
            .with_for_update()
        )
        if merge is None or merge.state not in {"moving", "undoing"}:
            continue
        now = utcnow()
        step = _move_step if merge.state == "moving" else _back_step
        if step(session, merge, now=now):
            outbox.add(session, row.workspace_id, MERGE, merge.id, now=now, priority=row.priority)
        else:
            merge.state = "done" if merge.state == "moving" else "undone"
            merge.finished_at = now


def _move_step(session: Session, merge: ThemeMerge, *, now: datetime) -> bool:
    workspace_id = merge.workspace_id
    touched = _touched(workspace_id, merge.source_id, None)
    ids = session.scalars(
        select(touched.c.response_id).order_by(touched.c.response_id).limit(STEP)
    ).all()
    responses = _held(session, workspace_id, ids)
    if not responses:
        return False
    stood = _standing(session, merge, ids)
    moved, gone = [], []
    for response in responses:
        here = stood.get(response.id) or _Standing()
        session.add(
            MergedResponse(
                workspace_id=workspace_id, merge_id=merge.id, response_id=response.id,
                before=here.as_json(), moved_at=now,
            )
        )  # fmt: skip
        gone += [row for row in here.assignments() if row is not None]
        moved.append((response, here))
    # Out of the cells as they stood, and in again as they stand then.
    uncount_many(session, workspace_id, gone)
    for response, here in moved:
        _merge_on(session, merge, response, here)
    session.flush()
    recount_many(session, workspace_id, responses)
    merge.moved += len(responses)
    return True


def _held(session: Session, workspace_id: UUID, ids: Sequence[UUID]) -> list[Response]:
    return list(
        session.scalars(
            scoped(Response, workspace_id)
            .where(Response.id.in_(ids))
            .order_by(Response.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )


@dataclass(slots=True)
class _Standing:
    """What stands on a response of the two themes of a merge."""

    source: Assignment | None = None
    target: Assignment | None = None
    source_label: Label | None = None
    target_label: Label | None = None
    digest: str | None = None  # of the comment that was judged

    def assignments(self) -> tuple[Assignment | None, Assignment | None]:
        return self.source, self.target

    def as_json(self) -> dict[str, Any]:
        return {
            "source": _assignment_json(self.source),
            "target": _assignment_json(self.target),
            "source_label": _label_json(self.source_label),
            "target_label": _label_json(self.target_label),
            "digest": self.digest,
        }


def _standing(session: Session, merge: ThemeMerge, ids: Sequence[UUID]) -> dict[UUID, _Standing]:
    found = {response_id: _Standing() for response_id in ids}
    names = {merge.source_id: "source", merge.target_id: "target"}
    row: Any
    for model, suffix in ((Assignment, ""), (Label, "_label")):
        rows = session.scalars(
            scoped(model, merge.workspace_id)
            .where(model.response_id.in_(ids), model.theme_id.in_(names))
            .execution_options(populate_existing=True)
        )
        for row in rows:
            setattr(found[row.response_id], names[row.theme_id] + suffix, row)
    digests = session.execute(
        select(Analysis.response_id, Analysis.text_digest).where(
            Analysis.workspace_id == merge.workspace_id, Analysis.response_id.in_(ids)
        )
    )
    for response_id, digest in digests:
        found[response_id].digest = digest
    return found


def _merge_on(session: Session, merge: ThemeMerge, response: Response, here: _Standing) -> None:
    """Of one response: a person's word first, then the surer of the two.

    The merged theme is there when either was. "Not the source" says nothing against a target
    that is there, and holds where it is not.
    """
    label = _merged_label(here)
    if here.source_label is not None and label is not here.source_label:
        session.delete(here.source_label)
    if label is not None and label is here.source_label:
        if here.target_label is not None:
            session.delete(here.target_label)
            session.flush()  # one label a theme and response
        label.theme_id = merge.target_id
    best = _surer(here.source, here.target)
    if label is not None and label.verdict == "remove":
        best = None
    if best is not None and best is here.source:
        values = _assignment_json(best) or {}
        if here.target is not None:
            _fill(here.target, values)
        else:
            session.add(_assignment(merge.workspace_id, response, merge.target_id, values))
    elif best is None and here.target is not None:
        session.delete(here.target)
    if here.source is not None:
        session.delete(here.source)


def _merged_label(here: _Standing) -> Label | None:
    ours, theirs = here.source_label, here.target_label
    if ours is None or theirs is None:
        if ours is not None and ours.verdict == "remove" and here.target is not None:
            return None
        return ours or theirs
    if theirs.verdict == "remove" and ours.verdict != "remove":
        return ours
    return theirs


def _surer(source: Assignment | None, target: Assignment | None) -> Assignment | None:
    if source is None or target is None:
        return source or target
    rank = {"person": 2, "rule": 1, "model": 0}
    return max(target, source, key=lambda row: (rank[row.source], row.confidence))


_KEPT = (
    "confidence", "sentiment", "source", "evidence_start", "evidence_end", "encoder",
    "model_version",
)  # fmt: skip


_OF_LABEL = ("verdict", "model_gave", "model_confidence", "model_version")


def _assignment_json(row: Assignment | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {name: getattr(row, name) for name in _KEPT} | {
        "assigned_at": row.assigned_at.isoformat()
    }


def _fill(row: Assignment, values: dict[str, Any]) -> Assignment:
    for name in _KEPT:
        setattr(row, name, values[name])
    row.assigned_at = datetime.fromisoformat(values["assigned_at"])
    return row


def _assignment(
    workspace_id: UUID, response: Response, theme_id: UUID, values: dict[str, Any]
) -> Assignment:
    row = Assignment(
        workspace_id=workspace_id, response_id=response.id, theme_id=theme_id,
        answered_at=response.answered_at,
    )  # fmt: skip
    return _fill(row, values)


def _label_json(row: Label | None) -> dict[str, Any] | None:
    if row is None:
        return None
    return {
        **{name: getattr(row, name) for name in _OF_LABEL},
        "user_id": str(row.user_id) if row.user_id else None,
        "at": row.at.isoformat(),
    }


# --- back -------------------------------------------------------------------------------


def _back_step(session: Session, merge: ThemeMerge, *, now: datetime) -> bool:
    workspace_id = merge.workspace_id
    kept = session.scalars(
        scoped(MergedResponse, workspace_id)
        .where(MergedResponse.merge_id == merge.id)
        .order_by(MergedResponse.response_id)
        .limit(STEP)
    ).all()
    if not kept:
        return False
    ids = [row.response_id for row in kept]
    responses = {row.id: row for row in _held(session, workspace_id, ids)}
    stood = _standing(session, merge, ids)
    # Read again under the locks: whoever is forgotten meanwhile is not brought back.
    kept = session.scalars(
        scoped(MergedResponse, workspace_id)
        .where(MergedResponse.merge_id == merge.id, MergedResponse.response_id.in_(ids))
        .execution_options(populate_existing=True)
    ).all()
    gone = [row for here in stood.values() for row in here.assignments() if row is not None]
    uncount_many(session, workspace_id, gone)
    for row in kept:
        response = responses.get(row.response_id)
        if response is not None:
            _part_on(session, merge, response, stood[row.response_id], row, now=now)
        session.delete(row)
    session.flush()
    recount_many(session, workspace_id, responses.values())
    merge.moved += len(ids)
    return True


def _part_on(
    session: Session,
    merge: ThemeMerge,
    response: Response,
    here: _Standing,
    kept: MergedResponse,
    *,
    now: datetime,
) -> None:
    """Of one response: as it stood, but what a person said of either theme since then holds.

    Where the comment was edited since, what was found in its old words does not come back: it is
    judged anew.
    """
    workspace_id, before = merge.workspace_id, kept.before
    is_edited = here.digest != before["digest"]
    if is_edited:
        outbox.add(session, workspace_id, "analyse", response.id, now=now)
    for theme_id, name, label, row in (
        (merge.target_id, "target", here.target_label, here.target),
        (merge.source_id, "source", here.source_label, here.source),
    ):
        if label is not None and label.at > kept.moved_at:
            continue
        was = before[f"{name}_label"]
        if label is not None:
            session.delete(label)
            session.flush()
        if was is not None:
            session.add(
                Label(
                    workspace_id=workspace_id, id=uuid7(), response_id=response.id,
                    theme_id=theme_id, **{name: was[name] for name in _OF_LABEL},
                    user_id=UUID(was["user_id"]) if was["user_id"] else None,
                    at=datetime.fromisoformat(was["at"]),
                )
            )  # fmt: skip
        values = before[name]
        if values is not None and (not is_edited or values["source"] == "person"):
            if row is not None:
                _fill(row, values)
            else:
                session.add(_assignment(workspace_id, response, theme_id, values))
        elif row is not None:
            session.delete(row)


def forget_merged(session: Session, workspace_id: UUID, contact_id: UUID) -> None:
    """What was kept of the labels of a forgotten person does not come back by an undo."""
    theirs = select(Response.id).where(
        Response.workspace_id == workspace_id, Response.contact_id == contact_id
    )
    session.execute(
        delete(MergedResponse).where(
            MergedResponse.workspace_id == workspace_id, MergedResponse.response_id.in_(theirs)
        )
    )
