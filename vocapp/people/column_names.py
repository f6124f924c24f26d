"""What people call the columns of a list of customers, in English and Japanese."""

from __future__ import annotations

# Each word is matched as `plain_name` leaves it, dots as underscores.
CONTACT_WORDS = {
    "contact.external_id": (
        "external_id user_id contact_id id uid ユーザーid 利用者id 顧客id 担当者id"
    ),
    "contact.email": "email e_mail mail email_address mail_address メール メールアドレス eメール",
    # Not the words for mobiles: lists have both, and two columns cannot be the same field.
    "contact.phone": "phone phone_number telephone tel 電話 電話番号",
    "contact.name": "name full_name contact_name 名前 氏名 お名前 担当者 担当者名",
    "contact.locale": "locale language lang 言語",
    "contact.time_zone": "time_zone timezone タイムゾーン",
    "contact.roles": "roles contact_roles account_role account_roles 役割",
    "contact.has_left": "has_left left left_company 退職 退職済み",
    "account.external_id": (
        "account account_id account_external_id company company_id organization 会社 会社id 企業 "
        "企業id アカウント アカウントid 法人番号"
    ),
    "account.name": "account_name company_name organization_name 会社名 企業名 アカウント名",
}
