"""Words around the questions on respondent pages and in the widget, by survey language.

These follow the survey's language, not the locale of a staff user, so they are kept
here by language instead of in the staff pages' catalogs. A language without an entry
gets English; the questions themselves are always the author's.
"""

from __future__ import annotations

_TEXTS = {
    "en": {
        "send": "Send",
        "next": "Next",
        "close": "Close",
        "back": "Back",
        "thanks": "Thank you",
        "thanks_detail": "Your answer has been saved and will be read.",
        "retrying": "No connection. Your answer is kept and will be sent.",
        "refused": "Your answer could not be accepted and was not saved.",
        "tab": "Feedback",
        "comment_optional": "Optional",
        "required": "Please choose an answer.",
        "confirm": "Send my answer",
        "preselected": "You chose {score}. It counts once you press the button.",
        "closed": "This survey is closed.",
        "closed_detail": "It no longer takes answers. Thank you for coming.",
        "not_found": "This link leads nowhere.",
        "not_found_detail": "It may have been cut off. Please open it again from the e-mail.",
        "change": "You can change your answer here until the survey closes.",
        "saved": "Saved",
        "score_saved": "Your answer {score} is saved.",
        "one_more": "If you like, tell us a little more. You may also simply close this page.",
        "questions": "A few questions",
        "answer_these": "A few more questions, then you are done.",
        "change_answer": "Change my answer",
        "answered_before": "You answered {score} before. Sending again replaces that answer.",
        "pick_option": "Please choose one of the answers.",
        "fill_in": "Please write an answer.",
        "too_long": "This text is too long: at most {limit} characters. Nothing was lost.",
        "try_again": "Please press the button once more. What you entered is still here.",
        "bad_text": "Please remove unusual characters from this text.",
        "move_up": "Move up",
        "move_down": "Move down",
        "consent": "I agree",
    },
    "ja": {
        "send": "送信する",
        "next": "次へ",
        "close": "閉じる",
        "back": "戻る",
        "thanks": "ありがとうございました",
        "thanks_detail": "ご回答を保存しました。担当者が拝見します。",
        "retrying": "接続できません。ご回答は保存されており、後で送信されます。",
        "refused": "ご回答を受け付けられず、保存できませんでした。",
        "tab": "ご意見",
        "comment_optional": "任意",
        "required": "いずれかを選んでください。",
        "confirm": "この内容で回答する",
        "preselected": "{score} を選択しています。ボタンを押すと回答になります。",
        "closed": "このアンケートは終了しました。",
        "closed_detail": "現在は回答を受け付けておりません。お越しいただきありがとうございます。",
        "not_found": "このリンクは開けません。",
        "not_found_detail": "途中で切れている可能性があります。メールからもう一度お開きください。",
        "change": "アンケートの終了まで、ここで回答を変更できます。",
        "saved": "保存しました",
        "score_saved": "ご回答「{score}」を保存しました。",
        "one_more": "よろしければ、もう少しお聞かせください。ここで閉じても構いません。",
        "questions": "いくつかお聞かせください",
        "answer_these": "あと少し質問にお答えください。",
        "change_answer": "回答を変更する",
        "answered_before": "前回は「{score}」と回答されています。送信すると置き換わります。",
        "pick_option": "いずれかの選択肢を選んでください。",
        "fill_in": "回答を入力してください。",
        "too_long": "文章が長すぎます。{limit} 文字以内にしてください。入力内容は残っています。",
        "try_again": "もう一度ボタンを押してください。入力内容は残っています。",
        "bad_text": "使用できない文字が含まれています。取り除いてください。",
        "move_up": "上へ移動",
        "move_down": "下へ移動",
        "consent": "同意します",
    },
}


def respondent_texts(language: str) -> dict[str, str]:
    """The words of a language, in English where it has none."""
    return dict(_TEXTS.get(language.split("-")[0].lower(), _TEXTS["en"]))
