"""What the machine interface answers, as schemas for the OpenAPI document.

Requests are described by the pydantic models that check them; answers by these tables, and
a test holds real answers against them. What is not listed is an object.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
ID: Schema = {"type": "string", "format": "uuid"}
TIME: Schema = {"type": "string", "format": "date-time"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
DAY: Schema = {"type": "string", "format": "date"}
YES_NO: Schema = {"type": "boolean"}
OBJECT: Schema = {"type": "object"}
ANYTHING: Schema = {}
BY_LANGUAGE: Schema = {"type": "object", "additionalProperties": {"type": "string"}}


def or_null(schema: Schema) -> Schema:
    """
    >>> or_null(COUNT)
    {'type': ['integer', 'null'], 'minimum': 0}
    """
    return {**schema, "type": [schema["type"], "null"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def record(**fields: Schema) -> Schema:
    """An object that always has all of these fields."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def with_optional(schema: Schema, **fields: Schema) -> Schema:
    """The same object, which has these fields only where there is something to say."""
    return {**schema, "properties": {**schema["properties"], **fields}}


def page(item: Schema, **more: Schema) -> Schema:
    """A list answer: `next` is the cursor of the following page, or null."""
    return record(items=list_of(item), next=or_null(TEXT), **more)


_SHADES = record(fill=TEXT, on_fill=TEXT, edge=TEXT, text=TEXT)
_CAMPAIGN = record(
    id=ID, name=TEXT, survey=TEXT, state=TEXT, channel=TEXT, kind=TEXT, starts_on=DAY,
    ends_on=or_null(DAY), period_days=or_null(COUNT), moment=or_null(TEXT),
    moment_days=or_null(NUMBER), moment_name=or_null(TEXT), repeat_days=COUNT, sample=NUMBER,
    held_out=NUMBER, a_day=or_null(COUNT), hour=COUNT, audience=or_null(OBJECT), revision=COUNT,
    counts=record(asked=COUNT, answered=COUNT, waiting=COUNT, not_asked=OBJECT),
    next_days=list_of(record(day=DAY, planned=COUNT)),
    stuck=or_null(record(rows=COUNT, error=TEXT, since=TIME)),
)  # fmt: skip
_TARGETING = {
    "name": TEXT, "survey": TEXT, "display": TEXT, "paths": list_of(TEXT), "delay_s": COUNT,
    "share": COUNT, "days_between": COUNT, "only_identified": YES_NO,
}  # fmt: skip
_SHARE = record(n=COUNT, value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER))
_JOURNEY = {
    "asked": COUNT, "counts": OBJECT, "awareness": _SHARE,
    "conversions": list_of(
        record(
            name=TEXT, passed=_SHARE, skipped=COUNT,
            per_100_before=record(value=or_null(NUMBER), low=or_null(NUMBER),
                                  high=or_null(NUMBER)),
        )
    ),
    "purchase_action_ratio": _SHARE, "brand_advocacy_ratio": _SHARE,
}  # fmt: skip
_FEATURE_SIDE = record(
    accounts=COUNT, lost=COUNT, median_days=or_null(NUMBER),
    still_there=list_of(
        record(days=COUNT, share=NUMBER, low=NUMBER, high=NUMBER, watched=COUNT)
    ),
)  # fmt: skip
_DIFFERS = list_of(record(rate=TEXT, change=or_null(NUMBER)))
_FIELD_ERRORS = list_of(record(field=TEXT, message=TEXT))
_PERSON = {"id": ID, "external_id": or_null(TEXT), "email": or_null(TEXT), "name": TEXT}
_ACCOUNT = {
    "id": ID, "external_id": TEXT, "name": TEXT, "plan": or_null(TEXT),
    "region": or_null(TEXT), "mrr": or_null(COUNT), "currency": or_null(TEXT),
    "started_on": or_null(TEXT), "renewal_on": or_null(TEXT), "attributes": OBJECT,
    "updated_at": TIME,
}  # fmt: skip
_RESPONSE = {
    "id": ID, "survey": TEXT, "survey_version": COUNT, "score": or_null(COUNT),
    "category": or_null(TEXT), "comment": or_null(TEXT), "answers": OBJECT, "channel": TEXT,
    "locale": or_null(TEXT), "answered_at": TIME, "received_at": TIME, "revision": COUNT,
    "attributes": OBJECT, "contact": or_null(record(**_PERSON)),
    "account": or_null(record(id=ID, external_id=TEXT, name=TEXT)),
}  # fmt: skip
_SURVEY_VERSION = {
    "number": COUNT, "published_at": TIME, "published_by": or_null(TEXT),
    "answers": or_null(COUNT),
}  # fmt: skip
_SURVEY_CHANGE = with_optional(
    record(field=TEXT, language=or_null(TEXT)), before=ANYTHING, after=ANYTHING
)
_SCORE = {
    "n": COUNT, "value": or_null(NUMBER), "low": or_null(NUMBER), "high": or_null(NUMBER),
    "counts": {"type": "object", "additionalProperties": COUNT},
}  # fmt: skip
_PART = record(value=NUMBER, low=NUMBER, high=NUMBER)
_MIX_SIDE = record(n=COUNT, share=NUMBER, value=or_null(NUMBER))
_MIX_SHIFT = record(
    by=TEXT, within=_PART, mix=_PART,
    segments=list_of(
        record(
            values=list_of(or_null(TEXT)), a=_MIX_SIDE, b=_MIX_SIDE, within=NUMBER, mix=NUMBER
        )
    ),
)  # fmt: skip
_FIGURE = with_optional(
    record(value=or_null(NUMBER), n=COUNT), low=NUMBER, high=NUMBER
)  # fmt: skip
_OF_MONEY = dict.fromkeys(
    (
        "gross_revenue_retention", "net_revenue_retention", "upsell_revenue_rate",
        "cross_sell_revenue_rate", "arpa", "ltv",
    ),
    _FIGURE,
)  # fmt: skip
_OF_ACCOUNTS = dict.fromkeys(
    (
        "churn_rate",
        "upsell_rate",
        "cross_sell_rate",
        "active_users",
        "weekly_active_users",
        "daily_active_users",
        "stickiness",
        "time_to_value_days",
        "onboarding_completion_rate",
    ),
    _FIGURE,
)
_FIGURES = {
    "currency": or_null(TEXT), "accounts": record(start=COUNT, end=COUNT), **_OF_ACCOUNTS,
    **_OF_MONEY,
}  # fmt: skip
_RETENTION = dict.fromkeys(("gross_revenue_retention", "net_revenue_retention"), _FIGURE)
_YEAR = {
    "accounts": record(start=COUNT, end=COUNT), "churn_rate": _FIGURE, **_RETENTION,
    "renewal_rate": with_optional(
        record(value=or_null(NUMBER), n=COUNT, p_value=or_null(NUMBER), differs=or_null(YES_NO)),
        low=NUMBER, high=NUMBER,
    ),
}  # fmt: skip
_LETTER = {
    "id": ID, "follow_up": ID, "direction": TEXT, "state": TEXT, "reason": or_null(TEXT),
    "author": or_null(TEXT), "address": TEXT, "subject": TEXT, "body": TEXT, "quoted": TEXT,
    "language": or_null(TEXT), "message_id": TEXT, "written_at": TIME, "sent_at": or_null(TIME),
    "attachments": list_of(
        record(id=ID, name=TEXT, type=TEXT, size=or_null(COUNT), left_out=or_null(TEXT))
    ),
    "attachments_elsewhere": COUNT,
}  # fmt: skip
_RETENTION_BY_CURRENCY = {"type": "object", "additionalProperties": record(**_RETENTION)}
_OPTIONAL_FIGURE = record(value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER), n=COUNT)
_TIMING = record(
    done=COUNT,
    median_hours=record(value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER)),
)
_NEXT_ANSWERS = record(
    n=COUNT, recovered=_OPTIONAL_FIGURE, unchanged=_OPTIONAL_FIGURE, worse=_OPTIONAL_FIGURE
)
_CLOSED_LOOP = {
    "cases": COUNT, "first_contact": _TIMING, "resolution": _TIMING, "in_sla": _OPTIONAL_FIGURE,
    "not_due_yet": COUNT, "contacted": _NEXT_ANSWERS, "not_contacted_yet": _NEXT_ANSWERS,
    "recovered_like_contacted": _OPTIONAL_FIGURE,
    "recovered_like_not_contacted": _OPTIONAL_FIGURE, "difference": _OPTIONAL_FIGURE,
    "asked_for": _NEXT_ANSWERS, "of_themselves": _NEXT_ANSWERS,
    "asked_difference": _OPTIONAL_FIGURE,
    "caveats": list_of(TEXT),
}  # fmt: skip
_BY_CURRENCY = {"type": "object", "additionalProperties": record(**_OF_MONEY)}
_CONVERSION = {
    "currency": TEXT, "rates": list_of(record(currency=TEXT, since=DAY, rate=TEXT)),
    "left_out": list_of(record(currency=TEXT, accounts=COUNT)),
}  # fmt: skip
_AMOUNTS_OF_PAST = {"expected": COUNT, "kept": COUNT, "bias": or_null(NUMBER)}
_RENEWAL_ACCURACY = record(
    decided=COUNT, open=COUNT, is_enough=YES_NO, said=or_null(NUMBER),
    renewed=or_null(NUMBER), brier=or_null(NUMBER), by_currency=OBJECT,
    converted=or_null(record(currency=TEXT, **_AMOUNTS_OF_PAST)),
)  # fmt: skip
_RENEWAL_FORECAST = {
    "currency": TEXT, "n": COUNT, "total": COUNT, "expected": COUNT, "low": COUNT, "high": COUNT,
    "by_category": record(
        risk=ref("RenewalForecast"), likely=ref("RenewalForecast"), commit=ref("RenewalForecast")
    ),
}  # fmt: skip
_CONVERTED = record(**_CONVERSION, **_OF_MONEY)
_CONVERTED_YEAR = record(**_CONVERSION, **_RETENTION)
_HEALTH = record(
    score=or_null(NUMBER), band=or_null(TEXT), coverage=NUMBER,
    components=list_of(
        record(key=TEXT, points=or_null(NUMBER), weight=NUMBER, reasons=list_of(TEXT))
    ),
    reasons=list_of(TEXT), computed_at=TIME,
    segment=or_null(record(number=or_null(COUNT), of=COUNT, filter=or_null(OBJECT))),
)  # fmt: skip
_SEGMENT = {
    "key": TEXT, "name": TEXT, "description": TEXT, "filter": OBJECT, "compact": TEXT,
    "version": COUNT, "created_at": TIME, "updated_at": TIME,
}  # fmt: skip

