"""Surveys from LimeSurvey: what an exported structure (`.lss`) holds.

The file is XML with a section for each table, its rows below `rows`. Up to version 3 the texts
stand in the rows of `questions`, `subquestions` and `answers`, one row a language; from version 4
on in sections of their own (`question_l10ns`, `answer_l10ns`, `group_l10ns`). Types of questions:
manual.limesurvey.org, "Question object types".
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from surveys.definitions import MAX_LANGUAGES
from surveys.imported_survey import (
    ForeignQuestion,
    Imported,
    LeftOut,
    NoSurvey,
    Texts,
    fitted,
    kind_of_points,
    plain,
)
from surveys.languages import is_language_tag
from surveys.safe_xml import BadXml, Element, read_xml

Row = Mapping[str, str]

_TEXT = {"S", "T", "U"}
_LIST = {"L", "!", "O"}
_THEIR_NAMES = {
    "1": "array dual scale", "5": "5 point choice", "A": "array (5 point choice)",
    "B": "array (10 point choice)", "C": "array (yes/no/uncertain)", "D": "date", "E":
    "array (increase/same/decrease)", "F": "array", "G": "gender", "H": "array by column",
    "I": "language switch", "K": "multiple numerical input", "N": "numerical input",
    "Q": "multiple short text", "|": "file upload", "*": "equation",
    ":": "array (numbers)", ";": "array (texts)",
}  # fmt: skip
_BOUNDS = {"min_answers": "min_choices", "max_answers": "max_choices",
           "maximum_chars": "max_chars"}  # fmt: skip
# Regular expressions that say what a pattern of ours does. Others are not taken: with one that
# backtracks, a respondent could keep the server busy.
_PATTERNS = {
    **dict.fromkeys((r"\d+", "[0-9]+", r"-?\d+", r"\d+(\.\d+)?"), "number"),
    **dict.fromkeys((r"\d{3}-?\d{4}", r"\d{3}-\d{4}", "[0-9]{3}-?[0-9]{4}", "[0-9]{3}-[0-9]{4}"),
                    "postcode_jp"),
}  # fmt: skip
_YES_NO: list[tuple[str, Texts]] = [
    ("Y", {"en": "Yes", "ja": "はい"}),
    ("N", {"en": "No", "ja": "いいえ"}),
]


def read_lss(document: bytes) -> Imported:
    """The survey in a file. Raises NoSurvey for what is none, or holds nothing to be taken."""
    try:
        root = read_xml(document)
    except BadXml as exc:
        raise NoSurvey(str(exc)) from exc
    if root.name != "document" or root.text("LimeSurveyDocType").strip() != "Survey":
        raise NoSurvey("expected the structure of a LimeSurvey survey (.lss)")
    return _Reader(root).survey()


class _Reader:
    def __init__(self, root: Element) -> None:
        self.root = root
        self.left_out: list[LeftOut] = []
        self.languages = self._languages()
        self.texts = self._by_language("question_l10ns", "questions", "qid", "question")
        self.texts |= self._by_language("question_l10ns", "subquestions", "qid", "question")
        self.labels = self._labels()
        self.conditional = {row.get("qid") for row in self.rows("conditions")}
        self.attributes: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.rows("question_attributes"):
            self.attributes[row.get("qid", "")][row.get("attribute", "")] = row.get("value", "")
        self.subquestions: dict[str, list[Row]] = defaultdict(list)
        for row in self._once((*self.rows("subquestions"), *self.rows("questions")), "qid"):
            if row.get("parent_qid", "0") not in {"", "0"}:
                self.subquestions[row["parent_qid"]].append(row)

    def rows(self, section: str) -> list[Row]:
        """The rows of a table: column → value."""
        return [
            {cell.name: cell.text() for cell in row}
            for row in self.root.all(section, "rows", "row")
        ]

    def _languages(self) -> list[str]:
        survey = next(iter(self.rows("surveys")), {})
        listed = [each.text().strip() for each in self.root.all("languages", "language")]
        main = survey.get("language", "").strip()
        tags = dict.fromkeys(tag for tag in (main, *listed) if tag)
        fit = [tag for tag in tags if is_language_tag(tag)]
        if not fit:
            raise NoSurvey("it names no language")
        for tag in [*(tag for tag in tags if tag not in fit), *fit[MAX_LANGUAGES:]]:
            self.left_out.append(LeftOut(tag, "languages"))
        return fit[:MAX_LANGUAGES]

    def _by_language(self, own: str, older: str, key: str, column: str) -> dict[str, Texts]:
        """Id → language → text, from the section of texts or, in older files, the table itself."""
        found: dict[str, Texts] = defaultdict(dict)
        for row in (*self.rows(older), *self.rows(own)):
            if row.get(column):
                language = row.get("language") or self.languages[0]
                found[row.get(key, "")][language] = row[column]
        return found

    def _labels(self) -> dict[str, list[tuple[str, Texts]]]:
        """Question → its answers in their order: (code, label by language)."""
        own = self._by_language("answer_l10ns", "", "aid", "answer")
        places: dict[tuple[str, str], tuple[int, Texts]] = {}
        for row in self.rows("answers"):
            if row.get("scale_id", "0") not in {"", "0"}:
                continue
            at = (row.get("qid", ""), row.get("code", ""))
            _place, label = places.setdefault(at, (_number(row.get("sortorder")), {}))
            label.update(own.get(row.get("aid", ""), {}))
            if row.get("answer"):
                label[row.get("language") or self.languages[0]] = row["answer"]
        found: dict[str, list[tuple[str, Texts]]] = defaultdict(list)
        for (qid, code), (_place, label) in sorted(places.items(), key=lambda each: each[1][0]):
            found[qid].append((code, label))
        return found

    def survey(self) -> Imported:
        groups = {
            row.get("gid", ""): (_number(row.get("group_order")), row.get("grelevance", "1"))
            for row in self.rows("groups")
        }
        asked = [
            row
            for row in self._once(self.rows("questions"), "qid")
            if row.get("parent_qid", "0") in {"", "0"}
        ]
        asked.sort(
            key=lambda row: (
                groups.get(row.get("gid", ""), (0, ""))[0],
                _number(row.get("question_order")),
            )
        )
        questions = [self._question(row) for row in asked]
        for gid, (_place, relevance) in groups.items():
            if relevance.strip() not in {"", "1"}:
                self.left_out.append(LeftOut(f"group {gid}", "logic"))
        return fitted(self._title(), self.languages, questions, self.left_out)

    def _once(self, rows: Iterable[Row], key: str) -> list[Row]:
        """The first row of each id: older files have one for each language."""
        found: dict[str, Row] = {}
        for row in rows:
            found.setdefault(row.get(key, ""), row)
        return list(found.values())

    def _title(self) -> str:
        settings = self.rows("surveys_languagesettings")
        mine = (row for row in settings if row.get("surveyls_language") == self.languages[0])
        return next(mine, next(iter(settings), {})).get("surveyls_title", "")

    def _question(self, row: Row) -> ForeignQuestion:
        name, qid, their = row.get("title", ""), row.get("qid", ""), row.get("type", "")
        if row.get("relevance", "1").strip() not in {"", "1"} or qid in self.conditional:
            self.left_out.append(LeftOut(name, "logic"))
        if row.get("other") == "Y":
            self.left_out.append(LeftOut(name, "other_option"))
        question = ForeignQuestion(
            name=name, kind="", text=dict(self.texts.get(qid, {})),
            required=row.get("mandatory") == "Y", their=_THEIR_NAMES.get(their, their),
        )  # fmt: skip
        if their in _TEXT:
            question.kind = "text"
        elif their in _LIST:
            self._as_list(question, self.labels.get(qid, []))
            if their == "O":
                self.left_out.append(LeftOut(name, "kind", "comment beside a list"))
        elif their == "5":
            question.kind = "csat"
        elif their == "Y":
            question.kind, question.options = "choice", self._in_languages(_YES_NO)
        elif their == "X":
            question.kind = "statement"
        elif their == "R":
            question.kind, question.options = "ranking", self.labels.get(qid, [])
        elif their in {"M", "P"}:
            question.kind = "multiple"
            question.options = [
                (each.get("title", ""), dict(self.texts.get(each.get("qid", ""), {})))
                for each in sorted(
                    self.subquestions[qid], key=lambda each: _number(each.get("question_order"))
                )
            ]
        self._as_validation(question, qid, row.get("preg", "").strip())
        return question

    def _as_validation(self, question: ForeignQuestion, qid: str, preg: str) -> None:
        """How much is asked for: whole numbers are taken, expressions are not."""
        if not question.kind:
            return
        for theirs, ours in _BOUNDS.items():
            said = self.attributes[qid].get(theirs, "").strip()
            if number := _number(said):
                question.validation[ours] = number
            elif said not in {"", "0"}:
                self.left_out.append(LeftOut(question.name, "validation", said[:200]))
        pattern = _PATTERNS.get(preg.strip("/").removeprefix("^").removesuffix("$"))
        if pattern and question.kind == "text":
            question.validation["pattern"] = pattern
        elif preg:
            self.left_out.append(LeftOut(question.name, "validation", preg[:200]))

    def _as_list(self, question: ForeignQuestion, answers: list[tuple[str, Texts]]) -> None:
        """A list of the points of a scale is that scale, its first and last label are the ends."""
        main = self.languages[0]
        codes = [code for code, _label in answers]
        numbers = [_leading_number(plain(label.get(main, ""))) for _code, label in answers]
        question.kind = kind_of_points(codes)
        if question.kind == "choice":
            question.kind = kind_of_points(numbers)
        if question.kind == "choice":
            question.options = answers
            return
        question.low_label, question.high_label = (
            {tag: _without_number(plain(text)) for tag, text in answers[at][1].items()}
            for at in (0, -1)
        )

    def _in_languages(self, options: list[tuple[str, Texts]]) -> list[tuple[str, Texts]]:
        return [
            (code, {tag: label.get(tag.split("-")[0], label["en"]) for tag in self.languages})
            for code, label in options
        ]


def _number(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,9}", text.strip()) else 0


def _leading_number(label: str) -> str:
    found = re.match(r"\d+", label)
    return found[0] if found else ""


def _without_number(label: str) -> str:
    """The words of a point: "0 - Not at all" is "Not at all"."""
    return re.sub(r"^\d+\s*[-–:=.)]?\s*", "", label)
