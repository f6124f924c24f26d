"""A member who is limited to own accounts sees nothing of others: every route, every page.

The scene is built twice. In one workspace there are accounts, people, answers and cases of
others, with a telling word in every field; in the other one there are not. The walk calls every
route of the application with ids of others' things and looks for these words, for doors that
should be closed and for rows that changed. The comparison reads every page that is open in both
workspaces: if one differs, what others have shows through, be it only in a count.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, true, update

from tests.conftest import Browser
from tests.test_tenancy import (
    BY_TOKEN,
    MATRIX,
    Call,
    Ids,
    answer_text,
    attachment_of,
    held_of,
    task_of,
)
from tests.written import KeptDigest
from vocapp import outbox
from vocapp.authoring.queries import survey_by_key
from vocapp.collecting.models import HeldAnswer
from vocapp.database import scoped, snapshot, transaction, utcnow, uuid7
from vocapp.distributing.models import Invitation
from vocapp.extensions import db
from vocapp.following_up import service as following_up
from vocapp.following_up.models import FollowUp
from vocapp.following_up.writing.models import CaseMail
from vocapp.measuring.watching.service import watch_score
from vocapp.people.models import Account, Contact
from vocapp.succeeding.playbooks.models import PlaybookTask
from vocapp.succeeding.team import service
from vocapp.understanding.models import Analysis
from vocapp.workspaces.access import access_of
from vocapp.workspaces.models import Membership, UserSession
from vocapp.workspaces.reach import WHOLE_WORKSPACE
from vocapp.workspaces.service import find_or_create_user

SOON = (utcnow() + timedelta(days=50)).date().isoformat()
PASSWORD = "correct horse battery"

# One for every field of what others have; none of them stands anywhere else.
TELLING = (
    "Zanzibarco", "zz-account", "Zz-plan", "Zz-region", "zz-industry", "Zuleika", "zuleika@",
    "zz-person", "zzcomment", "zznote", "zzsurvey", "zz-product", "zz milestone", "zz task",
    "987,654", "987654", "Nemo", "nemo@", "CES · ",  # the kind of survey that only others answered
)  # fmt: skip
OTHERS = {
    "external_id": "zz-account", "name": "Zanzibarco", "plan": "Zz-plan", "region": "Zz-region",
    "mrr": 987_654, "currency": "JPY", "renewal_on": SOON,
    "attributes": {"industry": "zz-industry"},
}  # fmt: skip
THEIR_PERSON = {"external_id": "zz-person", "email": "zuleika@example.com", "name": "Zuleika"}


@dataclass
class Scene:
    """A workspace in which `reader` is limited to own accounts and `colleague` is not."""

    api: Any
    reader: Browser
    reader_id: UUID
    colleague: Browser
    colleague_id: UUID
    cases: dict[str, str]  # whose it is → its id
    theirs: Ids | None  # things of others, where there are any


# --- building -----------------------------------------------------------------------------------


def _member(api: Any, name: str, *, limited: bool) -> UUID:
    with transaction() as session:
        user = find_or_create_user(
            session, email=f"{name}-{api.workspace_id.hex[-6:]}@example.org", name=name.title(),
            password=PASSWORD, locale="en", now=utcnow(),
        )  # fmt: skip
        session.add(
            Membership(
                workspace_id=api.workspace_id, user_id=user.id, role="success",
                only_own_accounts=limited, created_at=utcnow(),
            )
        )  # fmt: skip
    return user.id


def _signed_in(app: Any, api: Any, name: str) -> Browser:
    browser = Browser(app)
    address = f"{name}-{api.workspace_id.hex[-6:]}@example.org"
    assert browser.sign_in(address).status_code == 303
    return browser


def _ok(answer: Any) -> Any:
    assert answer.status_code < 300, answer_text(answer)
    return answer.json


def _work() -> None:
    for kind in ("measure", "follow_up"):
        while outbox.work_off(kind, now=utcnow()):
            pass


def _owned(api: Any, owner_id: UUID | None, *facts: dict[str, Any]) -> None:
    for each in facts:
        _ok(api.post("/api/v1/accounts", each))
    with transaction() as session:
        session.execute(
            update(Account)
            .where(
                Account.workspace_id == api.workspace_id,
                Account.external_id.in_([each["external_id"] for each in facts]),
            )
            .values(owner_user_id=owner_id)
        )


def _has_duty(api: Any, user_id: UUID, external_id: str, duty: str) -> None:
    service.give_duty(
        api.workspace_id, external_id, duty, user_id, reach=WHOLE_WORKSPACE,
        actor_user_id=user_id, now=utcnow(),
    )  # fmt: skip


def _case(api: Any, owner_id: UUID | None, **answer: Any) -> str:
    """A low answer whose comment was read, and its case with this owner."""
    response_id = UUID(_ok(api.respond(**{"score": 2, **answer}))["id"])
    _work()
    with transaction() as session:
        session.add(
            Analysis(
                workspace_id=api.workspace_id, response_id=response_id, state="done",
                language="en", sentiment="negative", redacted=answer["comment"],
                encoder="static", analysed_at=utcnow(),
            )
        )  # fmt: skip
        case = session.scalars(
            scoped(FollowUp, api.workspace_id).where(FollowUp.response_id == response_id)
        ).one()
        case.owner_user_id = owner_id
        return str(case.id)


def _build(app: Any, api: Any, *, with_others: bool) -> Scene:
    api.survey()
    reader_id = _member(api, "reader", limited=True)
    colleague_id = _member(api, "colleague", limited=False)
    at = {"answered_at": "2026-05-01T09:00:00Z"}
    _owned(
        api, reader_id, {"external_id": "mine-1", "name": "Alder", "mrr": 100, "currency": "JPY",
         "renewal_on": SOON},
        {"external_id": "mine-2", "name": "Birch"},
    )  # fmt: skip
    _owned(api, colleague_id, {"external_id": "given", "name": "Cedar"},
           {"external_id": "of-the-team", "name": "Elder", "mrr": 50, "currency": "JPY",
            "plan": "pro", "renewal_on": SOON})  # fmt: skip
    _has_duty(api, reader_id, "of-the-team", "support")
    moved = {"external_id": "moved", "name": "Mover"}
    at_mine = {"account": {"external_id": "mine-1"}, **at}
    cases = {
        "of_the_team": _case(
            api, None, account={"external_id": "of-the-team"}, comment="Support is slow", **at
        ),
        "mine": _case(api, None, comment="The invoice was late again", **at_mine),
        "of_a_colleague": _case(api, colleague_id, comment="Nobody calls back", **at_mine),
        "given": _case(
            api, reader_id, account={"external_id": "given"}, comment="Log-in fails", **at
        ),
    }  # fmt: skip
    _ok(api.respond(score=9, account={"external_id": "mine-2"}, contact=moved, **at))
    if with_others:
        cases |= _add_others(api, reader_id, colleague_id)
    _ok(api.post("/api/v1/contacts", {**moved, "account": {"external_id": "mine-2"}}))
    _work()
    scene = Scene(
        api, _signed_in(app, api, "reader"), reader_id, _signed_in(app, api, "colleague"),
        colleague_id, cases, None,
    )  # fmt: skip
    return replace(scene, theirs=_ids_of_theirs(scene)) if with_others else scene


def _add_others(api: Any, reader_id: UUID, colleague_id: UUID) -> dict[str, str]:
    """What the reader must not see, near to what they do see."""
    api.survey("zzsurvey", name="zzsurvey of others", kind="ces")
    _owned(api, colleague_id, OTHERS)
    _has_duty(api, colleague_id, "zz-account", "account_manager")
    # Owned by somebody as a parent is not owned by them: this one has no owner.
    _owned(api, None, {"external_id": "zz-account-below", "name": "Zanzibarco below"})
    with transaction() as session:
        mine, below = (
            session.scalars(
                scoped(Account, api.workspace_id).where(Account.external_id == external_id)
            ).one()
            for external_id in ("mine-1", "zz-account-below")
        )
        below.parent_account_id = mine.id
    said = {"survey": "zzsurvey", "account": {"external_id": "zz-account"}}
    cases = {
        "theirs": _case(
            api, colleague_id, comment="zzcomment is slow", contact=THEIR_PERSON, **said
        ),
        "of_nobody": _case(
            api, None, survey="zzsurvey", comment="zzcomment without an account",
            contact={"email": "nemo@example.com", "name": "Nemo"},
        ),
        "below": _case(
            api, None, survey="zzsurvey", comment="zzcomment of the one below",
            account={"external_id": "zz-account-below"},
        ),
    }  # fmt: skip
    following_up.change_follow_up(
        api.workspace_id, UUID(cases["theirs"]), following_up.Change(note="zznote"),
        reach=WHOLE_WORKSPACE, actor_user_id=colleague_id, now=utcnow(),
    )  # fmt: skip
    # Watched by the reader before they were limited.
    watch_score(
        survey_by_key(api.workspace_id, "zzsurvey"), user_id=reader_id, time_zone="UTC",
        now=utcnow(),
    )  # fmt: skip
    # Known by the same address alone: two records that somebody is asked to compare.
    same = {"email": THEIR_PERSON["email"], "name": "Zuleika"}
    _ok(api.post("/api/v1/contacts", {**same, "account": {"external_id": "zz-account"}}))
    # At the account of a case that was given to the reader: another answer, not given.
    _ok(api.respond("zzsurvey", score=7, account={"external_id": "given"}))
    # By a person of the reader's account, when they answered for another one.
    _ok(api.respond("zzsurvey", score=1, contact={"external_id": "moved"},
                    account={"external_id": "zz-account"}))  # fmt: skip
    told = {"account": "zz-account", "at": "2026-06-01T00:00:00Z"}
    events = [
        {"id": "e1", "type": "subscription", "product": "zz-product", "action": "started",
         "mrr": 987_654, "currency": "JPY", **told},
        {"id": "e2", "type": "milestone", "name": "zz milestone", **told},
    ]  # fmt: skip
    assert _ok(api.post("/api/v1/events", {"events": events}))["accepted"] == 2
    with transaction() as session:
        theirs = session.scalars(
            scoped(Account, api.workspace_id).where(Account.external_id == "zz-account")
        ).one()
        for row in task_of(theirs.id, api.workspace_id, "zz task"):
            session.add(row)
            session.flush()
        person = session.scalars(
            scoped(Contact, api.workspace_id).where(Contact.external_id == "zz-person")
        ).one()
        asked = Invitation(
            workspace_id=api.workspace_id, id=uuid7(), contact_id=person.id, channel="email",
            survey_id=survey_by_key(api.workspace_id, "zzsurvey").id, state="sent",
            send_at=utcnow(), created_at=utcnow(),
        )  # fmt: skip
        session.add(asked)
        session.flush()
        session.add(held_of(asked, "zzcomment that is held"))
    return cases


def _ids_of_theirs(scene: Scene) -> Ids:
    """By what others' things are named; what has no owner at all is as absent."""
    workspace_id = scene.api.workspace_id
    done = following_up.change_follow_up(
        workspace_id, UUID(scene.cases["theirs"]), following_up.Change(state="contacted"),
        reach=WHOLE_WORKSPACE, actor_user_id=scene.colleague_id, now=utcnow(),
    )  # fmt: skip
    with snapshot() as session:
        case = session.get_one(FollowUp, (workspace_id, UUID(scene.cases["theirs"])))
        contact = session.scalars(
            scoped(Contact, workspace_id).where(Contact.external_id == "zz-person")
        ).one()
        task = session.scalars(scoped(PlaybookTask, workspace_id)).one()
        held = session.scalars(scoped(HeldAnswer, workspace_id)).one()
        of_colleague = session.scalars(
            select(UserSession.id).where(UserSession.user_id == scene.colleague_id)
        ).one()
    letter = CaseMail(
        workspace_id=workspace_id, id=uuid7(), follow_up_id=case.id, direction="in",
        state="received", address="zz@example.com", subject="zzletter", body="zzletter",
        message_id="zz", message_digest="zz", at=utcnow(), attachments=1,
    )  # fmt: skip
    attachment = attachment_of(letter, "zzfile")
    with transaction() as session:
        session.add(letter)
        session.flush()
        session.add(attachment)
        session.flush()
        session.expunge_all()
    known = {
        "survey": "zzsurvey", "account": "zz-account", "response": str(case.response_id),
        "follow_up": scene.cases["theirs"], "contact": str(contact.id),
        "user": str(scene.colleague_id), "session": str(of_colleague), "undo": str(done.undo),
        "task": str(task.id), "held": str(held.id), "attachment": str(attachment.id),
    }  # fmt: skip
    return Ids(**{field.name: known.get(field.name, str(uuid7())) for field in fields(Ids)})


