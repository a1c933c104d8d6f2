# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""National identity, tax and insurance numbers of Europe, America and Asia."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from pipeline.prepare.privacy import checksums, names
from pipeline.prepare.privacy.other_numbers import NEAR, OTHER_NUMBER, is_of_a_thing
from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart


class Kind(NamedTuple):
    """A kind of number: its shape, its check, and the words that say what it is.

    A number whose shape or check digits could be anything counts only near such a word (`alone` false).
    """

    name: str
    shape: Apart
    check: Callable[[str], bool]
    words: re.Pattern[str]
    alone: bool


def _kind(name: str, shape: str, check: Callable[[str], bool], words: str, *, alone: bool = False) -> Kind:
    return Kind(
        name,
        Apart(shape, before=".,/-", after=r"[.,/-]\d"),
        check,
        re.compile(rf"(?:{words})", re.IGNORECASE),
        alone,
    )


KINDS = (
    _kind("de_tax_id", r"\d{2} ?\d{3} ?\d{3} ?\d{3}", checksums.tax_id_de, "steuer|idnr|tin\\b|tax"),
    _kind(
        "fr_nir",
        r"[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[ABab]) ?\d{3} ?\d{3} ?\d{2}",
        checksums.insee_fr,
        "nir|insee|sécu",
        alone=True,
    ),
    _kind(
        "es_nif",
        r"(?:\d{8}|\d{2}\.\d{3}\.\d{3}|[XYZxyz]-?\d{7})-?[A-HJ-NP-TV-Za-hj-np-tv-z]",
        checksums.nif_es,
        "dni|nif|nie",
        alone=True,
    ),
    _kind(
        "it_fiscal_code",
        r"[A-Za-z]{6}\d{2}[A-EHLMPRSTa-ehlmprst]\d{2}[A-Za-z]\d{3}[A-Za-z]",
        checksums.fiscal_code_it,
        "fiscale",
        alone=True,
    ),
    _kind(
        "uk_nino",
        r"(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]",
        lambda _: True,
        r"insurance|\bnino?\b|\bni\b|\bhmrc\b|\bdwp\b",
        alone=True,
    ),
    _kind("uk_nhs", r"\d{3}[ -]?\d{3}[ -]?\d{4}", checksums.nhs_uk, "nhs"),
    _kind("pl_pesel", r"\d{11}", checksums.pesel_pl, "pesel"),
    _kind("nl_bsn", r"\d{4}[. ]?\d{2}[. ]?\d{3}", checksums.bsn_nl, "bsn|burgerservice|sofi"),
    _kind(
        "be_national_number",
        r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}|\d{11}",
        checksums.national_number_be,
        "rijksregister|registre national|national",
    ),
    _kind("be_written", r"\d{2}\.\d{2}\.\d{2}-\d{3}\.\d{2}", checksums.national_number_be, "rijksregister", alone=True),
    _kind("ca_sin", r"\d{3}[ -]?\d{3}[ -]?\d{3}", checksums.luhn, r"\bsin\b|social insurance|assurance sociale"),
    _kind("br_cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", checksums.cpf_br, "cpf", alone=True),
    _kind("br_cpf_plain", r"\d{11}", checksums.cpf_br, "cpf"),
    _kind("cn_identity", r"\d{17}[\dXx]", checksums.identity_cn, "身份证", alone=True),
    _kind(
        "kr_registration",
        r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])-[1-8]\d{6}",
        lambda _: True,
        # Any seven digits behind a date; in a Korean text they are hardly anything else.
        r"resident|registration|\brrn\b|korea|[가-힣]|(?<!order )(?<!ticket )(?<!case )(?<!product )(?<!item )(?<!article )(?<!session )(?<!transaction )(?<!part )(?<!device )\bid\b",
    ),
    _kind("cl_rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dkK]", checksums.rut_cl, r"\brut\b|\brun\b", alone=True),
    _kind("ru_snils", r"\d{3}-\d{3}-\d{3}[ -]\d{2}", checksums.snils_ru, "снилс", alone=True),
    _kind("tr_identity", r"[1-9]\d{10}", checksums.identity_tr, r"kimlik|\bt\.?c\.?\b"),
    _kind("in_pan", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", lambda _: True, r"\bpan\b"),
    _kind("mx_rfc", r"[A-Z&Ñ]{4}\d{6}[A-Z\d]{3}", lambda _: True, r"\brfc\b"),
    _kind("mx_curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z\d]\d", lambda _: True, "curp", alone=True),
    _kind("ch_ahv", r"756[. ]?\d{4}[. ]?\d{4}[. ]?\d{2}", checksums.ahv_ch, "ahv|avs", alone=True),
    _kind("at_svnr", r"\d{4} ?\d{6}", checksums.svnr_at, "svnr|sv-nummer|sozialversicherung|versicherungsnummer"),
    _kind("pt_nif", r"\d{3} ?\d{3} ?\d{3}", checksums.nif_pt, "nif|contribuinte|fiscal"),
    _kind(
        "se_personnummer",
        r"(?:19|20)?\d{6}[-+]\d{4}",
        lambda d: checksums.personal_number_se(d[-10:]),
        "personn|pnr",
        alone=True,
    ),
    _kind(
        "fi_hetu",
        r"(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])\d{2}[-+A-FYXWVU]\d{3}[0-9A-FHJ-NPR-Y]",
        checksums.hetu_fi,
        "henkilö|hetu",
        alone=True,
    ),
    _kind("dk_cpr", r"\d{6}-?\d{4}", checksums.cpr_dk, "cpr"),
    _kind("ie_pps", r"\d{7}[A-W][A-IW]?", checksums.pps_ie, "pps"),
    _kind("cz_birth_number", r"\d{6}/?\d{4}", checksums.birth_number_cz, "rodné|rodne|birth number"),
    _kind("us_itin", r"9\d{2}[ -]?(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])[ -]?\d{4}", lambda _: True, "itin|taxpayer"),
    _kind(
        "passport",
        r"[A-Z0-9]{7,9}",
        lambda v: sum(c.isdigit() for c in v) >= 3,
        "passport|passeport|pasaporte|passaporto|passaporte|paspoort|paszport",
    ),
    _kind(
        "de_id_card",
        r"[CFGHJKLMNPRTVWXYZ][0-9CFGHJKLMNPRTVWXYZ]{8}\d?",
        lambda v: sum(c.isdigit() for c in v) >= 3,
        "ausweis|reisepass|pass-?nummer",
    ),
    _kind(
        "driving_licence",
        r"[A-Z0-9][A-Z0-9 -]{5,16}[A-Z0-9]",
        lambda v: sum(c.isdigit() for c in v) >= 5,
        r"driv\w+ licen[cs]e|driver'?s? licen[cs]e|führerschein|permis de conduire|licencia de conducir",
    ),
)
# The shapes of those that no European number has, looked for together.
_FARTHER = {"cn_identity", "kr_registration", "cl_rut", "ru_snils"}
_FARTHER_SHAPE = re.compile(r"\d{17}|\d{6}-[1-8]\d{6}|\d\.\d{3}\.\d{3}-|\d{3}-\d{3}-\d{3}[ -]\d\d")
# Other numbers that count near a word only are not looked for in texts that have none of the words.
_WORDS = re.compile(
    "|".join(f"(?:{kind.words.pattern})" for kind in KINDS if not kind.alone and kind.name not in _FARTHER),
    re.IGNORECASE,
)
_NAMED_BEHIND = {"kr_registration"}
"""Those of a language that says what a number is behind it too."""
_KEEP = {"fi_hetu", "de_id_card", "driving_licence"}
# What British insurance numbers, which have no check digits, look like behind the name of a maker or before that of goods.
_MADE = re.compile(r"(?<!\w)(?!ID\b|UK\b|GB\b)([A-Z][\w-]*)\s\Z")
_OF_A_PERSON = re.compile(
    r"\b(?:mr|mrs|ms|miss|mx|dr|prof|herrn?|frau|madame|i am|i['’]m|name is|called)\.? (?:\w+ )?\Z", re.IGNORECASE
)
_GOODS = re.compile(
    r"\s(?:cartridge|toner|ink|battery|adapter|charger|filter|cable|module|printer|board|chip|sensor|valve|pump|bulb|spare|kit)s?\b",
    re.IGNORECASE,
)


