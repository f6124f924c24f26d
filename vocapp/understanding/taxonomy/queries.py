"""Reads: the tree of themes with how often each came up; one theme to edit; merges under way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from nlp.taxonomy import LANGUAGES, starter_pack, starter_pack_names
from surveys.periods import local_day
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.understanding.models import Theme
from vocapp.understanding.taxonomy.drafts import Draft, draft_of
from vocapp.understanding.taxonomy.models import ThemeMerge
from vocapp.understanding.taxonomy.service import Tree
from vocapp.understanding.theme_counts import asked_of, themes_in

DAYS = 365


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A theme in its place. n: responses with it in the last 365 days, those of confidential
    surveys left out; rules, exclusions: how many phrases."""

    key: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    depth: int
    n: int
    rules: int
    exclusions: int
    revision: int
    archived_at: datetime | None
    merged_into: str | None


@dataclass(frozen=True, slots=True)
class MergeShown:
    """A merge that is under way, or can still be undone."""

    id: UUID
    source: Mapping[str, str]
    target: Mapping[str, str]
    source_key: str
    state: str
    moved: int
    total: int
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class TreePage:
    """rows: themes in use, each under its parent; archived: the others, by key."""

    rows: tuple[TreeRow, ...]
    archived: tuple[TreeRow, ...]
    merges: tuple[MergeShown, ...]


@dataclass(frozen=True, slots=True)
class PackShown:
    """A starter pack; missing: its themes that the workspace has not."""

    name: str
    labels: tuple[Mapping[str, str], ...]
    missing: int


def read_tree(session: Session, workspace_id: UUID) -> Tree:
    """The themes of a workspace, only to be read."""
    rows = session.scalars(scoped(Theme, workspace_id).order_by(Theme.key))
    return Tree(session, workspace_id, {row.key: row for row in rows})


def tree_page(workspace_id: UUID, *, time_zone: str, now: datetime) -> TreePage:
    """The tree as a list from the top, brothers by their own number, the largest first."""
    tree = read_tree(db.session(), workspace_id)
    until = local_day(now, time_zone) + timedelta(days=1)
    asked = asked_of(workspace_id, None, since=until - timedelta(days=DAYS), until=until)
    counts = {theme_id: sum(each.counts.values()) for theme_id, each in themes_in(asked).items()}
    rows = {row.id: _row(tree, row, counts.get(row.id, 0)) for row in tree.by_id.values()}
    beneath: dict[UUID | None, list[UUID]] = {}
    for row in tree.by_id.values():
        if row.archived_at is None:
            beneath.setdefault(_parent_in_use(tree, row), []).append(row.id)
    for ids in beneath.values():
        ids.sort(key=lambda each: (-rows[each].n, rows[each].key))
    archived = [rows[row.id] for row in tree.by_id.values() if row.archived_at is not None]
    return TreePage(tuple(_in_order(rows, beneath, None, 0)), tuple(archived), _merges(tree))


def _in_order(
    rows: Mapping[UUID, TreeRow],
    beneath: Mapping[UUID | None, Sequence[UUID]],
    parent: UUID | None,
    depth: int,
) -> list[TreeRow]:
    found: list[TreeRow] = []
    for theme_id in beneath.get(parent, ()):
        found.append(replace(rows[theme_id], depth=depth))
        found += _in_order(rows, beneath, theme_id, depth + 1)
    return found


def _parent_in_use(tree: Tree, row: Theme) -> UUID | None:
    """The nearest theme above that is not archived: its own come back under it later."""
    return next((each.id for each in tree.above(row) if each.archived_at is None), None)


def _row(tree: Tree, row: Theme, n: int) -> TreeRow:
    target = tree.by_id.get(row.merged_into_id) if row.merged_into_id else None
    return TreeRow(
        key=row.key, label=dict(row.label), description=dict(row.description), depth=0, n=n,
        rules=sum(map(len, row.rules.values())),
        exclusions=sum(map(len, row.exclusions.values())),
        revision=row.revision, archived_at=row.archived_at,
        merged_into=target.key if target else None,
    )  # fmt: skip


def _merges(tree: Tree) -> tuple[MergeShown, ...]:
    found = tree.session.scalars(
        scoped(ThemeMerge, tree.workspace_id)
        .where(ThemeMerge.state != "undone")
        .order_by(ThemeMerge.id.desc())
        .limit(50)
    )
    return tuple(
        MergeShown(
            merge.id, dict(tree.by_id[merge.source_id].label),
            dict(tree.by_id[merge.target_id].label), tree.by_id[merge.source_id].key,
            merge.state, merge.moved, max(merge.total, merge.moved), merge.finished_at,
        )
        for merge in found
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ThemeToEdit:
    """A theme as it is stored. parents: (key, label) of those it may stand under; children:
    labels of the themes right under it."""

    key: str
    label: Mapping[str, str]
    draft: Draft
    revision: int
    is_archived: bool
    pack: str | None
    parents: tuple[tuple[str, Mapping[str, str]], ...]


def theme_to_edit(workspace_id: UUID, key: str) -> ThemeToEdit:
    """Raises NotFound."""
    tree = read_tree(db.session(), workspace_id)
    row = tree.theme(key)
    mine = row.parent_id
    parents = tuple(
        (each.key, dict(each.label))
        for each in tree.by_key.values()
        if each.id == mine or (each.archived_at is None and row not in [each, *tree.above(each)])
    )
    return ThemeToEdit(
        key, dict(row.label), draft_of(row, tree.parent_key(row)), row.revision,
        row.archived_at is not None, row.pack, parents,
    )  # fmt: skip


def themes_in_use(workspace_id: UUID) -> list[tuple[str, Mapping[str, str]]]:
    """(key, label) of every theme in use, by key."""
    rows = db.session.execute(
        select(Theme.key, Theme.label)
        .where(Theme.workspace_id == workspace_id, Theme.archived_at.is_(None))
        .order_by(Theme.key)
    )
    return [(row.key, dict(row.label)) for row in rows]


def drafts_in_use(workspace_id: UUID) -> dict[str, Draft]:
    """Every theme in use as the draft that would store it; parents that are archived left out."""
    tree = read_tree(db.session(), workspace_id)
    found = {}
    for key, row in tree.by_key.items():
        if row.archived_at is None:
            above = _parent_in_use(tree, row)
            found[key] = draft_of(row, tree.by_id[above].key if above else None)
    return found


def packs(workspace_id: UUID) -> list[PackShown]:
    """The starter packs, with what a workspace lacks of each."""
    keys = set(db.session.scalars(select(Theme.key).where(Theme.workspace_id == workspace_id)))
    return [
        PackShown(
            name,
            tuple({each: theme.label[each] for each in LANGUAGES} for theme in pack.themes),
            len(set(pack.keys) - keys),
        )
        for name in starter_pack_names()
        for pack in [starter_pack(name)]
    ]
