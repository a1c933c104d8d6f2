# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Numbers with their units, in digits and in words, names with signs (C++), and negations: what texts must share."""

from __future__ import annotations

import re

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
_NUMBER = (
    r"two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-(?:one|two|three|four|five|six|seven|eight|nine))?"
    r"|twice|thrice|hundreds?|thousands?|millions?|billions?"
    r"|zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|(?:drei|vier|fünf|sech|sieb|acht|neun)zehn|(?:\w{2,8}und)?(?:zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig)|\w{0,8}hundert|\w{0,8}tausend|zweimal|dreimal"
    r"|deux|trois|quatre|cinq|sept|huit|dix|onze|douze|treize|quatorze|quinze|seize|vingt|trente|quarante|cinquante|soixante|septante|octante|nonante"
    r"|tres|cuatro|cinco|seis|siete|ocho|nueve|diez|doce|trece|catorce|quince|dieciséis|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa|ciento?"
    r"|quattro|cinque|dieci|undici|dodici|tredici|quattordici|quindici|sedici|venti|trenta|quaranta|cinquanta|sessanta|settanta|ottanta|novanta"
    r"|dois|duas|três|quatro|sete|oito|nove|dez|doze|treze|quinze|vinte|trinta|quarenta|cinquenta|sessenta|oitenta|noventa"
    r"|twee|drie|vijf|zes|zeven|negen|tien|twaalf|dertien|veertien|vijftien|(?:\w{3,5}ën)?(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)|honderd|duizend"
)
# These mean something else as well (articles, "due to", "at once", "neuf" for new): they count before a unit.
_NUMBER_BEFORE_UNIT = r"one|ein(?:e[mnrs]?)?|une?|un[ao]|dos|due|tre|sei|sette|otto|neuf|once|uma?|een|één"
# C is not C++ and Google not Google+; where `+` joins keys (Ctrl+C), all of them count. Numbers are looked for below.
_NAME_WITH_SIGN = (
    r"(?<![\w.:#?=&+-])(?:(?:ctrl|control|strg|alt|shift|umschalt|maj|mayús|cmd|command|option|win|fn)(?:[ ]?\+[ ]?[^\W_]{1,12}){1,4}"
    r"|[^\W\d_][^\W_]{0,19}[+#]{1,2}(?![\w/+#]))"
)
_FACT = re.compile(
    rf"{_NAME_WITH_SIGN}|(?<!{_LETTER}){_LETTER}*\d{_PART}*(?:[.,:]+{_PART}+)*\+?(?:[ \xa0]?(?:(?:business|working|calendar)[ ])?(?:{_UNIT}))?"
    rf"|\b(?:{_NUMBER})\b|\b(?:{_NUMBER_BEFORE_UNIT})(?=[ \xa0](?:{_UNIT}))|{_NEGATION}"
)
_BLANK = re.compile(r"\s")
# Negations of one language that mean something else in others: "no" is "in the" in Portuguese, "nu" is "now" in Swedish,
# Danish and Dutch and "not" in Romanian, where "mai" is "more".
_PORTUGUESE = re.compile(r"\b(?:\w*[ãõ]\w*|uma|você|voce|clique|pelo|seu|sua|ao|em|dos|das|é)\b")
_ROMANIAN = re.compile(r"[ășț]")
_TWO_AT_LEAST = 2
"""Different Portuguese words from which a text is in that language: one may be a name (São Paulo)."""


def facts(text: str) -> tuple[str, ...]:
    """Return the numbers with their units, names with signs and negations of a text in lower case, in their order."""
    found = [_BLANK.sub("", fact).replace("working", "business") for fact in _FACT.findall(text)]
    if "nu" in found or "mai" in found:
        other = "mai" if _ROMANIAN.search(text) else "nu"
        found = [fact for fact in found if fact != other]
    if "no" in found and len(set(_PORTUGUESE.findall(text))) >= _TWO_AT_LEAST:
        found = [fact for fact in found if fact != "no"]
    return tuple(found)
