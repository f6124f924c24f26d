"""Reply templates that are offered, in English and Japanese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Offered:
    """A template as it is offered; name and text in its own language."""

    language: str
    name: str
    subject: str
    body: str


OFFERED = (
    Offered(
        "en", "Thank you, may we talk?",
        "Your answer to {workspace}",
        "{greeting}\n\n"
        "thank you for taking the time to tell us what you think on {answered_on}. What you "
        "describe is not what we want for you, and I would like to understand it properly.\n\n"
        "Would you have 20 minutes for a call this week or next? Just reply with a time that "
        "suits you, or write back if that is easier.\n\n"
        "Kind regards\n{sender}\n{workspace}",
    ),
    Offered(
        "en", "We are looking into it",
        "We are looking into what you told us",
        "{greeting}\n\n"
        "thank you for telling us about this. I have passed it on to the people who can change "
        "it, and I stay responsible for getting you an answer.\n\n"
        "You will hear from me again within a week, also if we have no solution by then. If "
        "anything is urgent for {account}, please reply to this e-mail.\n\n"
        "Kind regards\n{sender}\n{workspace}",
    ),
    Offered(
        "en", "What you reported is fixed",
        "Solved: what you told us about",
        "{greeting}\n\n"
        "on {answered_on} you told us what went wrong for you. It is fixed now, and you need to "
        "do nothing for it.\n\n"
        "Could you tell me in a line whether it works for you as it should? If not, I will look "
        "at it again.\n\n"
        "Kind regards\n{sender}\n{workspace}",
    ),
    Offered(
        "en", "Asking once more",
        "Did my last e-mail reach you?",
        "{greeting}\n\n"
        "I wrote to you about your answer of {answered_on} and have not heard from you. I would "
        "still like to help.\n\n"
        "If this is settled for you, a short “all fine” is enough. If not, tell me when I may "
        "call you.\n\n"
        "Kind regards\n{sender}\n{workspace}",
    ),
    Offered(
        "ja", "お礼とお話しのお願い",
        "【{workspace}】ご回答いただいた件について",
        "{greeting}\n\n"
        "お世話になっております。{workspace} の {sender} です。\n"
        "{answered_on} はアンケートにご回答いただき、誠にありがとうございました。"
        "ご不便をおかけしており、申し訳ございません。\n\n"
        "詳しい状況を直接お伺いしたく、今週または来週に20分ほどお時間をいただけないでしょうか。"
        "このメールへの返信で、ご都合のよい日時をお知らせください。"
        "メールでのご説明でもかまいません。\n\n"
        "何卒よろしくお願いいたします。\n\n{workspace}\n{sender}",
    ),
    Offered(
        "ja", "確認中のご連絡",
        "【{workspace}】ご指摘の件を確認しております",
        "{greeting}\n\n"
        "お世話になっております。{workspace} の {sender} です。\n"
        "このたびは貴重なご意見をお寄せいただき、ありがとうございました。\n\n"
        "ご指摘の内容は担当部署に共有し、対応を確認しております。"
        "解決に至っていない場合でも、一週間以内に私から状況をご連絡いたします。"
        "お急ぎの点がございましたら、このメールにご返信ください。\n\n"
        "引き続きよろしくお願いいたします。\n\n{workspace}\n{sender}",
    ),
    Offered(
        "ja", "解消のご報告",
        "【{workspace}】ご指摘の件が解消しました",
        "{greeting}\n\n"
        "お世話になっております。{workspace} の {sender} です。\n"
        "{answered_on} にご指摘いただいた件は、修正が完了いたしました。"
        "お客様側での作業は必要ございません。\n\n"
        "お手数ですが、問題なくお使いいただけているか、ひと言お知らせいただけますと幸いです。"
        "まだお困りの点がございましたら、あらためて確認いたします。\n\n"
        "今後ともよろしくお願いいたします。\n\n{workspace}\n{sender}",
    ),
    Offered(
        "ja", "再度のご連絡",
        "【{workspace}】先日お送りしたメールについて",
        "{greeting}\n\n"
        "お世話になっております。{workspace} の {sender} です。\n"
        "{answered_on} のご回答について、先日メールをお送りしましたが、その後いかがでしょうか。\n\n"
        "すでに解決している場合は、その旨をひと言お知らせください。"
        "まだお困りでしたら、お電話してもよい日時をお教えいただければ、こちらからご連絡いたします。\n\n"
        "よろしくお願いいたします。\n\n{workspace}\n{sender}",
    ),
)  # fmt: skip
