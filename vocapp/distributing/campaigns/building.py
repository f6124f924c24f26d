"""The bench on which an audience is written: it belongs to a package above, which registers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from surveys.filter_drafts import Draft
from surveys.filters import Filter


@dataclass(frozen=True, slots=True)
class Bench:
    """draft_sent(form): the draft of a form, changed as the pressed button says. bench(draft,
    facts, show_faults): what the template draws. in_words(filter): one phrase. operators, joins:
    to choose from."""

    draft_sent: Callable[[MultiDict[str, str]], Draft]
    bench: Callable[[Draft, Sequence[Mapping[str, Any]], bool], Any]
    in_words: Callable[[Filter], str]
    operators: Sequence[tuple[str, Any]]
    joins: Sequence[tuple[str, Any]]


_benches: list[Bench] = []


def register_bench(bench: Bench) -> None:
    _benches[:] = [bench]


def bench() -> Bench:
    """The one that was registered."""
    return _benches[0]
