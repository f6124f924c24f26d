"""Taking a taxonomy out and in: JSON and CSV, with a preview of what would change.

JSON is a list of the entries that `python -m nlp.evaluate --taxonomy` reads, with rules,
exclusions and the key of the parent. CSV has one theme a row; lists stand in one cell, a phrase
a line. What a file does not mention stays as it is: a column or field that is missing changes
nothing, a theme that is missing is kept.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from nlp.taxonomy import LANGUAGES, MAX_KEY_LENGTH
from vocapp import outbox
from vocapp.database import transaction
from vocapp.problems import BadInput, Conflict, FieldError
from vocapp.spreadsheets import restored_cell, safe_cell
from vocapp.translating import gettext as _
from vocapp.understanding.learning.asking import PREPARE
from vocapp.understanding.taxonomy.drafts import (
    LISTS,
    RESERVED_KEYS,
    Draft,
    checked,
    differences,
    words_of,
)
from vocapp.understanding.taxonomy.service import (
    MAX_DEPTH,
    MAX_THEMES,
    Steps,
    Tree,
    hold_tree,
    keep_revision,
    new_theme,
    rewrite,
    see_to_model,
)
from vocapp.workspaces.service import audit

MAX_BYTES = 2_000_000
FIELDS = (
    "key", "parent", "label", "label_ja", "description", "description_ja",
    "keywords", "keywords_ja", "rules", "rules_ja", "exclusions", "exclusions_ja",
)  # fmt: skip
_NAMES = {"en": "{}", "ja": "{}_ja"}
_MOST_ERRORS = 50


@dataclass(frozen=True, slots=True)
class Incoming:
    """A theme of a file. row: its line in CSV, its number in JSON; fields: those it mentions."""

    row: int
    key: str
    values: Mapping[str, Any]

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(self.values)


@dataclass(frozen=True, slots=True)
class Planned:
    """What an import does to one theme; fields: names of what differs, for a change."""

    key: str
    label: Mapping[str, str]
    action: str  # "add" | "change" | "same"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does. state: of the themes that it was worked out for."""

    themes: tuple[Planned, ...]
    kept: int  # themes that the file does not mention
    state: str

    def having(self, action: str) -> list[Planned]:
        return [theme for theme in self.themes if theme.action == action]


# --- out --------------------------------------------------------------------------------


def entries_of(drafts: Mapping[str, Draft]) -> list[dict[str, Any]]:
    """Themes by key as entries of a file."""
    found = []
    for key, draft in drafts.items():
        entry: dict[str, Any] = {"key": key}
        if draft.parent is not None:
            entry["parent"] = draft.parent
        for name in ("label", "description", *LISTS):
            for language in LANGUAGES:
                value = getattr(draft, name)[language]
                entry[_NAMES[language].format(name)] = list(value) if name in LISTS else value
        found.append(entry)
    return found


def as_json(drafts: Mapping[str, Draft]) -> str:
    return json.dumps(entries_of(drafts), ensure_ascii=False, indent=2) + "\n"


