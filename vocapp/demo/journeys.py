"""What a panel says of the vendor and of a competitor, by people who mostly are no customers: the
five A's.

A pure function of seed and instant. The vendor is asked about at length and liked once it is known,
the competitor is known to nearly all and bought by habit, in Japan most of all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select

from vocapp.authoring import service as authoring
from vocapp.authoring.models import Survey
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.models import Response
from vocapp.collecting.service import Submission, record_batch
from vocapp.database import snapshot
from vocapp.demo.company import INDUSTRIES, REGIONS
from vocapp.demo.progress import Progress
from vocapp.problems import Problem
from vocapp.signing import digest_of_json

COMPETITOR = "Hatoba"
_DAYS = 120
_BATCH = 150


@dataclass(frozen=True, slots=True)
class Brand:
    """A survey, and the odds of each stage given the one before; skips: who acts without asking."""

    key: str
    name: str
    brand: str | None
    share: float
    aware: float
    appeal: float
    ask: float
    act: float
    skips: float
    advocate: float
    in_japan: float  # times as likely to be known there


BRANDS = (
    Brand("brand-journey", "How far companies know us (5A)", None, 0.6,
          aware=0.46, appeal=0.5, ask=0.72, act=0.36, skips=0.05, advocate=0.48, in_japan=1.5),
    Brand("brand-journey-hatoba", f"How far companies know {COMPETITOR} (5A)", COMPETITOR, 0.4,
          aware=0.83, appeal=0.52, ask=0.24, act=0.5, skips=0.44, advocate=0.2, in_japan=1.1),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedStages:
    """One answer of the panel to come."""

    id: UUID
    answered_at: datetime
    language: str
    answers: dict[str, int | str]
    attributes: dict[str, str]


def planned(rng: Random, brand: Brand, *, count: int, now: datetime) -> list[PlannedStages]:
    """`count` answers of the last months, oldest first."""
    found = []
    for _ in range(count):
        region = rng.choices(list(REGIONS), weights=[each[0] for each in REGIONS.values()])[0]
        found.append(
            PlannedStages(
                id=UUID(int=rng.getrandbits(128), version=4),
                answered_at=now - timedelta(days=rng.uniform(1, _DAYS)),
                language="ja" if region == "jp" else "en",
                answers=_answers(rng, brand, region),
                attributes={"region": region, "industry": rng.choice(INDUSTRIES)},
            )
        )
    return sorted(found, key=lambda each: (each.answered_at, each.id))


def _answers(rng: Random, brand: Brand, region: str) -> dict[str, int | str]:
    known = min(0.97, brand.aware * (brand.in_japan if region == "jp" else 1))
    if rng.random() > known:
        return {"aware": "unknown"}
    likes = rng.random() < brand.appeal
    asks = rng.random() < (brand.ask if likes else 0.08)
    acts = rng.random() < ((brand.act if asks else brand.skips) if likes else 0.02)
    tells = rng.random() < (brand.advocate if acts else brand.advocate * likes / 20)
    given: dict[str, int | str] = {
        "aware": "offer" if likes or rng.random() < 0.3 else "name",
        "appeal": rng.choice(("first", "considered")) if likes else rng.choice(("no", "unknown")),
        "ask": "yes" if asks else "no",
        "act": rng.choices(("now", "before"), weights=(4, 1))[0] if acts else "no",
    }
    if acts or likes or rng.random() < 0.5:
        given["advocate"] = rng.choice((9, 10)) if tells else rng.choice((3, 5, 6, 7, 7, 8, 8))
    return given


def ask_panel(workspace_id: UUID, *, seed: int, count: int, now: datetime) -> Iterator[Progress]:
    """Make the surveys that are missing, and record the answers that are not there yet."""
    with snapshot() as session:
        known = set(session.scalars(select(Survey.key).where(Survey.workspace_id == workspace_id)))
    for brand in BRANDS:
        if brand.key not in known:
            authoring.create_survey(
                workspace_id,
                authoring.NewSurvey(
                    key=brand.key, name=brand.name, kind="nps", languages=("en", "ja"),
                    journey=authoring.Journey(brand.brand),
                ),
                now=now - timedelta(days=_DAYS + 1),
            )  # fmt: skip
        rng = Random(f"{seed}:{brand.key}")  # noqa: S311 - invented data, not a secret
        answers = planned(rng, brand, count=round(count * brand.share), now=now)
        yield from _record(workspace_id, survey_by_key(workspace_id, brand.key).id, answers)


def _record(
    workspace_id: UUID, survey_id: UUID, answers: Sequence[PlannedStages]
) -> Iterator[Progress]:
    with snapshot() as session:
        stored = set(
            session.scalars(
                select(Response.id).where(
                    Response.workspace_id == workspace_id, Response.survey_id == survey_id
                )
            )
        )
    missing = [each for each in answers if each.id not in stored]
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        sent = [_submission(survey_id, each) for each in batch]
        for outcome in record_batch(workspace_id, sent, now=batch[-1].answered_at):
            if isinstance(outcome, Problem):
                raise outcome
        yield Progress("panel", min(start + _BATCH, len(missing)), len(missing))


def _submission(survey_id: UUID, each: PlannedStages) -> Submission:
    score = each.answers.get("advocate")
    return Submission(
        survey_id=survey_id,
        version=1,
        answers=each.answers,
        score=score if isinstance(score, int) else None,
        channel="web",
        answered_at=each.answered_at,
        digest=digest_of_json({"id": str(each.id), "answers": each.answers}),
        id=each.id,
        locale=each.language,
        attributes=each.attributes,
        quiet=True,  # of no customer in particular: nobody to call
    )
