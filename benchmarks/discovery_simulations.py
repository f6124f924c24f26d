"""How well discovery finds a planted theme, and how quiet it is otherwise.

    python -m benchmarks.discovery_simulations --data DIR [--trials 100] [--encoder static]
        [--seed 1] [--week 100 400 2000] [--before 1 4]

Weeks are drawn from a stream of comments without labels (DIR/amcd-unlabelled/*.jsonl, English
and Japanese product reviews); `before`: the baseline is so many times as long as the week. In a
planted week 3 % of the comments are from one label of another set, a different one each time:
intents of bank customers (banking77), reasons of complaint (airline), aspects of hotel reviews
in either language (mabsa-hotel). Found: one of the themes holds mostly planted comments, and at
least half of them. Prints targets and figures, and writes JSON to benchmarks/results/.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.simulations import RESULTS, Row, show
from nlp.discovery import Comment, EmergingTheme, discover
from nlp.vectors import Encoder, load_encoder

SHARE = 0.03
FEWEST_PLANTED = 60  # comments of a label, so that they differ from trial to trial
PLANTS = {
    "banking77": ("banking77/en.train.jsonl",),
    "airline": ("airline/en.train.jsonl",),
    "hotel en": ("mabsa-hotel/en.train.jsonl",),
    "hotel ja": ("mabsa-hotel/ja.train.jsonl",),
}
STREAM = ("amcd-unlabelled/en.jsonl", "amcd-unlabelled/ja.jsonl")
Random = np.random.Generator


def read(folder: Path, names: Sequence[str]) -> Iterator[tuple[Comment, tuple[str, ...]]]:
    for name in names:
        for line in (folder / name).read_text(encoding="utf-8").splitlines():
            value = json.loads(line)
            yield Comment(value["text"], value["lang"]), tuple(value["labels"])


def planted_themes(folder: Path, names: Sequence[str]) -> list[list[Comment]]:
    """Comments that are about one label only, by label."""
    found: dict[str, list[Comment]] = defaultdict(list)
    for comment, labels in read(folder, names):
        if len(labels) == 1:
            found[labels[0]].append(comment)
    return [found[label] for label in sorted(found) if len(found[label]) >= FEWEST_PLANTED]


def drawn(comments: Sequence[Comment], n: int, random: Random) -> list[Comment]:
    return [comments[place] for place in random.choice(len(comments), n, replace=False)]


def is_found(themes: Sequence[EmergingTheme], planted: int) -> bool:
    """The planted comments are the first ones of the week."""
    for theme in themes:
        inside = sum(place < planted for place in theme.members)
        if inside > theme.size / 2 and inside >= planted / 2:
            return True
    return False


def simulate(
    folder: Path, *, week: int, before: int, trials: int, encoder: Encoder, seed: int
) -> list[Row]:
    stream = [comment for comment, _ in read(folder, STREAM)]
    size = f"week of {week}, baseline of {before * week}"
    alarms = 0
    for trial in range(trials):
        random = np.random.default_rng([seed, week, before, trial])
        comments = drawn(stream, week * (1 + before), random)
        alarms += bool(discover(comments[:week], comments[week:], encoder=encoder))
    rows = [Row(f"quiet weeks with an alarm, {size}", alarms / trials, ("<=", 0.05))]
    for name, files in PLANTS.items():
        labels = planted_themes(folder, files)
        found = others = 0
        for trial in range(trials):
            random = np.random.default_rng([seed, week, before, trial, len(name)])
            count = max(1, round(SHARE * week))
            planted = drawn(labels[trial % len(labels)], count, random)
            comments = drawn(stream, week * (1 + before) - count, random)
            cut = week - count
            themes = discover([*planted, *comments[:cut]], comments[cut:], encoder=encoder)
            found += is_found(themes, count)
            others += sum(all(place >= count for place in theme.members) for theme in themes)
        target = (">=", 0.9) if name in ("banking77", "airline") and week >= 400 else None
        rows.append(Row(f"planted {name} found, {size}", found / trials, target))
        rows.append(Row(f"   other themes beside it, a week, {size}", others / trials))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True, help="folder with the sets")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--week", type=int, nargs="+", default=[100, 400, 2000])
    parser.add_argument("--before", type=int, nargs="+", default=[1, 4])
    parser.add_argument("--encoder", choices=("e5", "static"), default="static")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    encoder = load_encoder(options.encoder)
    rows: list[Row] = []
    began = time.perf_counter()
    print(f"{'':78} {'target':>10} {'measured':>10}")
    for week in options.week:
        for before in options.before:
            some = simulate(
                options.data, week=week, before=before, trials=options.trials,
                encoder=encoder, seed=options.seed,
            )  # fmt: skip
            show(some)
            rows += some
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    result = {
        "at": now.isoformat(timespec="seconds"),
        "seed": options.seed,
        "trials": options.trials,
        "encoder": f"{encoder.name} {encoder.version}",
        "seconds": round(time.perf_counter() - began),
        "rows": [asdict(row) | {"met": row.met} for row in rows],
    }
    path = RESULTS / f"discovery-{now:%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"{sum(not row.met for row in rows)} targets missed; written to {path}")


if __name__ == "__main__":
    main()
