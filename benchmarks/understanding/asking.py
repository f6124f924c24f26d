"""The sets, the encoder and what was already asked, for as long as the benchmark runs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.understanding.sets import OWN
from nlp.analysis import Analyser
from nlp.evaluate import Judged, Line, judge_lines, learn
from nlp.taxonomy import Taxonomy
from nlp.vectors import Encoder, load_encoder


class Remembering:
    """An encoder that encodes no text twice. Never where speed or memory is measured."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, npt.NDArray[np.float32]] = {}
        self.name, self.version = encoder.name, encoder.version
        self.dimensions, self.is_slow = encoder.dimensions, encoder.is_slow

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """See Encoder."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), 1024):
            part = new[start : start + 1024]
            self._known.update(zip(part, self._encoder.encode(part), strict=True))
            if self.name == "e5":
                say(f"  {min(start + 1024, len(new)):,} of {len(new):,} texts encoded")
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        return np.stack([self._known[text] for text in texts])


def say(what: str) -> None:
    """Progress, for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)


class Bench:
    """Sets by name, analysers of one encoder, and answers to questions asked before.

    data: a folder with the sets described in benchmarks/README.md. seed: of every split and draw.
    """

    def __init__(self, data: Path, encoder: str, *, seed: int = 0) -> None:
        self.data, self.seed, self.encoder_name = data, seed, encoder
        self._encoders: dict[str, Remembering] = {}
        self._judged: dict[tuple[tuple[str, ...], str], Judged] = {}

    def encoder(self, name: str | None = None) -> Remembering:
        """The encoder of this run, or another one beside it."""
        name = name or self.encoder_name
        if name not in self._encoders:
            self._encoders[name] = Remembering(load_encoder(name))
        return self._encoders[name]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The lines of a set with all their fields: "mabsa-hotel/en.train", or "own/saas.en"."""
        folder, _, stem = name.partition("/")
        path = OWN / f"{stem}.jsonl" if folder == "own" else self.data / folder / f"{stem}.jsonl"
        with path.open(encoding="utf-8") as lines:  # not splitlines: texts hold U+2028
            return [json.loads(line) for line in lines if line.strip()]

    def lines(self, name: str) -> list[Line]:
        """The lines of a set with their themes."""
        return [
            Line(row["text"], row["lang"], tuple(dict.fromkeys(row["labels"])))
            for row in self.rows(name)
        ]

    def learn(
        self,
        train: Sequence[Line],
        *,
        taxonomy: Taxonomy | None = None,
        encoder: str | None = None,
        seed: int | None = None,
    ) -> Analyser:
        """The product's analyser, with vectors remembered."""
        return learn(
            train,
            taxonomy=taxonomy,
            encoder=self.encoder(encoder),
            seed=self.seed if seed is None else seed,
        )

    def judged(self, train: tuple[str, ...], test: str) -> Judged:
        """Trained on these sets, asked about that one; the second time from memory."""
        if (train, test) not in self._judged:
            say(f"  {' + '.join(train)} → {test}")
            lines = [line for name in train for line in self.lines(name)]
            analyser = self.learn(lines)
            self._judged[train, test] = judge_lines(analyser, self.lines(test))
        return self._judged[train, test]
