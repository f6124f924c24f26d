"""Which answers are marked as perhaps not given with care, or not by a person, and why.

A mark is a reason to look, never a verdict: a marked answer is stored, shown and counted like any
other, and the score is said with and without those that are marked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from datetime import datetime, timedelta
from math import log
from statistics import quantiles

from surveys.holding import FASTEST, Visit

# In the order in which they are said.
MARKS = (
    "hidden_field",  # wrote into a field that people do not see
    "altered_form",  # came without what the page had put into its form
    "too_fast",  # pressed before a page can be seen
    "speeding",  # in less time than reading takes, and far below what others of the survey took
    "straight_line",  # the same on every scale, or in every row of a table
    "same_person",  # had answered the same survey within a day
    "same_text",  # the same long text as another answer by a public link
)
SCALES_OF_A_LINE = 4  # fewer that are alike say nothing: who is content says so
SAME_PERSON_WITHIN = timedelta(days=1)
# Fewer other answers say too little of how long a survey takes.
LEAST_TO_COMPARE = 50
# Characters a minute at which people read aloud: Trauzettel-Klosinski and Dietz, Standardized
# assessment of reading performance: the new IReST, 2012 (English 987, Japanese 357). Most read
# faster in silence, so that this alone marks nobody.
_A_MINUTE, _A_MINUTE_CJK = 987, 357
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]")
LONG_TEXT = 40  # characters; two people may well write a shorter one alike


def marks_of_press(
    visit: Visit | None, *, hidden_field: str, pressed_at: datetime
) -> tuple[str, ...]:
    """What is to be said of a press on a page that everybody may open.

    visit: None where the form does not tell. hidden_field: what came in the field that people do
    not see.

    >>> from datetime import UTC, timedelta
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> visit = Visit("v", noon, noon)
    >>> marks_of_press(visit, hidden_field="", pressed_at=noon + timedelta(seconds=3))
    ()
    >>> marks_of_press(visit, hidden_field="http://x", pressed_at=noon)
    ('hidden_field', 'too_fast')
    >>> marks_of_press(None, hidden_field="", pressed_at=noon)
    ('altered_form',)
    """
    found = {
        "hidden_field": bool(hidden_field),
        "altered_form": visit is None,
        "too_fast": visit is not None and pressed_at - visit.made_at < FASTEST,
    }
    return tuple(mark for mark in MARKS if found.get(mark))


def is_straight_line(points: Sequence[Hashable]) -> bool:
    """Whether somebody gave one answer throughout, and there were enough of them.

    points: of every scale that was answered, or the column of every row of a table.

    >>> is_straight_line([5, 5, 5, 5]), is_straight_line([5, 5, 5]), is_straight_line([5, 5, 5, 6])
    (True, False, False)
    """
    return len(points) >= SCALES_OF_A_LINE and len(set(points)) == 1


def answered_before(at: datetime, others: Iterable[datetime]) -> bool:
    """Whether one of a person's other answers to the survey came within a day before, or with it.

    >>> from datetime import UTC
    >>> noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    >>> answered_before(noon, [noon - timedelta(hours=23)]), answered_before(noon, [])
    (True, False)
    >>> answered_before(noon, [noon + timedelta(minutes=1)])
    False
    """
    return any(timedelta(0) <= at - other <= SAME_PERSON_WITHIN for other in others)


def reading_ms(texts: Iterable[str]) -> int:
    """How long it takes to read some texts, in milliseconds, 1 at least.

    >>> reading_ms(["How likely are you to recommend us?"])
    2128
    >>> reading_ms(["おすすめしますか"])
    1345
    """
    seconds = 0.0
    for text in texts:
        wide = len(_CJK.findall(text))
        seconds += 60 * (wide / _A_MINUTE_CJK + (len(text) - wide) / _A_MINUTE)
    return max(1, round(1000 * seconds))


def is_speeder(taken_ms: int, reading_ms: int, others: Sequence[float]) -> bool:
    """Whether somebody answered in less time than reading takes, and far faster than others did.

    others: what others of the same survey took, as shares of the time that reading takes, above 0.
    What is compared is the logarithm of the share, as times are skewed, with Tukey's lower fence:
    the lower quartile less one and a half times the distance of the quartiles. False for fewer than
    LEAST_TO_COMPARE others. ValueError for a time of 0 or less.

    >>> others = [0.5 + n / 25 for n in range(50)]
    >>> is_speeder(500, 2000, others), is_speeder(1900, 2000, others), is_speeder(500, 2000, [])
    (True, False, False)
    """
    if taken_ms <= 0 or reading_ms <= 0:
        raise ValueError(f"expected times above 0, got {taken_ms} and {reading_ms}")
    if taken_ms >= reading_ms or len(others) < LEAST_TO_COMPARE:
        return False
    low, _middle, high = quantiles([log(each) for each in others], n=4, method="inclusive")
    return log(taken_ms / reading_ms) < low - 1.5 * (high - low)


def comparable_text(text: str) -> str | None:
    """A long text without what people change when they copy it: capitals, widths, signs, spaces.
    None for a short one.

    >>> comparable_text("Great product, I would buy it again at any time!!!")
    'greatproductiwouldbuyitagainatanytime'
    >>> comparable_text("Great product!") is None
    True
    """
    if len(text) < LONG_TEXT:
        return None
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if char.isalnum()) or None
