# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Postal addresses in the forms of North America and Europe."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span, every

_CAP = r"(?:\d{1,3}(?:st|nd|rd|th)|[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’.-]*)"
_TOWN_WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][^\W\d_A-Z][^\W\d_]*(?:['’.-][^\W\d_]+)*"
_TOWN = rf"{_TOWN_WORD}(?:(?:[ -]|(?<=\bSt)\. ){_TOWN_WORD}){{0,3}}"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|AB|BC|MB|NB|NL|NS|ON|PE|QC|SK)"
_UK_POSTCODE = r"(?:GIR 0AA|[A-PR-UWYZ](?:\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[\dABEHMNPRVWXY]?) \d[ABD-HJLNP-UW-Z]{2})"
_CA_POSTCODE = r"[A-CEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d"
_EIRCODE = r"[AC-FHKNPRTV-Y]\d[\dW] ?[0-9AC-FHKNPRTV-Y]{4}"
_ZIP = rf"(?:{_STATE}(?: \d{{5}}(?:-\d{{4}})?| {_CA_POSTCODE})|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) \d{{4}}|\d{{3}} ?\d{{3}}\b)"
# The town and its number on the continent, in Latin America and in Scandinavia; the town may have a district or a number.
_PLACE = rf"(?:[A-Z]{{1,2}}-)?(?:\d{{5}}(?:-\d{{3}})?|\d{{4}}(?:-\d{{3}}| ?[A-Z]{{2}})?|\d{{3}} \d{{2}}|\d{{2}}-\d{{3}}) {_TOWN}(?: (?:de|im|am|an der|in der|ob der|v\.|sur|sous|d['’]) {_TOWN})?(?: (?:[A-Z]{{1,2}}|\d{{1,2}})\b)?"
_UNIT = r"(?:,? (?:(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Flat|#)\.? ?[\w-]+|\d{1,2}[ºª°](?: ?(?:[A-Z]\b|izq\.?|dcha\.?))?))"
_EN_STREET = (
    r"(?:Street|St\b\.?|Avenue|Ave\b\.?|Road|Rd\b\.?|Boulevard|Blvd\b\.?|Lane|Ln\b\.?|Drive|Dr\b\.?|Court|Ct\b\.?|Square|Sq\b\.?|Place|Pl\b\.?"
    r"|Terrace|Parkway|Pkwy\b\.?|Highway|Hwy\b\.?|Crescent|Close|Gardens|Mews|Row|Way|Walk|Circle|Trail|Alley)"
)
_OF = r"(?:de la |de l['’]|de los |de las |della |dei |del |des |dos |das |du |da |do |de |di |d['’]|la |le |les |San |Santa )"
# What is followed by a number and a comma too and is no street.
_NO_STREET = (
    r"(?!(?:Terminal|Gate|Gleis|Halle|Building|Room|Floor|Boeing|Airbus|Flight|Section|Chapter|Table|Figure|RFC|Version|Release|Page|Step|Part|Port|Error|Issue|Bug|Article|Python|Windows|Django|January|February"
    r"|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)\b)"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 1600 Pine Street NW, Apt 4B, Springfield, IL 62704
        rf"(?<![\w.])(?:(?:Flat|Apartment|Apt\.?|Unit) \w{{1,4}}, )?\d{{1,5}}[A-Za-z]?,? (?:(?:North|South|East|West|[NSEW]\.?) )?{_CAP}(?: {_CAP}){{0,3}} {_EN_STREET}"
        rf"(?: (?:N[EW]|S[EW]|[NSEW]|North|South|East|West)\b)?{_UNIT}?(?:,? {_TOWN})?(?: \d{{1,2}}(?=, ))?(?:,? {_ZIP})?(?:,? (?:{_UK_POSTCODE}|{_EIRCODE}))?",
        # 1 Infinite Loop, Cupertino, CA 95014 · Flat 3, 24 Elm Grove, Leeds LS6 1AB
        rf"(?<![\w.])(?:(?:Flat|Apartment|Apt\.?|Unit) \w{{1,4}}, )?\d{{1,5}}[A-Za-z]?,? {_CAP}(?: {_CAP}){{0,4}}{_UNIT}?(?:, {_TOWN}){{1,2}},? (?:{_ZIP}|{_UK_POSTCODE}|{_EIRCODE})(?!\w)",
        rf"\bP\.? ?O\.? Box \d{{1,6}}(?:,? {_TOWN})?(?:,? {_ZIP})?",
        rf"(?<![\w-]){_UK_POSTCODE}(?![\w-])",
        # Hauptstraße 12a, 10115 Berlin · Mariahilfer Straße 45, 1060 Wien
        rf"\b(?:{_CAP}[- ])?[A-ZÄÖÜ][a-zäöüß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm|steig|chaussee)"
        rf" \d{{1,4}}(?: ?[a-zA-Z](?!\w))?(?:,? {_PLACE})?",
        rf"\b{_CAP}[ -](?:Straße|Strasse|Str\.|Allee|Gasse|Ufer|Damm|Chaussee) \d{{1,4}}(?: ?[a-zA-Z](?!\w))?(?:,? {_PLACE})?",
        # 12 bis, rue de la Paix, 75002 Paris
        rf"\b\d{{1,4}}(?: ?(?:bis|ter|quater))?,? (?:[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours|[Ss]quare)"
        rf" {_OF}?{_CAP}(?:[ -]{_OF}?{_CAP}){{0,3}}(?:,? {_PLACE})?",
        # Calle de Alcalá, 45, 28014 Madrid · Via Roma 10, 00184 Roma · Rua Augusta 25, 1100-053 Lisboa
        rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada)"
        rf" {_OF}?{_CAP}(?: {_OF}?{_CAP}){{0,3}},? ?(?:n[ºo°.] ?)?\d{{1,4}}[A-Za-z]?{_UNIT}?(?:,? {_PLACE}|(?: ?[,-] {_TOWN}){{1,2}}(?: ?[-/,] ?[A-Z]{{2}}\b)?(?:,? \d{{5}}-\d{{3}})?)?",
        # Any street with its number, then a town with its number: Damrak 1, 1012 LG Amsterdam · Rue de la Loi 16, 1000 Bruxelles
        rf"(?<![\w.]){_NO_STREET}{_CAP}(?: (?:{_OF}|den |der |dem )?{_NO_STREET}{_CAP}){{0,3}}(?: (?:gate|vei|ulice|náměstí|utca|út))? \d{{1,4}} ?[A-Za-z]?{_UNIT}?,"
        rf" (?!(?:19|20)\d\d ){_PLACE}",
        # ul. Marszałkowska 10/12, 00-590 Warszawa
        rf"\b(?:ul|al|pl|os)\. {_CAP}(?: {_CAP}){{0,3}} \d{{1,4}}[A-Za-z]?(?:/\d{{1,4}}| ?(?:m\.|lok\.) ?\d{{1,4}})?(?:,? {_PLACE})?",
        # Storgatan 12, 111 22 Stockholm
        rf"\b{_CAP}(?:gatan|vägen|gade|vej|gata|veien|katu|tie|straat|laan|plein|gracht|kade|singel|dijk|steeg|hof) \d{{1,4}} ?[A-Za-z]?,? {_PLACE}",
    )
)


