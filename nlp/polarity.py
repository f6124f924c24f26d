"""Opinions in one clause: lexicon terms, turned and scaled by the words around them.

Both languages work alike: find the longest terms; let what stands around them turn, scale or
silence them; add what a wish says. English negates before the word, Japanese after it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from nlp.lexicon import Lexicon, Terms, Word, lexicon

# A negated praise blames nearly as much; a negated blame praises only a little ("not bad").
_TURNED_PRAISE = -0.75
_TURNED_BLAME = -0.65
_RAGE = -0.85  # turned only from close by: "not terrible", but "never buy this garbage"
_RELIEF = -0.8  # blame that has been taken away: "fewer errors", 手間が減った
_BETTER = -0.5  # "should be faster" says that it is slow
_PRAISE_IN_A_WISH = 0.1  # "would be nice" praises nothing
_IN_A_QUESTION = 0.4
_COMPLAINING_QUESTION = -0.35  # "why can't we pay by transfer?"
_SHOUTED = 1.25


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found in words[start:end], with the weight it has by itself."""

    start: int
    end: int
    weight: float
    term: str


class Heard(NamedTuple):
    """Signed weights of the opinions in a clause, and whether it wishes for something or asks."""

    weights: list[float]
    wishes: bool
    asks: bool


def heard(words: Sequence[Word], text: str, *, language: str) -> Heard:
    """All opinions in a clause; no weights where it holds none.

    text: the clause, normalised and in lower case. language: ``en`` or ``ja``. A wish for
    something new blames nobody; one for something better does.
    """
    reader = _japanese if language == "ja" else _english
    found = [weight for weight in reader(words, text) if weight]
    wish = _JAPANESE_WISH if language == "ja" else _ENGLISH_WISH
    asks = bool(_QUESTION[language].search(text[-_TAIL:]))
    if wish.search(text):
        found = [w if w < 0 else w * _PRAISE_IN_A_WISH for w in found]
        better = [_BETTER] if _FOR_BETTER[language].search(text) else []
        return Heard([*better, *found], True, asks)
    if not asks:
        return Heard(found, False, False)
    if _COMPLAINING[language].search(text):
        return Heard([_COMPLAINING_QUESTION, *found], False, True)
    return Heard([weight * _IN_A_QUESTION for weight in found], False, True)


_TAIL = 20  # characters: a pattern tied to the end costs squares when it may start anywhere
_QUESTION = {
    "en": re.compile(r"[?]\W*$"),
    "ja": re.compile(r"(?:[?]\W*|(?:です|ます|でしょう|ません|った|の)か[。!?]*)$"),
}
_FOR_BETTER = {
    "en": re.compile(
        r"\b(?:fix|repair|improve|stop|faster|quicker|easier|better|simpler|clearer|cheaper|earlier)\b"
        r"|\b(?:should|could|would) (?:\w+ )?have\b"
    ),
    "ja": re.compile(
        r"もう(?:少し|ちょっと|すこし)|もっと|せめて|いい加減|改善|見直|直し|直る|やめ|止め|早く|速く|"
        r"ちゃんと|きちんと|のに[。!]?$|ほしかった|欲しかった"
    ),
}
_COMPLAINING = {
    "en": re.compile(r"\b(?:why|how come|how can)\b"),
    "ja": re.compile(r"なぜ|何故|どうして|なんで|いつまで"),
}


def _hits(words: Sequence[Word], terms: Terms, *, language: str) -> Iterator[Hit]:
    """The longest terms from left to right, none overlapping."""
    between = "" if language == "ja" else " "
    at = 0
    while at < len(words):
        hit = _longest(words, at, terms, between)
        if hit is None:
            at += 1
        else:
            yield hit
            at = hit.end


def _longest(words: Sequence[Word], at: int, terms: Terms, between: str) -> Hit | None:
    """All words but the last as they stand, the last as it stands or in its dictionary form."""
    weights, beginnings = terms.weights, terms.beginnings
    head, found = "", None
    for end in range(at, len(words)):
        word = words[end]
        term = head + word.surface
        if term in weights:
            found = Hit(at, end + 1, weights[term], term)
        elif (other := head + word.lemma) in weights:
            found = Hit(at, end + 1, weights[other], other)
        head = term + between
        if head not in beginnings:
            break
    return found


