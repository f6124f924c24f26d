"""The page of hard cases says what the product says; no failure is frozen as good."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.understanding import hard_cases
from benchmarks.understanding.hard_cases import PAGE, cases, page, sentiment_of, themes_of
from nlp.taxonomy import starter_pack

KINDS = {
    "negation", "double negation", "sarcasm", "contrast", "conditional wish", "comparison",
    "question", "mixed language", "typos", "emoji only", "nothing to say", "implication",
    "several themes", "quoted text", "other subject", "change over time",
}  # fmt: skip


def test_there_are_many_cases_of_every_kind_in_both_languages():
    found = cases()
    assert len(found) >= 60
    assert len({case.text for case in found}) == len(found)
    assert {case.kind for case in found} == KINDS
    by_kind = Counter((case.kind, case.language) for case in found)
    assert {(kind, language) for kind in KINDS for language in ("en", "ja")} <= set(by_kind)
    assert set().union(*(case.themes for case in found)) <= set(starter_pack().keys)


def test_the_page_shows_every_case_with_the_sentiment_that_the_product_gives_it_now():
    written = PAGE.read_text(encoding="utf-8").splitlines()
    for case in cases():
        row = next((line for line in written if line.startswith(f"| {case.text} |")), None)
        again = "run python -m benchmarks.understanding.hard_cases"
        assert row is not None, f"{case.text}: not on the page, {again}"
        mark = "" if sentiment_of(case) == case.sentiment else "✗ "
        end = f"| {case.sentiment} | {mark}{sentiment_of(case)} |"
        assert row.endswith(end), f"{case.text}: now {sentiment_of(case)}, {again}"


@pytest.fixture
def two_themes(monkeypatch):
    """A pack that is trained in a moment."""
    from nlp.taxonomy import Taxonomy

    pack = starter_pack()
    small = Taxonomy("small", "1", (pack.theme("support"), pack.theme("pricing")))
    monkeypatch.setattr(hard_cases, "starter_pack", lambda: small)


def test_the_page_can_be_written_again_and_marks_what_is_wrong(two_themes):
    few = [case for case in cases() if case.kind == "several themes"]
    said = themes_of(few, "static")
    content = page(few, {"static": said})
    assert content.count("## ") == 1
    for case, given in zip(few, said, strict=True):
        row = next(line for line in content.splitlines() if line.startswith(f"| {case.text} |"))
        assert row.split(" | ")[2].startswith("✗ ") == (given != case.themes)
