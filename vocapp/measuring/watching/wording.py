"""A watched score in words."""

from __future__ import annotations

from vocapp.measuring.watching.models import ScoreFall, ScoreWatch
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui.formats import local_date, number, score_text


def fall_words(kind: str, fall: ScoreFall) -> str:
    """The day, and the score before and after it with its answers."""
    return _(
        "Fell on about %(day)s: from %(before)s (n = %(before_n)s) to %(after)s (n = %(after_n)s).",
        day=local_date(fall.fell_on),
        before=score_text(fall.before_value, kind), before_n=number(fall.before_n),
        after=score_text(fall.after_value, kind), after_n=number(fall.after_n),
    )  # fmt: skip


def state_words(watch: ScoreWatch, fall: ScoreFall | None) -> str:
    """What the days since watching began say."""
    day = local_date(watch.began_on)
    if watch.looked_until <= watch.began_on:
        return _("Watched from %(day)s on; a day is looked at once it is over.", day=day)
    if fall is not None:
        return _("Watched anew since %(day)s: no sign of a further fall.", day=day)
    return _("Watched since %(day)s: no sign of a fall.", day=day)


def missing_words(watch: ScoreWatch) -> str:
    """What it takes to notice a fall; empty where there are enough answers."""
    if not watch.more_needed:
        return ""
    return ngettext(
        "Too few answers yet to notice a fall that is not large: about %(count)s more is needed.",
        "Too few answers yet to notice a fall that is not large: about %(count)s more are needed.",
        watch.more_needed, count=number(watch.more_needed),
    )  # fmt: skip
