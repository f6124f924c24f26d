"""Reads: the rules in order, for staff, for machines and for a page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from surveys.targeting import Rule
from vocapp.authoring.models import Survey
from vocapp.collecting.targeting.models import TargetingRule
from vocapp.collecting.targeting.service import MAX_RULES, Wished, wished_of
from vocapp.database import scoped
from vocapp.extensions import db
from vocapp.people.facts import ContactFacts
from vocapp.people.identifying import known_contact
from vocapp.people.models import Contact
from vocapp.problems import NotFound

# Why a person must not be asked at a moment, None where they may be.
AskingLimits = Callable[[Session, Contact, datetime], str | None]
_limits: list[AskingLimits] = []


def register_asking_limits(reader: AskingLimits) -> None:
    """Let the package that keeps limits on asking say whom they hold back."""
    if reader not in _limits:
        _limits.append(reader)


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule as lists show it. takes_answers: the survey is published and not closed."""

    id: UUID
    position: int
    wished: Wished
    survey_name: str
    public_id: str
    takes_answers: bool

    def rule(self, *, barred: str = "") -> Rule:
        """The same to be judged."""
        own = self.wished
        return Rule(
            str(self.id), own.name, self.public_id, own.display, own.paths, own.event,
            own.delay_s, own.share, own.days_between, own.only_identified, own.paused, barred,
        )  # fmt: skip


def rules_in_order(workspace_id: UUID) -> list[RuleLine]:
    """All of them; a workspace has few."""
    rows = db.session.execute(
        select(TargetingRule, Survey)
        .join(
            Survey,
            (Survey.workspace_id == TargetingRule.workspace_id)
            & (Survey.id == TargetingRule.survey_id),
        )
        .where(TargetingRule.workspace_id == workspace_id)
        .order_by(TargetingRule.position, TargetingRule.id)
        .limit(MAX_RULES)
    )
    return [
        RuleLine(
            rule.id, rule.position, wished_of(rule, survey.key), survey.name, survey.public_id,
            survey.published_version is not None and survey.state != "closed",
        )
        for rule, survey in rows
    ]  # fmt: skip


def rule_line(workspace_id: UUID, rule_id: UUID) -> RuleLine:
    """Raises NotFound."""
    for line in rules_in_order(workspace_id):
        if line.id == rule_id:
            return line
    raise NotFound("No such targeting rule.")


def rules_of_page(workspace_id: UUID, who: ContactFacts | None, *, now: datetime) -> list[Rule]:
    """What a page needs to decide by itself: rules at work whose surveys take answers.

    who: the person of a verified token, who is bound by the limits on asking.
    """
    lines = [
        line
        for line in rules_in_order(workspace_id)
        if line.takes_answers and not line.wished.paused
    ]
    barred = _barred(workspace_id, who, now) if lines and who is not None else ""
    return [line.rule(barred=barred) for line in lines]


def _barred(workspace_id: UUID, who: ContactFacts, now: datetime) -> str:
    session = db.session()
    contact = known_contact(session, workspace_id, who)
    if contact is None:
        return ""  # Nobody has asked somebody who is not known yet.
    reasons = (read(session, contact, now) for read in _limits)
    return next((reason for reason in reasons if reason), "")


def surveys_to_choose(workspace_id: UUID) -> list[tuple[str, str]]:
    """Key and name of surveys that can be shown, newest first."""
    rows = db.session.scalars(
        scoped(Survey, workspace_id)
        .where(Survey.state != "closed", Survey.published_version.is_not(None))
        .order_by(Survey.id.desc())
        .limit(500)
    )
    return [(row.key, row.name) for row in rows]
