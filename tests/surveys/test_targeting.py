"""Which rule shows its survey at a moment."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.targeting import (
    NOT_IN_SHARE,
    PAUSED,
    Rule,
    Visit,
    decide,
    lot,
    matches,
    on_page,
    why_not,
)

# Shared with the widget's tests: both sides must say the same.
SHARED = json.loads((Path(__file__).parent / "targeting_cases.json").read_text())
PATHS = st.text("ab/*", max_size=12)


@pytest.mark.parametrize("case", SHARED["cases"], ids=lambda case: case["name"])
def test_a_case_that_the_browser_judges_too(case: dict[str, Any]) -> None:
    rule = Rule(**case["rule"] | {"paths": tuple(case["rule"]["paths"])})
    assert why_not(rule, Visit(**case["visit"])) == case["reason"]


@pytest.mark.parametrize("case", SHARED["lots"], ids=str)
def test_a_lot_that_the_browser_draws_too(case: dict[str, Any]) -> None:
    assert lot(case["rule"], case["visitor"]) == case["lot"]


@given(PATHS, st.text("ab/", max_size=12))
def test_a_pattern_is_what_a_regular_expression_of_it_says(pattern: str, path: str) -> None:
    expected = re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), path)
    assert matches(pattern, path) == bool(expected)


@given(st.lists(PATHS, max_size=4), st.text("ab/", max_size=8))
def test_what_is_left_out_is_never_meant(paths: list[str], path: str) -> None:
    assert not on_page([*paths, f"!{path}"], path)


@given(st.text(max_size=20), st.text(max_size=20), st.integers(0, 100), st.integers(0, 100))
def test_whoever_is_in_a_share_is_in_every_larger_one(rule, visitor, one, other) -> None:
    less, more = sorted((one, other))
    of = Rule(rule, "", "s")
    visit = Visit("/", visitor=visitor)
    if not why_not(replace(of, share=less), visit):
        assert not why_not(replace(of, share=more), visit)


@given(st.text(max_size=20), st.text(max_size=20))
def test_everybody_is_in_all_and_nobody_in_none(rule, visitor) -> None:
    assert 0 <= lot(rule, visitor) < 100
    assert why_not(Rule(rule, "", "s", share=0), Visit("/", visitor=visitor)) == NOT_IN_SHARE


def test_lots_are_even_and_those_of_two_rules_have_nothing_to_do_with_each_other() -> None:
    """Of 20,000 visitors 4,000 are expected in each fifth, give or take 57 (one sigma)."""
    visitors = [f"visitor-{number}" for number in range(20_000)]
    drawn = [(lot("r1", each), lot("r2", each)) for each in visitors]
    for low in range(0, 100, 20):
        assert abs(sum(low <= one < low + 20 for one, _ in drawn) - 4_000) < 285
    both = sum(one < 50 and other < 50 for one, other in drawn)
    assert abs(both - 5_000) < 307


@given(st.lists(st.booleans(), max_size=6))
def test_the_first_rule_that_holds_decides(paused: list[bool]) -> None:
    rules = [Rule(str(n), "", "s", paused=is_paused) for n, is_paused in enumerate(paused)]
    chosen, passed = decide(rules, Visit("/"))
    first = next((rule for rule in rules if not rule.paused), None)
    assert chosen == first
    before = rules[: rules.index(first)] if first else rules
    assert passed == tuple((rule, PAUSED) for rule in before)
