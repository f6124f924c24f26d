"""Is personal data found, and nothing else?

    python -m benchmarks.redaction [--show]

Reads tests/nlp/redaction.jsonl: lines in both languages with the spans and kinds of what is
personal; 235 of the 593 hold nothing personal but what looks as if it were. Prints recall and
precision beside their targets, writes JSON to benchmarks/results/, and exits with 1 when one is
missed. A place counts when its kind, beginning and end agree.
`--show` prints each line that is not as written.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nlp.redact import find

LINES = Path(__file__).parents[1] / "tests" / "nlp" / "redaction.jsonl"
RESULTS = Path(__file__).parent / "results"
RECALL, PRECISION = 0.98, 0.97

Place = tuple[str, int, int]


@dataclass
class Tally:
    """By kind: how many places are written in the set, how many found, how many both."""

    written: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    both: Counter[str] = field(default_factory=Counter)
    differing: list[tuple[str, list[Place], list[Place]]] = field(default_factory=list)

    def recall(self, kind: str | None = None) -> float:
        """Share of the written places that were found; 1 where none is written."""
        return _share(self.both, self.written, kind)

    def precision(self, kind: str | None = None) -> float:
        """Share of the found places that are written; 1 where none was found."""
        return _share(self.both, self.found, kind)


def _share(part: Counter[str], whole: Counter[str], kind: str | None) -> float:
    a, b = (part[kind], whole[kind]) if kind else (part.total(), whole.total())
    return a / b if b else 1.0


def places(text: str, spans: Iterable[tuple[str, int, int]]) -> list[Place]:
    """Spans without signs and spaces at their edges; neighbours of a kind, with nothing but
    signs and spaces between them, are one: it says as much to cut a postal code apart."""
    found: list[Place] = []
    for kind, start, end in sorted(spans, key=lambda span: span[1]):
        while start < end and not text[start].isalnum():
            start += 1
        while end > start and not text[end - 1].isalnum():
            end -= 1
        if kind == "address" and found and found[-1][0] == kind:
            between = text[found[-1][2] : start]
            if between and len(between) <= 2 and not any(c.isalnum() for c in between):
                start = found.pop()[1]
        found.append((kind, start, end))
    return found


def lines() -> Iterator[tuple[str, list[Place]]]:
    """Each text of the set with the places that are personal."""
    with LINES.open(encoding="utf-8") as stored:
        for line in stored:
            record = json.loads(line)
            spans = [(span["kind"], span["start"], span["end"]) for span in record["spans"]]
            yield record["text"], places(record["text"], spans)


def measure() -> Tally:
    """The whole set; a place counts as found when kind, beginning and end agree."""
    tally = Tally()
    for text, written in lines():
        found = places(text, [(f.kind, f.start, f.end) for f in find(text)])
        tally.written.update(kind for kind, _, _ in written)
        tally.found.update(kind for kind, _, _ in found)
        tally.both.update(kind for kind, _, _ in set(written) & set(found))
        if set(written) != set(found):
            tally.differing.append((text, written, found))
    return tally


def main(arguments: list[str] | None = None) -> int:
    """Prints the figures; 1 when a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.redaction")
    parser.add_argument("--show", action="store_true", help="print what is not as written")
    options = parser.parse_args(arguments)
    tally = measure()
    if options.show:
        for text, written, found in tally.differing:
            print(text)
            for kind, start, end in sorted(set(written) - set(found), key=lambda p: p[1]):
                print(f"    missed  {kind}: {text[start:end]}")
            for kind, start, end in sorted(set(found) - set(written), key=lambda p: p[1]):
                print(f"    wrong   {kind}: {text[start:end]}")
    figures = {}
    print(f"{'kind':10} {'written':>7} {'found':>6} {'recall':>7} {'precision':>9}")
    for kind in [*sorted(tally.written | tally.found), None]:
        written, found = (
            (tally.written[kind], tally.found[kind])
            if kind
            else (tally.written.total(), tally.found.total())
        )
        recall, precision = tally.recall(kind), tally.precision(kind)
        figures[kind or "all"] = {"n": written, "recall": recall, "precision": precision}
        print(f"{kind or 'all':10} {written:7} {found:6} {recall:7.3f} {precision:9.3f}")
    missed = tally.recall() < RECALL or tally.precision() < PRECISION
    print(f"target: recall {RECALL}, precision {PRECISION}{': missed' if missed else ''}")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "redaction.json").write_text(json.dumps(figures, indent=2) + "\n")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
