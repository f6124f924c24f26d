"""The questions that a survey asks when its author writes none, in English and Japanese.

Every scale is worded so that more is better, and both of its ends are said in words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surveys.scoring import categories

LANGUAGES = ("en", "ja")

_SCALES: dict[str, dict[str, dict[str, str]]] = {
    "nps": {
        "text": {
            "en": "How likely are you to recommend us to a friend or colleague?",
            "ja": "私たちのサービスを、ご友人や同僚の方にどの程度すすめたいと思いますか。",
        },
        "low_label": {"en": "Not at all likely", "ja": "まったくすすめたくない"},
        "high_label": {"en": "Extremely likely", "ja": "ぜひすすめたい"},
    },
    "csat": {
        "text": {
            "en": "Overall, how satisfied are you with our service?",
            "ja": "私たちのサービスに、全体としてどの程度満足していますか。",
        },
        "low_label": {"en": "Very dissatisfied", "ja": "とても不満"},
        "high_label": {"en": "Very satisfied", "ja": "とても満足"},
    },
    "ces": {
        "text": {
            "en": "How much do you agree: “It was easy to get done what I wanted to do.”",
            "ja": "「やりたかったことを簡単に済ませることができた」。どの程度そう思いますか。",
        },
        "low_label": {"en": "Strongly disagree", "ja": "まったくそう思わない"},
        "high_label": {"en": "Strongly agree", "ja": "とてもそう思う"},
    },
}

_OPEN: dict[str, tuple[dict[str, str], ...]] = {
    # The general wording first, then one per category, best category first.
    "nps": (
        {
            "en": "What is the main reason for your score?",
            "ja": "その点数の主な理由をお聞かせください。",
        },
        {
            "en": "What do you value most about us?",
            "ja": "特に気に入っている点をお聞かせください。",
        },
        {
            "en": "What one thing would make your score higher?",
            "ja": "何が良くなれば、もっと高い点数になりますか。",
        },
        {
            "en": "What went wrong, and what should we put right first?",
            "ja": "ご期待に添えなかった点と、まず改善すべき点をお聞かせください。",
        },
    ),
    "csat": (
        {
            "en": "What is the main reason for your answer?",
            "ja": "そう思われた主な理由をお聞かせください。",
        },
        {"en": "What did you like in particular?", "ja": "特に良かった点をお聞かせください。"},
        {"en": "What would have made it better?", "ja": "どうすれば、より良くなったと思いますか。"},
        {
            "en": "What went wrong, and what should we put right first?",
            "ja": "ご不満な点と、まず改善すべき点をお聞かせください。",
        },
    ),
    "ces": (
        {
            "en": "What is the main reason for your answer?",
            "ja": "そう思われた主な理由をお聞かせください。",
        },
        {"en": "What made it easy?", "ja": "どのような点が簡単でしたか。"},
        {
            "en": "What would have made it easier?",
            "ja": "どうすれば、もっと簡単になったと思いますか。",
        },
        {
            "en": "What made it difficult? Where did you get stuck?",
            "ja": "どのような点が難しかったですか。つまずいた場所もお聞かせください。",
        },
    ),
}


def question(kind: str, *, survey_kind: str, languages: Sequence[str]) -> dict[str, Any]:
    """Fields of a standard question (texts by language); {} for a kind that has no standard.

    kind: a scale, or "text" for the open question that goes with survey_kind.

    >>> sorted(question("csat", survey_kind="nps", languages=["ja"]))
    ['high_label', 'low_label', 'text']
    >>> question("text", survey_kind="ces", languages=["ja-JP"])["wording_by_category"]["easy"]
    {'ja-JP': 'どのような点が簡単でしたか。'}
    >>> question("choice", survey_kind="nps", languages=["en"])
    {}
    """
    if kind in _SCALES:
        return {name: _in(languages, texts) for name, texts in _SCALES[kind].items()}
    if kind != "text":
        return {}
    general, *specific = (_in(languages, texts) for texts in _OPEN[survey_kind])
    by_category = dict(zip(categories(survey_kind), specific, strict=True))
    return {"text": general, "wording_by_category": by_category}


def _in(languages: Sequence[str], texts: Mapping[str, str]) -> dict[str, str]:
    return {tag: texts.get(tag.partition("-")[0].lower(), texts["en"]) for tag in languages}