# --- English ----------------------------------------------------------------------------------

_ENGLISH_WISH = re.compile(
    r"\b(?:i|we) (?:really )?wish\b|\bif only\b|\bany (?:chance|plans)\b"
    r"|\b(?:please|pls|plz) (?:\w+ )?(?:add|fix|make|let|allow|improve|give|do|offer|stop|bring|"
    r"provide|support|consider|include|change|put|get|send|test|keep my|think)\b"
    r"|\bwould (?:\w+ )?(?:be|have been) (?:\w+ )?(?:nice|great|good|lovely|helpful|handy|useful|"
    r"wonderful|better|easier|perfect|appreciated|awesome)\b"
    r"|\b(?:would|'d) (?:\w+ )?(?:like|love|prefer)\b(?! to (?:thank|say|commend|recommend|use))"
    r"|\bwould (?:help|make|save)\b|\bcould you (?:please )?(?:add|support|make)\b"
    r"|\b(?:should|needs? to|must) (?:really )?(?:be|have) "
    r"(?:able|more|an?|possible|easier|faster)\b"
    r"|\bneeds? (?:more|better|improve\w*|an? )\b|\b(?:we|i) need (?:more|better|an? )\b"
)
_ENGLISH_REACH = 5  # words a negation reaches forward
_BARRIERS = frozenset(
    ("but", "because", "so", "and", "though", "although", "while", "when", "if", "which")
)
_NEVER_NEGATES = frozenset(
    {("not", "only"), ("not", "just"), ("no", "doubt"), ("no", "matter"), ("not", "sure")}
)


def _english(words: Sequence[Word], text: str) -> Iterator[float]:
    book = lexicon("en")
    taken: set[int] = set()
    for hit in _hits(words, book.weights, language="en"):
        taken.update(range(hit.start, hit.end))
        yield _english_weight(words, hit, book)
    for hit in _hits(words, book.negated, language="en"):
        if hit.start not in taken and _negations(words, hit.start, book) % 2:
            taken.update(range(hit.start, hit.end))
            yield hit.weight
    yield from _english_refusals(words, taken)
    if re.search(r"\blow(?:er)? (?:price|cost|fee|latency|effort)|\bhigh(?:ly)? quality", text):
        yield 0.5
    if re.search(r"\b(?:high(?:er)?|steep) (?:price|cost|fee)|\blow quality|\bprice is high", text):
        yield -0.5


_SPEAKERS = frozenset(("i", "we", "you"))
_HARMLESS_AFTER_NO = frozenset(
    ("comment", "comments", "opinion", "idea", "reason", "particular", "one", "time", "need",
     "complaint", "nonsense", "surprise", "surprises", "more", "thanks", "matter", "doubt")
)  # fmt: skip
_HARMLESS_AFTER_CANNOT = frozenset(("be", "say", "judge", "tell", "wait", "remember", "think"))


def _english_refusals(words: Sequence[Word], taken: set[int]) -> Iterator[float]:
    """What does not happen or is not there, in words no lexicon foresees.

    "It can't group by region", "no tablet version", "too steep", "never comes back" are blame;
    "we don't use it" is not, and neither is a negation that turned a term of the lexicon.
    """
    for at, word in enumerate(words[:-1]):
        following = words[at + 1]
        if following.is_punct or any(near in taken for near in range(at, at + 5)):
            continue
        before = [w.surface for w in words[max(0, at - 2) : at]]
        too = word.surface == "too" and "not" not in before
        if too or (word.surface == "no" and following.surface not in _HARMLESS_AFTER_NO):
            yield -0.4
        elif word.surface == "not" and before[-1:] in (["can"], ["could"]):
            if following.surface not in _HARMLESS_AFTER_CANNOT:
                yield -0.45
        elif word.surface in ("not", "never") and not _SPEAKERS.intersection(before) and before:
            yield -0.3


