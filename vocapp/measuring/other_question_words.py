"""Answers beside the score as rows of bars, in the words of whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale

from surveys.answer_counts import Place, Share
from surveys.questions import Option, Question, localised
from vocapp.measuring.forms import PAGE_MIN_N
from vocapp.measuring.other_questions import Told
from vocapp.translating import gettext as _
from vocapp.translating import ngettext
from vocapp.ui import formats


@dataclass(frozen=True, slots=True)
class ShownPart:
    """A table: of a whole question, or of a row of a matrix (name). n is below it in words."""

    name: str | None
    words: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ShownQuestion:
    """A question with its tables. is_ranked: values are places, where less is better."""

    text: str
    is_ranked: bool
    is_several: bool
    parts: Sequence[ShownPart]


def questions_in_words(told: Sequence[Told]) -> list[ShownQuestion]:
    """Every question in the reader's language, else in the survey's first one."""
    return [_shown(each) for each in told]


def _shown(told: Told) -> ShownQuestion:
    question = told.question
    labels = _labels(question)
    if question.kind == "ranking":
        rows = [_place(place, labels, told.n) for place in told.places]
        parts = [ShownPart(None, _answers(told.n), rows)]
    else:
        names = {row.key: _say(row.label) for row in question.rows}
        parts = [
            ShownPart(
                names.get(row.name or ""), _answers(row.n),
                [_share(share, labels, row.n) for share in row.shares] if row.n else [],
            )
            for row in told.rows
        ]  # fmt: skip
    return ShownQuestion(
        _say(question.text), question.kind == "ranking", question.kind == "multiple", parts
    )


def _labels(question: Question) -> dict[str, str]:
    listed: tuple[Option, ...] = question.columns if question.rows else question.options
    found = {option.key: _say(option.label) for option in listed}
    return found | {"true": _("Agreed"), "false": _("Not agreed")} if not listed else found


def _say(texts: Mapping[str, str]) -> str:
    return localised(texts, language=str(get_locale() or "en"))


def _answers(n: int) -> str:
    return ngettext("%(count)s answer", "%(count)s answers", n, count=formats.number(n))


def _share(share: Share, labels: Mapping[str, str], n: int) -> dict[str, Any]:
    enough = n >= PAGE_MIN_N
    return {
        "label": labels.get(share.key, share.key),
        "value": share.value,
        "low": share.low if enough else None,
        "high": share.high if enough else None,
        "text": formats.percent((share.value or 0) / 100),
        "note": _answers(share.n),
        "is_pale": not enough,
    }


def _place(place: Place, labels: Mapping[str, str], n: int) -> dict[str, Any]:
    enough = n >= PAGE_MIN_N
    return {
        "label": labels.get(place.key, place.key),
        "value": place.mean,
        "low": place.low if enough else None,
        "high": place.high if enough else None,
        "text": formats.number(place.mean, 1),
        "note": ngettext(
            "%(count)s time first", "%(count)s times first", place.firsts,
            count=formats.number(place.firsts),
        ),
        "is_pale": not enough,
    }  # fmt: skip
