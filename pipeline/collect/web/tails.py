"""The end of a page's last answer, where nothing says that the page's footer begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.collect.web.dom import elements_of, text_of
from pipeline.collect.web.model import Piece
from pipeline.collect.web.questions import squeeze

MAX_FOOTER_CHARS = 500
_FOOTER = re.compile(
    r"^\W*(?:this (?:document|page|file) was (?:generated|last|created|produced)|(?:page )?last (?:updated?"
    r"|modified|edited|changed|reviewed)"
    r"|this page (?:was )?last|updated on|generated (?:by|on|with)|powered by|copyright|©|\(c\) \d{4}"
    r"|all rights reserved|was this"
    r"|did this answer|have more questions|letzte änderung|stand:|dernière (?:mise à jour|modification)|mis à jour|"
    r"última (?:actualización|modificación)|последнее изменение|最終更新|最后更新)",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(
    r"copyright|©|\(c\)\s*\d{4}|all rights reserved|last (?:updated|modified|changed)", re.IGNORECASE
)


def trim_tail(pieces: list[Piece]) -> None:
    """Take the page's footer off the last answer: its closing line, and what stands below a last rule."""
    _trim_below_rules(pieces)
    while pieces:
        last = pieces[-1]
        text = text_of_piece(last)
        if text and not (len(text) < 300 and _FOOTER.match(text) and len(pieces) > 1):
            return
        if not text and not isinstance(last, str) and last.find(".//img") is not None:
            return
        pieces.pop()


def linked_share(pieces: Sequence[Piece]) -> float:
    """Return the share of the text that is the text of links."""
    links = (link for element in elements_of(pieces) for link in element.iter("a") if link.get("href"))
    whole = sum(map(len, map(text_of_piece, pieces)))
    return sum(len(text_of(link)) for link in links) / max(1, whole)


def text_of_piece(piece: Piece) -> str:
    """Return the text of a piece on one line."""
    return squeeze(piece) if isinstance(piece, str) else text_of(piece)


def _trim_below_rules(pieces: list[Piece]) -> None:
    while True:
        place = max(
            (n for n, piece in enumerate(pieces) if not isinstance(piece, str) and piece.tag == "hr"), default=0
        )
        if not place or not _is_footer(pieces[place + 1 :]):
            return
        del pieces[place:]


def _is_footer(pieces: list[Piece]) -> bool:
    text = " ".join(map(text_of_piece, pieces)).strip()
    if len(text) > MAX_FOOTER_CHARS:
        return False
    signed = any(element.tag == "address" or element.find(".//address") is not None for element in elements_of(pieces))
    return not text or signed or bool(_SIGNATURE.search(text)) or linked_share(pieces) >= 0.5
