"""What the invented customers are and say: attributes with their odds, and sentences."""

from __future__ import annotations

# Value → odds. These are reported by; `seats` is a number with bands.
PLANS = {"free": 0.42, "team": 0.31, "business": 0.19, "enterprise": 0.08}
REGIONS = {"us": 0.38, "jp": 0.24, "eu": 0.22, "apac": 0.09, "latam": 0.05, "mea": 0.02}
INDUSTRIES = {
    "software": 0.22, "retail": 0.16, "finance": 0.12, "manufacturing": 0.11, "health": 0.09,
    "education": 0.08, "media": 0.06, "logistics": 0.05, "public": 0.04, "energy": 0.03,
    "travel": 0.02, "legal": 0.02,
}  # fmt: skip
ROLES = {"user": 0.58, "admin": 0.17, "manager": 0.14, "executive": 0.06, "developer": 0.05}
SENIORITIES = {"junior": 0.3, "senior": 0.4, "lead": 0.2, "head": 0.1}
CHANNELS = {"widget": 0.46, "email": 0.3, "web": 0.14, "embed": 0.06, "api": 0.04}
SEAT_EDGES = (10, 50, 250, 1000)
REPORTABLE = (
    "plan", "region", "channel", "locale", "industry", "role", "revenue_band", "tenure_band",
    "seniority", "seats",
)  # fmt: skip

CURRENCY_OF = {"us": "USD", "jp": "JPY", "eu": "EUR", "apac": "USD", "latam": "USD", "mea": "USD"}
LOCALES_OF = {
    "us": {"en": 0.9, "es": 0.1},
    "jp": {"ja": 0.93, "en": 0.07},
    "eu": {"de": 0.4, "fr": 0.3, "en": 0.3},
    "apac": {"en": 0.7, "ko": 0.3},
    "latam": {"es": 0.6, "pt": 0.4},
    "mea": {"en": 0.6, "ar": 0.4},
}
# Dollars a month and typical seats by plan; how far a score lies above the rest, in points 0–10.
REVENUE_OF = {"free": 0, "team": 60, "business": 900, "enterprise": 12_000}
SEATS_OF = {"free": 4, "team": 14, "business": 90, "enterprise": 900}
PLAN_EFFECT = {"free": -0.35, "team": 0.0, "business": 0.25, "enterprise": 0.45}
REGION_EFFECT = {"us": 0.15, "jp": -0.7, "eu": -0.1, "apac": 0.1, "latam": 0.5, "mea": 0.2}
ROLE_EFFECT = {"user": 0.0, "admin": -0.25, "manager": 0.1, "executive": 0.3, "developer": -0.4}

# The thirty free attributes: of the account, of the person, of the answer.
FREE_OF_ACCOUNT: dict[str, tuple[object, ...]] = {
    "sso": (True, False), "tier": ("gold", "silver", "bronze"), "crm": ("won", "risk", "new"),
    "apis": tuple(range(9)), "disk": tuple(range(5, 500, 17)), "pod": tuple(range(1, 33)),
    "team": ("east", "west", "north", "south"), "term": (1, 12, 24, 36), "beta": (True, False),
    "erp": ("sap", "none", "own"), "nda": (True, False), "kyc": ("ok", "due"),
    "csm": ("ann", "bo", "chi", "dai", "eve", "fay"),
}  # fmt: skip
FREE_OF_PERSON: dict[str, tuple[object, ...]] = {
    "dept": ("it", "ops", "hr", "sales", "legal"), "mfa": (True, False), "vip": (True, False),
    "class": tuple(range(1, 8)), "desk": ("home", "site"), "logins": tuple(range(0, 60, 7)),
}  # fmt: skip
FREE_OF_ANSWER: dict[str, tuple[object, ...]] = {
    "touchpoint": ("login", "ticket", "renewal", "report", "onboarding"),
    "device": ("desktop", "phone", "tablet"), "os": ("win", "mac", "ios", "android", "linux"),
    "app": tuple(f"4.{minor}" for minor in range(12)), "dark": (True, False),
    "tab": tuple(range(1, 20)), "ab": ("a", "b", "c"), "net": ("wifi", "lan", "4g"),
    "load": tuple(range(1, 90, 4)), "zoom": (80, 100, 125), "build": tuple(range(700, 760)),
}  # fmt: skip

# Twelve of the starter themes: key → how often, how much worse or better than usual a comment
# about it is (0–10), and what people write about it when they are content and when not.
THEMES: dict[str, tuple[float, float]] = {
    "usability": (0.17, 0.5), "performance": (0.14, -1.1), "reliability": (0.12, -1.6),
    "support": (0.11, 0.9), "pricing": (0.1, -0.9), "integrations": (0.08, 0.1),
    "reporting": (0.07, 0.0), "onboarding": (0.06, 0.3), "mobile": (0.05, -0.4),
    "search": (0.04, -0.5), "documentation": (0.035, -0.2), "security": (0.025, 0.2),
}  # fmt: skip
SUBJECTS = {
    "en": {
        "usability": "the interface", "performance": "the speed of loading pages",
        "reliability": "how stable it runs", "support": "your support team",
        "pricing": "the price", "integrations": "the API and integrations",
        "reporting": "the reports", "onboarding": "the setup", "mobile": "the mobile app",
        "search": "the search", "documentation": "the documentation",
        "security": "the permissions",
    },
    "ja": {
        "usability": "画面の使いやすさ", "performance": "表示の速さ", "reliability": "動作の安定性",
        "support": "サポートの対応", "pricing": "料金", "integrations": "外部連携",
        "reporting": "レポート機能", "onboarding": "導入の手順", "mobile": "モバイルアプリ",
        "search": "検索機能", "documentation": "マニュアル", "security": "権限の設定",
    },
}  # fmt: skip
FRAMES = {
    "en": {
        "positive": ("We really like {}.", "Happy with {} so far.", "A big plus is {}."),
        "neutral": ("I have questions about {}.", "Nothing special to say on {}."),
        "negative": (
            "We are not happy with {}.", "Please work on {}.", "A daily pain is {}.",
            "Colleagues complain about {}.",
        ),
    },
    "ja": {
        "positive": ("{}に満足しています。", "{}がとても良いです。"),
        "neutral": ("{}について質問があります。", "{}は普通です。"),
        "negative": ("{}に不満があります。", "{}を改善してください。", "{}で困っています。"),
    },
}  # fmt: skip
PLAIN = {
    "en": {
        "positive": "Keep it up!", "neutral": "Nothing to add for now.",
        "negative": "This could be better.",
    },
    "ja": {
        "positive": "これからも期待しています。", "neutral": "特にありません。",
        "negative": "もう少し頑張ってください。",
    },
}  # fmt: skip
