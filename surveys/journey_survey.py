"""A survey that asks how far somebody is on the path of five A's, in English and Japanese.

The stage "advocate" is a promoter of the 0-10 scale, so that the survey is an NPS survey of those
who know the brand, with four questions before it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from surveys.definitions import Definition, from_json
from surveys.questions import localised
from surveys.scoring import category_of, scale

# Question -> the answers that put somebody at the stage of the same name.
_MEANS: dict[str, tuple[object, ...]] = {
    "aware": ("name", "offer"),
    "appeal": ("first", "considered"),
    "ask": ("yes",),
    "act": ("now", "before"),
    "advocate": tuple(each for each in scale("nps") if category_of("nps", each) == "promoter"),
}

# What a survey must ask, by which kind of question, to tell all stages.
ASKS: Mapping[str, str] = {
    **dict.fromkeys(("aware", "appeal", "ask", "act"), "choice"), "advocate": "nps",
}  # fmt: skip

_US = {"en": "us", "ja": "私たちのサービス"}

_QUESTIONS: dict[str, tuple[dict[str, str], dict[str, dict[str, str]]]] = {
    "aware": (
        {
            "en": "How well did you know {brand} before today?",
            "ja": "今日より前に、{brand}をどの程度ご存じでしたか。",
        },
        {
            "offer": {"en": "I know what is on offer", "ja": "内容を知っている"},
            "name": {"en": "By name only", "ja": "名前だけ知っている"},
            "unknown": {"en": "Not at all", "ja": "まったく知らない"},
        },
    ),
    "appeal": (
        {
            "en": "If you had to choose today, where would {brand} stand?",
            "ja": "今日選ぶとしたら、{brand}はどのような位置づけですか。",
        },
        {
            "first": {"en": "My first choice", "ja": "第一候補"},
            "considered": {"en": "One of those I would consider", "ja": "候補の一つ"},
            "no": {"en": "I would not consider it", "ja": "候補にならない"},
            "unknown": {"en": "I cannot say", "ja": "わからない"},
        },
    ),
    "ask": (
        {
            "en": "In the past twelve months, did you look for information about {brand}, "
            "or ask somebody?",
            "ja": "この一年間に、{brand}について調べたり、人に聞いたりしましたか。",
        },
        {"yes": {"en": "Yes", "ja": "はい"}, "no": {"en": "No", "ja": "いいえ"}},
    ),
    "act": (
        {
            "en": "Are you a customer of {brand}?",
            "ja": "{brand}を利用していますか。",
        },
        {
            "now": {"en": "Yes, now", "ja": "現在利用している"},
            "before": {"en": "I was before", "ja": "以前利用していた"},
            "no": {"en": "No", "ja": "利用したことがない"},
        },
    ),
}

_ADVOCATE = {
    "en": "How likely are you to recommend {brand} to a friend or colleague? "
    "Leave it open if you do not know enough to say.",
    "ja": "{brand}を、ご友人や同僚の方にどの程度すすめたいと思いますか。"
    "よくご存じでない場合は、空欄のままお進みください。",
}


def template(languages: Sequence[str], *, brand: str | None = None) -> Definition:
    """The survey of the five A's, to be adapted: four choices, the 0-10 scale, a comment.

    brand: asked about in place of the sender, for one survey per competitor; as it is written.
    Other languages than en and ja are filled with English, to be translated. DefinitionError for
    a wrong language or a brand too long for a question.

    >>> survey = template(["en", "ja"])
    >>> [(question.key, question.kind) for question in survey.questions][3:]
    [('act', 'choice'), ('advocate', 'nps'), ('comment', 'text')]
    >>> template(["ja"], brand="Acme").question("act").text["ja"]
    'Acmeを利用していますか。'
    """

    def asked(texts: Mapping[str, str]) -> dict[str, str]:
        named = {
            tag: text.replace("{brand}", brand if brand is not None else _US[tag])
            for tag, text in texts.items()
        }
        return {tag: localised(named, language=tag) for tag in languages}

    choices: list[dict[str, Any]] = [
        {
            "key": key,
            "kind": "choice",
            "text": asked(text),
            "options": [{"key": name, "label": asked(label)} for name, label in options.items()],
            "required": key == "aware",
        }
        for key, (text, options) in _QUESTIONS.items()
    ]
    advocate = {"key": "advocate", "kind": "nps", "text": asked(_ADVOCATE), "required": False}
    comment = {"key": "comment", "kind": "text"}
    questions = [*choices, advocate, comment]
    return from_json({"kind": "nps", "languages": list(languages), "questions": questions})


def means(stage: str) -> tuple[object, ...]:
    """The answers to the question of this name that put somebody at the stage.

    >>> means("act"), means("advocate")
    (('now', 'before'), (9, 10))
    """
    return _MEANS[stage]


def stages_of(answers: Mapping[str, object]) -> frozenset[str]:
    """The stages at which somebody is who answered the template so; question to answer.

    A promoter (9-10) is at "advocate". A question without an answer puts nobody at its stage.
    Answers that the survey does not have are ignored.

    >>> sorted(stages_of({"aware": "offer", "appeal": "first", "ask": "no", "advocate": 9}))
    ['advocate', 'appeal', 'aware']
    """
    return frozenset(key for key, means in _MEANS.items() if answers.get(key) in means)
