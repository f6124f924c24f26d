"""Accounts and contacts from a file.

What a file says holds since the file was last written: so a second run, or the run of an old
file, changes nothing that became known later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from vocapp.connecting.importing.bodies import account_of, checked, part
from vocapp.connecting.importing.columns import ATTRIBUTE
from vocapp.connecting.importing.occurrences import Occurrences
from vocapp.connecting.importing.tally import Outcome
from vocapp.database import scoped, snapshot, transaction, until_no_deadlock
from vocapp.people.account_names import is_called
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.foreseeing import Foreseen, foresee
from vocapp.people.identifying import Said, Who, identify, identity_of, known_accounts
from vocapp.people.models import Account
from vocapp.people.parents import put_under
from vocapp.people.parsing import ContactBody, PlacedAccountBody
from vocapp.people.tombstones import are_erased
from vocapp.problems import BadInput, FieldError


@dataclass(frozen=True, slots=True)
class Accounts:
    """Rows that are accounts."""

    workspace_id: UUID
    as_of: datetime
    now: datetime
    _seen: Occurrences = field(default_factory=Occurrences)

    def parse(self, values: Mapping[str, Any]) -> AccountFacts:
        facts = account_of(values, part(values, ATTRIBUTE), body=PlacedAccountBody)
        if facts is None:
            raise BadInput.of("account.external_id", "is needed")
        return facts

    def preview(self, items: Sequence[AccountFacts]) -> list[Outcome]:
        """What storing would do, as far as it can be told without doing it: not which accounts
        would stand above themselves through others."""
        expected = self._expected(items)
        problems = self._without_parent(items)
        return [problems.get(place, said) for place, said in enumerate(expected)]

    def store(self, items: Sequence[AccountFacts]) -> list[Outcome]:
        expected = self._expected(items)
        return _as_expected(expected, _store(self.workspace_id, self._said(items), now=self.now))

    def _said(self, items: Sequence[AccountFacts]) -> list[Said]:
        return [Said(self.as_of, account=facts) for facts in items]

    def _expected(self, items: Sequence[AccountFacts]) -> list[Outcome]:
        foreseen = foresee(self.workspace_id, self._said(items), now=self.now)
        return _expected(foreseen, [facts.external_id for facts in items], self._seen)

    def _without_parent(self, items: Sequence[AccountFacts]) -> dict[int, BadInput]:
        """Rows, by their place, that belong to no account of the file so far or of before; nor do
        those that belong to them."""
        above = {facts.parent for facts in items if facts.parent}
        with snapshot() as session:
            known = known_accounts(session, self.workspace_id, above).keys()
        problems: dict[int, BadInput] = {}
        while True:
            refused = {items[place].external_id for place in problems}
            found = {
                place: _no_parent(facts)
                for place, facts in enumerate(items)
                if facts.parent and place not in problems
                and not (facts.parent in known and facts.parent != facts.external_id)
                and (facts.parent in refused or facts.parent == facts.external_id
                     or not self._seen.knows(facts.parent.encode()))
            }  # fmt: skip
            if not found:
                return problems
            problems |= found


@dataclass(frozen=True, slots=True)
class Person:
    """A contact of a row, with the account it belongs to."""

    facts: ContactFacts
    account: AccountFacts | None


@dataclass(frozen=True, slots=True)
class Contacts:
    """Rows that are contacts. region: see `checked`."""

    workspace_id: UUID
    as_of: datetime
    now: datetime
    region: str = ""
    _seen: Occurrences = field(default_factory=Occurrences)

    def parse(self, values: Mapping[str, Any]) -> Person:
        raw = {**part(values, "contact."), "attributes": part(values, ATTRIBUTE)}
        body = checked(ContactBody, raw, "contact.", region=self.region)
        return Person(body.facts(), account_of(values))

    def preview(self, items: Sequence[Person]) -> list[Outcome]:
        """What storing would do, as far as it can be told without doing it."""
        return self._of_kept(items, self._expected)

    def store(self, items: Sequence[Person]) -> list[Outcome]:
        """Of erased people the account is left out, too: a file of contacts is about them."""
        return self._of_kept(items, self._stored)

    def _of_kept(
        self, items: Sequence[Person], become: Callable[[Sequence[Said]], list[Outcome]]
    ) -> list[Outcome]:
        outcomes = people_kept(self.workspace_id, [item.facts for item in items])
        kept = [index for index, outcome in enumerate(outcomes) if outcome == "stored"]
        said = [Said(self.as_of, items[i].account, items[i].facts) for i in kept]
        for index, outcome in zip(kept, become(said), strict=True):
            outcomes[index] = outcome
        return outcomes

    def _stored(self, said: Sequence[Said]) -> list[Outcome]:
        expected = self._expected(said)
        return _as_expected(expected, _store(self.workspace_id, said, now=self.now))

    def _expected(self, said: Sequence[Said]) -> list[Outcome]:
        foreseen = foresee(self.workspace_id, said, now=self.now)
        keys = ["\n".join(identity_of(item.contact)) for item in said if item.contact]
        return _expected(foreseen, keys, self._seen)


def _expected(
    foreseen: Sequence[Foreseen], keys: Sequence[str], seen: Occurrences
) -> list[Outcome]:
    """Whom an earlier row is about is not new again, also where nothing of it was stored."""
    nth = [seen.next(key.encode()) for key in keys]
    return [
        ("stored" if n == 1 else "changed") if outcome == "new" else outcome
        for outcome, n in zip(foreseen, nth, strict=True)
    ]


def _as_expected(expected: Sequence[Outcome], stored: Sequence[Outcome]) -> list[Outcome]:
    """What became of rows, told as it was foreseen: that a fact holds since later is no change."""
    return [
        before if after == "stored" else after
        for before, after in zip(expected, stored, strict=True)
    ]


def _no_parent(facts: AccountFacts) -> BadInput:
    is_itself = facts.parent == facts.external_id
    message = "belongs to this account, or is it" if is_itself else "no such account"
    return BadInput.of("account.parent", message)


def people_kept(workspace_id: UUID, people: Sequence[ContactFacts | None]) -> list[Outcome]:
    """`erased` for people who asked to be forgotten, `stored` for the others and for nobody."""
    named = [index for index, who in enumerate(people) if who is not None]
    outcomes: list[Outcome] = ["stored"] * len(people)
    with snapshot() as session:
        erased = are_erased(session, workspace_id, [who for who in people if who is not None])
    for index, is_erased in zip(named, erased, strict=True):
        if is_erased:
            outcomes[index] = "erased"
    return outcomes


class _Misplaced(Exception):
    """Rows, by their place, whose account cannot belong to what they say."""

    def __init__(self, problems: Mapping[int, BadInput]) -> None:
        super().__init__(f"{len(problems)} rows")
        self.problems = problems


def _store(workspace_id: UUID, said: Sequence[Said], *, now: datetime) -> list[Outcome]:
    """Many in one transaction, without those that cannot be placed; where the database refuses
    something, each by itself."""
    outcomes: dict[int, Outcome] = {}
    left = list(range(len(said)))
    while left:
        try:
            stored = _write(workspace_id, [said[place] for place in left], now=now)
        except _Misplaced as found:  # those that belong to one of them are found next
            outcomes |= {left[place]: problem for place, problem in found.problems.items()}
            left = [place for place in left if place not in outcomes]
        except (IntegrityError, DataError):
            outcomes |= {place: _write_alone(workspace_id, said[place], now=now) for place in left}
            break
        else:
            outcomes |= dict(zip(left, stored, strict=True))
            break
    return [outcomes[place] for place in range(len(said))]


def _write_alone(workspace_id: UUID, item: Said, *, now: datetime) -> Outcome:
    try:
        (outcome,) = _write(workspace_id, [item], now=now)
    except _Misplaced as found:
        return found.problems[0]
    except (IntegrityError, DataError):
        return BadInput.of("row", "holds something that the database does not take")
    return outcome


def _write(workspace_id: UUID, said: Sequence[Said], *, now: datetime) -> list[Outcome]:
    """Raises _Misplaced; nothing is stored then."""

    def write() -> list[Outcome]:
        with transaction() as session:
            found = identify(session, workspace_id, said, now=now)
            outcomes = [_outcome(who, item) for item, who in zip(said, found, strict=True)]
            return _placed(session, workspace_id, said, outcomes, now=now)

    return until_no_deadlock(write)


def _placed(
    session: Session,
    workspace_id: UUID,
    said: Sequence[Said],
    outcomes: Sequence[Outcome],
    *,
    now: datetime,
) -> list[Outcome]:
    """Have accounts belong to what their rows say, once all accounts of the rows are there.

    Raises _Misplaced.
    """
    placed, problems = list(outcomes), {}
    for number, item in enumerate(said):
        if item.account is None or item.account.parent is None:
            continue
        account = session.scalars(
            scoped(Account, workspace_id).where(is_called(workspace_id, item.account.external_id))
        ).one()
        try:
            if put_under(session, account, item.account.parent, as_of=item.as_of, now=now):
                placed[number] = "stored"
        except BadInput as problem:
            errors = (FieldError(f"account.{e.field}", e.message) for e in problem.errors)
            problems[number] = BadInput(*errors)
    if problems:
        raise _Misplaced(problems)
    return placed


def _outcome(who: Who, item: Said) -> Outcome:
    if item.contact is not None and who.contact is None:
        return "erased"  # since we looked
    return "stored" if who.is_news else "unchanged"
