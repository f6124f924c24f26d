"""Use cases: two records of one person become one; or two are not the same person."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from vocapp.database import insert_if_absent, scoped, transaction, until_no_deadlock
from vocapp.people.facts import normalise_email
from vocapp.people.merging.facts import FIELDS, Known, combined
from vocapp.people.models import Contact, ContactAlias, ContactIdentity, MergeSuggestion
from vocapp.people.personal_stores import Merge, personal_stores
from vocapp.problems import BadInput, NotFound
from vocapp.workspaces.service import audit

DIFFERENT = "different"


def merge_contacts(
    workspace_id: UUID,
    *,
    keep: UUID,
    merge: UUID,
    actor_user_id: UUID | None = None,
    now: datetime,
) -> None:
    """Make one record of two: all that `merge` said and did is from then on that of `keep`.

    Of each fact the newer one holds. External ids, addresses and the id of the merged record
    lead to the kept one ever after, so that no import and no API call brings it back. It
    cannot be undone: nothing tells afterwards which answer came under which record.

    Raises NotFound, and BadInput for one and the same record.
    """
    if keep == merge:
        raise BadInput.of("merge", "is the same contact as keep")
    until_no_deadlock(lambda: _merge(workspace_id, keep, merge, actor_user_id, now))


def _merge(
    workspace_id: UUID, keep: UUID, merge: UUID, actor_user_id: UUID | None, now: datetime
) -> None:
    """1. lock both; 2. hand over what others keep; 3. identities; 4. facts; 5. remove."""
    with transaction() as session:
        kept, merged = _both(session, workspace_id, keep, merge)
        addresses = frozenset(filter(None, (kept.email, merged.email)))
        handed = Merge(workspace_id, kept.id, merged.id, addresses, now)
        for store in personal_stores():
            if store.hand_over is not None:
                store.hand_over(session, handed)
        _lead_to_kept(session, kept, merged, now=now)
        _take_facts(kept, merged, now=now)
        _move_suggestions(session, workspace_id, kept.id, merged.id)
        session.flush()
        session.execute(
            delete(Contact).where(Contact.workspace_id == workspace_id, Contact.id == merged.id)
        )
        audit(
            session, workspace_id, "contact.merged", now=now, actor_user_id=actor_user_id,
            detail={"kept": str(kept.id), "merged": str(merged.id)},
        )  # fmt: skip


def _both(session: Session, workspace_id: UUID, keep: UUID, merge: UUID) -> tuple[Contact, Contact]:
    """Both records, locked in the order of their ids, so that two merges never wait in a ring."""
    found = {
        contact.id: contact
        for contact in session.scalars(
            scoped(Contact, workspace_id)
            .where(Contact.id.in_((keep, merge)))
            .order_by(Contact.id)
            .with_for_update()
        )
    }
    if found.keys() != {keep, merge}:
        raise NotFound("No such contact.")
    return found[keep], found[merge]


def _lead_to_kept(session: Session, kept: Contact, merged: Contact, *, now: datetime) -> None:
    """Let everything by which the merged record was known lead to the kept one."""
    of_merged = (ContactIdentity.workspace_id == kept.workspace_id,)
    session.execute(
        update(ContactIdentity)
        .where(*of_merged, ContactIdentity.contact_id == merged.id)
        .values(contact_id=kept.id)
    )
    if merged.email:
        # Another record may be known by this address; then it stays that record's.
        insert_if_absent(
            session, ContactIdentity, workspace_id=kept.workspace_id, kind="email",
            value=normalise_email(merged.email), contact_id=kept.id,
        )  # fmt: skip
    kept.external_id = kept.external_id or merged.external_id
    session.execute(
        update(ContactAlias)
        .where(ContactAlias.workspace_id == kept.workspace_id, ContactAlias.contact_id == merged.id)
        .values(contact_id=kept.id)
    )
    session.add(
        ContactAlias(
            workspace_id=kept.workspace_id, former_id=merged.id, contact_id=kept.id,
            email=merged.email, merged_at=now,
        )
    )  # fmt: skip


def known_of(contact: Contact) -> Known:
    fields = {name: getattr(contact, name) for name in FIELDS}
    return Known(fields, contact.attributes, contact.fact_as_of)


def _take_facts(kept: Contact, merged: Contact, *, now: datetime) -> None:
    held = combined(known_of(kept), known_of(merged))
    for name, value in held.fields.items():
        setattr(kept, name, value)
    kept.attributes, kept.fact_as_of = dict(held.attributes), dict(held.since)
    kept.updated_at = now
    kept.created_at = min(kept.created_at, merged.created_at)


def _move_suggestions(session: Session, workspace_id: UUID, kept: UUID, merged: UUID) -> None:
    """What was suggested of the merged record and a third one is a question about the kept one."""
    rows = session.scalars(
        scoped(MergeSuggestion, workspace_id).where(
            or_(
                MergeSuggestion.contact_id.in_((kept, merged)),
                MergeSuggestion.other_contact_id.in_((kept, merged)),
            )
        )
    ).all()
    asked = {
        frozenset((row.contact_id, row.other_contact_id))
        for row in rows
        if merged not in (row.contact_id, row.other_contact_id)
    }
    for row in rows:
        pair = {row.contact_id, row.other_contact_id}
        if merged not in pair:
            continue
        pair = pair - {merged} | {kept}
        if len(pair) == 1 or frozenset(pair) in asked:
            session.delete(row)
            continue
        asked.add(frozenset(pair))
        if row.contact_id == merged:
            row.contact_id = kept
        else:
            row.other_contact_id = kept


def decide_suggestion(
    workspace_id: UUID,
    suggestion_id: UUID,
    *,
    different: bool,
    actor_user_id: UUID | None,
    now: datetime,
) -> None:
    """Note that the two are not one person, or take that back. Raises NotFound."""
    with transaction() as session:
        row = session.scalar(
            scoped(MergeSuggestion, workspace_id)
            .where(MergeSuggestion.id == suggestion_id)
            .with_for_update()
        )
        if row is None:
            raise NotFound("No such suggestion.")
        row.decision, row.decided_at = (DIFFERENT, now) if different else (None, None)
        audit(
            session, workspace_id, "contact.kept_apart" if different else "contact.doubted_again",
            now=now, actor_user_id=actor_user_id,
            detail={"contacts": [str(row.contact_id), str(row.other_contact_id)]},
        )  # fmt: skip


def suggested_pair(session: Session, workspace_id: UUID, suggestion_id: UUID) -> tuple[UUID, UUID]:
    """Raises NotFound."""
    row = session.execute(
        select(MergeSuggestion.contact_id, MergeSuggestion.other_contact_id).where(
            MergeSuggestion.workspace_id == workspace_id, MergeSuggestion.id == suggestion_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound("No such suggestion.")
    return row.contact_id, row.other_contact_id
