"""The form, the trial and the page of a playbook that goes out by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.succeeding.test_tech_touch import customer, rows_of, set_up, work
from vocapp import outbox
from vocapp.database import scoped, snapshot, transaction, utcnow
from vocapp.distributing.models import Suppression
from vocapp.people.models import Account
from vocapp.succeeding.playbooks import trying_out
from vocapp.succeeding.playbooks.models import Playbook, PlaybookSending, PlaybookTask


@pytest.fixture
def desk(api, staff, mail_server):
    """Somebody of customer success, a customer that stalls and one that is set up."""
    success = staff("success")
    customer(api, "done")
    set_up(api, "done")
    customer(api, "slow", ("ann", ["champion"], {}), ("bo", ["user"], {"locale": "ja"}))
    work()
    return success


def typed(**other):
    return {
        "name": "Help them", "days": "30", "until_days": "90", "touch": "tech",
        "title-0": "Mail", "kind-0": "email", "most-0": "3", "role-0-champion": "1",
        "languages": "en,ja", "subject-0-en": "{account}: help", "body-0-en": "{greeting}\n\nHi",
        "subject-0-ja": "{account} 様", "body-0-ja": "{greeting}\n\nこんにちは",
        "a_day": "50", "person_days": "7",
        **{f"days-{place}": "0" for place in range(5)},
        **{f"minutes-{place}": "30" for place in range(5)},
    } | other  # fmt: skip


NEW = "/playbooks/new/onboarding_letters"


def saved(desk, **other):
    answer = desk.post(NEW, typed(**other), follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_tech_touch_playbook_is_set_up_tried_out_and_goes_out(desk, api, mail_server):
    offered = desk.get(NEW).text
    assert "may we help you get started?" in offered
    assert "初期設定でお困りではありませんか" in offered
    page = saved(desk)
    assert "1 person would be written to" in page
    assert "slow Ltd: help" in page
    switch_on = re.search(r'action="(/playbooks/[^"]+/switch)"', page).group(1)
    desk.post(switch_on, {"on": "1"})
    work()
    assert [to for to, _ in mail_server.received] == [["ann@slow.example.com"]]
    page = desk.get(switch_on.removesuffix("/switch")).text
    assert "What went out by itself in the last 30 days" in page
    assert "An e-mail: ann" in page


def test_what_is_saved_stands_in_the_form_again(desk, api):
    saved(desk, attributes="plan: pro, team\nregion：jp", **{"title-1": "Call", "kind-1": "task"})
    (playbook,) = rows_of(api, Playbook)
    assert playbook.definition["attributes"] == {"plan": ["pro", "team"], "region": ["jp"]}
    assert playbook.definition["touch"] == ["tech"]
    mail, call = playbook.definition["steps"]
    assert mail["roles"] == ["champion"]
    assert mail["words"]["ja"]["subject"] == "{account} 様"
    assert call["touch"] == ["high"]
    page = desk.get(f"/playbooks/{playbook.id}").text
    assert "plan: pro, team\nregion: jp" in page
    assert 'value="{account} 様"' in page


def test_a_step_keeps_its_key_when_one_before_it_goes(desk, api):
    saved(desk, **{"title-1": "Second", "kind-1": "email", "most-1": "1",
                   "subject-1-en": "Second", "body-1-en": "Again"})  # fmt: skip
    (playbook,) = rows_of(api, Playbook)
    keys = [step["key"] for step in playbook.definition["steps"]]
    change = typed(version=str(playbook.version), **{"key-0": keys[1], "title-0": "Only"})
    assert desk.post(f"/playbooks/{playbook.id}", change).status_code == 303
    (playbook,) = rows_of(api, Playbook)
    assert [step["key"] for step in playbook.definition["steps"]] == [keys[1]]


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"body-0-en": "{nmae}"}, "body-0-en", "{nmae} is no placeholder here."),
        ({"subject-0-ja": ""}, "subject-0-ja", "Enter 1 to 200 characters."),
        ({"title-0": ""}, "title-0", "Say what this step is called."),
        ({"kind-0": "survey"}, "survey-0", "Publish a survey first."),
        ({"most-0": "0"}, "most-0", "Enter a whole number from 1 to 20."),
        ({"a_day": "2"}, "a_day", "Enter at least as many as at one account."),
        ({"attributes": "pro"}, "attributes", "Write each line as"),
    ],
)
def test_a_wrong_field_is_named_and_nothing_typed_is_lost(desk, wrong, field, said):
    answer = desk.post(NEW, typed(**wrong))
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert said in answer.text
    assert "こんにちは" in answer.text


def test_a_language_is_added_without_saving_and_without_losing_anything(desk, api):
    answer = desk.post(NEW, typed(add_language="1", another_language="fr"))
    assert answer.status_code == 200
    assert 'name="body-0-fr"' in answer.text
    assert "こんにちは" in answer.text
    assert rows_of(api, Playbook) == []


def test_an_e_mail_can_be_sent_to_oneself_in_each_language(desk, api, mail_server):
    page = saved(desk)
    path = re.search(r'action="(/playbooks/[^"]+/trial)"', page).group(1)
    assert desk.post(path, {"step": "step-0"}).status_code == 303
    while outbox.work_off("staff_mail", now=utcnow() + timedelta(minutes=1)):
        pass
    subjects = {message["Subject"] for _, message in mail_server.received}
    assert subjects == {"slow Ltd: help", "slow Ltd 様"}
    assert rows_of(api, PlaybookSending) == []
    assert desk.post(path, {"step": "odd"}).status_code == 404
    for message in mail_server.messages:  # what stops such mails stops none to whoever tries it
        one_click = urlsplit(message["List-Unsubscribe"].split(">")[0].strip("<")).path
        assert one_click in message.get_content()
        assert "This is a trial." in api.client.get(one_click).text
        assert api.client.post(one_click, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    with snapshot() as session:
        assert session.scalars(scoped(Suppression, api.workspace_id)).all() == []


def test_the_task_of_an_owner_has_the_text_at_hand(desk, api):
    page = saved(desk, touch="both")
    switch_on = re.search(r'action="(/playbooks/[^"]+/switch)"', page).group(1)
    with transaction() as session:
        for account in session.scalars(scoped(Account, api.workspace_id)):
            account.owner_user_id = api.workspace.user_id
    desk.post(switch_on, {"on": "1"})
    work()
    (task,) = rows_of(api, PlaybookTask)
    page = desk.get(f"/tasks/{task.id}").text
    assert "The e-mail that is offered" in page
    assert "slow Ltd: help" in page


def test_where_looking_takes_long_it_is_done_when_asked_for(desk, api, monkeypatch):
    monkeypatch.setattr(trying_out, "MOST_AT_ONCE", 1)
    page = saved(desk)
    assert "would be written to" not in page
    look = re.search(r'href="(/playbooks/[^"#]+)[^>]*>See what it would do', page)[1]
    assert "1 person would be written to" in desk.get(look).text
    monkeypatch.setattr(trying_out, "MOST_ACCOUNTS", 0)
    assert "there are more" in desk.get(look).text
