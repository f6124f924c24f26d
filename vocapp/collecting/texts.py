"""Words around the questions on respondent pages and in the widget, by survey language.

These follow the survey's language, not the locale of a staff user, so they are kept
here by language instead of in the staff pages' catalogs. A language without an entry
gets English; the questions themselves are always the author's.
"""

from __future__ import annotations

from vocapp.language_packs import register_words, words_in

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
        "group_full": "Thank you",
        "group_full_detail": "Enough people like you have answered already, so that nothing more "
        "is asked of you. Your answer has been kept.",
        "open_until": "Open until {day}.",
        "used": "This link has been used.",
        "used_detail": "It was for one answer, and that has been saved. Thank you.",
        "only_links": "This survey is by personal link.",
        "only_links_detail": "Please open the link that you were given.",
        "leave_empty": "Please leave this empty",
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
        "several": "You may choose several.",
        "rank_how": "Give each one a place: 1 for the first, {last} for the last.",
        "rank_all": "Please give every one a place of its own.",
        "pick_some": "Please choose at least one.",
        "pick_each_row": "Please choose an answer in each row.",
        "agree": "Please agree to go on.",
        "bad_email": "Please write an e-mail address such as name@example.com.",
        "bad_phone": "Please write a telephone number with digits.",
        "least_chars": "Please write at least {limit} characters.",
        "most_chars": "Please write at most {limit} characters.",
        "least_choices": "Please choose at least {limit}.",
        "most_choices": "Please choose at most {limit}.",
        "bad_number": "Please write a number such as 12 or 12.5.",
        "bad_postcode_jp": "Please write a Japanese postcode such as 100-0001.",
        "shorten": "This is too long. Please shorten it; nothing was lost.",
        "contact_name": "Name",
        "contact_email": "E-mail",
        "contact_phone": "Telephone",
        "stars_of": "{number} of 5 stars",
        "face_1": "Very bad",
        "face_2": "Bad",
        "face_3": "Neither",
        "face_4": "Good",
        "face_5": "Very good",
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
        "group_full": "ありがとうございます",
        "group_full_detail": "同じ立場の方から必要な数の回答が集まりましたので、"
        "質問はここまでです。ご回答は保存いたしました。",
        "open_until": "{day}まで受け付けています。",
        "used": "このリンクは使用済みです。",
        "used_detail": "1回の回答用のリンクで、ご回答は保存されています。ありがとうございました。",
        "only_links": "このアンケートは専用リンクから回答いただけます。",
        "only_links_detail": "お渡ししたリンクからお開きください。",
        "leave_empty": "ここには入力しないでください",
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
        "too_long": "文章が長すぎます。{limit}文字以内にしてください。入力内容は残っています。",
        "try_again": "もう一度ボタンを押してください。入力内容は残っています。",
        "bad_text": "使用できない文字が含まれています。取り除いてください。",
        "move_up": "上へ移動",
        "move_down": "下へ移動",
        "consent": "同意します",
        "several": "いくつでも選べます。",
        "rank_how": "それぞれに順位を付けてください。1 がもっとも上、{last} がもっとも下です。",
        "rank_all": "すべてに異なる順位を付けてください。",
        "pick_some": "ひとつ以上選んでください。",
        "pick_each_row": "すべての行で回答を選んでください。",
        "agree": "続けるには同意してください。",
        "bad_email": "name@example.com のようなメールアドレスを入力してください。",
        "bad_phone": "電話番号を数字で入力してください。",
        "least_chars": "{limit}文字以上で入力してください。",
        "most_chars": "{limit}文字以内で入力してください。",
        "least_choices": "{limit}つ以上選んでください。",
        "most_choices": "選べるのは{limit}つまでです。",
        "bad_number": "12 や 12.5 のような数値を入力してください。",
        "bad_postcode_jp": "100-0001 のような郵便番号を入力してください。",
        "shorten": "長すぎます。短くしてください。入力内容は残っています。",
        "contact_name": "お名前",
        "contact_email": "メールアドレス",
        "contact_phone": "電話番号",
        "stars_of": "星5つのうち{number}つ",
        "face_1": "とても悪い",
        "face_2": "悪い",
        "face_3": "どちらでもない",
        "face_4": "良い",
        "face_5": "とても良い",
    },
}


# Apart, as whoever draws a survey by the public endpoint has no use for it.
_OF_TRIALS = {
    "en": {"note": "This is a trial. You may answer: nothing is saved."},
    "ja": {"note": "これは試し送信です。回答しても保存されません。"},
}
register_words("respondents", _TEXTS["en"])
register_words("trial", _OF_TRIALS["en"])


def respondent_texts(language: str) -> dict[str, str]:
    """The words of a language, in English where it has none."""
    return words_in("respondents", language, _TEXTS)


def trial_note(language: str) -> str:
    """What stands above a survey that somebody only tries."""
    return words_in("trial", language, _OF_TRIALS)["note"]
