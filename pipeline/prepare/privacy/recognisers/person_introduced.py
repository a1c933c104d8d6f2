# ruff: noqa: E501 (patterns are read by the kind, not by the line)
"""People who introduce themselves, sign or are addressed, in more languages and scripts, and without capitals."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.prepare.privacy import names
from pipeline.prepare.privacy.name_patterns import PARTICLE, WORD, named
from pipeline.prepare.privacy.recogniser import Recogniser, Span

_NAME = rf"{WORD}(?: (?:{PARTICLE} )?{WORD}){{0,3}}"
_INTRODUCED = (
    r"[Мм]ене звати|[Кк]азвам се|[Зз]овем се|[Μμ]ε λένε|[Οο]νομάζομαι|[Ττ]ο όνομά μου είναι|[Jj]menuj[iu] se|[Vv]olám sa|[Mm]ă numesc|[Nn]umele meu este|[Zz]ovem se|[Ii]me mi je|"
    r"(?:[Bb]enim )?[Aa]dım|[Mm]it navn er|[Mm]itt namn är|[Mm]itt navn er|[Nn]imeni on|[Aa] nevem|[Oo] meu nome é|[Nn]ama saya|[Tt]ôi tên là|[Tt]ên (?:tôi|em|mình|của tôi) là|[Cc]hamo-me"
)
_CLOSING = (
    r"Gru(?:ß|ss)|Grü(?:ß|ss)e|Schöne Grüße|Freundliche Grüsse|Beste Grüsse|Liebe Grüsse|Mit freundlichem Gruß|Mit freundlichen Grüssen|Herzliche Grüße|Un saludo|Un cordial saludo|Saludos,|Saluti|Cordialmente|"
    r"Com os melhores cumprimentos|Melhores cumprimentos|Cumprimentos|Att|Med vänlig hälsning|Vänliga hälsningar|Hälsningar|Mvh|MVH|Med venlig hilsen|Venlige hilsner|Vennlig hilsen|Med vennlig hilsen|Hilsen|"
    r"Ystävällisin terveisin|Terveisin|S pozdravem|S pozdravom|Üdvözlettel|Tisztelettel|Cu stimă|Cu respect|Saygılarımla|Saygılar|İyi çalışmalar|Teşekkürler|Με εκτίμηση|Με εκτιμηση|Ευχαριστώ|З повагою|Дякую|"
    r"С уважение|Поздрави|Lijep pozdrav|Srdačan pozdrav|Lep pozdrav|Pozdrawiam serdecznie|Z wyrazami szacunku|Bien cordialement|Sincères salutations|Amicalement|Trân trọng|Hormat saya|Salam|Thx|Rgds|Ta|Warmly|Kindly|Yours"
)
_PATTERNS = (
    re.compile(rf"(?<!\w)(?:{_INTRODUCED}) ({_NAME})"),
    re.compile(
        rf"(?:^|\n)[ \t]*(?:{_CLOSING})[ \t]*[,.!]?(?:[ \t]*\n[ \t]*\n?[ \t]*|[ \t]+)[-–—]?[ \t]*({_NAME})[ \t]*(?=$|[\n,.])"
    ),
    # Ayşe Hanım, Mehmet Bey; κ. Παπαδόπουλος; пан Шевченко
    re.compile(rf"({WORD}(?: {WORD})?) (?:Hanım|Bey|Beyefendi|Hanımefendi)(?!\w)"),
    re.compile(
        rf"(?<!\w)(?:[Κκ](?:α|ος)?\.|[Κκ]υρία|[Κκ]ύριο[ςυ]?|пане?|пані|господине|госпожо|[Ss]ayın|[Ff]ru|[Hh]err[ae]?|[Pp]aní|[Pp]án|[Dd]omnul|[Dd]oamna) ({_NAME})"
    ),
)
_CUED = re.compile(
    rf"(?:{_INTRODUCED}) |^[ \t]*(?:{_CLOSING})|Hanım|Bey|κ(?:α|ος)?\. |Κ(?:α|ος)?\. |[Κκ]ύρι|[Κκ]υρία|пан[еі]? |господине|госпожо|[Ss]ayın |[Ff]ru |[Hh]err[ae]? |[Pp]aní |[Pp]án |[Dd]omnul |[Dd]oamna ",
    re.MULTILINE,
)
# Typed without capitals; the first word must be a given name of the lists.
_TYPED_CUE = r"(?:\bmy name is|(?:^|[.!?,\n] ?)this is|\bi am|\bi['’]m|(?:^|\n)name:)"
_TYPED = re.compile(
    rf"{_TYPED_CUE} ([a-zà-ÿ]{{2,15}})( [a-zà-ÿ]{{3,15}})?(?= (?:and|from|i|but|my|with|here|calling|writing)\b|\s*(?:[,.!\n]|$))"
)
_UPPER = re.compile(
    r"\b(?:[Nn]ame|[Cc]ustomer|[Pp]atient|[Cc]lient|[Cc]ardholder|NAME|CUSTOMER|PATIENT)\s*[:=]\s*([A-ZÀ-Þ][A-ZÀ-Þ'-]+,? [A-ZÀ-Þ][A-ZÀ-Þ'-]+)\b"
)
_CHINESE = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严覃武莫孔汤張劉陳楊黃趙吳孫馬鄭謝許鄧馮韓蕭葉蔣蘇呂盧鍾譚陸賈韋鄒閻龍賀顧龔萬錢嚴湯"
_KOREAN = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염여추도소석선설마길연위표명기반왕금옥육인맹제모탁국"
_SCRIPTS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?:我叫|我的名字(?:是|叫)|我是|姓名[:：]\s?|本人)([{_CHINESE}][\u4e00-\u9fff]{{1,2}})(?=[，。,、\s]|$)",
        rf"([{_CHINESE}][\u4e00-\u9fff]{{0,2}})(?=先生|女士|小姐|太太)",
        r"(?:^|[、。\s]|私は|わたしは)([\u4e00-\u9fff]{2,5}|[\u30a1-\u30ff・]{3,12})(?<![者員店社])(?=と申します|と申す|と言います|といいます)",
        r"(?:^|[\n。])([\u4e00-\u9fff]{3,5})(?=です。(?:よろしく|お世話))",
        r"(?:氏名|お名前|名前)[:：]\s?([\u4e00-\u9fff]{2,4}(?:[ 　][\u4e00-\u9fff]{1,4})?|[\u30a1-\u30ff・]{3,12})(?=\s|$|[、。])",
        rf"(?:제 이름은|이름은|이름[:：]|성명[:：]|성함[:：]) ?([{_KOREAN}][가-힣]{{1,3}}?)(?=입니다|이라고|라고|이고|이에요|예요|\s|$|[,.])",
        rf"저는 ([{_KOREAN}][가-힣]{{1,3}}?)(?=이라고|라고)",
        r"(?:(?:ผม|ฉัน|ดิฉัน|หนู)ชื่อ|ชื่อของ(?:ผม|ฉัน|ดิฉัน)คือ)\s?([\u0e00-\u0e7f]{2,20}(?: [\u0e00-\u0e7f]{2,20})?)",
        r"मेरा नाम (?!बदल|जान|सही|गलत|नहीं|क्या)([\u0900-\u097f]+(?: [\u0900-\u097f]+)?) (?=है|हैं)",
        r"(?<!\w)(?:أنا )?[اإ]سمي (?:هو )?(?!ال)([\u0600-\u06ff]+(?: (?!و)[\u0600-\u06ff]+)?)",
        r"(?<!\w)(?:שמי|קוראים לי) (?!הדומיין|המשתמש|החברה)([\u05d0-\u05ea]+(?: (?!ו)[\u05d0-\u05ea]+)?)",
    )
)


class IntroducedPersonRecogniser(Recogniser):
    """Names behind introductions, closings and titles that `PersonRecogniser` does not know."""

    entity = "PERSON_INTRODUCED"
    tag = "PERSON"
    guard = (
        rf"(?:{_INTRODUCED}) |(?:^|\n)[ \t]*(?:{_CLOSING})|Hanım|Bey|[Κκ](?:α|ος)?\. |[Κκ]ύρι|[Κκ]υρία|пан[еі]? |господине|госпожо|[Ss]ayın |[Ff]ru |[Hh]err[ae]? |[Pp]aní |[Pp]án |[Dd]omnul |[Dd]oamna "
        rf"|{_TYPED_CUE} [a-z]{{2}}"
        r"|(?i:name|customer|patient|client|cardholder)\s*[:=]\s*[A-Z]{2}"
        r"|我叫|我的名字|我是|姓名|本人|先生|女士|小姐|太太|申し|申す|言います|いいます|です。(?:よろしく|お世話)|名前|氏名|이름|성명|성함|저는|ชื่อ|मेरा नाम|سمي |שמי |קוראים לי"
    )

    def find(self, text: str) -> Iterator[Span]:
        """Yield names."""
        if _CUED.search(text):
            for pattern in _PATTERNS:
                for found in pattern.finditer(text):
                    yield from named(text, found.start(1), found.end(1), 0.8)
        yield from _without_case(text)
        if not text.isascii():
            for pattern in _SCRIPTS:
                for found in pattern.finditer(text):
                    yield Span(found.start(1), found.end(1), 0.75)


def _without_case(text: str) -> Iterator[Span]:
    """Yield listed names in small or in capital letters."""
    for found in _TYPED.finditer(text):
        first = names.folded(found[1])
        if found[1].islower() and (first in names.given() or (first in names.ambiguous() and found[2])):
            surname = found[2] and found[2].strip() not in names.never()
            yield Span(found.start(1), found.end(2) if surname else found.end(1), 0.7)
    for found in _UPPER.finditer(text):
        words = {names.folded(word) for word in re.split(r"[, ]+", found[1])}
        if words & (names.given() | names.surnames()):
            yield Span(found.start(1), found.end(1), 0.75)
