"""Answers from a file.

An answer keeps its id, so that a second run finds it. Without an id column it gets one from
what it says: survey, person, instant, answers. Two people who cannot be told apart may say the
same at the same time; so answers without a person are numbered among their equals.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from surveys.answer_cells import from_cell
from surveys.definitions import Definition
from surveys.questions import scale_of
from vocapp.authoring.queries import SurveySummary, definition_of, survey_by_key
from vocapp.collecting.models import Response
from vocapp.collecting.parsing import ResponseBody, answers_by_key
from vocapp.collecting.queries import StoredAnswers, answers_of
from vocapp.collecting.service import Recorded, Submission, checked_answers, record_batch
from vocapp.connecting.importing import cells
from vocapp.connecting.importing.bodies import account_of, checked, part
from vocapp.connecting.importing.columns import ANSWER, ATTRIBUTE, FACTS
from vocapp.connecting.importing.occurrences import Occurrences
from vocapp.connecting.importing.people import people_kept
from vocapp.connecting.importing.tally import Outcome
from vocapp.database import scoped, snapshot
from vocapp.people.facts import AccountFacts, ContactFacts
from vocapp.people.parsing import AccountBody
from vocapp.problems import BadInput, Conflict, NotFound
from vocapp.signing import digest_of_json
from vocapp.workspaces.office.places import country_of


@dataclass(slots=True)
class Responses:
    """Rows that are answers. survey_key: of rows that name none, or one that is not known here."""

    workspace_id: UUID
    survey_key: str | None
    zone: ZoneInfo
    follow_up: bool
    now: datetime
    _surveys: dict[str, SurveySummary | None] = field(default_factory=dict)
    _occurrences: Occurrences = field(default_factory=Occurrences)

    def parse(self, values: Mapping[str, Any]) -> Submission:
        """1. the survey; 2. who; 3. what was answered; 4. which id that has. Raises BadInput."""
        survey, version, definition = self._survey_of(values)
        facts = _facts(values)
        account = account_of({**values, **{f"account.{k}": v for k, v in facts.items()}})
        raw = self._raw(values, survey, definition, account)
        body = checked(ResponseBody, raw, region=country_of(self.zone.key))
        answers = checked_answers(definition, answers_by_key(body, definition))
        assert body.answered_at is not None
        score = answers.get(definition.primary.key)
        contact = body.contact.facts() if body.contact else None
        submission = Submission(
            survey_id=survey.id,
            version=version,
            answers=answers,
            score=score if isinstance(score, int) else None,
            channel=body.channel,
            answered_at=body.answered_at,
            digest="",
            locale=body.locale,
            contact=contact,
            account=account,
            quiet=not self.follow_up,
            flood=True,
            attributes={**part(values, ATTRIBUTE), **facts},
        )
        return self._identified(submission, survey.key, values.get("id"))

    def _survey_of(self, values: Mapping[str, Any]) -> tuple[SurveySummary, int, Definition]:
        survey, wanted = self._known(values.get("survey")), self._known(self.survey_key)
        if survey is None and wanted is None:
            missing = (
                "no survey has this key" if values.get("survey") else "is needed (or --survey)"
            )
            raise BadInput.of("survey", missing)
        if survey is not None and wanted is not None and survey.id != wanted.id:
            raise BadInput.of("survey", "the row names another survey than --survey does")
        chosen = survey or wanted
        assert chosen is not None
        version = values.get("survey_version", chosen.published_version)
        if version is None:
            raise BadInput.of("survey", "the survey is not published")
        try:
            return chosen, version, definition_of(self.workspace_id, chosen.id, version)
        except NotFound as exc:
            message = "the survey has no such version; without this column the newest is taken"
            raise BadInput.of("survey_version", message) from exc

    def _known(self, key: str | None) -> SurveySummary | None:
        if key is None:
            return None
        if key not in self._surveys:
            try:
                self._surveys[key] = survey_by_key(self.workspace_id, key)
            except NotFound:
                self._surveys[key] = None
        return self._surveys[key]

    def _raw(
        self,
        values: Mapping[str, Any],
        survey: SurveySummary,
        definition: Definition,
        account: AccountFacts | None,
    ) -> dict[str, Any]:
        if "answered_at" not in values:
            raise BadInput.of("answered_at", "is needed: without it a second run would differ")
        try:
            answered_at = cells.instant(values["answered_at"], self.zone)
        except ValueError as exc:
            raise BadInput.of("answered_at", str(exc)) from exc
        return {
            "survey": survey.key,
            "score": values.get("score"),
            "comment": values.get("comment"),
            "answers": _answers(values, definition),
            "channel": values.get("channel", "import"),
            "locale": values.get("locale"),
            "answered_at": answered_at,
            "contact": _contact(values, has_account=account is not None),
        }

    def _identified(self, item: Submission, survey: str, given: str | None) -> Submission:
        """The answer with its id and the digest by which a repetition is known."""
        content: dict[str, Any] = {
            "survey": survey,
            "contact": _identity(item.contact),
            "account": item.account.external_id if item.account else None,
            "answered_at": item.answered_at.isoformat(),
            "answers": dict(item.answers),
        }
        digest = digest_of_json(content)
        if given is not None:
            return replace(item, id=_uuid(self.workspace_id, survey, given), digest=digest)
        if item.contact is None:
            content["occurrence"] = self._occurrences.next(bytes.fromhex(digest))
        return replace(item, id=uuid5(self.workspace_id, digest_of_json(content)), digest=digest)

    def preview(self, items: Sequence[Submission]) -> list[Outcome]:
        """What storing would do, as far as it can be told without doing it."""
        outcomes = people_kept(self.workspace_id, [item.contact for item in items])
        before = self._stored_before(items)
        return [
            before.get(item.id, outcome) if item.id and outcome == "stored" else outcome
            for item, outcome in zip(items, outcomes, strict=True)
        ]

    def _stored_before(self, items: Sequence[Submission]) -> dict[UUID, Outcome]:
        """Of those whose ids are stored: whether they say the same."""
        by_id = {item.id: item for item in items if item.id is not None}
        with snapshot() as session:
            rows = session.scalars(
                scoped(Response, self.workspace_id).where(Response.id.in_(list(by_id)))
            ).all()
        same = {row.id for row in rows if row.digest == by_id[row.id].digest}
        others = [by_id[row.id] for row in rows if row.id not in same]
        same |= self._same_as_stored(others)
        conflict = Conflict("A response with this id and other content is already stored.")
        return {row.id: "unchanged" if row.id in same else conflict for row in rows}

    def store(self, items: Sequence[Submission]) -> list[Outcome]:
        """Answers of erased people are left out: history must not bring their words back."""
        outcomes = people_kept(self.workspace_id, [item.contact for item in items])
        kept = [index for index, outcome in enumerate(outcomes) if outcome == "stored"]
        recorded = record_batch(self.workspace_id, [items[i] for i in kept], now=self.now)
        same = self._same_as_stored(
            [items[i] for i, said in zip(kept, recorded, strict=True) if isinstance(said, Conflict)]
        )
        for index, outcome in zip(kept, recorded, strict=True):
            if isinstance(outcome, Recorded):
                outcomes[index] = "stored" if outcome.created else "unchanged"
            else:
                outcomes[index] = "unchanged" if items[index].id in same else outcome
        return outcomes

    def _same_as_stored(self, items: Sequence[Submission]) -> set[UUID]:
        """Which of the refused were answered just so, but came in another way (our own export)."""
        refused = {item.id: item for item in items if item.id is not None}
        if not refused:
            return set()
        answers = answers_of(self.workspace_id, list(refused))
        with snapshot() as session:
            rows = session.scalars(
                scoped(Response, self.workspace_id).where(Response.id.in_(list(refused)))
            )
            return {row.id for row in rows if _says_the_same(row, answers, refused[row.id])}


def _says_the_same(row: Response, answers: Mapping[UUID, StoredAnswers], item: Submission) -> bool:
    stored = answers.get(row.id, StoredAnswers()).values
    return (row.survey_id, row.answered_at, stored) == (
        item.survey_id,
        item.answered_at,
        dict(item.answers),
    )


def _uuid(workspace_id: UUID, survey: str, given: str) -> UUID:
    """An id of another tool need not be a UUID."""
    try:
        return UUID(given)
    except ValueError:
        return uuid5(workspace_id, digest_of_json([survey, given]))


def _identity(contact: ContactFacts | None) -> list[str | None] | None:
    return [contact.external_id, contact.email] if contact else None


def _facts(values: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of an account, checked also where the row names none: segments are made of them.

    Our own export writes them as `attribute.plan` …, as they were when the person answered.
    """
    given = {**part(values, ATTRIBUTE), **part(values, "account.")}
    facts = {name: value for name, value in given.items() if name in FACTS}
    checked(AccountBody, {**facts, "external_id": "any"}, "account.")
    return facts


def _contact(values: Mapping[str, Any], *, has_account: bool) -> dict[str, Any] | None:
    given = part(values, "contact.")
    if not given:
        return None
    said = part(values, ATTRIBUTE)
    if "locale" in said:
        given.setdefault("locale", said.pop("locale"))
    if has_account:
        said = {name: value for name, value in said.items() if name not in FACTS}
    return {**given, "attributes": said}


def _answers(values: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """Answers beyond score and comment, as `surveys.answer_cells` writes them."""
    found = part(values, ANSWER)
    for key, text in found.items():
        question = definition.question(key)
        if question is not None and scale_of(question.kind):
            found[key] = cells.whole_number(text)
        elif question is not None:
            found[key] = from_cell(question, text)
    return found