@pytest.fixture
def make(api_of, new_workspace):
    def build(app: Any, *, with_others: bool = True) -> Scene:
        app.config["WTF_CSRF_ENABLED"] = False  # what is asked for matters, not its form
        api = api_of(app.test_client(), new_workspace("Acme"))
        return _build(app, api, with_others=with_others)

    return build


# --- the walk -----------------------------------------------------------------------------------

# What is open to the reader. Who opens another room adds it here, after a look at whether the
# scene has something of others for it to tell.
OPEN = {
    "asking.again", "asking.never", "asking.person", "asking.undo",
    "contacts.change", "contacts.change_phone", "contacts.left", "contacts.person", "contacts.undo",
    "closing_loop.behind", "closing_loop.chart", "closing_loop.show",
    "following_up.bulk", "following_up.case", "following_up.change", "following_up.queue",
    "following_up.log_call", "following_up.mentions_seen", "following_up.mentions_unseen",
    "following_up.merge", "following_up.part", "following_up.suggestion",
    "following_up.acknowledge", "following_up.here", "following_up.news_seen",
    "following_up.save_attachment",
    "following_up.write_mail", "following_up.write_mail_again",
    "following_up.undo", "held.answers", "held.count", "held.put_aside", "held.undo",
    "looking_into.original", "never_asked.add", "never_asked.people", "never_asked.undo",
    "renewals.say", "renewals.show",
    "renewals.undo", "succeeding.account", "succeeding.accounts", "tasks.list_tasks",
    "story.add", "story.remove", "story.seen", "story.undo", "story.unseen",
    "tasks.mark_done", "tasks.open_again", "tasks.skip", "tasks.snooze", "tasks.task",
    "tasks.undo", "workspaces.account", "workspaces.change_password",
    "workspaces.choose_workspace", "workspaces.enter_workspace", "workspaces.home",
    "workspaces.member_hours", "workspaces.add_absence", "workspaces.remove_absence",
    "workspaces.undo_absence",
    "workspaces.open_demo", "workspaces.rename", "workspaces.revoke_session",
}  # fmt: skip
# Of several that were selected, those of others are left out; an undo is said not to be theirs.
AS_IF_ABSENT = {
    "asking.undo", "contacts.undo",
    "following_up.bulk", "following_up.mentions_seen", "following_up.mentions_unseen",
    "following_up.merge", "following_up.undo", "held.undo", "never_asked.undo", "renewals.undo",
    "story.seen",
    "story.undo", "story.unseen", "tasks.undo",
}  # fmt: skip
# What a person may change of themselves.
PERSONAL_TABLES = {"user_account", "user_session", "audit_entry", "sign_in_attempt", "membership"}


