"""What a question looks like in writing, in many languages, and how it reads without its numbering."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Sequence

from pipeline.collect.web.languages import FIRST_WORD_PAIRS, FIRST_WORDS, INVITATION, QUESTION_WORDS

MAX_QUESTION_CHARS = 1_000

_ANY_MARK = re.compile(r"[?？؟՞⁇;\u037e]|^¿")
_ENDS_WITH_MARK = re.compile(r"[?？؟՞⁇][\s!！.…»”\"'’)\]】」』）]*(?:\([^()]{0,80}\)[\s.!]*)?$")
_ASKS_FIRST = re.compile(r"\w[^?？؟]*[?？؟][\s!]+\S")
_GREEK_MARK = re.compile(r"[;\u037e]\s*$")
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_.]*\?")
_FIRST_WORD = re.compile(r"[^\W\d_]+(?:['’‑-][^\W\d_]+)*")
# Scripts that do not put blanks between words, and languages that ask with an ending.
_EAST_ASIAN = re.compile(
    r"(ですか|ますか|でしょうか|ませんか|のか|とは|には|方法は|理由は|どう|なぜ|何が|いつ|どこ|どれ|どの"
    r"|いくら|何[日時回個円歳人年月]|誰|どなた|教えて|ましたか|たいのですが|知りたい|(?:わか|分か)らない|忘れ(?:た|まし)"
    r"|でき(?:ない|ません)(?:です)?[。.]?$"
    r"|吗|嗎|呢|什么|什麼|如何|怎么|怎麼|怎样|怎樣|为何|為何|为什么|為什麼|哪|是否|多少|能否|可否|可以.*么"
    r"|나요|까요|습니까|ㅂ니까|인가요|무엇|어떻게|왜\s|언제|어디|누가|은\?|는\?)"
)
_THAI = re.compile(
    r"อะไร|อย่างไร|ยังไง|ทำไม|เพราะเหตุใด|เมื่อ(?:ไหร่|ไร|ใด)|ที่ไหน|ที่ใด|ใคร|เท่า(?:ไหร่|ไร|ใด)|กี่|ไหน|ไหม|มั้ย|หรือ(?:ไม่|เปล่า|ยัง)"
    r"|ได้บ้าง"
)
_TURKISH_ENDING = re.compile(r"\b(mı|mi|mu|mü|mıyım|miyim|mıdır|midir|mısınız|misiniz)\s*[.?]?$")
_VIETNAMESE = re.compile(r"(là gì|thế nào|ở đâu|bao lâu|không\s*$|như thế nào|tại sao|vì sao)", re.IGNORECASE)

_NUMBER = re.compile(
    rf"""^\s*(?:
        (?P<label>(?:{QUESTION_WORDS})
            \s*(?:no\.?|nr\.?|\#|n°|№)?\s*(?:\d+(?:\.\d+)*)?\s*(?:[.:)）：．、\]]+\s*|[-–—]\s+))
      | (?P<plainlabel>q\s*\d+(?:\.\d+)*\s+)
      | (?P<letter>[QＱ]\s*\d*\s*(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]))
      | (?P<bracket>[(\[（]\s*(?:\d+(?:\.\d+)*|[a-z]|[ivx]+)\s*[)\]）]\s*)
      | (?P<multi>(?:\d+|[A-Z]\d*)(?:\.\d+)+[.):]?(?:\s+|$))
      | (?P<single>\d+\s*[.):、．]\s*(?![\d]))
      | (?P<dash>\d+\s*[-–—]\s+)
      | (?P<bare>\d+\s+)
      | (?P<chapter>(?:chapter|section|kapitel|chapitre|capítulo|capitolo|глава)\s+\d+[.:]?\s+)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_SAFE_ALONE = frozenset({"label", "plainlabel", "bracket"})
_WRITTEN = frozenset({"letter", "multi", "single", "dash", "chapter"})
_PERMALINKS = "¶§#🔗⚓∞"
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u2060\ufeff]")


