# ruff: noqa: E501 (sentences are read by the line)
"""Documents with planted personal data, and as many without: for measuring recall and precision of the recognisers.

The carriers are real FAQ paragraphs (the sample sites of this project). Into each document with personal data one to
three sentences are planted, whose values are made here: numbers with right check digits, addresses, names. Half of the
names are on the recognisers' lists, the other half are not, and are reported apart. Documents without personal data get
as many sentences with things that only look like it. Everything follows from the seed.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.prepare.privacy import checksums

SITES = Path(__file__).resolve().parents[2] / "pipeline" / "local" / "samples" / "sites"
# Paragraphs that name people are no carriers without personal data. Read off the pages by hand.
NAMED = re.compile(
    r"Guido|Rossum|Roskind|Urlichs|McMillan|Bartelt|Rezinsky|Boddie|Stein\b|Olsen|Holovaty|Willison|Adrian|Simon|Mitch|Chapman|"
    r"Hipp|Tim Peters|Jelke|Lundh|Fredrik|Hammond|Mark\b|David|Ascher|Beazley|Lemburg|Barry|Warsaw|Hylton|Django Reinhardt|Reinhardt|Pascal|"
    r"Monty|Stroustrup|Knuth|Jacob|Kaplan|Wilson|Watters|Aahz|Lutz|Montanaro|Dubner|Gerrit|Holl|Alex|Martelli|Majkowski|Bernstein"
)


@dataclass(frozen=True)
class Planted:
    """A planted value: its type, where it stands, and whether its name is on a list."""

    entity: str
    start: int
    end: int
    listed: bool = True


@dataclass(frozen=True)
class Document:
    """A text and what was planted in it."""

    text: str
    planted: tuple[Planted, ...]


def carriers() -> list[str]:
    """Return the paragraphs of the sample pages that are of a useful length and name nobody."""
    from bs4 import BeautifulSoup

    found: dict[str, None] = {}
    for file in sorted(SITES.rglob("*.html")):
        for element in BeautifulSoup(file.read_bytes(), "lxml").find_all(["p", "dd", "li"]):
            text = " ".join(element.get_text(" ").split())
            if 80 <= len(text) <= 600 and not NAMED.search(text):
                found[text] = None
    return list(found)


GIVEN = [
    "Maria",
    "Peter",
    "Anna",
    "Thomas",
    "Sophie",
    "Giovanni",
    "Katarzyna",
    "Carlos",
    "Ingrid",
    "Mohammed",
    "Jennifer",
    "Stefan",
    "Claire",
    "Antonio",
    "Svetlana",
    "Hiroshi",
]
FAMILY = [
    "Müller",
    "Smith",
    "Rossi",
    "García",
    "Kowalski",
    "Dubois",
    "Jansen",
    "Johnson",
    "Nowak",
    "Andersson",
    "Ferreira",
    "Weber",
    "O'Brien",
    "Petrov",
    "Tanaka",
    "Schneider",
]
UNLISTED_GIVEN = [
    "Zora",
    "Tavish",
    "Oluwaseun",
    "Birk",
    "Mireia",
    "Thandiwe",
    "Leocadia",
    "Radovan",
    "Xochitl",
    "Eero",
    "Nkechi",
    "Isolde",
    "Ambrož",
    "Sorcha",
    "Wojtek",
    "Ayumi",
]
UNLISTED_FAMILY = [
    "Quist",
    "Adeyemi",
    "Brandvold",
    "Tirel",
    "Okonkwo",
    "Vlasáková",
    "Szczur",
    "Haldane",
    "Iturralde",
    "Lindqvist",
    "Mbeki",
    "Wachowiak",
    "Fjeldstad",
    "Duquesne",
    "Castellane",
    "Zwick",
]
DOMAINS = [
    "gmail.com",
    "web.de",
    "orange.fr",
    "outlook.com",
    "firma-nord.de",
    "studio.io",
    "uni-koeln.de",
    "mail.co.uk",
    "interia.pl",
    "libero.it",
]
STREETS = [
    "{n} Maple Street, Springfield, IL 62704",
    "{n} Old Mill Road",
    "{n} Kensington High Street, London W8 4SG",
    "Bahnhofstraße {n}, 50667 Köln",
    "Lindenweg {n}, 80331 München",
    "{n} rue de la République, 69002 Lyon",
    "{n}, avenue Victor Hugo, 75116 Paris",
    "Calle Mayor {n}, 28013 Madrid",
    "Via Garibaldi {n}, 10122 Torino",
    "Prinsengracht {n}, 1016 HK Amsterdam",
    "ul. Piotrkowska {n}, 90-001 Łódź",
    "{n} West 42nd Street",
    "P.O. Box {n}",
    "Rua Augusta {n}, 1100-053 Lisboa",
]


class Maker:
    """Makes values and sentences from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def digits(self, number: int) -> str:
        return "".join(self.random.choice("0123456789") for _ in range(number))

    def until(self, make: Callable[[], str], good: Callable[[str], bool]) -> str:
        while not good(value := make()):
            pass
        return value

    def name(self, listed: bool) -> str:
        given, family = (GIVEN, FAMILY) if listed else (UNLISTED_GIVEN, UNLISTED_FAMILY)
        return f"{self.random.choice(given)} {self.random.choice(family)}"

    def email(self) -> str:
        first, last = (
            re.sub(r"[^a-z]", "", part.lower()) for part in self.name(self.random.random() < 0.5).split(" ", 1)
        )
        local = self.random.choice(
            [f"{first}.{last}", f"{first[0]}{last}", f"{last}{self.digits(2)}", f"{first}_{last}", f"{first}+news"]
        )
        domain = self.random.choice(DOMAINS)
        if self.random.random() < 0.1:
            return f"{local} (at) {domain.replace('.', ' (dot) ')}"
        return f"{local}@{domain}"

    def phone(self) -> str:
        d = self.digits
        return self.random.choice(
            [
                f"+1 ({self.random.randint(201, 989)}) {self.random.randint(200, 999)}-{d(4)}",
                f"({self.random.randint(201, 989)}) {self.random.randint(200, 999)}-{d(4)}",
                f"{self.random.randint(201, 989)}-{self.random.randint(200, 999)}-{d(4)}",
                f"+49 171 {self.random.randint(1, 9)}{d(6)}",
                f"0171/{self.random.randint(1, 9)}{d(6)}",
                f"030 {self.random.randint(2, 9)}{d(7)}",
                f"+33 6 {d(2)} {d(2)} {d(2)} {d(2)}",
                f"06 {d(2)} {d(2)} {d(2)} {d(2)}",
                f"+44 7700 {self.random.randint(1, 9)}{d(5)}",
                f"020 7946 0{d(3)}",
                f"+34 6{d(2)} {d(3)} {d(3)}",
                f"+48 5{d(2)} {d(3)} {d(3)}",
                f"+39 34{d(1)} {d(7)}",
            ]
        )

    def ip(self) -> str:
        if self.random.random() < 0.2:
            return f"2a02:{self.random.randint(100, 999)}:{self.random.randint(1000, 9999)}::{self.random.randint(1, 9)}:{self.random.randint(10, 99)}"
        return f"{self.random.choice([84, 91, 77, 188, 212, 46])}.{self.random.randint(1, 254)}.{self.random.randint(1, 254)}.{self.random.randint(1, 254)}"

    def card(self) -> str:
        start, length = self.random.choice([("4", 16), ("51", 16), ("55", 16), ("37", 15), ("6011", 16)])
        number = self.until(lambda: start + self.digits(length - len(start)), checksums.luhn)
        grouped = (
            " ".join(re.findall(r"\d{1,4}", number)) if length == 16 else f"{number[:4]} {number[4:10]} {number[10:]}"
        )
        return self.random.choice([number, grouped, grouped.replace(" ", "-")])

    def iban(self) -> str:
        country, shape = self.random.choice(
            [
                ("DE", "18d"),
                ("FR", "23d"),
                ("ES", "20d"),
                ("NL", "4a10d"),
                ("GB", "4a14d"),
                ("AT", "16d"),
                ("PL", "24d"),
            ]
        )
        body = "".join(
            self.digits(int(n)) if kind == "d" else "".join(self.random.choice("ABCDEFGHIJK") for _ in range(int(n)))
            for n, kind in re.findall(r"(\d+)([ad])", shape)
        )
        plain = "".join(str(int(c, 36)) for c in body + country + "00")
        number = f"{country}{98 - int(plain) % 97:02d}{body}"
        return self.random.choice([number, " ".join(re.findall(r".{1,4}", number))])

    def ssn(self) -> str:
        return f"{self.random.randint(1, 665):03d}-{self.random.randint(1, 99):02d}-{self.random.randint(1, 9999):04d}"

    def identity(self) -> str:
        d, r = self.digits, self.random
        kind = r.randrange(8)
        if kind == 0:
            return "Steuer-ID " + self.until(lambda: str(r.randint(1, 9)) + d(10), checksums.tax_id_de)
        if kind == 1:
            number = r.randint(10_000_000, 99_999_999)
            return f"DNI {number}{'TRWAGMYFPDXBNJZSQVHLCKE'[number % 23]}"
        if kind == 2:
            return f"National Insurance number {r.choice('ABCEHJLMPRSTWXY')}{r.choice('ABCEHJLMPRSTWXYZ')} {d(2)} {d(2)} {d(2)} {r.choice('ABCD')}"
        if kind == 3:
            return "PESEL " + self.until(
                lambda: f"{d(2)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{d(5)}", checksums.pesel_pl
            )
        if kind == 4:
            return "BSN " + self.until(lambda: str(r.randint(1, 9)) + d(8), checksums.bsn_nl)
        if kind == 5:
            body = f"{r.choice('12')}{d(2)}{r.randint(1, 12):02d}{r.randint(1, 95):02d}{d(6)}"
            return f"numéro de sécu {body}{97 - int(body) % 97:02d}"
        if kind == 6:
            start = f"{''.join(r.choice('BCDFGLMNPRSTVZ') for _ in range(6))}{d(2)}{r.choice('ABCDEHLMPRST')}{r.randint(1, 28):02d}{r.choice('ABCDEFGHIL')}{d(3)}"
            return "codice fiscale " + self.until(
                lambda: start + r.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), checksums.fiscal_code_it
            )
        return "personnummer " + self.until(
            lambda: f"{d(2)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}-{d(4)}",
            lambda v: checksums.personal_number_se(v.replace("-", "")),
        )

    def address(self) -> str:
        return self.random.choice(STREETS).format(n=self.random.randint(2, 298))

    def date(self) -> str:
        day, month, year = self.random.randint(1, 28), self.random.randint(1, 12), self.random.randint(1950, 2024)
        name = [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ][month - 1]
        german = [
            "Januar",
            "Februar",
            "März",
            "April",
            "Mai",
            "Juni",
            "Juli",
            "August",
            "September",
            "Oktober",
            "November",
            "Dezember",
        ][month - 1]
        return self.random.choice(
            [
                f"{day:02d}/{month:02d}/{year}",
                f"{year}-{month:02d}-{day:02d}",
                f"{name} {day}, {year}",
                f"{day} {name} {year}",
                f"{day}. {german} {year}",
                f"{day:02d}.{month:02d}.{year}",
            ]
        )


