# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Lines that belong to a page or a mail program, not to an answer."""

from __future__ import annotations

import re

from pipeline.prepare.cleaning import segments
from pipeline.prepare.cleaning.buttons import HINTS, without_buttons

_WHOLE_LINES = (
    # pages
    r"(?:was|did|is) this ?(?:page|article|answer|information|content|help)? ?(?:helpful|useful|help you|answer your question)?\W*"
    r"(?:yes|no|\W)*",
    r"(?:\d+ (?:out )?of )?\d+ (?:people )?found this helpful\W*",
    r"(?:\W*)?(?:back|return|scroll|go) to (?:the )?top(?: of (?:the )?page)?\W*",
    r"skip to (?:main )?(?:content|navigation)",
    r"(?:print|share|bookmark|email|tweet) this (?:page|article|answer|post)?\W*",
    r"share on (?:facebook|twitter|x|linkedin|reddit|whatsapp|email)(?:,? (?:facebook|twitter|x|linkedin|reddit|email))*",
    r"permalink(?: to this (?:headline|heading|definition|question|section))?\W*",
    r"advertisement|sponsored",
    r"we use cookies.{0,200}|accept (?:all )?cookies",
    r"©.{0,120}all rights reserved\W*",
    r"war (?:dieser artikel|diese seite|diese antwort) hilfreich\W*(?:ja|nein|\W)*|(?:zurück )?nach oben|zum seitenanfang",
    r"cet article (?:vous )?a-t-il été utile\W*(?:oui|non|\W)*|haut de page|retour en haut",
    r"¿(?:te|le) ha resultado útil\W*(?:sí|no|\W)*|volver arriba",
    r"(?:questa pagina|questo articolo|questa risposta) (?:ti|le|vi) è stat[ao] utile\W*(?:sì|no|\W)*|torna (?:su|all'inizio)",
    r"(?:este artigo|esta página|esta resposta) foi útil\W*(?:sim|não|\W)*|voltar ao topo|este artículo te ha resultado útil\W*|¿?(?:te|le) ha sido útil[^\n]{0,30}\?",
    r"was dit (?:artikel|antwoord) (?:nuttig|handig|behulpzaam)\W*(?:ja|nee|\W)*|(?:terug )?naar boven",
    r"czy (?:ten artykuł|ta odpowiedź|ta strona) był[ao]? (?:pomocn[ya]|przydatn[ya])\W*(?:tak|nie|\W)*|do góry|na górę",
    r"(?:статья|страница|информация|ответ) (?:была?|был) полез\w+\W*(?:да|нет|\W)*|наверх|чи була ця стаття корисною\W*(?:так|ні|\W)*|вгору",
    r"この(?:記事|ページ|回答)は(?:役に立ち|お役に立ち|参考になり)ましたか\W*(?:はい|いいえ|\W)*|(?:ページ)?トップ(?:へ戻る|に戻る)?|(?:这篇文章|本文|此页面)(?:对您)?(?:是否)?有(?:帮助|用)吗?\W*(?:是|否|\W)*|返回顶部|回到顶部|도움이 되었나요\W*(?:예|아니요|\W)*",
    r"\d+ (?:comments?|kommentare?|commentaires?|comentarios?)|related (?:articles|questions)|share this article|recently viewed articles",
    # mail programs
    r"this (?:e-?mail|message)(?: and any (?:attachments?|files)[^\n]{0,40})? (?:is|are|may be|contains?|may contain)[^\n]{0,60}confidential[^\n]*",
    r"diese (?:e-?mail|nachricht) (?:ist|enthält|kann)[^\n]{0,60}vertraulich[^\n]*",
    r"sent from my [\w ]{2,30}|get outlook for [\w ]{2,20}|von meinem [\w ]{2,20} gesendet|envoyé de mon [\w ]{2,20}",
    r"#{1,}\s*-\s*please type your reply above this line\s*-\s*#{1,}|_{10,}",
)
_PATTERNS = "|".join(_WHOLE_LINES).replace(r"\W", r"[^\w\n]")
# The buttons behind a question may stand on lines of their own.
_BUTTONS = r"(?:(?<=\W)[ \t]*(?:\n+|[ \t/|]+)[ \t]*(?:yes|ja|oui|sí|sì|sim|tak|да|はい|是)[ \t]*(?:\n+|[ \t/|]+)[ \t]*(?:no|nein|non|nee|não|nie|нет|いいえ|否)(?=[ \t]*(?:\n|\Z)))?"
_LINE = re.compile(rf"^[ \t]*(?:{_PATTERNS}){_BUTTONS}[ \t]*$\n?", re.IGNORECASE | re.MULTILINE)
_WRITTEN = r"sent|gesendet|envoyé|enviado|inviato|verzonden|wysłano|отправлено|date|datum"
_HEADER = re.compile(
    rf"^[ \t]*(?:from|von|de|da|van|od|от):[^\n]+\n(?:[ \t]*(?:{_WRITTEN}|to|an|à|para|a|aan|do|cc|subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|кому|тема)\s?:[^\n]*(?:\n|\Z)){{2,6}}",
    re.IGNORECASE | re.MULTILINE,
)
_SENT = re.compile(rf"^[ \t]*(?:{_WRITTEN})\s?:[ \t]*\w", re.IGNORECASE | re.MULTILINE)
# A word that is in each kind of line, in lower case; looking for them is much cheaper than trying the kinds.
_HINTS = (
    *(
        "this ",
        "found",
        "top",
        "skip to",
        "share on",
        "permalink",
    ),
    *(
        "adverti",
        "sponsored",
        "cookie",
        "rights",
        "hilfreich",
        "oben",
        "seitenanfang",
        "utile",
        "haut",
        "útil",
    ),
    *("arriba", "sent from", "outlook", "gesendet", "envoyé", "type your reply", "__________", "torna ", "ao topo"),
    *("nuttig", "handig", "naar boven", "pomocn", "przydatn", "górę", "góry", "полез", "наверх", "корисн", "вгору"),
    *("ましたか", "トップ", "有帮助", "有用", "顶部", "도움이", "comment", "kommentar", "comentario", "related "),
    *("confidential", "vertraulich"),
)
_SUBJECTS = ("subject:", "betreff:", "objet", "asunto:", "oggetto:", "assunto:", "onderwerp:", "temat:", "тема:")
# Stands for a block of code. Characters for private use are taken out before; what brings one back waits a round.
_CODE = "\ue000"
_BLOCK = re.compile(rf"{_CODE}(\d+){_CODE}")
_HEADING_MARK = re.compile(r"[ \t]*[¶🔗](?=\s*$)|(?<=\S)[ \t]*\[edit\](?=\s*$)", re.MULTILINE)
# A signature is short; behind a longer text `--` parts it.
_SIGNATURE = re.compile(r"^-- ?\n(?:[^\n\ue000]{0,100}(?:\n|\Z)){0,8}\Z", re.MULTILINE)
_QUOTING = (
    "wrote:",
    "schrieb",
    "écrit",
    "---",
    "escribió:",
    "scritto:",
    "escreveu:",
    "schreef",
    "napisał",
    "пишет:",
    "написал",
)
_QUOTED_MAIL = re.compile(
    r"^(?:>[ \t]*)?(?:On [^\n]{6,120} wrote:|Am [^\n]{6,120} schrieb[^\n]{0,60}:|Le [^\n]{6,120} a écrit ?:|"
    r"El [^\n]{6,120} escribió:|Il [^\n]{6,120} ha scritto:|Em [^\n]{6,120} escreveu:|Op [^\n]{6,120} schreef[^\n]{0,60}:|[^\n]{6,100} (?:napisał\(?a?\)?|пишет|написал[аи]?):|"
    r"-{2,} ?(?:Original Message|Forwarded message|Ursprüngliche Nachricht) ?-{2,})[ \t]*\n(?:[ \t]*>[^\n]*\n?|[ \t]*\n)*",
    re.MULTILINE,
)


