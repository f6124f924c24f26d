"""Surveys for common moments, in English and Japanese, to be adapted by their author.

NPS, CSAT and CES are the standard questions, the journey is `surveys.journey_survey`. The question
of the product-market fit is Sean Ellis's: 40 % "very disappointed" is his mark for a product that
people need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surveys import journey_survey, standard_wording
from surveys.definitions import Definition, from_json, standard_definition
from surveys.questions import localised
from surveys.standard_wording import WordsIn

Texts = Mapping[str, str]

JOURNEY = "journey"


@dataclass(frozen=True, slots=True)
class Template:
    """key: of the template. kind: of its score. name, about: what it is for, by language."""

    key: str
    kind: str
    name: Texts
    about: Texts


def _t(en: str, ja: str) -> dict[str, str]:
    return {"en": en, "ja": ja}


TEMPLATES: tuple[Template, ...] = (
    Template("nps", "nps", _t("NPS", "NPS"), _t(
        "Would they recommend us? 0–10, and why.",
        "すすめたいと思うか（0～10点）と、その理由をたずねます。")),
    Template("csat", "csat", _t("CSAT", "CSAT"), _t(
        "Are they satisfied? 1–5, and why.", "満足度（1～5点）と、その理由をたずねます。")),
    Template("ces", "ces", _t("CES", "CES"), _t(
        "Was it easy? 1–7, and why.", "簡単に済ませられたか（1～7点）と、その理由をたずねます。")),
    Template("onboarding", "ces", _t("Onboarding", "導入後"), _t(
        "Some days after the start: was it easy to get going, and what is still in the way?",
        "使い始めて数日後に。導入は簡単だったか、何がまだ妨げになっているかをたずねます。")),
    Template("support", "csat", _t("Support ticket", "問い合わせ対応"), _t(
        "After a ticket is closed: is it solved, was it easy, are they satisfied?",
        "問い合わせの対応が終わった後に。解決したか、手間はかからなかったか、満足したかをたずねます。")),
    Template("renewal", "nps", _t("Before a renewal", "更新前"), _t(
        "Some 90 days before the term ends: do they mean to stay, and is it worth its price?",
        "契約期間が終わる90日ほど前に。継続する考えか、価格に見合っているかをたずねます。")),
    Template("churn", "csat", _t("Churn interview", "解約時"), _t(
        "After they cancelled: why, where to, and what would have kept them.",
        "解約の後に。理由、移行先、何があれば続けていたかをたずねます。")),
    Template("webinar", "csat", _t("Webinar", "ウェビナー"), _t(
        "Right after an online event: was it worth the time, and what next?",
        "オンラインの催しの直後に。時間をかける価値があったか、次に何を聞きたいかをたずねます。")),
    Template("fit", "nps", _t("Product-market fit", "プロダクトマーケットフィット"), _t(
        "Sean Ellis's question: how they would feel without the product, and for whom it is best.",
        "ショーン・エリスの質問です。製品がなくなったらどう感じるか、だれに最も役立つかをたずねます。")),
    Template(JOURNEY, "nps", _t("5A journey", "5Aジャーニー"), _t(
        "How far from knowing a brand to recommending it?",
        "ブランドを知ることから人にすすめることまで、どの段階にいるかをたずねます。")),
)  # fmt: skip


def _choice(key: str, text: Texts, *, required: bool = False, **options: Texts) -> dict[str, Any]:
    return {
        "key": key, "kind": "choice", "text": text, "required": required,
        "options": [{"key": name, "label": label} for name, label in options.items()],
    }  # fmt: skip


def _text(key: str, text: Texts) -> dict[str, Any]:
    return {"key": key, "kind": "text", "text": text}


_OTHER = _t("Something else", "その他")
_AGREE = {
    "low_label": _t("Strongly disagree", "まったくそう思わない"),
    "high_label": _t("Strongly agree", "とてもそう思う"),
}
_SATISFIED = {
    "low_label": _t("Very dissatisfied", "とても不満"),
    "high_label": _t("Very satisfied", "とても満足"),
}

_QUESTIONS: dict[str, list[dict[str, Any]]] = {
    "onboarding": [
        {"key": "score", "kind": "ces", **_AGREE, "text": _t(
            "How much do you agree: “It was easy to get started.”",
            "「使い始めるのは簡単だった」。どの程度そう思いますか。")},
        _choice("progress", _t("How far have you come?", "導入はどこまで進みましたか。"),
                working=_t("We use it in our daily work", "日々の業務で使っている"),
                trying=_t("We are trying it out", "試しに使っている"),
                setting_up=_t("We are still setting it up", "まだ設定をしている"),
                stuck=_t("We do not get any further", "先に進めずにいる")),
        _choice("obstacle", _t("What took most effort?", "最も手間がかかったのは何ですか。"),
                data=_t("Bringing in our data", "データの取り込み"),
                access=_t("Users, roles and sign-in", "利用者の登録、権限、ログイン"),
                connecting=_t("Connecting other systems", "ほかのシステムとの連携"),
                learning=_t("Learning how it works", "使い方を覚えること"),
                colleagues=_t("Getting colleagues to use it", "社内に広めること"),
                nothing=_t("Nothing in particular", "特にない")),
        _text("comment", _t("What would have helped you to get going sooner?",
                            "何があれば、もっと早く使い始められましたか。")),
    ],
    "support": [
        _choice("solved", _t("Is your request solved?", "お問い合わせの件は解決しましたか。"),
                yes=_t("Yes", "はい"), partly=_t("In part", "一部は解決した"),
                no=_t("No", "いいえ")),
        {"key": "score", "kind": "csat", **_SATISFIED, "text": _t(
            "How satisfied are you with the way we handled your request?",
            "お問い合わせへの対応に、どの程度満足していますか。")},
        {"key": "effort", "kind": "ces", **_AGREE, "required": False, "text": _t(
            "How much do you agree: “It was easy to get help.”",
            "「手間をかけずに助けを得られた」。どの程度そう思いますか。")},
        {"key": "comment", "kind": "text"},
    ],
    "renewal": [
        {"key": "score", "kind": "nps"},
        _choice("intent", _t("Do you mean to go on with us after this term?",
                             "今の契約期間が終わった後も、利用を続けるお考えですか。"),
                more=_t("Yes, and we may want more", "はい。利用を広げることも考えている"),
                same=_t("Yes, as it is", "はい。今のまま続ける"),
                less=_t("Yes, but with less", "はい。ただし利用を減らす"),
                undecided=_t("We have not decided", "まだ決めていない"),
                no=_t("No", "いいえ")),
        _choice("worth", _t("What do you get for the price?",
                            "得られているものは、価格に見合っていますか。"),
                more=_t("More than we pay for", "価格以上のものを得ている"),
                fair=_t("What it is worth", "価格に見合っている"),
                less=_t("Less than we pay for", "価格に見合っていない"),
                unknown=_t("I cannot say", "わからない")),
        _text("comment", _t("What should we do before the term ends?",
                            "契約期間が終わるまでに、私たちがすべきことをお聞かせください。")),
    ],
    "churn": [
        _choice("reason", _t("What was the main reason to cancel?",
                             "解約の最も大きな理由は何ですか。"), required=True,
                price=_t("The price", "価格"),
                features=_t("Something was missing that we need", "必要な機能がなかった"),
                usability=_t("It was difficult to use", "使いにくかった"),
                reliability=_t("It was not reliable enough", "動作が安定していなかった"),
                support=_t("We did not get the help we needed", "必要な支援を得られなかった"),
                other_product=_t("Another product suits us better", "ほかの製品のほうが合っていた"),
                not_needed=_t("We no longer need such a product", "このような製品が不要になった"),
                other=_OTHER),
        _text("comment", _t("What happened? The more exactly you tell us, the better.",
                            "どのようなことがありましたか。できるだけ具体的にお聞かせください。")),
        _choice("instead", _t("What do you use instead?", "代わりに何をお使いですか。"),
                product=_t("Another product", "ほかの製品"),
                own=_t("Something we built ourselves", "自社で作ったもの"),
                by_hand=_t("Spreadsheets or work by hand", "表計算や手作業"),
                nothing=_t("Nothing", "何も使っていない")),
        _text("kept", _t("What would have kept you?",
                         "何があれば、利用を続けていましたか。")),
        {"key": "score", "kind": "csat", **_SATISFIED, "required": False, "text": _t(
            "Looking back, how satisfied were you with us?",
            "振り返って、私たちのサービスにどの程度満足していましたか。")},
        _choice("return", _t("Would you come back?", "また利用していただけそうですか。"),
                yes=_t("Yes", "はい"),
                maybe=_t("If something changes", "変わることがあれば"),
                no=_t("No", "いいえ")),
    ],
    "webinar": [
        {"key": "score", "kind": "csat", **_SATISFIED, "text": _t(
            "How satisfied are you with the webinar?",
            "このウェビナーに、どの程度満足していますか。")},
        _choice("level", _t("How was the content for you?", "内容の難しさはいかがでしたか。"),
                basic=_t("Too basic", "やさしすぎた"),
                right=_t("Just right", "ちょうどよかった"),
                advanced=_t("Too advanced", "難しすぎた")),
        _choice("length", _t("How was the length?", "長さはいかがでしたか。"),
                short=_t("Too short", "短すぎた"), right=_t("Just right", "ちょうどよかった"),
                long=_t("Too long", "長すぎた")),
        _text("comment", _t("What will you do differently after this?",
                            "今日の内容から、取り入れてみたいことをお聞かせください。")),
        _text("topic", _t("What would you like to hear about next?",
                          "次回はどのような内容を聞きたいですか。")),
    ],
    "fit": [
        _choice("disappointed", _t("How would you feel if you could no longer use our product?",
                                   "私たちの製品が使えなくなったら、どのように感じますか。"),
                required=True,
                very=_t("Very disappointed", "とても残念"),
                somewhat=_t("Somewhat disappointed", "少し残念"),
                not_at_all=_t("Not disappointed", "残念ではない"),
                not_used=_t("I no longer use it", "もう使っていない")),
        _text("comment", _t("What is the main benefit that you get from it?",
                            "この製品から得ている、最も大きな利点をお聞かせください。")),
        _text("people", _t("For whom is it most useful, do you think?",
                           "どのような人に最も役立つと思いますか。")),
        _text("better", _t("How could we make it better for you?",
                           "どうすれば、あなたにとってより良くなりますか。")),
        {"key": "score", "kind": "nps", "required": False},
    ],
}  # fmt: skip


def find(key: str) -> Template | None:
    """The template of this key, or None."""
    return next((template for template in TEMPLATES if template.key == key), None)


def definition_of(
    template: Template,
    languages: Sequence[str],
    *,
    words_in: WordsIn = standard_wording.words_in,
) -> Definition:
    """The survey of a template in these languages; those without our words come in English.

    words_in: the standard wording of a language, for what the template does not word by itself.
    Raises DefinitionError for a wrong language.

    >>> survey = definition_of(find("fit"), ["ja", "en"])
    >>> survey.kind, survey.question("disappointed").text["ja"]
    ('nps', '私たちの製品が使えなくなったら、どのように感じますか。')
    """
    if template.key == JOURNEY:
        return journey_survey.template(languages)
    questions = _QUESTIONS.get(template.key)
    if questions is None:
        return standard_definition(template.kind, languages, words_in=words_in)
    data = {
        "kind": template.kind,
        "languages": list(languages),
        "questions": [_in(question, languages) for question in questions],
    }
    return from_json(data, words_in=words_in)


def _in(value: Any, languages: Sequence[str]) -> Any:
    """A question with each of its texts in these languages."""
    if isinstance(value, list):
        return [_in(each, languages) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"en", "ja"}:
        return {tag: localised(value, language=tag) for tag in languages}
    return {name: _in(each, languages) for name, each in value.items()}
