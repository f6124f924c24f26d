"""What rules of touchpoints, playbooks and goal templates see of an account, as text."""

from __future__ import annotations

from surveys.playbooks import has_attributes
from vocapp.people.models import Account
from vocapp.succeeding.attribute_lines import attributes_of


def seen(plan=None, region=None, /, **attributes):
    return attributes_of(Account(plan=plan, region=region, attributes=attributes))


def test_numbers_and_truth_are_said_as_people_send_them():
    assert seen(beta=True, closed=False, seats=5, rate=0.5, industry="製造") == {
        "beta": "true", "closed": "false", "seats": "5", "rate": "0.5", "industry": "製造",
    }  # fmt: skip


def test_what_is_nothing_is_not_there():
    assert seen(beta=None) == {}
    assert not has_attributes(seen(beta=None), {"beta": ["null", "None"]})


def test_plan_and_region_of_the_account_count_before_attributes_of_that_name():
    told = seen("pro", None, plan="free", region="jp")
    assert told == {"plan": "pro", "region": "jp"}