def _english_weight(words: Sequence[Word], hit: Hit, book: Lexicon) -> float:
    weight = hit.weight
    own_negation = hit.term.split(" ")[0] in book.negators
    reach = 2 if weight < _RAGE else _ENGLISH_REACH
    turned = _negations(words, hit.start, book, blame=weight < 0, reach=reach)
    turned = 0 if own_negation else turned
    before = [word.surface for word in words[max(0, hit.start - 2) : hit.start]]
    after = [word.surface for word in words[hit.end : hit.end + 4]]
    if turned % 2:
        return weight * (_TURNED_PRAISE if weight > 0 else _TURNED_BLAME)
    if weight < 0 and any(word.surface in book.reducers for word in _before(words, hit.start)):
        return weight * _RELIEF
    if weight < 0 and any(word in ("fixed", "solved", "resolved", "gone") for word in after):
        return 0.0
    if weight > 0 and before[-1:] in (["less"], ["too"]):
        return weight * _TURNED_PRAISE
    for word in before:
        weight *= book.boosters.get(word, 1.0)
    return weight * _SHOUTED if any(w.shouted for w in words[hit.start : hit.end]) else weight


def _negations(
    words: Sequence[Word],
    at: int,
    book: Lexicon,
    *,
    blame: bool = False,
    reach: int = _ENGLISH_REACH,
) -> int:
    """How many negations reach words[at] from before it.

    Blame is not turned by what cannot be done: "they can't solve my issue".
    """
    near = _before(words, at, reach=reach)
    if blame and any(word.surface in ("can", "could") for word in near):
        return 0
    following = [word.surface for word in (*near, words[at])][1:]
    return sum(
        word.surface in book.negators and (word.surface, after) not in _NEVER_NEGATES
        for word, after in zip(near, following, strict=True)
    )


def _before(words: Sequence[Word], at: int, *, reach: int = _ENGLISH_REACH) -> Sequence[Word]:
    """The words before words[at] that are said in the same breath."""
    start = at
    while start > max(0, at - reach):
        word = words[start - 1]
        if word.is_punct or word.surface in _BARRIERS:
            break
        start -= 1
    return words[start:at]


# --- Japanese ---------------------------------------------------------------------------------

_GLAD = "(?:嬉し|うれし|有難|有り難|あり[が難]|助か|幸い|いいの|いいな|良いの|よいの|最高|なお良)"
_JAPANESE_WISH = re.compile(
    r"[てで](?:ほし|欲し)[いくか]|が(?:ほし|欲し)[いくか]"
    r"|[てで](?:もらい|貰い|いただき|頂き)たい"
    r"|(?<!頑張っ)(?<!がんばっ)(?<!聞い)[しけえいっれせめべ](?:て|で)(?:ください|下さい)(?!ま)"
    r"|[てで](?:いただけ|頂け|もらえ|くれ)(?:ない(?:で|か)|ません(?:で|か)|ますか|れば|たら)"
    r"|[てで](?:いただけ|頂け|もらえ|くれ)ると(?!思)"
    rf"|(?:と|ば|たら|なら)、?(?:もっと|さらに|更に|なお|より|大変|とても|本当に)?{_GLAD}"
    r"|ように(?:なら|なれば|なると|して(?:ほし|くだ|下さ|いただ|頂))"
    r"|もう(?:少し|ちょっと|すこし)|べき(?:だ|です|では)|のですが[。]?$|改善の余地"
    r"|(?:要望|希望)(?:し|です|いた)|(?:改善|対応|検討)(?:を|に)(?:期待|希望|願|お願)|切に願"
    r"|ないでしょうか|ませんでしょうか|(?:なり|でき|られ|なれ)ませんか|[ばれ]いいのに|ばよいのに"
)
_LIGHT_VERBS = frozenset(
    ("する", "ある", "いる", "おる", "なる", "できる", "出来る", "思う", "感じる", "言う", "いう",
     "言える", "いえる", "くださる", "下さる", "くれる", "もらえる", "もらう", "いただける",
     "いただく", "頂く", "頂ける", "ござる", "御座る", "ます", "てる")
)  # fmt: skip
_LIGHT_WORDS = frozenset(
    ("の", "こと", "事", "わけ", "訳", "もの", "ほど", "程", "点", "気", "所", "ところ", "はず",
     "必要", "一度", "一切", "全く", "まったく", "全然", "特に", "とくに")
)  # fmt: skip
_JAPANESE_REACH = 9  # words a negation may stand behind the opinion
# 高い, 低い and their like praise or blame depending on what is high or low.
_GOOD_WHEN_HIGH = re.compile(
    r"品質|精度|性能|評価|満足|信頼|自由度|レベル|操作性|完成度|効果|技術|能力|機能|安定|セキュリティ|"
    r"コスパ|パフォーマンス|質が|質も|質の|効率|頻度|価値|意識|拡張|汎用|柔軟|利便|視認|実用|人気|意欲|"
    r"意見|関心|知識|専門|クオリティ|士気|鮮度|やる気"
)
_BAD_WHEN_MUCH = re.compile(
    r"エラー|不具合|バグ|手間|負担|障害|ミス|クリック|無駄|待ち|トラブル|ストレス|通知|時間|問題|残業|"
    r"工数|支出|経費|作業|リスク|価格|料金|コスト|費用|値段|ハードル|離職|解約|学習|漏れ"
)
_UP = frozenset(("高い", "多い", "長い", "大きい", "上がる", "増える", "増す"))
_DOWN = frozenset(("低い", "少ない", "下がる", "減る"))
_SCALES = _UP | _DOWN
_ONCE = re.compile(
    r"^(?:以前|前|昔|かつて|当初|最初|初め|はじめ)は.*(?:が|けど|けれど|けれども)[、,]?$"
)


