"""The lines of a case's timeline in words, without who and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vocapp.following_up import wording
from vocapp.following_up.case_queries import Line
from vocapp.following_up.rules import BY_REPLY
from vocapp.translating import gettext as _
from vocapp.translating import lazy_gettext as _l
from vocapp.translating import ngettext
from vocapp.ui.formats import local_datetime, weekday_date

_PLAIN = {
    "note": _l("Note for colleagues"),
    "due": _l("Due time changed"),
    "undone": _l("Undone"),
    "parted": _l("Stands alone again"),
    "mail_failed": _l("An e-mail did not arrive"),
    "seen": _l("Seen"),
    "acknowledged": _l("Somebody knows that it is overdue"),
}
_AT_ONCE = timedelta(minutes=10)  # what was written down so soon after needs no time of its own
_WOKEN = {
    "time": _l("Back from the snooze"),
    "answer": _l("Back from the snooze: the customer answered"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """By what a line's ids are called: people of the workspace, routing rules."""

    people: Mapping[str, str]
    rules: Mapping[str, str]

    def rule(self, line: Line) -> str:
        key = str(line.detail.get("rule", ""))
        return wording.rule_name(key, self.rules.get(key))


def line_in_words(line: Line, names: Names) -> str:
    """What happened, as one short sentence."""
    tell = _TELLERS.get(line.kind)
    return tell(line, names) if tell else str(_PLAIN[line.kind])


def _opened(line: Line, names: Names) -> str:
    if line.detail.get("rule") == BY_REPLY.key:
        return str(_("Opened by a reply to an e-mail that went out by itself"))
    return str(_("Opened by the rule “%(rule)s”", rule=names.rule(line)))


def _routed(line: Line, names: Names) -> str:
    return str(_("Moved by the rule “%(rule)s”", rule=names.rule(line)))


def _state(line: Line, names: Names) -> str:  # noqa: ARG001 - all tellers are called alike
    return str(wording.STATES[line.to["state"]])


def _outcome(line: Line, names: Names) -> str:  # noqa: ARG001
    told = [
        wording.OUTCOMES.get(line.to.get("outcome", "")),
        wording.ROOT_CAUSES.get(line.to.get("root_cause", "")),
    ]
    return " · ".join(str(each) for each in told if each)


def _owner(line: Line, names: Names) -> str:
    owner = line.to.get("owner_user_id")
    name = names.people.get(owner, "–") if owner else _("Nobody yet")
    if away := line.detail.get("away"):
        absent = names.people.get(away, "–")
        return str(_("Owner: %(name)s, as %(absent)s is away", name=name, absent=absent))
    return str(_("Owner: %(name)s", name=name))


def _suggestion(line: Line, names: Names) -> str:
    accepted = line.detail.get("accepted")
    if accepted is not None:
        return str(_("Suggestion taken") if accepted else _("Suggestion dismissed"))
    if "score" in line.detail:
        return str(_("The answer was changed to %(score)s", score=line.detail["score"]))
    return str(_("Suggested by the rule “%(rule)s”", rule=names.rule(line)))


def _snoozed(line: Line, names: Names) -> str:  # noqa: ARG001
    until = line.to.get("snoozed_until")
    if until is None:
        return str(_("Snooze ended"))
    return str(_("Snoozed until %(day)s", day=weekday_date(datetime.fromisoformat(until))))


def _woken(line: Line, names: Names) -> str:  # noqa: ARG001
    return str(_WOKEN[line.detail["why"]])


def _merged(line: Line, names: Names) -> str:  # noqa: ARG001
    count = line.detail.get("answers")
    if count is None:
        return str(_("Merged into another follow-up of this person"))
    return str(
        ngettext(
            "Another answer of this person stands here now",
            "%(num)s other answers of this person stand here now",
            count,
        )
    )


def _call(line: Line, names: Names) -> str:  # noqa: ARG001
    told = [
        str(wording.WAYS[line.detail["way"]]),
        str(_("Reached") if line.detail["reached"] else _("Not reached")),
        line.with_whom,
    ]
    held_at = datetime.fromisoformat(line.detail["held_at"])
    if line.at - held_at > _AT_ONCE:
        told.append(local_datetime(held_at))
    return " · ".join(each for each in told if each)


def _mail(line: Line, names: Names) -> str:  # noqa: ARG001
    return str(_("E-mail to %(name)s", name=line.with_whom or "–"))


def _reply(line: Line, names: Names) -> str:  # noqa: ARG001
    if line.detail.get("automatic"):
        return str(_("Automatic reply by e-mail"))
    return str(_("Reply by e-mail"))


def _escalated(line: Line, names: Names) -> str:
    told = names.people.get(line.detail["told"], "–")
    return str(_("Overdue for long: passed on to %(name)s", name=told))


_TELLERS: dict[str, Callable[[Line, Names], str]] = {
    "opened": _opened,
    "routed": _routed,
    "state": _state,
    "outcome": _outcome,
    "owner": _owner,
    "suggestion": _suggestion,
    "snoozed": _snoozed,
    "woken": _woken,
    "call": _call,
    "merged": _merged,
    "mail": _mail,
    "escalated": _escalated,
    "reply": _reply,
}
