"""The form to write to the customer; whatever comes of it, what was typed is kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import redirect, request, url_for

from vocapp.database import snapshot, utcnow
from vocapp.following_up import news
from vocapp.following_up.action_views import back_to, say_done
from vocapp.following_up.case_queries import case_detail
from vocapp.following_up.case_views import case_page
from vocapp.following_up.queries import case_row
from vocapp.following_up.views import blueprint, kept
from vocapp.following_up.writing import queries, service, wording
from vocapp.following_up.writing.drafts import Written, keep_draft
from vocapp.following_up.writing.handing_out import to_save
from vocapp.following_up.writing.reply_templates import MAX_BODY, MAX_SUBJECT, choosable
from vocapp.following_up.writing.service import Letter
from vocapp.problems import BadInput, Conflict
from vocapp.translating import gettext as _
from vocapp.ui import notice
from vocapp.workspaces.access import current_user, current_workspace, signed_in

_DRAFT = "mail"  # the form of the page that is open then


@blueprint.post("/follow-ups/<uuid:follow_up_id>/mails")
@signed_in("success", within_own_accounts=True)
def write_mail(follow_up_id: UUID) -> Any:
    """Send, keep as a draft (the page does so by itself), throw away, or put a template in."""
    written = Written(request.form.get("subject", ""), request.form.get("body", ""))
    action = request.form.get("action", "keep")
    if action == "discard":
        written = Written()
    elif action == "template":
        written = _with_template(follow_up_id, written, request.form.get("template", ""))
    _keep(follow_up_id, written)
    if action == "autosave":
        return "", 204
    if action == "send":
        return _send(follow_up_id, written)
    if action == "keep":
        notice(_("Kept as a draft. Only you see it."))
    elif action == "discard":
        notice(_("The draft is gone."))
        return redirect(url_for(".case", follow_up_id=follow_up_id, **kept()), 303)
    return _to_draft(follow_up_id)


def _keep(follow_up_id: UUID, written: Written) -> None:
    keep_draft(
        current_workspace.id, follow_up_id, current_user.id, written, reach=current_user.reach,
        now=utcnow(),
    )  # fmt: skip


def _to_draft(follow_up_id: UUID) -> Any:
    return redirect(url_for(".case", follow_up_id=follow_up_id, open=_DRAFT, **kept()), 303)


def _send(follow_up_id: UUID, written: Written) -> Any:
    detail = case_detail(current_workspace.id, follow_up_id, reach=current_user.reach)
    with snapshot() as session:
        recipient = queries.recipient_of(
            session, current_workspace.id, detail.row.contact.id if detail.row.contact else None,
            answered_in=detail.language,
        )  # fmt: skip
    letter = Letter(
        written.subject, written.body, language=recipient.language,
        then=request.form.get("then") or None,
    )  # fmt: skip
    try:
        done = service.write_mail(
            current_workspace.id, follow_up_id, letter, reach=current_user.reach,
            expected_version=request.form.get("version", type=int),
            actor_user_id=current_user.id, now=utcnow(),
        )  # fmt: skip
    except Conflict:
        notice(
            _("Somebody changed this follow-up meanwhile. Nothing was sent; your text is kept. "
              "Look at it as it is now and send again."),
            kind="warning",
        )  # fmt: skip
        return _to_draft(follow_up_id)
    except BadInput as problem:
        notice(_("Nothing was sent; your text is kept."), kind="error")
        wrong = {error.field: _wrong_words(error.field, error.message) for error in problem.errors}
        page = case_page(follow_up_id, part=_DRAFT, letter=request.form, wrong_letter=wrong)
        return page, problem.status
    say_done(done, str(_("It goes out in half a minute. Until then it can be undone.")))
    return back_to(follow_up_id)


def _wrong_words(field: str, message: str) -> str:
    if field == "to":
        return wording.reason_in_words(message)
    if message.startswith("still to be filled"):
        gap = message.rpartition(" ")[2]
        return str(_("%(gap)s still stands in it: write what is meant.", gap=gap))
    most = {"subject": MAX_SUBJECT, "body": MAX_BODY}.get(field)
    if most is None:
        return str(_("Choose one of the list."))
    return str(_("Write something, at most %(most)s characters.", most=most))


def _with_template(follow_up_id: UUID, written: Written, key: str) -> Written:
    """A template above what is written; its subject where there is none yet."""
    detail = case_detail(current_workspace.id, follow_up_id, reach=current_user.reach)
    with snapshot() as session:
        recipient = queries.recipient_of(
            session, current_workspace.id, detail.row.contact.id if detail.row.contact else None,
            answered_in=detail.language,
        )  # fmt: skip
        found = [t for t in choosable(session, current_workspace.id, None) if t.key == key]
    if not found:
        return written
    subject, body = queries.filled(
        found[0], detail, recipient, workspace=current_workspace.name, sender=current_user.name
    )
    parts = [text for text in (body, written.body.strip()) if text]
    return Written(written.subject.strip() or subject, "\n\n".join(parts))


@blueprint.post("/follow-ups/<uuid:follow_up_id>/mails/<uuid:mail_id>/again")
@signed_in("success", within_own_accounts=True)
def write_mail_again(follow_up_id: UUID, mail_id: UUID) -> Any:
    """A letter that did not arrive becomes a draft again."""
    service.write_again(
        current_workspace.id, follow_up_id, mail_id, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    return _to_draft(follow_up_id)


@blueprint.get("/follow-ups/<uuid:follow_up_id>/attachments/<uuid:attachment_id>")
@signed_in("success", within_own_accounts=True)
def save_attachment(follow_up_id: UUID, attachment_id: UUID) -> Any:
    """A file that the customer sent, to be saved."""
    case_row(current_workspace.id, follow_up_id, reach=current_user.reach)
    with snapshot() as session:
        name, content = queries.file_in_thread(
            session, current_workspace.id, follow_up_id, attachment_id
        )
    return to_save(name, content)


@blueprint.post("/follow-ups/<uuid:follow_up_id>/seen")
@signed_in("success", "product", within_own_accounts=True)
def news_seen(follow_up_id: UUID) -> Any:
    """What is new in a case was seen; nothing else is done about it now."""
    done = news.mark_seen(
        current_workspace.id, follow_up_id, reach=current_user.reach,
        actor_user_id=current_user.id, now=utcnow(),
    )  # fmt: skip
    say_done(done, str(_("Seen.")))
    return back_to(follow_up_id)
