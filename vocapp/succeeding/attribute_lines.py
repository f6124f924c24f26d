"""For which accounts something is, by their attributes, as people write it: a line each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from surveys.fields import MAX_TEXT_CHARS, MAX_VALUES
from vocapp.people.models import Account
from vocapp.translating import gettext as _


def parse_attributes(text: str) -> dict[str, list[str]]:
    """Lines such as ``plan: pro, team``. Raises ValueError, in words for who wrote them."""
    found: dict[str, list[str]] = {}
    for line in filter(str.strip, text.splitlines()):
        name, colon, values = line.replace("：", ":").partition(":")
        wanted = [each.strip() for each in values.replace("、", ",").split(",") if each.strip()]
        if not (colon and name.strip() and wanted) or len(wanted) > MAX_VALUES:
            raise ValueError(_("Write each line as “plan: pro, team”."))
        if max(map(len, [name.strip(), *wanted])) > MAX_TEXT_CHARS:
            raise ValueError(_("Use at most 200 characters."))
        found.setdefault(name.strip(), []).extend(wanted)
    return found


def attribute_lines(attributes: Mapping[str, Sequence[str]]) -> list[str]:
    """The counterpart of `parse_attributes`.

    >>> attribute_lines({"plan": ["pro", "team"]})
    ['plan: pro, team']
    """
    return [f"{name}: {', '.join(values)}" for name, values in attributes.items()]


def attributes_of(account: Account) -> dict[str, str | None]:
    """What is looked for in an account, as text: what is said of it, and its plan and region, which
    count before attributes of that name. What is nothing is not there; true and false are said as
    JSON says them."""
    own = {"plan": account.plan, "region": account.region}
    told = account.attributes | {key: value for key, value in own.items() if value is not None}
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in told.items()
        if value is not None
    }
