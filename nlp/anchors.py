"""Sentences that say the same in each language, about anything and everything.

Two uses: the difference of their mean vectors is the difference between the languages (see
`features.LanguageCentre`), and they are the background against which a theme known only by its
description must stand out. Written for this project; they name no product and no theme pack.
"""

_PAIRS = (
    ("Thank you very much for everything.", "いろいろとありがとうございました。"),
    ("It is better than I expected.", "思っていたより良いです。"),
    ("Nothing in particular.", "特にありません。"),
    ("I am disappointed.", "がっかりしました。"),
    ("My colleagues and I are satisfied.", "同僚も私も満足しています。"),
    ("I bought it last week.", "先週買いました。"),
    ("The weather was lovely that day.", "その日はとても良い天気でした。"),
    ("It took far too long.", "時間がかかりすぎました。"),
    ("The staff were kind and polite.", "スタッフの方は親切で丁寧でした。"),
    ("I would like to know more about it.", "もっと詳しく知りたいです。"),
    ("It stopped working after a few days.", "数日で動かなくなりました。"),
    ("The food was warm and tasty.", "料理は温かくて美味しかったです。"),
    ("The price is too high for me.", "私には値段が高すぎます。"),
    ("I will come again next year.", "来年もまた来ます。"),
    ("The colour is different from the picture.", "色が写真と違います。"),
    ("Please improve this as soon as possible.", "できるだけ早く改善してください。"),
    ("My children enjoyed it very much.", "子どもたちはとても楽しんでいました。"),
    ("I do not understand the explanation.", "説明が分かりません。"),
    ("The delivery arrived on time.", "荷物は時間どおりに届きました。"),
    ("The room was small but clean.", "部屋は狭いですが清潔でした。"),
    ("We have used it for three years.", "三年間使っています。"),
    ("I called twice and nobody answered.", "二回電話しましたが誰も出ませんでした。"),
    ("It is easy to carry.", "持ち運びが簡単です。"),
    ("The sound is clear.", "音がはっきりしています。"),
    ("I recommended it to a friend.", "友人に勧めました。"),
    ("Some parts were missing from the box.", "箱の中の部品が足りませんでした。"),
    ("The station is within walking distance.", "駅まで歩いて行けます。"),
    ("I changed my mind in the end.", "結局、考えが変わりました。"),
    ("The meeting was moved to Friday.", "会議は金曜日に変更されました。"),
    ("Our sales grew this quarter.", "今四半期は売上が伸びました。"),
    ("The software is simple to use.", "このソフトは使い方が簡単です。"),
    ("I forgot my password again.", "またパスワードを忘れました。"),
    ("The screen went dark suddenly.", "画面が急に暗くなりました。"),
    ("There is room for improvement.", "改善の余地があります。"),
    ("It is neither good nor bad.", "良くも悪くもありません。"),
    ("The book was difficult to read.", "その本は読みにくかったです。"),
    ("They answered my question at once.", "すぐに質問に答えてくれました。"),
    ("I have paid but received nothing.", "支払ったのに何も届いていません。"),
    ("The new design looks modern.", "新しいデザインは今風に見えます。"),
    ("We need to export the data every month.", "毎月データを出力する必要があります。"),
    ("It was noisy at night.", "夜は騒がしかったです。"),
    ("I am not sure who is in charge.", "誰が担当なのか分かりません。"),
    ("The contract ends in March.", "契約は三月に終わります。"),
    ("You cannot please everyone.", "全員を満足させることはできません。"),
    ("The doctor listened carefully.", "先生はよく話を聞いてくれました。"),
    ("The train was crowded this morning.", "今朝の電車は混んでいました。"),
    ("Keep up the good work.", "これからも頑張ってください。"),
    ("It broke my heart to throw it away.", "捨てるのはつらかったです。"),
)

ANCHORS: dict[str, tuple[str, ...]] = {
    "en": tuple(english for english, _ in _PAIRS),
    "ja": tuple(japanese for _, japanese in _PAIRS),
}