SCHEMAS: dict[str, Schema] = {
    "Problem": {
        **record(type=TEXT, title=TEXT, status={"type": "integer"}, detail=TEXT, instance=TEXT),
        "description": "What went wrong (RFC 9457); `errors` names each wrong field.",
    },
    "Workspace": record(
        id=ID, name=TEXT, locale=TEXT, time_zone=TEXT, allowed_origins=list_of(TEXT),
        created_at=TIME,
    ),
    "Account": record(**_ACCOUNT),
    "AccountInCare": record(
        **_ACCOUNT, owner=or_null(record(id=ID, name=TEXT)), health=or_null(_HEALTH),
        team=record(
            account_manager=or_null(record(id=ID, name=TEXT)),
            support=or_null(record(id=ID, name=TEXT)),
        ),
        parent=or_null(TEXT), stage=or_null(TEXT),
        kpis=record(
            mrr=or_null(COUNT), currency=or_null(TEXT), mrr_a_year_ago=or_null(COUNT),
            net_revenue_retention=or_null(NUMBER), active_users=COUNT,
            days_as_customer=or_null(COUNT), onboarding_completed=or_null(YES_NO),
        ),
    ),
    "EventsTaken": record(
        accepted=COUNT, rejected=list_of(record(index=COUNT, field=TEXT, message=TEXT))
    ),
    "MailReportsTaken": record(
        taken=COUNT, left_aside=COUNT,
        rejected=list_of(record(index=COUNT, field=TEXT, message=TEXT)),
    ),
    "Contact": record(
        **_PERSON, phone=or_null(TEXT), locale=or_null(TEXT), time_zone=or_null(TEXT),
        attributes=OBJECT, roles=list_of(TEXT), left_at=or_null(TIME), updated_at=TIME,
    ),
    "Survey": record(
        id=ID, key=TEXT, public_id=TEXT, name=TEXT, kind=TEXT, languages=list_of(TEXT),
        confidential=YES_NO, state=TEXT, version=or_null(COUNT), questions=list_of(OBJECT),
        thanks=OBJECT, links=record(page=TEXT, embed=TEXT), created_at=TIME,
    ),
    "SurveyVersions": page(record(**_SURVEY_VERSION)),
    "SurveyVersion": record(**_SURVEY_VERSION, definition=OBJECT),
    "SurveyDiff": record(
        since=TEXT, until=TEXT, languages=record(added=list_of(TEXT), removed=list_of(TEXT)),
        questions=list_of(
            record(
                key=TEXT, state=TEXT, moved=YES_NO, place_before=or_null(COUNT),
                place_after=or_null(COUNT), changes=list_of(_SURVEY_CHANGE),
                options=list_of(record(key=TEXT, state=TEXT, label=OBJECT)),
            )
        ),
        others=list_of(_SURVEY_CHANGE),
        breaks=list_of(
            record(
                code=TEXT, question=TEXT, option=or_null(TEXT), answers=or_null(COUNT),
                certain=YES_NO,
            )
        ),
    ),
    "Response": record(**_RESPONSE),
    "UnderstoodResponse": record(
        **_RESPONSE, language=or_null(TEXT), less_certain=YES_NO, content=or_null(TEXT),
        sentiment=or_null(TEXT), analysis=TEXT, encoder=or_null(TEXT),
        model_version=or_null(TEXT), themes=list_of(ref("ThemeFound")),
    ),
    "ThemeFound": record(
        key=TEXT, label=BY_LANGUAGE, confidence=NUMBER, sentiment=TEXT, source=TEXT,
        evidence=TEXT,
    ),
    "BatchResult": record(items=list_of(ref("BatchItem"))),
    "BatchItem": {
        "type": "object",
        "description": "In the order sent; `detail` and `errors` stand at what was refused.",
        "properties": {
            "index": COUNT, "status": {"type": "integer"}, "id": or_null(ID), "detail": TEXT,
            "errors": _FIELD_ERRORS,
        },
        "required": ["index", "status", "id"],
    },
    "Score": {
        **record(**_SCORE),
        "description": "A score with its 95 % interval; null where there is nothing to tell.",
    },
    "Metrics": with_optional(
        record(
            survey=TEXT, metric=TEXT, interval_level=NUMBER, basis=TEXT, time_zone=TEXT,
            pending=COUNT, held=COUNT, over_quota=COUNT,
            marked=record(n=COUNT, without=or_null(OBJECT)),
            overall=ref("Score"), segments=list_of(OBJECT),
            series=list_of(OBJECT), since=or_null(TEXT), until=or_null(TEXT),
            filter=or_null(TEXT), segment=or_null(TEXT), as_of=TEXT,
        ),
        weighted=record(
            value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER), n=COUNT,
            effective_n=NUMBER, left_out=COUNT,
            missing=list_of(record(attribute=TEXT, value=TEXT)),
            converged=YES_NO, capped=COUNT, targets=OBJECT,
        ),
    ),
    "SavedSegment": record(**_SEGMENT, warnings=list_of(record(field=TEXT, message=TEXT))),
    "SavedSegments": page(record(**_SEGMENT)),
    "ReportableAttributes": record(
        attributes=list_of(record(name=TEXT, edges=list_of(NUMBER))),
    ),
    "Drivers": record(
        survey=TEXT, metric=TEXT, interval_level=NUMBER, computing=YES_NO, caution=TEXT,
        computed_at=or_null(TIME), since=or_null(TEXT), until=or_null(TEXT), n=or_null(COUNT),
        sampled=or_null(COUNT), minimum_n=or_null(COUNT), reason=or_null(TEXT),
        method=or_null(TEXT), r_squared=or_null(NUMBER), drivers=list_of(ref("Driver")),
        left_out=list_of(record(type=TEXT, key=TEXT, reason=TEXT)),
    ),
    "Journey": record(
        survey=TEXT, interval_level=NUMBER, **_JOURNEY,
        shape=or_null(record(
            nearest=TEXT, sure=YES_NO, chances=OBJECT, distances=OBJECT, to_ideal=NUMBER,
        )),
        segments=list_of(record(value=or_null(TEXT), differs=_DIFFERS, **_JOURNEY)),
        brands=list_of(record(survey=TEXT, name=TEXT, differs=_DIFFERS, **_JOURNEY)),
    ),
    "Driver": {
        **record(
            type=TEXT, key=TEXT, label=or_null(BY_LANGUAGE), share=NUMBER, low=NUMBER,
            high=NUMBER, overlaps=YES_NO,
            effects=list_of(
                record(value=or_null(TEXT), n=COUNT, points=NUMBER, low=NUMBER, high=NUMBER)
            ),
        ),
        "description": "A theme or attribute and its share of the differences between answers.",
    },
    "Rate": {
        **record(value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER)),
        "description": "Percent, with its 95 % interval; null of nobody.",
    },
    "Funnel": record(
        survey=TEXT, time_zone=TEXT, since=or_null(TEXT), until=or_null(TEXT), suppressed=YES_NO,
        stages=list_of(
            record(
                name=TEXT, count=COUNT, of_invited=ref("Rate"),
                of_before=or_null(
                    record(value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER))
                ),
            )
        ),
        unknown=list_of(TEXT),
        response_rate=or_null(
            record(
                definition=TEXT, answered=COUNT, invited=COUNT, returned=COUNT, unclear=COUNT,
                value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER),
            )
        ),
        early_late=or_null(
            record(
                late_from_day=COUNT,
                early=record(n=COUNT, value=or_null(NUMBER)),
                late=record(n=COUNT, value=or_null(NUMBER)),
                difference=record(
                    value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER)
                ),
                p_value=or_null(NUMBER), latest_only=YES_NO,
            )
        ),
    ),
    "ComparedSide": {
        "type": "object",
        "description": (
            "A group of answers with its score; days are the first and the last. `too_few` stands "
            "where there are fewer answers than min_n, `share` (of 5 to 7) at CES."
        ),
        "properties": {
            "since": or_null(TEXT), "until": or_null(TEXT), "segment": OBJECT, **_SCORE,
            "design_effect": NUMBER, "too_few": YES_NO, "share": or_null(NUMBER),
        },
        "required": ["since", "until", "segment", *_SCORE, "design_effect"],
    },
    "Comparison": {
        **record(
            survey=TEXT, metric=TEXT, interval_level=NUMBER, basis=TEXT, time_zone=TEXT,
            pending=COUNT, a=ref("ComparedSide"), b=ref("ComparedSide"),
            difference=record(
                value=or_null(NUMBER), low=or_null(NUMBER), high=or_null(NUMBER)
            ),
            p_value=or_null(NUMBER), verdict=TEXT, more_needed=or_null(COUNT),
            filter=or_null(TEXT), mix_shift=or_null(_MIX_SHIFT),
        ),
        "description": "Score of a minus score of b; verdict: rose, fell, same or too_few.",
    },
    "Theme": record(
        key=TEXT, label=BY_LANGUAGE, description=BY_LANGUAGE, n=COUNT, share=NUMBER,
        previous_n=COUNT, negative=COUNT, positive=COUNT, counts=OBJECT, effect=or_null(NUMBER),
        effect_low=or_null(NUMBER), effect_high=or_null(NUMBER), p_value=or_null(NUMBER),
        differs=or_null(YES_NO), rising=or_null(YES_NO),
    ),
    "Themes": page(ref("Theme"), analysed=COUNT, pending=COUNT),
    "ThemeComments": page(
        record(
            id=ID, survey=TEXT, score=or_null(COUNT), category=or_null(TEXT), answered_at=TIME,
            comment=TEXT, language=or_null(TEXT), less_certain=YES_NO, content=or_null(TEXT),
            sentiment=or_null(TEXT), encoder=or_null(TEXT), model_version=or_null(TEXT),
            account=or_null(TEXT), themes=list_of(ref("ThemeFound")),
        )
    ),
    "Figures": {
        **with_optional(
            record(
                month=TEXT, time_zone=TEXT, start=TIME, end=TIME, as_of=or_null(TIME),
                interval_level=NUMBER,
                gross_margin=or_null(NUMBER), **_FIGURES,
                twelve_months=with_optional(
                    record(since=TEXT, **_YEAR), by_currency=_RETENTION_BY_CURRENCY,
                    converted=_CONVERTED_YEAR,
                ),
            ),
            by_currency=_BY_CURRENCY, converted=_CONVERTED,
            segments=list_of(
                with_optional(
                    record(
                        by=OBJECT, **_FIGURES,
                        twelve_months=with_optional(
                            record(**_YEAR), by_currency=_RETENTION_BY_CURRENCY,
                            converted=_CONVERTED_YEAR,
                        ),
                    ),
                    by_currency=_BY_CURRENCY, converted=_CONVERTED,
                )
            ),
        ),
        "description": "Rates are fractions, money is in minor units of `currency`. With several "
        "currencies `currency` and figures of money are null and stand in `by_currency`; where a "
        "reporting currency is chosen, also in that one under `converted`, by its `rates` at the "
        "start and at the end alike; `left_out` pay in currencies without a rate. `gross_margin` "
        "is in `ltv`; null: that is one of revenue. `as_of`: a change since then is being worked "
        "in; null: all is. "
        "`twelve_months` end with the month; their segments are those of when they began, and of "
        "renewals those of the beginning of the month in which each was decided or due.",
    },
    "LifetimeValues": {
        **record(
            month=TEXT, as_of=or_null(TIME), interval_level=NUMBER, gross_margin=or_null(NUMBER),
            subscriptions=list_of(
                record(
                    **_CONVERSION, formula=TEXT, ltv=_FIGURE, arpa=_FIGURE, churn_rate=_FIGURE,
                )
            ),
            purchases=record(
                **_CONVERSION | {"currency": or_null(TEXT)}, since=TEXT, buyers=COUNT,
                formula=TEXT, ltv=_FIGURE, price=_FIGURE, purchases_a_month=_FIGURE,
                months=_FIGURE, churn_rate=_FIGURE,
            ),
        ),
        "description": "`subscriptions`: of all in the reporting currency, where one is chosen and "
        "another is used, and of each currency by itself. `purchases`: of accounts without a "
        "subscription, in the twelve months from `since` that end with the month. Money is in "
        "minor units; `ltv` is null where nobody was lost.",
    },
    "ExchangeRates": {
        **record(
            currency=or_null(TEXT), gross_margin=or_null(NUMBER),
            rates=list_of(record(currency=TEXT, since=DAY, rate=TEXT)),
        ),
        "description": "`rate` units of `currency` above, the reporting currency, are worth one of "
        "the rate's own, from that day on. Months are converted by the rates of their first day.",
    },
    "Cohorts": {
        **record(
            interval_level=NUMBER, as_of=or_null(TIME), currency=or_null(TEXT),
            currencies=list_of(TEXT), converted=YES_NO, without_rate=list_of(TEXT), fewest=COUNT,
            cohorts=list_of(
                record(
                    month=TEXT, accounts=COUNT,
                    months=list_of(record(age=COUNT, logo_retention=_FIGURE, **_RETENTION)),
                )
            ),
        ),
        "description": "`age` is in months, 0 being the month of the first payment. Shares of "
        "fewer than `fewest` accounts are null.",
    },
    "Playbooks": page(
        record(
            id=ID, name=TEXT, trigger=TEXT, on_since=or_null(TIME),
            steps=list_of(record(key=TEXT, kind=TEXT, title=TEXT)),
            last_30_days=record(
                fired=COUNT, recovered=COUNT, tasks_open=COUNT, tasks_done=COUNT,
                tasks_skipped=COUNT,
            ),
        )
    ),
    "Firings": {
        **page(
            record(
                id=ID, account=TEXT, episode=DAY, fired_at=TIME, reasons=list_of(TEXT),
                recovered_on=or_null(DAY),
                tasks=list_of(
                    record(
                        id=ID, step=TEXT, title=TEXT, due_on=DAY, state=TEXT,
                        reason=or_null(TEXT), decided_at=or_null(TIME),
                    )
                ),
                sendings=list_of(
                    record(
                        id=ID, step=TEXT, title=TEXT, kind=TEXT, due_on=DAY, state=TEXT,
                        reason=or_null(TEXT), decided_at=or_null(TIME),
                        letters=list_of(
                            record(
                                id=ID, contact=record(**_PERSON), language=or_null(TEXT),
                                subject=or_null(TEXT), state=TEXT, reason=or_null(TEXT), at=TIME,
                                sent_at=or_null(TIME), answered_at=or_null(TIME),
                            )
                        ),
                    )
                ),
            )
        ),
        "description": "`letters` are e-mails, or invitations where `kind` is survey; who was left "
        "out is `not_sent` with the `reason`. A sending that is `waiting` is for its day or for "
        "room among the letters of a day; `dropped`: it did not go out at all.",
    },
    "Letter": {
        **record(**_LETTER),
        "description": "What `attachments` has as `left_out` met a limit and was not kept; "
        "`attachments_elsewhere` were sent before any were kept, and are in the mailbox.",
    },
    "Letters": page(ref("Letter")),
    "ClosedLoop": {
        **with_optional(
            record(interval_level=NUMBER, segment=or_null(TEXT), **_CLOSED_LOOP),
            groups=list_of(record(value=or_null(TEXT), **_CLOSED_LOOP)),
        ),
        "description": "Shares and their difference are fractions. The comparison is of like "
        "people and not an experiment; a value is null where there are too few to tell.",
    },
    "FeatureScreen": record(
        window_days=COUNT, interval_level=NUMBER, caution=TEXT, computing=YES_NO,
        computed_at=or_null(TIME), usage_since=or_null(TIME), accounts=or_null(COUNT),
        lost_before=or_null(COUNT), too_new=or_null(COUNT), unknown=or_null(COUNT),
        features=list_of(
            record(
                feature=TEXT, used=_FEATURE_SIDE, not_used=_FEATURE_SIDE,
                hazard_ratio=record(value=or_null(NUMBER), low=or_null(NUMBER),
                                    high=or_null(NUMBER)),
                verdict=TEXT, reason=or_null(TEXT),
            )
        ),
    ),
    "RenewalForecast": record(n=COUNT, total=COUNT, expected=COUNT, low=COUNT, high=COUNT),
    "Renewal": record(
        account=TEXT, name=TEXT, renewal_on=TEXT, days_left={"type": "integer"},
        mrr=or_null(COUNT), currency=or_null(TEXT),
        health=record(score=or_null(COUNT), band=or_null(TEXT)),
        chance=record(value=NUMBER, low=NUMBER, high=NUMBER, n=COUNT),
        category=TEXT, forecast_category=TEXT,
        said=or_null(record(by=or_null(TEXT), at=TIME, note=or_null(TEXT))),
        owner=or_null(TEXT),
    ),
    "Renewals": {
        **page(
            ref("Renewal"), interval_level=NUMBER, thresholds=OBJECT,
            forecast=list_of(record(**_RENEWAL_FORECAST)),
            converted=or_null(record(**_RENEWAL_FORECAST, left_out=COUNT)),
            accuracy=_RENEWAL_ACCURACY,
            segments=or_null(
                list_of(
                    record(
                        by=OBJECT, forecast=list_of(record(**_RENEWAL_FORECAST)),
                        converted=or_null(record(**_RENEWAL_FORECAST, left_out=COUNT)),
                        accuracy=or_null(_RENEWAL_ACCURACY),
                    )
                )
            ),
        ),
        "description": "Chances are fractions, money is in minor units a month. `converted` is of "
        "all currencies together, at this month's stated rates; `left_out` have none.",
    },
    "HealthBacktest": {
        **record(
            is_computing=YES_NO, computed_at=or_null(TEXT), interval_level=NUMBER,
            until=or_null(TEXT), backtest=or_null(OBJECT), months=list_of(OBJECT),
            learning=or_null(OBJECT),
        ),
        "description": (
            "`backtest` is null before the first was worked out, and without figures (`verdict`: "
            "too_thin) where fewer than 30 customers left, or stayed."
        ),
    },
    "Surveys": page(ref("Survey")),
    "Limits": record(
        last_day=or_null(DAY), most=or_null(COUNT),
        quotas=list_of(
            with_optional(record(value=TEXT, most=COUNT), attribute=TEXT, question=TEXT)
        ),
        only_single_use=YES_NO, closing_words=BY_LANGUAGE,
    ),
    "Look": {
        **record(
            colour=or_null(TEXT), dark_colour=or_null(TEXT), corners=TEXT, font=TEXT,
            is_own=YES_NO, used=or_null(record(light=_SHADES, dark=_SHADES)),
        ),
        "description": (
            "`colour` and `dark_colour` as they were chosen; `used` is what becomes of them on "
            "light and on dark pages: `fill` with `on_fill` written on it, `edge` with a contrast "
            "of at least 3 on the page, `text` with 4.5; null with the product's own colours."
        ),
    },
    "SingleUseBatch": record(id=ID, name=TEXT, count=COUNT),
    "SingleUseLinks": page(record(id=ID, number=COUNT, url=TEXT, used_at=or_null(TIME))),
    "HeldAnswers": page(
        record(
            id=ID, survey=TEXT, contact_id=or_null(ID), score=or_null({"type": "integer"}),
            comment=or_null(TEXT), reasons=list_of(TEXT), presses=COUNT, pressed_at=TIME,
            state=TEXT,
        )
    ),
    "MarkedResponses": page(
        record(
            id=ID, score=or_null({"type": "integer"}), channel=TEXT, reasons=list_of(TEXT),
            answered_at=TIME,
        )
    ),
    "SurveyMail": record(
        sender=TEXT, reply_to=TEXT, remind_after=or_null(COUNT), revision=COUNT,
        words={
            "type": "object", "additionalProperties": record(subject=TEXT, intro=TEXT),
        },
    ),
    "HeldAnswersDecided": record(ids=list_of(ID)),
    "Invitation": {
        "type": "object",
        "properties": {
            "id": or_null(ID), "survey": TEXT,
            "contact": record(id=ID, name=TEXT, email=or_null(TEXT), phone=or_null(TEXT)),
            "channel": TEXT, "touchpoint": or_null(TEXT), "state": TEXT, "reason": or_null(TEXT),
            "next_day": or_null(DAY),
            "link": or_null(TEXT),
            **{name: or_null(TIME) for name in (
                "send_at", "created_at", "sent_at", "delivered_at", "opened_at", "clicked_at",
                "answered_at", "bounced_at", "replied_at", "reminded_at",
            )},
        },
        "required": ["id", "state", "reason", "next_day", "link"],
    },
    "PersonalData": record(
        made_at=TIME,
        kept={"type": "object", "additionalProperties": list_of(OBJECT)},
        barred=list_of(record(channel=TEXT, address=TEXT, kind=TEXT, since=TIME)),
        definitions=list_of(record(survey=TEXT, version=COUNT, definition=OBJECT)),
    ),
    "Asking": record(
        contact=ID, may_be_asked=YES_NO, reason=or_null(TEXT), next_at=or_null(TIME),
        next_day=or_null(DAY), never_since=or_null(TIME),
        planned=list_of(
            record(
                campaign=ID, name=TEXT, state=TEXT, day=DAY, reason=or_null(TEXT), is_stuck=YES_NO
            )
        ),
        barred=list_of(record(channel=TEXT, kind=TEXT, since=TIME)),
        decisions=list_of(
            record(
                id=ID, survey=TEXT, channel=TEXT, cause=TEXT, campaign=or_null(TEXT),
                outcome=TEXT, reason=or_null(TEXT),
                day=DAY, next_day=or_null(DAY), decided_at=TIME,
            )
        ),
    ),
    "Campaign": _CAMPAIGN,
    "Campaigns": record(items=list_of(_CAMPAIGN)),
    "DryRun": record(
        looked_at=COUNT, audience=COUNT, asked=COUNT,
        days=list_of(record(day=DAY, asked=COUNT)), not_asked=OBJECT, put_off=OBJECT,
        segments=list_of(record(value=or_null(TEXT), asked=COUNT, audience=COUNT)),
        sample=list_of(
            record(
                contact=ID, email=or_null(TEXT), name=TEXT, day=or_null(DAY), reason=or_null(TEXT)
            )
        ),
        computed_at=or_null(TIME),
    ),
    "LookAhead": record(state=TEXT, done=COUNT, total=COUNT, url=TEXT),
    "CampaignPeople": record(
        items=list_of(
            record(
                contact=ID, email=or_null(TEXT), name=TEXT, occasion=TEXT, day=DAY, group=TEXT,
                reason=or_null(TEXT), state=or_null(TEXT),
            )
        ),
        next=or_null(ID),
    ),
    "Asked": record(
        public_id=TEXT, version=COUNT, kind=TEXT, language=TEXT, direction=TEXT,
        questions=list_of(OBJECT), thanks=OBJECT, categories=OBJECT, texts=BY_LANGUAGE,
        look={**TEXT, "description": "Style sheet for the widget's frame; may be empty"},
    ),
    "Receipt": record(id=ID, edit_token=TEXT),
    "TargetingRule": record(**_TARGETING, id=ID, position=COUNT, event=TEXT, paused=YES_NO),
    "TargetingRules": page(ref("TargetingRule")),
    "RulesOfAPage": record(
        identified=YES_NO,
        rules=list_of(record(**_TARGETING, id=TEXT, event=TEXT, barred=TEXT)),
    ),
    "Page": page(OBJECT),
}  # fmt: skip
SCHEMAS["Problem"]["properties"]["errors"] = _FIELD_ERRORS

