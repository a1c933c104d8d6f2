"""The sentences that say that a context does not hold an answer: what models are taught to say, by language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

ENGLISH = "The given context does not contain the information needed to answer this question."
BUILT_IN: Mapping[str, str] = {
    "de": "Der gegebene Kontext enthält nicht die Informationen, die zur Beantwortung dieser Frage nötig sind.",
    "es": "El contexto proporcionado no contiene la información necesaria para responder a esta pregunta.",
    "fr": "Le contexte fourni ne contient pas les informations nécessaires pour répondre à cette question.",
    "it": "Il contesto fornito non contiene le informazioni necessarie per rispondere a questa domanda.",
    "nl": "De gegeven context bevat niet de informatie die nodig is om deze vraag te beantwoorden.",
    "pt": "O contexto fornecido não contém as informações necessárias para responder a esta pergunta.",
}
"""The wording of `ENGLISH` in other languages, by ISO 639-1 code."""
_CODE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class RefusalTexts:
    """One sentence for every language: that of `by_language` where the code is there, else `default`."""

    default: str = ENGLISH
    by_language: Mapping[str, str] = field(default_factory=dict)

    def of(self, language: str | None) -> str:
        """Return the sentence for a language code such as `de` or `pt-BR`; None is an unknown language."""
        return self.by_language.get((language or "").lower().replace("_", "-").split("-")[0], self.default)

    def every(self) -> tuple[str, ...]:
        """Return each sentence once, the default first."""
        return tuple(dict.fromkeys((self.default, *(text for _, text in sorted(self.by_language.items())))))

    def plain(self) -> dict[str, str]:
        """Return the sentences by language, the default's key empty, for a digest."""
        return {"": self.default, **dict(sorted(self.by_language.items()))}


def checked(texts: Mapping[str, str]) -> None:
    """Raise ValueError for a key that is no language code, or an empty sentence."""
    for code, text in texts.items():
        if not _CODE.fullmatch(code):
            raise ValueError(f"prepare.refusal_texts: {code!r} is no language code; write for example de or pt")
        if not text.strip():
            raise ValueError(f"prepare.refusal_texts: the sentence for {code!r} is empty")
