"""Every page, in both languages, light and dark, wide and narrow: examined by axe-core.

The list of pages is the application's own: a page with a value in its address is found by
following links from the others, so a new one comes in by itself once something links to
it. What nothing links to (tokens) stands in `unlinked`.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import delete, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect, Rule

from config import Settings
from tests.test_tenancy import task_of
from vocapp import create_app, outbox
from vocapp.authoring.links import read_invitation_token
from vocapp.authoring.queries import SurveySummary, draft_of, survey_by_key
from vocapp.authoring.service import close_survey, save_draft
from vocapp.collecting.models import Response
from vocapp.collecting.targeting.service import Wished, add_rule
from vocapp.collecting.widget import _FILE
from vocapp.connecting.hooks.service import add_source
from vocapp.connecting.importing.keeping import NewFile, keep_file
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.mail import unsubscribe_url
from vocapp.distributing.sms.models import TextMessage
from vocapp.distributing.sms.settings import save_provider
from vocapp.extensions import db
from vocapp.following_up.channels import NewChannel, add_channel
from vocapp.following_up.writing.reply_templates import add_offered
from vocapp.measuring.notes import add_note
from vocapp.outbox import Pending
from vocapp.people.models import Account, Contact
from vocapp.succeeding.goals.goal_templates import Wanted, save_template
from vocapp.succeeding.touchpoints.planning import plan_all
from vocapp.understanding import service as understanding
from vocapp.understanding.models import Analysis, Assignment
from vocapp.workspaces import joining
from vocapp.workspaces.access import COOKIE, access_of
from vocapp.workspaces.grants import Grant
from vocapp.workspaces.models import PasswordReset

pytestmark = pytest.mark.e2e

PASSWORD = "correct horse battery"
# Language, colours and width in pairs: any two values of different kinds meet once.
LOOKS = [("en", "light", 1280), ("en", "dark", 320), ("ja", "light", 320), ("ja", "dark", 1280)]
DISPLAYS = ["popover", "inline", "modal", "tab"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_EXAMINE = """async (tags) => (await axe.run(document, {
  runOnly: {type: 'tag', values: tags}, resultTypes: ['violations'], iframes: false,
})).violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html.slice(0, 160) + ' '
  + (n.any[0] ? n.any[0].message : '')))"""
_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Answers to GET that are not pages, and machines' paths.
_DATA = re.compile(
    r"\.(csv|jsonl|json|js|css|svg|png|pdf|eml|txt|xlf)$|/charts/|/attachments/|/qr\.|/export|^/(healthz|readyz|metrics|assets)|^/static"
)
_MACHINES = ("/api/v1", "/public/", "/delighted/")
COMMENTS = (
    (2, "Your support is terribly slow: four days until somebody replied to my ticket."),
    (1, "サポートに問い合わせても返信が来るまで何日もかかります。"),
    (3, "The invoice was wrong again, we were billed twice."),
    (10, "The dashboards are a joy to use."),
    (9, "画面が見やすく、使いやすいです。"),
    (7, "Good, but the export to Excel takes minutes."),
    (10, None),
    (6, None),
)


@dataclass
class Site:
    """A filled workspace and an empty one, served; and the addresses of its pages."""

    app: Flask
    server: Any
    public_key: str
    survey: str
    link: str
    closed: str
    cookies: dict[str, str]
    unlinked: dict[str, str]
    staff_pages: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: Any, migrated_sqlite: Path, cheap_passwords: None,
    serve_app: Any, new_workspace: Any, api_of: Any, drain_outbox: Any,
) -> Iterator[Site]:  # fmt: skip
    """One workspace filled once, whose pages every test of this file looks at."""
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(migrated_sqlite, folder / "voc.sqlite3")
    app = create_app(Settings(environment="test", data_dir=folder))
    server = serve_app(app)
    with app.app_context():
        filled, empty = new_workspace("Acme 株式会社"), new_workspace("Empty")
        api = api_of(app.test_client(), filled)
        found = _fill(app, server, api, drain_outbox)
    found.cookies = {
        name: _session(app, workspace) for name, workspace in (("admin", filled), ("new", empty))
    }
    found.staff_pages, found.missing = _pages_of(found)
    yield found
    server.stop()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def _edit(survey: SurveySummary) -> None:
    """A draft that differs from what is published, in all ways that a page can show."""
    draft = draft_of(survey.workspace_id, survey.id)
    aware, appeal, *others = draft["questions"]
    aware["options"] = [*aware["options"][1:], {"key": "new", "label": {"en": "New"}}]
    aware["text"]["ja"] = "ご存じでしたか。"
    draft |= {"languages": ["en", "ja"], "questions": [*others[:-1], aware, appeal]}
    save_draft(survey.workspace_id, survey.id, draft, now=utcnow())


def _fill(app: Flask, server: Any, api: Any, drain_outbox: Any) -> Site:
    survey = api.survey("nps", name="Yearly survey 年次調査")
    closed = api.survey("csat", name="Old", kind="csat")
    old = survey_by_key(api.workspace_id, "csat")
    close_survey(api.workspace_id, old.id, now=utcnow())
    for number, (score, comment) in enumerate(COMMENTS * 3):
        account = {"external_id": f"a{number % 5}", "name": f"Company {number % 5}"}
        plan = {"plan": "pro" if number % 2 else "basic"}
        contact = {"email": f"person{number}@example.com", "name": "愛子", "attributes": plan}
        answer = {"score": score, "contact": contact, "account": account}
        answer |= {"comment": comment} if comment else {}
        stored = api.respond("nps", **answer)
        assert stored.status_code == 201, stored.text
    # Answered again within a day: one that is marked.
    again = {"score": 8, "contact": {"email": "person0@example.com"}}
    assert api.respond("nps", **again).status_code == 201
    api.survey("journey", name="From knowing to recommending", journey={})
    _edit(survey_by_key(api.workspace_id, "journey"))
    path = {"aware": "offer", "appeal": "first", "ask": "yes", "act": "now", "advocate": 9}
    for stages in range(1, 6):
        given = dict(list(path.items())[:stages])
        contact = {"email": f"journey{stages}@example.com"}
        stored = api.respond("journey", answers=given, contact=contact)
        assert stored.status_code == 201, stored.text
    invited = {"survey": "nps", "contact": {"email": "aiko@example.com", "name": "愛子"}}
    link = api.post("/api/v1/invitations", invited).json["link"]
    _fill_campaigns(api)
    joining.request_reset(api.workspace.email, now=utcnow())
    offer = joining.invite(
        api.workspace_id, email="new@example.com",
        grant=Grant("success", only_own_accounts=True),
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    add_note(
        api.workspace_id, utcnow().date(), "価格改定 price change",
        actor_user_id=api.workspace.user_id, now=utcnow(),
    )  # fmt: skip
    _save_segments(api)
    _look_after_accounts(api)
    _two_records_of_one_person(api)
    _understand(api.workspace_id)
    drain_outbox()
    _ways_to_the_world(api)
    with snapshot() as session:
        reset = session.scalars(select(PasswordReset.id)).one()
    unsubscribe = unsubscribe_url(api.workspace_id, "aiko@example.com")
    text_message(link, "abcdefghijk")
    unlinked = {
        "workspaces.join": f"/join/{joining.invitation_token(offer)}",
        "workspaces.reset_password": f"/reset/{joining.reset_token(reset)}",
        "collecting.hosted": f"/s/{survey['public_id']}",
        "collecting.embed": f"/embed/{survey['public_id']}",
        "kiosk.show": f"/kiosk/{survey['public_id']}",
        "collecting.single_use": _single_use_link(api).removeprefix(server.url),
        "collecting.invited": link.removeprefix(server.url) + "?score=9",
        "sms.open_link": "/t/abcdefghijk",
        "sms.stop": "/t/abcdefghijk/stop",
        "distributing.ask_to_unsubscribe": unsubscribe.removeprefix(server.url),
    }
    return Site(
        app, server, api.workspace.public_key, survey["public_id"], link, closed["public_id"],
        cookies={}, unlinked=unlinked,
    )  # fmt: skip


def text_message(link: str, code: str) -> None:
    """The person of an invitation got it on their telephone, too; `code` stands in its address."""
    asked = read_invitation_token(link.rpartition("/")[2].partition("?")[0])
    with transaction() as session:
        contact = session.get_one(Contact, (asked.workspace_id, asked.contact_id))
        contact.phone = "+819012345678"
        session.add(
            TextMessage(
                workspace_id=asked.workspace_id, invitation_id=asked.invitation_id,
                code=code, parts=1, created_at=utcnow(),
            )
        )  # fmt: skip


def _single_use_link(api: Any) -> str:
    """An unused one; a survey that has limits and links is found by following links."""
    limits = {"last_day": "2099-12-31", "most": 500, "quotas": [
        {"attribute": "plan", "value": "pro", "most": 20}]}  # fmt: skip
    assert api._call("PUT", "/api/v1/surveys/nps/limits", json=limits).status_code == 200
    made = api.post("/api/v1/surveys/nps/single-use-links", {"name": "展示会 Fair", "count": 2})
    links = api.get(f"/api/v1/surveys/nps/single-use-links/{made.json['id']}").json["items"]
    return str(links[0]["url"])


def _ways_to_the_world(api: Any) -> None:
    """A channel of notifications, templates of e-mails, and an address for events."""
    who: dict[str, Any] = {"actor_user_id": api.workspace.user_id, "now": utcnow()}
    add_channel(api.workspace_id, NewChannel("email", "顧客チーム Team", "owner"), **who)
    add_offered(api.workspace_id, **who)
    add_source(api.workspace_id, provider="stripe", name="請求 Billing", **who)
    people = "email,name,社員数\nx@example.com,愛子,12\nnobody,Ben,\n".encode("cp932")
    keep_file(api.workspace_id, NewFile("contacts", "顧客 people.csv", people, "Asia/Tokyo"), **who)
    while outbox.work_off("file_import", now=utcnow()):
        pass
    save_provider(
        api.workspace_id, url="https://sms.example.com/messages", token="secret", sender="Acme",
        **who,
    )  # fmt: skip
    for name, event in (("請求の後 After billing", "paid"), ("Everybody", "")):
        add_rule(api.workspace_id, Wished(name, "nps", paths=("/app/*",), event=event), **who)


def _look_after_accounts(api: Any) -> None:
    """A goal and a template of others, a planned contact, and two months of a subscription that
    grows."""
    now = utcnow()
    began = (now - timedelta(days=80)).isoformat()
    account = {"external_id": "a0", "started_on": (now - timedelta(days=4)).date().isoformat()}
    assert api.post("/api/v1/accounts", account).status_code == 201
    goal = {
        "words": "半日で締める close in half a day", "measure": "hours", "unit": "h",
        "baseline": 12, "target": 4, "due_on": (now + timedelta(days=60)).date().isoformat(),
    }  # fmt: skip
    assert api.post("/api/v1/accounts/a0/goals", goal).status_code == 201
    template = Wanted("締めを早く Close sooner", "hours", "h", None, 90, {"plan": ["pro"]})
    save_template(api.workspace_id, template, actor_user_id=api.workspace.user_id, now=now)
    terms = {"type": "subscription", "account": "a0", "product": "core", "currency": "JPY"}
    paid = [
        terms | {"id": "s1", "action": "started", "mrr": 90_000, "at": began},
        terms | {"id": "s2", "action": "changed", "mrr": 120_000,
                 "at": (now - timedelta(days=35)).isoformat()},
    ]  # fmt: skip
    assert api.post("/api/v1/events", {"events": paid}).json["accepted"] == 2
    plan_all(api.workspace_id, now=now)
    with transaction() as session:
        account = session.scalars(
            scoped(Account, api.workspace_id).where(Account.external_id == "a0")
        ).one()
        account.owner_user_id = api.workspace.user_id
        for row in task_of(account.id, api.workspace_id, "更新の準備 prepare the renewal"):
            session.add(row)
            session.flush()


def _save_segments(api: Any) -> None:
    """One to be counted at once, and one with groups and a range."""
    pro = {"attribute": "plan", "operator": "in", "values": ["pro"]}
    range_ = {"attribute": "seats", "operator": "between", "low": 10}
    for name, filter_ in (("有料 Paying", pro), ("Large", {"any": [pro, {"all": [range_, pro]}]})):
        answer = api.post("/api/v1/segments", {"name": name, "filter": filter_})
        assert answer.status_code == 201, answer.text


def _two_records_of_one_person(api: Any) -> None:
    """Known by an address, and later by a key with the same one."""
    known = {"email": "twice@example.com", "name": "愛子"}
    for contact in (known, known | {"external_id": "crm-1"}):
        assert api.post("/api/v1/contacts", contact).status_code in {200, 201}


def _understand(workspace_id: UUID) -> None:
    """What the text pipeline would find, without the seconds that loading it takes."""
    understanding.make_sure_of_themes(workspace_id, now=utcnow())
    with transaction() as session:
        keys = ("support", "billing", "usability", "pricing")
        themes = [understanding.theme_ids(session, workspace_id)[key] for key in keys]
        rows = session.scalars(scoped(Response, workspace_id).order_by(Response.id)).all()
        said = understanding.verbatims(session, workspace_id, [row.id for row in rows])
        for number, row in enumerate(rows):
            if not said.get(row.id):
                continue
            mood = ("negative", "positive", "mixed", "neutral")[number % 4]
            session.add(
                Analysis(
                    workspace_id=workspace_id, response_id=row.id, state="done", sentiment=mood,
                    text_digest=understanding.digest_of_text(said[row.id]),
                    redacted=said[row.id], language="en", encoder="static", model_version="test",
                )
            )  # fmt: skip
            session.add(
                Assignment(
                    workspace_id=workspace_id, response_id=row.id, theme_id=themes[number % 4],
                    confidence=0.9, sentiment=mood, source="model" if number % 3 else "person",
                    evidence_start=0, evidence_end=9, assigned_at=utcnow(), answered_at=utcnow(),
                )
            )  # fmt: skip
            session.flush()
            understanding.recount_themes(session, row)
        kinds = ("analyse", "refine")
        session.execute(
            delete(Pending).where(Pending.workspace_id == workspace_id, Pending.kind.in_(kinds))
        )


def _fill_campaigns(api: Any) -> None:
    """One that is on and has asked, put off and left out people, and a draft."""
    now = utcnow()
    plan = {"name": "Yearly 年次", "survey": "nps", "kind": "once", "starts_on": "2026-01-01",
            "hour": 0, "a_day": 5, "held_out": 0.2}  # fmt: skip
    made = api.post("/api/v1/campaigns", plan).json["id"]
    api.post(f"/api/v1/campaigns/{made}/actions", {"action": "switch_on"})
    while outbox.work_off("campaign", now=now):
        pass
    recurring = plan | {"name": "Quarterly", "kind": "recurring", "period_days": 90}
    drafted = api.post("/api/v1/campaigns", recurring)
    assert drafted.status_code == 201, drafted.text


def _session(app: Flask, workspace: Any) -> str:
    """The cookie of an administrator who signed in, and whom the pages are shown to."""
    client = app.test_client()
    page = client.get("/sign-in").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    form = {"csrf_token": token.group(1), "email": workspace.email, "password": PASSWORD}
    assert client.post("/sign-in", data=form).status_code == 303
    cookie = client.get_cookie(COOKIE)
    assert cookie
    return str(cookie.value)


def _is_page(app: Flask, rule: Rule, kind: str) -> bool:
    access = access_of(app, rule.endpoint)
    return (
        "GET" in (rule.methods or ())
        and access is not None
        and access.kind == kind
        and not rule.rule.startswith(_MACHINES)
        and not _DATA.search(rule.rule)
    )


def _pages_of(site: Site) -> tuple[list[str], list[str]]:
    """One address of each page for staff, by following links; and the rules without one."""
    app, client = site.app, site.app.test_client()
    client.set_cookie(COOKIE, site.cookies["admin"])
    wanted = {r.endpoint: r for r in app.url_map.iter_rules() if _is_page(app, r, "user")}
    bare = {endpoint: r.rule for endpoint, r in wanted.items() if not r.arguments}
    # Some are about something that only a link to them names.
    found = {e: path for e, path in bare.items() if client.get(path).status_code == 200}
    adapter = app.url_map.bind("localhost")
    waiting, visits, seen = list(found.values()), Counter(found.keys()), set(found.values())
    while waiting:
        answer = client.get(waiting.pop())
        for address in re.findall(r'(?:href|src)="(/[^"#]*)', answer.text):
            path, _, query = unescape(address).partition("?")
            try:
                endpoint, _values = adapter.match(path, method="GET")
            except (HTTPException, RequestRedirect):
                continue
            # Not every survey or theme links to all that there is, so several are visited.
            if endpoint in wanted and path not in seen and visits[endpoint] < 4:
                seen.add(path)
                visits[endpoint] += 1
                found.setdefault(endpoint, path + ("?" + query if query else ""))
                waiting.append(path)
    return sorted(found.values()), sorted(wanted.keys() - found.keys())


@pytest.fixture
def look(new_page: Any, site: Site) -> Any:
    """A window: `look("ja", "dark", 320, as_="admin")`; `faults` gathers what it does wrong."""

    def open_window(language: str, colours: str, width: int, *, as_: str = "") -> Any:
        page = new_page(
            width=width, locale="ja-JP" if language == "ja" else "en-US",
            color_scheme=colours, reduced_motion="reduce",
        )  # fmt: skip
        jar = {"voc_locale": language} | ({COOKIE: site.cookies[as_]} if as_ else {})
        page.context.add_cookies(
            [{"name": name, "value": value, "url": site.server.url} for name, value in jar.items()]
        )
        return Examiner(page, site.server.url)

    return open_window


class Examiner:
    """Opens pages and writes down every fault of each."""

    def __init__(self, page: Page, home: str) -> None:
        self.page, self.home, self.faults = page, home, list[str]()
        self.expects_error = False
        page.on("console", self._on_console)
        page.on("request", self._on_request)

    def _on_console(self, message: Any) -> None:
        # The browser reports the status of an error page as an error of its own.
        if message.type == "error" and not self.expects_error:
            self.faults.append(f"{self.page.url}: console: {message.text}")

    def _on_request(self, request: Any) -> None:
        if not request.url.startswith((self.home, "data:", "blob:", "about:")):
            self.faults.append(f"{self.page.url}: asks another host: {request.url}")

    def open(self, path: str, axe: str, *, status: int = 200) -> None:
        self.expects_error = status != 200
        answer = self.page.goto(self.home + path)
        if answer is None or answer.status != status:
            self.faults.append(f"{path}: status {answer and answer.status}, not {status}")
        elif _runs_scripts(answer.headers):
            self.examine(path, axe)

    def examine(self, name: str, axe: str) -> None:
        """Look at what the window shows now."""
        self.page.evaluate(axe)
        found = self.page.evaluate(_EXAMINE, RULES)
        self.faults += [f"{name}: {fault}" for fault in found]
        if (wide := self.page.evaluate(_WIDE)) > 0:
            self.faults.append(f"{name}: {wide} px too wide")


def _runs_scripts(headers: dict[str, str]) -> bool:
    """Not of mails: they are framed without the right to run any, so axe cannot look."""
    is_page = "text/html" in headers.get("content-type", "")
    return is_page and "sandbox" not in headers.get("content-security-policy", "")


def test_no_page_for_staff_is_left_out(site):
    assert site.missing == []
    assert len(site.staff_pages) > 15


def test_no_page_for_anyone_is_left_out(site):
    pages = [r for r in site.app.url_map.iter_rules() if _is_page(site.app, r, "anyone")]
    shown = {r.endpoint for r in pages if r.arguments} - {"collecting.unseen"}  # no content
    assert shown == site.unlinked.keys()


# Every other page, and the others: each in both languages, both colours and both widths.
HALVES = [
    (0, "en", "light", 1280), (0, "ja", "dark", 320),
    (1, "en", "dark", 320), (1, "ja", "light", 1280),
]  # fmt: skip


@pytest.mark.parametrize(("half", "language", "colours", "width"), HALVES)
def test_pages_for_staff_are_accessible(site, look, axe_script, half, language, colours, width):
    window = look(language, colours, width, as_="admin")
    for path in site.staff_pages[half::2]:
        window.open(path, axe_script)
    window.open("/nowhere", axe_script, status=404)
    assert window.faults == []


@pytest.mark.parametrize(("half", "language", "colours", "width"), HALVES)
def test_an_empty_workspace_is_accessible(site, look, axe_script, half, language, colours, width):
    window = look(language, colours, width, as_="new")
    pages = [r.rule for r in site.app.url_map.iter_rules() if not r.arguments
             and _is_page(site.app, r, "user")]  # fmt: skip
    for path in sorted(pages)[half::2]:
        window.open(path, axe_script)
    assert window.faults == []


@pytest.mark.parametrize(("language", "colours", "width"), LOOKS)
def test_menus_and_dialogs_are_accessible(site, look, axe_script, language, colours, width):
    window = look(language, colours, width, as_="admin")
    page = window.page
    page.goto(site.server.url + "/surveys")
    page.locator("details.menu summary").first.click()
    window.examine("the user menu", axe_script)
    page.keyboard.press("Escape")
    page.locator("body").press("?")
    expect(page.locator("#keys")).to_be_visible()
    window.examine("the list of keys", axe_script)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()
    window.examine("the palette", axe_script)
    assert window.faults == []


@pytest.mark.parametrize(("language", "colours", "width"), LOOKS)
def test_pages_for_respondents_are_accessible(site, look, axe_script, language, colours, width):
    window = look(language, colours, width)
    plain = [r.rule for r in site.app.url_map.iter_rules() if not r.arguments
             and _is_page(site.app, r, "anyone")]  # fmt: skip
    for path in [*plain, *site.unlinked.values()]:
        window.open(path, axe_script)
    window.open(f"/s/{site.closed}", axe_script, status=410)
    for lost in ("s", "embed", "kiosk", "e", "u", "once", "join", "reset"):
        window.open(f"/{lost}/nope", axe_script, status=404)
    assert window.faults == []


@pytest.mark.parametrize(("language", "colours", "width"), LOOKS)
def test_answering_is_accessible_step_by_step(site, look, axe_script, language, colours, width):
    window = look(language, colours, width)
    page = window.page
    page.goto(f"{site.link}?score=9")
    page.locator("button[value=score]").click()
    page.locator("textarea").wait_for()
    window.examine("the second step", axe_script)
    page.locator("textarea").fill("早い")
    page.locator("button[value=rest]").click()
    page.locator("[data-draft-done]").wait_for()
    window.examine("the thanks", axe_script)
    assert window.faults == []


@pytest.mark.skipif(not _FILE.exists(), reason="the widget is not built (widget/dist)")
@pytest.mark.parametrize(
    ("display", "language", "colours", "width"),
    [(display, *look) for display, look in zip(DISPLAYS * 2, LOOKS + LOOKS[::-1], strict=True)],
)
def test_the_open_widget_is_accessible(
    site, look, axe_script, other_site, display, language, colours, width
):
    window = look(language, colours, width)
    page = window.page
    tag = (
        f'<main><h1>Shop</h1><div id="here"></div></main><script async '
        f'src="{site.server.url}/widget.js" data-key="{site.public_key}" '
        f'data-survey="{site.survey}" data-display="{display}" data-target="#here"></script>'
    )
    window.home = other_site(tag, lang=language)
    page.goto(window.home)
    widget = page.locator("voc-widget")
    if display == "tab":
        widget.locator("button.handle").click()
    widget.locator("fieldset").wait_for()
    window.examine("the question", axe_script)
    widget.locator('input[type=radio][value="9"]').check(force=True)
    widget.locator("button.primary").click()
    widget.locator("textarea").wait_for()
    window.examine("the comment", axe_script)
    widget.locator("button.primary").click()
    widget.locator("textarea").wait_for(state="detached")
    window.examine("the thanks", axe_script)
    assert [f for f in window.faults if f"asks another host: {site.server.url}" not in f] == []
