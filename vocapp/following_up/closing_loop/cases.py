"""Reads: the cases of a period, each with its group and what a filter asks of its answer.

`reach`: only cases of accounts within it, also where a case of another one was given to the reader:
such a case opens no other answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Subquery, Text, cast, exists, func, literal, or_, select

from surveys.filters import Filter
from surveys.periods import day_bounds
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import text_within
from vocapp.extensions import db
from vocapp.following_up.closing_loop.passing import Passing
from vocapp.following_up.models import MERGED, FollowUp
from vocapp.people.reaching import of_accounts_within
from vocapp.problems import BadInput
from vocapp.understanding.models import Assignment, Theme
from vocapp.workspaces.reach import Reach

THEME = "theme"
_NAME = re.compile(r"[\w-][\w -]{0,99}")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which cases: opened from `since` to before `until` (days of the workspace, None: no end).

    by: owner, team, theme, or an attribute of answers as it was said with the answer. filter: only
    cases that were opened by answers of which it holds, likewise as they were then.
    """

    since: date | None
    until: date | None
    time_zone: str
    by: str | None = None
    filter: Filter | None = None


Groups = Callable[[Any], tuple[str | None, ...]]


def groups_of(workspace_id: UUID, by: str | None) -> Groups:
    """Which groups, as addresses name them, the `value` of a case stands for: one, or each of its
    themes. None: no value."""
    if by != THEME:
        return lambda value: (None if value is None else str(value),)
    keys = {
        theme_id: key
        for theme_id, key in db.session.execute(
            select(Theme.id, Theme.key).where(Theme.workspace_id == workspace_id)
        )
    }

    @cache
    def themes(ids: str | None) -> tuple[str | None, ...]:
        return tuple(keys[UUID(each)] for each in ids.split(",")) if ids else (None,)

    return themes


def cases_of(
    workspace_id: UUID,
    asked: Asked,
    reach: Reach,
    *,
    passing: Passing | None,
    split: bool,
    with_answers: bool,
) -> Subquery:
    """The cases that are asked for, each with its group (`value`) and what a filter asks of it.

    passing: that of `asked`; what does not pass is among the cases, and is left out by the reader.

    with_answers: also with the answer that opened it, which has to be read for that; without, an
    index has all that is asked. What stands in another case of the same person is worked on there,
    and counts there.
    """
    value = _value_of(asked.by) if split and asked.by else literal(None)
    query = (
        select(
            FollowUp.id, FollowUp.workspace_id, FollowUp.contact_id, FollowUp.state,
            FollowUp.opened_at, FollowUp.due_at, FollowUp.first_contact_at, FollowUp.resolved_at,
            value.label("value"),
        )
        .select_from(FollowUp)
        .where(
            FollowUp.workspace_id == workspace_id,
            FollowUp.state != MERGED,
            of_accounts_within(reach, workspace_id, FollowUp.account_id),
        )
    )  # fmt: skip
    if with_answers or passing or (split and asked.by and _is_attribute(asked.by)):
        # A case that a reply opened has no answer, and in a split no value.
        query = query.join(Response, _OPENED_IT, isouter=not (with_answers or passing)).where(
            or_(
                Response.survey_id.is_(None),
                Response.survey_id.not_in(confidential_surveys(workspace_id)),
            )
        )
    elif db.session.scalar(confidential_surveys(workspace_id).limit(1)):
        of_confidential = Response.survey_id.in_(confidential_surveys(workspace_id))
        query = query.where(~exists().where(_OPENED_IT, of_confidential))
    if passing:
        query = query.add_columns(*passing.columns)
    if with_answers:
        query = query.add_columns(
            Response.survey_id, Response.answered_at, Response.score,
            Response.attributes["mrr"].as_string().label("mrr"),
            Response.attributes["currency"].as_string().label("currency"),
            Response.attributes["started_on"].as_string().label("started_on"),
        )  # fmt: skip
    if asked.since:
        query = query.where(FollowUp.opened_at >= day_bounds(asked.since, asked.time_zone)[0])
    if asked.until:
        query = query.where(FollowUp.opened_at < day_bounds(asked.until, asked.time_zone)[0])
    return query.subquery("cases")


_OPENED_IT = (Response.workspace_id == FollowUp.workspace_id) & (
    Response.id == FollowUp.response_id
)
# Its themes in one text: joined, a case would be read once for each of them.
_THEMES = (
    select(func.aggregate_strings(cast(Assignment.theme_id, Text), ","))
    .where(
        Assignment.workspace_id == FollowUp.workspace_id,
        Assignment.response_id == FollowUp.response_id,
    )
    .correlate(FollowUp)
    .scalar_subquery()
)
_COLUMNS = {"owner": FollowUp.owner_user_id, "team": FollowUp.team, THEME: _THEMES}


def _is_attribute(by: str) -> bool:
    return by not in _COLUMNS


def _value_of(by: str) -> Any:
    if not _is_attribute(by):
        return _COLUMNS[by]
    if not may_split_by(by):
        raise BadInput.of("by", "expected owner, team, theme or an attribute of answers")
    return text_within(db.session(), Response.attributes, by)


def may_split_by(by: str) -> bool:
    """Whether it can be the name of a split."""
    return _NAME.fullmatch(by) is not None
