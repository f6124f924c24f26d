"""What touchpoints of the product offer to send by themselves, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from surveys.outreach import Outreach, Words

ROLES = ("champion", "user")
_LETTERS: Mapping[str, Mapping[str, Words]] = {
    "setup-check": {
        "en": Words(
            "{workspace}: does everything work at {account}?",
            "{greeting}\n\n"
            "{account} started with {workspace} a few days ago. Does the set-up work as you need "
            "it?\n\n"
            "If something is missing or unclear, just reply to this e-mail and tell us what it "
            "is.\n\n"
            "Kind regards\n{sender}",
        ),
        "ja": Words(
            "【{workspace}】初期設定に問題はございませんか",
            "{greeting}\n\n"
            "このたびは {workspace} をご利用いただき、ありがとうございます。\n"
            "{account} 様がご利用を始められて数日が経ちましたので、初期設定が問題なく動いているか、"
            "お伺いいたします。\n\n"
            "ご不明な点やお困りのことがございましたら、このメールにそのままご返信ください。\n\n"
            "よろしくお願いいたします。\n\n{sender}",
        ),
    },
    "first-results": {
        "en": Words(
            "{workspace}: the first month of {account}",
            "{greeting}\n\n"
            "{account} has been using {workspace} for a month. A good moment to look at what came "
            "of it: what has become easier, and what did you expect that is not there yet?\n\n"
            "Reply to this e-mail in a line or two. We read every answer.\n\n"
            "Kind regards\n{sender}",
        ),
        "ja": Words(
            "【{workspace}】ご利用開始から1か月が経ちました",
            "{greeting}\n\n"
            "いつもお世話になっております。{workspace} です。\n"
            "{account} 様のご利用開始から1か月が経ちました。"
            "どのような成果がありましたでしょうか。また、ご期待に届いていない点はございませんか。\n\n"
            "一言でもかまいませんので、このメールへの返信でお聞かせください。"
            "いただいたご返信にはすべて目を通しております。\n\n"
            "よろしくお願いいたします。\n\n{sender}",
        ),
    },
    "value-review": {
        "en": Words(
            "{workspace}: a look back before the renewal",
            "{greeting}\n\n"
            "the subscription of {account} renews in about three months. We would like to know "
            "before that: did {workspace} bring what you hoped for, and what are your plans for "
            "the coming year?\n\n"
            "Reply to this e-mail, also if something should change.\n\n"
            "Kind regards\n{sender}",
        ),
        "ja": Words(
            "【{workspace}】ご契約更新前の振り返りのお願い",
            "{greeting}\n\n"
            "いつもお世話になっております。{workspace} です。\n"
            "{account} 様のご契約更新まで、およそ3か月となりました。"
            "更新の前に、これまでの成果と、来年に向けたご予定をお聞かせいただけますでしょうか。\n\n"
            "ご要望や変更のご希望がございましたら、あわせてこのメールにご返信ください。\n\n"
            "よろしくお願いいたします。\n\n{sender}",
        ),
    },
}


def offered(key: str | None) -> Outreach:
    """What a touchpoint could send, to begin with; without words where it is not the product's."""
    return Outreach(words=_LETTERS.get(key or "", {}), roles=ROLES)
