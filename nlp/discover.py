"""Themes in comments that nobody defined, on files.

python -m nlp.discover --input A.jsonl [--baseline B.jsonl] --json

prints `[{"label", "terms", "size", "growth", "p_value", "examples": [ids]}]`: with a baseline,
themes that grew beyond chance, surest first (nothing in a quiet period); without one, groups of
comments that stand out, largest first, growth null. growth: the share of the input's lines over
that of the baseline's. Lines are `{"id", "text", "lang"}`; without an id the number of the line
is its id.

--assignments prints `{"themes": [...], "assignments": [{"id", "cluster"}]}` instead: for each
line of the input, in its order, the place of its theme in the list, or null.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nlp.discovery import Comment, EmergingTheme, discover
from nlp.vectors import EncoderUnavailable, load_encoder

Id = str | int


class BadInput(ValueError):
    """A file that is not what the command expects; the message names file and line."""


def read_lines(path: Path) -> list[tuple[Id, Comment]]:
    """Lines of `{"id", "text", "lang"}`; empty lines are skipped. Raises BadInput."""
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise BadInput(f"{path}: {problem}") from problem
    return [
        _line(row, number, where=f"{path}, line {number}")
        for number, row in enumerate(content.split("\n"), start=1)
        if row.strip()
    ]


def _line(row: str, number: int, *, where: str) -> tuple[Id, Comment]:
    try:
        value = json.loads(row)
    except ValueError as problem:
        raise BadInput(f"{where}: {problem}") from problem
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise BadInput(f'{where}: expected an object with "text"')
    identity, language = value.get("id", number), value.get("lang")
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        raise BadInput(f'{where}: "id" must be a text or a number')
    if language is not None and not isinstance(language, str):
        raise BadInput(f'{where}: "lang" must be a text or null')
    return identity, Comment(value["text"], language or None)


def as_json(themes: Sequence[EmergingTheme], ids: Sequence[Id]) -> list[dict[str, Any]]:
    """Themes as the command prints them."""
    return [
        {
            "label": theme.label,
            "terms": theme.all_terms,
            "size": theme.size,
            "growth": theme.growth.ratio if theme.growth else None,
            "p_value": theme.p_value,
            "examples": [ids[place] for place in theme.examples],
        }
        for theme in themes
    ]


def assignments(themes: Sequence[EmergingTheme], ids: Sequence[Id]) -> list[dict[str, Any]]:
    """The place of each line's theme in the list, None where it is in none."""
    cluster = {place: number for number, theme in enumerate(themes) for place in theme.members}
    return [{"id": each, "cluster": cluster.get(place)} for place, each in enumerate(ids)]


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m nlp.discover",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--input", type=Path, required=True, metavar="FILE")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="an earlier period")
    parser.add_argument("--encoder", choices=("e5", "static"), default="static")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--assignments", action="store_true", help="the cluster of each line, too")
    parser.add_argument("--json", action="store_true", help="JSON on stdout")
    return parser.parse_args(argv)


def _show(themes: Sequence[dict[str, Any]]) -> None:
    for theme in themes:
        grown = "" if theme["growth"] is None else f"  x {theme['growth']:.1f}"
        print(f"{theme['label']}  ({theme['size']}{grown}, p {theme['p_value']:.3f})")
        print(f"    {', '.join(theme['terms'])}")
        print(f"    {', '.join(map(str, theme['examples']))}")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0, or 2 with a message when a file or the encoder is not usable."""
    options = _arguments(argv)
    try:
        lines = read_lines(options.input)
        before = read_lines(options.baseline) if options.baseline is not None else None
        found = discover(
            [comment for _, comment in lines],
            None if before is None else [comment for _, comment in before],
            encoder=load_encoder(options.encoder),
            seed=options.seed,
        )
    except (BadInput, EncoderUnavailable) as problem:
        print(f"nlp.discover: {problem}", file=sys.stderr)
        return 2
    ids = [identity for identity, _ in lines]
    themes = as_json(found, ids)
    if not options.json:
        _show(themes)
    elif options.assignments:
        both = {"themes": themes, "assignments": assignments(found, ids)}
        print(json.dumps(both, ensure_ascii=False))
    else:
        print(json.dumps(themes, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
