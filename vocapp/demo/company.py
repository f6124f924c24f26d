"""The vendor's customers: companies and the people there, all invented.

A pure function of seed and instant: the same ones give the same customers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random

from surveys.contact_roles import CHAMPION
from vocapp.people.facts import AccountFacts, ContactFacts

VENDOR = "Kawasemi Cloud"

# region → share of accounts, currency, hours from UTC, time zone
REGIONS = {
    "jp": (0.42, "JPY", 9, "Asia/Tokyo"),
    "us": (0.24, "USD", -6, "America/Chicago"),
    "eu": (0.22, "EUR", 1, "Europe/Berlin"),
    "apac": (0.12, "SGD", 8, "Asia/Singapore"),
}
# plan → share of accounts, monthly price in US dollars, people who answer
PLANS = {
    "starter": (0.30, 90, 3),
    "team": (0.34, 420, 6),
    "business": (0.24, 1_900, 10),
    "enterprise": (0.12, 8_500, 17),
}
INDUSTRIES = (
    "manufacturing", "logistics", "retail", "healthcare", "finance", "education", "media",
    "construction",
)  # fmt: skip
ROLES = (("user", 0.62), ("manager", 0.26), ("admin", 0.12))
# Chance a month that a customer of middling mood leaves, and when that may happen.
_LEAVING, _SETTLING_DAYS, _TOLD_DAYS = 0.016, 60, 490
# Minor units of the currency for one US dollar: round figures, not a rate of any day.
_MINOR_PER_DOLLAR = {"JPY": 150, "USD": 100, "EUR": 92, "SGD": 135}

_JA_FIRST = (
    "青葉", "みなと", "ひかり", "山吹", "東雲", "若竹", "白樺", "すずかけ", "あさひ野", "千歳川",
    "つばき", "北浜", "瑞穂台", "とりで", "はやぶさ",
)  # fmt: skip
_JA_FIELD = {
    "manufacturing": ("精機", "製作所", "電装"),
    "logistics": ("物流", "運輸", "ロジ"),
    "retail": ("商事", "マート", "百貨"),
    "healthcare": ("メディカル", "ケアサービス", "薬品"),
    "finance": ("リース", "保険サービス", "キャピタル"),
    "education": ("学習社", "スクール", "教育出版"),
    "media": ("放送企画", "印刷", "デザイン"),
    "construction": ("建設", "設備", "住建"),
}
_EN_FIRST = (
    "Alderbrook", "Northgate", "Harrow", "Bluepine", "Castell", "Merrow", "Tannery Lane",
    "Osprey", "Linden", "Fairwater", "Quarry Hill", "Saltmarsh", "Beacon", "Whitford", "Juniper",
)  # fmt: skip
_EN_SECOND = ("North", "Group", "Europe", "Asia")
_EN_FIELD = {
    "manufacturing": ("Works", "Precision", "Tools"),
    "logistics": ("Freight", "Logistics", "Cargo"),
    "retail": ("Stores", "Trading", "Outfitters"),
    "healthcare": ("Health", "Clinics", "Care"),
    "finance": ("Leasing", "Mutual", "Partners"),
    "education": ("Learning", "Academy", "Press"),
    "media": ("Studios", "Print", "Media"),
    "construction": ("Builders", "Interiors", "Engineering"),
}
_JA_FAMILY = (
    ("佐々木", "sasaki"), ("井上", "inoue"), ("木村", "kimura"), ("林", "hayashi"),
    ("清水", "shimizu"), ("山崎", "yamazaki"), ("池田", "ikeda"), ("橋本", "hashimoto"),
    ("石川", "ishikawa"), ("前田", "maeda"), ("藤田", "fujita"), ("岡田", "okada"),
    ("後藤", "goto"), ("長谷川", "hasegawa"), ("村上", "murakami"), ("近藤", "kondo"),
    ("石井", "ishii"), ("遠藤", "endo"), ("青木", "aoki"), ("坂本", "sakamoto"),
)  # fmt: skip
_JA_GIVEN = (
    ("陽子", "yoko"), ("健太", "kenta"), ("美咲", "misaki"), ("大輔", "daisuke"),
    ("恵", "megumi"), ("翔太", "shota"), ("由美", "yumi"), ("拓也", "takuya"),
    ("さくら", "sakura"), ("直樹", "naoki"), ("彩", "aya"), ("誠", "makoto"),
    ("千尋", "chihiro"), ("亮", "ryo"), ("真由美", "mayumi"), ("隆", "takashi"),
)  # fmt: skip
_EN_FAMILY = (
    "Baker", "Okafor", "Lindqvist", "Moreau", "Sharma", "Fischer", "Costa", "Nguyen", "Walsh",
    "Petrova", "Haddad", "Tan", "Jansen", "Murphy", "Rossi", "Kaur", "Novak", "Reyes", "Clarke",
    "Lim",
)  # fmt: skip
_EN_GIVEN = (
    "Hannah", "Marcus", "Priya", "Oliver", "Ines", "Jonas", "Chloe", "Samuel", "Leila", "Tom",
    "Grace", "Victor", "Amara", "Paul", "Nadia", "Wei",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Customer:
    """An account with what the answers follow: its mood (about -1..1) and its hours.

    leaves_at: when it cancels; None where it stays.
    """

    facts: AccountFacts
    region: str
    mood: float
    leaves_at: datetime | None = None

    def is_there(self, instant: datetime) -> bool:
        """Whether it has begun, and not left by then."""
        if self.facts.started_on is not None and instant.date() <= self.facts.started_on:
            return False
        return self.leaves_at is None or instant < self.leaves_at


@dataclass(frozen=True, slots=True)
class Person:
    """A contact; `mood` is their own on top of the account's."""

    facts: ContactFacts
    customer: Customer
    mood: float
    language: str