def without_boilerplate(text: str) -> str:
    """Return the text without navigation, feedback and sharing lines, mail signatures and quoted mails.

    Blocks of code stay whole. A text that is nothing but such a line stays: it may be the answer.
    """
    hinted = pressed = mailed = False
    if "\n" in text:
        lowered = text.lower()
        hinted, pressed, mailed = (any(hint in lowered for hint in hints) for hints in (_HINTS, HINTS, _SUBJECTS))
    marked = "¶" in text or "🔗" in text or "[edit]" in text
    signed = "\n--" in text
    quoting = any(word in text for word in _QUOTING)
    if not (hinted or pressed or mailed or marked or signed or quoting) or _CODE in text:
        return text
    cleaned, blocks = _without_code(text)
    if marked:
        cleaned = _HEADING_MARK.sub("", cleaned)
    if signed:
        cleaned = _SIGNATURE.sub("", cleaned)
    if mailed:
        cleaned = _HEADER.sub(_header, cleaned)
    if quoting:
        cleaned = _QUOTED_MAIL.sub("", cleaned)
    if hinted:
        cleaned = _LINE.sub("", cleaned)
    if pressed:
        cleaned = without_buttons(cleaned, _CODE)
    if not cleaned.strip():
        return text
    return _BLOCK.sub(lambda found: blocks[int(found[1])], cleaned) if blocks else cleaned


def _header(found: re.Match[str]) -> str:
    """Return what stays of a mail's header: one that starts no mail and says no date is shown as an example."""
    before = found.string[: found.start()].rstrip()
    return "" if not before or before.endswith(("---", "___")) or _SENT.search(found[0]) else found[0]


def _without_code(text: str) -> tuple[str, list[str]]:
    """Return the text with a sign for each block of code, and the blocks."""
    blocks: list[str] = []
    parts = []
    for piece, is_code in segments.split(text):
        if is_code and segments.is_block(piece):
            block = piece.rstrip("\n")
            parts.append(f"{_CODE}{len(blocks)}{_CODE}{piece[len(block) :]}")
            blocks.append(block)
        else:
            parts.append(piece)
    return "".join(parts), blocks
