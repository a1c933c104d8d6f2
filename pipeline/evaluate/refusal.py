"""Telling a refusal from an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.evaluate.metrics.token_f1 import token_f1
from pipeline.evaluate.text import sentences

SAME = 0.7
"""Token F1 from which a sentence counts as the refusal that the model was taught, reworded or cut."""
_DETERMINER = r"(?:the|this|that|your|given|provided|above|supplied|following|available)"
_NOUN = r"(?:context|passage|text|page|information|excerpt|document|article)"
_PLACE = rf"(?:{_DETERMINER}\s+)*{_NOUN}"
# `in text mode` and `in page 3` are places in a programme or a book, not the text that was given.
_THIS_PLACE = rf"(?:(?:{_DETERMINER}\s+)+{_NOUN}(?!\s+(?:mode|box|field|editor|file|menu))|{_NOUN}(?=\W*$|\s*[.,;!]))"
_END = r"(?=\W*$|\s*[.,;!])"
_OBJECT = (
    rf"(?:(?:this|that|it){_END}|"
    r"(?:(?:any|an?|the|this|that|such|more|further|enough|sufficient|relevant|specific|exact|necessary|needed|required"
    r"|requested|additional|of)\s+)*(?:information|answers?|details?|data|context|explanation)\b)"
)
_CANNOT = r"(?:cannot|can't|can\s+not|am\s+unable\s+to|are\s+unable\s+to|am\s+not\s+able\s+to|are\s+not\s+able\s+to)"
_LACK = r"(?:contain|mention|provide|include|say|state|specify|answer|cover|address|explain|have|give|describe|support)"
# The phrases speak of the context, or of what the speaker knows: "the file does not contain a header" is an answer, and
# so is what a shop says of itself ("we do not have any stores", "we cannot provide refunds for sale items").
_PHRASES = (
    # English
    rf"\b{_PLACE}\s+(?:does\s+not|doesn't|do\s+not|don't|did\s+not)\s+(?:\w+\s+)?{_LACK}",
    rf"\b(?:not|isn't|is\s+not|aren't|nothing)\s+(?:\w+\s+){{0,3}}(?:in|by|from)\s+{_THIS_PLACE}",
    r"\bthere\s+is\s+(?:not\s+enough|no|insufficient)\s+(?:information|context)",
    rf"\bi\s+{_CANNOT}\s+(?:answer|find|tell|determine)\b",
    rf"\bwe\s+{_CANNOT}\s+(?:answer|tell|determine)(?:\s+(?:this|that|it|you|your|the)\b|{_END}|\s+from\s)",
    rf"\b(?:i|we)\s+{_CANNOT}\s+(?:find|provide|give|offer)\s+(?:you\s+(?:with\s+)?)?{_OBJECT}",
    rf"\b(?:i|we)\s+{_CANNOT}\s+(?:help|assist)(?:\s+you)?(?:\s+(?:with|on)\s+(?:this|that|your)(?:\s+\w+)?)?{_END}",
    rf"\b(?:i|we)\s+(?:do\s+not|don't)\s+(?:know\b|(?:have|find)\s+(?:access\s+to\s+)?{_OBJECT})",
    r"\bi\s+(?:do\s+not|don't)\s+find\b",
    r"\b(?:insufficient|lack\s+of|lacks\s+the)\s+(?:information|context)\b",
    # German, French, Spanish, Italian, Portuguese, Dutch
    r"\b(?:der|dieser)\s+(?:gegebene\s+)?(?:kontext|text|abschnitt)\s+enthält\s+(?:\w+\s+){0,2}(?:nicht|keine)",
    r"\bich\s+(?:kann|weiß)\s+(?:\w+\s+){0,3}nicht",
    r"\ble\s+(?:contexte|texte|passage)\s+(?:\w+\s+){0,2}ne\s+(?:contient|mentionne|fournit|précise)\s+pas",
    r"\bje\s+ne\s+(?:sais|peux|trouve)\s+pas",
    r"\bel\s+(?:contexto|texto|pasaje)\s+(?:\w+\s+){0,2}no\s+(?:contiene|menciona|proporciona|incluye)",
    r"\bno\s+(?:puedo\s+responder|sé\b|tengo\s+información)",
    r"\bil\s+(?:contesto|testo|brano)\s+(?:\w+\s+){0,2}non\s+(?:contiene|menziona|fornisce)",
    r"\bnon\s+(?:posso\s+rispondere|lo\s+so)",
    r"\bo\s+(?:contexto|texto|trecho)\s+(?:\w+\s+){0,2}não\s+(?:contém|menciona|fornece)",
    r"\bnão\s+(?:posso\s+responder|sei\b)",
    r"\bde\s+(?:gegeven\s+)?(?:context|tekst|passage)\s+bevat\s+(?:\w+\s+){0,2}(?:niet|geen)",
    # Russian, Chinese, Japanese
    r"(?:контекст|текст)е?\s+(?:\w+\s+){0,2}не\s+(?:содержит|указан|упомина)",
    r"я\s+не\s+(?:знаю|могу\s+ответить)",
    r"(?:上下文|文本|资料|內容|内容)[^。]{0,8}(?:没有|沒有|不包含|未提及|未包含)|无法(?:回答|确定)",
    r"(?:文脈|本文|コンテキスト)[^。]{0,12}(?:含まれていません|記載されていません|ありません)",
    r"(?:わかりません|分かりません|回答できません)",
)
_PATTERN = re.compile("|".join(_PHRASES), re.IGNORECASE)


def is_nothing_but_refusal(answer: str, taught: Sequence[str] = ()) -> bool:
    """Tell whether every sentence of an answer says that it cannot be given, so that nothing hides behind the first.

    The last one may be cut off, when it begins like one of the others or like one that the model was taught.
    """
    whole = answer.replace("’", "'").strip().casefold()
    if whole and any(text.replace("’", "'").strip().casefold().startswith(whole) for text in taught):
        return True
    found = list(sentences(answer.replace("’", "'")))
    if not found or not is_refusal(found[0], taught):
        return False
    *others, last = found
    known = [text.casefold() for text in (*taught, *others)]
    cut = any(text.startswith(last.strip().casefold()) for text in known)
    return all(is_refusal(text, taught) for text in others) and (cut or is_refusal(last, taught))


def is_refusal(answer: str, taught: Sequence[str] = ()) -> bool:
    """Tell whether an answer says that it cannot be given from the context.

    It does when its first sentence is nearly a refusal that the model was taught (`RefusalTexts.every`), or says the
    same in other words. Only the first sentence counts: an answer may well end with what it does not know.
    """
    first = next(iter(sentences(answer.replace("’", "'"))), "")
    if not first:
        return False
    return any(token_f1(first, text) >= SAME for text in taught) or bool(_PATTERN.search(first))
