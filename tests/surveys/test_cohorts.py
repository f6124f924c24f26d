"""Cohorts against a naive count."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from surveys.cohorts import by_age, cohort_cells, triangle
from surveys.subscriptions import Change, histories

ZONE = "Asia/Tokyo"
MONTHS = [date(2026, month, 1) for month in (8, 9, 10, 11, 12)]


def local(month, day, hour=12):
    return datetime(2026, month, day, hour, tzinfo=ZoneInfo(ZONE))


def cohorts(changes, now):
    cells = cohort_cells(histories(changes).values(), time_zone=ZONE, now=now)
    return triangle(cells, currency="JPY")


def paid(account, at, mrr, number=0):
    return Change(account, "core", at, number, mrr, "JPY")


def test_by_hand_a_triangle():
    """August: A 100, B 300, C 50 gone within the month. End of August: 2 of 3, 400 yen.

    September: B 300 to 150, so 2 of 3 and 250 / 400. October: A gone: 1 of 3, 150 / 400, while D
    begins in September with 70 and grows to 77 in October: 77 / 70, kept 1.
    """
    changes = [
        paid("A", local(8, 1, 0), 100),
        paid("B", local(8, 20), 300),
        paid("C", local(8, 3), 50),
        paid("C", local(8, 30), 0, 1),
        paid("B", local(9, 30, 23), 150, 1),
        paid("A", local(10, 2), 0, 1),
        paid("D", local(9, 1, 0), 70),
        paid("D", local(10, 9), 77, 1),
    ]
    august, september = cohorts(changes, now=local(11, 1, 0))
    assert (august.start, august.accounts) == (date(2026, 8, 1), 3)
    assert [month.age for month in august.months] == [0, 1, 2]
    assert [month.logos.value for month in august.months] == [2 / 3, 2 / 3, 1 / 3]
    assert [month.revenue.value for month in august.months] == [1, 250 / 400, 150 / 400]
    assert (september.start, september.accounts) == (date(2026, 9, 1), 1)
    assert [month.revenue.value for month in september.months] == [1, 1.1]
    assert [month.kept.value for month in september.months] == [1, 1]


def test_by_hand_all_cohorts_of_an_age():
    """After one month: August 2 of 3 and 250 of 400, September 0 of 1 and 0 of 70."""
    changes = [
        paid("A", local(8, 1, 0), 100),
        paid("B", local(8, 20), 300),
        paid("C", local(8, 3), 50),
        paid("C", local(8, 30), 0, 1),
        paid("B", local(9, 30, 23), 150, 1),
        paid("D", local(9, 1, 0), 70),
        paid("D", local(10, 9), 0, 1),
    ]
    cells = cohort_cells(histories(changes).values(), time_zone=ZONE, now=local(11, 1, 0))
    first, second, third = by_age(cells, currency="JPY")
    assert (first.age, first.logos.value, first.logos.n) == (0, 3 / 4, 4)
    assert (second.logos.value, second.logos.n) == (2 / 4, 4)
    assert second.revenue.value == (250 + 0) / (400 + 70)
    assert (third.logos.value, third.logos.n) == (2 / 3, 3)  # September is not so old
    assert by_age({}, currency="JPY") == []


def test_a_month_that_is_not_over_is_not_filled_in():
    changes = [paid("A", local(9, 5), 100), paid("B", local(10, 5), 100)]
    before_the_end = cohorts(changes, now=local(10, 31, 23))
    assert [len(cohort.months) for cohort in before_the_end] == [1]
    at_the_end = cohorts(changes, now=local(11, 1, 0))
    assert [len(cohort.months) for cohort in at_the_end] == [2, 1]
    assert cohorts([], now=local(11, 1)) == []
    assert cohorts(changes, now=local(9, 1)) == []


@st.composite
def changes_of_accounts(draw):
    names = draw(st.lists(st.sampled_from("abcdef"), max_size=25))
    changes = []
    for number, name in enumerate(names):
        month, day = draw(st.integers(8, 12)), draw(st.sampled_from([1, 2, 15, 28]))
        hour = draw(st.sampled_from([0, 1, 12]))
        changes.append(paid(name, local(month, day, hour), draw(st.integers(0, 3)) * 50, number))
    return changes


def naive_mrr(changes, name, instant):
    own = [each for each in changes if each.account == name and each.at < instant]
    return max(own, key=lambda each: (each.at, each.received)).mrr_minor if own else 0


def naive_start(changes, name):
    """First day of the month of the first hour at which anything is paid."""
    hour = local(8, 1, 0)
    while hour < datetime(2027, 1, 1, tzinfo=ZoneInfo(ZONE)):
        if naive_mrr(changes, name, hour + timedelta(minutes=1)):
            return hour.date().replace(day=1)
        hour += timedelta(hours=1)
    return None


@given(changes_of_accounts())
def test_a_triangle_is_that_of_a_naive_count(changes):
    ends = {
        month: datetime.combine(following, datetime.min.time(), ZoneInfo(ZONE))
        for month, following in zip(MONTHS, [*MONTHS[1:], date(2027, 1, 1)], strict=True)
    }
    starts = {name: naive_start(changes, name) for name in {each.account for each in changes}}
    found = {cohort.start: cohort for cohort in cohorts(changes, now=ends[MONTHS[-1]])}
    assert set(found) == set(starts.values()) - {None}
    for start, cohort in found.items():
        members = [name for name, own in starts.items() if own == start]
        assert cohort.accounts == len(members)
        later = [month for month in MONTHS if month >= start]
        assert [month.age for month in cohort.months] == list(range(len(later)))
        first = {name: naive_mrr(changes, name, ends[start]) for name in members}
        for month, cell in zip(later, cohort.months, strict=True):
            now = {name: naive_mrr(changes, name, ends[month]) for name in members}
            assert cell.logos.value == sum(map(bool, now.values())) / len(members)
            base = sum(first.values())
            kept = sum(now[name] for name in members if first[name])
            assert cell.revenue.value == (kept / base if base else None)


def test_a_now_in_another_zone_is_the_same_now():
    changes = [paid("A", local(9, 5), 100)]
    now = local(10, 1, 0)
    assert cohorts(changes, now=now) == cohorts(changes, now=now.astimezone(UTC))
