"""Controls that only open and close things ("Read more", "Expand all"): they are neither questions nor answers."""

from __future__ import annotations

import re

from pipeline.collect.web.dom import BLOCKS, drop, raw_text, text_of
from pipeline.collect.web.model import Element

MAX_LABEL_CHARS = 40
_LABELS = (
    r"(?:expand|collapse|open|close|show|hide|view|see|toggle)(?: all(?: (?:sections|questions|answers|items|faqs))?)?",
    r"(?:show|hide|view|see) (?:more|less|(?:the )?(?:answer|details))",
    r"(?:read|learn) (?:more|less)|(?:more|less)(?: (?:details|info|information))?",
    r"alle?s? (?:öffnen|schließen|anzeigen|ausklappen|einklappen|aufklappen|zuklappen)|weiterlesen",
    r"mehr(?: (?:anzeigen|lesen|erfahren))?|weniger(?: anzeigen)?",
    r"(?:tout )?(?:afficher|ouvrir|déplier|replier|fermer|masquer)(?: tout| plus| moins)?",
    r"(?:lire|voir|en savoir) (?:la suite|plus|moins|tout)",
    r"(?:leer|ver|mostrar) (?:más|menos|todo)|(?:abrir|cerrar|expandir|contraer) todo",
    r"(?:ler|ver|leia|saiba|mostrar) (?:mais|menos|tudo)|(?:abrir|fechar|expandir) tudo",
    r"(?:leggi|mostra|scopri) (?:di più|meno|altro|tutto)|(?:espandi|apri|chiudi) tutto",
    r"(?:lees|toon) (?:meer|minder|alles)|alles (?:openen|sluiten)",
    r"(?:читать|показать|подробнее|развернуть|свернуть|скрыть)(?: (?:далее|дальше|ещё|еще|все|всё))?",
    r"続きを読む|もっと見る|すべて(?:開く|閉じる|表示)",
    r"展开(?:全部)?|收起(?:全部)?|(?:查看|阅读|了解)(?:更多|全部)",
    r"더 ?보기|모두 (?:펼치기|접기)",
)
_LABEL = re.compile(rf"[\W_]*(?:{'|'.join(_LABELS)})[\W_]*", re.IGNORECASE)
_WORDS = ("button", "label")
_SENTENCE_ENDS = ".?!:;…。？！："
_TOGGLES = "//*[@aria-expanded or @aria-controls or @data-toggle='collapse' or @data-bs-toggle='collapse']"


def is_control_label(text: str) -> bool:
    """Say whether a label says only that something opens or closes."""
    return len(text) <= MAX_LABEL_CHARS and bool(_LABEL.fullmatch(text))


def drop_controls(root: Element) -> None:
    """Take the controls out whose labels say only what they do, so that no answer ends in "Read more"."""
    for control in root.xpath(_TOGGLES):
        short = len(raw_text(control)) <= 4 * MAX_LABEL_CHARS  # wrappers in wrappers are not read again and again
        if not short or control.tag in ("summary", "details") or stands_in_sentence(control):
            continue
        if is_control_label(text_of(control)):
            drop(control)


def stands_in_sentence(control: Element) -> bool:
    """Say whether a button or a label is a word of the text ("Click <button>Settings</button> in the menu")."""
    if control.tag not in _WORDS or not any(map(str.isalpha, raw_text(control))):
        return False
    before = _text_before(control)
    goes_on = bool((control.tail or "").strip()) or (
        before[-1:].isspace() and before.strip()[-1:] not in _SENTENCE_ENDS
    )
    return bool(before.strip()) and goes_on


def _text_before(control: Element) -> str:
    previous, parent = control.getprevious(), control.getparent()
    if previous is None:
        return (parent.text or "") if parent is not None else ""
    text = previous.tail or ""
    inline = previous.tag not in BLOCKS and previous.tag not in ("br", "input", "select", "textarea", *_WORDS)
    return text_of(previous) + text if inline and not text.strip() else text
