"""Writing English contractions in full, as an option: `don't` as `do not`. Possessives (`John's`) stay."""

from __future__ import annotations

import re

_IRREGULAR = {
    "won't": "will not",
    "can't": "cannot",
    "shan't": "shall not",
    "ain't": "is not",
    "let's": "let us",
    "y'all": "you all",
    "'tis": "it is",
    "'twas": "it was",
    "o'clock": "o'clock",
    "ma'am": "madam",
}
_NEGATED = "are|could|did|does|do|had|has|have|is|might|must|need|ought|should|was|were|would|dare|may"
_SUBJECTS = "i|you|he|she|it|we|they|there|that|this|who|what|where|when|how|why|which|here|these|those"
# After these words 's can only be "is" or "has": after any other word it may be a possessive and stays.
_IS = "he|she|it|that|there|what|where|who|how|when|why|here|this"
_ENDINGS = {"'re": "are", "'ve": "have", "'ll": "will", "'m": "am"}
_QUOTE = "['’ʼ]"
_PATTERN = re.compile(
    rf"(?<![\w’'ʼ])(?:(?P<irregular>won{_QUOTE}t|can{_QUOTE}t|shan{_QUOTE}t|ain{_QUOTE}t|let{_QUOTE}s|y{_QUOTE}all|{_QUOTE}tis|{_QUOTE}twas)"
    rf"|(?P<negated>{_NEGATED})n{_QUOTE}t(?P<have>{_QUOTE}ve)?"
    rf"|(?P<subject>{_SUBJECTS}|would|could|should|might|must)(?P<ending>{_QUOTE}(?:re|ve|ll))"
    rf"|(?P<am>i){_QUOTE}m"
    rf"|(?P<is>{_IS}){_QUOTE}s(?P<next>\s+\w+)?"
    rf"|(?P<would>{_SUBJECTS}){_QUOTE}d(?P<after>\s+\w+)?)(?![\w])",
    re.IGNORECASE,
)
_PARTICIPLE = re.compile(r"\s+(?:been|gone|had|done|got|become|taken|made|\w+[^aeiou\W]ed|better)\b", re.IGNORECASE)


def expanded(text: str) -> str:
    """Return prose with contractions written in full, curly apostrophes included, keeping how the word starts."""
    if "'" not in text and "’" not in text and "ʼ" not in text:
        return text
    return _PATTERN.sub(_full, text)


def _full(found: re.Match[str]) -> str:
    if word := found["irregular"]:
        return _like(word, _IRREGULAR[re.sub(_QUOTE, "'", word).lower()])
    if word := found["negated"]:
        return f"{word} {'NOT' if word.isupper() and len(word) > 1 else 'not'}{' have' if found['have'] else ''}"
    if word := found["subject"]:
        return f"{word} {_ENDINGS[re.sub(_QUOTE, chr(39), found['ending']).lower()]}"
    if word := found["am"]:
        return f"{word} am"
    if word := found["is"]:
        follows = found["next"] or ""
        return f"{word} {'has' if _PARTICIPLE.fullmatch(follows) and 'been' in follows.lower() else 'is'}{follows}"
    follows = found["after"] or ""
    return f"{found['would']} {'had' if _PARTICIPLE.fullmatch(follows) else 'would'}{follows}"


def _like(word: str, full: str) -> str:
    return full[0].upper() + full[1:] if word[0].isupper() else full