@dataclass(frozen=True)
class Asked:
    """One answer of a route to the reader who asked for others' things."""

    endpoint: str
    method: str
    kind: str
    is_within: bool
    status: int
    text: str
    changed: bool


def _digest(*but: str) -> str:
    found = hashlib.sha256()
    with snapshot() as session:
        for table in (each for each in db.metadata.sorted_tables if each.name not in but):
            rows = sorted(repr(row) for row in session.execute(table.select()))
            found.update(f"{table.name}{rows}".encode())
    return found.hexdigest()


_others_rows = KeptDigest(lambda: _digest(*PERSONAL_TABLES))


def _calls(endpoint: str) -> tuple[Call, ...]:
    entry = MATRIX[endpoint]
    return (Call(),) if isinstance(entry, str) else entry


def ask_everything(
    app: Any, browser: Browser, ids: Ids, *, only_within: bool = False, only_get: bool = False
) -> Iterator[Asked]:
    """Every route with every method, as this person, with these ids; one answer each."""
    for rule in app.url_map.iter_rules():
        access = access_of(app, rule.endpoint)
        if only_within and not access.within_own_accounts:
            continue
        if MATRIX[rule.endpoint] == BY_TOKEN or rule.endpoint.endswith("static"):
            continue  # what is not signed in at all cannot be limited
        methods = sorted(rule.methods - {"HEAD", "OPTIONS"})
        if only_get or access.kind == "anyone":
            methods = [method for method in methods if method == "GET"]
        for call in _calls(rule.endpoint):
            for method in set(call.methods or methods) & set(methods):
                yield _ask(app, browser, rule, access, call, method, ids)


