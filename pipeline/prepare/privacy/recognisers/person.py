# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""Names of people, offline: by what stands around them, and by lists of given names and surnames."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.common_words import common_words
from pipeline.prepare.privacy.name_patterns import PARTICLE, UPPER, WORD, Cue, is_public, may_be_person, named
from pipeline.prepare.privacy.recogniser import Recogniser, Span

_NAME = rf"{WORD}(?: (?:{PARTICLE} )?{WORD}){{0,3}}"
_FULL = rf"{WORD}(?: (?:{PARTICLE} )?{WORD}){{1,3}}"
_TWO_WORDS = rf"[{UPPER}]\S* (?:\S+ )?(?:\S+ )?[{UPPER}]"
"""What RE2 looks for where a full name must stand, whose particle may have two words."""
_TITLES = (
    r"Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|[Hh]errn?|[Ff]rau|Fräulein|[Mm]onsieur|[Mm]adame|Mme|Mlle|[Ss]eñora?|Srta?|Sra|Doña|[Ss]ignora?|[Ss]ignorina|"
    r"[Ss]ig(?:\.ra)?|[Dd]ott(?:\.ssa)?|Dottoressa|[Mm]evrouw|[Mm]eneer|[Dd]hr|Mevr|[Ss]enhora?|[Pp]ani|Sr|г-н|г-жа|господин|госпожа"
)
_TITLE = re.compile(rf"\b(?:{_TITLES}|(?<!\d )MM?(?=\.))\.? (?:(?:Dr|Prof)\.? )?({_NAME})")
_CAPITALISED = re.compile(rf"{WORD} \Z")
_CUES = re.compile(
    r"(?:\b[Mm]y (?:full |last |first )?name(?: is|'s|’s|:)|\b[Nn]ame is|\bcalled me|\bich heiße|\bIch heiße|\b[Mm]ein Name (?:ist|lautet)|"
    r"\b[Jj]e m['’]appelle|\b[Mm]on nom est|\b[Mm]e llamo|\b[Mm]i nombre es|\b[Mm]i chiamo|\b[Ii]l mio nome è|\b[Mm]eu nome é|\b[Mm]e chamo|"
    r"\b[Mm]ijn naam is|\b[Ii]k heet|\b[Nn]azywam się|\b[Mm]am na imię|\b[Jj]ag heter|\b[Jj]eg hedder|\b[Mm]inun nimeni on|\b[Мм]еня зовут) "
    rf"({_NAME})"
)
_LABEL = re.compile(
    r"(?:^|[\n;,(])[ \t>*-]*(?:Full name|First name|Last name|Surname|Name|Caller|Customer|Contact(?: person)?|Reported by|Reporter|Assignee|Author|Patient|Client|Employee|"
    r"Account holder|Cardholder|Signed(?: by)?|Attn|Attention|Account name|Kunde|Kundenname|Name des Kunden|Kontoinhaber(?:in)?|Karteninhaber(?:in)?|Mieter(?:in)?|Titulaire|Titular|Intestatario|Cliente|ФИО|Фамилия|Клиент|Vorname|Nachname|Ansprechpartner|Nom|Prénom|Nombre|Apellidos?|Nome|Cognome|Naam|Imię|Имя)"
    rf"[ \t]*[:=][ \t]*({_NAME})(?=[ \t]*(?:$|[\n,;.)<(]))",
    re.MULTILINE,
)
# Full names that are on no list, beside what only people do or what is only done to them.
_DEEDS = re.compile(
    r"(?:\b(?:spoke|spoken|speaking|talked|talking|chatted|met|meeting) (?:with|to) |\b(?:signed|approved|reported|requested|submitted|handled|answered|written|sent|opened|closed) by |"
    r"\b(?:assigned|belongs?|belonging) to |\bon behalf of |\b[Tt]hank(?:s| you),? (?:to )?|\b(?:[Aa]dd|[Rr]emove|[Ii]nvite|[Dd]elete) (?=[^.\n]{3,40} (?:to|from|as)\b)|"
    r"\b[Tt]his is (?=[^.\n]{3,40} (?:from|speaking|here|at)\b)|\b[Yy]ours,? |\b(?:[Vv]iele|[Bb]este|[Ll]iebe|[Ss]chöne) Grüße,? |\b(?:[Kk]ind|[Bb]est|[Ww]arm) regards,? |\b(?:asked|told|emailed|e-mailed|informed|hired|fired|interviewed) |\bmy (?:colleague|manager|boss|wife|husband|partner|friend|brother|sister|son|daughter|"
    r"mother|father|doctor|lawyer|accountant|assistant),? |\b(?:tenant|patient|employee|customer|client|driver|applicant|guest|passenger|student|user|colleague|technician|agent|landlord|neighbou?r|nurse|teacher),? )"
    rf"({_FULL})(?!\w)"
)
# The shape alone, with an initial in the middle, behind what names an author.
_BY = re.compile(rf"\b[Bb]y ({WORD} (?:[A-ZÀ-Þ]\. ?){{1,3}}(?:{PARTICLE} )?{WORD})(?!\w)")
_ASKED = re.compile(
    rf"\b(?:[Aa]sk|[Cc]ontact|[Tt]ell|[Ee]mail|[Cc]all) ({_FULL})(?= (?:about|to|for|if|whether|when|at|on|that|directly|or|and)\b)"
)
# What these cues say of the phrase beside them, by how they start; others are deeds.
_KINDS = (
    (
        Cue.HUMAN,
        re.compile(
            r"my (?!assistant|partner|accountant|doctor)|patient|nurse|tenant|landlord|neighbou?r|colleague"
            r"| (?:lives in|was born|.* (?:his|her|their)\Z)"
        ),
    ),
    (Cue.ROLE, re.compile(r"client|driver|agent|user|customer|employee|guest|student|applicant|passenger")),
    (Cue.ADDED, re.compile(r"(?:[Aa]dd|[Rr]emove|[Ii]nvite|[Dd]elete) ")),
    (
        Cue.DEALING,
        re.compile(r"(?:(?:approved|requested|submitted|handled) by|on behalf of|[Cc]ontact|[Ee]mail|[Cc]all) "),
    ),
)
# What only people do, behind a full name. The name is looked for backwards, because verbs are rarer than names.
_DOES = re.compile(
    r"(?<=\w) (?:(?:has |had )?(?:reported|told|wrote|asked|called|replied|informed|complained|emailed|phoned) "
    r"(?:this|that|it|me|us|to|about|for|last|yesterday|today|again|in)|(?:lives|works) (?:in|at|for|from|on|here|there)|"
    r"died|was born|resigned|is on (?:leave|holiday|vacation)|"
    r"can(?:not|'t|’t) (?:open|log|see|access|find|reach|use|sign|print|send|change)|"
    r"(?:needs|wants) (?:access|help|to (?:log|sign|reset|change))|has (?:no access|left|lost|forgotten|joined)|"
    r"(?:forgot|lost) (?:his|her|their))\b"
)
_NAME_AT_END = re.compile(rf"(?<![\w-]){_FULL}\Z")
_CLOSINGS = (
    r"(?:(?:[Ww]ith )?(?:[Kk]ind|[Bb]est|[Ww]arm|[Mm]any)?(?: [Rr]egards|Regards| [Tt]hanks| [Ww]ishes)|Thanks(?: again| a lot| in advance)?|"
    r"Thank you|Cheers|Best|Sincerely|Yours(?: sincerely| truly| faithfully)?|Cordially|Respectfully|Mit freundlichen Grüßen|Viele Grüße|Beste Grüße|Liebe Grüße|"
    r"Freundliche Grüße|MfG|LG|VG|Cordialement|Bien à vous|Merci|Saludos(?: cordiales)?|Atentamente|Gracias|Cordiali saluti|Distinti saluti|Grazie|"
    r"Met vriendelijke groet(?:en)?|Groeten|Atenciosamente|Obrigad[oa]|Abraços|Z poważaniem|Pozdrawiam|Med vänliga hälsningar|Venlig hilsen|С уважением|Спасибо)"
)
_CLOSING = re.compile(
    rf"(?:^|\n)[ \t]*{_CLOSINGS}[ \t]*[,.!]?(?:[ \t]*\n[ \t]*\n?[ \t]*|[ \t]+)[-–—]?[ \t]*({_NAME})[ \t]*(?=$|[\n,.])",
    re.MULTILINE,
)
_GREETINGS = (
    r"(?:Hi|Hello|Hey|Dear|Good (?:morning|afternoon|evening)|Hallo|Liebe[rs]?|Guten (?:Tag|Morgen)|Sehr geehrte[r]?|Moin|Servus|Bonjour|Salut|"
    r"Ch(?:er|ère)|Hola|Buenos días|Estimad[oa]|Querid[oa]|Ciao|Buongiorno|Gentile|Car[oa]|Beste|Hoi|Geachte|Olá|Prezad[oa]|Cześć|Dzień dobry|Hej|Здравствуйте|Привет|Уважаем[а-яё]+)"
)
_GREETING = re.compile(rf"(?:^|\n)[ \t]*{_GREETINGS},? ({_NAME})[ \t]*(?=[,!:.\n]|$| [-–—])", re.MULTILINE)
_BEFORE_ADDRESS = re.compile(rf"({_FULL})(?= ?[<(\[]{{1}}(?:mailto:)?[\w.+-]+@[\w-]+\.)")
_JAPANESE = re.compile(
    r"(?:私の名前は|名前は|わたしは|氏名[:：]\s?)([\u4e00-\u9fff]{2,5}|[\u30a0-\u30ff・]{3,12})(?=です|と申し|といい|\s|$|。)"
)


