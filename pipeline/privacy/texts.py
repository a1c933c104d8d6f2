"""Taking a subject out of JSON documents and other text: records go whole, names and passages are replaced."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipeline.privacy.subject import ERASED, Subject, replaced

WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
WIDE_SIGN = re.compile(rb"\xff\xfe|\xfe\xff|\x00\x00\xfe\xff")
INNER = "x"
"""Stands for what is beyond an inner edge: a letter, so that no name ends there."""
ESCAPE = re.compile(r"((?:\\u[0-9a-fA-F]{4})+)|\\(.)", re.DOTALL)
TELLING = re.compile(r"\\[^\"\\]")
"""An escape that hides a letter or a white space; an escaped quote or backslash stands beside a name as it is."""
JSON_ESCAPES = {"n": "\n", "r": "\n", "t": "\n", "b": "\n", "f": "\n"}
CONTROLS = tuple(code for code in range(32) if code not in (9, 10, 12, 13, 27))
MOST_CONTROLS = 0.01
"""Text has hardly any control characters; of what was compressed or encrypted they are a tenth."""


@dataclass(frozen=True)
class Eraser:
    """Knows a subject's names, the ids of its rows, and what of it is replaced in running text."""

    subject: Subject
    ids: frozenset[str]
    passages: tuple[str, ...]

    @classmethod
    def of(cls, subject: Subject, ids: set[str], passages: set[str]) -> Eraser:
        """Make an eraser; longer passages are replaced first, since they may hold shorter ones."""
        return cls(subject, frozenset(ids), tuple(sorted(passages | ids, key=lambda text: (-len(text), text))))

    def erased(self, name: str, body: bytes) -> bytes:
        """Return an object's content without the subject; the same bytes when there was nothing of it."""
        text = body.decode("utf-8", "surrogateescape")
        if name.endswith(".jsonl"):
            lines = [self._json_line(line) for line in text.splitlines()]
            new = "".join(f"{line}\n" for line in lines if line is not None)
        elif name.endswith(".json"):
            new = self._json(text)
        else:
            new = self._plain(text)
        return body if new.strip() == text.strip() else new.encode("utf-8", "surrogateescape")

    def value(self, value: Any) -> Any:
        """Return a JSON value without the subject: entries of lists that are its records go, strings are redacted."""
        if isinstance(value, str):
            return self._plain(value) if value not in self.ids else ERASED
        if isinstance(value, list):
            return [self.value(item) for item in value if not self._is_record(item)]
        if isinstance(value, dict):
            return {self._plain(key): self.value(item) for key, item in value.items() if key not in self.ids}
        return value

    def _is_record(self, item: Any) -> bool:
        """Tell whether an entry of a list is the subject's own: an id, or a record that carries one of its ids."""
        if isinstance(item, str):
            return item in self.ids
        return isinstance(item, dict) and any(isinstance(value, str) and value in self.ids for value in item.values())

    def _json(self, text: str) -> str:
        try:
            value = json.loads(text)
        except ValueError:
            return self._plain(text)
        new = self.value(value)
        return text if new == value else json.dumps(new, ensure_ascii=False, indent=1)

    def _json_line(self, line: str) -> str | None:
        try:
            value = json.loads(line)
        except ValueError:
            return self._plain(line)
        if self._is_record(value):
            return None
        new = self.value(value)
        return line if new == value else json.dumps(new, ensure_ascii=False)

    def _plain(self, text: str) -> str:
        return self.subject.redacted(replaced(text, self.passages))


def naming(piece: bytes, subject: Subject, *, first: bool = True, last: bool = True) -> str | None:
    """Return the reading of a piece that names the subject: as UTF-8, Latin-1, UTF-16 or UTF-32, each as JSON too.

    Of a payload that is read in pieces `first` and `last` say which this one is: at an inner edge a name may be part of
    a longer word, so there it counts only in the piece that shows what stands beside it.
    """
    plain_names = not any(sign in name for name in subject.names for sign in '"\\')
    for text in _decoded(piece):
        whole = text if first and last else ("" if first else INNER) + text.strip("\ufffd") + ("" if last else INNER)
        escaped = (TELLING if plain_names else ESCAPE).search(whole)
        for reading in (whole, ESCAPE.sub(_unescaped, whole)) if escaped else (whole,):
            if subject.mentioned(reading):
                return reading
    return None


def textual(head: bytes) -> bool:
    """Tell from its first bytes whether a payload reads as text in one of the known encodings."""
    for codec in WIDE if WIDE_SIGN.match(head) or b"\x00" in head else ("latin-1",):
        text = head.decode(codec, "replace")
        odd = sum(text.count(chr(code)) for code in CONTROLS) + (text.count("\ufffd") if codec in WIDE else 0)
        if odd <= len(text) * MOST_CONTROLS:
            return True
    return False


def _decoded(piece: bytes) -> Iterator[str]:
    text = piece.decode("utf-8", "replace")
    yield text
    if "\ufffd" in text:
        yield piece.decode("latin-1")
    if b"\x00" in piece or WIDE_SIGN.match(piece):
        for codec in WIDE:
            yield piece.decode(codec, "replace")


def _unescaped(found: re.Match[str]) -> str:
    if found[1]:
        units = bytes.fromhex(found[1].replace("\\u", ""))
        return units.decode("utf-16-be", "replace")
    return JSON_ESCAPES.get(found[2], found[2])
