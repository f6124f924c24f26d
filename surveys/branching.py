"""Where a survey goes on after each question, and what is wrong with such a plan.

Questions are asked in their order. A question may have branches: the first one whose condition
holds says what comes next, otherwise it is the following question. A condition looks at the
answer to this or an earlier question:

================ =============================================== =========================
op               holds where the answer                          value
================ =============================================== =========================
``category``     to the primary scale is of this category        a category
``one_of``       is one of these, or has one of these            keys of options, or [true]
``at_least``     is that number or more                          a point of the scale
``at_most``      is that number or less                          a point of the scale
``answered``     is there                                        none
``not_answered`` is not there                                    none
================ =============================================== =========================

Answers to questions that were passed by count as not there: `path` looks only at what it came by.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from surveys.questions import Branch, Question, scale_of
from surveys.scoring import categories, category_of

OPS = ("category", "one_of", "at_least", "at_most", "answered", "not_answered")
END = "end"


@dataclass(frozen=True, slots=True)
class Way:
    """From a question to another one or to the end. branch: None where no condition holds."""

    to: str
    branch: Branch | None = None


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with the branches of a survey.

    code: ``loop`` (a way leads from `question` to `to`, and from there back to it),
    ``backwards`` (a way leads to an earlier question, but never round), ``unreachable`` (nothing
    leads to `question`), ``primary_missed`` (one can get from the start to the end without
    `question`, the primary scale; `to` is the question after which it is passed by, if any).
    """

    code: str
    question: str
    to: str | None = None


def holds(
    branch: Branch, answers: Mapping[str, object], *, primary: str, kind: str
) -> bool:  # fmt: skip
    """Whether a branch is taken, given the answers by question key.

    primary, kind: the key of the primary scale and the kind of the survey.

    >>> low = Branch("score", "category", "detractor", "why")
    >>> [holds(low, {"score": n}, primary="score", kind="nps") for n in (3, 9)]
    [True, False]
    >>> holds(low, {}, primary="score", kind="nps")
    False
    """
    answer = answers.get(branch.question)
    if branch.op in ("answered", "not_answered"):
        return (answer is None) == (branch.op == "not_answered")
    if answer is None:
        return False
    if branch.op == "one_of":
        wanted = branch.value if isinstance(branch.value, tuple) else ()
        given = answer if isinstance(answer, list | tuple) else (answer,)
        return any(each == one and type(each) is type(one) for each in given for one in wanted)
    if isinstance(answer, bool) or not isinstance(answer, int):
        return False
    if branch.op == "category":
        return branch.question == primary and category_of(kind, answer) == branch.value
    assert isinstance(branch.value, int)
    return answer >= branch.value if branch.op == "at_least" else answer <= branch.value


def next_question(
    questions: Sequence[Question], key: str, answers: Mapping[str, object], *, kind: str
) -> str | None:
    """The key of what is asked after a question, or None at the end.

    Raises ValueError for a key that no question has.
    """
    at = _place(questions, key)
    primary = _primary(questions, kind)
    for branch in questions[at].branches:
        if holds(branch, answers, primary=primary, kind=kind):
            return None if branch.to == END else branch.to
    return questions[at + 1].key if at + 1 < len(questions) else None


def path(questions: Sequence[Question], answers: Mapping[str, object], *, kind: str) -> list[str]:
    """The keys of the questions that somebody with these answers is asked, in their order.

    Only answers on the way are looked at. No question comes twice: where a loop would begin,
    the path ends.

    >>> ask = lambda key, *branches: Question(
    ...     key, "nps" if key == "score" else "text", {"en": "?"}, branches=branches)
    >>> plan = [ask("score", Branch("score", "at_least", 9, "praise")), ask("why"), ask("praise")]
    >>> path(plan, {"score": 10}, kind="nps"), path(plan, {"score": 3}, kind="nps")
    (['score', 'praise'], ['score', 'why', 'praise'])
    """
    taken: list[str] = []
    known: dict[str, object] = {}
    key: str | None = questions[0].key if questions else None
    while key is not None and key not in taken:
        taken.append(key)
        if key in answers:
            known[key] = answers[key]
        key = next_question(questions, key, known, kind=kind)
    return taken


def pages(
    questions: Sequence[Question], answers: Mapping[str, object], *, kind: str
) -> list[list[str]]:
    """The path in parts that can be shown at once: nothing on a page depends on an answer of it.

    A page ends with a question that has branches, and with the primary scale, so that a score is
    kept before anything else is asked.

    >>> ask = lambda key, kind="text": Question(key, kind, {"en": "?"})
    >>> pages([ask("hello"), ask("score", "nps"), ask("a"), ask("b")], {}, kind="nps")
    [['hello', 'score'], ['a', 'b']]
    """
    by_key = {question.key: question for question in questions}
    found: list[list[str]] = [[]]
    for key in path(questions, answers, kind=kind):
        found[-1].append(key)
        if by_key[key].branches or by_key[key].kind == kind:
            found.append([])
    return [page for page in found if page]