def squeeze(text: str) -> str:
    """Return text on one line: blanks collapsed, invisible characters gone, in NFC."""
    if text.isascii():
        return " ".join(text.split())
    text = _INVISIBLE.sub("", text)
    return unicodedata.normalize("NFC", " ".join(text.split()))


def has_question_mark(text: str) -> bool:
    """Say whether the text ends as a question does (in any script), or asks and then adds a remark.

    Text that is too long for a question is none, whatever it ends with.
    """
    if len(text) > MAX_QUESTION_CHARS or not _ANY_MARK.search(text):
        return False
    if _ENDS_WITH_MARK.search(text) or text.startswith("¿"):
        return True
    if _GREEK_MARK.search(text) and re.search(r"[α-ωά-ώ]", text.lower()):
        return True
    return bool(_ASKS_FIRST.search(text))


def ends_as_question(text: str) -> bool:
    """Say whether a line ends with a question mark, whatever its words; stricter than `looks_like_question`."""
    return bool(_ENDS_WITH_MARK.search(text)) or bool(re.search(r"(?:ですか|ますか|吗|呢|까)[。.]?$", text))


def looks_like_question(text: str) -> bool:
    """Say whether a short text asks something: by its mark, its first word, or the words of its language."""
    if not 3 <= len(text) <= MAX_QUESTION_CHARS or is_call_to_action(text):
        return False
    if has_question_mark(text):
        return any(char.isalpha() for char in text) and not _IDENTIFIER.fullmatch(text)
    first = _FIRST_WORD.match(text.lstrip("¿\"'“«([0123456789.)] ").lower())
    if first and len(text.split()) >= 3:
        word = first.group().replace("’", "'")
        if word in FIRST_WORDS or word.split("'")[0] in FIRST_WORDS:
            return True
        if " ".join(text.lower().split()[:2]) in FIRST_WORD_PAIRS:
            return True
    return bool(
        _EAST_ASIAN.search(text) or _THAI.search(text) or _TURKISH_ENDING.search(text) or _VIETNAMESE.search(text)
    )


def asks_in_title(text: str) -> bool:
    """Say whether the title of a page asks; a title without a mark needs four words to be told from a name."""
    return has_question_mark(text) or (looks_like_question(text) and len(text.split()) >= 4)


def is_call_to_action(text: str) -> bool:
    """Say whether a heading only invites to get in touch ("Still have questions?") or to rate the page."""
    return len(text) < 90 and bool(INVITATION.match(text))


def question_share(texts: Sequence[str]) -> float:
    """Return the share of the texts that look like questions; 0.0 when there are none."""
    return sum(map(looks_like_question, texts)) / len(texts) if texts else 0.0


def strip_numbering(texts: Sequence[str]) -> list[str]:
    """Return the questions without their numbers and labels ("1.2.", "(3)", "Q4:").

    What looks like a number is stripped from one question only when most of its group are numbered in the same manner,
    so that "404 errors: why?" or "2.6 kernels?" stays whole; labels such as "Q:" are stripped always. One layer only:
    "1.6 -f jpeg does not work" becomes "-f jpeg does not work" and never "6 -f jpeg …".
    """
    cleaned = [squeeze(text).rstrip(_PERMALINKS).rstrip() for text in texts]
    matches = [_NUMBER.match(text) for text in cleaned]
    kinds = [match.lastgroup if match else None for match in matches]
    written = sum(kind in _WRITTEN for kind in kinds)
    counted = kinds.count("bare")
    trusted = written >= 2 and written * 10 >= len(texts) * 6
    counting = counted >= 3 and counted * 10 >= len(texts) * 6 and _counts_up(matches)
    result = []
    for text, match, kind in zip(cleaned, matches, kinds, strict=True):
        strip = kind in _SAFE_ALONE or (trusted and kind in _WRITTEN) or (counting and kind == "bare")
        rest = text[match.end() :].strip() if match and strip else text
        result.append(rest or text)
    return result


def _counts_up(matches: Sequence[re.Match[str] | None]) -> bool:
    numbers = [int(match.group().split()[0]) for match in matches if match and match.lastgroup == "bare"]
    return len(numbers) >= 3 and all(after - before == 1 for before, after in itertools.pairwise(numbers))
