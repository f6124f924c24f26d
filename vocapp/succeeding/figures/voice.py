"""What customers had said by an instant: their score group, and themes of their comments.

Nothing that was answered at that instant or later is looked at: a figure of what came afterwards
is split by what was known beforehand. Answers of confidential surveys single nobody out, so that
they are in no group. An answer of a year ago and older says nothing of today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Text, and_, cast, func, select
from sqlalchemy.orm import Session

from surveys.kept_histories import Ints, account_of
from surveys.scoring import categories, category_of
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import confidential_surveys
from vocapp.collecting.models import Response
from vocapp.database import at_in_order
from vocapp.people.models import Account
from vocapp.succeeding.figures.said import joined_keys, keys_of
from vocapp.understanding.models import Assignment

# How attributes that come from answers are kept; those that were said are `attributes.<name>`.
SCORE_GROUP, THEME, COMPLAINT = "voice.score_group", "voice.theme", "voice.complaint"
VOICE = (SCORE_GROUP, THEME, COMPLAINT)
FRESH = timedelta(days=365)
_GROUPS = categories("nps")
_ALONE = [frozenset([group]) for group in _GROUPS]
_ANSWER = np.dtype([("at", "S24"), ("key", "S32")])  # of `ScoresOverTime`, without dashes

ByAccount = Mapping[UUID, frozenset[str]]  # accounts that said nothing are left out


def _is_nps(workspace_id: UUID) -> ColumnElement[bool]:
    """Whether an answer has a score of a survey that asks for the NPS, and is not confidential."""
    asks_nps = select(Survey.id).where(
        Survey.workspace_id == workspace_id,
        Survey.kind == "nps",
        Survey.confidential.is_(False),
    )
    return and_(
        Response.workspace_id == workspace_id,
        Response.score.is_not(None),
        Response.survey_id.in_(asks_nps),
    )


@dataclass(frozen=True, slots=True)
class Voice:
    """Reads what was said before instants, each once."""

    session: Session
    workspace_id: UUID
    _known: dict[tuple[str, datetime], ByAccount] = field(default_factory=dict)

    def groups(self, attribute: str, instant: datetime) -> ByAccount:
        """Account → its groups of one of `VOICE` as of an instant: one score group, or the
        identifiers of themes."""
        key = (attribute, instant)
        if key not in self._known:
            if attribute == SCORE_GROUP:
                self._known[key] = self.score_groups(instant)
            else:
                self._known.update(self._themes(instant))
        return self._known[key]

    def score_groups(self, instant: datetime) -> ByAccount:
        """By the last answer of anybody of the account, to a survey that asks for the NPS; of
        several at one instant, by the highest score."""
        # Account by account, the newest by its index: of all answers at once each would be read.
        # The index has the scores of an instant in order; by the id, those of each would be sorted.
        last = (
            select(Response.score)
            .where(
                _is_nps(self.workspace_id),
                Response.account_id == Account.id,
                Response.answered_at >= instant - FRESH,
                Response.answered_at < instant,
            )
            .order_by(Response.answered_at.desc(), Response.score.desc())
            .limit(1)
            .correlate(Account)
            .scalar_subquery()
        )
        each = (
            select(Account.id, last.label("score"))
            .where(Account.workspace_id == self.workspace_id)
            .subquery()
        )
        rows = self.session.execute(
            select(each.c.score, joined_keys(each.c.id)).group_by(each.c.score)
        )
        found: dict[UUID, frozenset[str]] = {}
        for score, whose in rows:
            if score is not None:  # asked for in the statement, each would be looked up twice
                own = frozenset([category_of("nps", score)])
                found.update(dict.fromkeys(map(account_of, keys_of(whose)), own))
        return found

    def _themes(self, instant: datetime) -> dict[tuple[str, datetime], ByAccount]:
        """Of all comments, and of those that complain of the theme."""
        rows = self.session.execute(
            select(Response.account_id, Assignment.theme_id, Assignment.sentiment)
            .join(
                Response,
                (Response.workspace_id == Assignment.workspace_id)
                & (Response.id == Assignment.response_id),
            )
            .where(
                Assignment.workspace_id == self.workspace_id,
                Assignment.answered_at >= instant - FRESH,
                Assignment.answered_at < instant,
                Response.account_id.is_not(None),
                Response.survey_id.not_in(confidential_surveys(self.workspace_id)),
            )
            .distinct()
        )
        mentioned: dict[UUID, set[str]] = defaultdict(set)
        complained: dict[UUID, set[str]] = defaultdict(set)
        for account_id, theme_id, sentiment in rows:
            assert account_id is not None  # by the statement
            mentioned[account_id].add(str(theme_id))
            if sentiment == "negative":
                complained[account_id].add(str(theme_id))
        return {
            (name, instant): {account: frozenset(own) for account, own in found.items()}
            for name, found in ((THEME, mentioned), (COMPLAINT, complained))
        }


class ScoresOverTime:
    """What `Voice.score_groups` says, of many instants: all answers are read once."""

    def __init__(self, session: Session, workspace_id: UUID, since: datetime) -> None:
        """since: no instant is asked for that is less than `FRESH` after it."""
        self.since = since
        rows = session.execute(
            select(
                Response.score,
                func.aggregate_strings(
                    at_in_order(session, Response.answered_at).concat(
                        cast(Response.account_id, Text)
                    ),
                    "",
                ),
            )
            .where(
                _is_nps(workspace_id),
                Response.account_id.is_not(None),
                Response.answered_at >= since,
            )
            .group_by(Response.score)
            .order_by(Response.score)
        )
        told = [
            (_GROUPS.index(category_of("nps", score)), text.replace("-", ""))
            for score, text in rows
            if score is not None  # by the statement
        ]
        read = np.frombuffer("".join(text for _, text in told).encode(), _ANSWER)
        groups = np.repeat(
            np.array([group for group, _ in told], np.int8),
            np.array([len(text) // _ANSWER.itemsize for _, text in told], np.int64),
        )
        order = np.argsort(read["at"], kind="stable")  # of one instant the highest score is last
        keys = np.frombuffer(bytes.fromhex(read["key"].tobytes().decode()), "S16")
        self._at, self._group = read["at"][order], groups[order]
        self._keys, whose = np.unique(keys, return_inverse=True)
        self._whose = whose[order]

    def split(self, accounts: Sequence[bytes], instant: datetime) -> dict[str | None, Ints]:
        """Group → places of the accounts that were in it; None: of those that were in none."""
        groups = self._groups(accounts, instant)
        return {
            _GROUPS[number] if number >= 0 else None: np.flatnonzero(groups == number)
            for number in np.unique(groups).tolist()
        }

    def of(self, accounts: Sequence[bytes], instant: datetime) -> Mapping[bytes, frozenset[str]]:
        """The group of each that was in one."""
        numbers = self._groups(accounts, instant).tolist()
        return {
            account: _ALONE[number]
            for account, number in zip(accounts, numbers, strict=True)
            if number >= 0
        }

    def _groups(self, accounts: Sequence[bytes], instant: datetime) -> npt.NDArray[np.int8]:
        """By place the number of the group; -1: none."""
        first, end = np.searchsorted(self._at, [_in_order(instant - FRESH), _in_order(instant)])
        last = np.full(len(self._keys) + 1, -1, np.int8)  # one more, of accounts without answers
        last[self._whose[first:end]] = self._group[first:end]  # the later takes the place
        asked = np.frombuffer(b"".join(accounts), "S16")
        places = np.searchsorted(self._keys, asked)
        found = np.append(self._keys, b"")[places] == asked
        return last[np.where(found, places, -1)]


def _in_order(instant: datetime) -> bytes:
    return f"{instant.astimezone(UTC):%Y%m%d %H:%M:%S.%f}".encode()