def ways(questions: Sequence[Question], *, kind: str) -> dict[str, tuple[Way, ...]]:
    """Question key → where it may lead, in the order in which that is decided.

    The following question is left out where the branches provide for every answer.
    """
    found = {}
    for at, question in enumerate(questions):
        after = questions[at + 1].key if at + 1 < len(questions) else END
        out = [Way(branch.to, branch) for branch in question.branches]
        if not _provides_for_all(question, questions, kind):
            out.append(Way(after))
        found[question.key] = tuple(out)
    return found


def reachable(questions: Sequence[Question], *, kind: str) -> set[str]:
    """The keys of the questions that some answers may lead to."""
    if not questions:
        return set()
    return _from(questions[0].key, ways(questions, kind=kind)) - {END}


def flaws(questions: Sequence[Question], *, kind: str) -> list[Flaw]:
    """What is wrong with the branches; empty for questions without any.

    A way counts as possible unless the branches before it provide for every answer, so that a
    primary scale may be called missed on a path that no answers lead along.
    """
    out = ways(questions, kind=kind)
    found = list(_backwards(questions, out))
    seen = reachable(questions, kind=kind)
    found += [Flaw("unreachable", each.key) for each in questions if each.key not in seen]
    primary = _primary(questions, kind)
    missed = _passes_by(questions, out, primary)
    if missed is not None:
        found.append(Flaw("primary_missed", primary, missed))
    return found


def _backwards(questions: Sequence[Question], out: Mapping[str, Sequence[Way]]) -> Iterator[Flaw]:
    place = {question.key: at for at, question in enumerate(questions)}
    for question in questions:
        for to in dict.fromkeys(way.to for way in out[question.key]):
            if to != END and place[to] <= place[question.key]:
                code = "loop" if question.key in _from(to, out) else "backwards"
                yield Flaw(code, question.key, to)


def _passes_by(
    questions: Sequence[Question], out: Mapping[str, Sequence[Way]], primary: str
) -> str | None:
    """The last question before the primary scale from which the end is reached without it."""
    without = {key: tuple(w for w in found if w.to != primary) for key, found in out.items()}
    start = questions[0].key
    if start == primary or END not in _from(start, without):
        return None
    place = {question.key: at for at, question in enumerate(questions)}
    before = [
        key
        for key in _from(start, without) - {END}
        if place[key] < place[primary]
        and any(way.to == END or place[way.to] > place[primary] for way in without[key])
    ]
    return max(before, key=lambda key: place[key], default=start)


def _from(start: str, out: Mapping[str, Sequence[Way]]) -> set[str]:
    """What can be got to from a question, itself included."""
    seen, waiting = {start}, [start]
    while waiting:
        for way in out.get(waiting.pop(), ()):
            if way.to not in seen:
                seen.add(way.to)
                waiting.append(way.to)
    return seen


def _provides_for_all(question: Question, questions: Sequence[Question], kind: str) -> bool:
    """Whether one of the branches holds whatever was answered."""
    by_key = {each.key: each for each in questions}
    for asked in {branch.question for branch in question.branches}:
        looked_at = by_key.get(asked)
        if looked_at is None:
            continue
        mine = [branch for branch in question.branches if branch.question == asked]
        ops = {branch.op for branch in mine}
        must = looked_at.required and looked_at.key == question.key
        if "not_answered" in ops and (looked_at.kind == "statement" or "answered" in ops):
            return True
        if (must or "not_answered" in ops) and _covers(looked_at, mine, kind):
            return True
    return False


def _covers(question: Question, branches: Sequence[Branch], kind: str) -> bool:
    """Whether a branch holds for every answer that may be given."""
    if any(branch.op == "answered" for branch in branches):
        return True
    if question.kind == "choice":
        named = {key for b in branches if isinstance(b.value, tuple) for key in b.value}
        return named >= {option.key for option in question.options}
    scale = scale_of(question.kind)
    return scale is not None and all(
        any(holds(b, {question.key: point}, primary=question.key, kind=kind) for b in branches)
        for point in scale
        if question.kind == kind or not any(b.op == "category" for b in branches)
    )


def conditions_of(question: Question, *, kind: str) -> tuple[str, ...]:
    """The ops that can look at the answer to a question of a survey of this kind."""
    if question.kind == "statement":
        return ("not_answered",)
    found = ["category"] if question.kind == kind and categories(kind) else []
    if question.kind in ("choice", "multiple", "consent"):
        found.append("one_of")
    if scale_of(question.kind) is not None:
        found += ["at_least", "at_most"]
    return (*found, "answered", "not_answered")


def _place(questions: Sequence[Question], key: str) -> int:
    for at, question in enumerate(questions):
        if question.key == key:
            return at
    raise ValueError(f"key: no question has {key!r}")


def _primary(questions: Sequence[Question], kind: str) -> str:
    return next((question.key for question in questions if question.kind == kind), "")
