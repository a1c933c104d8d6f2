# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Numbers right behind the name of a national identity, tax, insurance or passport number, in many languages."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import SPACED

_LATIN = (
    r"aadhaa?r|pan (?:card|number|no)|tax file number|tfn\b|medicare(?: card| number| no)?|national (?:id|identity|insurance)|nino\b|ni number|identity (?:number|card)|id card|social insurance|"
    r"personalausweis[a-z]*|sozialversicherung[a-z]*|versichertennummer|rentenversicherung[a-z]*|identifikationsnummer|steuernummer|carte (?:d['’]identité|vitale)|"
    r"c[ée]dula|documento de identidad|dni(?: argentino)?|cuit|cuil|nss\b|carta d['’]identità|tessera sanitaria|cart[ãa]o de cidad[ãa]o|rg\b|"
    r"identiteitskaart|rijbewijs|dowód osobisty|dowodu osobistego|fødselsnummer|personnummer|henkilötunnus|kennitala|rodné číslo|rodne cislo|oib\b|emšo|jmbg|cnp\b|"
    r"kimlik|tckn|αμκα|amka|αφμ|δελτίο ταυτότητας|cccd|cmnd|căn cước|ktp\b|nik\b|mykad|nric"
)
_OTHER = r"паспорт[а-я]*|снилс|инн|егн|рнокпп|іпн|आधार|身份证|身分證|マイナンバー|個人番号|運転免許|주민등록번호|여권번호|เลขบัตรประชาชน|เลขประจำตัวประชาชน|הזהות|תעודת זהות|ת\.ז|رقم الهوية|الهوية|بطاقة"
_LABELLED = re.compile(
    rf"(?:\b(?:{_LATIN})\b|(?:{_OTHER}))[\s:：#.,(-]*"
    r"(?:(?:number|no|nr|numm?er|n[º°]|num[ée]ro|n[úu]mero|numer|номер|серия|号码|号|證號|番号|证|번호|is|ist|est|es|é|è|to|jest|lautet|är|er|on|είναι|是|は|는|은|คือ|הוא|هو|है|संख्या)[\s:：#.]*){0,3}"
    # words that follow a number may look like parts of it
    r"([A-Z]{0,5}\d[\dA-Z]*(?:[ ./-](?=\w*\d|[A-Z]\b)[\dA-Z]+){0,5})"
    rf"(?!{SPACED})",
    re.IGNORECASE,
)
_LEAST_DIGITS = 4
"""Enough, where letters make the number longer (PAN ABCPE1234F); those of digits only have at least six."""
_DATE = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}")


class LabelledIdentityRecogniser(Recogniser):
    """What looks like a number right behind such a name; no check digits are asked for."""

    entity = "ID_LABELLED"
    tag = "ID_NUMBER"
    guard = rf"(?i)(?:\b(?:{_LATIN})|{_OTHER})[^\n\d]{{0,30}}\d"

    def find(self, text: str) -> Iterator[Span]:
        """Yield the numbers."""
        for found in _LABELLED.finditer(text):
            digits, signs = (sum(map(test, found[1])) for test in (str.isdigit, str.isalnum))
            if digits >= _LEAST_DIGITS and signs >= 6 and not _DATE.fullmatch(found[1]):
                yield Span(found.start(1), found.end(1), 0.8)
