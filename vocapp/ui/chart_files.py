"""A chart with its words and numbers, and the files that people take away.

A page shows the picture, says what is in it (`words`) and has a table of its numbers. A file is
either the picture for paper (SVG, colours and sizes of its own, as it has no style sheet) or the
numbers (CSV). All come from one `Chart`, so a file never says more than the page.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from flask import Response, render_template

from vocapp.problems import NotFound
from vocapp.spreadsheets import csv_lines
from vocapp.ui import formats

CellKind = Literal[
    "text", "day", "score", "difference", "points", "count", "share", "percent", "p_value", "money"
]
Shape = Literal[
    "score", "trend", "distribution", "dots", "bars", "heat", "reliability", "bridge", "curves"
]

# The light tokens of static/css/tokens.css under the same names; a test compares them.
PAPER = {
    "surface": "#ffffff",
    "surface_sunken": "#eef0f2",
    "text": "#1a2027",
    "text_muted": "#55606d",
    "line": "#dce0e5",
    "line_strong": "#7c8794",
    "accent": "#0b6e6e",
    "promoter": "#2a6fb8",
    "passive": "#8b95a1",
    "detractor": "#d2691e",
}
WIDTH, MARGIN = 800, 24
_TITLE, _BODY = 17.0, 13.0  # px an em, as in templates/charts/paper.svg; the title is bold


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a chart's numbers, and how its cells are written on a page."""

    heading: str
    kind: CellKind = "text"

    @property
    def is_number(self) -> bool:
        return self.kind not in {"text", "day"}


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of numbers, apart from where it is shown.

    words: what the picture shows, in a sentence or two. source: of which answers it is. rows: the
    numbers as the page shows them, None where it shows none. values: what the drawing needs,
    beside `metric`; templates/charts/<shape>.svg says what. width: of the picture in
    px. urls: for each row where the answers that it counts are listed, if anywhere; of the first
    column of counts, or of each in turn. No rows: there is nothing to draw, and the words say why.
    """

    name: str
    title: str
    words: str
    shape: Shape
    metric: str
    columns: tuple[Column, ...] = ()
    rows: Sequence[Sequence[Any]] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    width: int = WIDTH
    urls: Sequence[str | Sequence[str | None] | None] = ()

    def cells(self, most: int) -> Iterator[list[tuple[str, str | None, bool]]]:
        """The first rows as the reader's language writes them: of each cell its text, where it
        leads, and whether it is a number."""
        counts = [place for place, column in enumerate(self.columns) if column.kind == "count"]
        urls = self.urls or [None] * len(self.rows)
        for row, url in zip(self.rows[:most], urls, strict=False):
            of_row = [url] if url is None or isinstance(url, str) else url
            leads = dict(zip(counts, of_row, strict=False))
            yield [
                (
                    written(value, column.kind, self.metric),
                    leads.get(place) if value else None,
                    column.is_number,
                )
                for place, (value, column) in enumerate(zip(row, self.columns, strict=True))
            ]


def written(value: Any, kind: CellKind, metric: str) -> str:
    """A cell of a chart's table; empty where there is nothing."""
    if value is None:
        return ""
    return _WRITE[kind](value, metric)


def _p_value(p: float) -> str:
    """To three digits, and never as nothing: by chance anything may happen."""
    return f"< {formats.number(0.001, 3)}" if p < 0.001 else formats.number(p, 3)


_WRITE: dict[CellKind, Callable[[Any, str], str]] = {
    "text": lambda text, _: str(text),
    "day": lambda day, _: formats.local_date(day),
    "score": formats.score_text,
    "difference": formats.difference_text,
    "points": lambda points, _: formats.signed_points(points),
    "count": lambda count, _: formats.number(count),
    "share": lambda share, _: formats.percent(share),
    "percent": lambda percent, _: formats.percent(percent / 100),
    "p_value": lambda p, _: _p_value(p),
    "money": lambda minor, currency: formats.money_minor(minor, currency),
}


# --- files --------------------------------------------------------------------------------


def chart_file(charts: Mapping[str, Chart], name: str, ending: str, *, stem: str) -> Response:
    """The chart of this name as a file called <stem>-<name>.<ending>. Raises NotFound."""
    make = {"svg": _svg, "csv": _csv}.get(ending)
    if name not in charts or make is None:
        raise NotFound("there is no such chart")
    response = make(charts[name])
    response.headers["Content-Disposition"] = f'attachment; filename="{stem}-{name}.{ending}"'
    return response


def _csv(chart: Chart) -> Response:
    table = [[column.heading for column in chart.columns], *chart.rows]
    return Response(csv_lines(table, bom=True), content_type="text/csv; charset=utf-8")


def _svg(chart: Chart) -> Response:
    room = chart.width - 2 * MARGIN
    picture = render_template(
        f"charts/{chart.shape if chart.rows else 'nothing'}.svg",
        chart=chart,
        metric=chart.metric,
        title_lines=wrapped(chart.title, room / _TITLE),
        word_lines=wrapped(chart.words, room / _BODY),
        source_lines=wrapped(chart.source, room / _BODY),
        paper=PAPER,
        shortened=shortened,
        width=chart.width,
        margin=MARGIN,
        **chart.values,
    )
    return Response(picture.strip(), content_type="image/svg+xml; charset=utf-8")


def wrapped(text: str, ems: float) -> list[str]:
    """Lines of at most about so many ems, as SVG breaks none by itself.

    An East Asian character is one em wide and another 0.62 on average, in the widest of the usual
    faces; between the former a line may end anywhere, else at blanks.

    >>> wrapped("one two three", 5)
    ['one two', 'three']
    >>> wrapped("推奨度が上がりました。", 6)
    ['推奨度が上が', 'りました。']
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text):
        if line and _ems(line + piece.rstrip()) > ems:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()] if line.strip() else lines


def _pieces(text: str) -> Iterator[str]:
    """What stays together: a wide character, or a word with the blanks after it."""
    word = ""
    for character in text:
        if _is_wide(character) and not _closes(character):
            if word:
                yield word
            word = character
        elif (
            word
            and (word[-1].isspace() or _is_wide(word[-1]))
            and not (character.isspace() or _closes(character))
        ):
            yield word
            word = character
        else:
            word += character
    if word:
        yield word


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"


def _closes(character: str) -> bool:
    """Whether a line must not begin with it."""
    return character in "、。，．・：；）」』】！？ー"


def _ems(text: str) -> float:
    return sum(1.0 if _is_wide(character) else 0.62 for character in text)


def shortened(text: str, ems: float) -> str:
    """The text where it is as narrow, else its beginning and an ellipsis.

    >>> shortened("Enterprise customers", 8)
    'Enterprise…'
    """
    if _ems(text) <= ems:
        return text
    while text and _ems(text) + 1 > ems:
        text = text[:-1]
    return text.rstrip() + "…"