def as_csv(drafts: Mapping[str, Draft]) -> str:
    """With a byte order mark, so that spreadsheets read the Japanese."""
    out = io.StringIO()
    writer = csv.DictWriter(out, FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for entry in entries_of(drafts):
        writer.writerow({
            name: safe_cell("\n".join(value) if isinstance(value, list) else value)
            for name, value in entry.items()
        })  # fmt: skip
    return "\ufeff" + out.getvalue()


# --- in ---------------------------------------------------------------------------------


def read_file(content: bytes) -> list[Incoming]:
    """The themes of a file, JSON or CSV, as it is. Raises BadInput that names row and field."""
    if len(content) > MAX_BYTES:
        raise BadInput.of("file", _("The file is larger than 2 MB."))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadInput.of("file", _("The file is not in UTF-8.")) from exc
    if not text.strip():
        raise BadInput.of("file", _("The file is empty."))
    rows = _json_rows(text) if text.lstrip()[:1] in {"[", "{"} else _csv_rows(text)
    return _incoming(rows)


def _json_rows(text: str) -> list[tuple[int, Mapping[str, Any]]]:
    try:
        entries = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as exc:
        line = getattr(exc, "lineno", 1)
        raise BadInput.of(
            "file", _("This is not JSON: line %(line)s cannot be read.", line=line)
        ) from exc
    if not isinstance(entries, list):
        raise BadInput.of("file", _("Expected a list of themes: [{…}, {…}]."))
    wrong = [n for n, entry in enumerate(entries, start=1) if not isinstance(entry, dict)]
    if wrong:
        raise BadInput(*(_at(n, "key", _("Expected a theme: {…}.")) for n in wrong[:_MOST_ERRORS]))
    return list(enumerate(entries, start=1))


def _csv_rows(text: str) -> list[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        unknown = [name for name in names if name and name not in FIELDS]
        if "key" not in names or unknown:
            raise BadInput.of(
                "file",
                _("The first line must name the columns: %(names)s.", names=", ".join(FIELDS))
                + (" " + _("Not known: %(names)s.", names=", ".join(unknown)) if unknown else ""),
            )
        reader.fieldnames = names
        rows: list[tuple[int, Mapping[str, Any]]] = []
        start = reader.line_num + 1
        for row in reader:
            rows.append((start, {k: _of_cell(k, v) for k, v in row.items() if k and v is not None}))
            start = reader.line_num + 1
    except csv.Error as exc:
        raise BadInput.of(
            "file", _("Line %(line)s cannot be read as CSV.", line=reader.line_num)
        ) from exc
    return rows


def _of_cell(name: str, value: str) -> Any:
    plain = restored_cell(value)
    return plain.splitlines() if name.removesuffix("_ja") in LISTS else plain


def _at(row: int, name: str, message: str) -> FieldError:
    return FieldError(f"{row}.{name}", message)


def _incoming(rows: Sequence[tuple[int, Mapping[str, Any]]]) -> list[Incoming]:
    errors: list[FieldError] = []
    found: list[Incoming] = []
    seen: dict[str, int] = {}
    for row, entry in rows:
        wrong = [error for name in FIELDS if (error := _wrong(row, name, entry))]
        key = entry.get("key")
        if not wrong and isinstance(key, str):
            key = key.strip()
            if key in seen:
                wrong.append(_at(row, "key", _("Row %(row)s has this key, too.", row=seen[key])))
            seen.setdefault(key, row)
            values = {name: entry[name] for name in FIELDS if name in entry}
            found.append(Incoming(row, key, values))
        errors += wrong
    if not rows:
        errors.append(FieldError("file", _("There is no theme in this file.")))
    if errors:
        raise BadInput(*errors[:_MOST_ERRORS])
    return found


def _wrong(row: int, name: str, entry: Mapping[str, Any]) -> FieldError | None:
    value = entry.get(name)
    if name == "key":
        if not isinstance(value, str) or not value.strip():
            return _at(row, name, _("Every theme needs a key."))
        if len(value) > MAX_KEY_LENGTH or not value.isprintable() or "/" in value:
            return _at(row, name, _("At most 100 printable characters, without “/”."))
        if value.strip() in RESERVED_KEYS:
            return _at(row, name, _("This key cannot be used."))
        return None
    if value is None:
        return None
    if name.removesuffix("_ja") in LISTS:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            return _at(row, name, _("Expected a list of texts."))
    elif not isinstance(value, str):
        return _at(row, name, _("Expected a text."))
    return None


def _draft(incoming: Incoming, known: Draft | None) -> Draft:
    """What a file says of a theme, on top of what is known of it."""
    base = known or Draft()
    texts: dict[str, dict[str, Any]] = {}
    for name in ("label", "description", *LISTS):
        current = dict(getattr(base, name))
        for language in LANGUAGES:
            value = incoming.values.get(_NAMES[language].format(name))
            if value is not None:
                current[language] = tuple(value) if name in LISTS else value
        texts[name] = current
    parent = base.parent
    if "parent" in incoming.values:
        parent = (incoming.values["parent"] or "").strip() or None
    return checked(replace(base, **texts, parent=parent))


def plan_import(tree: Tree, incoming: Sequence[Incoming]) -> Plan:
    """What an import would do to a tree. Raises BadInput that names row and field."""
    errors: list[FieldError] = []
    planned: list[Planned] = []
    drafts = _drafts(tree, incoming, errors)
    for each in incoming:
        draft = drafts.get(each.key)
        if draft is None:
            continue
        row = tree.by_key.get(each.key)
        fields = differences(tree.draft(row), _whole(draft)) if row else []
        action = "add" if row is None else ("change" if fields else "same")
        planned.append(Planned(each.key, words_of(draft)["label"], action, tuple(fields)))
    errors += _tree_errors(tree, incoming, drafts)
    if len({*tree.by_key, *drafts}) > MAX_THEMES:
        errors.append(FieldError("file", _("At most %(most)s themes.", most=MAX_THEMES)))
    if errors:
        raise BadInput(*errors[:_MOST_ERRORS])
    kept = len(tree.by_key.keys() - {each.key for each in incoming})
    return Plan(tuple(planned), kept, state_of(tree))


def _whole(draft: Draft) -> Draft:
    words = words_of(draft)
    return replace(draft, label=words["label"], description=words["description"])


def _drafts(tree: Tree, incoming: Sequence[Incoming], errors: list[FieldError]) -> dict[str, Draft]:
    found = {}
    for each in incoming:
        row = tree.by_key.get(each.key)
        try:
            found[each.key] = _draft(each, tree.draft(row) if row else None)
        except BadInput as problem:
            errors += [
                _at(each.row, error.field.removesuffix("_en"), error.message)
                for error in problem.errors
            ]
    return found


def _tree_errors(
    tree: Tree, incoming: Sequence[Incoming], drafts: Mapping[str, Draft]
) -> list[FieldError]:
    """Unknown parents and circles, of the tree as it would be."""
    parents = {key: tree.parent_key(row) for key, row in tree.by_key.items()}
    parents |= {key: draft.parent for key, draft in drafts.items()}
    errors = []
    for each in incoming:
        parent = parents.get(each.key)
        if parent is None or each.key not in drafts:
            continue
        row = tree.by_key.get(parent)
        above = _above(parents, each.key)
        if parent not in parents:
            message = _("No theme has the key “%(key)s”.", key=parent[:100])
        elif row is not None and row.archived_at is not None:
            message = _("The theme “%(key)s” is archived.", key=parent)
        elif each.key in above:
            message = _("A theme cannot stand under itself or its own themes.")
        elif len(above) >= MAX_DEPTH:
            message = _("At most %(most)s levels.", most=MAX_DEPTH)
        else:
            continue
        errors.append(_at(each.row, "parent", message))
    return errors


def _above(parents: Mapping[str, str | None], key: str) -> list[str]:
    """Keys over a theme, nearest first; ends where a circle closes, with the key itself in it."""
    found: list[str] = []
    at = parents.get(key)
    while at is not None and at not in found:
        found.append(at)
        at = parents.get(at)
    return found


def state_of(tree: Tree) -> str:
    """Changes when any theme does."""
    rows = sorted((row.key, row.revision) for row in tree.by_key.values())
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def import_themes(
    workspace_id: UUID,
    content: bytes,
    *,
    state: str,
    user_id: UUID | None,
    now: datetime,
) -> Steps:
    """Do what the preview said. Raises BadInput, Conflict where a theme changed since then."""
    incoming = read_file(content)
    with transaction() as session:
        tree = hold_tree(session, workspace_id)
        if state_of(tree) != state:
            raise Conflict(_("Somebody changed a theme meanwhile. Look at the preview again."))
        plan = plan_import(tree, incoming)
        drafts = _drafts(tree, incoming, [])
        changed = [theme.key for theme in plan.themes if theme.action != "same"]
        if not changed:
            return ()
        _put_in(tree, plan, drafts, user_id=user_id, now=now)
        audit(
            session, workspace_id, "theme.imported",
            actor_user_id=user_id, now=now, detail={"keys": changed},
        )  # fmt: skip
        see_to_model(session, workspace_id, now=now)
        steps = tuple((key, tree.by_key[key].revision) for key in changed)
    outbox.ring(PREPARE)
    return steps


def _put_in(
    tree: Tree, plan: Plan, drafts: Mapping[str, Draft], *, user_id: UUID | None, now: datetime
) -> None:
    """Words first, then places: a theme may stand under one that comes later in the file."""
    for theme in plan.having("add"):
        flat = replace(drafts[theme.key], parent=None)
        new_theme(tree, flat, key=theme.key, user_id=user_id, now=now)
    changes = plan.having("change")
    for theme in changes:
        row = tree.by_key[theme.key]
        words = replace(drafts[theme.key], parent=tree.parent_key(row))
        if not rewrite(tree, row, words, user_id=user_id, now=now):
            # Only its place differs: that is an edit, too.
            _keep_place(tree, theme.key, user_id=user_id, now=now)
    moving = [theme.key for theme in (*plan.having("add"), *changes)]
    for key in moving:
        if drafts[key].parent != tree.parent_key(tree.by_key[key]):
            tree.by_key[key].parent_id = None  # whatever order they come in, no circle between
    for key in moving:
        tree.put_under(tree.by_key[key], drafts[key].parent)


def _keep_place(tree: Tree, key: str, *, user_id: UUID | None, now: datetime) -> None:
    row = tree.by_key[key]
    keep_revision(tree, row, user_id=user_id, now=now)
    audit(
        tree.session, tree.workspace_id, "theme.changed",
        subject=row, actor_user_id=user_id, now=now, detail={"key": key, "fields": ["parent"]},
    )  # fmt: skip
