"""Texts that speak to a model instead of to a reader."""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Iterator

_PATTERNS = (
    r"\b(?:ignore|disregard|forget|override|bypass)\s+(?:\w+\s+){0,3}(?:previous|prior|above|earlier|preceding|all|any|your|the)\s+"
    r"(?:\w+\s+){0,2}(?:instructions?|prompts?|rules?|context|guidelines?|directions?|commands?)",
    r"\b(?:disregard|ignore|forget)\s+(?:everything|anything|what|all)\s+(?:that\s+)?(?:was|were|is|has|you|above|before)\b",
    r"\bfrom\s+now\s+on,?\s+(?:you\s+(?:are|will|must|answer|reply)|answer|reply|respond)\b",
    r"(?-i:\bSYSTEM)\s*:\s*(?:you|new|reply|answer|ignore|override|policy|from)\b|\[/?(?:INST|SYSTEM)\]|<</?SYS>>",
    r"\b(?:system|developer)\s+(?:prompt|message|override|instruction)s?\s*[:=]",
    r"\bnew\s+(?:system\s+)?instructions?\s*:",
    r"\byou\s+are\s+(?:now|no\s+longer)\s+(?:an?|the|in|bound|restricted)\b",
    r"\b(?:jailbreak|DAN\s+mode|developer\s+mode\s+(?:enabled|on))\b",
    r"\b(?:always|never)\s+(?:answer|reply|respond|recommend|mention|say)\b.{0,60}\b(?:no matter|regardless|whatever)",
    r"<\|?(?:im_start|system|start_header_id)\|?>\s*system",
    r"\b(?:ignoriere|vergiss|missachte)\s+(?:\w+\s+){0,3}(?:anweisungen|regeln|kontext|davor|vorher\w*|bisher\w*)",
    r"\b(?:ignore[zr]?|oublie[zr]?)\s+(?:\w+\s+){0,3}(?:instructions|consignes|règles)",
    r"\b(?:ignora|olvida)\s+(?:\w+\s+){0,3}(?:instrucciones|reglas|istruzioni|regole)",
    r"(?:忽略|无视|無視).{0,8}(?:指令|指示|说明|規則)",
    r"(?:指示|命令|規則).{0,6}(?:無視|忘れ)|(?:지시|명령|규칙).{0,6}(?:무시|잊)",
    r"(?:تجاهل|انس).{0,12}(?:التعليمات|القواعد)|(?:नज़रअंदाज़|अनदेखा|भूल).{0,6}(?:करो|करें|जाओ)",
    r"\b(?:negeer|vergeet)\s+(?:\w+\s+){0,3}(?:instructies|regels)|\b(?:zignoruj|ignoruj)\s+(?:\w+\s+){0,3}\w*(?:instrukc|poleceni)",
    r"\b(?:ignore|esqueça|desconsidere)\s+(?:\w+\s+){0,3}(?:instruções|regras)|talimat\w*\s+yoksay",
    r"(?:игнорируй|забудь).{0,20}(?:инструкци|указани|правил)",
)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{24,4000}={0,2}")
MAX_HIDDEN = 20
_PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE | re.DOTALL)


def instructs(text: str) -> bool:
    """Tell whether a text gives orders to a language model, in the phrases that such texts use, plain or in Base64."""
    return bool(_PATTERN.search(text)) or any(_PATTERN.search(hidden) for hidden in _hidden(text))


def _hidden(text: str) -> Iterator[str]:
    for found in itertools.islice(_BASE64.finditer(text), MAX_HIDDEN):
        block = found.group().rstrip("=")
        try:
            yield base64.b64decode(block + "=" * (-len(block) % 4), validate=True).decode("utf-8")
        except ValueError:
            continue