def _ask(app, browser, rule, access, call, method, ids) -> Asked:
    path = {
        name: thing[1:] if thing.startswith("=") else getattr(ids, thing)
        for name, thing in (call.path or {}).items()
    } or dict.fromkeys(rule.arguments, "x")
    with app.test_request_context():
        url = rule.build(path)[1]
    body = {
        name: make(ids)
        for name, make in (("query_string", call.query), ("json", call.json), ("data", call.form))
        if make is not None
    }
    before = "" if method == "GET" else _others_rows()
    browser._forget_request()
    browser.client.delete_cookie("voc_form")  # notices of an earlier call
    answer = browser.client.open(url, method=method, **body)
    browser._forget_request()
    return Asked(
        rule.endpoint, method, access.kind, access.within_own_accounts, answer.status_code,
        answer_text(answer), method != "GET" and _others_rows() != before,
    )  # fmt: skip


def told_in(text: str, *, asked_for: Ids | None = None) -> list[str]:
    """The telling words of a page; a page that says what was asked for tells nothing."""
    if asked_for is not None:
        for name in ("undo", "account", "survey"):
            text = text.replace(getattr(asked_for, name), "<asked>")
    return [word for word in TELLING if word in text]


def wrongs_of(asked: Asked, ids: Ids) -> list[str]:
    """What an answer should not have done."""
    found = [f"tells {word}" for word in told_in(asked.text, asked_for=ids)]
    if asked.changed:
        found.append("changed rows")
    if asked.status >= 500:
        found.append("failed")
    if asked.kind == "machine" and asked.status != 401:
        found.append("opened to a person")
    if asked.kind == "user" and not asked.is_within and asked.status != 403:
        found.append("opened, and does not say that it keeps to own accounts")
    takes_ids = not isinstance(MATRIX[asked.endpoint], str)
    if asked.is_within and takes_ids and asked.method != "GET":
        allowed = {403, 404} | ({303} if asked.endpoint in AS_IF_ABSENT else set())
        if asked.status not in allowed:
            found.append(f"took others' ids ({asked.status})")
    return [f"{asked.method} {asked.endpoint}: {each}" for each in found]