def _japanese(words: Sequence[Word], text: str) -> Iterator[float]:
    once = 0.4 if _ONCE.search(text) else 1.0  # 以前は遅かったが: blame of the past
    for weight in _japanese_weights(words):
        yield weight * once if weight < 0 else weight
    yield from _english_in_japanese(words)


def _japanese_weights(words: Sequence[Word]) -> Iterator[float]:
    book = lexicon("ja")
    taken: set[int] = set()
    for hit in _hits(words, book.weights, language="ja"):
        turned = _turns_after(words, hit.end, book)
        taken.update(range(hit.start, hit.end + (_JAPANESE_REACH if turned else 0)))
        yield _japanese_weight(words, hit, book)
    for hit in _hits(words, book.negated, language="ja"):
        if hit.start not in taken and _turns_after(words, hit.end, book) % 2:
            taken.update(range(hit.start, hit.end + 3))
            yield hit.weight
    for at, word in enumerate(words):
        if at in taken:
            continue
        if word.lemma in _SCALES:
            yield _scale(words, at, book)
        elif word.surface in _HEDGES and not taken.intersection(range(at, at + 4)):
            yield -0.25
        elif _is_favour(words, at):
            yield -0.45 if _turns_after(words, at + 1, book) % 2 else 0.35
        elif _is_absence(words, at) or _is_impossible(words, at, book):
            yield -0.35


# Before an opinion these only soften it; with none named they are the complaint itself.
_HEDGES = frozenset(("ちょっと", "少し", "やや", "若干", "少々", "多少"))
_FAVOURS = frozenset(
    ("くださる", "下さる", "くれる", "もらえる", "いただける", "いただく", "頂ける", "頂く")
)


def _is_favour(words: Sequence[Word], at: int) -> bool:
    """教えてくださった, 対応いただけた; not the humble 利用させていただいた."""
    if at == 0 or words[at].lemma not in _FAVOURS or words[at].surface in ("ください", "下さい"):
        return False
    if words[at - 1].surface not in ("て", "で"):
        return words[at - 1].pos in ("NOUN", "VERB") and words[at].lemma != "くれる"
    return at < 2 or words[at - 2].lemma not in ("させる", "せる")


def _is_impossible(words: Sequence[Word], at: int, book: Lexicon) -> bool:
    """変えられない: what cannot be done, in verbs no lexicon foresees."""
    potential = words[at].pos == "AUX" and words[at].lemma in ("れる", "られる")
    return potential and _turns_after(words, at + 1, book) % 2 == 1


