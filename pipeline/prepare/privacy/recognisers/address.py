# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Postal addresses in the forms of North America and Europe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.name_patterns import WORD
from pipeline.prepare.privacy.recogniser import Recogniser, Span, every

_CAP = r"(?:\d{1,3}(?:st|nd|rd|th)|[A-ZÀ-ÖØ-ÞĀ-Ž][\w'’.-]*)"
_TOWN_WORD = r"[A-ZÀ-ÖØ-ÞĀ-Ž][^\W\d_A-Z][^\W\d_]*(?:['’.-][^\W\d_]+)*"
_TOWN = rf"{_TOWN_WORD}(?:(?:[ -]|(?<=\bSt)\. ){_TOWN_WORD}){{0,3}}"
_STATE = r"(?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]|W[AIVY]|AB|BC|MB|NB|NL|NS|ON|PE|QC|SK)"
UK_POSTCODE = r"(?:GIR 0AA|[A-PR-UWYZ](?:\d[\dA-HJKPSTUW]?|[A-HK-Y]\d[\dABEHMNPRVWXY]?) \d[ABD-HJLNP-UW-Z]{2})"
_CA_POSTCODE = r"[A-CEGHJ-NPRSTVXY]\d[A-Z] ?\d[A-Z]\d"
_EIRCODE = r"[AC-FHKNPRTV-Y]\d[\dW] ?[0-9AC-FHKNPRTV-Y]{4}"
_ZIP = rf"(?:{_STATE}(?: \d{{5}}(?:-\d{{4}})?| {_CA_POSTCODE})|(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) \d{{4}}|\d{{3}} ?\d{{3}}\b)"
# What is counted behind four or five digits is no town.
_COUNTED = (
    r"(?!(?:Euros?|EUR|Dollars?|Pounds?|Cents?|Franken|Francs?|Kron\w+|Credits?|Coins?|Points?|Punkten?|Miles?|Meilen|Minut\w+|Hours?|Stunden|Days?|Tagen?|Weeks?|Wochen?|Months?|Monaten?|Years?|Jahren?"
    r"|Users?|Nutzer\w*|Benutzer\w*|Customers?|Kunden|Seats?|Licen[cs]es?|Lizenzen|Employees|Mitarbeiter\w*|People|Personen|Members?|Mitglieder\w*|Rows?|Zeilen|Lines?|Records?|Entries|Einträgen?|Items?|Files?"
    r"|Dateien|Images?|Pages?|Seiten|Words?|Wörter\w*|Sheets?|Calls?|Messages?|Requests?|Tokens?|Steps?|Schritte?|Units?|Einheiten|Stück|Pieces?|Meters?|Kilometer\w*|Liter\w*|Gramm?|Kilogramm|Watt|Volt"
    r"|Kalorien|Calories|SMS|Emails?|Contacts?|Downloads?|Views?|Followers?|Edition|Prozent|\w+(?:minut\w+|stunden|punkten?|meilen|nutzern?|euro|seiten|tagen?))\b)"
)
# The town and its number on the continent, in Latin America and in Scandinavia; the town may have a district or a number.
_PLACE = rf"(?:[A-Z]{{1,2}}-)?(?:\d{{5}}(?:-\d{{3}})?|\d{{4}}(?:-\d{{3}}| ?[A-Z]{{2}})?|\d{{3}} \d{{2}}|\d{{2}}-\d{{3}}) {_COUNTED}{_TOWN}(?: (?:de|im|am|an der|in der|ob der|v\.|sur|sous|d['’]) {_TOWN})?(?: (?:[A-Z]{{1,2}}|\d{{1,2}})\b)?"
_UNIT = r"(?:,? (?:(?:Apt|Apartment|Suite|Ste|Unit|Floor|Fl|Flat|#)\.? ?[\w-]+|\d{1,2}[ºª°](?: ?(?:[A-Z]\b|izq\.?|dcha\.?))?))"
# The last ones are words of their own too.
_AMBIGUOUS = r"Drive|Court|Place|Close|Row|Way|Walk"
_EN_STREET = (
    r"(?:Street|St\b\.?|Avenue|Ave\b\.?|Road|Rd\b\.?|Boulevard|Blvd\b\.?|Lane|Ln\b\.?|Dr\b\.?|Ct\b\.?|Square|Sq\b\.?|Pl\b\.?"
    rf"|Terrace|Parkway|Pkwy\b\.?|Highway|Hwy\b\.?|Crescent|Gardens|Mews|Circle|Trail|Alley|(?P<ambiguous>{_AMBIGUOUS}))(?!\w)"
)
_OF = r"(?:de la |de l['’]|de los |de las |della |dei |del |des |dos |das |du |da |do |de |di |d['’]|la |le |les |San |Santa )"
# What is followed by a number and a comma too and is no street.
_NO_STREET = (
    r"(?!(?:Terminal|Gate|Gleis|Halle|Building|Room|Floor|Boeing|Airbus|Flight|Section|Chapter|Table|Figure|RFC|Version|Release|Page|Step|Part|Port|Error|Issue|Bug|Article|Python|Windows|Django|Ubuntu|Office|Excel|Plan(?! \d{1,4}[a-z]?, \d{5} )|Tarif|Level|Tier|Pflegegrad|Paket|January|February"
    r"|March|April|May|June|July|August|September|October|November|December|Januar|Februar|März|Mai|Juni|Juli|Oktober|Dezember)\b)"
)
_NUMBER = r"\d{1,5}(?: ?[¼½¾⅓⅔]|[A-Za-z])?"
# 12-14 High Street, 123 1/2 Main Street, Unit 3/12: what stands before the number that a street was found by.
_NUMBER_BEFORE = re.compile(r"(?<![\w.,/–-])(?:\d{1,5}[A-Za-z]?(?:[-–/]| – )|\d{1,5} \d/)\Z")
# 1600 Pine Street NW, Apt 4B, Springfield, IL 62704
_ENGLISH = re.compile(
    rf"(?<![\w.])(?P<flat>(?:Flat|Apartment|Apt\.?|Unit) \w{{1,4}}, )?{_NUMBER},? (?:(?:North|South|East|West|[NSEW]\.?) )?{_CAP}(?: {_CAP}){{0,3}} {_EN_STREET}"
    rf"(?: (?:N[EW]|S[EW]|[NSEW]|North|South|East|West)\b)?(?P<unit>{_UNIT})?(?P<town>,? {_TOWN})?(?: \d{{1,2}}(?=, ))?(?P<zip>,? {_ZIP})?(?P<postcode>,? (?:{UK_POSTCODE}|{_EIRCODE}))?"
)
# Drives, rows and ways that are no streets.
_NO_WAY = re.compile(
    r"(?:Google|SATA|USB|Flash|Hard|Tape|Thumb|Disk|SSD|HDD|NVMe|Zip|Recovery|System|Network|Shared|Optical|DVD|CD|External|Internal|Pen|Backup|Mapped|Test|One|Floppy|Inch|Blood|Toy|Charity) Drive\b"
    r"|(?:Top|Bottom|First|Last|Header|Table|Data|Total|Each|New|Single) Row\b|(?:Supreme|High|District|County|Food|Tennis|Federal|Regional) Court\b|(?:One|Two|Three|Four|Any|Either) Way\b"
)
_LIVES = re.compile(
    r"\b(?:liv(?:es?|ed|ing)|resid\w*|address\w*|ship\w*|deliver\w*|send|sent|mail(?:ed|ing)?|moved?|moving|located|offices?|house|home|visit\w*|meet|parcels?|packages?|property|flat"
    r"|pick(?:ed)? (?:\w+ )?up|at|c[oa]me (?:\w+ )?to|bill(?:ed|ing)?(?: to)?|wohn\w*|anschrift|\w*adresse|habite|vivo|abito|woon\w*)\b[^.\n\d]{0,30}$",
    re.IGNORECASE,
)
_LIVED_IN = re.compile(
    r"\s*(?:(?:is|was|,|\() ?(?:my|our|his|her|their|the) (?:\w+ )?(?:address|home|house|flat|office)|,? ?(?:is |was )?where (?:\w+ ){1,2}(?:live[ds]?|stay(?:s|ed)?|moved))\b"
)
# On lines of their own: who lives there, the street, then the town with its number.
_LINE_BEFORE = re.compile(r"(?:^|\n)[ \t>*]*\Z")
_TOWN_LINE = re.compile(
    rf",?[ \t]*\n[ \t>*]*(?:{_TOWN},?[ \t]*\n[ \t>*]*)?(?:{_TOWN},? (?:{_ZIP}|{UK_POSTCODE}|{_EIRCODE})|{UK_POSTCODE}|{_PLACE})"
)
_SOMEBODY = re.compile(rf"(?<![\w-])({WORD})(?: {WORD})*? ({WORD}),?\s+\Z")
_TITLED = re.compile(
    rf"\b(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Herrn?|Frau|Familie|Monsieur|Madame|Mme|Mlle)\.? {WORD}(?: {WORD}){{0,2}}[,\n]\s*\Z"
)
_NUMBERED = re.compile(r"\b[A-Z][\w'’-]* \Z")
# 12 bis, rue de la Paix, 75002 Paris
_FRENCH = re.compile(
    rf"\b\d{{1,4}}(?P<half> ?(?:bis|ter|quater))?,? (?:[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|(?P<ambiguous>Place|Square|Route|Cours)|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours|[Ss]quare)"
    rf" (?P<of>{_OF})?{_CAP}(?:[ -]{_OF}?{_CAP}){{0,3}}(?P<place>,? {_PLACE})?"
)
_OF_FRANCE = re.compile(
    r"\b(?:le|les|des|du|je|nous|vous|est|au|chez|mon|ma|à)\b|\b[Jj]['’]h|\b[Aa]dresse|\b(?:[Mm]onsieur|[Mm]adame|Mme|Mlle|[Mm]essieurs|[Mm]esdames) "
)
# Calle de Alcalá, 45, 28014 Madrid · Via Roma 10, 00184 Roma · Rua Augusta 25, 1100-053 Lisboa
_SOUTHERN = re.compile(
    rf"(?<!\w)(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada)"
    rf" {_OF}?{_CAP}(?: {_OF}?{_CAP}){{0,3}},? ?(?:n[ºo°.] ?)?\d{{1,4}}[A-Za-z]?{_UNIT}?(?P<place>,? {_PLACE}|(?: ?[,-] {_TOWN}){{1,2}}(?: ?[-/,] ?[A-Z]{{2}}\b)?(?:,? \d{{5}}-\d{{3}})?)?"
)
# Via Roma, but via Bluetooth: roads that are words of English and German too.
_VIA = re.compile(r"(?:Via|Plaza|Corso|Largo) ")
_SENT = re.compile(r"\b(?:sen[dt]|shipp\w+|deliver\w*|mail\w*|contact\w*)\s\Z", re.IGNORECASE)
_NO_VIA = re.compile(
    r"\w+ (?:(?![IVXL]+\b)[A-Z]{2,}\b|\w*[a-z][A-Z]|Bluetooth|Paypal|Wifi|Wi-Fi|E-?[Mm]ail|App\b|Web|Internet|Google|Apple|Amazon|Windows|Office|Outlook|Teams|Zoom|Slack|Skype|Whatsapp|Telegram|Klarna|Thunderbolt"
    r"|Ethernet|Android|Chrome|Firefox|Docker|Python|Java|Steam|Microsoft|Samsung|Visa\b|Galaxy|Hermes|Messenger|Express|Telefon|Phone|Fax|Hotline|Chat)"
)
_OF_THE_SOUTH = re.compile(
    r"\b(?:che|è|sono|della|nel|[Aa]bit[oa]|[Ii]ndirizzo|[Rr]esidente|una|mia|mio|[Vv]iv[oe]|[Ss]pedi\w+|[Cc]onsegn\w+|[Ss]ede|[Gg]razie|[Dd]irección|[Dd]omicilio|el|los|por|está|para|[Gg]racias|calle)\b"
)
_PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        # 1 Infinite Loop, Cupertino, CA 95014 · Flat 3, 24 Elm Grove, Leeds LS6 1AB
        rf"(?<![\w.])(?:(?:Flat|Apartment|Apt\.?|Unit) \w{{1,4}}, )?{_NUMBER},? {_CAP}(?: {_CAP}){{0,4}}{_UNIT}?(?:, {_TOWN}){{1,2}},? (?:{_ZIP}|{UK_POSTCODE}|{_EIRCODE})(?!\w)",
        rf"\bP\.? ?O\.? Box \d{{1,6}}(?:,? {_TOWN})?(?:,? {_ZIP})?",
        # Hauptstraße 12a, 10115 Berlin · Mariahilfer Straße 45, 1060 Wien
        rf"\b(?:{_CAP}[- ])?[A-ZÄÖÜ][a-zäöüß-]*(?:straße|strasse|str\.|weg|platz|allee|gasse|ufer|damm|steig|chaussee)"
        rf" \d{{1,4}}(?: ?[a-zA-Z](?!\w))?(?:,? {_PLACE})?",
        rf"\b{_CAP}[ -](?:Straße|Strasse|Str\.|Allee|Gasse|Ufer|Damm|Chaussee) \d{{1,4}}(?: ?[a-zA-Z](?!\w))?(?:,? {_PLACE})?",
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
    """Street addresses with a house number, and post-office boxes."""

    entity = "ADDRESS"
    guard = (
        r"[\d¼½¾⅓⅔][A-Za-z]?,? (?:[0-9A-Z\x{C0}-\x{17F}][^\s,]* )+(?:Str|Ave|R(?:oa)?d\b|B(?:ou)?le?v|Lane|Ln|Drive|Dr\b|C(?:our)?t\b|Sq|Pl|Terr|P(?:ar)?kw|H(?:igh)?wa?y|Cres|Close|"
        r"Gard|Mews|Row|Way|Walk|Circ|Trail|Alley|St\b)"
        r"|\d(?: ?(?:bis|ter|quater))?,? (?:[Rr]ue|[Aa]venue|[Aa]v\.|[Bb]oulevard|[Bb]d|[Pp]lace|[Cc]hemin|[Aa]llée|[Ii]mpasse|[Qq]uai|[Rr]oute|[Cc]ours|[Ss]quare) "
        r"|\b(?:NSW|VIC|QLD|WA|SA|TAS|ACT|NT) \d{4}|\pL,? \d{3} ?\d{3}\b"
        r"|(?:[Ss]tra(?:ß|ss)e|trasse|[Ss]tr\.|weg|platz|[Aa]llee|[Gg]asse|[Uu]fer|[Dd]amm|steig|[Cc]haussee) \d|Box \d"
        r"|[A-Z]{1,2}\d[\dA-Z]? \d[A-Z]{2}\b|GIR 0AA"
        r"|[,\pL] [A-Z]{2} (?:\d{5}|[A-Z]\d[A-Z])|[A-Z]\d[\dW] ?[\dA-Z]{4}\b|\b(?:ul|al|pl|os)\. "
        r"|(?:Calle|C/|Avenida|Avda\.?|Av\.|Plaza|Paseo|Ronda|Via|Viale|Piazza|Corso|Largo|Vicolo|Rua|Praça|Travessa|Estrada) [^\n]+\d"
        r"|\d[^\n]{0,40},? (?:[A-Z]{1,2}-)?(?:\d{4,5}(?:-\d{3}| ?[A-Z]{2})?|\d{3} \d{2}|\d{2}-\d{3}) [A-Z\x{C0}-\x{17F}]"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Return addresses."""
        for found in _ENGLISH.finditer(text):
            if not found["ambiguous"] or _is_street(text, found):
                yield Span(_from_number(text, found.start()), found.end(), 0.85)
        for found in _FRENCH.finditer(text):
            # 2 Place Settings, 3 Route Tables
            sure = not found["ambiguous"] or found["half"] or found["of"] or found["place"]
            if sure or _is_lived_in(text, found) or _is_french(text):
                yield Span(found.start(), found.end(), 0.85)
        for found in _SOUTHERN.finditer(text):
            if not _VIA.match(found[0]) or _is_via(text, found):
                yield Span(found.start(), found.end(), 0.85)
        for start, end, score in every(_PATTERNS, text, 0.85):
            yield Span(_from_number(text, start) if text[start].isdigit() else start, end, score)


def _from_number(text: str, start: int) -> int:
    """Return where the number of a house starts that may be a range or a fraction."""
    before = _NUMBER_BEFORE.search(text, max(0, start - 12), start)
    return before.start() if before else start


@lru_cache(maxsize=8)
def _is_french(text: str) -> bool:
    """Tell whether a text has words of French; it is asked at every match, so one look must do for all."""
    return bool(_OF_FRANCE.search(text))


@lru_cache(maxsize=8)
def _is_southern(text: str) -> bool:
    """Tell whether a text has words of Italian or Spanish; one look does for all matches here too."""
    return bool(_OF_THE_SOUTH.search(text))


def _is_street(text: str, found: re.Match[str]) -> bool:
    """Tell whether what ends with a word that is not only a street's (`Drive`) is one."""
    if _NO_WAY.search(found[0]):
        return False
    if found["zip"] or found["postcode"] or found["flat"] or found["unit"]:
        return True
    before = max(0, found.start() - 48), found.start()
    if _is_lived_in(text, found):
        return True
    # A number right behind a name is the name's: Windows 10 Recovery Drive, Settings.
    return bool(found["town"] and found["town"].startswith(",")) and not _NUMBERED.search(text, *before)


def _is_via(text: str, found: re.Match[str]) -> bool:
    """Tell whether `Via` and the like begin a street: one with a town or in a text of the languages that call it so."""
    if _NO_VIA.match(found[0]):
        return False
    sent = _SENT.search(text, max(0, found.start() - 16), found.start())
    return bool(found["place"]) or (not sent and _is_lived_in(text, found)) or _is_southern(text)


def _is_lived_in(text: str, found: re.Match[str]) -> bool:
    """Tell whether what stands around a street's name says that somebody lives there, or a letter goes there."""
    before = max(0, found.start() - 48), found.start()
    if _LIVES.search(text, *before) or _LIVED_IN.match(text, found.end()):
        return True
    if _TITLED.search(text, *before) or (_LINE_BEFORE.search(text, *before) and _TOWN_LINE.match(text, found.end())):
        return True
    somebody = _SOMEBODY.search(text, *before)
    if not somebody or text[somebody.end(2) : found.start()] == " ":
        return False
    first, last = map(names.folded, somebody.groups())
    return first in names.given() or (first in names.ambiguous() and last in names.surnames())
