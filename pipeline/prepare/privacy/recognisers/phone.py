# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Telephone numbers in national forms."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.phone_numbers import SERVICE, SOMEONES, is_international, is_national, written_numbers
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import UNSPACED, Apart

_CANDIDATE = Apart(
    r"(?:\+|00(?=[1-9 ])|\()?\d[\d\s().\-/\u2013]{5,20}\d(?:\s?(?:ext\.?|x|extension|#)\s?\d{1,5})?",
    before=".,/=@#$€£+-",
    after=r"@|[.,]\d",
    flags=re.IGNORECASE,
)
# What a form or a URL calls a number: tel=0171-1234567.
_KEYED = re.compile(
    r"\b(?:tele?)?(?:phone|fon|tel|mobile?|cell|fax|handy|whatsapp|sms)[\w-]{0,12}[\"']?=[\"']?(\d[\d().\-/]{5,20}\d)(?![\w@]|[.,]\d)",
    re.IGNORECASE,
)
_SHORTEST_KEYED = 9
"""Digits of a number that only a key announces; shorter ones are sizes and flags too."""
_ANNOUNCED = re.compile(
    r"(?:\b(?:tele)?phone|\btel\b|\bt[ée]l\.|\bcall(?:ed|ing)?|\bcell|\bmobil[e]?|\bm[óo]vil|\bfax|\bhandy\w*|\bt[eé]l[eéè]f[oóò]{1,2}n\w*|téléphone|portable|\bappele[zr]|"
    r"cellulare|\bcellular|\bcelular|telem[óo]vel|hotline|\bdial(?:led)?|whatsapp|\bsms|\btext(?:ed)? (?:me|us|him|her)|\breach(?:ed)? (?:me|us|him|her)|\bring|\bruf\w*|anruf\w*|rückruf\w*|erreich\w+|"
    r"durchwahl|puhelin\w*|\bnumer\w*|\bnumeroni|\bmy (?:\w+ )?number|\b(?:meine|mijn|mitt?|min) nummer|\bmon numéro|\b(?:mi|meu) n[úu]mero|\bil mio numero|\bbel(?:len)?\b|\bchiam\w+|\bllám\w+|\bligue|\bzadzwo\w+|\bdzwoń\w*|"
    r"\bgsm\b|\bcep\b|\bnumara\w*|\bzavolejte|\bhív\w+|\bsunați|điện thoại|\bsđt|\bđt\b|тел\.|телефон\w*|звон\w+|позвон\w+|дзвон\w+|мобильн\w+|мобільн\w+|м[оі][йї] номер|"
    r"τηλ\.?|τηλέφων\w*|κινητό|फ़ोन|फोन|मोबाइल|電話|携帯|手机|手機|电话|전화|휴대폰|연락처|핸드폰|โทร|เบอร์|มือถือ|هاتف|جوال|تلفون|موبايل|טלפון|נייד|☎|📞)"
    r"[\s:：./-]*(?:(?:me|us|him|her|you|mich|uns|is|are|was|at|on|under|unter|an|ist|lautet|au|est|es|al|allo|il|le|der|the|my|mine|bitte|please|s'il vous plaît|por favor|number|numbers|nummer|numéro|número|numero|"
    r"no\.?|nr\.?|line|bin|ich|or|oder|ou|è|é|op|naar|met|to|är|er|på|mig|meg|je|på|to|nr|num|o|a|ao|para|z|pod|pe|la|по|на|мой|мне|номер\w*|моб\w*|μου|είναι|नंबर|番号|號碼|号码|号|は|是|为|번호는|번호|는|은|ของ|ผม|ฉัน|คือ|của tôi|là|رقم|ي|שלי)[\s:：]*){0,5}$",
    re.IGNORECASE,
)
_ANNOUNCED_AFTER = re.compile(
    r"^[\s,(]*(?:is|ist|est|es|è|=) (?:my|our|his|her|the|meine|unsere|mon|mi) (?:\w+ )?(?:phone|mobile|cell|number|nummer|numéro|número)",
    re.IGNORECASE,
)
# Forms that are hardly anything else: (212) 555-0123, 212-555-0123, 06 12 34 56 78, 0171/1234567, 020 7946 0958,
# 8 (495) 123-45-67, 090-1234-5678, 070-123 45 67.
_TYPICAL = re.compile(
    r"\(\d{3}\)\s?\d{3}[-. ]\d{4}|1?[-. ]?\d{3}([-.])\d{3}\1\d{4}|0\d(?:[ .-]\d{2}){4}|01[5-7]\d[ /-]\d{6,9}|0\d{2,4}/[\d -]{5,9}"
    r"|07\d{3} \d{6}|0(?:20|1\d{2,3}) \d{3,4} \d{3,4}|\(0\d{2,4}\) ?\d{3,4} ?\d{3,5}|\([1-9]{2}\) ?9?\d{4}-\d{4}"
    r"|8[ -]?\(?9?\d{2,3}\)?[ -]\d{3}-\d{2}-\d{2}|0[5789]0-\d{4}-\d{4}|01[016-9]-\d{3,4}-\d{4}|06-\d{8}|07\d-\d{3} \d{2} \d{2}|0\(?5\d{2}\)? \d{3} \d{2} \d{2}"
)
# Mobile numbers of Japan and Korea begin like those; British free numbers (0808) do too, but not in their texts.
_MOBILE_BEYOND = re.compile(r"0[5789]0[1-9]\d{7}")
_BESIDE_BEYOND = re.compile(rf"[{UNSPACED}]")
_NOT_A_NUMBER = re.compile(
    r"(?:isbn|issn|doi|pid|port|rfc|cve|bug|issue|ticket|order|invoice|serial|version|build|error|code|id|uid|#|line|page|§|kunden\w*|rechnungs?\w*|bestell\w*|auftrags?\w*|vorgangs?\w*|vertrags?\w*|artikel\w*|"
    r"sendungs?\w*|zähler\w*|commande|facture|dossier|client|pedido|factura|fatura|ordine|fattura|bestelling\w*|factuur|zamówieni\w*|faktur\w*|заказ\w*|сч[её]т\w*|замовлен\w*|sku|part|model|item|"
    r"ref|reference|case|customer|account|contract|tracking|parcel|imei|ean|gtin|upc|vat|meter|policy|booking|reservation|siren|siret|kvk|nip|regon|section|zip|plz|訂單|订单|注文|주문)"
    r"(?:[\s.:#-]*\b(?:number|nummer|num[ée]ro|n[úu]mero|numer|no|nr|n[º°]|is|ist|est|es|番号|号|번호)(?!\w)\.?)?[\s:：#-]*(?:1[03][-: ]*)?$",
    re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ]\d{4}(?!\d)|\d{4}\s?[-\u2013]\s?\d{4}")


