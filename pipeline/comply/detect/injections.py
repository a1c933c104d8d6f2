"""Texts that speak to a model instead of to a reader."""

from __future__ import annotations

import re

_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|preceding|all|any|your|the)\s+"
    r"(?:\w+\s+){0,2}(?:instructions?|prompts?|rules?|context|guidelines?|directions?|commands?)",
    r"\b(?:system|developer)\s+(?:prompt|message|override|instruction)s?\s*[:=]",
    r"\bnew\s+(?:system\s+)?instructions?\s*:",
    r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?|the|in|bound|restricted)\b",
    r"\b(?:jailbreak|DAN\s+mode|developer\s+mode\s+(?:enabled|on))\b",
    r"\b(?:always|never)\s+(?:answer|reply|respond|recommend|mention|say)\b.{0,60}\b(?:no matter|regardless|whatever)",
    r"<\|?(?:im_start|system|start_header_id)\|?>\s*system",
    r"\b(?:ignoriere|vergiss)\s+(?:\w+\s+){0,3}(?:anweisungen|regeln|kontext)",
    r"\b(?:ignore[zr]?|oublie[zr]?)\s+(?:\w+\s+){0,3}(?:instructions|consignes|règles)",
    r"\b(?:ignora|olvida)\s+(?:\w+\s+){0,3}(?:instrucciones|reglas|istruzioni|regole)",
    r"(?:忽略|无视|無視).{0,8}(?:指令|指示|说明|規則)",
    r"(?:игнорируй|забудь).{0,20}(?:инструкци|указани|правил)",
)
_PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE | re.DOTALL)


def instructs(text: str) -> bool:
    """Tell whether a text gives orders to a language model, in the phrases that such texts use."""
    return bool(_PATTERN.search(text))
