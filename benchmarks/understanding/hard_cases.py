"""What the product says of comments that are hard: writes docs/hard-cases.md.

    python -m benchmarks.understanding.hard_cases [--encoder static e5]

The cases, with what a reader would say, are tests/nlp/data/hard_cases.jsonl. They were written
before the product had been asked; it is not tuned until they pass, and failures are shown.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from benchmarks.understanding.asking import say
from nlp.analysis import train_analyser
from nlp.language import detect
from nlp.sentiment import sentiment
from nlp.taxonomy import starter_pack
from nlp.text import read

_ROOT = Path(__file__).parents[2]
CASES = _ROOT / "tests" / "nlp" / "data" / "hard_cases.jsonl"
PAGE = _ROOT / "docs" / "hard-cases.md"

_INTRODUCTION = """\
# Hard cases

What the product says of comments that are hard to understand, beside what a reader would say:
themes of the starter pack *B2B SaaS* as it comes, without a single correction, and sentiment of
the whole comment. The cases were written before the product had been asked. A ✗ marks what it
gets wrong; nothing is left out. Corrections by people mend many errors of themes
([how](understanding.md)), sentiment does not learn.

Written by `python -m benchmarks.understanding.hard_cases` from `tests/nlp/data/hard_cases.jsonl`;
do not edit by hand.
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A comment and what a reader says: themes of the starter pack and a sentiment."""

    kind: str
    language: str
    text: str
    themes: frozenset[str]
    sentiment: str


def cases() -> list[Case]:
    """All of them, kind by kind."""
    rows = map(json.loads, CASES.read_text(encoding="utf-8").splitlines())
    return [
        Case(row["kind"], row["lang"], row["text"], frozenset(row["themes"]), row["sentiment"])
        for row in rows
    ]


def sentiment_of(case: Case) -> str:
    """What the product says of the whole comment."""
    language = detect(case.text, hint=case.language)
    return sentiment(read(case.text, language=language)).label


def themes_of(found: Sequence[Case], encoder: str) -> list[frozenset[str]]:
    """What the starter pack's analyser says of each case."""
    analyser = train_analyser(starter_pack(), encoder=encoder)
    analyses = analyser.analyse(
        [case.text for case in found], hints=[case.language for case in found]
    )
    return [frozenset(theme.key for theme in analysis.themes) for analysis in analyses]


def page(found: Sequence[Case], themes: Mapping[str, Sequence[frozenset[str]]]) -> str:
    """The page; themes: encoder → what it said of each case."""
    parts = [_INTRODUCTION, _summary(found, themes)]
    numbered = list(enumerate(found))
    for kind, group in groupby(numbered, key=lambda item: item[1].kind):
        lines = [f"## {kind.capitalize()}", ""]
        names = "".join(f" `{encoder}` |" for encoder in themes)
        lines.append(f"| comment | themes: a reader |{names} sentiment: a reader | the product |")
        lines.append("|---|---|" + "---|" * len(themes) + "---|---|")
        lines += [_row(case, [said[place] for said in themes.values()]) for place, case in group]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _summary(found: Sequence[Case], themes: Mapping[str, Sequence[frozenset[str]]]) -> str:
    right = sum(sentiment_of(case) == case.sentiment for case in found)
    lines = [f"| of {len(found)} cases | right |", "|---|---|", f"| sentiment | {right} |"]
    wanted = sum(len(case.themes) for case in found)
    for encoder, said in themes.items():
        exact = sum(case.themes == given for case, given in zip(found, said, strict=True))
        hits = sum(len(case.themes & given) for case, given in zip(found, said, strict=True))
        claimed = sum(map(len, said))
        lines.append(
            f"| themes, `{encoder}` | {exact} exactly; {hits} of {wanted} themes found, "
            f"{claimed - hits} given that a reader would not give |"
        )
    return "\n".join(lines) + "\n"


def _row(case: Case, said: Sequence[frozenset[str]]) -> str:
    product = sentiment_of(case)
    cells = [_cell(case.text), _names(case.themes)]
    cells += [_marked(_names(given), right=given == case.themes) for given in said]
    cells += [case.sentiment, _marked(product, right=product == case.sentiment)]
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _names(themes: frozenset[str]) -> str:
    return ", ".join(sorted(themes)) or "–"


def _marked(text: str, *, right: bool) -> str:
    return text if right else f"✗ {text}"


def main() -> None:
    """Ask, and write the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--encoder", nargs="+", choices=("static", "e5"), default=["static"])
    options = parser.parse_args()
    found = cases()
    themes = {}
    for encoder in options.encoder:
        say(f"asking with {encoder}")
        themes[encoder] = themes_of(found, encoder)
    PAGE.write_text(page(found, themes), encoding="utf-8")
    say(f"written to {PAGE}")


if __name__ == "__main__":
    main()
