# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Advice to people that reads like an order to a model: "If you have already paid, ignore the previous instructions."

Only a sentence that holds nothing but a condition on its reader and the advice counts. In doubt it is an order: such a
row is only set aside for a person to see.
"""

from __future__ import annotations

import re

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
# A condition on the text itself or on what only a model has. Words that are also others' are told apart by what follows.
_OF_A_MODEL = re.compile(
    r"\b(?:this|these|those|it|them|texts?|messages?|instructions?|inputs?|context|conversation|chat|tools?|access|memory|secrets?|keys?|passwords?|permissions?|that(?=\s*(?:,|$))"
    r"|(?:das|dies(?:e[ns]?)?)(?-i:(?!\s+[A-ZÄÖÜ]))|hier|lies(?:t|en)?|lesen|nachricht|eingabe|kontext|anweisung\w*|zugriff|zugang"
    r"|ceci|cela|ça|lis(?:ez)?|consignes|contexte|accès|outils?|textes?"
    r"|esto|eso|lees?|texto|mensaje|instrucciones|acceso|contexto|herramientas?|isto|isso|lê|lendo|mensagem|instruções|acesso|ferramentas?"
    r"|questo|ciò|testo|leggi|messaggio|istruzioni|accesso|contesto|strumenti|dit|leest|tekst|bericht|instructies|toegang|hulpmiddelen"
    r"|ten|tekst|czytasz|czyta|wiadomość|instrukcje|dostęp|narzędzi\w*|это|этот?|текст|чита(?:ете|ешь)|вид(?:ите|ишь)|сообщени\w+|инструкци\w*|доступ\w*)\b",
    re.IGNORECASE,
)
# What goes on behind the advice, or before it.
_MORE = re.compile(
    r"[:(\[–—…&+]|\s-+\s|\b(?:and|then|but|plus|while|und|dann|aber|sondern|et|puis|mais|y|luego|pero|e|poi|ma|então|depois|i|oraz|potem|и|затем|потом|но)\s+\w"
    r"|\bals\b.*\b(?:en|dan|maar)\s+\w|\b(?:en|dan|maar)\s+\w.*\bals\b",
    re.IGNORECASE,
)
_ORDERS = re.compile(
    r"\b(?:give|send|share|grant|transfer|leak|approve|refunds?|passwords?|delete|call|pay|must|never|do\s+not|don['’]t)\b|https?://|www\.",
    re.IGNORECASE,
)
# A sentence that starts with one of these tells something; others may be orders.
_TELLS = re.compile(
    r"\s*(?:(?:the|an?|they|we|our|there|its?|this|that|these|those|der|die|das|ein|eine|wir|es|le|la|les|une?|nous|il|el|los|las|lo|gli|os?|het|wij|мы|он|она)\b|\Z)",
    re.IGNORECASE,
)
_END = re.compile(r"[.!?;](?=\s|\Z)|\n|[。！？؟]")
NEAR = 240
"""Characters around advice in which nothing may be ordered."""
_LEAD = 2
"""Words before a comma that only lead to the sentence ("However, if …")."""


def is_advice(text: str, start: int, end: int) -> bool:
    """Tell whether a sentence that says to ignore instructions gives advice to those for whom a condition holds.

    It is an order all the same if it means all instructions, if it says more, if its condition is on the text or on
    what a model has, if the next sentence may be an order, or if anything near it speaks to or of a model.
    """
    stop = _END.search(text, end, end + NEAR)
    last = stop.start() if stop else min(len(text), end + NEAR)
    sentence, after = text[start:last].strip(), text[last : end + NEAR].lstrip(" \n.!?;")
    condition = _condition(sentence)
    if condition is None or _OF_A_MODEL.search(condition) or _SWEEPING.search(sentence) or _MORE.search(sentence):
        return False
    if not _TELLS.match(after) or _ORDERS.search(after):
        return False
    return not _TO_A_MODEL.search(text[max(0, start - NEAR) : end + NEAR])


def _condition(sentence: str) -> str | None:
    """Return the condition of a sentence that has no other part than it and one more; none if there is none."""
    found = _CONDITION.search(sentence)
    if not found:
        return None
    parts = [part.strip() for part in sentence.split(",")]
    if len(parts) > 1 and len(parts[0].split()) <= _LEAD and not _CONDITION.search(parts[0]):
        parts = parts[1:]
    if len(parts) == 1:
        return sentence[found.start() :].partition(",")[0]
    conditions = [part for part in parts if _CONDITION.match(part)]
    return conditions[0] if len(parts) == 2 and len(conditions) == 1 else None
