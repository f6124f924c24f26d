"""Who gets a case: the account's owner, whoever's turn it is, or who has the most room.

Nobody who is absent gets one. What is decided depends on the facts only, never on the order in
which people are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, get_args
from uuid import UUID

Turns = Literal["round_robin", "load"]
_TURNS: tuple[Turns, ...] = get_args(Turns)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may own cases.

    takes_turns: gets cases that are nobody's own. open_cases: how many wait for this person, >= 0.
    capacity: how many are as much to this person as one to a colleague of capacity 1; above 0.
    last_turn_at: when a case last came in turn, with an offset, or None. absent: gets none;
    stand_in: who gets them instead, if anybody is named.
    """

    user: UUID
    takes_turns: bool = True
    open_cases: int = 0
    capacity: float = 1.0
    last_turn_at: datetime | None = None
    absent: bool = False
    stand_in: UUID | None = None

    def __post_init__(self) -> None:
        if self.open_cases < 0:
            raise ValueError(f"open_cases: expected 0 or more, got {self.open_cases}")
        if not self.capacity > 0:
            raise ValueError(f"capacity: expected a number above 0, got {self.capacity}")
        if self.last_turn_at is not None and self.last_turn_at.utcoffset() is None:
            raise ValueError("last_turn_at: expected a time with an offset, got one without")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a case's rule asks for.

    owner: "account_owner", "round_robin", "load", the id of a user, or None for nobody yet.
    account_owner: of the case's account, if it has any.
    """

    owner: str | None
    account_owner: UUID | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """user: who gets the case, or None. reason: why, a code.

    "account_owner", "named" (by the rule), "stand_in" (of the former, or of a stand-in who is
    absent as well), "round_robin", "load", "not_wanted" (the rule asks for nobody) or "nobody"
    (all are absent, or none takes turns). instead_of: whose the case would be, were that person
    there.
    """

    user: UUID | None
    reason: str
    instead_of: UUID | None = None


class Assigner:
    """People, with the turns and loads of what has been given so far: each case counts for those
    after it.

    otherwise: how somebody is chosen when a rule does not say. ValueError for two people with the
    same user, or an otherwise that is none of these words.

    >>> ann, ben = UUID(int=1), UUID(int=2)
    >>> desk = Assigner([Person(ann, absent=True, stand_in=ben), Person(ben)])
    >>> given = desk.give(Wanted("account_owner", ann))
    >>> given.user == ben, given.reason, given.instead_of == ann
    (True, 'stand_in', True)
    """

    def __init__(self, people: Iterable[Person], *, otherwise: Turns = "round_robin") -> None:
        if otherwise not in _TURNS:
            raise ValueError(f"otherwise: expected one of {', '.join(_TURNS)}, got {otherwise!r}")
        in_turn = sorted(people, key=lambda each: (each.last_turn_at or _NEVER, each.user))
        self.people = {each.user: each for each in in_turn}
        if len(self.people) < len(in_turn):
            raise ValueError("people: expected each user once")
        self.turns = [each.user for each in in_turn if each.takes_turns and not each.absent]
        self.load = {each.user: each.open_cases for each in in_turn}
        self.otherwise = otherwise

    def give(self, case: Wanted) -> Assignment:
        """Who gets a case.

        1. The account's owner, or whom the rule names.
        2. Where that person is absent, the stand-in, and theirs if absent too.
        3. Where that leads to nobody, or the rule says so, one of those who take turns.
           "round_robin": whose last turn is longest ago, so that over any number of cases nobody
           gets two more than another. "load": who has the fewest open cases for their capacity
           once this one is added; of several whose turn it is. Ties go by id.

        ValueError for an owner that is none of the words of `Wanted`, nor an id.
        """
        if case.owner is None:
            return Assignment(None, "not_wanted")
        for rule in _TURNS:
            if case.owner == rule:
                return self._in_turn(rule, None)
        if case.owner == "account_owner":
            return self._to(case.account_owner, "account_owner")
        try:
            named = UUID(case.owner)
        except ValueError as exc:
            raise ValueError(f"owner: expected a rule or an id, got {case.owner!r}") from exc
        return self._to(named, "named")

    def take_over(self, owner: UUID | None) -> Assignment | None:
        """Who takes a case over whose owner may have become absent; None where it stays.

        A case without an owner stays without one; an owner who is not among the people counts as
        absent. Otherwise as `give`; where nobody can take it over it stays, too.
        """
        if owner is None or (owner in self.people and not self.people[owner].absent):
            return None
        found = self._to(owner, "named")
        return found if found.user else None

    def _to(self, owner: UUID | None, reason: str) -> Assignment:
        present = self._present(owner)
        if present is None:
            return self._in_turn(self.otherwise, owner)
        self.load[present] += 1
        if present == owner:
            return Assignment(present, reason)
        return Assignment(present, "stand_in", instead_of=owner)

    def _present(self, owner: UUID | None) -> UUID | None:
        """The owner, or the first along the stand-ins who is there."""
        asked: set[UUID] = set()
        while owner in self.people and owner not in asked:
            person = self.people[owner]
            if not person.absent:
                return owner
            asked.add(owner)
            owner = person.stand_in
        return None

    def _in_turn(self, rule: Turns, instead_of: UUID | None) -> Assignment:
        if not self.turns:
            return Assignment(None, "nobody", instead_of)
        # The first of those with equal loads: turns are in order.
        chosen = self.turns[0] if rule == "round_robin" else min(self.turns, key=self._load_with_it)
        self.turns.remove(chosen)
        self.turns.append(chosen)
        self.load[chosen] += 1
        return Assignment(chosen, rule, instead_of)

    def _load_with_it(self, user: UUID) -> float:
        return (self.load[user] + 1) / self.people[user].capacity
