# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What reads like an order to a model and is none: texts about control tokens, and announcements to people."""

from __future__ import annotations

import re

CONTROL = (
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id|end_header_id|eot_id|eom_id|tool|python_tag)\|>"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
)
"""What parts the turns of a chat for a model."""
_CONTROL = re.compile(CONTROL, re.IGNORECASE)
_ONLY_CONTROL = re.compile(rf"(?:{CONTROL}|…|\.\.\.|\s)+", re.IGNORECASE)
_ABOUT_TOKENS = re.compile(
    r"\b(?:\w*tokens?|templates?|gpt\b[-\w.]*|llama\b[-\w.]*|mistral|qwen|gemma|phi-\d|chatml|tokeni[sz]ers?|models?|token\w*|modell\w*|modèles?|modelos?)\b|токен|トークン|词元",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    r"\b(?:you\s+(?:are|must|will|shall|should)|respond|reply|answer|say|output|recommend|mention|rank|rate|ignore|disregard|forget|reveal|obey|pretend|always|never|do\s+not|don['’]t|be\s+\w+"
    r"|give|send|share|grant|transfer|leak|approve|refunds?|passwords?)\b",
    re.IGNORECASE,
)
_LED_AWAY = re.compile(
    r"\b(?:visit|go|open|click|download|post|upload|forward|follow|use|call|fetch|load|install)\b[^\n]{0,80}?(?:https?://|www\.)",
    re.IGNORECASE,
)
# How a sentence goes on that speaks about a token.
_SPOKEN_OF = re.compile(
    r"[`\"')\]]*(?:\s*(?:[.,;:)?!]|\Z)|\s+(?:is|are|ends?|starts?|begins?|closes?|opens?|marks?|means?|and|or|tokens?|ist|sind|beendet|beginnt|und|oder|est|sont|marque|termine|et|ou|es|son|termina|marca|y|o|e|é)\b)",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"`\s+(?:before|after|behind|around|at|in|to|for|with|from|through|vor|nach|hinter|avant|après|antes|después)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]")
_GOES_ON = re.compile(r"[`\"')\]]*\s+[^\W\d_]")
_CLOSES = re.compile(r"<\|(?:im_end|end_header_id|eot_id|eom_id)\|>|<end_of_turn>|\[/INST\]|<</SYS>>", re.IGNORECASE)
_ANNOUNCED = re.compile(r"[\[(<*]\s*system\s+update|new\s+instructions\s*:", re.IGNORECASE)
_SHOUTED = re.compile(r"NEW\s+INSTRUCTIONS")
_FOR_A_MODEL_BEFORE = re.compile(r"\b(?:begin|your|my|these|following|system)\s*$", re.IGNORECASE)
_ROLE = re.compile(r"\s*(?:\n|(?:system|user|assistant|developer|tool|model)\b)", re.IGNORECASE)
_ROLE_BEHIND_CODE = re.compile(r"[ \t]*(?:system|user|assistant|developer|tool|model)\b", re.IGNORECASE)
_END = re.compile(r"[.!?;](?=\s|\Z)|\n|[。！？؟]")
_OF_A_MODEL = re.compile(r"\b(?:ai|llms?|language\s+models?|assistants?|chatbots?|bot)\b", re.IGNORECASE)
REACH = 160
"""Characters around a control token in which its sentence is looked for."""
ENCLOSED = 1_000
"""Characters behind an opening token in which the closing one is looked for."""


def is_about_tokens(text: str, start: int, end: int) -> bool:
    """Tell whether what stands at a place is a control token that the text speaks about.

    It stands in code by itself, or in a sentence about tokens, templates or models that orders nothing.
    """
    if not _CONTROL.fullmatch(text, start, end):
        return False
    enclosed = _enclosed(text, start, end)
    opened, closed = text.rfind("`", max(0, start - REACH), start), text.find("`", end, end + REACH)
    if 0 <= opened < closed and _ONLY_CONTROL.fullmatch(text, opened + 1, closed):
        spoken_of = not _WORD.search(enclosed) or _SPOKEN_OF.match(text, end) or _PLACED.match(text, end)
        return bool(spoken_of) and not (_ORDERED.search(enclosed) or _ROLE_BEHIND_CODE.match(text, closed + 1))
    if not _SPOKEN_OF.match(text, end) or (_WORD.search(enclosed) and not _GOES_ON.match(enclosed)):
        return False
    first = max([max(0, start - REACH), *(found.end() for found in _END.finditer(text, max(0, start - REACH), start))])
    last = _END.search(text, end, end + REACH)
    sentence = text[first : last.start() if last else end + REACH]
    return bool(_ABOUT_TOKENS.search(_CONTROL.sub("", sentence)) and not _ORDERED.search(sentence)) and not _ROLE.match(
        text, end
    )


def _enclosed(text: str, start: int, end: int) -> str:
    """Return what stands between an opening token at a place and the closing one behind it."""
    if _CLOSES.fullmatch(text, start, end):
        return ""
    behind = _CONTROL.search(text, end, end + ENCLOSED)
    return text[end : behind.start()] if behind and _CLOSES.fullmatch(behind[0]) else ""


def is_announcement(text: str, start: int, end: int) -> bool:
    """Tell whether "new instructions:" or "[system update]" announces something to people: no model is spoken to or of."""
    if not _ANNOUNCED.fullmatch(text, start, end) or _SHOUTED.match(text, start):
        return False
    after = text[end : end + REACH].split("\n\n", 1)[0]
    before = text[max(0, start - REACH) : start]
    ordered = _ORDERED.search(after) or _LED_AWAY.search(after)
    return not (ordered or _FOR_A_MODEL_BEFORE.search(before) or _OF_A_MODEL.search(before + after))
