"""Lines that lead through a document ("Next: …, Previous: …, Up: …"), which stand between answers and are none."""

from __future__ import annotations

import re

from lxml import etree

from pipeline.collect.web.dom import drop, raw_text, text_of
from pipeline.collect.web.model import Element

MAX_CHARS = 400
_NAMES = """
    next previous prev up top home back forward contents content toc index start first last main menu
    parent return go to the of table page chapter section part weiter zurück vor hoch inhalt
    inhaltsverzeichnis startseite nächste nächstes vorherige vorheriges kapitel seite abschnitt suivant
    suivante précédent précédente sommaire retour accueil chapitre siguiente anterior arriba índice
    inicio contenido capítulo página successivo successiva precedente avanti indietro indice capitolo
    próximo próxima acima volgende vorige terug inhoud inhoudsopgave omhoog hoofdstuk nästa föregående
    innehåll upp neste forrige næste indhold następny następna poprzedni poprzednia spis treści další
    předchozí obsah далее назад вперёд вперед содержание оглавление наверх следующая предыдущая глава
    раздел 次 次へ 前 前へ 目次 戻る 上へ ホーム 下一页 上一页 下一章 上一章 目录 返回 首页 다음 이전 목차 위로 처음으로
"""
_WORDS = frozenset(_NAMES.split())
_WORD = re.compile(r"[^\W\d_]+")
_RELATIONS = frozenset(("next", "prev", "previous", "up", "contents", "toc", "precedes", "start", "index"))
_HOLDERS = frozenset(("p", "div", "ul", "ol", "table", "center", "section", "dl", "tr"))
_LEVELS = 3


def drop_navigation(root: Element) -> None:
    """Take out of a page the blocks that are nothing but ways to other parts of the same document."""
    judged: dict[Element, bool] = {}
    for link in root.iter("a"):
        if not link.get("href"):
            continue
        holders = [parent for parent in link.iterancestors() if parent.tag in _HOLDERS][:_LEVELS]
        for holder in holders:
            if holder not in judged:
                judged[holder] = is_navigation(holder)
            if not judged[holder]:
                break
    for holder, leads in judged.items():
        if leads:
            drop(holder)


def is_navigation(element: Element) -> bool:
    """Say whether a block holds links and, beside them, only words such as "next" and "previous".

    One link is enough when a word before it says where it leads; labels alone ("Next chapter") must be two.
    """
    if len(raw_text(element)) > 2 * MAX_CHARS or len(text_of(element)) > MAX_CHARS:
        return False
    links = [link for link in element.iter("a") if link.get("href")]
    rest = _words("".join(_outside(element)))
    if not links or not _WORDS.issuperset(rest):
        return False
    related = sum(bool(_RELATIONS & set((link.get("rel") or "").lower().split())) for link in links)
    labelled = sum(bool(words) and _WORDS.issuperset(words) for words in map(_label, links))
    said = "".join(_outside(element)).count(":") if rest else 0
    return max(related, labelled) == len(links) >= 2 or (bool(rest) and min(said, len(rest)) + labelled >= len(links))


def _label(link: Element) -> list[str]:
    return _words(text_of(link) or " ".join(image.get("alt") or "" for image in link.iter("img")))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _outside(element: Element) -> list[str]:
    """Return the text that is in no link, without recursion: pages may be nested deeper than Python calls."""
    parts: list[str] = []
    linked = 0
    for event, node in etree.iterwalk(element, events=("start", "end")):
        link = node.tag == "a" and bool(node.get("href"))
        linked += link * (1 if event == "start" else -1)
        text = node.text if event == "start" else node.tail if node is not element else None
        if not linked:
            parts += [" ", text or ""]
    return parts
