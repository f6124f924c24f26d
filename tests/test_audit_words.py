"""Whatever the source writes into the audit log has words there, in both languages."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import vocapp
from tests.audit_reading import Source
from vocapp.database import transaction, utcnow
from vocapp.workspaces.audit_log import words_of
from vocapp.workspaces.models import Workspace
from vocapp.workspaces.service import audit

PRODUCT = Path(vocapp.__file__).parent
WRITTEN, UNREAD = Source.below(PRODUCT).written()


def words_in(layer: str) -> dict[str, object]:
    """Those that a layer gives, in its `audit_words.py`."""
    if not (PRODUCT / layer / "audit_words.py").exists():
        return {}
    return dict(import_module(f"vocapp.{layer}.audit_words").WORDS)


def test_every_action_that_is_written_can_be_read_in_the_source():
    assert UNREAD == []
    assert len(set().union(*WRITTEN.values())) > 100  # the reading reads


@pytest.mark.parametrize(
    "layer", sorted({*WRITTEN, *(each.parent.name for each in PRODUCT.glob("*/audit_words.py"))})
)
def test_a_layer_has_words_for_the_actions_that_it_writes_and_for_no_others(layer):
    written, said = WRITTEN.get(layer, set()), set(words_in(layer))
    assert sorted(written - said) == [], f"add them to vocapp/{layer}/audit_words.py"
    assert sorted(said - written) == [], f"nothing writes them: vocapp/{layer}/audit_words.py"


def test_the_words_of_every_layer_reach_the_page(app):
    with app.test_request_context():
        silent = [each for each in set().union(*WRITTEN.values()) if not words_of(each)]
    assert silent == []


def test_different_actions_are_called_differently():
    said = [str(each) for layer in WRITTEN for each in words_in(layer).values()]
    assert len(said) == len(set(said))


def test_the_page_shows_words_in_the_language_of_who_reads_and_else_the_name(staff, workspace):
    admin = staff("admin")
    with transaction() as session:
        for action in ("campaign.switch_on", "of.another_version"):
            audit(session, workspace.workspace_id, action, now=utcnow())
    page = admin.get("/settings/audit").text
    assert "switched a campaign on" in page
    assert "campaign.switch_on" not in page
    assert "<code>of.another_version</code>" in page
    admin.post("/language", {"language": "ja", "next": "/"})
    assert "キャンペーンを開始" in admin.get("/settings/audit").text


def test_what_is_noted_beside_it_is_called_as_forms_call_it_and_else_by_its_key(staff, workspace):
    admin = staff("admin")
    with transaction() as session:
        audit(
            session, workspace.workspace_id, "workspace.changed", now=utcnow(),
            subject=session.get_one(Workspace, workspace.workspace_id),
            detail={"fields": ["name", "of_another_version"], "user_id": None, "odd": "<b>"},
        )  # fmt: skip
    page = admin.get("/settings/audit").text
    assert f"Workspace {workspace.workspace_id}" in page
    assert "<div>Changed: Name, of_another_version</div><div>User: –</div>" in page
    assert "<div>odd: &lt;b&gt;</div>" in page
    admin.post("/language", {"language": "ja", "next": "/"})
    assert "ワークスペース" in admin.get("/settings/audit").text


# --- the reading itself -------------------------------------------------------------------

_IMPORT = "from vocapp.workspaces.service import audit\n"


def read(text: str, **others: str) -> tuple[set[str], list[str]]:
    source = Source({"vocapp.here.service": _IMPORT + text} | others)
    written, unread = source.written()
    return written.get("here", set()), unread


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(s, w): audit(s, w, 'a.done', now=1)", {"a.done"}),
        ("def f(s, w): audit(s, w, action='a.done', now=1)", {"a.done"}),
        ("def f(s, w, x): audit(s, w, 'a.on' if x else 'a.off')", {"a.on", "a.off"}),
        ("def f(s, w, x): audit(s, w, f\"a.{'on' if x else 'off'}\")", {"a.on", "a.off"}),
        ("def f(s, w, x):\n  a = 'a.on' if x else 'a.off'\n  audit(s, w, a)", {"a.on", "a.off"}),
        ("DONE = 'a.done'\ndef f(s, w): audit(s, w, DONE)", {"a.done"}),
        ("_OF = {1: 'a.on', 2: 'a.off'}\ndef f(s, w, x): audit(s, w, _OF[x])", {"a.on", "a.off"}),
        ("def f(s, w, x: Literal['on', 'off']): audit(s, w, f'a.{x}')", {"a.on", "a.off"}),
        (
            "def _n(s, x): audit(s, 1, x)\ndef f(s): _n(s, 'a.on')\ndef g(s): _n(s, x='a.off')",
            {"a.on", "a.off"},
        ),
        ("def _n(s, x='a.on'): audit(s, s.w, x)\ndef f(s): _n(s)", {"a.on"}),
        ("class _W:\n  def put(self, x): audit(1, 2, f'a.{x}')\n_W(s).put('on')", {"a.on"}),
        ("def f(s, w):\n  def g(): audit(s, w, 'a.done')\n  g()", {"a.done"}),
    ],
)  # fmt: skip
def test_an_action_is_found_however_it_is_handed_over(text, expected):
    assert read(text) == (expected, [])


def test_an_action_is_found_across_the_modules_of_a_layer_and_under_another_name():
    writer = f"{_IMPORT}class Writer:\n  def done(self, x): audit(1, 2, x)"
    found, unread = read(
        "from vocapp.here.names import SENT\ndef f(w): w.done(SENT)\ndef g(w): w.done('a.seen')",
        **{"vocapp.here.names": "SENT = 'a.sent'", "vocapp.here.writing": writer},
    )
    assert (found, unread) == ({"a.sent", "a.seen"}, [])
    renamed = "from vocapp.workspaces.service import audit as note\ndef f(s): note(s, 1, 'a.done')"
    assert read(renamed) == ({"a.done"}, [])
    assert read(
        "from vocapp.workspaces import service\ndef f(s): service.audit(s, 1, 'a.done')"
    ) == (
        {"a.done"},
        [],
    )


@pytest.mark.parametrize(
    "text",
    [
        "def f(s, w, row): audit(s, w, row.state)",
        "def f(s, w, row): audit(s, w, 'a.' + row.state)",
        "def f(s, w, x): audit(s, w, x)",  # nobody calls it
        "def f(s, w, **more): audit(s, w, **more)",
        "def f(*of): audit(*of)",
        "note = partial(audit, actor='api')",
        "def f(s, w): s.add(AuditEntry(workspace_id=w, action=s.what))",
    ],
)
def test_what_cannot_be_read_is_told(text):
    found, unread = read(text)
    assert found == set()
    assert len(unread) == 1
