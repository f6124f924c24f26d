"""Words around the questions on respondent pages and in the widget, by survey language.

These follow the survey's language, not the locale of a staff user, so they are kept
here by language instead of in the staff pages' catalogs. A language without an entry
gets English; the questions themselves are always the author's.
"""

from __future__ import annotations

from collections.abc import Sequence

_RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "ps", "sd", "ug", "yi", "dv"}

_TEXTS = {
    "en": {
        "send": "Send",
        "next": "Next",
        "close": "Close",
        "back": "Back",
        "thanks": "Thank you",
        "thanks_detail": "Your answer has been saved and will be read.",
        "retrying": "No connection. Your answer is kept and will be sent.",
        "comment_optional": "Optional",
        "required": "Please choose an answer.",
        "confirm": "Send my answer",
        "preselected": "You chose {score}. It counts once you press the button.",
        "closed": "This survey is closed.",
        "closed_detail": "It no longer takes answers. Thank you for coming.",
        "not_found": "This link leads nowhere.",
        "not_found_detail": "It may have been cut off. Please open it again from the e-mail.",
        "unsubscribe": "Unsubscribe",
        "unsubscribe_ask": "Stop survey e-mails to this address?",
        "unsubscribe_confirm": "Stop these e-mails",
        "unsubscribe_done": "You will get no more survey e-mails from {workspace}.",
        "change": "You can change your answer here until the survey closes.",
        "saved": "Saved",
    },
    "ja": {
        "send": "送信する",
        "next": "次へ",
        "close": "閉じる",
        "back": "戻る",
        "thanks": "ありがとうございました",
        "thanks_detail": "ご回答を保存しました。担当者が拝見します。",
        "retrying": "接続できません。ご回答は保存されており、後で送信されます。",
        "comment_optional": "任意",
        "required": "いずれかを選んでください。",
        "confirm": "この内容で回答する",
        "preselected": "{score} を選択しています。ボタンを押すと回答になります。",
        "closed": "このアンケートは終了しました。",
        "closed_detail": "現在は回答を受け付けておりません。お越しいただきありがとうございます。",
        "not_found": "このリンクは開けません。",
        "not_found_detail": "途中で切れている可能性があります。メールからもう一度お開きください。",
        "unsubscribe": "配信を停止する",
        "unsubscribe_ask": "このアドレスへのアンケートメールを停止しますか。",
        "unsubscribe_confirm": "メールを停止する",
        "unsubscribe_done": "{workspace} からのアンケートメールを停止しました。",
        "change": "アンケートの終了まで、ここで回答を変更できます。",
        "saved": "保存しました",
    },
}


def respondent_texts(language: str) -> dict[str, str]:
    """The words of a language, in English where it has none."""
    return dict(_TEXTS.get(language.split("-")[0].lower(), _TEXTS["en"]))


def best_language(wanted: str | None, offered: Sequence[str]) -> str:
    """The offered language that fits best; the survey's first one when none does.

    >>> best_language("ja-JP", ["en", "ja"]), best_language("fr", ["en", "ja"])
    ('ja', 'en')
    """
    tag = (wanted or "").replace("_", "-").lower()
    by_tag = {language.lower(): language for language in offered}
    return by_tag.get(tag) or by_tag.get(tag.split("-")[0]) or next(iter(offered), "en")


def direction(language: str) -> str:
    """`rtl` for languages written from the right.

    >>> direction("ar-EG"), direction("ja")
    ('rtl', 'ltr')
    """
    return "rtl" if language.split("-")[0].lower() in _RIGHT_TO_LEFT else "ltr"
