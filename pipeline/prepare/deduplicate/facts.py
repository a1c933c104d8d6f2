# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Numbers with their units, in digits and in words, names with signs (C++), and negations: what texts must share."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

# Scripts without blanks: a number ends where their signs start.
_UNSPACED = r"\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3"
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_PART = rf"[^\W{_UNSPACED}]"
# Other words behind a number ("In 2023 we", "step 3 for") are no units.
_UNIT = (
    r"(?:[kmgtp]?i?b|[km]o|(?:go|to)(?=[ ]d(?:e\b|['’])|[.,;:)!?]|\Z)|[kmgt]?b(?:it|yte)?s?|(?:kilo|mega|giga|tera)(?:byte|bit|octet)s?|octets?|[kmgt]bps|[kmgt]?hz|[dp]pi|px|pixels?|pt|fps"
    r"|ms|s|secs?|seconds?|mins?|minutes?|h|hrs?|hours?|days?|weeks?|months?|years?|am|pm|times|x"
    r"|sekunden?|minuten?|stunden?|std|(?:werk|arbeits)?tage?n?|wochen?|monate?n?|jahre?n?|uhr|secondes?|heures?|jours?|semaines?|mois|ans?|années?"
    r"|segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|mês|años?|anos?|second[oi]|minut[oi]|ore|giorn[oi]|settiman[ae]|mes[ei]|ann[oi]"
    r"|seconden|uur|uren|(?:werk)?dag(?:en|ar|er|e)?|we(?:ek|ken)|maand(?:en)?|jaar|jaren|sekunder|minuter|minutter|timmar|time[rn]?|veckor|uker|uger|månader|måneder|år"
    r"|sekund\w*|minut\w*|godzin\w*|dzień|dni|dn[íůy]|tydzień|tygodni\w*|týdn\w*|miesi\w+|měsíc\w*|lata?|let|hodin\w*|секунд\w*|сек|минут\w*|мин|час(?:а|ов)?|д(?:ень|ня|ней|ні|нів)|недел\w*|месяц\w*|год(?:а|у)?|лет"
    r"|saniye|dakika|saat|gün|hafta|ay|yıl|sekuntia|minuuttia|tuntia|päivää|viikkoa|kuukautta|vuotta"
    r"|eur|euros?|usd|dollars?|dólares|cents?|gbp|pounds?|chf|franken|francs?|yen|jpy|cny|inr|rupees?|pln|zł|złotych|руб\w*|грн|kr|sek|nok|dkk|kronor|kroner|kč|czk|tl|lira|percent|prozent|procent\w*|pourcents?|por[ ]ciento|процент\w*"
    r"|[mck]?m|inch(?:es)?|zoll|pouces?|pulgadas?|feet|foot|ft|miles?|yards?|m?g|kg|lbs?|oz|tons?|m?l|lit(?:er|re)s?|k?wh?|m?ah|volts?|v|watts?"
    r"|hundred|thousand|millions?|billions?|dozen|k|tausend|millionen|mio|milliarden|mrd|mille|milliards?|mil|mill[oó]n(?:es)?|milhões|milioni|тыс\w*|млн|млрд)\b"
    r"|(?:毫秒|秒|分钟|分鐘|分|小时|小時|時間|点|時|天|日|周|週|星期|个月|個月|か月|ヶ月|カ月|月|年|元|円|万|萬|千|亿|億|兆|초|분|시간|시|일|주|개월|월|년|원|만|천|억|วินาที|นาที|ชั่วโมง|วัน|สัปดาห์|เดือน|ปี|บาท)"
)
_NEGATION = (
    r"\b(?:not|no|never|cannot|\w+n['’]t|without|nicht|nie|niemals|kein\w*|ohne|ne|pas|jamais|sans|nunca|sin|non|mai|senza|não|nem|sem|niet|nooit|geen|zonder"
    r"|не|нет|нельзя|без|ні|немає|inte|ej|utan|ikke|ikkje|uten|uden|aldri|aldrig|ekki|ei|eivät|není|nelze|bez|nu|fără|nincs|δεν|μην|χωρίς|değil|yok|لا|لم|لن|ليس|غير|بدون|לא|אין|בלי"
    r"|không|chưa|tidak|bukan|jangan|tanpa)\b"
    r"|नहीं|मत\b|ไม่|不|没|沒|无|無|未|別|别|ない|なく|ません|않|없|못|안 "
)
_NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
    " twenty thirty forty fifty sixty seventy eighty ninety twice thrice hundred hundreds thousand thousands million millions billion billions"
    " zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zweimal dreimal"
    " deux trois quatre cinq sept huit dix onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante septante octante nonante"
    " tres cuatro cinco seis siete ocho nueve diez doce trece catorce dieciséis veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa cien ciento"
    " quattro cinque dieci undici dodici tredici quattordici quindici sedici venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
    " dois duas três quatro sete oito nove dez doze treze vinte trinta quarenta cinquenta sessenta oitenta"
    " twee drie vijf zes zeven negen tien twaalf dertien veertien vijftien"
)
# Those that German and Dutch put together (einundzwanzig, tweehonderd) by how they end.
_ENDS = [
    "zig",
    "dreißig",
    "hundert",
    "tausend",
    "twintig",
    "dertig",
    "veertig",
    "vijftig",
    "zestig",
    "zeventig",
    "tachtig",
    "negentig",
    "honderd",
    "duizend",
]
# These mean something else as well (articles, "due to", "at once", "neuf" for new): they count before a unit.
_BEFORE_UNIT = "one ein eine einem einen einer eines un une una uno dos due tre sei sette otto neuf once um uma een één"
_NUMBER_WORDS = frozenset(f"{_NUMBERS} {_BEFORE_UNIT}".split())
# C is not C++ and Google not Google+; where `+` joins keys (Ctrl+C), all of them count. Numbers are looked for below.
_NAME_WITH_SIGN = (
    r"(?<![\w.:#?=&+-])(?:(?:ctrl|control|strg|alt|shift|umschalt|maj|mayús|cmd|command|option|win|fn)(?:[ ]?\+[ ]?[^\W_]{1,12}){1,4}"
    r"|[^\W\d_][^\W_]{0,19}[+#]{1,2}(?![\w/+#]))"
)
_NUMBER = rf"(?<!{_LETTER}){_LETTER}*\d{_PART}*(?:[.,:]+{_PART}+)*\+?(?:[ \xa0]?(?:(?:business|working|calendar)[ ])?(?:{_UNIT}))?"
_WORDED = rf"\b(?:{'|'.join(_NUMBERS.split())}|\w{{0,14}}(?:{'|'.join(_ENDS)}))\b|\b(?:{'|'.join(_BEFORE_UNIT.split())})(?=[ \xa0](?:{_UNIT}))"
_WORD = re.compile(r"[^\W\d_]+")
_BLANK = re.compile(r"\s")
# Negations of one language that mean something else in others: "no" is "in the" in Portuguese, "nu" is "now" in Swedish,
# Danish and Dutch and "not" in Romanian, where "mai" is "more".
_PORTUGUESE = re.compile(r"\b(?:\w*[ãõ]\w*|uma|você|voce|clique|pelo|seu|sua|ao|em|dos|das|é)\b")
_ROMANIAN = re.compile(r"[ășț]")
_TWO_AT_LEAST = 2
"""Different Portuguese words from which a text is in that language: one may be a name (São Paulo)."""


@cache
def _facts(signs: bool, worded: bool) -> re.Pattern[str]:
    """Return the pattern of what can be in a text, by whether it has signs that names have, and numbers in words."""
    parts = [_NAME_WITH_SIGN] * signs + [_NUMBER] + [_WORDED] * worded + [_NEGATION]
    return re.compile("|".join(parts))


def facts(text: str, words: Collection[str] | None = None) -> tuple[str, ...]:
    """Return the numbers with their units, names with signs and negations of a text in lower case, in their order.

    `words` are its words, if they are known.
    """
    words = _WORD.findall(text) if words is None else words
    worded = not _NUMBER_WORDS.isdisjoint(words) or any(map(text.__contains__, _ENDS))
    pattern = _facts("+" in text or "#" in text, worded)
    found = [_BLANK.sub("", fact).replace("working", "business") for fact in pattern.findall(text)]
    if "nu" in found or "mai" in found:
        other = "mai" if _ROMANIAN.search(text) else "nu"
        found = [fact for fact in found if fact != other]
    if "no" in found and len(set(_PORTUGUESE.findall(text))) >= _TWO_AT_LEAST:
        found = [fact for fact in found if fact != "no"]
    return tuple(found)