def wrongs(app: Any, scene: Scene, **how: Any) -> list[str]:
    """All that the walk and the pages find to be wrong."""
    found = [
        wrong
        for asked in ask_everything(app, scene.reader, scene.theirs, **how)
        for wrong in wrongs_of(asked, scene.theirs)
    ]
    for name, text in pages(scene).items():
        found += [f"{name}: tells {word}" for word in told_in(text)]
    return found


# --- the pages that are open --------------------------------------------------------------------

# Half of a telling word, so that what was typed into the search is none itself.
QUEUES = (
    "", "?state=all", "?owner=mine", "?owner=unassigned", "?owner={colleague}&state=all",
    "?q=Zanzi&state=all", "?q=zulei&state=all", "?sort=due_at", "?overdue=1", "?team=success",
)  # fmt: skip
ACCOUNTS = (
    "", "?q=Zanzi", "?q=zz-acc", "?owner={colleague}", "?sort=-mrr", "?sort=renewal",
    "?sort=-cases",
)  # fmt: skip
RENEWALS = (
    "", "?days=365", "?view=calendar", "?view=list", "?owner={colleague}", "?plan=Zz-pla",
    "?by=plan", "?view=calendar&by=industry", "?by=industry&value=", "?format=csv",
)  # fmt: skip
CLOSED_LOOP = (
    "", "?by=owner", "?by=team", "?by=theme", "?by=plan", "?by=industry", "/cases",
    "/cases?by=owner&value={colleague}",
    "/charts/recovery.csv", "/charts/contact.svg",
)  # fmt: skip


