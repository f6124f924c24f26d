"""Routing rules in words: what they ask, where they send, what a change of them changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from surveys.routing_changes import RuleChange
from surveys.routing_trial import Change, Look
from vocapp.extensions import db
from vocapp.following_up import wording
from vocapp.following_up.forms import CATEGORY_WORDS, KINDS, SENTIMENT_WORDS
from vocapp.following_up.queries import theme_labels
from vocapp.following_up.rule_segments import segments_of
from vocapp.following_up.rule_versions import in_order
from vocapp.measuring.segments.queries import Called, names_by_key
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


@dataclass(frozen=True, slots=True)
class Labels:
    """What themes and segments are called, by key."""

    themes: wording.ThemeLabels
    segments: Mapping[str, Called]

    def theme(self, key: str) -> str:
        return wording.theme_label(key, self.themes)

    def segment(self, key: str) -> str:
        called = self.segments.get(key)
        if called is None or called.is_removed:
            return str(_("%(name)s (removed)", name=called.name if called else key))
        return called.name

    def offered_segments(self, chosen: Sequence[str]) -> list[tuple[str, str]]:
        """Those that a rule asks for already, then the others that it may ask for."""
        others = [
            key
            for key, called in self.segments.items()
            if not called.is_removed and key not in chosen
        ]
        return [(key, self.segment(key)) for key in (*chosen, *others)]

    def removed_in_words(self, when: Mapping[str, Any]) -> str:
        """Which segments that a rule asks for are not there any more; "" of none."""
        gone = [
            called.name if called else key
            for key in segments_of(when)
            if (called := self.segments.get(key)) is None or called.is_removed
        ]
        if not gone:
            return ""
        names = word_list(gone, "standard-narrow")
        return str(_("No answer is in a segment that was removed: %(names)s.", names=names))


def labels_of(workspace_id: UUID) -> Labels:
    return Labels(theme_labels(workspace_id), names_by_key(db.session(), workspace_id))


def rules_asking(session: Session, workspace_id: UUID, key: str) -> list[str]:
    """Names of the rules that ask for a segment, also of those that are switched off."""
    return [
        wording.rule_name(row.key, row.name)
        for row in in_order(session, workspace_id)
        if key in segments_of(row.condition)
    ]


def conditions_in_words(when: Mapping[str, Any], labels: Labels) -> list[str]:
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
        words.append(_either([labels.theme(key) for key in when["theme"]]))
    if "segment" in when:
        names = _either([labels.segment(key) for key in when["segment"]])
        words.append(str(_("In segment: %(names)s", names=names)))
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


def version_in_words(change: RuleChange, owners: Mapping[str, str], labels: Labels) -> list[str]:
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
