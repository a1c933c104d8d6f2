# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Dates that belong to a person's life. The dates of releases and of other public facts are what answers are about."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy.recogniser import Recogniser, Span
from pipeline.prepare.privacy.scripts import Apart

_MONTHS = (
    r"(?:jan(?:uar|uary|v\.?|vier|eiro|uari)?|ene(?:ro)?|gen(?:naio)?|feb(?:ruar|ruary|rero|braio|ruari)?|févr?(?:ier)?|fev(?:ereiro)?|mar(?:ch|zo|s|ço|et)?|mär(?:z)?|maart|mrt|apr(?:il|ile)?|avr(?:il)?|abr(?:il)?"
    r"|may|mai|mayo|mei|maggio|maio|june?|juni|juin|junio|giugno|junho|july?|juli|juil(?:let)?|julio|luglio|julho|aug(?:ust|ustus)?|août|ago(?:sto)?"
    r"|sept?(?:ember|embre|tember)?|settembre|septiembre|setembro|o[ck]t(?:ober|obre)?|octubre|ottobre|outubro|nov(?:ember|embre|iembre)?|novembro"
    r"|dez(?:ember|embro)?|dec(?:ember|embre)?|déc(?:embre)?|dic(?:iembre|embre)?"
    r"|stycznia|lutego|marca|kwietnia|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia"
    r"|января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:1[89]|20)\d{2}"
DATE = Apart(
    rf"(?:{_YEAR}[-/.](?:0?[1-9]|1[0-2])[-/.]{_DAY}"
    rf"|{_DAY}[./-](?:0?[1-9]|1[0-2])[./-](?:{_YEAR}|\d{{2}})"
    rf"|(?:0?[1-9]|1[0-2])/{_DAY}/(?:{_YEAR}|\d{{2}})"
    rf"|{_DAY}(?:st|nd|rd|th|\.(?!\s[Mm]ay\s\D)|er|º)?\s(?:of\s|de\s)?{_MONTHS}\.?,?(?:\s(?:de\s|del\s)?{_YEAR})?(?:\s?г\.)?"
    rf"|{_MONTHS}\.?\s{_DAY}(?:st|nd|rd|th)?(?:,?\s{_YEAR})?"
    rf"|{_DAY}-{_MONTHS}-(?:{_YEAR}|\d{{2}})"
    r"|(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])|(?:19|20)\d{2}[年년]\s?\d{1,2}[月월]\s?\d{1,2}[日일])",
    before="./-",
    after=r"/|[.-]\d",
    flags=re.IGNORECASE,
)
_PUBLIC = re.compile(
    r"\b(?:releas\w*|publish\w*|publication|version|founded|introduced|deprecat\w*|announc\w*|launch\w*|invent\w*|as of|since|until|copyright|©|"
    r"updated|modified|revision|rfc|standard|end of (?:life|support)|eol|support(?:ed)? (?:ends?|until)|conference|patent|law|act|epoch|"
    r"veröffentlicht\w*|erschien\w*|stand|publié\w*|sorti\w*|publicad\w*|lanzad\w*|pubblicat\w*|rilasciat\w*|created by|public domain|format|"
    r"e\.g\.|for example|such as|between|history|century|leap|calendar|timestamp|date\()",
    re.IGNORECASE,
)
# Births without blanks; `发生日期` is when something happened, `出生率` a rate. Birthdays have offers and cakes too, so they
# count right before a date only.
_BORN = r"生年月日|出生(?!率)|생년월일"
_BIRTH_WORD = rf"{_BORN}|誕生日|(?<![发發発产產學学])生日|생일"
_PERSONAL = re.compile(
    r"\b(?:born|birth\w*|dob|d\.o\.b|age|died|deceased|married|appoint\w*|hired|joined|admitted|discharged|diagnos\w*|my|me|i|i'm|his|her|he|she|him|"
    r"patient|customer|employee|tenant|applicant|passenger|invoice\w*|order\w*|purchas\w*|bought|paid|payment|deliver\w*|signed|contract|booked|booking|"
    r"visit\w*|meeting|expir\w*|geboren|geburts\w*|geb|bestell\w*|termin|né|née|naissance|commande|nacid\w*|nací|nacimiento|pedido|nat[oa]|nascita|"
    rf"nascid\w*|geboortedatum|urodzon\w*|родил\w*|рождения)\b|{_BORN}",
    re.IGNORECASE,
)
# Right before a date, these say whose it is, also where their full stop looks like a sentence's end.
_BIRTH = re.compile(
    r"(?:\b(?:born|birth ?da(?:te|y)|date of birth|d\.?o\.?b|geb|geboren|nac|ur|né|née|nato|nata)\.?[\s:]*(?:on|am|le|el|il|op)?"
    rf"|(?:{_BIRTH_WORD})(?:日期|于|於)?[\s:：]*(?:は|是|为|為|은|는)?)\s*$",
    re.IGNORECASE,
)

# "Order before 20 December": right before a date, these make it the end of a period for everyone, unless somebody
# speaks about himself.
_DEADLINE = re.compile(
    r"\b(?:before|by|until|till|through|(?:no|not) later than|at the latest(?: by| on)?|vor(?: dem)?|bis(?: spätestens)?(?: zum| am)?|spätestens(?: bis)?(?: zum| am)?"
    r"|avant(?: le)?|jusqu['’]au|au plus tard le|antes del?|hasta el|a más tardar el|entro il|prima del|fino al|até(?: o)?(?: dia)?|vóór|uiterlijk(?: op)?|tot(?: en met)?"
    r"|przed|najpóźniej|do dnia|до|не позднее)\s+$",
    re.IGNORECASE,
)
_SOMEONE = re.compile(
    r"\b(?:i|i['’]m|my|me|he|she|his|her|him|patient|tenant|employee|applicant|ich|mein\w*|mir|mich|je|mon|ma|mes|yo|mi|mis|io|mio|mia|eu|meu|minha|ik|mijn|"
    r"я|мой|моя|мне|меня|mam|mój|moja)\b",
    re.IGNORECASE,
)


class DateRecogniser(Recogniser):
    """Calendar dates (day and month at least) in sentences about someone, not in sentences about public facts."""

    entity = "DATE"
    guard = rf"(?i)\d[./-]\d{{1,2}}[./-]\d|{_MONTHS}\.?\s\d|\d(?:st|nd|rd|th|\.|er|º)?\s(?:of\s|de\s)?{_MONTHS}|\d-{_MONTHS}-\d|[年년]|(?:19|20)\d{{6}}"
    of_digits = True

    def find(self, text: str) -> Iterator[Span]:
        """Yield dates whose sentence speaks about someone; the score says how clearly it does."""
        for found in DATE.finditer(text):
            score = self._score(text, found)
            if score:
                yield Span(found.start(), found.end(), score)

    def _score(self, text: str, found: re.Match[str]) -> float:
        if _BIRTH.search(text, max(0, found.start() - 32), found.start()):
            return 0.8
        if found[0].isdigit():
            return 0.0
        start = max(text.rfind("\n", 0, found.start()), text.rfind(". ", 0, found.start()), found.start() - 160, 0)
        ends = [end for end in (text.find("\n", found.end()), text.find(". ", found.end())) if end >= 0]
        sentence = text[start : min([*ends, found.end() + 120])]
        deadline = _DEADLINE.search(text, max(0, found.start() - 32), found.start()) and not _SOMEONE.search(sentence)
        if not deadline and _PERSONAL.search(sentence.replace(found[0], " ")):
            return 0.4 if _PUBLIC.search(sentence) else 0.8
        # Without a sign of a person the date stays, unless other personal data stands beside it (see finder).
        return 0.3 if not _PUBLIC.search(sentence) else 0.0