def customers(rng: Random, *, count: int, now: datetime) -> list[Customer]:
    """`count` accounts over regions and plans, each with a renewal within a year."""
    found = []
    names: set[str] = set()
    for number in range(count):
        region = _pick(rng, {name: values[0] for name, values in REGIONS.items()})
        plan = _pick(rng, {name: values[0] for name, values in PLANS.items()})
        industry = rng.choice(INDUSTRIES)
        started_on = (now - timedelta(days=int(rng.triangular(45, 1500, 380)))).date()
        currency = REGIONS[region][1]
        found.append(
            Customer(
                facts=AccountFacts(
                    external_id=f"k-{1001 + number}",
                    name=_company_name(rng, region, industry, names),
                    plan=plan,
                    region=region,
                    mrr_minor=_mrr(rng, plan, currency),
                    currency=currency,
                    started_on=started_on,
                    renewal_on=_next_renewal(started_on, today=now.date()),
                    attributes={"industry": industry},
                ),
                region=region,
                mood=rng.gauss(0, 0.45),
            )
        )
    return [replace(each, leaves_at=_leaves_at(rng, each, now=now)) for each in found]


def _leaves_at(rng: Random, customer: Customer, *, now: datetime) -> datetime | None:
    """Month by month a chance of leaving, larger where the mood is bad; none right after the
    start, and none before the time that the demo tells of."""
    start = customer.facts.started_on or now.date()
    since = (now.date() - start).days - _SETTLING_DAYS
    for days in range(min(since, _TOLD_DAYS), 1, -30):
        if rng.random() < _LEAVING * math.exp(-2 * customer.mood):
            return now - timedelta(days=rng.uniform(max(1, days - 30), days))
    return None


def _pick(rng: Random, shares: dict[str, float]) -> str:
    return rng.choices(list(shares), weights=list(shares.values()))[0]


def _company_name(rng: Random, region: str, industry: str, taken: set[str]) -> str:
    """A name that no other account has; a second one of a name gets a place."""
    japanese = region == "jp"
    first = rng.choice(_JA_FIRST if japanese else _EN_FIRST)
    field = rng.choice((_JA_FIELD if japanese else _EN_FIELD)[industry])
    name = f"{first}{field}" if japanese else f"{first} {field}"
    towns = ("東日本", "西日本", "北関東", "九州") if japanese else _EN_SECOND
    candidates = [name, *(f"{name}{town}" if japanese else f"{name} {town}" for town in towns)]
    chosen = next((each for each in candidates if each not in taken), None)
    if chosen is None:
        return _company_name(rng, region, industry, taken)
    taken.add(chosen)
    if not japanese:
        return chosen
    return f"株式会社{chosen}" if rng.random() < 0.5 else f"{chosen}株式会社"


def _mrr(rng: Random, plan: str, currency: str) -> int:
    """A month's revenue in minor units, rounded as prices are."""
    dollars = PLANS[plan][1] * rng.lognormvariate(0, 0.35)
    step = 100 if currency == "JPY" else 1000
    return max(step, round(dollars * _MINOR_PER_DOLLAR[currency] / step) * step)


def _next_renewal(started_on: date, *, today: date) -> date:
    """The next anniversary of the start, 29 February moved to the 28th."""
    day = min(started_on.day, 28)
    this_year = date(today.year, started_on.month, day)
    return this_year if this_year >= today else this_year.replace(year=today.year + 1)


def people(rng: Random, among: list[Customer], *, count: int) -> list[Person]:
    """`count` contacts; each account has at least one, larger plans have more."""
    weights = [PLANS[customer.facts.plan or "team"][2] for customer in among]
    employers = among[:count] + rng.choices(among, weights=weights, k=max(0, count - len(among)))
    return [
        _person(rng, customer, number=number, roles=_roles(number, among=len(among)))
        for number, customer in enumerate(employers, start=1)
    ]


def _roles(number: int, *, among: int) -> tuple[str, ...] | None:
    """The first person of most accounts is their champion; some of the others decide."""
    if number <= among:
        return (CHAMPION,) if number % 4 else None
    return ("decision_maker",) if number % 5 == 0 else None


def _person(
    rng: Random, customer: Customer, *, number: int, roles: tuple[str, ...] | None
) -> Person:
    language = "ja" if customer.region == "jp" and rng.random() < 0.93 else "en"
    if language == "ja":
        family, given = rng.choice(_JA_FAMILY), rng.choice(_JA_GIVEN)
        name, address = f"{family[0]} {given[0]}", f"{given[1]}.{family[1]}"
    else:
        first, last = rng.choice(_EN_GIVEN), rng.choice(_EN_FAMILY)
        name, address = f"{first} {last}", f"{first}.{last}".lower()
    return Person(
        facts=ContactFacts(
            external_id=f"u-{10_000 + number}",
            email=f"{address}.{number}@{customer.facts.external_id}.example",
            name=name,
            locale=language,
            time_zone=REGIONS[customer.region][3],
            roles=roles,
            attributes={"role": _pick(rng, dict(ROLES))},
        ),
        customer=customer,
        mood=rng.gauss(0, 0.35),
        language=language,
    )
