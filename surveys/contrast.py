"""Whether colours can be told apart, and the nearest ones that can.

Luminance and contrast are those of WCAG 2.2 (W3C Recommendation, 12 December 2024, "relative
luminance" and "contrast ratio"); 1.4.3 asks 4.5 of text, 1.4.11 asks 3 of what a control is known
by. A colour is made lighter or darker in OKLCH (Björn Ottosson, "A perceptual color space for
image processing", 2020) and not in HSL: HSL's lightness is no lightness to the eye, and its blues
turn purple on the way to white. Chroma goes only as far as sRGB cannot show it.

Colours are texts `#rrggbb` in small letters.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import atan2, cos, hypot, sin

TEXT_RATIO = 4.5
CONTROL_RATIO = 3.0
WHITE, BLACK = "#ffffff", "#000000"
_WRITTEN = re.compile(r"#?([0-9a-f]{6}|[0-9a-f]{3})", re.ASCII)
_HALVINGS = 12  # to 1/4096 of the way from black to white, finer than what 8 bits can say

Triple = tuple[float, float, float]


def read_colour(written: str) -> str | None:
    """A colour as people write it, in one form; None where it is none.

    >>> read_colour(" FD0 "), read_colour("#1C5FD0"), read_colour("yellow")
    ('#ffdd00', '#1c5fd0', None)
    """
    found = _WRITTEN.fullmatch(written.strip().lower())
    if found is None:
        return None
    digits = found[1]
    return "#" + (digits if len(digits) == 6 else "".join(digit * 2 for digit in digits))


def luminance(colour: str) -> float:
    """Relative luminance: 0 for black, 1 for white.

    >>> luminance("#ffffff"), luminance("#000000")
    (1.0, 0.0)
    """
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, from 1 (the same) to 21 (black and white), whichever comes first.

    >>> round(contrast("#777777", "#ffffff"), 2)
    4.48
    """
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(colour: str) -> str:
    """White if it can be read there, else black: one of them always reaches 4.58, the root of 21.

    >>> text_on("#1c5fd0"), text_on("#ffd400")
    ('#ffffff', '#000000')
    """
    return WHITE if contrast(WHITE, colour) >= TEXT_RATIO else BLACK


@lru_cache(maxsize=1024)
def repaired(colour: str, *, on: str, ratio: float) -> str:
    """The nearest colour of the same hue that has this contrast on a ground.

    1. A colour that has it is returned as it is.
    2. Towards white and towards black, where these have it: the way is halved until its two ends
       are one lightness, of which the far one has the contrast.
    3. Of the two the one that is nearer in lightness.

    Raises ValueError where neither black nor white has it (above 4.58 there are such grounds).

    >>> repaired("#ffd400", on="#ffffff", ratio=4.5)
    '#8d7400'
    """
    if contrast(colour, on) >= ratio:
        return colour
    ends = [end for end, extreme in ((1.0, WHITE), (0.0, BLACK)) if contrast(extreme, on) >= ratio]
    if not ends:
        raise ValueError(f"nothing has a contrast of {ratio} on {on}")
    begin = _oklch(colour)
    found = [_first_that_can(begin, end, on=on, ratio=ratio) for end in ends]
    return min(found, key=lambda each: abs(each[0] - begin[0]))[1]


def _first_that_can(
    begin: Triple, end: float, *, on: str, ratio: float
) -> tuple[float, str]:  # fmt: skip
    """Lightness and colour; `far` has the contrast from the first step to the last."""
    near, far = begin[0], end
    _, chroma, hue = begin
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if contrast(_shown(middle, chroma, hue), on) >= ratio:
            far = middle
        else:
            near = middle
    return far, _shown(far, chroma, hue)


def hue_and_chroma(colour: str) -> tuple[float, float]:
    """Hue in radians and chroma, of OKLCH; greys have a chroma near 0 and no hue to speak of."""
    _, chroma, hue = _oklch(colour)
    return hue, chroma


def _linear(colour: str) -> Triple:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def _oklch(colour: str) -> Triple:
    """Lightness 0 to 1, chroma, hue in radians."""
    red, green, blue = _linear(colour)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, hypot(a, b), atan2(b, a)


def _linear_of(lightness: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _shown(lightness: float, chroma: float, hue: float) -> str:
    """The colour in 8 bits, with as much of its chroma as sRGB has at this lightness."""
    if not _is_within(_linear_of(lightness, chroma, hue)):
        least, most = 0.0, chroma
        for _ in range(_HALVINGS):
            middle = (least + most) / 2
            if _is_within(_linear_of(lightness, middle, hue)):
                least = middle
            else:
                most = middle
        chroma = least
    return "#" + "".join(f"{_byte(part):02x}" for part in _linear_of(lightness, chroma, hue))


def _is_within(parts: Triple) -> bool:
    return all(-1e-4 <= part <= 1 + 1e-4 for part in parts)


def _byte(part: float) -> int:
    part = min(1.0, max(0.0, part))
    return round(255 * (part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055))
