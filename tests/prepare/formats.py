# ruff: noqa: E501 (values are read by the kind, not by the line)
"""Forms in which personal data stands in real texts, country by country, each in a sentence that a person would write.

They were written down from what such numbers and addresses look like in their countries, not from what the recognisers
or the generator of labelled documents (labelled.py) know. `{}` in a sentence is where the value stands.
"""

from __future__ import annotations

import re

PHONES = (
    "+1-212-555-0143", "+1.212.555.0143", "(212)555-0143", "212.555.0143", "1-212-555-0143", "+1 (212) 555 0143",
    "212-555-0143 ext. 22", "+44 (0)20 7946 0958", "0044 20 7946 0958", "07700 900123", "01632 960 983", "+49 (0) 30 12345678",
    "+49-89-1234567", "089 / 12 34 56 78", "030-12345678", "0049 171 1234567", "0171-1234567", "+33 (0)1 42 68 53 00",
    "01.42.68.53.00", "+33142685300", "0142685300", "06 69812345", "333 1234567", "+39 333 123 4567", "91 411 12 34",
    "612 345 678", "612345678", "+31 20 624 1111", "020-6241111", "06-12345678", "+32 2 555 12 12", "0475 12 34 56",
    "+41 44 668 18 00", "044 668 18 00", "+43 664 1234567", "0664 1234567", "22 123 45 67", "601 234 567", "601-234-567",
    "+351 21 123 4567", "912 345 678", "+353 1 234 5678", "(01) 234 5678", "+46 8 123 456 78", "08-123 456 78", "070-123 45 67",
    "+45 12 34 56 78", "12 34 56 78", "+47 22 12 34 56", "+358 40 123 4567", "040 123 4567", "+420 601 123 456", "+36 1 234 5678",
    "+30 210 123 4567", "+40 21 123 4567", "+52 55 1234 5678", "+55 11 91234-5678", "(11) 91234-5678", "+54 9 11 1234-5678",
    "+1\u00a0416\u00a0555\u00a00123", "416 555 0123", "tel:+12125550143",
)  # fmt: skip
ADDRESSES = (
    "350 Fifth Avenue, New York, NY 10118", "1600 Pennsylvania Ave NW, Washington, DC 20500", "742 Evergreen Terrace",
    "4059 Mt Lee Dr., Hollywood, CA 90068", "P.O. Box 1234, Boise, ID 83701", "PO Box 99", "100 Main St Apt 5",
    "1 Infinite Loop, Cupertino, CA 95014", "10 Downing Street, London SW1A 2AA", "Flat 3, 24 Elm Grove, Leeds LS6 1AB",
    "221B Baker Street", "Unter den Linden 77, 10117 Berlin", "Kurfürstendamm 21, 10719 Berlin", "Königstr. 5, 70173 Stuttgart",
    "Am Markt 3, 28195 Bremen", "Schloßstr. 12 a", "Mariahilfer Straße 45, 1060 Wien", "Bahnhofstrasse 12, 8001 Zürich",
    "10 Rue Sainte-Catherine, 33000 Bordeaux", "5 bis boulevard Saint-Michel 75005 Paris", "23 av. des Champs-Élysées",
    "C/ Gran Vía 28, 3º B, 28013 Madrid", "Avda. Diagonal, 640, 08017 Barcelona", "Via del Corso 12, 00186 Roma",
    "Piazza San Marco, 1, 30124 Venezia", "Damrak 1, 1012 LG Amsterdam", "Coolsingel 40, 3011 AD Rotterdam",
    "Rue de la Loi 16, 1000 Bruxelles", "Meir 50, 2000 Antwerpen", "ul. Nowy Świat 6/12, 00-400 Warszawa", "al. Jerozolimskie 65/79",
    "Av. da Liberdade 110, 1250-146 Lisboa", "Drottninggatan 5, 111 51 Stockholm", "Vesterbrogade 3, 1620 København V",
    "Karl Johans gate 31, 0159 Oslo", "Mannerheimintie 10, 00100 Helsinki", "Václavské náměstí 1, 110 00 Praha 1",
    "1234 Rue Sherbrooke Ouest, Montréal, QC H3G 1M8", "55 Laurier Avenue West, Ottawa, ON K1N 6N5",
    "12 Grafton Street, Dublin 2, D02 VF65", "Rua Oscar Freire, 379, 01426-001 São Paulo", "Avenida Reforma 222, 06600 Ciudad de México",
)  # fmt: skip
IDENTITY = (
    "Steuer-ID 86 095 742 719", "NIR 2 55 08 14 168 025 38", "255081416802538", "DNI 12345678-Z", "DNI 12.345.678-Z", "NIE X-1234567-L",
    "RSSMRA85T10A562S", "PESEL 44051401359", "BSN 111222333", "85.07.30-033.28", "756.9217.0769.85", "131052-308T", "811218-9876",
    "CPR 010190-1234", "PPS number 1234567T", "rodné číslo 710319/2745", "AB 12 34 56 C", "AB123456C", "NHS number 943 476 5919",
    "ITIN 912-70-1234", "SIN 046 454 286", "CPF 529.982.247-25", "529.982.247-25", "CURP HEGG560427MVZRRL04", "passport number 963545637",
    "passport no. C01X00T47", "driver's license D1234567", "driving licence MORGA657054SM9IJ", "NIF 123 456 789", "AHV 7569217076985",
)  # fmt: skip
OTHER = {
    "SSN": ("219-09-9999", "SSN: 219 09 9999", "SSN 219099999", "social security number is 219-09-9999"),
    "CREDIT_CARD": (
        "4111-1111-1111-1111", "4111 1111 1111 1111", "3782 822463 10005", "378282246310005", "5555555555554444", "6011 1111 1111 1117",
        "3056 930902 5904", "4111\u00a01111\u00a01111\u00a01111", "4111.1111.1111.1111", "2223 0031 2200 3222",
    ),
    "IBAN": (
        "GB29NWBK60161331926819", "GB29 NWBK 6016 1331 9268 19", "DE89-3704-0044-0532-0130-00", "FR14 2004 1010 0505 0001 3M02 606",
        "NL91 ABNA 0417 1643 00", "IBAN:DE89370400440532013000", "de89 3704 0044 0532 0130 00", "CH93 0076 2011 6238 5295 7",
        "BE68 5390 0754 7034", "DE89\u00a03704\u00a00044\u00a00532\u00a00130\u00a000", "NO93 8601 1117 947", "PL61109010140000071219812874",
    ),
    "IP": (
        "84.23.11.9", "84.23.11.9:443", "[2a02:8108:1234::9]:80", "2a02:8108:1234:5678:9abc:def0:1234:5678", "2a02:8108::1",
        "::ffff:84.23.11.9", "http://84.23.11.9/admin", "84.23.11.9/32", "2a02:8108:1234::9%eth0",
    ),
    "EMAIL": (
        "jane.roe@gmail.com", "jane.roe[at]gmail[dot]com", "jane_roe AT gmail DOT com", "mailto:jane.roe@gmail.com", "<jane.roe@gmail.com>",
        "Jane.Roe+tag@sub.mail.co.uk", "jürgen@müller.de", "jane.roe @ gmail.com", "j-roe_9@uni-köln.de", "jane.roe{at}web.de", "jane.roe＠gmail.com",
        "jane.roe at gmail dot com", "jane&#64;gmail.com",
    ),
    "DATE": (
        "born 3/12/85", "DOB: 1985-03-12", "geb. 12.03.1985", "née le 12 mars 1985", "born on 12-Mar-1985", "born March 12th, 1985",
        "birthday: the 12th of March 1985", "nací el 12 de marzo de 1985", "date of birth 12 March 1985", "I was born 1985/03/12", "nato il 12/03/1985",
        "urodzony 12 marca 1985", "geboren op 12 maart 1985", "birth date 19850312", "fecha de nacimiento: 12-03-1985",
    ),
}  # fmt: skip
PEOPLE = (
    ("My name's {} and I can't log in.", "Priya Natarajan"), ("I am {} from Leeds.", "Sean O'Connor"), ("Kind regards,\n{}", "Nguyen Thi Lan"),
    ("Mme {} a demandé.", "Lefèvre"), ("Il Sig. {} ha chiamato.", "Bianchi"), ("Herr Dr. {} ist krank.", "Meier"), ("Mrs {} called twice.", "Thompson"),
    ("Dear Ms. {},\nthanks", "Okafor"), ("It is assigned to {}.", "Priya Natarajan"), ("{} wrote:\nIt fails.", "John Smith"), ("It broke.\n\nBest,\n{}", "Priya"),
    ("Contact person: {}", "Ewa Zielińska"), ("It was reported by {}.", "Lars Ulrik Nielsen"), ("Mit freundlichen Grüßen\n{}", "Jörg Schäfer"),
    ("Je suis {}.", "Amélie Poulain"), ("Soy {} y no puedo entrar.", "José Luis Fernández"), ("Mijn naam is {}.", "Jan-Willem de Vries"),
    ("Nazywam się {}.", "Zbigniew Wróbel"), ("Меня зовут {}.", "Иван Петров"), ("Please contact {} in accounting.", "Fatima Al-Sayed"),
    ("Sent by {} on behalf of the board.", "Björn Åkesson"), ("Caller: {}", "Ngozi Eze"), ("Hello, this is {} speaking.", "Mark Evans"),
    ("Prof. {} approved it.", "Ana Sofía Rojas"), ("Hi {}, thanks for the help.", "Dmitri"),
)  # fmt: skip
SENTENCES = {
    "PHONE": ("Call me at {} please.", "Phone: {}", "Tel. {}", "You can reach me on {}.", "My number is {}"),
    "ADDRESS": ("I live at {}.", "Please send it to {} today.", "Address: {}"),
    "ID_NUMBER": ("I sent you {} last week.", "The form says {}."),
    "SSN": ("I sent you {} last week.",),
    "CREDIT_CARD": ("You charged {} twice.", "The card is {}."),
    "IBAN": ("Please refund to {} soon.", "Account: {}"),
    "IP": ("The login came from {} yesterday.",),
    "EMAIL": ("Write to {} please.", "E-mail: {}"),
    "DATE": ("The patient, {}, came in.", "{}"),
}


