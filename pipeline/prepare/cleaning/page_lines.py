# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Lines that belong to a page or a mail program whatever stands around them, unless the text's own words show them."""

from __future__ import annotations

import re

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
    r"(?P<banner>we use cookies.{0,200})|accept (?:all )?cookies",
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
# A word that is in each kind of line, in lower case; looking for them is much cheaper than trying the kinds.
HINTS = (
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
LONGEST_BEFORE = 400
"""Characters before a line in which the end of the line before it is looked for."""
# What the banner of a site asks for; without it a line tells what cookies are for.
_CONSENT = re.compile(
    r"\b(?:accept|agree|consent|allow all|got it|okay|ok|preferences|settings|learn more|continu\w+|by (?:using|browsing|clicking)|polic(?:y|ies)|best (?:\w+ )?experience|personali[sz]e|analy[sz]e|traffic|ads|improve)\b",
    re.IGNORECASE,
)
_SENTENCE_END = (".", "!", "?", "…", ":", "。", "！", "？")


def without_lines(text: str) -> str:
    """Return the text without lines that belong to a page, but for those that its own words show."""
    found = list(_LINE.finditer(text))
    first, last = _edges(text, found)
    parts, end = [], 0
    for number, line in enumerate(found):
        banner = line["banner"]
        if banner and not (_CONSENT.search(banner) and (number < first or number >= last)):
            continue
        if not _is_shown(text, line):
            parts.append(text[end : line.start()])
            end = line.end()
    return "".join([*parts, text[end:]])


def _edges(text: str, found: list[re.Match[str]]) -> tuple[int, int]:
    """Return how many of the lines stand before anything else, and from which on they stand behind everything."""
    first, end = 0, 0
    while first < len(found) and not text[end : found[first].start()].strip():
        end = found[first].end()
        first += 1
    last, start = len(found), len(text)
    while last and not text[found[last - 1].end() : start].strip():
        last -= 1
        start = found[last].start()
    return first, last


def _is_shown(text: str, line: re.Match[str]) -> bool:
    """Tell whether the line before announces a line, or a sentence goes through it (`Click` / `to go on`)."""
    start = max(0, line.start() - LONGEST_BEFORE)
    before = text[start : line.start()].rstrip()
    if before.endswith(":"):
        return True
    joined = text[line.start() - 1 : line.start()] == "\n" and text[line.start() - 2 : line.start() - 1] not in (
        "",
        "\n",
    )
    return joined and text[line.end() : line.end() + 1].islower() and not before.endswith(_SENTENCE_END)
