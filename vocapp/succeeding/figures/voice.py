"""What customers had said by an instant: their score group, and themes of their comments.

Nothing that was answered at that instant or later is looked at: a figure of what came afterwards
is split by what was known beforehand. Answers of confidential surveys single nobody out, so that
they are in no group. An answer of a year ago and older says nothing of today.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from sqlalchemy import ColumnElement, Text, and_, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

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
_ANSWER = np.dtype([("at", "S24"), ("key", "S32")])  # of `_OverTime`, without dashes

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
            select(Response.score, _when_by_whom(session, Response.answered_at))
            .where(
                _is_nps(workspace_id),
                Response.account_id.is_not(None),
                Response.answered_at >= since,
            )
            .group_by(Response.score)
            .order_by(Response.score)  # of one instant the highest is last
        )
        self._said = _OverTime(
            (_GROUPS.index(category_of("nps", score)), text)
            for score, text in rows
            if score is not None  # by the statement
        )

    def split(self, accounts: Sequence[bytes], instant: datetime) -> dict[str | None, Ints]:
        """Group → places of the accounts that were in it; None: of those that were in none."""
        whose, groups = self._said.before(instant)
        last = np.full(len(self._said.keys) + 1, -1)  # one more, of accounts without answers
        last[whose] = groups  # the later takes the place
        of_each = last[self._said.numbers_of(accounts)]
        found: dict[str | None, Ints] = {
            group: np.flatnonzero(of_each == number) for number, group in enumerate(_GROUPS)
        }
        found[None] = np.flatnonzero(of_each < 0)
        return {group: places for group, places in found.items() if places.size}


class ThemesOverTime:
    """What `Voice.groups` says of themes and of complaints, of many instants: all comments are
    read once."""

    def __init__(self, session: Session, workspace_id: UUID, since: datetime) -> None:
        """since: no instant is asked for that is less than `FRESH` after it."""
        self.since = since
        is_complaint = Assignment.sentiment == "negative"
        rows = session.execute(
            select(
                Assignment.theme_id, is_complaint, _when_by_whom(session, Assignment.answered_at)
            )
            .join(
                Response,
                (Response.workspace_id == Assignment.workspace_id)
                & (Response.id == Assignment.response_id),
            )
            .where(
                Assignment.workspace_id == workspace_id,
                Assignment.answered_at >= since,
                Response.account_id.is_not(None),
                Response.survey_id.not_in(confidential_surveys(workspace_id)),
            )
            .group_by(Assignment.theme_id, is_complaint)
        )
        self._themes: dict[str, int] = {}
        said: dict[str, list[tuple[int, str]]] = {THEME: [], COMPLAINT: []}
        for theme_id, complains, text in rows:
            number = self._themes.setdefault(str(theme_id), len(self._themes))
            said[THEME].append((number, text))
            if complains:
                said[COMPLAINT].append((number, text))
        self._said = {attribute: _OverTime(told) for attribute, told in said.items()}

    def split(
        self, attribute: str, accounts: Sequence[bytes], instant: datetime
    ) -> dict[str | None, Ints]:
        """Theme → places of the accounts that named it, or of a complaint, that complained of it;
        None: of those that did of none."""
        said = self._said[attribute]
        place_of = np.full(len(said.keys) + 1, -1)
        numbers = said.numbers_of(accounts)
        place_of[numbers] = np.arange(len(accounts))
        whose, themes = said.before(instant)
        places = place_of[whose]
        found: dict[str | None, Ints] = {
            theme: np.unique(places[(themes == number) & (places >= 0)])
            for theme, number in self._themes.items()
        }
        is_silent = np.ones(len(accounts), bool)
        is_silent[places[places >= 0]] = False
        found[None] = np.flatnonzero(is_silent)
        return {theme: own for theme, own in found.items() if own.size}


def _when_by_whom(session: Session, at: InstrumentedAttribute[datetime]) -> ColumnElement[str]:
    """The instants and accounts of a group of answers after one another; `_OverTime` reads it."""
    told = at_in_order(session, at).concat(cast(Response.account_id, Text))
    return func.aggregate_strings(told, "")


class _OverTime:
    """Numbers of what accounts said, in the order of time."""

    def __init__(self, told: Iterable[tuple[int, str]]) -> None:
        """told: a number, and when and by whom it was said; of one instant they stay in order."""
        each = [(number, text.replace("-", "")) for number, text in told]
        read = np.frombuffer("".join(text for _, text in each).encode(), _ANSWER)
        numbers = np.repeat(
            np.array([number for number, _ in each], np.int64),
            np.array([len(text) // _ANSWER.itemsize for _, text in each], np.int64),
        )
        order = np.argsort(read["at"], kind="stable")
        keys = np.frombuffer(bytes.fromhex(read["key"].tobytes().decode()), "S16")
        self._at, self._number = read["at"][order], numbers[order]
        self.keys, whose = np.unique(keys, return_inverse=True)
        self._whose = whose[order]

    def before(self, instant: datetime) -> tuple[Ints, Ints]:
        """What was said before an instant and is fresh: places in `keys` of who did, numbers."""
        first, end = np.searchsorted(self._at, [_in_order(instant - FRESH), _in_order(instant)])
        return self._whose[first:end], self._number[first:end]

    def numbers_of(self, accounts: Sequence[bytes]) -> Ints:
        """Of each its place in `keys`; of those that said nothing the one after the last."""
        asked = np.frombuffer(b"".join(accounts), "S16")
        places = np.searchsorted(self.keys, asked)
        is_known = np.append(self.keys, b"")[places] == asked
        return np.where(is_known, places, len(self.keys))


def _in_order(instant: datetime) -> bytes:
    return f"{instant.astimezone(UTC):%Y%m%d %H:%M:%S.%f}".encode()
