# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Postal addresses in the forms of Eastern and South-Eastern Europe, Turkey, China, Japan and Korea."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span, every

_CYRILLIC = r"[А-ЯЁІЇЄҐ][а-яёіїєґ'’]+(?:-[А-ЯЁІЇЄҐа-яёіїєґ][а-яёіїєґ]+)?"
_STREET_RU = r"(?:ул\.|улица|улице|просп?\.|проспект[ае]?|пр-т|пер\.|переул\w+|бульвар|бул\.|б-р|наб\.|набережная|шоссе|площадь|пл\.|вул\.|вулиц[яі]|просп\.|провул\w+)"
_HOUSE_RU = r"(?:(?:д\.|дом|буд\.|будинок|№)\s?)?\d{1,4}(?:[/-]\d{1,4})?\s?[А-Яа-яA-Za-z]?(?!\w)(?:,?\s(?:корп\.|к\.|стр\.|кв\.|квартира|под\.|оф\.|офис)\s?\d{1,5})*"
_CITY_RU = rf"(?:г\.\s?|м\.\s?|гор\.\s?)?{_CYRILLIC}(?:[- ]{_CYRILLIC})?"
_TR = r"[A-ZÇĞİÖŞÜ][\wçğıöşü.]*"
_GREEK = r"[Α-ΩΆΈΉΊΌΎΏ][α-ωάέήίόύώϊϋΐΰ]+\.?"
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 101000, г. Москва, ул. Ленина, д. 5, кв. 12 · вул. Хрещатик, 22, Київ · Москва, Тверская улица, дом 7
        rf"(?:\b\d{{5,6}},?\s)?(?:{_CITY_RU},\s)?(?<!\w){_STREET_RU}\s{_CYRILLIC}(?:\s{_CYRILLIC}){{0,2}},?\s{_HOUSE_RU}(?:,\s{_CITY_RU})?(?:,?\s\d{{5,6}}\b)?",
        rf"(?:\b\d{{5,6}},?\s)?(?:{_CITY_RU},\s)?{_CYRILLIC}\s(?:улица|проспект|переулок|бульвар|набережная|шоссе|вулиця),?\s{_HOUSE_RU}(?:,\s{_CITY_RU})?",
        # Atatürk Caddesi No: 12 D:3, 34000 İstanbul · Cumhuriyet Mah. Gül Sok. 5/2
        rf"(?:{_TR} (?:Mah\.|Mahallesi),? )?{_TR}(?: {_TR}){{0,2}} (?:Cad\.|Caddesi|Cd\.|Sok\.|Sokak|Sokağı|Sk\.|Bulvarı|Bulv\.|Blv\.),? (?:No ?[:.]? ?)?\d{{1,4}}(?:/\d{{1,4}})?(?:,? (?:D|Daire|Kat|K) ?[:.]? ?\d{{1,3}})*(?:,? \d{{5}})?(?:,? {_TR}(?:/{_TR})?)?",
        # Οδός Ερμού 15, 105 63 Αθήνα · Ερμού 15, 10563 Αθήνα
        rf"(?:[Οο]δός|[Λλ]εωφόρος|Λεωφ\.|[Λλ]\.) {_GREEK}(?: {_GREEK}){{0,2}} \d{{1,4}}(?:,? \d{{3}} ?\d{{2}})?(?:,? {_GREEK})?",
        rf"{_GREEK}(?: {_GREEK}){{0,2}} \d{{1,4}}, \d{{3}} ?\d{{2}} {_GREEK}",
        # 〒100-0001 東京都千代田区千代田1-1 · 大阪府大阪市北区梅田3丁目1番3号
        r"(?:〒\s?\d{3}-?\d{4}\s*)?(?:東京都|北海道|(?:京都|大阪)府|[\u4e00-\u9fff]{2,3}県)[\u3040-\u30ff\u4e00-\u9fff]{2,20}?\d{1,4}(?:[-−ー]\d{1,4}|丁目|番地?|号|の)*\d*",
        # 北京市朝阳区建国路88号5层
        r"(?:[\u4e00-\u9fff]{2,8}(?:省|自治区|市))?[\u4e00-\u9fff]{1,6}[区县市區縣][\u4e00-\u9fff]{2,12}(?:路|街|大道|巷|弄|胡同)\s?\d{1,5}[号號](?:\s?\d{1,4}(?:号楼|栋|层|室|单元|樓|樓之\d))*",
        # 서울특별시 강남구 테헤란로 123
        r"(?:[가-힣]{2,7}(?:시|도) )?[가-힣]{1,5}[시군구] (?:[가-힣\d]+[동읍면] )?[가-힣\d]+(?:로|길) \d{1,4}(?:-\d{1,4})?(?:,? \d{1,4}[동호층])*",
    )
)


class AddressBeyondRecogniser(Recogniser):
    """Street addresses with a house number in other scripts and orders than those of Western Europe."""

    entity = "ADDRESS_BEYOND"
    tag = "ADDRESS"
    guard = (
        r"(?:ул|просп|пр|пер|бул|наб|пл|вул)\.|улиц|проспект|пр-т|переул|бульвар|б-р|набережн|шоссе|площадь|вулиц|провул"
        r"|(?:Cad|Sok|Sk|Cd|Bulv|Blv)\.|Cadde|Soka|Bulvar|[Οο]δός|[Λλ]εωφ|Λ\.|\d, \d{3} ?\d{2} [Α-Ω]|[都道府県].{2,60}\d|[路街道巷弄同] ?\d{1,5}[号號]|[로길] \d"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Return addresses."""
        return every(_PATTERNS, text, 0.85)
