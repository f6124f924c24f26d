"""Why an answer is marked, in words."""

from __future__ import annotations

from vocapp.translating import lazy_gettext as _l

REASON_WORDS = {
    "hidden_field": _l("Wrote into a field that people do not see."),
    "altered_form": _l("Came without what the page had put into its form."),
    "too_fast": _l("Pressed less than two seconds after the page was made."),
    "speeding": _l("Answered in less time than reading takes, and far faster than others."),
    "straight_line": _l("The same on all of four or more scales, or in all rows of a table."),
    "same_person": _l("Its person had answered this survey within a day before."),
    "same_text": _l("The same long text as another answer by a public link."),
}
SHORT_WORDS = {
    "hidden_field": _l("Hidden field"),
    "altered_form": _l("Altered form"),
    "too_fast": _l("Too fast"),
    "speeding": _l("Speeding"),
    "straight_line": _l("Straight line"),
    "same_person": _l("Same person"),
    "same_text": _l("Same text"),
}