# What does not answer with JSON.
FILES = {("get", "/api/v1/follow-ups/{follow_up_id}/attachments/{attachment_id}")}

# (method, path) → the name of the schema, and the statuses that carry it.
ANSWERS: dict[tuple[str, str], tuple[str, tuple[int, ...]]] = {
    ("get", "/api/v1/workspace"): ("Workspace", (200,)),
    ("patch", "/api/v1/workspace"): ("Workspace", (200,)),
    ("post", "/api/v1/accounts"): ("Account", (201,)),
    ("post", "/api/v1/accounts/merge"): ("Account", (200,)),
    ("get", "/api/v1/accounts/{external_id}"): ("AccountInCare", (200,)),
    ("post", "/api/v1/contacts"): ("Contact", (201,)),
    ("post", "/api/v1/events"): ("EventsTaken", (202,)),
    ("post", "/api/v1/mail-reports"): ("MailReportsTaken", (200,)),
    ("get", "/api/v1/surveys"): ("Surveys", (200,)),
    ("post", "/api/v1/surveys"): ("Survey", (201,)),
    ("get", "/api/v1/surveys/{key}"): ("Survey", (200,)),
    ("post", "/api/v1/surveys/{key}/publish"): ("Survey", (200,)),
    ("get", "/api/v1/surveys/{key}/mail"): ("SurveyMail", (200,)),
    ("put", "/api/v1/surveys/{key}/mail"): ("SurveyMail", (200,)),
    ("get", "/api/v1/surveys/{key}/versions"): ("SurveyVersions", (200,)),
    ("get", "/api/v1/surveys/{key}/versions/{number}"): ("SurveyVersion", (200,)),
    ("get", "/api/v1/surveys/{key}/diff"): ("SurveyDiff", (200,)),
    ("get", "/api/v1/surveys/{key}/limits"): ("Limits", (200,)),
    ("put", "/api/v1/surveys/{key}/limits"): ("Limits", (200,)),
    ("get", "/api/v1/look"): ("Look", (200,)),
    ("put", "/api/v1/look"): ("Look", (200,)),
    ("delete", "/api/v1/look"): ("Look", (200,)),
    ("get", "/api/v1/surveys/{key}/look"): ("Look", (200,)),
    ("put", "/api/v1/surveys/{key}/look"): ("Look", (200,)),
    ("delete", "/api/v1/surveys/{key}/look"): ("Look", (200,)),
    ("post", "/api/v1/surveys/{key}/single-use-links"): ("SingleUseBatch", (201,)),
    ("get", "/api/v1/surveys/{key}/single-use-links/{batch_id}"): ("SingleUseLinks", (200,)),
    ("post", "/api/v1/responses"): ("Response", (201, 200)),
    ("post", "/api/v1/responses/batch"): ("BatchResult", (200,)),
    ("get", "/api/v1/responses/{response_id}"): ("UnderstoodResponse", (200,)),
    ("get", "/api/v1/surveys/{key}/metrics"): ("Metrics", (200,)),
    ("get", "/api/v1/reportable-attributes"): ("ReportableAttributes", (200,)),
    ("put", "/api/v1/reportable-attributes"): ("ReportableAttributes", (200,)),
    ("get", "/api/v1/segments"): ("SavedSegments", (200,)),
    ("post", "/api/v1/segments"): ("SavedSegment", (201,)),
    ("get", "/api/v1/segments/{key}"): ("SavedSegment", (200,)),
    ("put", "/api/v1/segments/{key}"): ("SavedSegment", (200,)),
    ("get", "/api/v1/surveys/{key}/drivers"): ("Drivers", (200,)),
    ("get", "/api/v1/surveys/{key}/journey"): ("Journey", (200,)),
    ("get", "/api/v1/surveys/{key}/funnel"): ("Funnel", (200,)),
    ("get", "/api/v1/surveys/{key}/compare"): ("Comparison", (200,)),
    ("get", "/api/v1/themes"): ("Themes", (200,)),
    ("get", "/api/v1/themes/{key}/responses"): ("ThemeComments", (200,)),
    ("post", "/api/v1/invitations"): ("Invitation", (201, 200)),
    ("get", "/api/v1/invitations/{invitation_id}"): ("Invitation", (200,)),
    ("get", "/api/v1/contacts/{contact_id}/data"): ("PersonalData", (200,)),
    ("get", "/api/v1/contacts/{contact_id}/asking"): ("Asking", (200,)),
    ("post", "/api/v1/contacts/{contact_id}/asking/reach"): ("Asking", (200,)),
    ("put", "/api/v1/contacts/{contact_id}/asking/never"): ("Asking", (200,)),
    ("delete", "/api/v1/contacts/{contact_id}/asking/never"): ("Asking", (200,)),
    ("get", "/api/v1/campaigns"): ("Campaigns", (200,)),
    ("post", "/api/v1/campaigns"): ("Campaign", (201,)),
    ("get", "/api/v1/campaigns/{campaign_id}"): ("Campaign", (200,)),
    ("put", "/api/v1/campaigns/{campaign_id}"): ("Campaign", (200,)),
    ("post", "/api/v1/campaigns/{campaign_id}/actions"): ("Campaign", (200,)),
    ("get", "/api/v1/campaigns/{campaign_id}/dry-run"): ("DryRun", (200,)),
    ("get", "/api/v1/campaigns/{campaign_id}/people"): ("CampaignPeople", (200,)),
    ("get", "/api/v1/surveys/{key}/marked-responses"): ("MarkedResponses", (200,)),
    ("get", "/api/v1/held-answers"): ("HeldAnswers", (200,)),
    ("post", "/api/v1/held-answers/decisions"): ("HeldAnswersDecided", (200,)),
    ("get", "/api/v1/targeting-rules"): ("TargetingRules", (200,)),
    ("post", "/api/v1/targeting-rules"): ("TargetingRule", (201,)),
    ("get", "/api/v1/targeting-rules/{rule_id}"): ("TargetingRule", (200,)),
    ("patch", "/api/v1/targeting-rules/{rule_id}"): ("TargetingRule", (200,)),
    ("get", "/public/v1/targeting"): ("RulesOfAPage", (200,)),
    ("get", "/api/v1/kpis"): ("Figures", (200,)),
    ("get", "/api/v1/lifetime-values"): ("LifetimeValues", (200,)),
    ("get", "/api/v1/exchange-rates"): ("ExchangeRates", (200,)),
    ("post", "/api/v1/exchange-rates"): ("ExchangeRates", (200,)),
    ("get", "/api/v1/cohorts"): ("Cohorts", (200,)),
    ("get", "/api/v1/features"): ("FeatureScreen", (200,)),
    ("get", "/api/v1/renewals"): ("Renewals", (200,)),
    ("get", "/api/v1/health-score/back-test"): ("HealthBacktest", (200,)),
    ("get", "/api/v1/follow-ups"): ("Page", (200,)),
    ("get", "/api/v1/follow-ups/{follow_up_id}/letters"): ("Letters", (200,)),
    ("post", "/api/v1/follow-ups/{follow_up_id}/letters"): ("Letter", (201, 200)),
    ("get", "/api/v1/playbooks"): ("Playbooks", (200,)),
    ("get", "/api/v1/playbooks/{playbook_id}/firings"): ("Firings", (200,)),
    ("get", "/api/v1/tasks"): ("Page", (200,)),
    ("get", "/api/v1/closed-loop"): ("ClosedLoop", (200,)),
    ("get", "/public/v1/surveys/{public_id}"): ("Asked", (200,)),
    ("post", "/public/v1/responses"): ("Receipt", (201, 200, 202)),
    ("patch", "/public/v1/responses/{response_id}"): ("Receipt", (200,)),
}

# Where 202 says how far it is, with an answer of its own: the result is at the same address later.
LATER: dict[tuple[str, str], str] = {
    ("get", "/api/v1/campaigns/{campaign_id}/dry-run"): "LookAhead",
}
