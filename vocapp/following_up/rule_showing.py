"""What pages show of routing rules that were tried out on answers of the last weeks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.routing import Facts, Rule, RuleError, validate_rule
from surveys.routing_trial import (
    Clash,
    Look,
    Trial,
    clashes,
    look_over,
    try_out,
    what_matched,
)
from vocapp.database import scoped
from vocapp.following_up import rule_wording, wording
from vocapp.following_up.models import RoutingVersion
from vocapp.following_up.rule_versions import stored_rules
from vocapp.following_up.trying_out import Example, Sample, examples_of, recent_answers
from vocapp.translating import gettext as _
from vocapp.ui.formats import number

TRIAL_DAYS, LOOK_DAYS = 30, 90
_EXAMPLES = 3  # of one change


def _rule_of(stored: dict[str, Any]) -> Rule | None:
    """As the pure code has it; None where it is not valid (any more)."""
    try:
        return validate_rule({name: stored[name] for name in ("key", "when", "then")})
    except RuleError:
        return None


def _in_use(stored: Sequence[dict[str, Any]]) -> list[Rule]:
    return [rule for each in stored if each["enabled"] and (rule := _rule_of(each)) is not None]


def _names(stored: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {each["key"]: wording.rule_name(each["key"], each["name"]) for each in stored}


# --- the list --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RuleList:
    """The rules in order with what became of each; looks and counts by key, of those in use."""

    rules: list[dict[str, Any]]
    names: dict[str, str]
    looks: dict[str, Look]
    fired_lately: dict[str, int]
    clashes: list[Clash]
    sample: Sample
    days: int = LOOK_DAYS

    def team_of(self, key: str) -> str:
        return next(str(rule["then"]["team"]) for rule in self.rules if rule["key"] == key)


def rule_list(session: Session, workspace_id: UUID, *, now: datetime) -> RuleList:
    stored = stored_rules(session, workspace_id)
    in_use = _in_use(stored)
    sample = recent_answers(session, workspace_id, now - timedelta(days=LOOK_DAYS), in_use)
    lately = sample.since(now - timedelta(days=TRIAL_DAYS))
    looks = look_over(in_use, sample.facts)
    return RuleList(
        rules=stored,
        names=_names(stored),
        looks={look.key: look for look in looks},
        fired_lately={look.key: sum(place < lately for place in look.fired) for look in looks},
        clashes=clashes(in_use, sample.facts),
        sample=sample,
    )


# --- a rule that is not saved yet ------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """One change with some of its answers: (example, the part of the rule that matched it)."""

    label: str
    value: int
    examples: list[tuple[Example, dict[str, Any]]]
    note: str = ""
    url: str | None = None
    text: str | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class TriedOut:
    """fired: answers that the rule would get; teams, owners: cases by team and by what their rule
    says of the owner, before and after.
    """

    rule: Rule
    fired: int
    teams: list[dict[str, Any]]
    owners: list[dict[str, Any]]
    changes: list[Shown]
    warning: str
    sample: Sample
    trial: Trial
    days: int = TRIAL_DAYS


def tried_out(
    session: Session, workspace_id: UUID, rule: Rule, *, name: str, now: datetime
) -> TriedOut:
    """The rules with this one in its place, a new one first in line; as if it were switched on."""
    stored = stored_rules(session, workspace_id)
    current = _in_use(stored)
    draft = _with(stored, rule)
    names = _names(stored) | {rule.key: name}
    since = now - timedelta(days=TRIAL_DAYS)
    sample = recent_answers(session, workspace_id, since, [*current, rule])
    trial = try_out(current, draft, sample.facts)
    look = next(each for each in look_over(draft, sample.facts) if each.key == rule.key)
    return TriedOut(
        rule=rule,
        fired=len(look.fired),
        teams=_now_and_then(*trial.teams(), wording.TEAMS),
        owners=_now_and_then(*trial.owners(), rule_wording.owner_words(workspace_id)),
        changes=_shown(session, workspace_id, trial, sample, names),
        warning=rule_wording.look_in_words(look, names, TRIAL_DAYS),
        sample=sample,
        trial=trial,
    )


def _with(stored: Sequence[dict[str, Any]], rule: Rule) -> list[Rule]:
    if all(each["key"] != rule.key for each in stored):
        return [rule, *_in_use(stored)]
    return [
        found
        for each in stored
        if (found := rule if each["key"] == rule.key else _rule_of(each)) is not None
        and (each["enabled"] or each["key"] == rule.key)
    ]


def _now_and_then(
    before: Counter[str], after: Counter[str], labels: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """In the order of the labels; last whoever is no member any more, together."""
    rows = [(label, before[key], after[key]) for key, label in labels.items()]
    gone = [sum(each.values()) - sum(each[key] for key in labels) for each in (before, after)]
    rows.append((_("No member any more"), gone[0], gone[1]))
    return [
        {"label": label, "value": then, "text": f"{number(now)} → {number(then)}"}
        for label, now, then in rows
        if now or then
    ]


def _shown(
    session: Session, workspace_id: UUID, trial: Trial, sample: Sample, names: dict[str, str]
) -> list[Shown]:
    places = [place for change in trial.changes for place in change.places[:_EXAMPLES]]
    found = examples_of(session, workspace_id, [sample.ids[place] for place in places])
    return [
        Shown(
            label=rule_wording.change_in_words(change, names),
            value=len(change.places),
            examples=[
                (found[sample.ids[place]], _why(trial.after[place], sample.facts[place]))
                for place in change.places[:_EXAMPLES]
                if sample.ids[place] in found
            ],
        )
        for change in trial.changes
    ]


def _why(rule: Rule | None, facts: Facts) -> dict[str, Any]:
    return {} if rule is None else what_matched(rule, facts)


# --- what a version changed ------------------------------------------------------------------


def moved_by_version(
    session: Session, workspace_id: UUID, version: int, *, now: datetime
) -> tuple[int, int]:
    """How many answers of the last days a version routes otherwise than the one before; days."""
    query = scoped(RoutingVersion, workspace_id).where(
        RoutingVersion.number.in_((version - 1, version))
    )
    before, after = (
        _in_use(row.rules) for row in session.scalars(query.order_by(RoutingVersion.number))
    )
    since = now - timedelta(days=TRIAL_DAYS)
    sample = recent_answers(session, workspace_id, since, [*before, *after])
    trial = try_out(before, after, sample.facts)
    return sum(len(change.places) for change in trial.changes), TRIAL_DAYS
