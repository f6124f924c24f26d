"""Pages: the look of a workspace and of a survey; and the style sheet that a look becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import floor
from typing import Any
from uuid import UUID

from flask import Blueprint, Response, redirect, render_template, request, url_for

from surveys.contrast import WHITE, contrast
from surveys.look import (
    DARK_GROUND,
    LIGHT_GROUND,
    USUAL_CORNERS,
    USUAL_FONT,
    Look,
    LookError,
    Shades,
    checked,
    from_query,
    page_css,
    preview_css,
    used_shades,
)
from vocapp.authoring.look import queries, service
from vocapp.authoring.queries import SurveySummary, survey_by_key
from vocapp.database import utcnow
from vocapp.problems import BadInput
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.ui import notice
from vocapp.workspaces.access import anyone, current_user, current_workspace, signed_in

blueprint = Blueprint("look", __name__, template_folder="../templates")

_FIELDS = ("colour", "dark_colour", "corners", "font")
_YEAR_S = 365 * 24 * 3600
_CORNERS = {"square": _l("Square"), "rounded": _l("Rounded"), "round": _l("Very round")}
_FONTS = {
    "system": _l("That of the reader's device"),
    "universal": _l("Wide and plain, easy to tell apart (UD gothic)"),
    "rounded": _l("Rounded (maru gothic)"),
    "serif": _l("With serifs (mincho)"),
}


@blueprint.get("/look.css")
@anyone
def sheet() -> Response:
    """The style sheet of a look, all of which stands in the address: nothing is looked up, and
    nothing of a workspace is told.

    With the fingerprint of what it is today it stays in caches for good; a page from before an
    update asks for another one, gets today's, and asks again next time.
    """
    try:
        look = from_query(request.args)
    except LookError as exc:
        raise BadInput.of(exc.field, exc.message) from exc
    css = preview_css(look) if request.args.get("of") == "preview" else page_css(look)
    response = Response(css, mimetype="text/css")
    is_current = request.args.get("v") == queries.fingerprint(css)
    response.headers["Cache-Control"] = (
        f"public, max-age={_YEAR_S}, immutable" if is_current else "public, no-cache"
    )
    return response


# --- choosing ---------------------------------------------------------------------------------


@dataclass
class Form:
    """typed: by the name of a field; errors: in words, by the same names."""

    typed: Mapping[str, str]
    errors: dict[str, str] = field(default_factory=dict)

    def read(self) -> Look | None:
        """None where something is wrong, which `errors` then says."""
        said = {name: self.typed.get(name, "").strip() for name in _FIELDS}
        corners, font = said["corners"] or USUAL_CORNERS, said["font"] or USUAL_FONT
        wished = Look(said["colour"] or None, said["dark_colour"] or None, corners, font)
        words = {
            "colour": _("Write a colour such as #1c5fd0."),
            "dark_colour": _("Write a colour such as #1c5fd0, and one for light pages as well."),
            "corners": _("Choose one of these."),
            "font": _("Choose one of these."),
        }
        try:
            return checked(wished)
        except LookError as exc:
            self.errors[exc.field] = words[exc.field]
            return None


@blueprint.route("/settings/look", methods=["GET", "POST"])
@signed_in("admin")
def workspace_look() -> Any:
    """Colour, corners and font of all that respondents see."""
    return _look_page(None)


@blueprint.post("/settings/look/reset")
@signed_in("admin")
def reset_workspace_look() -> Any:
    _reset(None)
    notice(_("The look is the usual one again."))
    return redirect(url_for(".workspace_look"), 303)


@blueprint.route("/surveys/<key>/look", methods=["GET", "POST"])
@signed_in("product")
def survey_look(key: str) -> Any:
    """The same for one survey, where it is not to look as the others."""
    return _look_page(survey_by_key(current_workspace.id, key))


@blueprint.post("/surveys/<key>/look/reset")
@signed_in("product")
def reset_survey_look(key: str) -> Any:
    _reset(survey_by_key(current_workspace.id, key).id)
    notice(_("The survey looks as the workspace again."))
    return redirect(url_for(".survey_look", key=key), 303)


def _reset(survey_id: UUID | None) -> None:
    service.reset_look(current_workspace.id, survey_id, actor_user_id=current_user.id, now=utcnow())


def _look_page(survey: SurveySummary | None) -> Any:
    survey_id = survey.id if survey else None
    stored = queries.look_of(current_workspace.id, survey_id)
    if request.method != "POST":
        return _shown(survey, Form(request.args if _is_tried() else _typed(stored)), stored), 200
    form = Form(request.form)
    look = form.read()
    if look is None:
        return _shown(survey, form, stored), BadInput.status
    service.choose_look(
        current_workspace.id, survey_id, look, actor_user_id=current_user.id, now=utcnow()
    )
    notice(_("The look has been saved."))
    return redirect(request.path, 303)


def _is_tried() -> bool:
    """Whether the page is asked how something would look, which script does while somebody
    types."""
    return any(name in request.args for name in _FIELDS)


def _typed(look: Look) -> dict[str, str]:
    return {name: value or "" for name, value in asdict(look).items()}


def _shown(survey: SurveySummary | None, form: Form, stored: Look) -> str:
    look = form.read() or stored
    own = queries.own_look(current_workspace.id, survey.id if survey else None)
    return render_template(
        "authoring/look.html",
        survey=survey,
        form=form,
        is_own=own is not None,
        corners=_CORNERS.items(),
        fonts=_FONTS.items(),
        preview_url=queries.preview_url(look),
        grounds=_grounds(look),
    )


# --- what becomes of a colour -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ground:
    """An example on light or on dark. words: what becomes of the colour there."""

    name: str
    label: str
    used: Shades | None
    words: tuple[str, ...]


def _grounds(look: Look) -> tuple[Ground, Ground]:
    light, dark = used_shades(look) or (None, None)
    return (
        Ground("light", _("On light"), light, (light and _on_light(light)) or ()),
        Ground("dark", _("On dark"), dark, (dark and _on_dark(dark)) or ()),
    )


def _on_light(used: Shades) -> tuple[str, ...]:
    said = {"colour": used.fill, "ratio": ratio_words(used.fill, LIGHT_GROUND)}
    return _fill_words(used), (
        _("%(colour)s on white reaches %(ratio)s:1 and is used as it is.", **said)
        if used.text == used.fill
        else _("%(colour)s on white reaches %(ratio)s:1; it is used as %(text)s for text.",
               text=used.text, **said)
        if used.edge == used.fill
        else _("%(colour)s on white reaches %(ratio)s:1; it is used as %(text)s for text, and as "
               "%(edge)s for edges and marks.", text=used.text, edge=used.edge, **said)
    )  # fmt: skip


def _on_dark(used: Shades) -> tuple[str, ...]:
    said = {"colour": used.fill, "ratio": ratio_words(used.fill, DARK_GROUND)}
    return _fill_words(used), (
        _("%(colour)s on dark reaches %(ratio)s:1 and is used as it is.", **said)
        if used.text == used.fill
        else _("%(colour)s on dark reaches %(ratio)s:1; it is used as %(text)s for text.",
               text=used.text, **said)
        if used.edge == used.fill
        else _("%(colour)s on dark reaches %(ratio)s:1; it is used as %(text)s for text, and as "
               "%(edge)s for edges and marks.", text=used.text, edge=used.edge, **said)
    )  # fmt: skip


def _fill_words(used: Shades) -> str:
    said = {"colour": used.fill, "ratio": ratio_words(used.fill, used.on_fill)}
    if used.on_fill == WHITE:
        return _("Buttons are %(colour)s with white words: %(ratio)s:1.", **said)
    return _("Buttons are %(colour)s with black words: %(ratio)s:1.", **said)


def ratio_words(one: str, other: str) -> str:
    """A contrast cut to a tenth, so that what falls short of 4.5 is not said to reach it.

    >>> ratio_words("#777777", "#ffffff")
    '4.4'
    """
    return f"{floor(contrast(one, other) * 10) / 10:.1f}"
