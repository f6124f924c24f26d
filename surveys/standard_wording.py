"""The questions that a survey asks when its author writes none, in English and Japanese.

Every scale is worded so that more is better, and both of its ends are said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from surveys.scoring import METRICS, categories

# By language and name: the scale, its ends, the open question of its surveys and how that is worded
# after an answer of a category.
WORDS: dict[str, dict[str, str]] = {
    "en": {
        "nps": "How likely are you to recommend us to a friend or colleague?",
        "nps.low": "Not at all likely",
        "nps.high": "Extremely likely",
        "nps.open": "What is the main reason for your score?",
        "nps.open.promoter": "What do you value most about us?",
        "nps.open.passive": "What one thing would make your score higher?",
        "nps.open.detractor": "What went wrong, and what should we put right first?",
        "csat": "Overall, how satisfied are you with our service?",
        "csat.low": "Very dissatisfied",
        "csat.high": "Very satisfied",
        "csat.open": "What is the main reason for your answer?",
        "csat.open.satisfied": "What did you like in particular?",
        "csat.open.neutral": "What would have made it better?",
        "csat.open.dissatisfied": "What went wrong, and what should we put right first?",
        "ces": "How much do you agree: “It was easy to get done what I wanted to do.”",
        "ces.low": "Strongly disagree",
        "ces.high": "Strongly agree",
        "ces.open": "What is the main reason for your answer?",
        "ces.open.easy": "What made it easy?",
        "ces.open.neutral": "What would have made it easier?",
        "ces.open.difficult": "What made it difficult? Where did you get stuck?",
    },
    "ja": {
        "nps": "私たちのサービスを、ご友人や同僚の方にどの程度すすめたいと思いますか。",
        "nps.low": "まったくすすめたくない",
        "nps.high": "ぜひすすめたい",
        "nps.open": "その点数の主な理由をお聞かせください。",
        "nps.open.promoter": "特に気に入っている点をお聞かせください。",
        "nps.open.passive": "何が良くなれば、もっと高い点数になりますか。",
        "nps.open.detractor": "ご期待に添えなかった点と、まず改善すべき点をお聞かせください。",
        "csat": "私たちのサービスに、全体としてどの程度満足していますか。",
        "csat.low": "とても不満",
        "csat.high": "とても満足",
        "csat.open": "そう思われた主な理由をお聞かせください。",
        "csat.open.satisfied": "特に良かった点をお聞かせください。",
        "csat.open.neutral": "どうすれば、より良くなったと思いますか。",
        "csat.open.dissatisfied": "ご不満な点と、まず改善すべき点をお聞かせください。",
        "ces": "「やりたかったことを簡単に済ませることができた」。どの程度そう思いますか。",
        "ces.low": "まったくそう思わない",
        "ces.high": "とてもそう思う",
        "ces.open": "そう思われた主な理由をお聞かせください。",
        "ces.open.easy": "どのような点が簡単でしたか。",
        "ces.open.neutral": "どうすれば、もっと簡単になったと思いますか。",
        "ces.open.difficult": "どのような点が難しかったですか。つまずいた場所もお聞かせください。",
    },
}
LANGUAGES = tuple(WORDS)

WordsIn = Callable[[str], Mapping[str, str]]  # language tag → all words by name


def words_in(tag: str) -> Mapping[str, str]:
    """Our words in a language, or else in English.

    >>> words_in("ja-JP")["ces.open.easy"], words_in("fr")["ces.low"]
    ('どのような点が簡単でしたか。', 'Strongly disagree')
    """
    return WORDS.get(tag.partition("-")[0].lower(), WORDS["en"])


def question(
    kind: str, *, survey_kind: str, languages: Sequence[str], words_in: WordsIn = words_in
) -> dict[str, Any]:
    """Fields of a standard question (texts by language); {} for a kind that has no standard.

    kind: a scale, or "text" for the open question that goes with survey_kind.

    >>> sorted(question("csat", survey_kind="nps", languages=["ja"]))
    ['high_label', 'low_label', 'text']
    >>> question("text", survey_kind="ces", languages=["ja-JP"])["wording_by_category"]["easy"]
    {'ja-JP': 'どのような点が簡単でしたか。'}
    >>> question("choice", survey_kind="nps", languages=["en"])
    {}
    """
    words = {tag: words_in(tag) for tag in languages}

    def said(name: str) -> dict[str, str]:
        return {tag: own[name] for tag, own in words.items()}

    if kind in METRICS:
        low, high = said(f"{kind}.low"), said(f"{kind}.high")
        return {"text": said(kind), "low_label": low, "high_label": high}
    if kind != "text":
        return {}
    of_open = f"{survey_kind}.open"
    by_category = {each: said(f"{of_open}.{each}") for each in categories(survey_kind)}
    return {"text": said(of_open), "wording_by_category": by_category}
