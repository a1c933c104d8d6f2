"""Tags that plainly stand there to be read are set aside before markup is removed, and put back afterwards."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning.mentions import REACH, STANDS_FOR, VOID, is_spoken
from pipeline.prepare.cleaning.tags import ATTRIBUTES, NAMES, TAG

_JOINING = "and|or|und|oder|et|ou|y|e|o|i|en|of|och|eller|og|a|lub|и|или|і|або|și|és|ve|veya|και|و|ו|和|与|與|と|및"
# A pair with nothing to format inside: `<b>` and `</b>`, `<b>…</b>`, `<b></b>`.
_PAIR = re.compile(rf"<(?=[^<>]*>[\s.…<])({NAMES})({ATTRIBUTES})>(?:\s+(?:{_JOINING})\s+|\s*(?:…|\.\.\.)\s*|)</\1>")
_MIGHT_BE_PAIR = re.compile(r">(?:\s+[^\W\d_]{1,5}\s+|\s*(?:…|\.\.\.)\s*)</")
_MIGHT_BE_EMPTY = re.compile(r"<(\w+)></\1>(?:[\s.,;:?!)]|\Z)")
_EMPTY = re.compile(r"></")
_INTO = re.compile(
    r"\b(?:in|into|with|by|mit|durch|dans|avec|en|con|entre|zwischen|com|met|med|między|между)\s$", re.IGNORECASE
)
_TAG_INSIDE = TAG.pattern.removeprefix("<")
# A tag in quotes is a value, and one between slashes part of an expression. Behind a letter or a tag a quote closes.
_VALUE = re.compile(
    rf"[\"'“‘„«/]<(?:(?<=/<)|(?<![\w\"'>)\]]..))(?:(?<=/<){_TAG_INSIDE}(?=/)|(?<!/<){_TAG_INSIDE}(?=[\"'”’“»]))"
)
_MIGHT_BE_VALUE = re.compile(r"[\"'“‘„«/]<")
_AFTER = re.compile(r"[\s.,;:?!)]|\Z")
# Words right before a tag that ask about it, in a question, and what must stand behind one that only "in" speaks of.
_ASKED = re.compile(
    r"\b(?:does|do|did|is|are|was|were|can|could|should|will|would|macht|machen|ist|sind|bedeutet|bewirkt|heißt|fait|font|est|sont|signifie"
    r"|hace|hacen|es|son|fa|fanno|è|significa|faz|é|doet|doen|betekent|robi|oznacza|делает|значит|означает)\s$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"[.,;:!?)]|\Z")
_QUESTION = ("?", "？", "؟", ";")
NEAR = 2_000
"""Characters before a pair in which an element of code that holds it must start."""
# Stands for a tag: characters for private use show nothing, so that none is lost.
_SIGN = "\ue002"
_SIGNS = re.compile(rf"{_SIGN}(\d+){_SIGN}")


def set_aside(text: str) -> tuple[str, list[str]]:
    """Return the text with a sign for each tag that is shown, and how each is to be read.

    Shown are values (`grep '<title>'`, which stay as they are), pairs with no more than a joining word between them,
    and tags that stand alone in a line that asks or speaks about them. All but values become code.
    """
    found: list[str] = []
    if _SIGN in text:
        text = text.replace(_SIGN, "")

    def sign(shown: str) -> str:
        found.append(shown)
        return f"{_SIGN}{len(found) - 1}{_SIGN}"

    if _MIGHT_BE_VALUE.search(text):
        text = _VALUE.sub(lambda value: sign(value[0]), text)
    if _MIGHT_BE_PAIR.search(text) or ("></" in text and _MIGHT_BE_EMPTY.search(text)):
        others = bool(TAG.search(_PAIR.sub("", text)))
        text = _PAIR.sub(lambda pair: sign(_as_code(pair[0])) if _is_mentioned(pair, others) else pair[0], text)
    if "\n" not in text.strip() and (tags := list(TAG.finditer(text))) and _are_spoken_of(text, tags):
        pairs = {tag[2].lower() for tag in tags if tag[1]} & {tag[2].lower() for tag in tags if not tag[1]}
        text = TAG.sub(lambda tag: sign(f"`{tag[0]}`") if _is_break(tag) or tag[2].lower() in pairs else tag[0], text)
    return text, found


def put_back(text: str, found: list[str]) -> str:
    """Return the text with the tags in the places of their signs."""
    return _SIGNS.sub(lambda sign: found[int(sign[1])], text) if found else text


def _is_mentioned(pair: re.Match[str], others: bool) -> bool:
    """Tell whether a text speaks of a pair; where there are `others`, tags beside such pairs, it may be markup too."""
    text, start = pair.string, pair.start()
    if "`" in (text[start - 1 : start], text[pair.end() : pair.end() + 1]):
        return False
    near = text[max(0, start - NEAR) : start]
    if any(near.rfind(f"<{name}") > near.rfind(f"</{name}") for name in ("code", "pre")):
        return False
    if _EMPTY.search(pair[0]):
        # pages are full of empty elements
        bare = not pair[2] and bool(_AFTER.match(text, pair.end()))
        return bare and (is_spoken(text, start) or bool(_INTO.search(text, max(0, start - REACH), start)))
    return is_spoken(text, start) or not others


def _are_spoken_of(text: str, tags: list[re.Match[str]]) -> bool:
    """Tell whether all tags of a line stand for themselves: words speak of the first, and of the partners of others."""
    if not all(map(_is_alone, tags)):
        return False
    opened: set[str] = set()
    closed = False
    for tag in tags:
        name = tag[2].lower()
        if tag[1] and name in opened:
            if not _speaks_of(text, tag):
                return False
            closed = True
        if not tag[1]:
            opened.add(name)
    first = tags[0]
    asked = closed or _ASKED.search(text, max(0, first.start() - REACH), first.start())
    if asked and text.rstrip().endswith(_QUESTION):
        return True
    return is_spoken(text, first.start()) or (_speaks_of(text, first) and bool(_ENDS.match(text, first.end())))


def _speaks_of(text: str, tag: re.Match[str]) -> bool:
    start = tag.start()
    return is_spoken(text, start) or bool(_INTO.search(text, max(0, start - REACH), start))


def _as_code(pair: str) -> str:
    if _EMPTY.search(pair) or "…" in pair or "..." in pair:
        return f"`{pair}`" if "\n" not in pair else pair
    return TAG.sub(lambda tag: f"`{tag[0]}`", pair)


def _is_alone(tag: re.Match[str]) -> bool:
    before = tag.string[: tag.start()][-1:]
    return not tag[3].strip(" /") and (before.isspace() or before == "(") and bool(_AFTER.match(tag.string, tag.end()))


def _is_break(tag: re.Match[str]) -> bool:
    """Tell whether a tag is one that needs no partner; others are looked at where markup is removed."""
    return tag[2].lower() in VOID and tag[2].lower() not in STANDS_FOR