class PersonRecogniser(Recogniser):
    """Names behind titles, introductions, labels, greetings and closings, and listed names with a surname or a cue."""

    entity = "PERSON"
    guard = (
        rf"(?:^|[^\pL\pN_])(?:{_TITLES}|MM?\.)\.? [{UPPER}]"
        r"|(?i:name is|name's|name’s|my [a-z ]{0,6}name|called me|ich heiße|mein name|je m['’]appelle|mon nom|me llamo|mi nombre|mi chiamo|mio nome|meu nome|"
        r"me chamo|mijn naam|ik heet|nazywam|mam na imię|jag heter|jeg hedder|minun nimeni|меня зовут)"
        r"|(?:[Nn]ame|Caller|Customer|Contact(?: person)?|Reported by|Reporter|Assignee|Author|Patient|Client|Employee|holder|Signed(?: by)?|Attn|Attention|Account name|Kunde|Kundenname|Name des Kunden|Kontoinhaber(?:in)?|Karteninhaber(?:in)?|Mieter(?:in)?|Titulaire|Titular|Intestatario|Cliente|ФИО|Фамилия|Клиент|Vorname|"
        r"Nachname|Ansprechpartner|Nom|Prénom|Nombre|Apellidos?|Nome|Cognome|Naam|Imię|Имя|Surname)[ \t]*[:=]"
        r"|[<(\[](?:mailto:)?[\pL\pN_.+-]+@"
        rf"|(?:^|\n)[ \t]*{_CLOSINGS}[ \t]*[,.!]?[ \t]*(?:\n|[ \t][-–—]?[ \t]*[{UPPER}])|(?:^|\n)[ \t]*{_GREETINGS},? [{UPPER}]"
        r"|[Bb]y [^ ]+ [A-ZÀ-Þ]\. ?"
        r"|(?:\b(?:spoke|spoken|speaking|talked|talking|chatted|met|meeting) (?:with|to)|\b(?:signed|approved|reported|requested|submitted|handled|answered|written|sent|opened|closed) by|\b(?:assigned|belongs?|belonging) to"
        r"|on behalf of|[Tt]hank(?:s| you),?(?: to)?|[Aa]dd|[Rr]emove|[Ii]nvite|[Dd]elete|[Tt]his is|[Yy]ours,?|Grüße,?|regards,?|\b(?:asked|told|e-?mailed|informed|hired|fired|interviewed)"
        r"|\b(?:tenant|patient|employee|customer|client|driver|applicant|guest|passenger|student|user|colleague|technician|agent|landlord|neighbou?r|nurse|teacher),?"
        r"|\bmy (?:colleague|manager|boss|wife|husband|partner|friend|brother|sister|son|daughter|mother|father|doctor|lawyer|accountant|assistant),?"
        rf"|[Aa]sk|[Cc]ontact|[Tt]ell|[Ee]mail|[Cc]all) {_TWO_WORDS}"
        rf"|[{UPPER}]\S* (?:(?:has |had )?(?:reported|told|wrote|asked|called|replied|informed|complained|emailed|phoned) (?:this|that|it|me|us|to|about|for|last|yesterday|today|again|in)"
        r"|(?:lives|works) (?:in|at|for|from|on|here|there)|died|was born|resigned|is on (?:leave|holiday|vacation)"
        r"|can(?:not|'t|’t) (?:open|log|see|access|find|reach|use|sign|print|send|change)|(?:needs|wants) (?:access|help|to (?:log|sign|reset|change))"
        r"|has (?:no access|left|lost|forgotten|joined)|(?:forgot|lost) (?:his|her|their))\b"
        r"|名前|氏名|わたしは"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Yield the names that cues point to."""
        for pattern, score, private in (
            (_CUES, 0.9, True),
            (_TITLE, 0.85, True),
            (_LABEL, 0.8, True),
            *([(_BEFORE_ADDRESS, 0.85, False)] if "@" in text else []),
            (_BY, 0.6, False),
        ):
            for found in pattern.finditer(text):
                if pattern is not _TITLE or (_is_someone(text, found) and not is_public(found[0])):
                    yield from named(text, found.start(1), found.end(1), score, private=private)
        yield from _by_deeds(text)
        for pattern in (_CLOSING, _GREETING):
            for found in pattern.finditer(text):
                yield from named(text, found.start(1), found.end(1), 0.8, private=pattern is _CLOSING)
        if "名" in text or "わたし" in text:
            for found in _JAPANESE.finditer(text):
                yield Span(found.start(1), found.end(1), 0.8)


def _by_deeds(text: str) -> Iterator[Span]:
    """Yield full names beside what people do, unless they are rather those of companies or products."""
    for pattern in (_DEEDS, _ASKED):
        for found in pattern.finditer(text):
            yield from _of_cue(text, *found.span(1), _cue(found[0]))
    for found in _DOES.finditer(text):
        name = _NAME_AT_END.search(text, max(0, found.start() - 60), found.start())
        if name:
            yield from _of_cue(text, *name.span(), _cue(found[0]))


def _cue(words: str) -> Cue:
    return next((cue for cue, pattern in _KINDS if pattern.match(words)), Cue.DEED)


def _of_cue(text: str, start: int, end: int, cue: Cue) -> Iterator[Span]:
    if may_be_person(text, start, end, cue):
        yield from named(text, start, end, 0.6, private=cue is Cue.HUMAN)


def _is_someone(text: str, found: re.Match[str]) -> bool:
    """Tell whether the name behind a title is one, and not a word of the text dressed up (`a potato called Mr. Potato`).

    Behind a capitalised word `M.` is an initial and no title.
    """
    if found[0].startswith("M.") and _CAPITALISED.search(text, max(0, found.start() - 24), found.start()):
        return False
    name = found[1]
    word = name.split()[0].rstrip(".")
    return word.lower() not in common_words(text) or names.folded(word) in names.surnames() | names.given()
