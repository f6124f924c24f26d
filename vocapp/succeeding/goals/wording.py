"""Goals in words, in the reader's language."""

from __future__ import annotations

from vocapp.succeeding.attribute_lines import attribute_lines
from vocapp.succeeding.goals.forms import plain_figure
from vocapp.succeeding.goals.models import GoalTemplate
from vocapp.succeeding.goals.queries import Line, Shown
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date, number, percent

STANDINGS = {
    "open_on_track": _l("On track"),
    "open_behind": _l("Behind"),
    "met": _l("Met"),
    "missed": _l("Missed"),
    "dropped": _l("Dropped"),
}
CHIPS = {
    "open_on_track": "info",
    "open_behind": "warning",
    "met": "good",
    "missed": "bad",
    "dropped": "",
}
CLOSED = {"met": _l("Met"), "missed": _l("Missed"), "dropped": _l("Dropped")}
_DONE = {
    "added": _l("Goal added"),
    "changed": _l("Goal changed"),
    "progress": _l("Progress recorded"),
    "closed": _l("Goal closed"),
    "reopened": _l("Goal reopened"),
    "undone": _l("Undone"),
}


def figure(value: float | None, unit: str = "") -> str:
    """A figure with as many digits as it has, and its unit.

    A unit in letters of the Latin alphabet stands apart; signs such as % and 件 do not.
    """
    decimals = len(plain_figure(value).partition(".")[2])
    text = number(value, decimals)
    apart = " " if unit[:1].isascii() and unit[:1].isalpha() else ""
    return f"{text}{apart}{unit}" if value is not None else text


def way_words(shown: Shown) -> str:
    """Such as: 62% of the way: 31 h now, from 50 h to 20 h."""
    goal = shown.goal
    ends = {
        "baseline": figure(goal.baseline, goal.unit), "target": figure(goal.target, goal.unit)
    }  # fmt: skip
    if shown.reached is None:
        return _("Not measured yet; from %(baseline)s to %(target)s.", **ends)
    ends |= {"current": figure(goal.current, goal.unit), "share": percent(shown.reached)}
    return _("%(share)s of the way: %(current)s now, from %(baseline)s to %(target)s.", **ends)


def due_words(shown: Shown) -> str:
    """When it is to be reached, and that the day is over where it is."""
    day = local_date(shown.goal.due_on)
    if not shown.is_overdue:
        return _("By %(day)s", day=day)
    return _("Overdue since %(day)s", day=day)


def line_words(line: Line, unit: str) -> str:
    """One line of the history, without who, when and note."""
    to = line.detail.get("to", {})
    if line.kind == "closed" and to.get("state") in CLOSED:
        return str(CLOSED[to["state"]])
    if line.kind == "progress" and "current" in to:
        return _("Progress: %(figure)s", figure=figure(to["current"], unit))
    return str(_DONE[line.kind])


def template_words(template: GoalTemplate) -> str:
    """Such as: hours to the first answer: 4 h · within 90 days."""
    days = ngettext("within %(num)s day", "within %(num)s days", template.due_in_days)
    if template.target is None:
        return f"{template.measure} · {days}"
    target = figure(template.target, template.unit)
    measured = _("%(measure)s: %(target)s", measure=template.measure, target=target)
    return f"{measured} · {days}"


def audience_words(template: GoalTemplate) -> str:
    """For which accounts a template is."""
    return " · ".join(attribute_lines(template.attributes)) or _("For all accounts")
