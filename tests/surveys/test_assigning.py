"""Who gets a case."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.assigning import Assigner, Assignment, Person, Wanted

ANN, BEN, CAI, DEE = (UUID(int=number) for number in range(1, 5))
DAY = datetime(2026, 11, 2, tzinfo=UTC)
IDS = st.sampled_from([UUID(int=number) for number in range(1, 7)])
PEOPLE = st.lists(
    st.builds(
        Person,
        IDS,
        takes_turns=st.booleans(),
        open_cases=st.integers(0, 20),
        capacity=st.sampled_from([0.5, 1.0, 2.0]),
        last_turn_at=st.none() | st.integers(0, 3).map(lambda days: DAY + timedelta(days=days)),
        absent=st.booleans(),
        stand_in=st.none() | IDS,
    ),
    unique_by=lambda person: person.user,
    max_size=6,
)
CASES = st.lists(
    st.builds(
        Wanted,
        st.sampled_from(["account_owner", "round_robin", "load", None]) | IDS.map(str),
        st.none() | IDS,
    ),
    max_size=30,
)
TURNS = st.sampled_from(["round_robin", "load"])


def given_to(cases, people, **options):
    """Who gets each, in their order."""
    desk = Assigner(people, **options)
    return [desk.give(case) for case in cases]


def taken_over(owners, people, **options):
    desk = Assigner(people, **options)
    return [desk.take_over(owner) for owner in owners]


def users(cases, people, **options):
    return [each.user for each in given_to(cases, people, **options)]


@given(CASES, PEOPLE, TURNS, st.randoms(use_true_random=False))
def test_the_order_in_which_people_are_read_does_not_matter(cases, people, otherwise, random):
    shuffled = random.sample(people, len(people))
    assert given_to(cases, shuffled, otherwise=otherwise) == given_to(
        cases, people, otherwise=otherwise
    )


@given(CASES, PEOPLE, TURNS)
def test_nobody_absent_gets_a_case_and_none_is_left_while_somebody_is_there(
    cases, people, otherwise
):
    present = {person.user for person in people if not person.absent}
    in_turn = {person.user for person in people if person.takes_turns} & present
    for case, found in zip(cases, given_to(cases, people, otherwise=otherwise), strict=True):
        assert found.user is None or found.user in present
        assert (found.reason == "not_wanted") == (case.owner is None)
        if found.reason in ("round_robin", "load"):
            assert found.user in in_turn
        if found.reason == "nobody":
            assert not in_turn
        if found.reason == "stand_in":
            assert found.instead_of not in present


@given(PEOPLE, st.integers(0, 50))
def test_turns_differ_by_at_most_one_however_many_each_had_before(people, n):
    in_turn = [person.user for person in people if person.takes_turns and not person.absent]
    counts = Counter(users([Wanted("round_robin")] * n, people))
    if in_turn:
        assert sum(counts.values()) == n
        shares = [counts[user] for user in in_turn]
        assert max(shares) - min(shares) <= 1


@given(PEOPLE, st.integers(0, 50))
def test_by_load_nobody_gets_a_case_that_a_colleague_had_more_room_for(people, n):
    load = {person.user: person.open_cases for person in people}
    able = {
        person.user: person.capacity
        for person in people
        if person.takes_turns and not person.absent
    }
    for user in users([Wanted("load")] * n, people):
        if user is not None:
            with_it = {each: (load[each] + 1) / capacity for each, capacity in able.items()}
            assert with_it[user] == min(with_it.values())
            load[user] += 1


def test_who_waited_longest_is_next_and_who_never_had_a_turn_before_all():
    people = [
        Person(ANN, last_turn_at=DAY),
        Person(BEN, last_turn_at=DAY - timedelta(days=1), open_cases=40),
        Person(CAI),
    ]
    found = given_to([Wanted("round_robin")] * 4, people)
    assert [each.user for each in found] == [CAI, BEN, ANN, CAI]
    assert {each.reason for each in found} == {"round_robin"}


def test_ties_go_by_id():
    for people in ([Person(BEN), Person(ANN)], [Person(ANN), Person(BEN)]):
        for rule in ("round_robin", "load"):
            assert users([Wanted(rule)] * 3, people) == [ANN, BEN, ANN]


def test_half_a_week_gets_half_of_the_cases():
    people = [Person(ANN), Person(BEN, capacity=0.5)]
    assert Counter(users([Wanted("load")] * 30, people)) == {ANN: 20, BEN: 10}


def test_the_accounts_owner_gets_the_case_whether_or_not_it_is_their_turn():
    people = [Person(ANN, takes_turns=False, open_cases=99), Person(BEN)]
    assert given_to([Wanted("account_owner", ANN)], people) == [Assignment(ANN, "account_owner")]
    assert given_to([Wanted(str(ANN), BEN)], people) == [Assignment(ANN, "named")]


def test_an_account_without_an_owner_or_with_one_who_left_goes_to_the_next():
    people = [Person(BEN)]
    for owner in (None, DEE):
        assert given_to([Wanted("account_owner", owner)], people) == [
            Assignment(BEN, "round_robin", instead_of=owner)
        ]


def test_the_stand_in_of_an_absent_stand_in_is_asked_and_a_circle_ends():
    people = [
        Person(ANN, absent=True, stand_in=BEN),
        Person(BEN, absent=True, stand_in=CAI),
        Person(CAI, takes_turns=False),
        Person(DEE, open_cases=5),
    ]
    wanted = [Wanted("account_owner", ANN)]
    assert given_to(wanted, people) == [Assignment(CAI, "stand_in", instead_of=ANN)]
    circle = [replace(people[1], stand_in=ANN) if person.user == BEN else person
              for person in people]  # fmt: skip
    assert given_to(wanted, circle, otherwise="load") == [Assignment(DEE, "load", instead_of=ANN)]


def test_where_all_are_absent_nobody_gets_it():
    people = [Person(ANN, absent=True, stand_in=ANN), Person(BEN, absent=True)]
    assert given_to([Wanted("account_owner", ANN), Wanted("load")], people) == [
        Assignment(None, "nobody", instead_of=ANN),
        Assignment(None, "nobody"),
    ]


def test_what_stand_ins_get_counts_for_the_load():
    people = [Person(ANN, absent=True, stand_in=BEN), Person(BEN), Person(CAI)]
    cases = [*[Wanted("account_owner", ANN)] * 2, *[Wanted("load")] * 2]
    assert users(cases, people) == [BEN, BEN, CAI, CAI]


def test_cases_of_who_becomes_absent_go_to_the_stand_in_and_the_others_stay():
    people = [Person(ANN, absent=True, stand_in=BEN), Person(BEN), Person(CAI)]
    assert taken_over([ANN, BEN, None, ANN], people) == [
        Assignment(BEN, "stand_in", instead_of=ANN),
        None,
        None,
        Assignment(BEN, "stand_in", instead_of=ANN),
    ]


def test_without_a_stand_in_they_are_shared_out_and_with_nobody_there_they_stay():
    people = [Person(ANN, absent=True), Person(BEN), Person(CAI)]
    shared = taken_over([ANN] * 4, people, otherwise="load")
    assert [each.user for each in shared] == [BEN, CAI, BEN, CAI]
    assert {(each.reason, each.instead_of) for each in shared} == {("load", ANN)}
    assert taken_over([ANN, DEE], people[:1]) == [None, None]


@given(st.lists(st.none() | IDS, max_size=20), PEOPLE, TURNS)
def test_after_giving_away_no_case_is_with_somebody_absent_that_another_could_take(
    owners, people, otherwise
):
    there = {person.user for person in people if not person.absent}
    for owner, moved in zip(owners, taken_over(owners, people, otherwise=otherwise), strict=True):
        if moved is None:
            takers = [person for person in people if person.takes_turns and not person.absent]
            assert owner is None or owner in there or not takers
        else:
            assert owner not in there
            assert moved.user in there
            assert moved.instead_of == owner


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"open_cases": -1}, "open_cases"),
        ({"capacity": 0}, "capacity"),
        ({"last_turn_at": datetime(2026, 1, 1)}, "last_turn_at"),  # noqa: DTZ001
    ],
)
def test_a_wrong_person_names_the_field(wrong, field):
    with pytest.raises(ValueError, match=f"^{field}: "):
        Person(ANN, **wrong)


def test_unknown_rules_and_the_same_user_twice_are_refused():
    with pytest.raises(ValueError, match=r"^owner: "):
        given_to([Wanted("whoever")], [Person(ANN)])
    with pytest.raises(ValueError, match=r"^otherwise: "):
        Assigner([Person(ANN)], otherwise="whoever")
    with pytest.raises(ValueError, match=r"^people: "):
        Assigner([Person(ANN), Person(ANN, absent=True)])
