"""Answers beside score and comment, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from surveys.questions import Option, Question, Value, localised, scale_of
from vocapp.translating import gettext as _


def other_in_words(question: Question, value: Value, *, language: str) -> tuple[str, str]:
    """The question, and what was answered in the labels of its options; by their keys where the
    question has lost them."""
    return localised(question.text, language=language), _words(question, value, language)


def _words(question: Question, value: Value, language: str) -> str:
    labels = _labels((*question.options, *question.rows, *question.columns), language)
    scale = scale_of(question.kind)
    if scale is not None:
        return f"{value} / {scale.stop - 1}"
    if isinstance(value, bool):
        return _("Agreed") if value else _("Not agreed")
    if isinstance(value, dict):
        rows = _labels(question.rows, language)
        columns = _labels(question.columns, language)
        return " · ".join(
            f"{rows.get(row, row)}: {columns.get(chosen, chosen)}" for row, chosen in value.items()
        )
    if isinstance(value, list):
        named = [labels.get(key, key) for key in value]
        if question.kind == "ranking":
            named = [f"{place}. {name}" for place, name in enumerate(named, start=1)]
        return " · ".join(named)
    return labels.get(str(value), str(value))


def _labels(options: Sequence[Option], language: str) -> Mapping[str, str]:
    return {option.key: localised(option.label, language=language) for option in options}
