# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""What reads like an order to a model and is none: advice to people under a condition, and texts about control tokens."""

from __future__ import annotations

import re

CONTROL = (
    r"<\|(?:im_start|im_end|system|user|assistant|endoftext|begin_of_text|start_header_id|end_header_id|eot_id|eom_id|tool|python_tag)\|>"
    r"|<(?:start|end)_of_turn>|\[/?INST\]|<</?SYS>>"
)
"""What parts the turns of a chat for a model."""
_CONTROL = re.compile(CONTROL, re.IGNORECASE)
_ONLY_CONTROL = re.compile(rf"(?:{CONTROL}|…|\.\.\.|\s)+", re.IGNORECASE)
# A condition on what the reader has or did, which a model does not.
_CONDITION = re.compile(
    r"\bif\s+(?:your\s+\w+|you(?:['’]ve|\s+have|\s+are\s+(?:on|using|running)|\s+(?:already|own|use|bought|paid|received|installed|upgraded|updated|ordered|live|run|do\s+not\s+(?:have|own|use)|don['’]t\s+(?:have|own|use))))\b"
    r"|\b(?:wenn|falls|sofern)\s+(?:sie|du|ihre?|deine?)\b|\bsi\s+(?:vous\s+(?:avez|utilisez|possédez|êtes)|votre|vos|tu\s+as|ton|ta)\b|\bsi\s+(?:ya|usted|su|tu|tiene|tienes|ha|has)\b"
    r"|\bse\s+(?:hai|ha|avete|il\s+tuo|il\s+suo|la\s+tua|la\s+sua|você|já|o\s+seu|a\s+sua|tem)\b|\bals\s+(?:u|je|uw|jouw)\b|\b(?:jeśli|jeżeli)\s+(?:masz|posiadasz|już|twój|twoje)\b|\bесли\s+(?:вы|у\s+вас|ваш\w*)\b",
    re.IGNORECASE,
)
# An order to a model means all that it was told.
_SWEEPING = re.compile(
    r"\b(?:all|any|every|everything|anything|told|said|your\s+(?:\w+\s+)?(?:instructions|guidelines|programming|prompt|rules|restrictions|training)"
    r"|alle\w*|toutes?|tous|todas?|todos|todo|tutt[eio]|wszystkie|все|всё)\b",
    re.IGNORECASE,
)
_TO_A_MODEL = re.compile(
    r"\b(?:ai|a\.i|llms?|gpt|chatgpt|models?|assistants?|chatbots?|bots?|prompts?|ki|ia|ии|reading|read|understand"
    r"|respond|reply|replies|answers?|say|claim|output|print|recommend|mention|rank|rate|promote|praise|tell|write|reveal|repeat|pretend|act|always|must|from\s+now|you\s+(?:are\s+now|will)"
    r"|antworte\w*|sage?|nenne\w*|empf[ei]hl\w*|schreib\w*|gib|gebe\w*|réponds|répondez|dis|dites|recommande\w*|écri\w+|responde|responda|di|diga|recomienda|recomiende|escrib\w+|rispondi|risponda|consiglia|scrivi|recomende|diz|zeg|antwoord|odpowiedz|ответь\w*|скажи\w*|рекоменду\w*)\b",
    re.IGNORECASE,
)
_ABOUT_TOKENS = re.compile(
    r"\b(?:\w*tokens?|templates?|gpt\b[-\w.]*|llama\b[-\w.]*|mistral|qwen|gemma|phi-\d|chatml|tokeni[sz]ers?|models?|token\w*|modell\w*|modèles?|modelos?)\b|токен|トークン|词元",
    re.IGNORECASE,
)
_ORDERED = re.compile(
    r"\b(?:you\s+(?:are|must|will|shall|should)|respond|reply|answer|say|output|recommend|mention|rank|rate|ignore|disregard|forget|reveal|obey|pretend|always|never|do\s+not|don['’]t|be\s+\w+)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(r"[\[(<*]\s*system\s+update|new\s+instructions\s*:", re.IGNORECASE)
_SHOUTED = re.compile(r"NEW\s+INSTRUCTIONS")
_FOR_A_MODEL_BEFORE = re.compile(r"\b(?:begin|your|my|these|following|system)\s*$", re.IGNORECASE)
_ROLE = re.compile(r"\s*(?:\n|(?:system|user|assistant|developer|tool|model)\b)", re.IGNORECASE)
_END = re.compile(r"[.!?;](?=\s|\Z)|\n|[。！？؟]")
_OF_A_MODEL = re.compile(r"\b(?:ai|llms?|language\s+models?|assistants?|chatbots?|bot)\b", re.IGNORECASE)
NEAR = 240
"""Characters around advice in which nothing may be ordered."""
REACH = 160
"""Characters around a control token in which its sentence is looked for."""


def is_advice(text: str, start: int, end: int) -> bool:
    """Tell whether a sentence that says to ignore instructions gives advice to those for whom a condition holds.

    It is an order all the same if it means all instructions, or if anything near it speaks to or of a model.
    """
    sentence = text[start:end]
    near = text[max(0, start - NEAR) : end + NEAR]
    return bool(_CONDITION.search(sentence) and not _SWEEPING.search(sentence) and not _TO_A_MODEL.search(near))


def is_about_tokens(text: str, start: int, end: int) -> bool:
    """Tell whether what stands at a place is a control token that the text speaks about.

    It stands in code by itself, or in a sentence about tokens, templates or models that orders nothing.
    """
    if not _CONTROL.fullmatch(text, start, end):
        return False
    opened, closed = text.rfind("`", max(0, start - REACH), start), text.find("`", end, end + REACH)
    if 0 <= opened < closed and _ONLY_CONTROL.fullmatch(text, opened + 1, closed):
        return True
    first = max([max(0, start - REACH), *(found.end() for found in _END.finditer(text, max(0, start - REACH), start))])
    last = _END.search(text, end, end + REACH)
    sentence = text[first : last.start() if last else end + REACH]
    return bool(_ABOUT_TOKENS.search(_CONTROL.sub("", sentence)) and not _ORDERED.search(sentence)) and not _ROLE.match(
        text, end
    )


def is_announcement(text: str, start: int, end: int) -> bool:
    """Tell whether "new instructions:" or "[system update]" announces something to people: no model is spoken to or of."""
    if not _ANNOUNCED.fullmatch(text, start, end) or _SHOUTED.match(text, start):
        return False
    after = text[end : end + REACH].split("\n\n", 1)[0]
    before = text[max(0, start - REACH) : start]
    return not (_FOR_A_MODEL_BEFORE.search(before) or _ORDERED.search(after) or _OF_A_MODEL.search(before + after))
