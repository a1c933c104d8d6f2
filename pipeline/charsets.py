"""Bytes to text: the byte-order mark, what HTTP says, what the page says, then what the bytes themselves say."""

from __future__ import annotations

import codecs
import re
import string
from email.message import Message

from bs4.dammit import EncodingDetector

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The WHATWG Encoding Standard (https://encoding.spec.whatwg.org/#names-and-labels) reads these labels as their
# supersets,
# because that is what pages with such labels contain.
_SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
}
# Codecs that pages are written in. Python knows others (rot13, punycode, unicode_escape, UTF-7): those are no page's.
_PAGE_CODECS = re.compile(
    r"utf-8|cp\d+|iso8859-\d+|koi8-[rtu]|mac-\w+|gb18030|big5hkscs|euc_jp|euc_jis_2004|iso2022_jp|cp949|johab"
    r"|hz|windows-\d+"
)
_UTF8_WORDS = re.compile(rb"[\xc2-\xf4][\x80-\xbf]+")
_TAGS = re.compile(rb"<[^>]*>")
_HIGH = bytes(range(0x80, 0x100))
_LETTERS = string.ascii_letters.encode()
_SAMPLE = 65_536
_DECLARATION_SPAN = 4096


def http_charset(content_type: str | None) -> str | None:
    """Return the charset parameter of a Content-Type header, or None."""
    if not content_type:
        return None
    message = Message()
    message["Content-Type"] = content_type
    charset = message.get_param("charset")
    return charset.strip(" '\"") or None if isinstance(charset, str) else None


def decode(body: bytes, content_type: str | None = None) -> tuple[str, str]:
    """Return the text of a page and the name of the encoding that was used.

    A declaration that the bytes contradict (UTF-8 that is not, or another charset over text that is plainly UTF-8)
    loses.
    Undecodable bytes become U+FFFD; NUL characters, which no parser keeps, are dropped.
    """
    for mark, name in _BOMS:
        if body.startswith(mark):
            return _clean(body[len(mark) :].decode(name, "replace")), name
    for declared in _declared(body, content_type):
        codec = _codec(declared)
        if codec and _fits(body, codec):
            return _clean(body.decode(codec, "replace")), codec
    codec = _guess(body)
    return _clean(body.decode(codec, "replace")), codec


def _declared(body: bytes, content_type: str | None) -> list[str]:
    found = [http_charset(content_type)]
    head = body[:_DECLARATION_SPAN]
    found.append(EncodingDetector.find_declared_encoding(head, is_html=True, search_entire_document=True))
    return [name for name in found if name]


def _codec(label: str) -> str | None:
    try:
        name = codecs.lookup(label.strip().lower()).name
    except (LookupError, ValueError, UnicodeError):
        return None
    if name.startswith(("utf-16", "utf-32")):
        return "utf-8"  # a declaration that could be read as ASCII is not in UTF-16
    name = _SUPERSETS.get(name, name)
    return name if _PAGE_CODECS.fullmatch(name) else None


def _fits(body: bytes, codec: str) -> bool:
    sample = body[:_SAMPLE]
    if codec == "utf-8":
        return _mostly_utf8(sample)
    return not (_multibyte_utf8(sample))


def _mostly_utf8(sample: bytes) -> bool:
    broken = sample.decode("utf-8", "replace").count("�") - sample.count("�".encode())
    return broken <= max(1, len(sample) // 2000)


def _multibyte_utf8(sample: bytes) -> bool:
    """Say whether bytes beyond ASCII form valid UTF-8 throughout, which other encodings do not do by chance."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, False)
    except UnicodeDecodeError:
        return False
    return len(_UTF8_WORDS.findall(sample)) >= 3


def _guess(body: bytes) -> str:
    """Guess an encoding that nobody declared: UTF-8, Japanese if that makes kana, Latin, or by frequency."""
    sample = body[:_SAMPLE]
    if _mostly_utf8(sample):
        return "utf-8"
    japanese = next((codec for codec in ("cp932", "euc_jp") if _kana_share(sample, codec) >= 0.2), None)
    if japanese:
        return japanese
    text = _TAGS.sub(b" ", sample)
    high = len(text) - len(text.translate(None, _HIGH))
    if high < 0.4 * (len(text) - len(text.translate(None, _LETTERS))):
        return "cp1252"  # a few accents among Latin letters: what browsers assume, too
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return _codec(best.encoding) or "cp1252" if best else "cp1252"


def _kana_share(sample: bytes, codec: str) -> float:
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample, False)
    except UnicodeDecodeError:
        return 0.0
    foreign = [char for char in text if char > "\x7f"]
    return sum("\u3041" <= char <= "\u30ff" for char in foreign) / max(1, len(foreign))


def _clean(text: str) -> str:
    return text.replace("\x00", "")
