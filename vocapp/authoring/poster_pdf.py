"""The poster as a PDF of A4: one to hang up, or four of A6 to cut and lay out.

Latin letters are embedded. Japanese ones are not: the file names the font HeiseiKakuGo-W5 of
Adobe-Japan1, for which viewers and printers put in the Japanese font they have.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import groupby
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from vocapp.authoring.poster_words import lines, runs, tidied

_JAPANESE = "HeiseiKakuGo-W5"
_LATIN = {False: "Vera", True: "VeraBd"}
_LEADING = 1.35
_SHRUNK = 0.95


@dataclass(frozen=True, slots=True)
class Sheet:
    """What stands on a poster. code: rows of modules with their quiet zone, 1 where dark."""

    language: str
    sender: str
    heading: str
    question: str
    how: str
    either: str
    short_url: str
    code_url: str
    code: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Look:
    """Lengths in points."""

    width: float
    height: float
    margin: float
    gap: float
    code: float
    sender: float
    heading: float
    question: float
    small: float
    url: float


_WHOLE = _Look(
    width=A4[0], height=A4[1], margin=18 * mm, gap=9 * mm, code=120 * mm,
    sender=16, heading=34, question=20, small=15, url=12,
)  # fmt: skip
_QUARTER = _Look(
    width=A4[0] / 2, height=A4[1] / 2, margin=9 * mm, gap=4.5 * mm, code=52 * mm,
    sender=9, heading=17, question=11, small=9, url=8,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Text:
    lines: list[str]
    size: float
    bold: bool

    @property
    def height(self) -> float:
        return len(self.lines) * self.size * _LEADING


def drawn(sheet: Sheet, *, four_to_a_sheet: bool = False) -> bytes:
    """The file, the same for the same sheet, of whose words nothing is `not_settable`."""
    _register_fonts()
    look, file = _QUARTER if four_to_a_sheet else _WHOLE, BytesIO()
    canvas = Canvas(file, pagesize=A4, invariant=1, lang=sheet.language)
    canvas.setTitle(f"{sheet.heading} · {sheet.sender}")
    canvas.setAuthor(sheet.sender)
    above, below = _fitting(sheet, look)
    across, down = round(A4[0] / look.width), round(A4[1] / look.height)
    for place in range(across * down):
        canvas.saveState()
        canvas.translate(place % across * look.width, place // across * look.height)
        _draw(canvas, sheet, look, above, below)
        canvas.restoreState()
    if across > 1:
        _draw_cuts(canvas, look)
    canvas.save()
    return file.getvalue()


def _fitting(sheet: Sheet, look: _Look) -> tuple[list[_Text], list[_Text]]:
    """The texts above and below the code, in letters small enough that all is on the poster."""
    room = look.height - 2 * look.margin - look.code
    scale = 1.0
    while True:
        above = [
            _set(sheet, look, sheet.sender, look.sender * scale, bold=True),
            _set(sheet, look, sheet.heading, look.heading * scale, bold=True),
            _set(sheet, look, sheet.question, look.question * scale),
        ]
        below = [
            _set(sheet, look, sheet.how, look.small * scale),
            _set_link(sheet, look, look.url * scale),
        ]
        texts = above + below
        if sum(each.height for each in texts) + len(texts) * look.gap <= room:
            return above, below
        scale *= _SHRUNK


def _set(sheet: Sheet, look: _Look, text: str, size: float, *, bold: bool = False) -> _Text:
    def width(line: str) -> float:
        return _width(line, sheet.language, size, bold=bold)

    return _Text(lines(tidied(text), width, look.width - 2 * look.margin), size, bold)


def _set_link(sheet: Sheet, look: _Look, size: float) -> _Text:
    """The link whole, as nobody should have to guess where it goes on."""
    room, either = look.width - 2 * look.margin, tidied(sheet.either)
    line = f"{either} {sheet.short_url}"
    if _width(line, sheet.language, size, bold=False) <= room:
        return _Text([line], size, bold=False)
    wide = _width(sheet.short_url, sheet.language, size, bold=False)
    return _Text([either, sheet.short_url], size * min(1, room / wide), bold=False)


def _draw(canvas: Any, sheet: Sheet, look: _Look, above: list[_Text], below: list[_Text]) -> None:
    """All in the middle, from the top; the origin is the poster's lower left corner."""
    texts = above + below
    used = sum(each.height for each in texts) + len(texts) * look.gap + look.code
    top = (look.height + used) / 2
    for text in above:
        _draw_text(canvas, sheet.language, look, text, top)
        top -= text.height + look.gap
    left = (look.width - look.code) / 2
    _draw_code(canvas, sheet.code, left, top, look.code)
    corners = (left, top - look.code, left + look.code, top)
    canvas.linkURL(sheet.code_url, corners, relative=1)
    top -= look.code + look.gap
    for text in below:
        _draw_text(canvas, sheet.language, look, text, top)
        top -= text.height + look.gap


def _draw_text(canvas: Any, language: str, look: _Look, text: _Text, top: float) -> None:
    for number, line in enumerate(text.lines):
        left = (look.width - _width(line, language, text.size, bold=text.bold)) / 2
        words = canvas.beginText(left, top - (number * _LEADING + 1) * text.size)
        for script, piece in runs(line, language):
            words.setFont(_font(script, bold=text.bold), text.size)
            words.textOut(piece)
        canvas.drawText(words)


def _draw_code(
    canvas: Any, code: Iterable[Iterable[int]], left: float, top: float, side: float
) -> None:
    """One path of rectangles, so that no hair of white stands between modules."""
    rows = [list(row) for row in code]
    module, path = side / len(rows), canvas.beginPath()
    for y, row in enumerate(rows):
        for dark, cells in groupby(range(len(row)), key=row.__getitem__):
            columns = list(cells)
            if dark:
                path.rect(
                    left + columns[0] * module,
                    top - (y + 1) * module,
                    len(columns) * module,
                    module,
                )
    canvas.drawPath(path, stroke=0, fill=1)


def _draw_cuts(canvas: Any, look: _Look) -> None:
    canvas.setStrokeGray(0.7)
    canvas.setLineWidth(0.4)
    canvas.setDash(3, 3)
    canvas.line(look.width, 0, look.width, A4[1])
    canvas.line(0, look.height, A4[0], look.height)


def _width(line: str, language: str, size: float, *, bold: bool) -> float:
    return float(
        sum(
            pdfmetrics.stringWidth(piece, _font(script, bold=bold), size)
            for script, piece in runs(line, language)
        )
    )


def _font(script: str, *, bold: bool) -> str:
    return _JAPANESE if script == "japanese" else _LATIN[bold]


@cache
def _register_fonts() -> None:
    for name in _LATIN.values():
        pdfmetrics.registerFont(TTFont(name, f"{name}.ttf"))
    pdfmetrics.registerFont(UnicodeCIDFont(_JAPANESE))
