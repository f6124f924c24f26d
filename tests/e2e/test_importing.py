"""An administrator brings a file as Japanese Excel writes it, looks at what it would do, and
imports it; the page follows the work by itself."""

from __future__ import annotations

from typing import Any

import pytest

from vocapp import outbox
from vocapp.connecting.importing.keeping import FILE_IMPORT
from vocapp.database import utcnow

pytestmark = pytest.mark.e2e

WORDS = {
    "en": {
        "import": "Import a file", "check": "Check the file", "begin": "Import 2,000 rows",
        "checking": "Being checked", "done": "2,000 rows were imported",
        "refused": "Refused rows as CSV",
        "reason": "プラン: has more than 100 characters", "unknown": "社員数",
    },
    "ja": {
        "import": "ファイルを取り込む", "check": "ファイルを確認", "begin": "2,000行を取り込む",
        "checking": "確認中", "done": "2,000行を取り込みました",
        "refused": "取り込めない行の CSV",
        "reason": "プラン：100文字を超えています", "unknown": "社員数",
    },
}  # fmt: skip
FILE = (
    "企業ID,会社名,プラン,社員数\r\n"
    + "".join(f"c{n},株式会社{n},pro,{n}\r\n" for n in range(2000))
    + f"last,最後,{'x' * 101},1\r\n"
).encode("cp932")


def _work() -> None:
    while outbox.work_off(FILE_IMPORT, now=utcnow()):
        pass


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_file_of_thousands_is_checked_and_imported(
    signed_in: Any, violations: Any, picture: Any, language: str
) -> None:
    words, page = WORDS[language], signed_in("admin", language)
    page.goto(f"{page.url}accounts")
    page.get_by_role("link", name=words["import"]).click()
    assert page.locator("[name=kind][value=accounts]").is_checked()
    assert violations(page) == []
    page.locator("[name=file]").set_input_files(
        {"name": "顧客.csv", "mimeType": "text/csv", "buffer": FILE}
    )
    page.get_by_role("button", name=words["check"]).click()
    page.get_by_text(words["checking"]).first.wait_for()
    assert violations(page) == []
    _work()
    begin = page.get_by_role("button", name=words["begin"])
    begin.wait_for()  # without anybody loading the page anew
    assert words["unknown"] in page.locator("#columns .banner").inner_text()
    assert words["reason"] in page.locator("#refused").inner_text()
    assert violations(page) == []
    picture(page, f"import-checked-{language}")
    begin.click()
    page.locator("progress").wait_for()
    _work()
    page.get_by_text(words["done"]).wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name=words["refused"]).click()
    assert "最後" in download.value.path().read_text(encoding="utf-8-sig")
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 780})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