_AROUND = re.compile(r"tel:|ext\\. 22|mailto:|:443|]:80|::ffff:|/admin|https?://|/32|%eth0")
"""What may stay: it is not what tells about a person."""


def cases() -> list[tuple[str, str, list[str]]]:
    """Return the type, a text, and the parts of the value in it that must not stay."""
    values = {"PHONE": PHONES, "ADDRESS": ADDRESSES, "ID_NUMBER": IDENTITY, **OTHER}
    made = []
    for entity, forms in values.items():
        for sentence in SENTENCES[entity]:
            made += [(entity, sentence.format(value), _telling(entity, value)) for value in forms]
    made += [("PERSON", sentence.format(name), name.split()) for sentence, name in PEOPLE]
    return made


def _telling(entity: str, value: str) -> list[str]:
    parts = re.findall(r"[^\W_]+", _AROUND.sub(" ", value.replace("&#64;", "@")))
    if entity == "ADDRESS":
        return parts
    numbers = [part for part in parts if any(letter.isdigit() for letter in part)]
    if entity == "DATE":
        return [part for part in numbers if len(part) > 1][-1:]
    return numbers or parts[:1]


def left_over(protected: str, parts: list[str]) -> list[str]:
    """Return the parts that still stand in a text after its personal data was replaced."""
    plain = set(re.findall(r"[^\W_]+", re.sub(r"\[[A-Z_]+\]", " ", protected)))
    return [part for part in parts if part in plain]
