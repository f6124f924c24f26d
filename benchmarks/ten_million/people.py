"""The customers of one workspace: accounts of very unequal size, and people who answer 1–6 times.

Everything is numpy arrays by index; only what a row is made of becomes text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from benchmarks.ten_million import vocabulary as words
from benchmarks.ten_million.columns import (
    Batch,
    Numbers,
    ids_at,
    instants,
    iso_instants,
    pick,
    pieces,
)
from benchmarks.ten_million.spec import Spec

NAMED = 0.75  # of all answers come from a person who is known
TIMES = (0.15, 0.15, 0.17, 0.18, 0.18, 0.17)  # how many people answer once, twice, … six times
PEOPLE_PER_ACCOUNT = 40
UPGRADED = 0.1  # of the accounts had a smaller plan before
_CHUNK = 50_000
_PLANS, _REGIONS = list(words.PLANS), list(words.REGIONS)


@dataclass(frozen=True, slots=True)
class Customers:
    """Accounts and people, numbered in the order in which they first answered.

    facts: what an account's answers say of it, by account; earlier: the same before its upgrade.
    """

    account_ids: list[str]
    contact_ids: list[str]
    account_of: Numbers  # by contact
    plan: Numbers  # by account
    region: Numbers  # by account
    upgraded_at: Numbers  # by account, s since 1970
    facts: list[str]
    earlier: list[str]
    person_kind: Numbers  # by contact: index of what its answers say of it
    person_facts: list[str]
    role_of_kind: Numbers
    account_mood: Numbers
    contact_mood: Numbers


def people_and_times(rng: np.random.Generator, answers: int) -> Numbers:
    """Whose each answer is: indices of people, each one to six times; -1 where nobody knows."""
    named = round(NAMED * answers)
    often = rng.choice(np.arange(1, 7), size=named, p=TIMES)
    people = int(np.searchsorted(np.cumsum(often), named)) + 1 if named else 0
    who = np.repeat(np.arange(people), often[:people])[:named]
    return np.concatenate([who, np.full(answers - named, -1)])


def customers_of(
    rng: np.random.Generator, spec: Spec, workspace_id: str, who: Numbers, seconds: Numbers
) -> tuple[Customers, Iterator[Batch]]:
    """The customers whose answers these are, and the rows of them.

    who: by answer, in the order of time; people are numbered by their first answer.
    """
    known = who >= 0
    count = int(who.max()) + 1 if known.any() else 0
    first, last = _first_and_last(who[known], seconds[known], count)
    accounts = max(3, count // PEOPLE_PER_ACCOUNT)
    weights = np.cumsum(1 / (np.arange(accounts) + 10.0) ** 0.8)
    drawn = np.searchsorted(weights / weights[-1], rng.random(count), side="right")
    _, begins, account_of = np.unique(drawn, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(begins))
    account_of = rank[account_of]
    accounts = len(begins)
    account_first, account_last = _first_and_last(account_of, first, accounts)
    np.maximum.at(account_last, account_of, last)
    made = _Accounts(rng, spec, accounts, account_first, account_last)
    kinds, roles = _person_kinds(rng), list(words.ROLES)
    found = Customers(
        account_ids=ids_at(rng, account_first),
        contact_ids=ids_at(rng, first),
        account_of=account_of,
        plan=made.plan,
        region=made.region,
        upgraded_at=made.upgraded_at,
        facts=[pieces(made.attributes[n] | made.fields(n)) for n in range(accounts)],
        earlier=[
            pieces(made.attributes[n] | made.fields(n) | {"plan": _PLANS[made.plan_before[n]]})
            for n in range(accounts)
        ],
        person_kind=rng.integers(0, len(kinds), count),
        person_facts=[pieces(kind) for kind in kinds],
        role_of_kind=np.array([roles.index(kind["role"]) for kind in kinds]),
        account_mood=rng.normal(0, 0.55, accounts),
        contact_mood=rng.normal(0, 0.9, count),
    )
    rows = _rows(workspace_id, found, made, kinds, (first, last), (account_first, account_last))
    return found, rows


def _first_and_last(index: Numbers, seconds: Numbers, count: int) -> tuple[Numbers, Numbers]:
    first = np.full(count, np.iinfo(np.int64).max)
    last = np.zeros(count, dtype=np.int64)
    np.minimum.at(first, index, seconds)
    np.maximum.at(last, index, seconds)
    return first, last


class _Accounts:
    """What is known of the accounts, by account."""

    def __init__(
        self, rng: np.random.Generator, spec: Spec, count: int, first: Numbers, last: Numbers
    ) -> None:
        self.plan = pick(rng, words.PLANS, count)
        upgraded = (rng.random(count) < UPGRADED) & (self.plan > 0)
        middle = first + (rng.random(count) * (last - first)).astype(np.int64)
        self.upgraded_at = np.where(upgraded, middle, 0)
        self.plan_before = np.where(upgraded, self.plan - 1, self.plan)
        self.region = pick(rng, words.REGIONS, count)
        scale = np.exp(rng.normal(0, 0.9, count))
        dollars = np.array(list(words.REVENUE_OF.values()))[self.plan] * scale
        seats = np.array(list(words.SEATS_OF.values()))[self.plan] * np.exp(
            rng.normal(0, 0.8, count)
        )
        self.seats = np.maximum(1, seats).astype(np.int64)
        yen = self.region == _REGIONS.index("jp")
        self.mrr = np.round(np.where(yen, dollars * 150, dollars * 100)).astype(np.int64)
        begun = first // 86_400 - rng.integers(0, 1500, count)
        self.started = [date.fromordinal(719_163 + day).isoformat() for day in begun.tolist()]
        renewals = [
            spec.until + timedelta(days=days) for days in rng.integers(1, 365, count).tolist()
        ]
        self.renewal = [day.isoformat() for day in renewals]
        industries = np.array(list(words.INDUSTRIES))[pick(rng, words.INDUSTRIES, count)].tolist()
        free = free_facts(rng, words.FREE_OF_ACCOUNT, count)
        self.attributes: list[dict[str, Any]] = [
            {"industry": industry, "seats": seats} | facts
            for industry, seats, facts in zip(industries, self.seats.tolist(), free, strict=True)
        ]

    def fields(self, number: int) -> dict[str, Any]:
        """What has a column of its own, as it is kept with an answer."""
        region = _REGIONS[self.region[number]]
        return {
            "plan": _PLANS[self.plan[number]],
            "region": region,
            "mrr": int(self.mrr[number]),
            "currency": words.CURRENCY_OF[region],
            "started_on": self.started[number],
            "renewal_on": self.renewal[number],
        }


def free_facts(
    rng: np.random.Generator, kinds: Mapping[str, tuple[object, ...]], count: int
) -> list[dict[str, Any]]:
    """Values of free attributes, the first of each the most frequent."""
    drawn = {
        name: np.minimum(rng.geometric(2 / (len(values) + 1), count) - 1, len(values) - 1).tolist()
        for name, values in kinds.items()
    }
    return [{name: kinds[name][drawn[name][n]] for name in kinds} for n in range(count)]


def _person_kinds(rng: np.random.Generator, count: int = 4096) -> list[dict[str, Any]]:
    """Combinations of facts of people; drawing one of them is drawing each of its facts."""
    roles, seniorities = list(words.ROLES), list(words.SENIORITIES)
    role, seniority = pick(rng, words.ROLES, count), pick(rng, words.SENIORITIES, count)
    free = free_facts(rng, words.FREE_OF_PERSON, count)
    return [
        {"role": roles[role[n]], "seniority": seniorities[seniority[n]]} | free[n]
        for n in range(count)
    ]


def _rows(
    workspace_id: str,
    found: Customers,
    made: _Accounts,
    kinds: list[dict[str, Any]],
    seen: tuple[Numbers, Numbers],
    account_seen: tuple[Numbers, Numbers],
) -> Iterator[Batch]:
    count = len(found.account_ids)
    for begin in range(0, count, _CHUNK):
        yield _account_rows(
            workspace_id, found, made, account_seen, begin, min(count, begin + _CHUNK)
        )
    known_kinds = [pieces(kind) for kind in kinds]
    separators = _separators([*(f"attributes.{name}" for name in kinds[0]), "account_id"])
    for begin in range(0, len(found.contact_ids), _CHUNK):
        part = slice(begin, begin + _CHUNK)
        ids = found.contact_ids[part]
        first, last = seen[0][part], seen[1][part]
        numbers = range(begin, begin + len(ids))
        outside = [f"u{number}" for number in numbers]
        yield Batch(
            "contact",
            {
                "workspace_id": [workspace_id] * len(ids),
                "id": ids,
                "account_id": [found.account_ids[n] for n in found.account_of[part].tolist()],
                "external_id": outside,
                "name": [""] * len(ids),
                "attributes": [
                    f"{{{known_kinds[kind]}}}" for kind in found.person_kind[part].tolist()
                ],
                "fact_as_of": [moment.join(separators) for moment in iso_instants(last)],
                "created_at": instants(first),
                "updated_at": instants(last),
            },
        )
        yield Batch(
            "contact_identity",
            {
                "workspace_id": [workspace_id] * len(ids),
                "kind": ["external_id"] * len(ids),
                "value": outside,
                "contact_id": ids,
            },
        )


def _account_rows(
    workspace_id: str,
    found: Customers,
    made: _Accounts,
    seen: tuple[Numbers, Numbers],
    begin: int,
    end: int,
) -> Batch:
    numbers, part = range(begin, end), slice(begin, end)
    fields = [made.fields(number) for number in numbers]
    separators = _separators(
        ["name", *(name.replace("mrr", "mrr_minor") for name in fields[0])]
        + [f"attributes.{name}" for name in made.attributes[begin]]
    )
    return Batch(
        "account",
        {
            "workspace_id": [workspace_id] * len(fields),
            "id": found.account_ids[part],
            "external_id": [f"a{number}" for number in numbers],
            "name": [f"Account {number}" for number in numbers],
            **{
                column: [each[name] for each in fields]
                for column, name in (
                    ("plan", "plan"), ("region", "region"), ("mrr_minor", "mrr"),
                    ("currency", "currency"), ("started_on", "started_on"),
                    ("renewal_on", "renewal_on"),
                )
            },
            "attributes": [f"{{{pieces(made.attributes[number])}}}" for number in numbers],
            "fact_as_of": [moment.join(separators) for moment in iso_instants(seen[1][part])],
            "created_at": instants(seen[0][part]),
            "updated_at": instants(seen[1][part]),
        },
    )  # fmt: skip


def _separators(names: list[str]) -> list[str]:
    """What stands around an instant when it is the value of each of these names, as JSON."""
    return ['{"' + names[0] + '": "', *(f'", "{name}": "' for name in names[1:]), '"}']
