"""The pages of the taxonomy editor: who sees them, what they say, and that nothing is lost."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from nlp.taxonomy import starter_pack_names
from tests.understanding.taxonomy_steps import label, put_theme, read, say, theme, work_off
from vocapp.database import utcnow
from vocapp.understanding import service as understanding
from vocapp.understanding.learning import service as learning
from vocapp.understanding.taxonomy import merging, service, trying
from vocapp.understanding.taxonomy.drafts import Draft

EDIT = "/themes/edit"


@pytest.fixture(autouse=True)
def static_encoder(monkeypatch):
    """The encoder that is always there; the other one is slow to load."""
    for module in (understanding, learning):
        monkeypatch.setattr(module, "preferred_encoder", lambda: "static")


@pytest.fixture
def where(api) -> UUID:
    """A workspace with two themes."""
    put_theme(api.workspace_id, "fees", rules={"en": ["late fee"], "ja": ["延滞料"]},
              exclusions={"en": ["joking"], "ja": []})  # fmt: skip
    put_theme(api.workspace_id, "help")
    return api.workspace_id


def form(name: str = "Fees", **fields) -> dict:
    return {"label_en": name, "description_en": "About it.", "do": "save"} | fields


def undo_address(html: str) -> str:
    found = re.search(r'action="(/themes/edit/[^"]*undo[^"]*)"', html)
    assert found, "no undo on the page"
    return found.group(1).replace("&amp;", "&")


@pytest.mark.parametrize("role", ["viewer", "success"])
def test_only_product_and_administrators_edit(staff, where, role):
    browser = staff(role)
    for path in ("", "/new", "/t/fees", "/t/fees/merge", "/t/fees/split", "/import", "/packs",
                 "/try", "/export.json"):  # fmt: skip
        assert browser.get(EDIT + path).status_code == 403
    for path in ("/new", "/t/fees", "/t/fees/archive", "/t/fees/restore", "/t/fees/merge",
                 "/t/fees/split", "/import", "/packs/b2b_saas", "/undo", "/try"):  # fmt: skip
        assert browser.post(EDIT + path, form()).status_code == 403
    assert EDIT not in browser.get("/themes").text
    assert EDIT in staff("product").get("/themes").text


def test_another_workspaces_theme_is_absent(staff, where, new_workspace):
    stranger = staff("product", of=new_workspace("Other"))
    for path in ("/t/fees", "/t/fees/merge", "/t/fees/split"):
        assert stranger.get(EDIT + path).status_code == 404
    for path in ("/t/fees", "/t/fees/archive", "/t/fees/restore"):
        assert stranger.post(EDIT + path, form(revision="1")).status_code == 404
    assert theme(where, "fees").revision == 1


def test_a_theme_is_added_changed_archived_and_each_is_undone_by_a_press(staff, where):
    browser = staff("product")
    page = browser.post(f"{EDIT}/new", form("Parking", parent="fees"), follow_redirects=True)
    assert "Parking" in page.text
    assert theme(where, "parking").parent_id == theme(where, "fees").id
    changed = form("Parking lot", revision="1", rules_en="lot\nspace", parent="")
    page = browser.post(f"{EDIT}/t/parking", changed, follow_redirects=True)
    assert theme(where, "parking").rules["en"] == ["lot", "space"]
    browser.post(undo_address(page.text))
    assert theme(where, "parking").label["en"] == "Parking"
    page = browser.post(f"{EDIT}/t/parking/archive", {"revision": "3"}, follow_redirects=True)
    assert "Restore" in page.text
    browser.post(f"{EDIT}/t/parking/restore")
    assert theme(where, "parking").archived_at is None


def test_a_wrong_field_is_marked_and_what_was_typed_stands_there_still(staff, where):
    page = staff("product").post(
        f"{EDIT}/t/fees", form("", label_ja="", revision="1", keywords_ja="手数料\n…")
    )
    assert page.status_code == 422
    assert 'id="label_en-error"' in page.text
    assert "手数料\n…" in page.text


def test_of_two_editors_the_second_sees_both_versions_and_may_save_again(staff, where):
    one, other = staff("product"), staff("admin")
    one.post(f"{EDIT}/t/fees", form("Charges", revision="1"))
    page = other.post(f"{EDIT}/t/fees", form("Costs", revision="1", rules_en="cost"))
    assert page.status_code == 409
    assert "Charges" in page.text
    assert 'value="Costs"' in page.text
    assert theme(where, "fees").label["en"] == "Charges"
    revision = re.search(r'name="revision" value="(\d+)"', page.text).group(1)
    other.post(f"{EDIT}/t/fees", form("Costs", revision=revision, rules_en="cost"))
    assert theme(where, "fees").label["en"] == "Costs"


def test_a_merge_shows_what_would_move_its_progress_and_its_undo(staff, api, where, monkeypatch):
    monkeypatch.setattr(merging, "STEP", 1)
    api.survey()
    for _ in range(3):
        response_id = UUID(api.respond(score=3, comment="x").json["id"])
        read(where, response_id)
        say(where, response_id, theme(where, "fees").id)
    label(where, response_id, theme(where, "fees").id, "confirm")
    browser = staff("product")
    preview = browser.get(f"{EDIT}/t/fees/merge?target=help").text
    assert re.search(r"Comments that move</dt>\s*<dd[^>]*>3<", preview)
    page = browser.post(f"{EDIT}/t/fees/merge", {"target": "help", "revision": "1"},
                        follow_redirects=True).text  # fmt: skip
    merging.outbox.work_off(merging.MERGE, now=utcnow())
    assert re.search(r'<progress max="3" value="1"', browser.get(EDIT).text)
    work_off(merging.MERGE)
    assert "Undo the merge" in browser.get(EDIT).text
    browser.post(undo_address(page))
    work_off(merging.MERGE)
    assert theme(where, "fees").merged_into_id is None
    itself = {"target": "help", "revision": str(theme(where, "help").revision)}
    assert browser.post(f"{EDIT}/t/help/merge", itself).status_code == 422


def test_an_import_is_looked_at_before_it_is_done(staff, where):
    browser = staff("product")
    file = '[{"key": "extra", "label": "Extra", "description": "More."}]'
    page = browser.post(f"{EDIT}/import", {"text": file, "do": "preview"})
    assert "Extra" in page.text
    state = re.search(r'name="state" value="(\w+)"', page.text).group(1)
    done = browser.post(
        f"{EDIT}/import", {"text": file, "do": "import", "state": state}, follow_redirects=True
    )
    assert theme(where, "extra").label["en"] == "Extra"
    assert "Imported" in done.text
    wrong = browser.post(f"{EDIT}/import", {"text": "key,label\na,\n", "do": "preview"})
    assert wrong.status_code == 422
    assert "Row 2, Name" in wrong.text


def test_an_export_is_a_file(staff, where):
    answer = staff("product").get(f"{EDIT}/export.csv")
    assert "attachment" in answer.headers["Content-Disposition"]
    assert "late fee" in answer.text
    assert staff("product").get(f"{EDIT}/export.exe").status_code == 404


def test_packs_are_offered_with_what_they_would_add(staff, where):
    browser = staff("product")
    before = browser.get(f"{EDIT}/packs").text
    assert "18 themes would be added" in before  # b2b_saas
    assert "17 themes would be added" in before  # finance, without the fees that are there
    assert f'action="{EDIT}/packs/hospitality"' in before
    browser.post(f"{EDIT}/packs/hospitality")
    assert theme(where, "breakfast").pack == "hospitality"
    after = browser.get(f"{EDIT}/packs").text
    assert f'action="{EDIT}/packs/hospitality"' not in after
    assert "You have all of them" in after


@pytest.mark.parametrize("name", starter_pack_names())
def test_each_pack_is_called_by_a_name_and_not_by_its_key(staff, where, name):
    page = staff("product").get(f"{EDIT}/packs").text
    assert f"{EDIT}/packs/{name}" in page
    assert not re.search(rf">\s*{name}\s*<", page)


# --- trying a comment -------------------------------------------------------------------


def given(tried: trying.Tried) -> dict[str, str | None]:
    return {each.key: each.source for each in tried.themes if each.source}


def test_without_a_model_the_box_shows_rules_redaction_and_clauses(where):
    text = "I paid a late fee, but mail me at me@example.com."
    tried = trying.try_comment(where, text)
    assert not tried.has_model
    assert given(tried) == {"fees": "rule"}
    assert "me@example.com" not in tried.redacted
    assert len(tried.clauses) == 2


def test_with_a_model_it_shows_probabilities_thresholds_and_deciding_words(
    staff, where, drain_outbox
):
    service.change_theme(
        where, "help", Draft(label={"en": "Help desk", "ja": "サポート"}, description={
            "en": "How fast and kindly the help desk answers.", "ja": "問い合わせへの対応。"}),
        revision=1, user_id=None, now=utcnow(),
    )  # fmt: skip
    drain_outbox()
    tried = trying.try_comment(where, "The help desk never answers. I am joking about a late fee.")
    found = {each.key: each for each in tried.themes}
    assert tried.has_model
    assert 0 < found["help"].threshold < 1
    assert 0 < found["help"].probability < 1
    assert found["help"].words
    assert found["fees"].source is None
    assert found["fees"].exclusions == ("joking",)
    page = staff("product").post(f"{EDIT}/try", {"comment": "延滞料を取られました。"})
    assert "rule: 延滞料" in page.text


def test_a_draft_is_tried_before_it_is_saved_and_nothing_is_stored(staff, where, digest_of_tables):
    draft = Draft(label={"en": "Fees", "ja": ""}, rules={"en": ("parrot",), "ja": ()})
    tried = trying.try_comment(where, "A parrot took a late fee.", key="fees", draft=draft)
    assert given(tried) == {"fees": "rule"}
    assert tried.changes == ()
    tried = trying.try_comment(where, "A late fee.", key="fees", draft=draft)
    assert [(change.key, change.is_added) for change in tried.changes] == [("fees", False)]
    tried = trying.try_comment(where, "A parrot.", draft=draft)
    assert [change.is_added for change in tried.changes] == [True]
    browser = staff("product")
    before = digest_of_tables("user_session")
    fields = form("Fees", revision="1", rules_en="parrot", do="try", comment="A parrot.")
    page = browser.post(f"{EDIT}/t/fees", fields)
    assert "would be given" in page.text
    assert ">\nparrot</textarea>" in page.text
    assert digest_of_tables("user_session") == before
    assert browser.post(f"{EDIT}/t/fees", fields | {"comment": " "}).status_code == 422


# --- splitting --------------------------------------------------------------------------

DELIVERY = [
    "The parcel arrived four days late.",
    "The courier never called and left the parcel in the rain.",
    "My parcel went to the wrong address.",
    "Waiting for the courier all day, again no parcel.",
    "The parcel was crushed when the courier brought it.",
    "Delivery by the courier took two weeks.",
    "No parcel, no courier, no message.",
    "The courier was friendly but the parcel came too late.",
]
INVOICE = [
    "The invoice was charged twice to my card.",
    "Your invoice lists a fee that nobody agreed to.",
    "My card was charged although the invoice was cancelled.",
    "The amount on the invoice is wrong.",
    "I asked for an invoice with our tax number.",
    "Charged my card without sending an invoice.",
    "The invoice shows last year's price.",
    "Two invoices for one order, both charged.",
]


def test_groups_are_proposed_and_become_themes_whose_examples_are_labels(staff, api, where):
    api.survey()
    fees = theme(where, "fees").id
    for text in (*DELIVERY, *INVOICE):
        response_id = UUID(api.respond(score=3, comment=text).json["id"])
        read(where, response_id)
        say(where, response_id, fees)
    browser = staff("product")
    page = browser.get(f"{EDIT}/t/fees/split").text
    assert "parcel" in page
    assert "invoice" in page
    sent = {
        name: value.replace("&#10;", "\n")
        for name, value in re.findall(r'name="([\w-]+)" value="([^"]*)"', page)
        if name.startswith(("examples-", "terms_", "groups", "revision"))
    }
    first_is_delivery = "parcel" in sent["terms_en-0"] or "courier" in sent["terms_en-0"]
    names = ("Parcels", "Bills") if first_is_delivery else ("Bills", "Parcels")
    sent |= {"to-0": "1", "to-1": "2", "label_en-1": names[0], "label_en-2": names[1]}
    unnamed = browser.post(f"{EDIT}/t/fees/split", sent | {"label_en-2": ""})
    assert unnamed.status_code == 422
    assert 'value="' + names[0] in unnamed.text
    page = browser.post(f"{EDIT}/t/fees/split", sent, follow_redirects=True).text
    parcels = theme(where, "parcels")
    assert parcels.parent_id == fees
    found = api.get("/api/v1/themes/parcels/responses").json["items"]
    assert {each["comment"] for each in found} <= set(DELIVERY)
    assert len(found) >= 6
    assert {t["source"] for each in found for t in each["themes"] if t["key"] == "parcels"} == {
        "person"
    }
    browser.post(undo_address(page))
    assert theme(where, "parcels").archived_at is not None


def test_too_few_comments_are_not_split(staff, where):
    assert "No groups to see yet" in staff("product").get(f"{EDIT}/t/fees/split").text
