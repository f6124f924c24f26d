"""The pages of the taxonomy editor, for product managers and administrators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.datastructures import ImmutableMultiDict

from nlp.taxonomy import LANGUAGES
from vocapp import ui
from vocapp.database import snapshot, utcnow
from vocapp.problems import BadInput, Conflict, FieldError
from vocapp.signing import BadToken, sign, unsign
from vocapp.translating import gettext as _
from vocapp.understanding.service import make_sure_of_themes
from vocapp.understanding.taxonomy import exchange, merging, queries, service, splitting, trying
from vocapp.understanding.taxonomy.drafts import LISTS, Draft, differences
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_user, current_workspace, signed_in

blueprint = Blueprint("taxonomy", __name__, url_prefix="/themes/edit")
_TREE = "taxonomy.show_tree"
_LEARNING = "/themes/learning"
_LONGEST_UNDO = 1500  # characters; it travels in a cookie
_SLOTS = 4  # new themes of one split
_MOST_GROUPS = 20  # that a form may speak of


@blueprint.context_processor
def _for_all_pages() -> dict[str, Any]:
    return {"in_language": text_in_language, "field_name": field_name, "pack_name": pack_name}


@blueprint.get("")
@signed_in("product")
def show_tree() -> str:
    """All themes in their tree, with what can be done to each."""
    make_sure_of_themes(current_workspace.id, now=utcnow())
    page = queries.tree_page(
        current_workspace.id, time_zone=current_workspace.time_zone, now=utcnow()
    )
    return render_template(
        "understanding/taxonomy/tree.html", page=page, days=queries.DAYS, retheme_url=retheme_url()
    )


def retheme_url() -> str | None:
    """Where the past can be themed anew; None where there is no such page."""
    known = any(rule.rule == _LEARNING for rule in current_app.url_map.iter_rules())
    return _LEARNING if known else None


# --- one theme --------------------------------------------------------------------------


def _draft_from(form: ImmutableMultiDict[str, str]) -> Draft:
    """What the form holds, unchecked."""

    def texts(name: str) -> dict[str, str]:
        return {each: form.get(f"{name}_{each}", "") for each in LANGUAGES}

    def lists(name: str) -> dict[str, tuple[str, ...]]:
        return {each: tuple(form.get(f"{name}_{each}", "").splitlines()) for each in LANGUAGES}

    return Draft(
        texts("label"), texts("description"), **{name: lists(name) for name in LISTS},
        parent=form.get("parent") or None,
    )  # fmt: skip


def _by_field(problem: BadInput) -> dict[str, str]:
    found: dict[str, str] = {}
    for error in problem.errors:
        found.setdefault(error.field, error.message)
    return found


@blueprint.route("/new", methods=["GET", "POST"])
@signed_in("product")
def new_theme() -> Any:
    """Write a theme of one's own."""
    make_sure_of_themes(current_workspace.id, now=utcnow())
    if request.method == "GET":
        return _theme_form(None, Draft(parent=request.args.get("under") or None))
    draft = _draft_from(request.form)
    try:
        if request.form.get("do") == "try":
            return _theme_form(None, draft, tried=_tried(None, draft))
        steps = service.add_theme(
            current_workspace.id, draft, user_id=current_user.id, now=utcnow()
        )
    except BadInput as problem:
        return _theme_form(None, draft, errors=_by_field(problem)), 422
    _say(_("The theme was added. New comments use it at once."), steps)
    return redirect(url_for(_TREE, _anchor=f"t-{steps[0][0]}"))