def paths(scene: Scene) -> dict[str, str]:
    """Every page of the reader, by a name that is the same in both workspaces."""
    names = {"colleague": str(scene.colleague_id)}
    found = {"home": "/", "profile": "/account", "workspaces": "/workspaces"}
    found |= {f"queue{each}": f"/follow-ups{each.format(**names)}" for each in QUEUES}
    found |= {f"accounts{each}": f"/accounts{each.format(**names)}" for each in ACCOUNTS}
    for whose in ("mine", "of_a_colleague", "given"):
        found[f"case {whose}"] = f"/follow-ups/{scene.cases[whose]}?state=all"
    for key in ("mine-1", "mine-2"):
        found |= {key: f"/accounts/{key}", f"{key} answers": f"/accounts/{key}?story=answers"}
    found |= {f"renewals{each}": f"/renewals{each.format(**names)}" for each in RENEWALS}
    found |= {
        f"closed loop{each}": f"/follow-ups/closed-loop{each.format(**names)}"
        for each in CLOSED_LOOP
    }
    found["held"] = "/held-answers"
    found["account of the given case"] = "/accounts/given"
    return found


def pages(scene: Scene, browser: Browser | None = None) -> dict[str, str]:
    return {
        name: answer_text((browser or scene.reader).get(path))
        for name, path in paths(scene).items()
    }


def links(html: str) -> set[str]:
    found = re.findall(r'(?:href|action)="(/[^"#]*)', html)
    return {link.replace("&amp;", "&") for link in found if not link.startswith("/assets")}


# --- tests --------------------------------------------------------------------------------------


def test_no_route_tells_or_changes_anything_of_others(any_database, make):
    scene = make(any_database)
    assert wrongs(any_database, scene) == []


def test_no_other_room_is_open(app):
    opened = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if access_of(app, rule.endpoint).within_own_accounts
    }
    assert opened == OPEN


def test_every_route_is_asked(app, make):
    """A new one without a line in the matrix of tenancy fails there; here none is passed over."""
    scene = make(app)
    asked = {each.endpoint for each in ask_everything(app, scene.reader, scene.theirs)}
    for rule in app.url_map.iter_rules():
        if access_of(app, rule.endpoint).kind == "user":
            assert rule.endpoint in asked


_ACCIDENTS = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # ids
    r"|<time .*?</time>|\d{4}-\d\d-\d\dT\d\d:\d\d"  # times, also in fields
    r"|(?<=admin-)[0-9a-f]{8}"
    r'|(?<=name="csrf_token" value=")[^"]+'
)


def _without_accidents(html: str, scene: Scene) -> str:
    """A page without ids, times and the addresses of this workspace's people."""
    return _ACCIDENTS.sub("<some>", html).replace(scene.api.workspace_id.hex[-6:], "<some>")


def test_a_page_is_the_same_whatever_others_have(any_database, make):
    """Not even a count may differ."""
    without, with_others = make(any_database, with_others=False), make(any_database)
    expected = pages(without)
    for name, text in pages(with_others).items():
        assert _without_accidents(text, with_others) == _without_accidents(
            expected[name], without
        ), name


def test_the_counts_are_of_own_things(app, make):
    scene = make(app)
    queue = scene.reader.get("/follow-ups").text
    assert re.findall(r'<span class="count">([\d,]+)</span>', queue)[0] == "4"
    assert len(re.findall(r'<th scope="row">', queue)) == 4
    listed = re.findall(r'<th scope="row"><a [^>]*>([^<]+)</a>', scene.reader.get("/accounts").text)
    assert listed == ["Alder", "Birch", "Elder"]
    assert "There are 3 accounts in all." in scene.reader.get("/accounts?q=Zanzi").text


def test_a_colleague_without_the_limit_does_see_them(app, make):
    """Or the walk would look for words that stand nowhere."""
    scene = make(app)
    shown = "".join(
        each.text
        for each in ask_everything(
            app, scene.colleague, scene.theirs, only_within=True, only_get=True
        )
    ) + "".join(pages(scene, scene.colleague).values())
    shown += "".join(scene.colleague.get(f"/follow-ups/{id_}").text for id_ in scene.cases.values())
    # The key of a person stands only where they have no name.
    assert {word for word in TELLING if word not in shown} == {"zz-person"}


