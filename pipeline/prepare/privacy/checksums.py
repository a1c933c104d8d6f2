"""Check digits of cards, accounts and national identity numbers, each by its published rule."""

from __future__ import annotations

import re

# Length of an IBAN by country: ISO 13616 registry.
_IBAN_LENGTHS = {
    **{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "BY": 28},
    **{"CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18},
    **{"FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22},
    **{"IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20},
    **{"LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18},
    **{"NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24},
    **{"SI": 19, "SK": 24, "SM": 27, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24},
    **{"XK": 20},
}


def luhn(digits: str) -> bool:
    """Tell whether digits pass the Luhn test (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def iban(value: str) -> bool:
    """Tell whether an IBAN has its country's length and ISO 7064 mod 97-10 check digits."""
    plain = re.sub(r"[ -]", "", value).upper()
    if len(plain) != _IBAN_LENGTHS.get(plain[:2], 0):
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def social_security_us(digits: str) -> bool:
    """Tell whether nine digits can be a US social security number (SSA's rules since 2011)."""
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def tax_id_de(digits: str) -> bool:
    """Tell whether eleven digits are a German Steuer-Identifikationsnummer (ISO 7064 mod 11,10)."""
    if digits[0] == "0" or max(digits[:10].count(digit) for digit in "0123456789") not in (2, 3):
        return False
    product = 10
    for digit in digits[:10]:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return (11 - product) % 10 == int(digits[10])


def insee_fr(value: str) -> bool:
    """Tell whether a French numéro de sécurité sociale (NIR) has its key: 97 - number mod 97."""
    plain = value.upper().replace("2A", "19").replace("2B", "18")
    return plain.isdigit() and len(plain) == 15 and 97 - int(plain[:13]) % 97 == int(plain[13:])


def nif_es(value: str) -> bool:
    """Tell whether a Spanish DNI or NIE has its letter: number mod 23."""
    plain = value.upper()
    number = str("XYZ".index(plain[0])) + plain[1:-1] if plain[0] in "XYZ" else plain[:-1]
    return number.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23] == plain[-1]


def fiscal_code_it(value: str) -> bool:
    """Tell whether an Italian codice fiscale has its check letter (DM 23.12.1976)."""
    odd = dict(
        zip(
            "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
            (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2 + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
            strict=True,
        )
    )
    plain = value.upper()
    total = sum(
        odd[c] if place % 2 == 0 else int(c, 36) - (0 if c.isdigit() else 10) for place, c in enumerate(plain[:15])
    )
    return chr(65 + total % 26) == plain[15]


def pesel_pl(digits: str) -> bool:
    """Tell whether eleven digits are a Polish PESEL."""
    month = int(digits[2:4]) % 20
    check = (10 - _weighted(digits[:10], (1, 3, 7, 9) * 3) % 10) % 10
    return 1 <= month <= 12 and 1 <= int(digits[4:6]) <= 31 and check == int(digits[10])


def bsn_nl(digits: str) -> bool:
    """Tell whether nine digits pass the Dutch eleven test of a burgerservicenummer."""
    return digits != "000000000" and _weighted(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def national_number_be(digits: str) -> bool:
    """Tell whether eleven digits are a Belgian rijksregisternummer, of either century."""
    check = int(digits[9:])
    return check in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def ahv_ch(digits: str) -> bool:
    """Tell whether thirteen digits are a Swiss AHV number: EAN-13 with the prefix 756."""
    return digits.startswith("756") and (10 - _weighted(digits[:12], (1, 3) * 6) % 10) % 10 == int(digits[12])


def svnr_at(digits: str) -> bool:
    """Tell whether ten digits are an Austrian Sozialversicherungsnummer."""
    check = _weighted(digits[:3] + digits[4:], (3, 7, 9, 5, 8, 4, 2, 1, 6)) % 11
    return check != 10 and check == int(digits[3]) and 1 <= int(digits[4:6]) <= 31 and 1 <= int(digits[6:8]) <= 15


def nif_pt(digits: str) -> bool:
    """Tell whether nine digits are a Portuguese NIF."""
    rest = _weighted(digits[:8], (9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return digits[0] in "1235689" and (0 if rest < 2 else 11 - rest) == int(digits[8])


def personal_number_se(digits: str) -> bool:
    """Tell whether a Swedish personnummer (ten digits, the century left out) has its Luhn digit and a date."""
    return 1 <= int(digits[2:4]) <= 12 and 1 <= int(digits[4:6]) % 60 <= 31 and luhn(digits)


def hetu_fi(value: str) -> bool:
    """Tell whether a Finnish henkilötunnus has its check character: number mod 31."""
    number = value[:6] + value[7:10]
    return "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(number) % 31] == value[10].upper()


def nhs_uk(digits: str) -> bool:
    """Tell whether ten digits are an NHS number (mod 11)."""
    check = 11 - _weighted(digits[:9], (10, 9, 8, 7, 6, 5, 4, 3, 2)) % 11
    return check != 10 and check % 11 == int(digits[9])


def cpr_dk(digits: str) -> bool:
    """Tell whether a Danish CPR number holds a date; since 2007 not all pass the old mod 11 test."""
    return 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12


def pps_ie(value: str) -> bool:
    """Tell whether an Irish PPS number has its check letter (mod 23)."""
    plain = value.upper()
    extra = (ord(plain[8]) - 64) * 9 if len(plain) == 9 and plain[8] != "W" else 0
    return "WABCDEFGHIJKLMNOPQRSTUV"[(_weighted(plain[:7], (8, 7, 6, 5, 4, 3, 2)) + extra) % 23] == plain[7]


def birth_number_cz(digits: str) -> bool:
    """Tell whether a ten-digit Czech or Slovak rodné číslo is divisible by 11 and holds a date."""
    month = int(digits[2:4]) % 50 % 20
    return int(digits) % 11 == 0 and 1 <= month <= 12 and 1 <= int(digits[4:6]) <= 31


def cpf_br(digits: str) -> bool:
    """Tell whether eleven digits are a Brazilian CPF (two mod 11 check digits)."""

    def check(number: str) -> int:
        rest = _weighted(number, tuple(range(len(number) + 1, 1, -1))) * 10 % 11
        return rest % 10

    return len(set(digits)) > 1 and check(digits[:9]) == int(digits[9]) and check(digits[:10]) == int(digits[10])


def identity_cn(value: str) -> bool:
    """Tell whether a Chinese identity number (GB 11643) has its check character (ISO 7064 mod 11-2) and a date."""
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    is_date = 1 <= int(value[10:12]) <= 12 and 1 <= int(value[12:14]) <= 31
    return is_date and "10X98765432"[_weighted(value[:17], weights) % 11] == value[17].upper()


def rut_cl(value: str) -> bool:
    """Tell whether a Chilean RUT has its check character (mod 11)."""
    check = 11 - _weighted(value[-2::-1], (2, 3, 4, 5, 6, 7) * 2) % 11
    return {10: "K", 11: "0"}.get(check, str(check)) == value[-1].upper()


def snils_ru(digits: str) -> bool:
    """Tell whether eleven digits are a Russian SNILS (weights 9 to 1, mod 101)."""
    return _weighted(digits[:9], (9, 8, 7, 6, 5, 4, 3, 2, 1)) % 101 % 100 == int(digits[9:])


def identity_tr(digits: str) -> bool:
    """Tell whether eleven digits are a Turkish identity number."""
    numbers = [int(digit) for digit in digits]
    tenth = (sum(numbers[0:9:2]) * 7 - sum(numbers[1:8:2])) % 10
    return numbers[9] == tenth and sum(numbers[:10]) % 10 == numbers[10]
