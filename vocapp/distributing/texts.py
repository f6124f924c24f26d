"""Words of mails that go out by themselves and of the unsubscribe page, by the reader's language.

The question itself is the survey author's. A language without an entry or an
interface pack gets English.
"""

from __future__ import annotations

from vocapp.language_packs import register_words, words_in

_TEXTS = {
    "en": {
        "subject": "One question from {workspace}",
        "preview": "It takes less than a minute.",
        "greeting": "Hello {name},",
        "greeting_unnamed": "Hello,",
        "intro": "Thank you for working with us. We have one short question for you.",
        "reminder_subject": "Reminder: {subject}",
        "reminder": "We wrote to you a few days ago. Your answer would still help us.",
        "how": "Choose a number. A page opens, and your answer counts once you press its button.",
        "open_page": "Answer on a page",
        "scale_end": "{point} = {label}",
        "sent_by": "{workspace} sent you this because you are one of its customers.",
        "unsubscribe": "Stop these e-mails",
        "stop_texts_ask": "Stop text messages like this from {workspace}?",
        "stop_texts_detail": "The telephone that got the message will not be written to again.",
        "stop_texts_confirm": "Stop these messages",
        "stop_texts_done": "Done.",
        "stop_texts_done_detail": "You will get no more such messages from {workspace}.",
        "stop_texts_trial": "This is a trial.",
        "stop_texts_trial_detail": "People who got this message from {workspace} are asked here "
        "whether such messages are to stop.",
        "unsubscribe_ask": "Stop e-mails like this from {workspace}?",
        "unsubscribe_detail": "The address that got the e-mail will not be written to again.",
        "unsubscribe_confirm": "Stop these e-mails",
        "unsubscribe_done": "Done.",
        "unsubscribe_done_detail": "You will get no more such e-mails from {workspace}.",
        "unsubscribe_trial": "This is a trial.",
        "unsubscribe_trial_detail": "People who got this e-mail from {workspace} are asked here "
        "whether such e-mails are to stop.",
        "not_found": "This link leads nowhere.",
        "not_found_detail": "It may have been cut off. Please open it again from the message.",
    },
    "ja": {
        "subject": "【{workspace}】1分で終わるアンケートのお願い",
        "preview": "数字をひとつ選ぶだけのアンケートです。",
        "greeting": "{name} 様",
        "greeting_unnamed": "お客様",
        "intro": "いつもご利用いただき、ありがとうございます。ひとつだけ質問にお答えください。",
        "reminder_subject": "【再送】{subject}",
        "reminder": "先日お送りしたアンケートについて、あらためてご案内いたします。",
        "how": "数字を選ぶとページが開きます。ページのボタンを押すと回答になります。",
        "open_page": "ページで回答する",
        "scale_end": "{point}：{label}",
        "sent_by": "このメールは、{workspace} がお客様にお送りしています。",
        "unsubscribe": "配信を停止する",
        "stop_texts_ask": "{workspace} からのこのようなSMSを停止しますか。",
        "stop_texts_detail": "このSMSが届いた電話番号には、今後お送りしません。",
        "stop_texts_confirm": "SMSを停止する",
        "stop_texts_done": "停止しました",
        "stop_texts_done_detail": "今後、{workspace} からこのようなSMSはお送りしません。",
        "stop_texts_trial": "これは試し送信です。",
        "stop_texts_trial_detail": "{workspace} からのこのSMSを受け取った方には、"
        "ここで配信を停止するかどうかをお尋ねします。",
        "unsubscribe_ask": "{workspace} からのこのようなメールを停止しますか。",
        "unsubscribe_detail": "このメールが届いたアドレスには、今後お送りしません。",
        "unsubscribe_confirm": "メールを停止する",
        "unsubscribe_done": "停止しました",
        "unsubscribe_done_detail": "今後、{workspace} からこのようなメールはお送りしません。",
        "unsubscribe_trial": "これは試し送信です。",
        "unsubscribe_trial_detail": "{workspace} からのこのメールを受け取った方には、"
        "ここで配信を停止するかどうかをお尋ねします。",
        "not_found": "このリンクは開けません。",
        "not_found_detail": "途中で切れている可能性があります。"
        "届いたメッセージからもう一度お開きください。",
    },
}


# Text messages are short, and every character counts (`surveys.sms_text`).
_MESSAGES = {
    "en": {"invitation": "{workspace}: one short question for you. {link} Stop: {stop}"},
    "ja": {"invitation": "【{workspace}】アンケートのお願いです。{link} 停止：{stop}"},
}
register_words("mail", _TEXTS["en"])
register_words("text_message", _MESSAGES["en"])


def invitation_texts(language: str) -> dict[str, str]:
    """The words of a language, in English where it has none."""
    return words_in("mail", language, _TEXTS)


def greeting_of(language: str, name: str) -> str:
    """How a letter in this language begins; name: empty where none is known."""
    words, plain = invitation_texts(language), " ".join(name.split())
    # Not formatted: braces of a name are no gaps.
    return words["greeting"].replace("{name}", plain) if plain else words["greeting_unnamed"]


def text_message(language: str) -> str:
    """What the text message of an invitation says; its gaps are those of `surveys.sms_text`."""
    return words_in("text_message", language, _MESSAGES)["invitation"]
