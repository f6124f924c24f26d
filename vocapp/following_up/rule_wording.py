"""Routing rules in words: what they ask, where they send, what a change of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from surveys.routing_changes import RuleChange
from surveys.routing_trial import Change, Look
from vocapp.following_up import wording
from vocapp.following_up.forms import CATEGORY_WORDS, KINDS, SENTIMENT_WORDS
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import number, word_list
from vocapp.workspaces.queries import members


def people_of(workspace_id: UUID) -> list[tuple[str, str]]:
    return [(str(each.user_id), each.name) for each in members(workspace_id)]


def owner_words(workspace_id: UUID) -> dict[str, str]:
    """What a rule says of the owner → words; "": nobody yet."""
    known = {key: str(text) for key, text in wording.OWNER_RULES.items()}
    return known | dict(people_of(workspace_id)) | {"": str(_("Nobody yet"))}


def conditions_in_words(when: dict[str, Any], labels: wording.ThemeLabels) -> list[str]:
    """Each condition of a rule as a short line."""
    words: list[str] = []
    for name, known in (
        ("kind", dict(KINDS)), ("category", CATEGORY_WORDS), ("sentiment", SENTIMENT_WORDS),
    ):  # fmt: skip
        if name in when:
            words.append(_either([str(known[value]) for value in when[name]]))
    if "score_at_least" in when:
        words.append(str(_("Score of %(score)s or more", score=when["score_at_least"])))
    if "score_at_most" in when:
        words.append(str(_("Score of %(score)s or less", score=when["score_at_most"])))
    if "theme" in when:
        words.append(_either([wording.theme_label(key, labels) for key in when["theme"]]))
    for key, values in when.get("attribute", {}).items():
        words.append(f"{key}: {_either([value or '–' for value in values])}")
    if "text_any" in when:
        words.append(_either([f"“{word}”" for word in when["text_any"]]))
    return words


def _either(values: Sequence[str], most: int = 5) -> str:
    shown = word_list(values[:most], "standard-narrow")
    more = len(values) - most
    return str(_("%(shown)s and %(count)s more", shown=shown, count=more)) if more > 0 else shown


def then_in_words(then: Mapping[str, Any], owners: Mapping[str, str]) -> str:
    """Such as: Product · Nobody yet · within 24 hours · Normal."""
    return " · ".join(
        (
            str(wording.TEAMS[then["team"]]),
            owners.get(then.get("owner") or "", str(_("Nobody yet"))),
            str(ngettext("within %(num)s hour", "within %(num)s hours", then["sla_hours"])),
            str(wording.PRIORITIES[then["priority"]]),
        )
    )


def look_in_words(look: Look, names: Mapping[str, str], days: int) -> str:
    """Why a rule decides nothing; "" where it does."""
    if look.state == "hidden":
        name = names.get(look.hidden_by or "", look.hidden_by)
        return str(_("Never reached: “%(name)s” before it takes all that it fits.", name=name))
    if look.state == "taken":
        told = ngettext(
            "In the last %(days)s days %(num)s answer matched it, taken by rules before: %(who)s.",
            "In the last %(days)s days %(num)s answers matched it, all taken by rules before: "
            "%(who)s.",
            look.matched,
            days=days,
            who=word_list(
                [f"“{names.get(key, key)}” ({number(count)})" for key, count in look.taken_by[:3]]
            ),
        )
        return str(told)
    if look.state == "unmatched":
        return str(_("No answer of the last %(days)s days matched it.", days=days))
    return ""


def change_in_words(change: Change, names: Mapping[str, str]) -> str:
    """Whence and where to, such as: No follow-up → May cancel."""
    if change.kind == "changed":
        return str(_("%(rule)s, to others than now", rule=names.get(change.after or "")))
    nothing = str(_("No follow-up"))
    before, after = (
        nothing if key is None else names.get(key, key) for key in (change.before, change.after)
    )
    return f"{before} → {after}"


def version_in_words(change: RuleChange, owners: Mapping[str, str], labels: Any) -> list[str]:
    """What one version changed of one rule: what, and where there is one, before and after."""
    name = wording.rule_name(change.key, change.name)
    if change.kind == "if":
        every = str(_("Every answer"))
        sides = [
            " · ".join(conditions_in_words(when, labels)) or every
            for when in (change.before, change.after)
        ]
        return [str(_("%(name)s: if", name=name)), *sides]
    if change.kind == "then":
        sides = [then_in_words(then, owners) for then in (change.before, change.after)]
        return [str(_("%(name)s: then", name=name)), *sides]
    words = {
        "added": _("%(name)s: added", name=name),
        "removed": _("%(name)s: removed", name=name),
        "renamed": _("%(name)s: renamed", name=name),
        "on": _("%(name)s: switched on", name=name),
        "off": _("%(name)s: switched off", name=name),
        "moved": _(
            "%(name)s: moved from place %(before)s to %(after)s",
            name=name, before=change.before, after=change.after,
        ),
    }  # fmt: skip
    sides = [change.before, change.after] if change.kind == "renamed" else []
    return [str(words[change.kind]), *sides]
