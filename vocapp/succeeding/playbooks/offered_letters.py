"""Letters of playbooks that are offered, in English and Japanese."""

from __future__ import annotations

from collections.abc import Mapping

from surveys.outreach import Words

Letters = Mapping[str, Words]

SET_UP: Letters = {
    "en": Words(
        "{workspace}: may we help you get started?",
        "{greeting}\n\n"
        "you started with {workspace} a while ago, and set-up for {account} is not finished yet. "
        "It usually takes less than an hour, and most of what the product does for you comes "
        "after it.\n\n"
        "If something is in the way, just reply to this e-mail and tell us what it is.\n\n"
        "Kind regards\n{sender}",
    ),
    "ja": Words(
        "【{workspace}】初期設定でお困りではありませんか",
        "{greeting}\n\n"
        "いつもお世話になっております。{workspace} です。\n"
        "{account} 様の初期設定がまだ完了していないようですので、ご連絡いたしました。"
        "設定は通常1時間ほどで終わり、完了するとすべての機能をお使いいただけます。\n\n"
        "ご不明な点がございましたら、このメールにそのままご返信ください。\n\n"
        "よろしくお願いいたします。\n\n{sender}",
    ),
}
SET_UP_AGAIN: Letters = {
    "en": Words(
        "What is left to set up for {account}",
        "{greeting}\n\n"
        "set-up for {account} is still open. Three things are enough to begin with: sign in, "
        "connect your data, and invite one colleague.\n\n"
        "Would you like us to show you how? Reply with a time that suits you.\n\n"
        "Kind regards\n{sender}",
    ),
    "ja": Words(
        "【{workspace}】初期設定の残りの手順について",
        "{greeting}\n\n"
        "いつもお世話になっております。{workspace} です。\n"
        "{account} 様の初期設定がまだ残っております。まずは、サインイン、データの接続、"
        "同僚の方お一人のご招待の三つから始めていただけます。\n\n"
        "操作をご案内することもできます。ご希望の日時をこのメールへの返信でお知らせください。\n\n"
        "よろしくお願いいたします。\n\n{sender}",
    ),
}
FEATURE: Letters = {
    "en": Words(
        "Something in {workspace} that you may not have tried",
        "{greeting}\n\n"
        "there is a part of {workspace} that nobody at {account} has used yet, and that other "
        "customers value most. It takes a few minutes to try.\n\n"
        "Reply to this e-mail if you would like to see it on your own data.\n\n"
        "Kind regards\n{sender}",
    ),
    "ja": Words(
        "【{workspace}】まだお使いでない便利な機能のご案内",
        "{greeting}\n\n"
        "いつもお世話になっております。{workspace} です。\n"
        "{account} 様でまだお使いになっていない機能があり、ほかのお客様から特にご好評を"
        "いただいております。数分でお試しいただけます。\n\n"
        "実際のデータでの使い方をご覧になりたい場合は、このメールにご返信ください。\n\n"
        "よろしくお願いいたします。\n\n{sender}",
    ),
}
