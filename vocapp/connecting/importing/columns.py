"""Which column of a file is which field, by the names that people give to columns.

A field is a path into the bodies that the API takes, too: `contact.email`, `account.plan`.
Names are compared without case, width, spaces, hyphens and underscores at word ends. A column
`attribute.<name>` is an attribute, and so is any column whose name is not known here:
a list of customers has columns that no product can foresee, and dropping them silently would
lose what segments are made of. The command says which ones it took for attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vocapp.people.column_names import CONTACT_WORDS
from vocapp.problems import BadInput
from vocapp.spreadsheets import plain_name

ATTRIBUTE, ANSWER = "attribute.", "answer."
# In front of a rejected row; not read when the corrected file comes back.
REJECTED_LINE, REJECTED_REASON = "rejected_line", "rejected_reason"

_FACT_WORDS = {
    "plan": "plan プラン 契約プラン",
    "region": "region 地域 リージョン",
    "mrr": "mrr monthly_recurring_revenue 月額 月額料金",
    "currency": "currency 通貨",
    "started_on": "started_on start_date contract_start 開始日 契約開始日 利用開始日",
    "renewal_on": "renewal_on renewal_date 更新日 契約更新日",
}
FACTS = tuple(_FACT_WORDS)
ACCOUNT_WORDS = {
    "account.external_id": (
        "external_id account account_id account_external_id company_id id "
        "会社id 企業id アカウントid 法人番号"
    ),
    "account.name": (
        "name account_name company company_name 名前 会社 会社名 企業 企業名 アカウント名"
    ),
    **{f"account.{name}": f"{words} account_{name}" for name, words in _FACT_WORDS.items()},
    "account.parent": (
        "parent parent_account parent_id parent_external_id 親会社 親会社id 親アカウント"
    ),
}
RESPONSE_WORDS = {
    "id": "id response_id 回答id",
    "survey": "survey survey_key アンケート 調査",
    "survey_version": "survey_version",
    "score": "score nps rating csat ces 点 点数 スコア 評価 得点 推奨度",
    "comment": "comment comments feedback verbatim reason コメント 自由回答 自由記述 理由 ご意見",
    "answered_at": (
        "answered_at answered responded_at submitted_at created_at date timestamp "
        "回答日時 回答日 日時 日付 タイムスタンプ"
    ),
    "locale": "locale language lang 言語",
    "channel": "channel チャネル 経路",
    "contact.external_id": (
        "contact_external_id contact contact_id user_id external_id ユーザーid 利用者id 顧客id"
    ),
    "contact.email": f"contact_email {CONTACT_WORDS['contact.email']}",
    "contact.phone": "contact_phone",
    "contact.name": f"contact_name {CONTACT_WORDS['contact.name']}",
    "contact.locale": "contact_locale",
    "contact.time_zone": "contact_time_zone",
    "account.external_id": CONTACT_WORDS["account.external_id"],
    "account.name": CONTACT_WORDS["account.name"],
    **{f"account.{name}": f"{words} account_{name}" for name, words in _FACT_WORDS.items()},
}
# By the names of the API alone: what tells events, tells them by machine.
EVENT_WORDS = {
    name: name
    for name in (
        "id", "type", "account", "contact", "at", "name", "count", "product", "action", "mrr",
        "currency", "term_ends_on", "invoice", "due_on", "amount", "supersedes",
    )
}  # fmt: skip
# What our own export adds for the reader: it follows from the rest, or is found anew.
DERIVED = frozenset(
    ("category", "received_at", "revision", "invitation_id", "themes", "sentiment", "language",
     "analysis", REJECTED_LINE, REJECTED_REASON)
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Columns:
    """fields: for each column of the file its field, or None for one that is not read."""

    fields: tuple[str | None, ...]
    header: tuple[str, ...]

    @property
    def unknown(self) -> tuple[str, ...]:
        """Columns that became attributes because their name is not known."""
        return tuple(
            name
            for name, field in zip(self.header, self.fields, strict=True)
            if field == f"{ATTRIBUTE}{name}"
        )

    def name_of(self, field: str) -> str:
        """The column in which a field stands, as the file writes it; else the field."""
        try:
            return self.header[self.fields.index(field)]
        except ValueError:
            return field


def columns_of(header: Sequence[str], words: Mapping[str, str]) -> Columns:
    """Find the field of each column. Raises BadInput when two columns are the same field."""
    known = {word: field for field, text in words.items() for word in text.split()}
    fields = tuple(_field_of(name, known) for name in header)
    seen: dict[str, int] = {}
    for number, field in enumerate(fields, start=1):
        if field is None:
            continue
        if field in seen:
            place = f"line 1, column {number}"
            raise BadInput.of(place, f"means the same as column {seen[field]} ({field})")
        seen[field] = number
    return Columns(fields, tuple(header))


def _field_of(name: str, known: Mapping[str, str]) -> str | None:
    if not name:
        return None
    for prefix in (ATTRIBUTE, ANSWER):
        if name.casefold().startswith(prefix) and len(name) > len(prefix):
            return prefix + name[len(prefix) :]
    plain = plain_name(name).replace(".", "_")
    if plain in DERIVED:
        return None
    return known.get(plain, ATTRIBUTE + name)
