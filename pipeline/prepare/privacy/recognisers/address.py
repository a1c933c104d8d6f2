# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Postal addresses in the forms of North America and Europe."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span

_CAP = r"(?:\d{1,3}(?:st|nd|rd|th)|[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’.-]*)"
_TOWN_WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][^\W\d_A-Z][^\W\d_]*(?:['’.-][^\W\d_]+)*"
_TOWN = rf"{_TOWN_WORD}(?:[ -]{_TOWN_WORD}){{0,3}}"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|AB|BC|MB|NB|NL|NS|ON|PE|QC|SK)"
_UK_POSTCODE = r"(?:GIR 0AA|[A-PR-UWYZ](?:\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[\dABEHMNPRVWXY]?) \d[ABD-HJLNP-UW-Z]{2})"
_EN_STREET = (
    r"(?:Street|St\b\.?|Avenue|Ave\b\.?|Road|Rd\b\.?|Boulevard|Blvd\b\.?|Lane|Ln\b\.?|Drive|Dr\b\.?|Court|Ct\b\.?|Square|Sq\b\.?|Place|Pl\b\.?"
    r"|Terrace|Parkway|Pkwy\b\.?|Highway|Hwy\b\.?|Crescent|Close|Gardens|Mews|Row|Way|Walk|Circle|Trail|Alley)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 1600 Pine Street, Apt 4B, Springfield, IL 62704
        rf"(?<![\w.])\d{{1,5}}[A-Za-z]?,? (?:(?:North|South|East|West|[NSEW]\.?) )?{_CAP}(?: {_CAP}){{0,3}} {_EN_STREET}"
        rf"(?:,? (?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|#)\.? ?[\w-]+)?(?:,? {_TOWN})?(?:,? {_STATE} \d{{5}}(?:-\d{{4}})?)?(?:,? {_UK_POSTCODE})?",
        rf"\bP\.? ?O\.? Box \d{{1,6}}(?:,? {_TOWN})?(?:,? {_STATE} \d{{5}}(?:-\d{{4}})?)?",
        rf"(?<![\w-]){_UK_POSTCODE}(?![\w-])",
        # Hauptstraße 12a, 10115 Berlin
        rf"\b(?:{_CAP}[- ])?[A-ZÄÖÜ][a-zäöüß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm|steig|chaussee)"
        rf" \d{{1,4}}(?: ?[a-zA-Z](?!\w))?(?:,? (?:D-|A-|CH-)?\d{{4,5}} {_TOWN})?",
        rf"\b(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den|Alte|Neue|Große|Kleine) [A-ZÄÖÜ][a-zäöüß-]+ \d{{1,4}} ?[a-z]?,? \d{{5}} {_TOWN}",
        # 12 bis, rue de la Paix, 75002 Paris
        rf"\b\d{{1,4}}(?: ?(?:bis|ter|quater))?,? (?:rue|avenue|av\.|boulevard|bd|place|chemin|allée|impasse|quai|route|cours|square)"
        rf" (?:de la |de l['’]|du |des |de |d['’]|la |le |les )?{_CAP}(?:[ -](?:de |du |des |la |le )?{_CAP}){{0,3}}(?:,? (?:F-)?\d{{5}} {_TOWN})?",
        # Calle de Alcalá, 45, 28014 Madrid · Via Roma 10, 00184 Roma · Rua Augusta 25, 1100-053 Lisboa
        rf"\b(?:Calle|C/|Avenida|Avda\.?|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada)"
        rf" (?:(?:de la|de los|de las|del|de|da|do|dos|das|dei|della|di|San|Santa) )?{_CAP}(?: (?:de |del |da |di )?{_CAP}){{0,3}},? ?(?:n[ºo°.] ?)?\d{{1,4}}[A-Za-z]?"
        rf"(?:,? (?:\d{{4}}-\d{{3}}|\d{{5}}) {_TOWN})?",
        # Keizersgracht 123, 1015 CJ Amsterdam
        rf"\b{_CAP}(?:straat|laan|weg|plein|gracht|kade|singel|dijk|steeg|hof) \d{{1,4}} ?[a-zA-Z]?(?:,? \d{{4}} ?[A-Z]{{2}} {_TOWN})",
        # ul. Marszałkowska 10/12, 00-590 Warszawa
        rf"\b(?:ul|al|pl|os)\. {_CAP}(?: {_CAP}){{0,3}} \d{{1,4}}[A-Za-z]?(?:/\d{{1,4}})?(?:,? \d{{2}}-\d{{3}} {_TOWN})?",
        # Storgatan 12, 111 22 Stockholm
        rf"\b{_CAP}(?:gatan|vägen|gade|vej|gata|veien|katu|tie) \d{{1,4}} ?[A-Z]?(?:,? (?:\d{{3}} \d{{2}}|\d{{4,5}}) {_TOWN})",
    )
)


class AddressRecogniser(Recogniser):
    """Street addresses with a house number, post-office boxes and British postcodes."""

    entity = "ADDRESS"
    guard = (
        r"\d[ ,].{0,60}(?:Str|Ave|R(?:oa)?d\b|B(?:ou)?le?v|Lane|Ln|Drive|Dr\b|C(?:our)?t\b|Sq|Pl|Terr|P(?:ar)?kw|H(?:igh)?wy|Cres|Close|"
        r"Gard|Mews|Row|Way|Walk|Circ|Trail|Alley|St\b|rue|avenue|boulevard|bd|place|chemin|allée|impasse|quai|route|cours)"
        r"|(?:traße|trasse|str\.|weg|platz|allee|gasse|ufer|damm|steig|chaussee|straat|laan|plein|gracht|kade|singel|dijk|steeg|hof|"
        r"gatan|vägen|gade|vej|gata|veien|katu|tie) \d|[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|Box \d|\b(?:ul|al|pl|os)\. "
        r"|\b(?:Calle|C/|Aven|Avda|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada) .{3,60}\d"
        r"|\b(?:Am|An der|Auf der|Im|In der|Zum|Zur|Unter den|Alte|Neue|Große|Kleine) .{3,40}\d{5}"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Yield addresses."""
        for pattern in _PATTERNS:
            for found in pattern.finditer(text):
                yield Span(found.start(), found.end(), 0.85)
