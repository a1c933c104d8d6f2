# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Orders to a model: they have no place in a customer's question or a company's answer.

Two looks: RE2 finds the few texts with words that an order has, and only those are read closely. What only mentions an
order (in quotation marks, in a text about such attacks) and what orders a person ("do not forget the rules") stays.
"""

from __future__ import annotations

import base64
import binascii
import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.prepare.cleaning import characters
from pipeline.prepare.looks import matching, opened
from pipeline.prepare.quality.advice import is_advice
from pipeline.prepare.quality.honest import CONTROL, is_about_tokens, is_announcement
from pipeline.prepare.quality.order_words import RULES, STANDING, STANDING_WORDS, Rule

# Orders whose words need no look at the sentence around them.
_TO_A_MODEL = r"(?:respond|reply|answer|say|output|recommend|mention|rank|rate|ignore|disregard|forget|always|never|do not|don't|you (?:must|are|will|should|shall)|from now)"
_PHRASES = re.compile(
    rf"{CONTROL}"
    rf"|(?:^|[\n\[(<*#\"'>])\s*(?:#+ ?(?:instructions?|system)|system|developer|assistant|ai|llm|chatbot|(?:ai|language|chat) (?:model|assistant|bot))\s*(?:prompt|message|override|instructions?|note)?[\])>*]*\s*[:>,]\s*{_TO_A_MODEL}\b"
    r"|[\[(<*]\s*system\s+(?:override|prompt|update|instruction)|\bnew\s+(?:system\s+)?instructions\s*:|\bsystem\s+override\b"
    r"|\byou\s+are\s+now\s+(?:dan\b|jailbroken|unrestricted|(?:in\s+)?(?:dan|developer|god)\s+mode|(?:an?|the)\s+(?:\w+\s+){0,3}(?:ai|language model|assistant|chatbot|llm)\b(?!\s+\w*manager))"
    r"|\byou\s+are\s+no\s+longer\s+(?:an?\s+(?:ai|assistant|model)|(?:bound|restricted|limited)\s+(?:by|to)\s+(?:your|any|these|those|openai|the\s+(?:rules|guidelines))\b)"
    r"|\bdo\s+anything\s+now\b|\bdan\s+mode\b|\bjailbreak(?:ed)?\s+(?:mode|prompt)\b|\byou(?:'re| are) in developer mode\b"
    r"|\b(?:pretend|imagine|act\s+as\s+if|behave\s+as\s+if)\b[^.\n]{0,40}\b(?:no|without|any)\s+(?:restrictions|limitations|filters|guidelines|rules)\b"
    r"|\bact\s+as\s+an?\s+(?:unrestricted|uncensored|unfiltered|jailbroken|evil)\b"
    r"|(?<!we )\bfrom\s+now\s+on,?\s+(?:you\s+(?:will|must|should|shall|are)|always|only|never)\b[^.\n]{0,40}\b(?:answer|respond|reply|say|recommend|pretend|ignore|an?\s+ai)\b"
    r"|\b(?:reveal|print|repeat|output|leak)\s+(?:me\s+)?(?:your|the)\s+(?:full\s+|entire\s+)?(?:system\s+prompt|(?:hidden|secret)\s+(?:prompt|instructions))"
    r"|\b(?:reveal|print|repeat|output|show)\s+(?:me\s+)?your\s+(?:initial|original|system|hidden)\s+(?:prompt|instructions)|\brepeat\s+(?:the|all)(?:\s+the)?\s+(?:words|text)\s+above\b"
    rf"|\b(?:attention|dear|note\s+to|message\s+(?:to|for)|instructions?\s+for)\s+(?:the\s+|any\s+|all\s+)?(?:ai|llms?|language\s+models?|chatbots?|ai\s+(?:models?|assistants?))\b[^.\n]{{0,30}}?[:,]?\s*\b{_TO_A_MODEL}\b"
    r"|\bas\s+an?\s+(?:ai|llm|language\s+model|ai\s+(?:model|assistant)|chatbot)\b,?\s+you\s+(?:must|will|should|shall|always|never)\b"
    r"|(?<!we )(?<!they )(?<!team )\b(?:always|never|only)\s+(?:answer|reply|respond|recommend|mention|say|output)\b[^.\n]{0,80}\b(?:no\s+matter|regardless\s+of|whatever)\s+(?:what\s+|which\s+)?(?:the\s+|you(?:'re| are)\s+)?(?:question|user|customer|prompt|asked|is\s+asked|they\s+ask|input|context)\b"
    r"|(?:\bwhen(?:ever)?|\bif)\s+(?:(?:you\s+are\s+|you're\s+)?asked\s+about|(?:a|the|any)\s+(?:user|customer)\s+asks)\b[^.\n]{0,60},\s*(?:you\s+(?:must|should)\s+)?(?:always|never)\s+(?:say|answer|claim|recommend|respond|reply)\b"
    r"|\b(?:respond|reply|answer)\s+(?:to\s+)?(?:every|all|any|each)\s+(?:question|prompt|query|message)s?\s+(?:with|by\s+saying)\s+(?:the\s+(?:word|phrase|sentence)|only|just|[\"'“‘])"
    # a machine is addressed as what it is, whoever else reads on
    rf"|\bif\s+you(?:['’]re|\s+are)\s+(?:an?\s+|any\s+)?(?:large\s+)?(?:ai|llm|language\s+model|chatbot)(?:\s+(?:model|assistant|agent|bot|system|crawler))?(?:\s+(?:reading|processing|parsing|summari[sz]ing|looking|that|which|and|trained)\b[^.,:\n]{{0,60}})?\s*[,:]\s*(?:then\s+|please\s+|just\s+)*(?:{_TO_A_MODEL}|print|write|include|add|tell|end|start)\b"
    r"|(?<!if )(?<!when )\byou\s+are\s+(?:an?|the)\s+(?:\w+\s+){0,3}(?:ai|assistant|chatbot|language\s+model|llm)\s+(?:that|which)\s+(?:always\s+|only\s+)?(?:recommends|promotes|praises|endorses|advertises|suggests|mentions)\s+(?-i:[A-Z])\w"
    r"|\byou\s+must\s+always\s+(?:answer|say|respond|reply|recommend)\s+(?:that\b|with\b|[\"'“‘])"
    r"|\bdu\s+bist\s+(?:jetzt|nun|ab\s+sofort|ab\s+jetzt)\s+ein\w*\s+(?:\w+\s+){0,2}(?:ki|assistent\w*|sprachmodell|chatbot)\b|\btu es (?:maintenant|désormais) une? (?:\w+ ){0,2}(?:ia|assistant|modèle)\b"
    r"|\bahora eres una? (?:\w+ ){0,2}(?:ia|asistente|modelo)\b|\bтеперь ты (?:\w+ ){0,2}(?:ии|ассистент|модель|бот)\b|你现在是|あなたは今から",
    re.IGNORECASE,
)
# Ways to write so that filters do not see it: letters of other alphabets and of mathematics, separated letters, digits
# for letters, and base64.
_DISGUISED = (
    r"[\x{FF21}-\x{FF3A}\x{FF41}-\x{FF5A}\x{1D400}-\x{1D7FF}]|[A-Za-z][\x{391}-\x{3C9}\x{400}-\x{45F}]|[\x{391}-\x{3C9}\x{400}-\x{45F}][A-Za-z]"
    r"|(?:\b[A-Za-z][ .*_-]){5}|[A-Za-z]{2}[0134][a-z]{2}|\b[01][a-z]{4}|[A-Za-z0-9+/]{32}"
)
_ALIKE = str.maketrans(
    "аеорсухіјѕԁԛһАВЕКМНОРСТУХІЈЅαεοριντυκΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijsdqhABEKMHOPCTYXIJSaeopivtukABEZHIKMNOPTYX"
)
_MIXED = re.compile(r"\b(?=\w*[A-Za-z])(?=\w*[\u0391-\u03c9\u0400-\u045f])\w+")
_SEPARATED = re.compile(r"\b(?:[A-Za-z][ .*_-]){4,}[A-Za-z]\b")
_DIGITS = str.maketrans("01345", "oleas")
_DIGITS_I = str.maketrans("01345", "oieas")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{32,}={0,2}")
# Marks, and the other characters that Unicode's composed form writes otherwise; and the two of Turkish that Python takes
# for an `i`, whatever their case.
_ODD = (
    r"[İı\p{M}\x{340}\x{341}\x{374}\x{37e}\x{387}\x{958}-\x{95f}\x{9dc}-\x{9df}\x{a33}-\x{a5e}\x{b5c}\x{b5d}\x{f43}-\x{fb9}\x{1100}-\x{11ff}\x{1f71}-\x{1ffd}"
    r"\x{2000}\x{2001}\x{2126}-\x{212b}\x{2329}\x{232a}\x{2adc}\x{f900}-\x{fb4e}\x{1d15e}-\x{1d1c0}\x{2f800}-\x{2fa1d}]"
)
# What a reader of the cleaned text does not see, but somebody wrote: comments, tag characters, variation selectors.
_UNSEEN = r"<!--|_of_turn>|<\||[\x{E0020}-\x{E007E}\x{E0100}-\x{E01EF}]|(?i:display:\s*none|font-size:\s*0|visibility:\s*hidden)|[\x{200B}-\x{200D}\x{2060}]"
_ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f]")
_TAGGED = re.compile("[\U000e0020-\U000e007e]+|[\U000e0100-\U000e01ef]+")
_SENTENCE_END = re.compile(r"[.!?;\n。！？؟]")
_BLANK = re.compile(r" (?![?*+{])")
_NOT_IN_RE2 = re.compile(r"\\b|\(\?<?!(?:[^()]|\([^()]*\))*\)")
# A line end inside a sentence, not one before an empty line, a list item or a heading.
_WRAPPED = re.compile(r"[ \t]*\n(?!\s*(?:\n|[-*•#>]|\d{1,3}[.)]))[ \t]*|[ \t]{2,}")
REACH = 90
"""Characters around the verb of an order in which its object must stand."""
_ABOUT = re.compile(
    r"prompt[- ]injection|jailbreak|\battack|malicious|\brefuse|(?:phrase|instruction|sentence|words?|text|message|command|input)s?(?: like| such as)?:? [\"'“‘«„`]",
    re.IGNORECASE,
)
NEAR = 80
"""Characters around a quotation in which words must speak about it."""
_OPENS, _CLOSES = "\"'“‘«„「『`", "\"'”’»“「」』`"


def with_orders(*columns: pa.Array) -> npt.NDArray[np.bool_]:
    """Tell for each row whether one of its cleaned texts gives orders to a model."""
    return np.asarray(np.logical_or.reduce([_given(column) for column in columns]), bool)


def with_hidden_orders(*columns: pa.Array) -> npt.NDArray[np.bool_]:
    """Tell for each row whether one of its texts, as they came, gives orders where no reader would see them."""
    return np.asarray(np.logical_or.reduce([_given(column, hidden=True) for column in columns]), bool)


def _given(column: pa.Array, *, hidden: bool = False) -> npt.NDArray[np.bool_]:
    found = np.zeros(len(column), bool)
    if hidden:
        places = np.flatnonzero(matching(column, _UNSEEN))
        shown = [_shown(text) for text in column.take(pa.array(places)).to_pylist()]
    else:
        found = _read(column)
        places = np.flatnonzero(~found & matching(column, _DISGUISED))
        several = [_undisguised(text) for text in column.take(pa.array(places)).to_pylist()]
        places = np.repeat(places, [len(texts) for texts in several])
        shown = [text for texts in several for text in texts]
    if shown:
        found[places[_read(pa.array(shown, pa.string()))]] = True
    return found


def _read(column: pa.Array) -> npt.NDArray[np.bool_]:
    """Read closely the texts that have the words of an order."""
    folded = _folded(column)
    phrases, standing = matching(folded, _hint()), matching(folded, STANDING_WORDS)
    ruled = matching(folded, _hint("verbs"))
    ruled[ruled] = matching(folded.filter(pa.array(ruled)), _hint("objects"))
    found = phrases | standing | ruled
    for place in np.flatnonzero(found).tolist():
        patterns = [pattern for pattern, seen in ((_PHRASES, phrases), (STANDING, standing)) if seen[place]]
        found[place] = _orders(column[place].as_py(), patterns, RULES if ruled[place] else ())
    return found


def _folded(column: pa.Array) -> pa.Array:
    """Return texts as RE2 must see them to find what Python does: composed, and with the `i` of Turkish as any other."""
    odd = pa.array(matching(column, _ODD))
    if not pc.any(odd).as_py():
        return column
    composed = pc.utf8_normalize(column.filter(odd), form="NFC")
    return pc.replace_with_mask(column, odd, pc.replace_substring_regex(composed, "[İı]", "i"))


@cache
def _hint(part: str = "") -> str:
    """Return what RE2 can look for: it knows no look-around, and its words are those of ASCII."""
    patterns = [getattr(rule, part).pattern for rule in RULES] if part else [_PHRASES.pattern]
    if part:  # lines are joined and blanks are counted once before rules are asked
        patterns = [opened(_BLANK.sub(r"\\s+", pattern).replace(r"[^.\n]", "[^.]")) for pattern in patterns]
    joined = "|".join(f"(?i:{_NOT_IN_RE2.sub('', pattern)})" for pattern in patterns)
    return joined.replace(r"\w", r"[\pL\pN_]").replace("ı", "i")


def _orders(text: str, patterns: Sequence[re.Pattern[str]], rules: Sequence[Rule]) -> bool:
    """Tell whether a text gives orders by those patterns and rules that may match in it, as each of them is dear."""
    text = unicodedata.normalize("NFC", text)
    for pattern in patterns:
        for found in pattern.finditer(text):
            at = found.span()
            if not (_mentioned(text, *at) or is_about_tokens(text, *at) or is_announcement(text, *at)):
                return True
    if not rules:
        return False
    unwrapped = _WRAPPED.sub(" ", text)
    return any(_orders_by(rule, unwrapped) for rule in rules)


def _orders_by(rule: Rule, text: str) -> bool:
    for verb in rule.verbs.finditer(text):
        ends = [end.end() for end in _SENTENCE_END.finditer(text, max(0, verb.start() - REACH), verb.start())]
        start = max([0, verb.start() - REACH, *ends])
        end = _SENTENCE_END.search(text, verb.end(), verb.end() + REACH)
        stop = end.start() if end else verb.end() + REACH
        before, after = text[start : verb.start()], text[verb.end() : stop]
        if rule.spared.search(before[-24:]) or rule.negated.search(after[:24]):
            continue
        around = f"{before} {after}" if rule.both_sides else after
        ordered = rule.objects.search(around) and rule.which.search(around)
        if ordered and not _mentioned(text, verb.start(), stop) and not is_advice(text, start, stop):
            return True
    return False


def _mentioned(text: str, start: int, end: int) -> bool:
    """Tell whether a text about such orders quotes this one."""
    opened = text[max(0, start - 2) : start].rstrip()[-1:] or text[start : start + 1]
    quoted = opened in _OPENS and any(mark in _CLOSES for mark in text[start + 2 : end + 60])
    return quoted and bool(_ABOUT.search(text[max(0, start - NEAR) : end + NEAR]))


def _shown(text: str) -> str:
    """Return what was written with characters that show nothing."""
    # what stands in a comment is a line of its own: an order in it is one at the start of a text
    text = characters.line_ends(characters.with_plain_blanks(text)).replace("<!--", "\n").replace("-->", "\n")
    return _TAGGED.sub(lambda found: f" {''.join(map(_told, found[0]))} ", _ZERO_WIDTH.sub("", text))


def _told(mark: str) -> str:
    return chr(ord(mark) - 0xE0000) if mark < "\U000e0100" else chr(ord(mark) - 0xE0100 + 16)


def _undisguised(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text)
    plain = _MIXED.sub(lambda found: found[0].translate(_ALIKE), plain)
    plain = _SEPARATED.sub(lambda found: re.sub(r"[ .*_-]", "", found[0]), plain)
    digits = [plain.translate(_DIGITS), plain.replace("11", "ll").translate(_DIGITS_I)]
    return [plain, *digits, *(_decoded(found[0]) for found in _BASE64.finditer(text))]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=False).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return ""