SENTENCES: dict[str, tuple[str, ...]] = {
    "EMAIL": ("Please answer to {}.", "I wrote from {} yesterday.", "Meine Adresse ist {}.", "My colleague ({}) has the same problem.", "Contact: {}", "Mon adresse est {}."),
    "PHONE": ("You can reach me at {}.", "My number is {}.", "Call {} after five.", "Telefon: {}", "Tél. {}", "Ruf mich an unter {}, Handy {}.".replace(", Handy {}", ""), "mobile {}"),
    "IP": ("The request came from {}.", "My IP is {} and I am blocked.", "Server log: login failed for root from {}.", "Meine IP-Adresse: {}."),
    "CREDIT_CARD": ("I paid with card {}.", "The card number is {}.", "Kreditkarte {} wurde abgelehnt.", "Charge {} instead, please."),
    "IBAN": ("Please refund to {}.", "My IBAN is {}.", "Bitte überweisen Sie auf {}.", "Compte {} s'il vous plaît."),
    "SSN": ("My social security number is {}.", "SSN: {}", "The form asks for {} again."),
    "ID_NUMBER": ("It is registered under {}.", "My {} was rejected.", "Please correct {} in the contract."),
    "ADDRESS": ("Send it to {}.", "I live at {}.", "Our office moved to {}.", "Meine Anschrift: {}.", "Delivery address: {}"),
    "PERSON": (
        "My name is {} and I need help.", "Ich heiße {}.", "Je m'appelle {}.", "Me llamo {}.", "Mi chiamo {}.", "Mr. {} told me to ask here.", "Frau {} hat das bestellt.",
        "Best regards,\n{}", "Mit freundlichen Grüßen\n{}", "Customer: {}", "Name: {}", "I spoke with {} on the phone.", "{} reported this last week.", "Please ask {} about it.", "The contract was signed by {}.",
    ),
    "DATE": ("I was born on {}.", "My order of {} has not arrived.", "Geboren am {}.", "The patient was admitted on {}.", "She signed the contract on {}.", "Invoice dated {} is wrong.", "My appointment is on {}."),
}  # fmt: skip
# Written after the recognisers were finished, and never used to improve them: the figures that count.
HELD_OUT: dict[str, tuple[str, ...]] = {
    "EMAIL": ("The invoice should go to {} from now on.", "Bitte senden Sie die Rechnung an {}!", "cc {}", "I can log in as {} but not on my phone.", "Mijn e-mail is {}"),
    "PHONE": ("If it fails again, ring me: {}.", "Best time is the morning, {} is my mobile.", "Rückruf bitte unter {}", "Mijn telefoonnummer is {}", "My cell is {} (text only)."),
    "IP": ("Connection refused for {} since Tuesday.", "Could you whitelist {} for us?", "Our office goes out through {}.", "Von {} aus geht es nicht."),
    "CREDIT_CARD": ("You charged {} twice.", "It says declined for {}, but there is money on it.", "Numéro de carte : {}", "The digits are {} and the name is right."),
    "IBAN": ("The money should land on {}.", "Direct debit from {} failed.", "Rekeningnummer {}", "Konto: {}"),
    "SSN": ("They want proof for {}.", "Applicant {} is missing from the list.", "Her SSN, {}, was typed wrongly."),
    "ID_NUMBER": ("On the form I gave {}.", "The clerk noted {} by mistake.", "Does {} look valid to you?"),
    "ADDRESS": ("The parcel went to {} instead.", "Unsere neue Adresse lautet {}.", "Please pick it up at {} tomorrow.", "J'habite au {}."),
    "PERSON": ("This is {} from accounting.", "Yours, {}", "Viele Grüße, {}", "Dr. {} will attend.", "Thank you {} for the quick fix!", "The seat belongs to {}.", "{} cannot open the portal.", "Hi {}, any news?", "Please add {} to the team.", "Signed: {}"),
    "DATE": ("We got married on {}.", "He passed away on {}.", "My passport expires {}.", "Delivered on {}, but damaged.", "Ihr Termin am {} entfällt."),
}  # fmt: skip
LOOKALIKES = (
    "Version {v} fixes this; {w} does not.", "See ISBN 978-3-16-148410-0 for the book.", "Listen on 127.0.0.1:8000 or 192.168.1.20.", "It was released on October {d}, 20{d2}.",
    "Use support@python.org or the mailing list.", "Write user@example.com in the field.", "Ticket 2024-{n} is about error 0x{n}.", "Section 3.{d}.4.1 explains it.",
    "It takes {n} ms for {n}000 rows at 19.95 each.", "The hash is 5d41402abc4b2a76b9719d911017c592.", "Set PORT=50{d2} and TIMEOUT=30.", "New York and San Francisco are in different time zones.",
    "Open Source Software and Visual Basic are capitalised.", "The Apache Software Foundation and Red Hat support it.", "Since 1995-07-{d} the epoch of the format is 1970-01-01.", "Copyright 2001-2024, all rights reserved.",
    "Monday Morning Meeting Notes are in the wiki.", "Will Python run on Windows Server 2019?", "May I use Django with Ruby on Rails?", "UUID 123e4567-e89b-12d3-a456-426614174000 is an example.",
    "The ratio 1234-5678-9012 is no card.", "Chapter 12-34-5678 does not exist in RFC 2606.", "Run git commit -m 'Fix #12345678'.", "The constant is 299792458 m/s.", "Mr and Mrs are titles.",
)  # fmt: skip