class IdentityNumberRecogniser(Recogniser):
    """Identity numbers by shape and check digit, with the name of the number near it where that is not enough."""

    entity = "ID_NUMBER"
    guard = (
        r"(?i)(?:\d[ .\-/+]?){6}\d|[A-Z&Ñ]{4}\d{6}|[A-Z]{5}\d{4}[A-Z]|[A-Z]{2} ?(?:\d{2} ?){3}[A-Z]|[A-Z]{6}\d{2}|\d{6}[-+A-FYXWVU]\d"
        r"|driv[\pL\pN_]+ licen[cs]e|driver'?s? licen[cs]e|licencia de conducir|permis de conduire|führerschein|ausweis|reisepass|passport|passeport|pasaporte|passaport[oe]|paspoort|paszport|pass-?nummer"
    )
    of_digits = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield numbers of every kind in `KINDS`."""
        has_words = bool(_WORDS.search(text))
        farther = bool(_FARTHER_SHAPE.search(text))
        for kind in KINDS:
            if not (farther if kind.name in _FARTHER else kind.alone or has_words):
                continue
            for found in kind.shape.finditer(text):
                near = text[max(0, found.start() - NEAR) : found.start()]
                behind = text[found.end() : found.end() + NEAR] if kind.name in _NAMED_BEHIND else ""
                named = bool(kind.words.search(near) or kind.words.search(behind))
                if not (named or kind.alone) or (not named and OTHER_NUMBER.search(near)):
                    continue
                if kind.name == "uk_nino" and not named and _is_of_goods(text, near, found):
                    continue
                value = found[0] if kind.name in _KEEP else re.sub(r"[ .\-/+]", "", found[0])
                if kind.check(value):
                    yield Span(found.start(), found.end(), 0.92 if named else 0.85)


def _is_of_goods(text: str, before: str, found: re.Match[str]) -> bool:
    if is_of_a_thing(before):
        return True
    maker = _MADE.search(before) if " " not in found[0] else None
    return bool(maker and _is_maker(before, maker)) or bool(_GOODS.match(text, found.end()))


def _is_maker(before: str, maker: re.Match[str]) -> bool:
    word = names.folded(maker[1])
    if word in names.surnames() or _OF_A_PERSON.search(before, 0, maker.start()):
        return False
    return maker[1].isupper() or word in names.organisations()