@blueprint.route("/t/<key>", methods=["GET", "POST"])
@signed_in("product")
def edit_theme(key: str) -> Any:
    """Words, rules and place of a theme, and what they would do to a comment."""
    theme = queries.theme_to_edit(current_workspace.id, key)
    if request.method == "GET":
        return _theme_form(theme, theme.draft)
    draft = _draft_from(request.form)
    revision = request.form.get("revision", type=int, default=0)
    try:
        if request.form.get("do") == "try":
            return _theme_form(theme, draft, revision=revision, tried=_tried(key, draft))
        steps = service.change_theme(
            current_workspace.id, key, draft,
            revision=revision, user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except BadInput as problem:
        page = _theme_form(theme, draft, revision=revision, errors=_by_field(problem))
        return page, 422
    except service.ChangedMeanwhile:
        theme = queries.theme_to_edit(current_workspace.id, key)
        return _theme_form(theme, draft, is_conflict=True), 409
    if steps:
        _say(_("Saved. New comments use it at once."), steps)
    else:
        ui.notice(_("Nothing was different."), kind="info")
    return redirect(url_for(_TREE, _anchor=f"t-{key}"))


def _tried(key: str | None, draft: Draft) -> trying.Tried | None:
    text = request.form.get("comment", "")
    if not text.strip():
        raise BadInput.of("comment", _("Paste a comment first."))
    return trying.try_comment(current_workspace.id, text, key=key, draft=draft)


def _theme_form(
    theme: queries.ThemeToEdit | None,
    draft: Draft,
    *,
    revision: int | None = None,
    errors: Mapping[str, str] | None = None,
    tried: trying.Tried | None = None,
    is_conflict: bool = False,
) -> str:
    """The form as it was filled in; a conflict takes over the revision, so that saving again
    writes over what is then shown as theirs."""
    parents = theme.parents if theme else queries.themes_in_use(current_workspace.id)
    theirs = differences(draft, theme.draft) if theme and is_conflict else []
    return render_template(
        "understanding/taxonomy/theme.html",
        theme=theme,
        draft=draft,
        revision=theme.revision if theme and revision is None else revision,
        errors=errors or {},
        tried=tried,
        comment=request.form.get("comment", ""),
        parents=[("", _("Nothing, it stands at the top")), *(
            (key, text_in_language(dict(label))) for key, label in parents
        )],
        theirs=[(name, _shown_value(theme.draft, name)) for name in theirs if theme],
        retheme_url=retheme_url(),
    )  # fmt: skip


def _shown_value(draft: Draft, field: str) -> str:
    if field == "parent":
        return draft.parent or "–"
    name, language = field.rsplit("_", 1)
    value = getattr(draft, name)[language]
    return ("、" if language == "ja" else ", ").join(value) if name in LISTS else value or "–"


def field_name(field: str) -> str:
    """A field of a theme in words: `rules_ja`, of an import also plain `rules`."""
    name, _mark, language = field.rpartition("_")
    if language not in LANGUAGES or not name:
        name, language = field, ""
    words = {
        "label": _("Name"), "description": _("Description"), "keywords": _("Keywords"),
        "rules": _("Rules"), "exclusions": _("Exclusions"), "parent": _("Stands under"),
        "key": _("Key"),
    }.get(name, field)  # fmt: skip
    tongue = {"en": _("English"), "ja": _("Japanese")}.get(language)
    return f"{words} ({tongue})" if tongue else words


@blueprint.post("/t/<key>/archive")
@signed_in("product")
def archive(key: str) -> Any:
    """Take a theme out of use."""
    revision = request.form.get("revision", type=int, default=0)
    try:
        steps = service.archive_theme(
            current_workspace.id, key, revision=revision, user_id=current_user.id, now=utcnow()
        )
    except Conflict as problem:
        ui.notice(problem.detail, kind="error")
    else:
        _say(_("Archived. It is not assigned or shown any more, and its past is kept."), steps)
    return redirect(url_for(_TREE))


@blueprint.post("/t/<key>/restore")
@signed_in("product")
def restore(key: str) -> Any:
    """Put a theme back into use."""
    try:
        steps = service.restore_theme(
            current_workspace.id, key, user_id=current_user.id, now=utcnow()
        )
    except Conflict as problem:
        ui.notice(problem.detail, kind="error")
    else:
        _say(_("Restored, with the comments that it had."), steps)
    return redirect(url_for(_TREE, _anchor=f"t-{key}"))


def _say(text: str, steps: service.Steps) -> None:
    """Tell what was done, with a button that takes it back."""
    token = sign("undo", {"themes": [list(step) for step in steps]})
    may_undo = steps and len(token) <= _LONGEST_UNDO
    ui.notice(text, undo_url=url_for("taxonomy.undo", token=token) if may_undo else None)


@blueprint.post("/undo")
@signed_in("product")
def undo() -> Any:
    """Take the last action on themes back."""
    try:
        steps = tuple(
            (str(key), int(revision))
            for key, revision in unsign("undo", request.args.get("token", ""))["themes"]
        )
    except (BadToken, TypeError, KeyError, ValueError):
        abort(404)
    try:
        service.take_back(current_workspace.id, steps, user_id=current_user.id, now=utcnow())
    except (Conflict, BadInput) as problem:
        ui.notice(problem.detail, kind="error")
    else:
        ui.notice(_("Undone. The themes are as they were before."))
    return redirect(url_for(_TREE))


# --- merge and split --------------------------------------------------------------------


@blueprint.route("/t/<key>/merge", methods=["GET", "POST"])
@signed_in("product")
def merge(key: str) -> Any:
    """Choose where a theme's comments go, and see how many do."""
    theme = queries.theme_to_edit(current_workspace.id, key)
    target = request.values.get("target", "")
    error = None
    if request.method == "POST":
        try:
            merge_id = merging.merge_themes(
                current_workspace.id, key, target,
                source_revision=request.form.get("revision", type=int, default=0),
                user_id=current_user.id, now=utcnow(),
            )  # fmt: skip
        except BadInput as problem:
            error = problem.errors[0].message
        except Conflict as problem:
            ui.notice(problem.detail, kind="error")
            return redirect(url_for("taxonomy.merge", key=key, target=target))
        else:
            ui.notice(
                _("The themes are being merged."),
                undo_url=url_for("taxonomy.undo_merge", merge_id=merge_id),
            )
            return redirect(url_for(_TREE))
    others = {
        other: text_in_language(dict(label))
        for other, label in queries.themes_in_use(current_workspace.id)
        if other != key
    }
    page = render_template(
        "understanding/taxonomy/merge.html",
        theme=theme,
        others=[("", _("Choose a theme")), *others.items()],
        target=target,
        target_label=others.get(target),
        overlap=_overlap(key, target) if target in others else None,
        error=error,
    )
    return (page, 422) if error else page


def _overlap(source: str, target: str) -> merging.Overlap:
    with snapshot() as session:
        tree = queries.read_tree(session, current_workspace.id)
        return merging.overlap_of(
            session, current_workspace.id, tree.theme(source), tree.theme(target)
        )


@blueprint.post("/merges/<uuid:merge_id>/undo")
@signed_in("product")
def undo_merge(merge_id: UUID) -> Any:
    """Bring a merged theme and its comments back."""
    try:
        merging.undo_merge(current_workspace.id, merge_id, user_id=current_user.id, now=utcnow())
    except Conflict as problem:
        ui.notice(problem.detail, kind="error")
    else:
        ui.notice(_("The merge is being undone."))
    return redirect(url_for(_TREE))


@blueprint.route("/t/<key>/split", methods=["GET", "POST"])
@signed_in("product")
def split(key: str) -> Any:
    """Groups within a theme's comments, and the new themes that they make."""
    theme = queries.theme_to_edit(current_workspace.id, key)
    looked_at, proposals = splitting.propose_split(current_workspace.id, key)
    errors: Mapping[str, str] = {}
    if request.method == "POST":
        try:
            steps = splitting.split_theme(
                current_workspace.id, key, _parts(request.form),
                beneath=request.form.get("place") != "beside",
                revision=request.form.get("revision", type=int, default=0),
                user_id=current_user.id, now=utcnow(),
            )  # fmt: skip
        except BadInput as problem:
            errors = _by_slot(problem)
        except Conflict as problem:
            errors = {"parts": problem.detail}
        else:
            _say(_("The new themes are there, and the examples are labels to learn from."), steps)
            return redirect(url_for(_TREE, _anchor=f"t-{steps[0][0]}"))
    page = render_template(
        "understanding/taxonomy/split.html",
        theme=theme, looked_at=looked_at, proposals=proposals, slots=range(1, _SLOTS + 1),
        form=request.form, errors=errors,
    )  # fmt: skip
    return (page, 422) if errors else page


def _slots(form: ImmutableMultiDict[str, str]) -> list[int]:
    """The new themes that somebody named, or sent a group to."""
    sent_to = {value for name, value in form.items() if name.startswith("to-")}

    def is_named(slot: int) -> bool:
        return any(form.get(f"label_{each}-{slot}", "").strip() for each in LANGUAGES)

    return [slot for slot in range(1, _SLOTS + 1) if str(slot) in sent_to or is_named(slot)]


def _parts(form: ImmutableMultiDict[str, str]) -> list[splitting.Part]:
    """A part for each new theme, with the examples and telling words of its groups."""
    groups = range(min(form.get("groups", type=int, default=0), _MOST_GROUPS))
    found = []
    for slot in _slots(form):
        mine = [n for n in groups if form.get(f"to-{n}") == str(slot)]

        def words(name: str, mine: list[int] = mine) -> tuple[str, ...]:
            return tuple(word for n in mine for word in form.get(f"{name}-{n}", "").splitlines())

        draft = Draft(
            label={each: form.get(f"label_{each}-{slot}", "") for each in LANGUAGES},
            description={each: form.get(f"description_{each}-{slot}", "") for each in LANGUAGES},
            keywords={each: words(f"terms_{each}") for each in LANGUAGES},
        )
        examples = [each for n in mine for each in form.get(f"examples-{n}", "").split()]
        found.append(splitting.Part(draft, tuple(_ids(examples))))
    return found


def _ids(texts: list[str]) -> list[UUID]:
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        abort(400)


def _by_slot(problem: BadInput) -> dict[str, str]:
    """Errors of parts by the place in which they were typed."""
    slots = _slots(request.form)
    found: dict[str, str] = {}
    for error in problem.errors:
        number, _mark, name = error.field.partition(".")
        if name and number.isdigit():
            found.setdefault(f"{name}-{slots[int(number) - 1]}", error.message)
        else:
            found.setdefault("parts", error.message)
    return found


# --- trying -----------------------------------------------------------------------------


@blueprint.route("/try", methods=["GET", "POST"])
@signed_in("product")
def try_comment() -> Any:
    """Paste a comment and see what would happen. Nothing of it is kept."""
    text = request.form.get("comment", "")
    error = None
    tried = None
    if request.method == "POST":
        if text.strip():
            tried = trying.try_comment(current_workspace.id, text)
        else:
            error = _("Paste a comment first.")
    page = render_template(
        "understanding/taxonomy/try.html", comment=text, tried=tried, error=error
    )
    return (page, 422) if error else page


# --- in and out -------------------------------------------------------------------------


@blueprint.get("/export.<ending>")
@signed_in("product")
def export(ending: str) -> Response:
    """The themes in use as a file."""
    if ending not in {"json", "csv"}:
        abort(404)
    drafts = queries.drafts_in_use(current_workspace.id)
    text = exchange.as_json(drafts) if ending == "json" else exchange.as_csv(drafts)
    kind = "application/json" if ending == "json" else "text/csv"
    return Response(
        text, mimetype=kind,
        headers={"Content-Disposition": f'attachment; filename="themes.{ending}"'},
    )  # fmt: skip


@blueprint.route("/import", methods=["GET", "POST"])
@signed_in("product")
def import_themes() -> Any:
    """Choose or paste a file, look at what it would change, then do it."""
    if request.method == "GET":
        return _import_page("")
    make_sure_of_themes(current_workspace.id, now=utcnow())
    upload = request.files.get("file")
    content = upload.read() if upload and upload.filename else b""
    text = request.form.get("text", "")
    content = content or text.encode("utf-8", "replace")
    try:
        incoming = exchange.read_file(content)
        if request.form.get("do") == "import":
            steps = exchange.import_themes(
                current_workspace.id, content, state=request.form.get("state", ""),
                user_id=current_user.id, now=utcnow(),
            )  # fmt: skip
            if steps:
                _say(_("Imported. New comments use it at once."), steps)
            else:
                ui.notice(_("Nothing was different."), kind="info")
            return redirect(url_for(_TREE))
        with snapshot() as session:
            tree = queries.read_tree(session, current_workspace.id)
            plan = exchange.plan_import(tree, incoming)
    except BadInput as problem:
        shown = content.decode("utf-8-sig", "replace")
        return _import_page(shown, errors=problem.errors), 422
    except Conflict as problem:
        return _import_page(text, errors=(FieldError("file", problem.detail),)), 409
    return _import_page(content.decode("utf-8-sig"), plan=plan)


def _import_page(
    text: str, *, plan: exchange.Plan | None = None, errors: tuple[FieldError, ...] = ()
) -> str:
    rows = []
    for error in errors:
        row, _mark, name = error.field.partition(".")
        place = _("Row %(row)s, %(field)s", row=row, field=field_name(name)) if name else ""
        rows.append((place, error.message))
    return render_template(
        "understanding/taxonomy/import.html",
        text=text, plan=plan, errors=rows, fields=exchange.FIELDS,
    )  # fmt: skip


@blueprint.get("/packs")
@signed_in("product")
def packs() -> str:
    """The starter packs, and what each would add."""
    make_sure_of_themes(current_workspace.id, now=utcnow())
    return render_template(
        "understanding/taxonomy/packs.html", packs=queries.packs(current_workspace.id)
    )


@blueprint.post("/packs/<name>")
@signed_in("product")
def use_pack(name: str) -> Any:
    """Add the themes of a pack that are missing."""
    try:
        steps = service.use_pack(current_workspace.id, name, user_id=current_user.id, now=utcnow())
    except BadInput as problem:
        ui.notice(problem.errors[0].message, kind="error")
    else:
        _say(_("The themes of the pack were added. New comments use them at once."), steps)
    return redirect(url_for(_TREE))


def pack_name(name: str) -> str:
    """A starter pack in words."""
    return {
        "b2b_saas": _("Software for businesses (B2B SaaS)"),
        "e_commerce": _("E-commerce"),
        "hospitality": _("Hospitality"),
        "finance": _("Finance"),
    }.get(name, name)