def documents(number: int = 1000, seed: int = 11, *, held_out: bool = False) -> Iterator[Document]:
    """Yield `number` documents with planted personal data, then as many without."""
    sentences = HELD_OUT if held_out else SENTENCES
    maker = Maker(seed)
    texts = carriers()
    kinds = sorted(sentences)
    values: dict[str, Callable[[], str]] = {
        "EMAIL": maker.email, "PHONE": maker.phone, "IP": maker.ip, "CREDIT_CARD": maker.card, "IBAN": maker.iban,
        "SSN": maker.ssn, "ID_NUMBER": maker.identity, "ADDRESS": maker.address, "DATE": maker.date,
    }  # fmt: skip
    for place in range(number):
        text = maker.random.choice(texts)
        planted: list[Planted] = []
        ended = False
        for step in range(maker.random.randint(1, 3)):
            entity = kinds[(place + step * 3) % len(kinds)]
            listed = maker.random.random() < 0.5
            value = maker.name(listed) if entity == "PERSON" else values[entity]()
            before, after = maker.random.choice(sentences[entity]).split("{}")
            alone = "\n" in before or ":" in before or "Tél" in before
            joint = "\n\n" if alone or ended or maker.random.random() < 0.3 else " "
            ended = alone
            core = (
                value.split(" ")[-1]
                if entity == "ID_NUMBER" and not value.startswith("National")
                else value.removeprefix("National Insurance number ")
            )
            start = len(text) + len(joint) + len(before) + value.index(core)
            planted.append(Planted(entity, start, start + len(core), listed))
            text += joint + before + value + after
        yield Document(text, tuple(planted))
    for _ in range(number):
        text = maker.random.choice(texts)
        for _ in range(maker.random.randint(1, 3)):
            made = maker.random.choice(LOOKALIKES).format(
                v=f"{maker.random.randint(1, 9)}.{maker.random.randint(0, 30)}.{maker.random.randint(0, 30)}", w=f"{maker.random.randint(1, 9)}.{maker.random.randint(0, 9)}.0.{maker.random.randint(1, 9)}",
                d=maker.random.randint(1, 9), d2=maker.random.randint(10, 24), n=maker.digits(4),
            )  # fmt: skip
            text += " " + made
        yield Document(text, ())