def test_no_link_leads_to_a_closed_door(app, make):
    scene = make(app)
    todo, seen = ["/"], set()
    while todo:
        path = todo.pop()
        seen.add(path)
        answer = scene.reader.get(path)
        if answer.status_code == 405:  # the address of a form
            answer = None
            continue
        assert answer.status_code < 400, path
        assert told_in(answer_text(answer)) == [], path
        if answer.mimetype == "text/html":
            todo += sorted(links(answer_text(answer)) - seen - set(todo))
    assert len(seen) > 25


# --- would the walk notice? ---------------------------------------------------------------------

MUTATIONS = {
    "the queue forgets to narrow": "vocapp.following_up.queries.cases_within",
    "changes of cases forget to narrow": "vocapp.following_up.changing.cases_within",
    "earlier answers of the account of a given case": (
        "vocapp.following_up.case_queries.of_accounts_within"
    ),
    "accounts forget to narrow": "vocapp.succeeding.queries.accounts_within",
    "what a person answered for another account": "vocapp.succeeding.queries.of_accounts_within",
}  # fmt: skip


@pytest.mark.parametrize("target", MUTATIONS.values(), ids=MUTATIONS)
def test_a_query_that_forgets_to_narrow_is_noticed(app, make, monkeypatch, target):
    scene = make(app)
    monkeypatch.setattr(target, lambda *_asked: true())
    assert wrongs(app, scene, only_within=True) != []


def test_originals_of_others_would_be_noticed(app, make, monkeypatch):
    scene = make(app)
    monkeypatch.setattr("vocapp.looking_into.originals.may_look_at_original", lambda **_asked: True)
    assert any("original" in wrong for wrong in wrongs(app, scene, only_within=True))


@pytest.mark.parametrize(
    "endpoint", ["looking_into.answers", "exporting.export_csv", "merging.suggestions"]
)
def test_a_page_that_opens_without_narrowing_is_noticed(app, make, monkeypatch, endpoint):
    scene = make(app)
    view = app.view_functions[endpoint]
    monkeypatch.setattr(
        view, "__voc_access__", replace(view.__voc_access__, within_own_accounts=True)
    )
    found = wrongs(app, scene, only_within=True)
    assert any(f"{endpoint}: tells" in wrong for wrong in found), found


def test_a_new_route_is_closed_until_it_says_that_it_keeps_to_own_accounts(app, make):
    from vocapp.workspaces.access import signed_in

    app.add_url_rule("/new-room", view_func=signed_in("success")(lambda: "of all"), endpoint="new")
    scene = make(app)
    assert scene.reader.get("/new-room").status_code == 403
    assert scene.colleague.get("/new-room").status_code == 200


# --- the team of an account ---------------------------------------------------------------------


@pytest.mark.parametrize("duty", ["account_manager", "support"])
def test_an_account_of_the_team_is_open_as_long_as_somebody_has_the_duty(app, make, duty):
    scene = make(app)
    places = ("/accounts/of-the-team", f"/follow-ups/{scene.cases['of_the_team']}")
    lists = ("/accounts", "/follow-ups", "/renewals", "/follow-ups/closed-loop/cases")

    def give(user_id: UUID | None, duty: str) -> None:
        service.give_duty(
            scene.api.workspace_id, "of-the-team", duty, user_id, reach=WHOLE_WORKSPACE,
            actor_user_id=scene.colleague_id, now=utcnow(),
        )  # fmt: skip

    give(None, "support")
    assert [scene.reader.get(place).status_code for place in places] == [404, 404]
    assert not any("Elder" in scene.reader.get(each).text for each in lists)
    give(scene.reader_id, duty)
    assert [scene.reader.get(place).status_code for place in places] == [200, 200]
    assert [each for each in lists if "Elder" not in scene.reader.get(each).text] == []
    give(scene.colleague_id, duty)
    assert [scene.reader.get(place).status_code for place in places] == [404, 404]
    assert not any("Elder" in scene.reader.get(each).text for each in lists)
