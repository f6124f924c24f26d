"""What a list is of, in the reader's words."""

from __future__ import annotations

from surveys.periods import period_end, period_start
from surveys.scoring import categories
from vocapp.collecting.marked_wording import SHORT_WORDS
from vocapp.looking_into.parameters import IN, MARKED, Asked
from vocapp.measuring import wording
from vocapp.measuring.filter_wording import filter_in_words
from vocapp.measuring.forms import BASES
from vocapp.measuring.journey import wording as journey_wording
from vocapp.translating import gettext as _
from vocapp.ui.attribute_names import attribute_name, value_name
from vocapp.ui.formats import local_datetime, month_name
from vocapp.understanding.queries import theme_by_key
from vocapp.understanding.views import text_in_language
from vocapp.workspaces.access import current_workspace

Part = tuple[str, tuple[str, ...]]


def parts_in_words(kind: str, asked: Asked) -> list[Part]:
    """Everything that narrows the list: its words, and the parameters that say it."""
    selection = asked.selection
    ask = selection.ask
    parts: list[Part] = []
    if ask.since or ask.until:
        parts.append((wording.days_name(ask.since, ask.until), ("period",)))
    if selection.period:
        parts.append((_period_words(asked), ("start",)))
    for name, value in selection.segment.items():
        words = _("%(name)s: %(value)s", name=attribute_name(name), value=value_name(name, value))
        parts.append((words, (f"{IN}{name}",)))
    if asked.category is not None:
        names = dict(zip(categories(kind), wording.category_names(kind), strict=True))
        parts.append((names[asked.category], ("category",)))
    if asked.score is not None:
        parts.append((_("Score %(score)s", score=asked.score), ("score",)))
    if selection.theme is not None:
        theme = theme_by_key(current_workspace.id, selection.theme)
        words = _("About: %(theme)s", theme=text_in_language(theme.label))
        parts.append((words, ("theme",)))
    if selection.invited:
        parts.append((_("Answers to invitations of these days"), ("invited",)))
    if selection.marked is not None:
        parts.append((_marked_words(selection.marked), ("marked",)))
    if selection.received_by is not None:
        when = local_datetime(selection.received_by)
        parts.append((_("Received by %(when)s", when=when), ("received_by",)))
    if selection.at or selection.not_at:
        words = journey_wording.stages_words(selection.at, selection.not_at)
        parts.append((words, ("at", "not_at")))
    if asked.form.chosen_segment is not None:
        parts.append((asked.form.chosen_segment.name, ("segment",)))
    if asked.form.own_filter is not None:
        parts.append((filter_in_words(asked.form.own_filter), ("filter",)))
    if ask.basis != "responses":
        parts.append((_("Only %(which)s", which=dict(BASES)[ask.basis]), ("basis",)))
    return parts


def marked_choices() -> list[tuple[str, str]]:
    """What a list may be narrowed to by marks, with the words of each."""
    return [("", _("All answers")), *((which, _marked_words(which)) for which in MARKED)]


def _marked_words(which: str) -> str:
    if which == "none":
        return _("Without marked answers")
    if which == "any":
        return _("Only marked answers")
    return _("Marked: %(reason)s", reason=SHORT_WORDS[which])


def _period_words(asked: Asked) -> str:
    selection = asked.selection
    assert selection.period is not None
    interval = selection.ask.interval
    start = period_start(selection.period, interval)
    if interval == "month":
        return month_name(start)
    return wording.period_name(start, period_end(start, interval))
