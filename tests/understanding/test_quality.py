"""The quality page says what people said of the model, on which sample, and when too little."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from vocapp.database import transaction, utcnow
from vocapp.understanding import service
from vocapp.understanding.doubts import lot_of
from vocapp.understanding.models import Analysis, Assignment, Doubt, Review
from vocapp.understanding.quality import drift, queries
from vocapp.understanding.triage import service as triage

NOW = datetime(2026, 6, 20, tzinfo=UTC)


@pytest.fixture
def comment(any_api):
    """Stores a comment as read by a model that gave these themes with their probability."""
    any_api.survey()
    service.make_sure_of_themes(any_api.workspace_id, now=NOW)

    def make(
        *,
        at: datetime = NOW,
        text: str = "Something about it.",
        unseen: float = 0.2,
        **said: float,
    ) -> UUID:
        stored = any_api.respond(score=3, comment=text, answered_at=at.isoformat()).json
        response_id, workspace_id = UUID(stored["id"]), any_api.workspace_id
        with transaction() as session:
            themes = service.theme_ids(session, workspace_id)
            session.add(
                Analysis(
                    workspace_id=workspace_id, response_id=response_id, state="done",
                    language="en", sentiment="neutral", redacted=text, model_version="v1",
                )
            )  # fmt: skip
            session.add(
                Doubt(
                    workspace_id=workspace_id, response_id=response_id, uncertainty=1.0,
                    lot=lot_of(response_id), top=max(said.values(), default=0.1), unseen=unseen,
                    themes=[[key, chance, 0.5, 0, 3] for key, chance in said.items()],
                )
            )  # fmt: skip
            for key, chance in said.items():
                if chance >= 0.5:
                    session.add(
                        Assignment(
                            workspace_id=workspace_id, response_id=response_id,
                            theme_id=themes[key], confidence=chance, sentiment="neutral",
                            source="model", evidence_start=0, evidence_end=3, assigned_at=at,
                            answered_at=at, model_version="v1",
                        )
                    )  # fmt: skip
        return response_id

    return make


def review(api, response_id: UUID, *keys: str, at_random: bool = True) -> None:
    user_id = api.workspace.user_id
    triage.review_comment(api.workspace_id, response_id, keys, user_id=user_id, now=NOW)
    if at_random:
        with transaction() as session:
            session.get(Review, (api.workspace_id, response_id)).sampled_at = NOW


def page(api):
    return queries.quality_page(api.workspace_id, now=NOW + timedelta(hours=1), days=90)


def row(api, key: str):
    return next(row for row in page(api).themes if row.key == key)


def test_nothing_was_said_yet(any_api, comment):
    comment(support=0.9)
    found = page(any_api)
    assert (found.sampled, found.labels, found.bins, found.confusions) == (0, 0, (), ())
    assert found.overall.precision is None


def test_precision_and_recall_stand_on_the_random_sample(any_api, comment):
    for number in range(16):
        right = number < 12
        review(any_api, comment(support=0.9), *(["support"] if right else []))
    for number in range(8):
        review(any_api, comment(support=0.3), *(["support"] if number < 4 else []))
    # Hard cases, asked about because they are: they must not count.
    for _ in range(20):
        review(any_api, comment(support=0.6), at_random=False)
    found = row(any_api, "support")
    assert (found.precision.hits, found.precision.n) == (12, 16)
    assert (found.recall.hits, found.recall.n) == (12, 16)
    assert found.precision.low < 0.75 < found.precision.high
    assert (found.corrected.hits, found.corrected.n) == (12, 36)
    assert page(any_api).sampled == 24


def test_below_ten_nothing_is_claimed(any_api, comment):
    for _ in range(9):
        review(any_api, comment(support=0.9), "support")
    found = row(any_api, "support")
    assert (found.precision, found.claims, found.recall, found.cases) == (None, 9, None, 9)
    review(any_api, comment(support=0.9), "support")
    assert row(any_api, "support").precision.value == 1


def test_suggestions_that_were_not_taken_count_against_what_was_said(any_api, comment):
    for number in range(20):
        review(any_api, comment(support=0.8, pricing=0.2), *(["support"] if number % 2 else []))
    found = page(any_api)
    assert found.claims == 40
    assert found.bins[0].said == pytest.approx(0.2)
    assert found.bins[0].true.value == 0
    assert found.bins[-1].said == pytest.approx(0.8)
    assert found.gap > 0.2


def test_what_is_taken_for_what_is_ranked_and_leads_to_its_comments(any_api, comment):
    texts = [f"The bill came twice, number {number}." for number in range(3)]
    for text in texts:
        review(any_api, comment(text=text, pricing=0.7), "billing")
    review(any_api, comment(text="Other", support=0.7), "onboarding")
    found = page(any_api).confusions
    assert [(each.removed, each.added, each.n) for each in found] == [
        ("pricing", "billing", 3), ("support", "onboarding", 1),
    ]  # fmt: skip
    rows = queries.confused_comments(any_api.workspace_id, "pricing", "billing", now=NOW, days=90)
    assert {each.redacted for each in rows} == set(texts)


def test_drift_is_told_by_month_and_only_of_enough_comments(any_api, comment):
    march, may = NOW.replace(month=3), NOW.replace(month=5)
    for number in range(12):
        comment(at=march, unseen=0.1, support=0.9)
        comment(at=may, unseen=0.5, support=0.9 if number % 2 else 0.2)
    comment(at=NOW, support=0.9)
    months = drift.drift(any_api.workspace_id, time_zone="UTC", now=NOW)
    assert [each.start.month for each in months] == [3, 5, 6]
    assert [each.n for each in months] == [12, 12, 1]
    assert [each.silent.value for each in months] == [0, 0.5, None]
    assert months[0].unseen.value == pytest.approx(0.1)
    assert months[0].unseen.high < months[1].unseen.low
    assert months[2].top.value is None


def test_old_months_are_left_out(any_api, comment):
    for _ in range(10):
        comment(at=NOW - timedelta(days=800), support=0.9)
    assert drift.drift(any_api.workspace_id, time_zone="UTC", now=NOW) == ()


def test_the_page_and_its_files(api, staff, drain_outbox, monkeypatch):
    monkeypatch.setattr(service, "preferred_encoder", lambda: "static")
    product = staff("product")
    assert "Nobody has said anything yet" in product.get("/themes/quality").text
    api.survey()
    ids = [
        UUID(api.respond(score=3, comment=f"Support is slow, ticket {n}.").json["id"])
        for n in range(12)
    ]
    drain_outbox()
    for number, response_id in enumerate(ids):
        keys = ["support"] if number % 3 else ["billing"]
        triage.review_comment(
            api.workspace_id, response_id, keys, user_id=api.workspace.user_id, now=utcnow()
        )
    with transaction() as session:
        session.query(Review).filter(Review.workspace_id == api.workspace_id).update(
            {"sampled_at": utcnow()}
        )
    html = product.get("/themes/quality?removed=support&added=billing").text
    assert "8 of 12" in html
    assert "ticket 0" in html
    for name in ("calibration", "unseen", "confidence", "silent"):
        assert product.get(f"/themes/quality/charts/{name}.csv").status_code == 200
        svg = product.get(f"/themes/quality/charts/{name}.svg")
        assert svg.mimetype == "image/svg+xml"
    assert product.get("/themes/quality/charts/absent.csv").status_code == 404
    product.post("/language", {"language": "ja", "next": "/"})
    assert "適合率" in product.get("/themes/quality").text


def test_only_product_and_admin_read_it(staff):
    for role, status in (("product", 200), ("admin", 200), ("viewer", 403), ("success", 403)):
        assert staff(role).get("/themes/quality").status_code == status