class PhoneRecogniser(Recogniser):
    """Numbers in national form that libphonenumber knows to be valid, where their form or a word says phone."""

    entity = "PHONE"
    guard = r"\d(?:[\s().\-/–]{0,3}\d){6}"
    of_digits = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield telephone numbers."""
        for start, value in written_numbers(_CANDIDATE.finditer(text)):
            if value.startswith("+"):
                continue  # see the recogniser of international numbers
            end = start + len(value)
            score = _score(value, text[max(0, start - 48) : start], text[end : end + 40])
            if score:
                yield Span(start, end, score)
        for found in _KEYED.finditer(text) if "=" in text else ():
            digits = sum(map(str.isdigit, found[1]))
            if digits >= _SHORTEST_KEYED and _score(found[1], "", "", announced=True):
                yield Span(found.start(1), found.end(1), 0.8)


def _score(value: str, before: str, after: str, *, announced: bool = False) -> float:
    if SERVICE.fullmatch(value) and not SOMEONES.search(before) and not _is_mobile_beyond(value, before):
        return 0.0
    announced = announced or bool(_ANNOUNCED.search(before) or _ANNOUNCED_AFTER.match(after))
    if value.startswith("00") and announced:
        return 0.9 if is_international(value, bool(SOMEONES.search(before))) else 0.0
    if _NOT_A_NUMBER.search(before) or _DATE.fullmatch(value):
        return 0.0
    if _TYPICAL.fullmatch(re.sub(r"\s?(?:ext\.?|x|extension|#)\s?\d{1,5}$", "", value, flags=re.IGNORECASE)):
        return 0.8
    return 0.75 if announced and is_national(value) else 0.0


def _is_mobile_beyond(value: str, before: str) -> bool:
    return bool(_MOBILE_BEYOND.fullmatch(value)) and (value[:4] != "0808" or bool(_BESIDE_BEYOND.search(before)))