def _english_in_japanese(words: Sequence[Word]) -> Iterator[float]:
    """Japanese comments say Good! and ok, too."""
    weights = lexicon("en").weights.weights
    for word in words:
        if word.surface.isascii() and len(word.surface) > 2:
            yield weights.get(word.surface, 0.0)


def _japanese_weight(words: Sequence[Word], hit: Hit, book: Lexicon) -> float:
    weight = hit.weight
    if _is_condition(words, hit.end):
        return 0.0
    if hit.term in _SCALES:
        return _scale(words, hit.start, book)
    if weight < 0 and _relieved_after(words, hit.end, book):
        return weight * _RELIEF
    turned = _turns_after(words, hit.end, book)
    if turned % 2:
        if weight < 0:
            return weight * _TURNED_BLAME
        return weight * _TURNED_PRAISE
    if turned:  # なくはない: said, but half-heartedly
        return weight * 0.5
    near = [word.surface for word in words[max(0, hit.start - 2) : hit.start]]
    for booster in {*near, "".join(near)}:  # とても, but also 非常 + に
        weight *= book.boosters.get(booster, 1.0)
    return weight


def _turns_after(words: Sequence[Word], at: int, book: Lexicon) -> int:
    """How many negations follow a predicate before the next word with a meaning of its own."""
    count = 0
    for word in words[at : at + _JAPANESE_REACH]:
        if word.lemma in book.negators or word.surface in book.negators:
            count += 1
            continue
        functional = word.pos in ("AUX", "PART") or (word.pos == "ADP" and word.surface != "より")
        linking = word.pos == "SCONJ" and word.surface in ("て", "で", "ちゃ", "じゃ", "と", "ば")
        light = word.lemma in _LIGHT_VERBS or word.lemma in _LIGHT_WORDS
        if count and linking:  # なくて困る: the negation ends here
            break
        if not (functional or linking or light) or word.is_punct:
            break
    return count


def _relieved_after(words: Sequence[Word], at: int, book: Lexicon) -> bool:
    """Whether blame is said to have gone: 手間が減った, but not 手間が減らない."""
    for back, word in enumerate(words[at : at + 5], start=at):
        if word.is_punct or (word.pos == "SCONJ" and word.surface not in ("て", "で")):
            return False
        if word.lemma in book.reducers and (back == at or words[at].pos == "ADP"):
            return _turns_after(words, back + 1, book) % 2 == 0
    return False


def _is_condition(words: Sequence[Word], at: int) -> bool:
    """良ければ, よかったら: an opinion nobody has given yet."""
    following = [word.surface for word in words[at : at + 2]]
    return following[:1] in (["ば"], ["たら"]) or following == ["た", "ら"]


def _scale(words: Sequence[Word], at: int, book: Lexicon) -> float:
    """高い価格 is blame, 品質が高い praise, 高い alone means the price."""
    near = "".join(word.surface for word in words[max(0, at - 5) : at + 3])
    lemma = words[at].lemma
    if _BAD_WHEN_MUCH.search(near):
        much = -0.5
    elif _GOOD_WHEN_HIGH.search(near):
        much = 0.5
    elif lemma == "高い":
        much = -0.2 if any(word.pos == "NOUN" for word in words[:at]) else -0.4
    else:
        much = 0.3 if lemma in ("低い", "少ない") else 0.0
    if lemma in _DOWN:
        much = -much
    return -0.7 * much if _turns_after(words, at + 1, book) % 2 else much


def _is_absence(words: Sequence[Word], at: int) -> bool:
    """連携がない, 説明もありません: what is not there is missed."""
    if words[at].lemma in ("ない", "無い"):
        return _is_missed(words, at)
    following = [word.surface for word in words[at + 1 : at + 3]]
    return words[at].surface == "あり" and following == ["ませ", "ん"] and _is_missed(words, at)


def _is_missed(words: Sequence[Word], at: int) -> bool:
    if at < 2 or words[at - 1].surface not in ("が", "も", "すら", "さえ"):
        return False
    return words[at - 2].pos == "NOUN" and words[at - 2].lemma not in ("こと", "事", "特", "何")
