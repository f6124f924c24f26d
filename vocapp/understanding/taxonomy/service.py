"""Use cases: add, change, move, archive and restore themes; take an edit back; starter packs.

Everything that changes the tree holds all themes of the workspace: two people cannot make a
circle of it between them. The workers, who only refer to themes, do not wait for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.taxonomy import starter_pack, starter_pack_names
from vocapp import outbox
from vocapp.database import scoped, transaction, uuid7
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.translating import gettext as _
from vocapp.understanding.learning.asking import PREPARE, ask_to_prepare
from vocapp.understanding.models import Assignment, Label, Theme
from vocapp.understanding.service import add_pack
from vocapp.understanding.taxonomy.drafts import (
    LISTS,
    RESERVED_KEYS,
    Draft,
    checked,
    differences,
    draft_of,
    key_from,
    words_of,
)
from vocapp.understanding.taxonomy.models import ThemeRevision
from vocapp.workspaces.service import audit

MAX_THEMES = 500
MAX_DEPTH = 5
Steps = tuple[tuple[str, int], ...]  # (key, revision) of each theme that an action left behind


class ChangedMeanwhile(Conflict):
    """Somebody changed the theme after it was read."""

    def __init__(self, key: str, revision: int) -> None:
        self.key, self.revision = key, revision
        super().__init__(_("Somebody changed this theme meanwhile."))


@dataclass(slots=True)
class Tree:
    """All themes of a workspace, held by the transaction."""

    session: Session
    workspace_id: UUID
    by_key: dict[str, Theme]
    by_id: dict[UUID, Theme] = field(init=False)

    def __post_init__(self) -> None:
        self.by_id = {row.id: row for row in self.by_key.values()}

    def theme(self, key: str) -> Theme:
        """Raises NotFound."""
        row = self.by_key.get(key)
        if row is None:
            raise NotFound(f"No theme with the key {key!r}.")
        return row

    def read_at(self, key: str, revision: int) -> Theme:
        """The theme as it was read. Raises NotFound, ChangedMeanwhile."""
        row = self.theme(key)
        if row.revision != revision:
            raise ChangedMeanwhile(key, row.revision)
        return row

    def parent_key(self, row: Theme) -> str | None:
        return self.by_id[row.parent_id].key if row.parent_id else None

    def draft(self, row: Theme) -> Draft:
        return draft_of(row, self.parent_key(row))

    def above(self, row: Theme) -> list[Theme]:
        """The themes over one, nearest first."""
        found: list[Theme] = []
        while row.parent_id is not None and len(found) <= len(self.by_id):
            row = self.by_id[row.parent_id]
            found.append(row)
        return found

    def below(self, row: Theme) -> list[Theme]:
        """The themes right under one."""
        return [each for each in self.by_id.values() if each.parent_id == row.id]

    def depth_below(self, row: Theme) -> int:
        """Levels under a theme."""
        return max((1 + self.depth_below(each) for each in self.below(row)), default=0)

    def put_under(self, row: Theme, parent_key: str | None) -> None:
        """Raises BadInput for `parent`: unknown, archived, itself or below it, too deep."""
        if parent_key is None:
            row.parent_id = None
            return
        parent = self.by_key.get(parent_key)
        if parent is None or parent.archived_at is not None:
            raise BadInput.of("parent", _("There is no such theme in use."))
        above = [parent, *self.above(parent)]
        if row in above:
            raise BadInput.of("parent", _("A theme cannot stand under itself or its own themes."))
        if len(above) + 1 + self.depth_below(row) > MAX_DEPTH:
            raise BadInput.of("parent", _("At most %(most)s levels.", most=MAX_DEPTH))
        row.parent_id = parent.id


def hold_tree(session: Session, workspace_id: UUID) -> Tree:
    """Lock the themes of a workspace, in one order for all."""
    rows = session.scalars(
        scoped(Theme, workspace_id)
        .order_by(Theme.id)
        .with_for_update(key_share=True)  # assignments that refer to them do not wait
        .execution_options(populate_existing=True)
    )
    return Tree(session, workspace_id, {row.key: row for row in rows})


def keep_revision(tree: Tree, row: Theme, *, user_id: UUID | None, now: datetime) -> None:
    """Keep how a theme stands, and count its next revision; before it is changed."""
    draft = tree.draft(row)
    tree.session.add(
        ThemeRevision(
            workspace_id=tree.workspace_id,
            theme_id=row.id,
            revision=row.revision,
            words=words_of(draft) | {"parent": draft.parent, "archived_at": _iso(row.archived_at)},
            replaced_at=now,
            user_id=user_id,
        )
    )
    row.revision += 1


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def add_theme(
    workspace_id: UUID,
    draft: Draft,
    *,
    user_id: UUID | None,
    now: datetime,
    key: str | None = None,
) -> Steps:
    """A new theme; key None: one is made of its label. Raises BadInput."""
    draft = checked(draft)
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        row = new_theme(tree, draft, key=key, user_id=user_id, now=now)
        see_to_model(session, workspace_id, now=now)
        steps = ((row.key, row.revision),)
    outbox.ring(PREPARE)
    return steps


def new_theme(
    tree: Tree, draft: Draft, *, user_id: UUID | None, now: datetime, key: str | None = None
) -> Theme:
    """Add a checked draft to a tree that is held. Raises BadInput."""
    if len(tree.by_key) >= MAX_THEMES:
        raise BadInput.of("label_en", _("At most %(most)s themes.", most=MAX_THEMES))
    if key is None:
        key = key_from(draft.label, tree.by_key)
    elif key in tree.by_key:
        raise BadInput.of("key", _("Another theme has this key."))
    elif key in RESERVED_KEYS or "/" in key:
        raise BadInput.of("key", _("This key cannot be used."))
    row = Theme(
        workspace_id=tree.workspace_id, id=uuid7(), key=key, created_at=now, revision=1,
        **words_of(draft),
    )  # fmt: skip
    tree.put_under(row, draft.parent)
    tree.session.add(row)
    tree.session.flush()
    tree.by_key[key] = tree.by_id[row.id] = row
    audit(
        tree.session, tree.workspace_id, "theme.added",
        subject=row, actor_user_id=user_id, now=now, detail={"key": key},
    )  # fmt: skip
    return row


def change_theme(
    workspace_id: UUID,
    key: str,
    draft: Draft,
    *,
    revision: int,
    user_id: UUID | None,
    now: datetime,
) -> Steps:
    """Store other words or another place. Nothing different: nothing happens, ().

    revision: that of the theme as the draft's writer read it. Raises BadInput, NotFound,
    ChangedMeanwhile.
    """
    draft = checked(draft)
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        row = tree.read_at(key, revision)
        if not rewrite(tree, row, draft, user_id=user_id, now=now):
            return ()
        see_to_model(session, workspace_id, now=now)
        steps = ((key, row.revision),)
    outbox.ring(PREPARE)
    return steps


def rewrite(
    tree: Tree, row: Theme, draft: Draft, *, user_id: UUID | None, now: datetime
) -> list[str]:
    """Put a checked draft into a theme of a tree that is held; names of the changed fields."""
    full = _filled(draft)
    changed = differences(tree.draft(row), full)
    if not changed:
        return []
    keep_revision(tree, row, user_id=user_id, now=now)
    if "parent" in changed:
        tree.put_under(row, full.parent)
    for name, value in words_of(full).items():
        setattr(row, name, value)
    audit(
        tree.session, tree.workspace_id, "theme.changed",
        subject=row, actor_user_id=user_id, now=now, detail={"key": row.key, "fields": changed},
    )  # fmt: skip
    return changed


def _filled(draft: Draft) -> Draft:
    """With the words of one language standing for the other where it has none."""
    words = words_of(draft)
    return replace(draft, label=words["label"], description=words["description"])


def archive_theme(
    workspace_id: UUID, key: str, *, revision: int, user_id: UUID | None, now: datetime
) -> Steps:
    """No longer assigned or shown; what was assigned stays and comes back on restore.

    Raises NotFound, ChangedMeanwhile, Conflict for the last theme in use.
    """
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        row = tree.read_at(key, revision)
        if row.archived_at is not None:
            return ()
        put_away(tree, row, user_id=user_id, now=now)
        see_to_model(session, workspace_id, now=now)
        steps = ((key, row.revision),)
    outbox.ring(PREPARE)
    return steps


def put_away(tree: Tree, row: Theme, *, user_id: UUID | None, now: datetime) -> None:
    """Archive a theme of a tree that is held. Raises Conflict for the last one in use."""
    in_use = [each for each in tree.by_id.values() if each.archived_at is None]
    if in_use == [row]:
        raise Conflict(_("One theme has to stay in use."))
    keep_revision(tree, row, user_id=user_id, now=now)
    row.archived_at = now
    audit(
        tree.session, tree.workspace_id, "theme.archived",
        subject=row, actor_user_id=user_id, now=now, detail={"key": row.key},
    )  # fmt: skip


def restore_theme(workspace_id: UUID, key: str, *, user_id: UUID | None, now: datetime) -> Steps:
    """Back in use, with its past. Raises NotFound, Conflict where a merge took its comments."""
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        row = tree.theme(key)
        if row.archived_at is None:
            return ()
        if row.merged_into_id is not None:
            raise Conflict(_("This theme was merged into another one. Undo the merge instead."))
        keep_revision(tree, row, user_id=user_id, now=now)
        row.archived_at = None
        audit(
            session, workspace_id, "theme.restored",
            subject=row, actor_user_id=user_id, now=now, detail={"key": key},
        )  # fmt: skip
        see_to_model(session, workspace_id, now=now)
        steps = ((key, row.revision),)
    outbox.ring(PREPARE)
    return steps


def use_pack(workspace_id: UUID, name: str, *, user_id: UUID | None, now: datetime) -> Steps:
    """Add the themes of a starter pack that are missing; never overwrite. Raises BadInput."""
    if name not in starter_pack_names():
        raise BadInput.of("pack", _("There is no such starter pack."))
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        pack = starter_pack(name)
        missing = [key for key in pack.keys if key not in tree.by_key]
        if len(tree.by_key) + len(missing) > MAX_THEMES:
            raise BadInput.of("pack", _("At most %(most)s themes.", most=MAX_THEMES))
        added = add_pack(session, workspace_id, pack, now=now)
        if not added:
            return ()
        audit(
            session, workspace_id, "theme.pack_added",
            actor_user_id=user_id, now=now, detail={"pack": name, "keys": added},
        )  # fmt: skip
        see_to_model(session, workspace_id, now=now)
    outbox.ring(PREPARE)
    return tuple((key, 1) for key in added)


# --- taking it back ---------------------------------------------------------------------


def take_back(workspace_id: UUID, steps: Steps, *, user_id: UUID | None, now: datetime) -> None:
    """Undo what left these revisions: new themes go, changed ones are as they were before.

    All or nothing. A new theme that comments already have is archived instead, so that nothing
    of the past is lost. Raises ChangedMeanwhile where somebody changed one since, NotFound.
    """
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        rows = [tree.read_at(key, revision) for key, revision in steps]
        for row in rows:
            if row.revision > 1:
                _as_before(tree, row, user_id=user_id, now=now)
        for row in [row for row in rows if row.revision == 1]:
            remove_theme(tree, row, user_id=user_id, now=now)
        see_to_model(session, workspace_id, now=now)
    outbox.ring(PREPARE)


def _as_before(tree: Tree, row: Theme, *, user_id: UUID | None, now: datetime) -> None:
    kept = tree.session.get(ThemeRevision, (tree.workspace_id, row.id, row.revision - 1))
    if kept is None or row.merged_into_id is not None:
        raise Conflict(_("This cannot be undone any more."))
    words: Mapping[str, Any] = kept.words
    keep_revision(tree, row, user_id=user_id, now=now)
    for name in ("label", "description", *LISTS):
        setattr(row, name, words[name])
    parent = tree.by_key.get(words["parent"] or "")
    tree.put_under(row, parent.key if parent and parent.archived_at is None else None)
    archived_at = words["archived_at"]
    row.archived_at = datetime.fromisoformat(archived_at) if archived_at else None
    audit(
        tree.session, tree.workspace_id, "theme.change_undone",
        subject=row, actor_user_id=user_id, now=now, detail={"key": row.key},
    )  # fmt: skip


def remove_theme(tree: Tree, row: Theme, *, user_id: UUID | None, now: datetime) -> None:
    """Delete a theme of a tree that is held; archive it where comments have it by now."""
    session, workspace_id = tree.session, tree.workspace_id
    # From here on nothing new can refer to it.
    session.scalars(scoped(Theme, workspace_id).where(Theme.id == row.id).with_for_update()).one()
    in_use = any(
        session.scalar(
            select(model.theme_id)
            .where(model.workspace_id == workspace_id, model.theme_id == row.id)
            .limit(1)
        )
        for model in (Assignment, Label)
    )
    if in_use or tree.below(row):
        put_away(tree, row, user_id=user_id, now=now)
        return
    audit(
        session, workspace_id, "theme.removed",
        subject=row, actor_user_id=user_id, now=now, detail={"key": row.key},
    )  # fmt: skip
    session.delete(row)
    session.flush()
    del tree.by_key[row.key], tree.by_id[row.id]


# --- the model follows ------------------------------------------------------------------


def see_to_model(session: Session, workspace_id: UUID, *, now: datetime) -> None:
    """Have the model of the new themes made before the next comment needs it."""
    ask_to_prepare(session, workspace_id, now=now)