class AddressRecogniser(Recogniser):
    """Street addresses with a house number, post-office boxes and British postcodes."""

    entity = "ADDRESS"
    guard = (
        r"\d[A-Za-z]?[ ,].{0,60}(?:Str|Ave|Av\.|R(?:oa)?d\b|B(?:ou)?le?v|Lane|Ln|Drive|Dr\b|C(?:our)?t\b|Sq|Pl|Terr|P(?:ar)?kw|H(?:igh)?wy|Cres|Close|"
        r"Gard|Mews|Row|Way|Walk|Circ|Trail|Alley|St\b|[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours|[Ss]quare)"
        r"|(?:[Ss]tra(?:ß|ss)e|trasse|[Ss]tr\.|weg|platz|[Aa]llee|[Gg]asse|[Uu]fer|[Dd]amm|steig|[Cc]haussee) \d|[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|Box \d"
        r"|, [A-Z]{2} (?:\d{5}|[A-Z]\d[A-Z])|[A-Z]\d[\dW] ?[\dA-Z]{4}\b|\b(?:ul|al|pl|os)\. "
        r"|(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada) .{3,60}\d"
        r"|\d[^\n]{0,24},? (?:[A-Z]{1,2}-)?(?:\d{4,5}(?:-\d{3}| ?[A-Z]{2})?|\d{3} \d{2}|\d{2}-\d{3}) [A-Z\x{C0}-\x{17F}]"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Return addresses."""
        return every(_PATTERNS, text, 0.85)
