"""How what respondents see looks: a colour, corners and a font, and what becomes of them.

The colour is kept as it was chosen and fills buttons and the chosen number as it is, with black or
white on it, whichever can be read. Where it has to be seen on the ground of a page, as an edge or
as text, the nearest one that can be seen stands for it (`surveys/contrast.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.contrast import CONTROL_RATIO, TEXT_RATIO, WHITE, read_colour, repaired, text_on

LIGHT_GROUND = WHITE
# The lightest dark ground that anything stands on: what is seen there is seen on the darker ones
# of the widget and of mails.
DARK_GROUND = "#181d23"
CORNERS_PX = {"square": 0, "rounded": 8, "round": 18}
# Nothing is fetched: each begins with what Apple, Windows and Android have, Latin before Japanese,
# as a Japanese font would draw Latin letters as well.
FONTS = {
    "system": "",
    "universal": (
        'Verdana, "BIZ UDPGothic", "Hiragino Sans", "UD Digi Kyokasho NP-R", "Noto Sans JP", '
        '"Noto Sans CJK JP", sans-serif'
    ),
    "rounded": (
        'ui-rounded, "Arial Rounded MT Bold", "Hiragino Maru Gothic ProN", "Kosugi Maru", '
        '"M PLUS Rounded 1c", "BIZ UDPGothic", "Noto Sans CJK JP", sans-serif'
    ),
    "serif": (
        'ui-serif, Georgia, "Hiragino Mincho ProN", "Yu Mincho", "BIZ UDPMincho", '
        '"Noto Serif JP", "Noto Serif CJK JP", serif'
    ),
}
USUAL_CORNERS, USUAL_FONT = "rounded", "system"


class LookError(ValueError):
    """A look that cannot be. field: colour, dark_colour, corners or font."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True)
class Look:
    """As it was chosen. colour: None is the product's own. dark_colour: None is `colour`."""

    colour: str | None = None
    dark_colour: str | None = None
    corners: str = USUAL_CORNERS
    font: str = USUAL_FONT


USUAL = Look()


@dataclass(frozen=True, slots=True)
class Shades:
    """What a colour becomes on one ground: fill and what is written on it, edges and marks,
    text."""

    fill: str
    on_fill: str
    edge: str
    text: str


def checked(look: Look) -> Look:
    """The same with colours in one form. Raises LookError for the first field that cannot be.

    >>> checked(Look(colour="FD0")).colour
    '#ffdd00'
    """
    if look.corners not in CORNERS_PX:
        raise LookError("corners", f"one of {', '.join(CORNERS_PX)}, got {look.corners!r}")
    if look.font not in FONTS:
        raise LookError("font", f"one of {', '.join(FONTS)}, got {look.font!r}")
    colours = {name: _colour(name, getattr(look, name)) for name in ("colour", "dark_colour")}
    if colours["dark_colour"] and not colours["colour"]:
        raise LookError("dark_colour", "needs a colour for light pages as well")
    return Look(**colours, corners=look.corners, font=look.font)


def _colour(field: str, written: str | None) -> str | None:
    if not (written or "").strip():
        return None
    found = read_colour(written or "")
    if found is None:
        raise LookError(field, f"expected a colour such as #1c5fd0, got {written!r}")
    return found


def shades(colour: str, ground: str) -> Shades:
    """
    >>> shades("#ffd400", LIGHT_GROUND).on_fill
    '#000000'
    """
    return Shades(
        fill=colour,
        on_fill=text_on(colour),
        edge=repaired(colour, on=ground, ratio=CONTROL_RATIO),
        text=repaired(colour, on=ground, ratio=TEXT_RATIO),
    )


def used_shades(look: Look) -> tuple[Shades, Shades] | None:
    """On light and on dark; None where the colours are the product's own."""
    if look.colour is None:
        return None
    dark = look.dark_colour or look.colour
    return shades(look.colour, LIGHT_GROUND), shades(dark, DARK_GROUND)


# --- as style sheets: custom properties, and each place says what it does with them -----------


def page_css(look: Look) -> str:
    """For the pages of respondents, after their own sheets."""
    light, dark = _properties(look, "--brand", "--on-brand", "--brand-edge", "--brand-text")
    shape = _shape(look, "--radius-m", "--font")
    if light:
        # As edges: what has the focus is seen on the page.
        light, dark = f"{light};--focus:var(--brand-edge)", f"{dark};--focus:var(--brand-edge)"
    # Twice, to outweigh the dark colours of the page's own sheets.
    return _sheet(":root:root", light, dark, shape)


def widget_css(look: Look) -> str:
    """For the frame of the widget; empty for the product's own look."""
    light, dark = _properties(look, "--accent", "--on-accent", "--edge", "")
    sheet = _sheet(".box,.handle", light, dark, _shape(look, "--corner", "font-family"))
    frame = {"square": ".box{border-radius:0}", "round": ".box{border-radius:26px}"}
    return sheet + frame.get(look.corners, "")


def preview_css(look: Look) -> str:
    """For two examples on one page, one of them on a dark ground whatever the reader prefers."""
    light, dark = _properties(look, "--brand", "--on-brand", "--brand-edge", "--brand-text")
    shape = _shape(look, "--brand-radius", "--brand-font")
    return _rule(".look-light", light, shape) + _rule(".look-dark", dark, shape)


def _properties(look: Look, fill: str, on_fill: str, edge: str, text: str) -> tuple[str, str]:
    """Declarations for light and for dark; a name that is empty is left out."""
    used = used_shades(look)
    if used is None:
        return "", ""
    light, dark = (
        ";".join(
            f"{name}:{value}"
            for name, value in (
                (fill, each.fill), (on_fill, each.on_fill), (edge, each.edge), (text, each.text),
            )
            if name
        )
        for each in used
    )  # fmt: skip
    return light, dark


def _shape(look: Look, corner: str, font: str) -> str:
    said = []
    if look.corners != USUAL_CORNERS:
        said.append(f"{corner}:{CORNERS_PX[look.corners]}px")
    if look.font != USUAL_FONT:
        said.append(f"{font}:{FONTS[look.font]}")
    return ";".join(said)


def _sheet(selector: str, light: str, dark: str, shape: str) -> str:
    dark_rule = _rule(selector, dark)
    query = f"@media screen and (prefers-color-scheme:dark){{{dark_rule}}}" if dark_rule else ""
    return _rule(selector, light, shape) + query


def _rule(selector: str, *declarations: str) -> str:
    said = ";".join(each for each in declarations if each)
    return f"{selector}{{{said}}}" if said else ""


# --- in an address ------------------------------------------------------------------------------


def to_query(look: Look) -> dict[str, str]:
    """What differs from the usual, for an address that names its content.

    >>> to_query(Look("#ffd400", corners="round"))
    {'colour': 'ffd400', 'corners': 'round'}
    """
    named = {
        "colour": (look.colour or "").removeprefix("#"),
        "dark_colour": (look.dark_colour or "").removeprefix("#"),
        "corners": "" if look.corners == USUAL_CORNERS else look.corners,
        "font": "" if look.font == USUAL_FONT else look.font,
    }
    return {name: value for name, value in named.items() if value}


def from_query(query: Mapping[str, str]) -> Look:
    """What `to_query` told. Raises LookError.

    >>> from_query({"colour": "ffd400"}) == Look("#ffd400")
    True
    """
    return checked(
        Look(
            query.get("colour"), query.get("dark_colour"),
            query.get("corners") or USUAL_CORNERS, query.get("font") or USUAL_FONT,
        )
    )  # fmt: skip
